"""Putting a deleted cell back: its code from the record of what ran, and its place on the page."""

from __future__ import annotations

from dataclasses import dataclass

from jupyter_prodkit.errors import UsageError
from jupyter_prodkit.notebook.dataflow import Definitions, needs_when_run
from jupyter_prodkit.notebook.document import Notebook
from jupyter_prodkit.notebook.names import code_names
from jupyter_prodkit.session.places import Places
from jupyter_prodkit.session.record import Execution, Timeline

__all__ = ["DeletedCell", "deleted_cell"]


@dataclass(frozen=True, slots=True)
class DeletedCell:
    """A cell that is no longer on the page, as it ran."""

    cell_id: str
    source: str
    execution_count: int | None
    below: str | None
    """The cell on the page to put it below; None for the top."""


def deleted_cell(number: int, notebook: Notebook, timeline: Timeline, places: Places) -> DeletedCell:
    """Return the cell that the run of this `number` was of.

    It goes where it stood, else above the first cell that reads what it made, else to the end of the page. Raises
    UsageError where no such run was seen, or its cell is on the page.
    """
    run = next((run for run in timeline.executions if run.number == number), None)
    if run is None or run.cell_id is None or not run.source:
        raise UsageError(
            "The code of that cell is not known.", "Only what ran in this kernel since tracking began can be restored."
        )
    if notebook.cell(run.cell_id) is not None:
        raise UsageError("That cell is on the page already.", "Check again.")
    stood = places.stood_below(run.cell_id, notebook)
    below = _above_its_readers(run, notebook) if stood is None else stood[0]
    return DeletedCell(run.cell_id, run.source, run.count, below)


def _above_its_readers(run: Execution, notebook: Notebook) -> str | None:
    """The cell that stands above the first one that reads what the run made; the last one where none does."""
    above, definitions = None, Definitions()
    for cell in notebook.cells:
        if cell.runs:
            names = code_names(cell.source)
            if needs_when_run(names, definitions) & run.outputs.keys():
                return above
            definitions.add(names)
        above = cell.cell_id
    return above
