"""Which cells are marked to go into production, and what for."""

from __future__ import annotations

from jupyter_prodkit.notebook import marks
from jupyter_prodkit.notebook.document import Cell

__all__ = ["is_exported", "is_parameters", "step_of"]


def is_exported(cell: Cell) -> bool:
    """Return whether the cell's code is to run in production, by any mark that the export understands.

    Never raises, whatever its marks say.
    """
    return marks.is_exported(cell.source, cell.tags)


def is_parameters(cell: Cell) -> bool:
    """Return whether the cell's literals are to be settings, by any mark that the export understands."""
    return marks.is_parameters(cell.source, cell.tags)


def step_of(cell: Cell) -> str | None:
    """Return the step that the cell is marked as, by the tag `step:NAME` or the line `#| step NAME`, or None."""
    return marks.step_of(cell.source, cell.tags)
