"""The export as a step of the journey: marked cells become a package and its wheel."""

from __future__ import annotations

import importlib.metadata
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from jupyter_prodkit.check.formats.wording import counted
from jupyter_prodkit.errors import ExportError
from jupyter_prodkit.export.asking import otherwise, question
from jupyter_prodkit.export.data_versions import (
    carry_data_over,
    commit_of,
    data_warnings,
    fill_lock,
    locked_data,
    with_data,
)
from jupyter_prodkit.export.drifting import drift, made_of
from jupyter_prodkit.export.dvc import dvc_command
from jupyter_prodkit.export.known import Known
from jupyter_prodkit.export.locked import Locked, read_lock
from jupyter_prodkit.export.marked_cells import marks_without_effect
from jupyter_prodkit.export.merging import BASE, Edits, base_of, edits_of_code, merge
from jupyter_prodkit.export.naming import package_name, package_version
from jupyter_prodkit.export.offered_imports import ImportOffers, import_offers
from jupyter_prodkit.export.options import ExportOptions, check_combination
from jupyter_prodkit.export.outcome import Made, compared, kept_edits, previewed, result_of, updated
from jupyter_prodkit.export.outside import outside_effects
from jupyter_prodkit.export.package import Package, package_tree
from jupyter_prodkit.export.previewing import ExportPreview, preview
from jupyter_prodkit.export.proof import check_imports, prove_import
from jupyter_prodkit.export.proving import prove_values
from jupyter_prodkit.export.round_trip import Homecoming, homecoming, write_home
from jupyter_prodkit.export.selection import select
from jupyter_prodkit.export.tracking import Tracking
from jupyter_prodkit.files import FileTree, file_digest, fill_folder, staged_folders, text_or_empty
from jupyter_prodkit.lock.locked_data import DATA
from jupyter_prodkit.lock.uv import Uv, find_uv
from jupyter_prodkit.notebook.document import Notebook
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.release import ProjectFolder, ReleaseRecord
from jupyter_prodkit.step import Drift, Inputs, Plan, Result, Step

__all__ = ["EXPORT", "ExportOptions", "ExportPlan"]


@dataclass(frozen=True, kw_only=True)
class ExportPlan(Plan):
    """The package that would be written."""

    package: Package
    tree: FileTree
    project: ProjectFolder
    warnings: tuple[str, ...]
    lock_digest: str | None
    notebook: Notebook
    options: ExportOptions
    known: Known
    drift: Drift | None = None
    """How package and notebook had moved apart."""
    tracking: Tracking | None = None
    """What DVC is to do, where that was asked for."""
    home: Homecoming | None = None
    """What is to be taken back into the notebook, where that was asked for."""


def _plan(inputs: Inputs, options: ExportOptions) -> ExportPlan:
    check_combination(options)
    project = inputs.project
    done = inputs.record.steps.get("export")
    if not (options.check or options.force):
        _check_not_diverging(inputs)
    if done is None:
        _check_nothing_foreign(project.package)
    known = Known.of(done, inputs.notebook, project.package)
    offers = _offers(inputs)
    selection = select(inputs.notebook, known.width, known.types, offers)
    lock = read_lock(project.lock)
    package = Package(
        name=_name(inputs, options, lock),
        version=package_version(options.version),
        notebook=inputs.notebook.path.name,
        selection=selection,
        lock=lock,
        uv_version=_uv_version(),
        golden=known.golden,
    )
    asked = options.track_data or options.data_remote is not None
    package, tracking = with_data(package, inputs, remote=options.data_remote, asked=asked)
    unlocked = check_imports(package)
    tree = package_tree(package)
    is_shown = not (options.check or options.update_notebook)
    shown = _preview(inputs, package, tree, known, offers, options) if is_shown else None
    timeline = inputs.kernel.timeline if inputs.kernel is not None else None
    is_run = options.verify and not (options.check or options.preview or options.update_notebook)
    effects = outside_effects(inputs.notebook, selection, timeline) if is_run and not options.allow_effects else {}
    home = homecoming(inputs.notebook, package, project.package) if options.update_notebook else None
    return ExportPlan(
        summary=_summary(inputs.notebook, package, options),
        details=(
            *(f"{module}: {', '.join(names)}" for module, names in package.public),
            *(f"taken along, {one}" for one in selection.along),
            *(f"`{name}` gets as arguments: {', '.join(given)}" for name, given in selection.arguments.items()),
            *([tracking.sentence] if tracking is not None else []),
            *(home.diffs if home is not None else ()),
        ),
        question=question(inputs, options, selection, home, effects),
        agreed={"allow_effects": True} if effects else {},
        otherwise=otherwise(options, selection, effects),
        document=shown,
        package=package,
        tree=tree,
        project=project,
        warnings=(
            *selection.warnings,
            *marks_without_effect(inputs.notebook),
            *unlocked,
            *data_warnings(package, inputs.notebook.path.parent),
        ),
        lock_digest=inputs.record.fact("lock", "lock_digest"),
        notebook=inputs.notebook,
        options=options,
        known=known,
        tracking=tracking,
        home=home,
        drift=drift(project, inputs.record, inputs.notebook),
    )


def _preview(
    inputs: Inputs, package: Package, tree: FileTree, known: Known, offers: ImportOffers, options: ExportOptions
) -> ExportPreview:
    """What would be written; of values whose types only the proof tells, those of the last proof are taken."""
    if options.verify and not known.types:
        last = Known.of(inputs.record.steps.get("export"), None, inputs.project.package)
        if last.types:
            package = replace(package, selection=select(inputs.notebook, known.width, last.types, offers))
            tree = package_tree(package)
    folder = inputs.project.package
    return ExportPreview(
        package=package.name,
        files=preview(tree, folder, overwrite=options.overwrite, with_proof=options.verify),
        taken=package.selection.along,
        with_proof=options.verify,
    )


def _offers(inputs: Inputs) -> ImportOffers:
    """What could be imported for names that nothing on the page makes."""
    earlier = inputs.record.fact("export", "offered_imports")
    return import_offers(
        inputs.notebook,
        lambda: read_lock(inputs.project.lock),
        inputs.kernel,
        earlier if isinstance(earlier, dict) else {},
    )


def _check_nothing_foreign(folder: Path) -> None:
    """Refuse to replace what no export made."""
    if folder.is_dir() and any(folder.iterdir()) and not (folder / BASE).is_dir():
        raise ExportError(
            f"{folder} holds files that no export made, and would be replaced.",
            "Move them away, or choose another folder with --output.",
        )


def _check_not_diverging(inputs: Inputs) -> None:
    checked = inputs.record.steps.get("check")
    if checked is None or checked.notebook_digest != inputs.notebook.code_digest:
        return
    if checked.facts.get("verdict") == "diverges":
        raise ExportError(
            "The last check says that a clean run gives something else than this notebook shows.",
            "Run the repair plan of %prodcheck first, or export all the same with --force; that is recorded.",
        )


def _summary(notebook: Notebook, package: Package, options: ExportOptions) -> str:
    marked = [cell for cell in notebook.code_cells if cell.marks.export or cell.marks.step]
    cells = counted(len(marked), "marked cell")
    if options.check:
        return f"Compare the package {package.name} with {cells}."
    if options.preview:
        return f"Show what exporting {cells} as the package {package.name} {package.version} would write."
    if options.update_notebook:
        return f"Take edits of the package {package.name} back into {notebook.path.name}."
    return f"Export {cells} as the package {package.name} {package.version}."


def _name(inputs: Inputs, options: ExportOptions, lock: Locked) -> str:
    """The package's name; what an earlier export of it installed or locked here is not in its way."""
    owners = importlib.metadata.packages_distributions()
    locked = {name.replace("-", "_") for name in lock.pins}
    loaded = {module.partition(".")[0] for found in lock.modules.values() for module in found}
    taken = owners.keys() | locked | loaded
    name = package_name(inputs.notebook.name, options.name, ())
    own = {name} if owners.get(name) and all(_is_export(owner, name) for owner in owners[name]) else set()
    return package_name(inputs.notebook.name, options.name, taken - own)


def _is_export(distribution: str, module: str) -> bool:
    files = importlib.metadata.files(distribution) or ()
    return any(file.as_posix() == f"{module}/serving/release.py" for file in files)


def _uv_version() -> str:
    """The version that will build: the package names its build backend by it, and uv then needs no network for it."""
    uv = find_uv()
    said = subprocess.run([uv, "--version"], capture_output=True, text=True, check=False).stdout
    if not said.startswith("uv "):
        raise ExportError(f"{uv} does not say its version.", "Reinstall it: `pip install --force-reinstall uv`.")
    return said.split()[1]


def _run(plan: ExportPlan, progress: Progress) -> Result:
    if plan.home is not None:
        write_home(plan.notebook, plan.home.sources)
        return updated(plan.home, plan.notebook.path.name)
    if plan.options.check:
        return compared(plan.package, plan.tree, plan.project, plan.drift)
    if plan.options.preview:
        assert isinstance(plan.document, ExportPreview)
        return previewed(plan.document, plan.warnings)
    project, proven, package = plan.project, None, plan.package
    if plan.options.verify:
        proven = prove_values(
            plan.notebook,
            package,
            project.lock,
            budget=plan.options.budget,
            allow_effects=plan.options.allow_effects,
            progress=progress,
            edits=lambda tree: Edits() if plan.options.overwrite else edits_of_code(tree, project.package),
        )
        package = proven.package
    fresh = package_tree(package)
    kept = merge(fresh, project.package, overwrite=plan.options.overwrite)
    data = locked_data(package)
    others = [project.lock] if (data or "") != text_or_empty(project.lock / DATA) else []
    with staged_folders(project.package, project.dist, *others) as (source, dist, *lock):
        progress.stage(f"Writing {len(fresh)} files", 0.85)
        fill_folder(source, {**kept.tree, **base_of(fresh)})
        _carry_over(project, source)
        if lock:
            fill_lock(project.lock, lock[0], data)
        progress.stage("Building the wheel", 0.9)
        wheel = _build(source, dist, progress)
        progress.stage("Importing the wheel in a new process", 0.95)
        import_seconds = prove_import(wheel, source / "config.yaml", package, progress)
        digest = file_digest(wheel)
        progress.raise_if_cancelled()  # the last chance before data is tracked and the old package replaced
        if plan.tracking is not None:  # last: what DVC has tracked or uploaded, no failure would take back
            plan.tracking.carry_out(progress)
    made = Made(
        project.package,
        wheel.name,
        digest,
        plan.lock_digest,
        import_seconds,
        forced=plan.options.force,
        made_of=made_of(plan.notebook, package.selection),
        drift=plan.drift,
        known=plan.known if proven is None or proven.unknown else Known(proven.types, width=proven.width),
        commit=commit_of(plan.notebook.path.parent) if package.data else None,
        has_dvc=dvc_command() is not None,
        data_lock=data,
    )
    return result_of(package, proven, (*plan.warnings, *kept_edits(kept, proven)), made)


def _carry_over(project: ProjectFolder, source: Path) -> None:
    """What belongs to the package and is not made from the notebook: wheels of the lock, the user's secrets."""
    if (project.lock / "wheels").is_dir():
        shutil.copytree(project.lock / "wheels", source / "wheels")
    if (project.package / ".env").is_file():
        shutil.copy2(project.package / ".env", source / ".env")
    carry_data_over(project.package, source)


def _build(source: Path, dist: Path, progress: Progress) -> Path:
    with tempfile.TemporaryDirectory() as scratch:
        wheel = Uv.here().build_wheel(source, Path(scratch), progress)
        return Path(shutil.copyfile(wheel, dist / wheel.name))


def _stale(record: ReleaseRecord, notebook: Notebook) -> str | None:
    done = record.steps.get("export")
    if done is None:
        return None
    if done.notebook_digest != notebook.code_digest:
        return "the code has changed since"
    changed = record.fact("lock", "lock_digest") != done.facts.get("lock_digest")
    return "the lock was made again since" if changed else None


EXPORT: Step[ExportOptions, ExportPlan] = Step(
    name="export",
    title="Export",
    summary="Turns the marked cells into an installable package with typed settings, a command and tests.",
    options=ExportOptions,
    plan=_plan,
    run=_run,
    stale=_stale,
    drift=drift,
    needs_kernel=False,
)
