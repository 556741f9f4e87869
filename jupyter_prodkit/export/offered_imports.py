"""Imports that no cell on the page makes and marked cells need: offered where it is known what a name stands for."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from jupyter_prodkit.export.held_imports import imports_held
from jupyter_prodkit.export.import_conventions import customary_import
from jupyter_prodkit.export.imports import PageImports, imports_inside
from jupyter_prodkit.export.locked import Locked
from jupyter_prodkit.notebook.document import Cell, Notebook
from jupyter_prodkit.notebook.names import CodeNames, code_names
from jupyter_prodkit.session.kernel import LiveKernel

__all__ = ["NO_OFFERS", "ImportOffers", "OfferedImport", "import_offers", "with_imports_above"]

_ABOVE = "offered-imports"
Uses = Mapping[str, frozenset[str | None]]
"""Name → what the page takes of it: `array` of `np.array`, None where it stands alone."""


@dataclass(frozen=True, slots=True)
class OfferedImport:
    """An import that would come along."""

    name: str
    lines: tuple[str, ...]
    """`import numpy as np`; several where a name stands for parts of one package."""
    why: str
    """How it is known that the name stands for this."""
    readers: tuple[Cell, ...]
    """The cells that read the name, in page order; of an import that comes along, those of the package."""

    @property
    def line(self) -> str:
        """The statements as one line."""
        return "; ".join(self.lines)

    @property
    def sentence(self) -> str:
        """The line, which cell needs it, and how it is known."""
        return f"{self.line} (for {self.readers[0].label}, as no cell makes `{self.name}`; {self.why})"


@dataclass(frozen=True)
class ImportOffers:
    """What could be imported for names that the page reads and nothing on it makes."""

    known: Mapping[str, OfferedImport] = field(default_factory=dict)
    hints: Mapping[str, str] = field(default_factory=dict)
    """What to do about names whose import is known and not in the lock."""
    lines: tuple[str, ...] = ()
    """All that the names stand for, by which the page is read: a plot is one without the import of its library, too."""
    locked: tuple[str, ...] = ()
    """Those of the lines that the lock has; with them above it, the notebook runs."""

    def added_to(self, imports: PageImports) -> PageImports:
        """Return the page's imports with these."""
        offered = {name: one.lines for name, one in self.known.items()}
        return replace(imports, statements={**imports.statements, **offered})

    def used(self, names: Iterable[str], cells: Collection[str]) -> tuple[OfferedImport, ...]:
        """Return those that give `names`, sorted; `cells` are the ids of what the package is made of."""
        found = [self.known[name] for name in sorted(self.known.keys() & set(names))]
        here = [tuple(cell for cell in one.readers if cell.cell_id in cells) for one in found]
        return tuple(replace(one, readers=own or one.readers) for one, own in zip(found, here, strict=True))


NO_OFFERS = ImportOffers()


def import_offers(
    notebook: Notebook, lock: Callable[[], Locked], kernel: LiveKernel | None, earlier: Mapping[str, object]
) -> ImportOffers:
    """Return what can be offered, by the best evidence there is for each name.

    That is what the kernel holds; then what an `earlier` export took along, an import inside a function of the page,
    and what a name stands for everywhere. Raises ExportError where no `lock` is there to look into.
    """
    uses = missing_names(notebook)
    if not uses:
        return NO_OFFERS
    found = dict(_known(notebook, uses, kernel, earlier))
    if not found:
        return NO_OFFERS
    locked, known, hints = lock(), dict[str, OfferedImport](), dict[str, str]()
    for name, one in found.items():
        lacking = [module for line in one.lines if not locked.has(module := line.split()[1])]
        if lacking:
            root = lacking[0].partition(".")[0]
            hints[name] = f"`{one.line}` would make `{name}`, but the lock does not have {root}. {locked.advice(root)}"
        else:
            known[name] = one
    lines = tuple(dict.fromkeys(line for one in found.values() for line in one.lines))
    return ImportOffers(known, hints, lines, tuple(dict.fromkeys(line for one in known.values() for line in one.lines)))


def with_imports_above(notebook: Notebook, lines: Sequence[str]) -> Notebook:
    """Return the page with a first cell that makes the imports."""
    if not lines:
        return notebook
    return replace(notebook, cells=(Cell(_ABOVE, -1, "code", "\n".join(lines)), *notebook.cells))


def missing_names(notebook: Notebook) -> Uses:
    """Return the names that cells read and nothing on the page makes, none where a star import may make them."""
    every = [code_names(cell.source) for cell in notebook.code_cells]
    trees = [cell.tree for cell in notebook.code_cells if cell.tree is not None]
    if any(_is_star(node) for tree in trees for node in ast.walk(tree)):
        return {}
    read = {name for one in every for name in _reads(one)}
    made = {name for one in every for name in one.binds | one.deletes | one.rebinds_when_called}
    uses: dict[str, set[str | None]] = {name: set() for name in sorted(read - made)}
    for tree in trees if uses else ():
        for name, taken in _uses(tree):
            if name in uses:
                uses[name].add(taken)
    return {name: frozenset(taken) for name, taken in uses.items()}


def _reads(names: CodeNames) -> frozenset[str]:
    """What a cell reads, itself or by what it defines."""
    return names.needs.union(*names.deferred.values(), *names.methods.values())


def _is_star(node: ast.AST) -> bool:
    return isinstance(node, ast.ImportFrom) and node.names[0].name == "*"


def _uses(tree: ast.AST) -> Iterator[tuple[str, str | None]]:
    owners = {node.value: node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id, owners.get(node)


def _known(
    notebook: Notebook, uses: Uses, kernel: LiveKernel | None, earlier: Mapping[str, object]
) -> Iterator[tuple[str, OfferedImport]]:
    held = imports_held(kernel, uses) if kernel is not None else {}
    inside = imports_inside(notebook.code_cells)
    for name, taken in uses.items():
        lines, why = held.get(name), "the kernel has it so"
        if name not in held:  # else it is what the kernel has: a value perhaps, whatever the name stands for elsewhere
            lines, why = _statements(name, earlier.get(name)), "the last export had it so"
            if lines is None and len(inside.get(name, ())) == 1:
                lines, why = tuple(inside[name]), "a function of the page imports it so"
            found = customary_import(name, taken)
            if lines is None and found is not None:
                lines, why = (found[0],), found[1]
        if lines is not None:
            readers = tuple(cell for cell in notebook.code_cells if name in _reads(code_names(cell.source)))
            yield name, OfferedImport(name, lines, why, readers)


def _statements(name: str, recorded: object) -> tuple[str, ...] | None:
    """The import statements that a release record has for a name; None where it has anything else."""
    try:
        body = ast.parse(str(recorded)).body if isinstance(recorded, str) else []
    except (SyntaxError, ValueError):
        return None
    bound = [
        (alias.asname or alias.name).partition(".")[0]
        for one in body
        if isinstance(one, (ast.Import, ast.ImportFrom))
        for alias in one.names
    ]
    if not body or len(bound) != len(body) or set(bound) != {name}:
        return None
    return tuple(ast.unparse(one) for one in body)
