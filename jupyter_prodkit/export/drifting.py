"""Whether package and notebook have drifted apart since the export, and on which side: told from digests alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from jupyter_prodkit.export.merging import BASE, edited_files
from jupyter_prodkit.export.selection import Selection
from jupyter_prodkit.files import text_digest
from jupyter_prodkit.notebook.document import Cell, Notebook
from jupyter_prodkit.notebook.marks import is_exported, is_parameters, marks_text
from jupyter_prodkit.release import ProjectFolder, ReleaseRecord
from jupyter_prodkit.step import Drift

__all__ = ["drift", "made_of"]


def made_of(notebook: Notebook, selection: Selection) -> dict[str, str]:
    """Return a digest of code and marks for each cell that the package is made of, by its id, in page order."""
    ids = selection.cells
    return {cell.cell_id: _digest(cell) for cell in notebook.code_cells if cell.cell_id in ids or _is_marked(cell)}


def drift(project: ProjectFolder, record: ReleaseRecord, notebook: Notebook) -> Drift | None:
    """Return what has changed since the export, None where nothing has or there was none.

    Only cells that the package is made of count, and cells marked since; what others now do to it the export finds.
    """
    known = record.fact("export", "made_of")
    if not isinstance(known, dict):
        return None
    cells = tuple(dict.fromkeys(_changed(known, notebook)))
    files = _edited(project.package, _signature(project.package))
    return Drift(cells, files) if cells or files else None


def _changed(known: Mapping[str, str], notebook: Notebook) -> Iterator[str]:
    """The cells that are not as they were exported, as messages name them."""
    now = {cell.cell_id: cell for cell in notebook.code_cells}
    for cell in notebook.code_cells:
        if cell.cell_id in known:
            if _digest(cell) != known[cell.cell_id]:
                yield cell.label
        elif _is_marked(cell):
            yield cell.label
    if any(cell_id not in now for cell_id in known):
        yield "a cell that is gone"
    elif [cell_id for cell_id in now if cell_id in known] != list(known):
        yield "the order of the cells"


def _is_marked(cell: Cell) -> bool:
    return is_exported(cell.source, cell.tags) or is_parameters(cell.source, cell.tags)


def _digest(cell: Cell) -> str:
    return text_digest(f"{cell.digest} {marks_text(cell.source, cell.tags)}")[:32]


def _signature(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """What says without reading a file that none has changed: the time and size of each that was exported."""
    found = []
    base = folder / BASE
    for path in sorted(base.rglob("*")):
        if path.is_file():
            relative = path.relative_to(base)
            try:
                stat = (folder / relative).stat()
                found.append((str(relative), stat.st_mtime_ns, stat.st_size))
            except OSError:
                found.append((str(relative), 0, -1))
    return tuple(found)


@lru_cache(maxsize=8)
def _edited(folder: Path, _: tuple[tuple[str, int, int], ...]) -> tuple[str, ...]:
    return edited_files(folder)
