"""The page's dataflow as the panel draws it: flows in page order, reads from below, and reads of what no cell makes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jupyter_prodkit.faces.protocol import StrayRead, ValueFlow
from jupyter_prodkit.notebook.dataflow import Definitions, needs_when_run, value_flows, writes
from jupyter_prodkit.notebook.document import Cell
from jupyter_prodkit.notebook.names import code_names

__all__ = ["drawn_flows"]


def drawn_flows(cells: Sequence[Cell]) -> tuple[tuple[ValueFlow, ...], tuple[StrayRead, ...]]:
    """Return what flows from cell to cell, and what cells read that none of them makes.

    A name that only a cell further down makes flows upwards: no clean run would do that.
    """
    down = (
        ValueFlow(writer=flow.writer.cell_id, reader=flow.reader.cell_id, names=tuple(sorted(flow.names)))
        for flow in value_flows(cells)
    )
    writers = _writers(cells)
    loose = list(_loose_reads(cells))
    up: dict[tuple[str, str], list[str]] = {}
    for name, reader in loose:
        if name in writers:
            up.setdefault((writers[name], reader), []).append(name)
    flows = (*down, *(ValueFlow(writer=w, reader=r, names=tuple(sorted(names))) for (w, r), names in up.items()))
    return flows, tuple(StrayRead(name=name, reader=reader) for name, reader in loose if name not in writers)


def _writers(cells: Sequence[Cell]) -> dict[str, str]:
    """Return the first cell that makes each name."""
    found: dict[str, str] = {}
    for cell in cells:
        for name in code_names(cell.source).binds if cell.runs else ():
            found.setdefault(name, cell.cell_id)
    return found


def _loose_reads(cells: Sequence[Cell]) -> Iterator[tuple[str, str]]:
    """Yield each name that a cell reads before any cell above it has made it, with the reader's id."""
    made: set[str] = set()
    definitions = Definitions()
    for cell in cells:
        if not cell.runs:
            continue
        names = code_names(cell.source)
        yield from ((name, cell.cell_id) for name in sorted(needs_when_run(names, definitions) - made))
        definitions.add(names)
        made |= writes(names)
