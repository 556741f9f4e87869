"""The clean run, simulated: what Restart & Run All would do to each cell, as far as what really ran can tell.

The page is walked from an empty state. Where the timeline holds a run of the same code on the same inputs, that run's
outcome is what a clean run gives, and is compared with what the page shows. Where it holds none, the cell is
`unverified`, and so is what depends on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from jupyter_prodkit.check.homes import runs_of_cells
from jupyter_prodkit.check.judged import CleanRun, Judged, Mismatch
from jupyter_prodkit.check.report import CellState
from jupyter_prodkit.notebook.dataflow import writes
from jupyter_prodkit.notebook.document import Cell, Notebook
from jupyter_prodkit.notebook.names import CodeNames, code_names
from jupyter_prodkit.session.record import Execution, Glimpse, Timeline, Version
from jupyter_prodkit.session.stated import settle, stated_names, valued

__all__ = ["simulate"]

_MUTABLE = tuple(valued(f"{kind} ") for kind in ("list", "dict", "set"))


def simulate(notebook: Notebook, timeline: Timeline) -> CleanRun:
    """Walk the page of `notebook` from a clean start, guided by what `timeline` says ran."""
    clean = CleanRun()
    runs = runs_of_cells(notebook, timeline)
    same_code: dict[str, list[Execution]] = {}
    for execution in timeline.executions:
        same_code.setdefault(execution.digest, []).append(execution)
    seen = {version for execution in timeline.executions for version in execution.outputs.values()}
    for cell in notebook.code_cells:
        own = runs.get(cell.cell_id, [])
        clean.homes.update((run.number, cell) for run in own)
        judged = _judge(clean, cell, own, same_code.get(cell.digest, []))
        clean.cells.append(judged)
        _advance(clean, cell, judged.clean_run, seen)
    _charge_changes_from_elsewhere(clean, timeline)
    return clean


def _judge(clean: CleanRun, cell: Cell, runs: list[Execution], same_code: list[Execution]) -> Judged:
    shown = runs[-1] if runs else None
    edited = shown is not None and shown.digest != cell.digest
    match = _find_match(clean.state, shown if not edited else None, same_code)
    missing = _surely_missing(clean, code_names(cell.source), match)
    found = Judged(cell, "reproduced", tuple(runs), edited, missing, clean_run=match)
    if shown is None:
        return replace(found, state=_state_unseen(found))
    if match is shown or (not edited and _raised_the_same(shown, missing)):
        return found
    mismatches = () if edited else _mismatches(clean, shown)
    if match is not None and not edited and _same_outcome(shown, match, mismatches):
        return replace(found, clean_run=shown)
    differing = () if match is None else _differing(shown, match)
    state = _state_otherwise(found, match, differing)
    return replace(found, state=state, mismatches=mismatches, differing=differing)


def _state_unseen(found: Judged) -> CellState:
    if (found.missing or not found.cell.is_valid) and not found.cell.shows_error:
        return "failed"
    return "never run" if found.cell.execution_count is None else "unverified"


def _state_otherwise(found: Judged, match: Execution | None, differing: Sequence[object]) -> CellState:
    """The state of a cell of which the shown run is not what a clean run gives, as far as is known."""
    if found.missing or not found.cell.is_valid:
        return "failed"
    ends_otherwise = match is not None and found.shown is not None and match.success != found.shown.success
    return "diverges" if differing or ends_otherwise else "unverified"


def _find_match(
    state: Mapping[str, Version], shown: Execution | None, same_code: Sequence[Execution]
) -> Execution | None:
    """A recorded run of the same code that read just what a clean run would; the shown one first."""
    candidates = [*([shown] if shown is not None else []), *reversed(same_code)]
    return next((run for run in candidates if _matches(state, run)), None)


def _matches(state: Mapping[str, Version], run: Execution) -> bool:
    if run.interrupted:  # it ended where the user happened to stop it
        return False
    if any(state.get(name) != version for name, version in run.inputs.items()):
        return False
    return not any(name in state for name in run.absent)


def _mismatches(clean: CleanRun, run: Execution) -> tuple[Mismatch, ...]:
    found = [
        Mismatch(name, version, clean.state.get(name), clean.writers.get(name))
        for name, version in sorted(run.inputs.items())
        if clean.state.get(name) != version
    ]
    late = [name for name in sorted(run.absent) if name in clean.state]
    return (*found, *(Mismatch(name, None, clean.state[name], clean.writers.get(name)) for name in late))


def _differing(shown: Execution, match: Execution) -> tuple[tuple[str, Glimpse, Glimpse], ...]:
    return tuple(
        (name, shown.after[name], match.after[name])
        for name in sorted(shown.after.keys() & match.after.keys())
        if shown.after[name].differs_from(match.after[name])
    )


def _same_outcome(shown: Execution, match: Execution, mismatches: Sequence[Mismatch]) -> bool:
    """Whether the two runs leave the same, though the shown one read what it then made anew itself.

    So it is where a cell that loops, or that keeps what is there (`if "df" not in globals()`), has run again.
    """
    names = shown.outputs.keys() | match.outputs.keys()
    if not mismatches or shown.success != match.success or shown.deleted != match.deleted:
        return False
    if not all(mismatch.name in names for mismatch in mismatches):
        return False
    return all(_left(shown, name) == _left(match, name) for name in names)


def _raised_the_same(shown: Execution, missing: Sequence[str]) -> bool:
    """Whether the shown run failed for the very name that a clean run lacks, and did nothing before."""
    alone = missing == (shown.lacked,) or (shown.lacked in missing and shown.absent.issuperset(missing))
    return alone and all(shown.inputs.get(name) == version for name, version in shown.outputs.items())


def _left(run: Execution, name: str) -> Version | None:
    return run.outputs.get(name, run.inputs.get(name))


def _surely_missing(clean: CleanRun, names: CodeNames, match: Execution | None) -> tuple[str, ...]:
    """Names the cell reads in any case, and that nothing above it makes."""
    if clean.any_may_exist or (match is not None and match.success):
        return ()
    return tuple(sorted(names.needs_at_once - clean.state.keys() - clean.may_exist))


def _advance(clean: CleanRun, cell: Cell, match: Execution | None, seen: set[Version]) -> None:
    """Carry the state past the cell: by what the matching run wrote, or, without one, by what its text may write."""
    names = code_names(cell.source)
    clean.modules |= names.modules
    clean.may_exist |= names.rebinds_when_called
    clean.definitions.add(names)
    if match is not None:
        written: Mapping[str, Version] = match.outputs
        gone = match.deleted
    else:
        unknown = f"clean run of {cell.cell_id} {cell.digest}"
        may_change = writes(names, clean.modules) | _aliases(clean, names)
        written = {**dict.fromkeys(may_change, unknown), **_settled(clean, cell, seen)}
        gone = names.deletes
        clean.any_may_exist |= names.binds_any
    for name in gone:
        clean.state.pop(name, None)
        clean.writers.pop(name, None)
    for name, version in written.items():
        if name in names.binds or clean.state.get(name) != version:
            clean.writers[name] = cell
        clean.state[name] = version


def _aliases(clean: CleanRun, names: CodeNames) -> set[str]:
    """Names of containers equal to those that the code may change in place: they may be the same."""
    versions = {clean.state[name] for name in names.mutates & clean.state.keys()}
    mutable = {version for version in versions if version.startswith(_MUTABLE)}
    return {name for name, version in clean.state.items() if version in mutable} if mutable else set()


def _settled(clean: CleanRun, cell: Cell, seen: set[Version]) -> dict[str, Version]:
    """What the text alone settles of a cell whose code has not run: its unchanged imports, functions and constants.

    Only what some run has really made counts, and nothing below an import that none has made: that may raise.
    """
    stated = stated_names(cell.source)
    versions = settle(stated, clean.state)
    found: dict[str, Version] = {}
    for one in stated:
        version = versions.get(one.name)
        if version in seen and one.first and version is not None:
            found[one.name] = version
        elif not one.first or not one.version.startswith("def "):
            break
    return found


def _charge_changes_from_elsewhere(clean: CleanRun, timeline: Timeline) -> None:
    """Charge what code from elsewhere did to a name, after all cells that use it, to the cell that wrote it last."""
    last = {name: run for run in timeline.executions for name in _may_have_written(run)}
    places = {judged.cell.cell_id: place for place, judged in enumerate(clean.cells)}
    for name, version in sorted(clean.state.items()):
        run = last.get(name)
        if run is None or run.number in clean.homes or timeline.live.get(name) == version:
            continue
        place = places[clean.writers[name].cell_id]
        judged = clean.cells[place]
        if judged.state in {"reproduced", "diverges", "unverified"} and judged.clean_run is not None:
            _charge(clean, place, name, run)


def _may_have_written(run: Execution) -> frozenset[str]:
    return code_names(run.source).binds.union(run.outputs, run.deleted)


def _charge(clean: CleanRun, place: int, name: str, run: Execution) -> None:
    judged = clean.cells[place]
    assert judged.clean_run is not None
    left, now = judged.clean_run.after.get(name), run.after.get(name)
    proven = now is None or (left is not None and now.differs_from(left))
    changes = (*judged.differing, (name, now, left)) if now and left and proven else judged.differing
    state: CellState = "diverges" if proven else "unverified"
    clean.replace_at(
        place,
        state="diverges" if judged.state == "diverges" else state,
        differing=changes,
        changed_since=(*judged.changed_since, name),
    )
