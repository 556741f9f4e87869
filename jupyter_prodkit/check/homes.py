"""Which cell on the page each recorded run belongs to."""

from __future__ import annotations

from jupyter_prodkit.notebook.document import Cell, Notebook
from jupyter_prodkit.session.record import Execution, Timeline

__all__ = ["runs_of_cells", "shown_before"]


def runs_of_cells(notebook: Notebook, timeline: Timeline) -> dict[str, list[Execution]]:
    """Return the runs of each cell on the page, oldest first.

    A cell that was cut and pasted has a new id, and some front ends name cells otherwise than the file does: a cell
    without runs takes over those of a lost cell with the same code and the same prompt number.
    """
    runs: dict[str, list[Execution]] = {}
    lost: dict[tuple[int, str], Execution] = {}
    strangers: dict[str | None, list[Execution]] = {}
    for run in timeline.executions:
        if run.cell_id is not None and notebook.cell(run.cell_id) is not None:
            runs.setdefault(run.cell_id, []).append(run)
        elif run.source:
            strangers.setdefault(run.cell_id, []).append(run)
            if run.count is not None:
                lost[run.count, run.digest] = run
    for cell in notebook.code_cells if lost else ():
        found = None if cell.cell_id in runs else _lost_run(cell, lost)
        if found is not None:
            runs[cell.cell_id] = [found] if found.cell_id is None else strangers[found.cell_id]
    return runs


def _lost_run(cell: Cell, lost: dict[tuple[int, str], Execution]) -> Execution | None:
    return None if cell.execution_count is None else lost.get((cell.execution_count, cell.digest))


def shown_before(notebook: Notebook, timeline: Timeline) -> dict[str, Execution]:
    """Return the run of each cell, in a kernel before this one, whose outcome the page shows.

    It is the last that is known, if code and prompt number are still those of that run.
    """
    last = {run.cell_id: run for run in timeline.earlier}
    return {
        cell.cell_id: last[cell.cell_id]
        for cell in (notebook.code_cells if last else ())
        if cell.cell_id in last and _shows(cell, last[cell.cell_id])
    }


def _shows(cell: Cell, run: Execution) -> bool:
    if run.count is None or (run.count, run.digest) != (cell.execution_count, cell.digest):
        return False
    return not cell.outputs or (run.shown is not None and cell.shown_digest == run.shown.digest)
