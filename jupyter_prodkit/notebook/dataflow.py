"""Which cell's names flow into which other cell, in page order."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from jupyter_prodkit.notebook.document import Cell
from jupyter_prodkit.notebook.names import CodeNames, code_names

__all__ = ["Definitions", "Flow", "flows", "needs_of_cells", "needs_when_run", "value_flows", "writes"]


@dataclass(frozen=True, slots=True)
class Flow:
    """`reader` reads `names` that `writer` was the last above it to bind or change."""

    writer: Cell
    reader: Cell
    names: frozenset[str]


@dataclass(slots=True)
class Definitions:
    """What the functions and classes defined so far read when they are called."""

    deferred: dict[str, frozenset[str]] = field(default_factory=dict)
    methods: dict[str, frozenset[str]] = field(default_factory=dict)

    def add(self, names: CodeNames) -> None:
        """Add what a piece of code defines."""
        self.deferred.update(names.deferred)
        self.methods.update(names.methods)

    def forget(self, names: Iterable[str]) -> None:
        """Take it that `names` stand for something else now."""
        for name in names:
            self.deferred.pop(name, None)
            self.methods.pop(name, None)

    def reads(self, name: str, *, methods: bool) -> frozenset[str]:
        """Return what calling `name` reads, with `methods` also what its methods read if it is a class."""
        called = self.deferred.get(name, frozenset())
        return called | self.methods.get(name, frozenset()) if methods else called


def needs_when_run(names: CodeNames, definitions: Definitions) -> frozenset[str]:
    """Return what a piece of code reads when it runs, functions that it may call included.

    `definitions` are those made elsewhere in the notebook.
    """
    own = Definitions(dict(names.deferred), dict(names.methods))
    needs, seen = set(names.needs), set[str]()
    pending = [(name, name in names.uses) for name in names.calls]
    while pending:
        name, methods = pending.pop()
        if name in seen:
            continue
        seen.add(name)
        for read in (own if name in own.deferred else definitions).reads(name, methods=methods):
            if read not in names.binds:
                needs.add(read)
            pending.append((read, True))
    return frozenset(needs)


def writes(names: CodeNames, modules: frozenset[str] | set[str] = frozenset()) -> frozenset[str]:
    """Return what a piece of code binds or may change in place.

    `modules` are names known to be modules: `os.remove(path)` changes no `os`.
    """
    return names.binds | (names.mutates - names.deletes - modules)


def flows(cells: Sequence[Cell]) -> tuple[Flow, ...]:
    """Return the flows between the code cells of a page, as running them in page order would make them."""
    last: dict[str, Cell] = {}
    definitions = Definitions()
    modules: set[str] = set()
    found: list[Flow] = []
    for cell in cells:
        if not cell.runs:
            continue
        names = code_names(cell.source)
        modules |= names.modules
        reads: dict[str, set[str]] = {}
        writers: dict[str, Cell] = {}
        for name in needs_when_run(names, definitions):
            writer = last.get(name)
            if writer is not None:
                reads.setdefault(writer.cell_id, set()).add(name)
                writers[writer.cell_id] = writer
        found.extend(Flow(writers[key], cell, frozenset(value)) for key, value in reads.items())
        definitions.add(names)
        for name in names.deletes:
            last.pop(name, None)
        last.update(dict.fromkeys(writes(names, modules), cell))
    return tuple(found)


def value_flows(cells: Sequence[Cell]) -> tuple[Flow, ...]:
    """Return the flows of values; names that import statements bind are tools, and are left out."""
    imported = {cell.cell_id: _imported(cell) for cell in cells}
    found = (replace(flow, names=flow.names - imported[flow.writer.cell_id]) for flow in flows(cells))
    return tuple(flow for flow in found if flow.names)


def _imported(cell: Cell) -> frozenset[str]:
    if "import" not in cell.source or cell.tree is None:
        return frozenset()
    names = (
        (alias.asname or alias.name).partition(".")[0]
        for node in ast.walk(cell.tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    )
    return frozenset(names)


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
        for name in sorted(names.needs.union(*names.deferred.values(), *names.methods.values()) - bound):
            needs.setdefault(name, cell)
    return needs
