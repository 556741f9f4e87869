"""What the export tells and enters into the release record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_prodkit.check.formats.wording import counted, seconds
from jupyter_prodkit.export.closure import Width
from jupyter_prodkit.export.data_files import data_revision
from jupyter_prodkit.export.data_versions import data_apart
from jupyter_prodkit.export.dvc_files import repository_of
from jupyter_prodkit.export.known import Known
from jupyter_prodkit.export.merging import Merge, edited_files, exported_before, on_disk
from jupyter_prodkit.export.package import Package
from jupyter_prodkit.export.previewing import ExportPreview
from jupyter_prodkit.export.proving import Proven
from jupyter_prodkit.export.round_trip import Homecoming
from jupyter_prodkit.files import FileTree, text_digest
from jupyter_prodkit.lock.locked_data import DATA_DIGEST
from jupyter_prodkit.release import ProjectFolder
from jupyter_prodkit.step import Drift, Fact, Result

__all__ = ["Made", "compared", "kept_edits", "previewed", "result_of", "updated"]

_SHOWN = 8
_WIDTHS = {
    Width.LIKELY: "",
    Width.POSSIBLE: "More had to be taken along than the code shows it needs: cells whose calls may change a value.",
    Width.EVERYTHING: "All cells above had to be taken along for the values to be equal.",
}


@dataclass(frozen=True, slots=True)
class Made:
    """What was written."""

    folder: Path
    wheel: str
    digest: str
    lock_digest: str | None
    import_seconds: float
    """CPU time that importing the package's own code took."""
    forced: bool
    made_of: Mapping[str, str]
    """Cell id → digest, of the cells that the package is made of."""
    drift: Drift | None
    """How package and notebook had moved apart before."""
    known: Known
    """What proofs have found out of this code, this time or an earlier one."""
    commit: str | None = None
    """Git's commit around the notebook, and so of the data or of DVC's files for it."""
    has_dvc: bool = False
    """Whether DVC could be asked to keep the data."""
    data_lock: str | None = None
    """What the lock has of the data."""


def result_of(package: Package, proven: Proven | None, warnings: tuple[str, ...], made: Made) -> Result:
    """Return what the export did; `proven` is None where no proof was asked for."""
    selection, features = package.selection, package.function("features")
    served = f"model.predict(features(raw rows)), with {features}"
    bare = "No function named `features` is marked `export`: what makes the model's input would not be served with it."
    definitions = len(selection.owners) - len(selection.steps)
    steps = [step.step for step in selection.steps]
    project = package.data_project
    remote = project.remote if project is not None else None
    counts = [f"{definitions} definitions", *([f"{len(steps)} steps"] if steps else [])]
    counts.append(f"{len(selection.parameters)} settings")
    return Result(
        summary=f"Exported {package.name} {package.version}: {', '.join(counts)}.",
        facts=(
            *(Fact(f"{module}.py", ", ".join(names)) for module, names in package.public),
            *([Fact("steps", " → ".join(steps))] if steps else []),
            Fact("settings", ", ".join(p.field for p in selection.parameters) or "none"),
            *([Fact("taken along", _taken(package))] if selection.taken else []),
            *(Fact("taken along", one.sentence) for one in selection.offered),
            Fact("served", served if features else "the bare model: no function `features` is exported"),
            Fact("proof", _imported(made)),
            *([Fact("values", proven.sentence)] if proven is not None else []),
            *([Fact("before", f"package and notebook had drifted apart: {made.drift.sentence}")] if made.drift else []),
            *([Fact("data", _data(package, made))] if package.data else []),
            Fact("package", str(made.folder)),
            Fact("wheel", f"{made.wheel} sha256:{made.digest[:12]}"),
        ),
        warnings=(
            *warnings,
            *(() if features else (bare,)),
            *(_said(proven) if proven is not None else ()),
            *(_ran_below(package) if proven is not None and not proven.unknown else ()),
        ),
        recorded={
            "package": package.name,
            "package_version": package.version,
            "wheel": made.wheel,
            "wheel_digest": made.digest,
            "lock_digest": made.lock_digest,
            "import_seconds": round(made.import_seconds, 3),
            "features": features,
            "predict": package.function("predict"),
            "names": dict(selection.owners),
            "cells": {module: list(selection.sources(module)) for module in selection.modules},
            "steps": steps,
            "offered_imports": {one.name: one.line for one in selection.offered},
            "made_of": dict(made.made_of),
            "proof": _recorded(proven),
            "known": made.known.recorded(),
            "forced": made.forced,
            "data": {one.path: one.sha256 for one in package.data},
            "data_revision": data_revision(package.data),
            DATA_DIGEST: text_digest(made.data_lock) if made.data_lock is not None else None,
            "data_commit": made.commit,
            "data_tracked": {one.path: one.digest for one in project.pointers} if project is not None else None,
            "data_remote": {"name": remote.name, **remote.settings} if remote is not None else None,
        },
        exit_code=1 if proven is not None and proven.unequal else 0,
    )


def _imported(made: Made) -> str:
    took = seconds(made.import_seconds)
    return f"the wheel was imported in a new process: it printed nothing, wrote nothing and took {took} of CPU time"


def _data(package: Package, made: Made) -> str:
    """What data the package reads, and how another gets it or could get it."""
    count, project = len(package.data), package.data_project
    said = f"{count} {'file' if count == 1 else 'files'}, revision {(data_revision(package.data) or '')[:12]}"
    if project is not None and project.pointers:
        where = f" from {project.remote.url}" if project.remote is not None else ", once it has a remote"
        return f"{said}; `dvc pull` in the package brings it{where}"
    if made.has_dvc:
        is_placed = project is not None or repository_of(made.folder.parent) is not None
        option = "--track-data" if is_placed else "--data-remote FOLDER_OR_URL"
        return f"{said}; to have DVC keep it: prodkit export {package.notebook} {option}"
    return said


def _taken(package: Package) -> str:
    labels = dict.fromkeys(one.cell.label for one in package.selection.taken)
    return f"{counted(len(package.selection.taken), 'statement')} of {', '.join(labels)}"


def _said(proven: Proven) -> Iterator[str]:
    if _WIDTHS[proven.width] and not proven.unknown:
        yield _WIDTHS[proven.width]
    for one in proven.unequal[:_SHOWN]:
        said = f"`{one.name}` of step {one.step} is not what the notebook has: {one.difference}."
        yield f"{said} Likely cause: {one.cause}."
    if len(proven.unequal) > _SHOWN:
        yield f"{len(proven.unequal) - _SHOWN} more values are unequal; release.json has them all."
    for name, difference in proven.undetermined.items():
        yield f"`{name}` differs between two runs of the notebook itself and was not compared: {difference}."
    for name, why in proven.incomparable.items():
        yield f"`{name}` can't be compared: {why}."
    if proven.unknown:
        yield f"Whether the package gives the notebook's values is not known: {proven.unknown}."


def _ran_below(package: Package) -> Iterator[str]:
    """Say that the notebook alone could not have run."""
    lines = ", ".join(f"`{line}`" for line in package.selection.offers.locked)
    if lines:
        yield f"For the proof the notebook ran below {lines}, which no cell of it makes: put that in a first cell."


def _recorded(proven: Proven | None) -> dict[str, Any] | None:
    if proven is None:
        return None
    return {
        "unknown": proven.unknown,
        "equal": list(proven.equal),
        "exact": proven.exact,
        "unequal": {f"{one.step}: {one.name}": f"{one.difference}; {one.cause}" for one in proven.unequal},
        "undetermined": dict(proven.undetermined),
        "incomparable": dict(proven.incomparable),
    }


def kept_edits(kept: Merge, proven: Proven | None) -> Iterator[str]:
    """Say which edits by hand are in what was written, and which of them the proof was without."""
    if kept.edited:
        yield f"Edits by hand were kept in {', '.join(kept.edited)}."
    if proven is None or proven.unknown:
        return
    if "config.yaml" in kept.edited:
        yield "The values were compared with the notebook's settings, without the edits in config.yaml."
    code = [name for name in kept.edited if name.startswith("src/") and name not in proven.edited]
    if code:
        yield f"Whether the values are equal with what was deleted by hand ({', '.join(code)}) is not known."


def previewed(document: ExportPreview, warnings: tuple[str, ...]) -> Result:
    """Say what an export would write; nothing was."""
    conflicts = [one.path for one in document.files if one.change == "conflict"]
    stop = f"The export would stop: the same lines were changed by hand and in the notebook, in {', '.join(conflicts)}."
    return Result(
        summary=f"Nothing was written. Exporting {document.package} would give {len(document.files)} files: "
        f"{document.counts}.",
        warnings=(*warnings, *([stop] if conflicts else [])),
        document=document,
    )


def compared(package: Package, tree: FileTree, project: ProjectFolder, drift: Drift | None) -> Result:
    """Say whether a package is what the notebook would be exported as now; the status is 1 where it is not."""
    folder = project.package
    before = exported_before(folder)
    old = [str(path) for path, text in tree.items() if before.get(path, on_disk(folder / path)) != text]
    old += [str(path) for path in before if path not in tree]
    edited = edited_files(folder)
    facts = [Fact("out of date", name) for name in old] + [Fact("edited by hand", name) for name in edited]
    facts += [Fact("data", difference) for difference in data_apart(package, project.lock)]
    if not facts:
        return Result(summary="The package is what the notebook gives.")
    said = f": {drift.sentence}" if drift else ""
    return Result(summary=f"Package and notebook have drifted apart{said}.", facts=tuple(facts), exit_code=1)


def updated(home: Homecoming, notebook: str) -> Result:
    """Say what was taken back into the notebook."""
    stay = [Fact("by hand", f"`{name}`: the export rewrote it, so carry the edit over yourself") for name in home.stay]
    return Result(
        summary=f"Took the edits of {counted(len(home.sources), 'cell')} back into {notebook}.",
        facts=(*stay, *(Fact("diff", diff) for diff in home.diffs)),
        exit_code=1 if stay else 0,
    )
