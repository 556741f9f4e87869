"""Where each cell stood on the page when it was last seen there."""

from __future__ import annotations

from jupyter_prodkit.notebook.document import Notebook

__all__ = ["Places"]

_REMEMBERED = 50


class Places:
    """Remembers which cells stood above each cell, so that a deleted one can be put back."""

    def __init__(self) -> None:
        self._above: dict[str, tuple[str, ...]] = {}
        self._order: list[str] = []

    def note(self, page: Notebook) -> None:
        """Take what is on the page now as where its cells stand."""
        ids = [cell.cell_id for cell in page.cells]
        if ids == self._order:
            return
        for place, cell_id in enumerate(ids):
            self._above[cell_id] = tuple(reversed(ids[max(0, place - _REMEMBERED) : place]))
        self._order = ids

    def stood_below(self, cell_id: str, page: Notebook) -> tuple[str | None] | None:
        """Return the cell on `page` that it stood below, None in it for the top; None where it was never seen."""
        above = self._above.get(cell_id)
        if above is None:
            return None
        return (next((one for one in above if page.cell(one) is not None), None),)
