"""The export as a step of the journey: marked cells become a package and its wheel."""

from __future__ import annotations

import importlib.metadata
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec

from jupyter_prodkit.export.locked import Locked, read_lock
from jupyter_prodkit.export.naming import package_name, package_version
from jupyter_prodkit.export.outcome import result_of
from jupyter_prodkit.export.package import Package, package_tree
from jupyter_prodkit.export.proof import check_imports, prove_import
from jupyter_prodkit.export.proving import prove_values
from jupyter_prodkit.export.selection import Selection, select
from jupyter_prodkit.files import FileTree, file_digest, fill_folder, staged_folders
from jupyter_prodkit.lock.uv import Uv, find_uv
from jupyter_prodkit.notebook.document import Notebook
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.release import ProjectFolder, ReleaseRecord, StepRecord
from jupyter_prodkit.step import Inputs, Options, Plan, Result, Step

__all__ = ["EXPORT", "ExportOptions"]

_NOT_EXPORTED = frozenset(
    {".env", ".venv", ".mypy_cache", ".pytest_cache", ".ruff_cache", "__pycache__", "build", "dist"}
)
"""What using the package leaves in its folder; `.env` holds the user's secrets and outlives an export."""


class ExportOptions(Options, frozen=True, kw_only=True):
    """What the export can be told."""

    name: Annotated[str | None, msgspec.Meta(description="Name of the package; the notebook's if not given.")] = None
    version: Annotated[str, msgspec.Meta(description="Version of the package (PEP 440).")] = "0.1.0"
    verify: Annotated[
        bool, msgspec.Meta(description="Run notebook and package and compare the values; takes as long as they do.")
    ] = True
    with_needed: Annotated[
        bool, msgspec.Meta(description="Take along what the marked cells need and nobody marked, without asking.")
    ] = False
    allow_effects: Annotated[
        bool, msgspec.Meta(description="Let the proof use the network, start programs and write outside a copy.")
    ] = False
    budget: Annotated[float, msgspec.Meta(description="Seconds that the proof may take.", gt=0)] = 900.0


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


def _plan(inputs: Inputs, options: ExportOptions) -> ExportPlan:
    project = inputs.project
    selection = select(inputs.notebook)
    lock = read_lock(project.lock)
    package = Package(
        name=_name(inputs, options, lock),
        version=package_version(options.version),
        notebook=inputs.notebook.path.name,
        selection=selection,
        lock=lock,
        uv_version=_uv_version(),
    )
    unlocked = check_imports(package)
    marked = [cell for cell in inputs.notebook.code_cells if cell.marks.export or cell.marks.step]
    edited = _question(project.package, inputs.record.steps.get("export"))
    needed = None if options.with_needed else _needed_question(selection)
    return ExportPlan(
        summary=f"Export {len(marked)} marked {'cell' if len(marked) == 1 else 'cells'} as the package "
        f"{package.name} {package.version}.",
        details=(
            *(f"{module}: {', '.join(names)}" for module, names in package.public),
            *(f"taken along, {one.cell.label}: {one.line}" for one in selection.taken),
            *(f"`{name}` gets as arguments: {', '.join(given)}" for name, given in selection.arguments.items()),
        ),
        question=" ".join(one for one in (needed, edited) if one) or None,
        package=package,
        tree=package_tree(package),
        project=project,
        warnings=(*selection.warnings, *unlocked),
        lock_digest=inputs.record.fact("lock", "lock_digest"),
        notebook=inputs.notebook,
        options=options,
    )


def _needed_question(selection: Selection) -> str | None:
    """Ask before code that nobody marked is taken along."""
    if not selection.taken:
        return None
    cells: dict[str, list[str]] = {}
    for one in selection.taken:
        cells.setdefault(one.cell.label, []).append(one.line)
    shown = "; ".join(f"{label}: {', '.join(f'`{line}`' for line in lines[:3])}" for label, lines in cells.items())
    return f"The marked cells need what nobody marked ({shown}). Take it along?"


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


def _question(folder: Path, done: StepRecord | None) -> str | None:
    """Ask before work done by hand in the package's folder is replaced."""
    if done is None:
        return None
    moment = datetime.fromisoformat(done.done_at).timestamp() + 1
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    named = ((path.relative_to(folder), path) for path in files)
    edited = sorted(
        str(name)
        for name, path in named
        if not _NOT_EXPORTED.intersection(name.parts) and path.stat().st_mtime > moment
    )
    if not edited:
        return None
    shown = ", ".join(edited[:5]) + (", …" if len(edited) > 5 else "")  # noqa: PLR2004 - enough to know them by
    return f"Files of the exported package were changed by hand: {shown}. Export again and lose that?"


def _uv_version() -> str:
    """The version that will build: the package names its build backend by it, and uv then needs no network for it."""
    said = subprocess.run([find_uv(), "--version"], capture_output=True, text=True, check=False).stdout
    return said.split()[1] if said.startswith("uv ") else "0.9.0"


def _run(plan: ExportPlan, progress: Progress) -> Result:
    project, proven = plan.project, None
    package, tree = plan.package, plan.tree
    if plan.options.verify:
        proven = prove_values(
            plan.notebook,
            package,
            project.lock,
            budget=plan.options.budget,
            allow_effects=plan.options.allow_effects,
            progress=progress,
        )
        package = proven.package
        tree = package_tree(package)
    with staged_folders(project.package, project.dist) as (source, dist):
        progress.stage(f"Writing {len(tree)} files", 0.85)
        fill_folder(source, tree)
        if (project.lock / "wheels").is_dir():
            shutil.copytree(project.lock / "wheels", source / "wheels")
        if (project.package / ".env").is_file():
            shutil.copy2(project.package / ".env", source / ".env")
        progress.stage("Building the wheel", 0.9)
        wheel = _build(source, dist, progress)
        progress.stage("Importing the wheel in a new process", 0.95)
        prove_import(wheel, source / "config.yaml", package, progress)
        digest = file_digest(wheel)
        progress.raise_if_cancelled()  # the last chance before the old package is replaced
    return result_of(package, proven, plan.warnings, project.package, wheel.name, digest, plan.lock_digest)


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
    needs_kernel=False,
)
