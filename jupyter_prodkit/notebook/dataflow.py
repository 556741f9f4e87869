"""Which cell's names flow into which other cell, in page order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from jupyter_prodkit.notebook.document import Cell
from jupyter_prodkit.notebook.names import CodeNames, code_names

__all__ = ["Flow", "flows", "needs_of_cells", "needs_when_run"]


@dataclass(frozen=True, slots=True)
class Flow:
    """`reader` reads `names` that `writer` was the last above it to bind or change."""

    writer: Cell
    reader: Cell
    names: frozenset[str]


def needs_when_run(names: CodeNames, deferred: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Return what a piece of code reads when it runs, functions that it may call included.

    `deferred` gives the reads of functions and classes defined elsewhere in the notebook.
    """
    known = {**deferred, **names.deferred}
    needs, pending, seen = set(names.needs), list(names.calls), set[str]()
    while pending:
        name = pending.pop()
        if name in seen:
            continue
        seen.add(name)
        for read in known.get(name, ()):
            if read not in names.binds:
                needs.add(read)
            pending.append(read)
    return frozenset(needs)


def flows(cells: Sequence[Cell]) -> tuple[Flow, ...]:
    """Return the flows between the code cells of a page, as running them in page order would make them."""
    last: dict[str, Cell] = {}
    deferred: dict[str, frozenset[str]] = {}
    found: list[Flow] = []
    for cell in cells:
        if not cell.runs:
            continue
        names = code_names(cell.source)
        reads: dict[str, set[str]] = {}
        writers: dict[str, Cell] = {}
        for name in needs_when_run(names, deferred) | names.mutates:
            writer = last.get(name)
            if writer is not None and writer is not cell:
                reads.setdefault(writer.cell_id, set()).add(name)
                writers[writer.cell_id] = writer
        found.extend(Flow(writers[key], cell, frozenset(value)) for key, value in reads.items())
        deferred.update(names.deferred)
        last.update(dict.fromkeys(names.binds | names.mutates, cell))
    return tuple(found)


def needs_of_cells(cells: Iterable[Cell]) -> Mapping[str, Cell]:
    """Return each name that `cells` need from outside themselves, and the first of them that needs it.

    Functions count with everything that they read when they are called.
    """
    chosen = [cell for cell in cells if cell.runs]
    bound: set[str] = set()
    for cell in chosen:
        bound |= code_names(cell.source).binds
    needs: dict[str, Cell] = {}
    for cell in chosen:
        names = code_names(cell.source)
        deferred = frozenset().union(*names.deferred.values()) if names.deferred else frozenset()
        for name in sorted((names.needs | deferred) - bound - {"*"}):
            needs.setdefault(name, cell)
    return needs
