"""Which cells are marked to go into production, and what for."""

from __future__ import annotations

from jupyter_prodkit.notebook import marks
from jupyter_prodkit.notebook.document import Cell

__all__ = ["is_exported", "step_of"]


def is_exported(cell: Cell) -> bool:
    """Return whether the cell's code is to run in production: it is marked `export` or as a step.

    Never raises, whatever its marks say.
    """
    if not cell.tags and "|" not in cell.source:
        return False
    words = marks.marks_text(cell.source, cell.tags).split()
    return "export" in words or step_of(cell) is not None


def step_of(cell: Cell) -> str | None:
    """Return the step that the cell is marked as, by the tag `step:NAME` or the line `#| step NAME`, or None."""
    return marks.step_of(cell.source, cell.tags)
