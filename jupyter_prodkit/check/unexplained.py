"""What the kernel holds, and a clean run would end with otherwise, though each cell by itself did as it would."""

from __future__ import annotations

from jupyter_prodkit.check.judged import CleanRun
from jupyter_prodkit.check.report import CellState
from jupyter_prodkit.notebook.document import Cell
from jupyter_prodkit.notebook.names import code_names
from jupyter_prodkit.session.record import Execution, Timeline, Version

__all__ = ["charge_unexplained"]


def charge_unexplained(clean: CleanRun, timeline: Timeline) -> None:
    """Charge a value that no cell on the page gives to the cell that a clean run has the name from."""
    last = {name: run for run in timeline.executions for name in _may_have_written(run)}
    held = {name for run in timeline.executions for name in (*run.outputs, *run.deleted)}
    known = {judged.cell.cell_id for judged in clean.cells if judged.clean_run is not None}
    places = {judged.cell.cell_id: place for place, judged in enumerate(clean.cells)}
    for name, version in sorted(clean.state.items()):
        run = last.get(name)
        if run is None or name not in held or timeline.live.get(name) == version:
            continue
        explained = _is_explained(clean, timeline, name, run, known=known)
        place = places[clean.writers[name].cell_id]
        judged = clean.cells[place]
        if explained or judged.clean_run is None or judged.state not in {"reproduced", "diverges", "unverified"}:
            continue
        _charge(clean, place, name, run, in_doubt=explained is None)


def _is_explained(clean: CleanRun, timeline: Timeline, name: str, run: Execution, *, known: set[str]) -> bool | None:
    """Whether the kernel holds what a cell on the page leaves; None where that isn't known.

    `known` are the cells of which it is known what they do in a clean run.
    """
    home = clean.homes.get(run.number)
    if home is None:
        return False
    left, live = _version_after(clean, home, name), timeline.live.get(name, "")
    if home is clean.writers[name] or left == live:
        return True
    if name not in code_names(run.source).binds and home.cell_id not in known:
        return True  # its text doesn't tell what it changes in place: it has a verdict of its own
    if name not in run.outputs and name not in run.deleted:
        return True  # it may have bound what was there already: the value is an earlier run's as well
    if left is None or (left.startswith("=") and live.startswith("=")):
        return False
    return None


def _version_after(clean: CleanRun, home: Cell, name: str) -> Version | None:
    """The version that a name has in a clean run when `home` has run; None where it isn't there."""
    version = None
    for judged in clean.cells:
        version = clean.left.get(judged.cell.cell_id, {}).get(name, version)
        if judged.cell is home:
            break
    return version


def _may_have_written(run: Execution) -> frozenset[str]:
    return code_names(run.source).binds.union(run.outputs, run.deleted)


def _charge(clean: CleanRun, place: int, name: str, run: Execution, *, in_doubt: bool) -> None:
    judged = clean.cells[place]
    assert judged.clean_run is not None
    left, now = judged.clean_run.after.get(name), run.after.get(name)
    if left is not None and now is not None and (left.equals(now) or (left.is_opaque and now.is_opaque)):
        return
    proven = now is None or (left is not None and now.differs_from(left))
    if in_doubt and not proven:
        return
    changes = (*judged.differing, (name, now, left)) if now and left and proven else judged.differing
    state: CellState = "diverges" if judged.state == "diverges" or (proven and not in_doubt) else "unverified"
    clean.replace_at(place, state=state, differing=changes, changed_since=(*judged.changed_since, name))
