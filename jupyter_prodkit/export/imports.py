"""The import statements of a page: which of them gives a name, as the last cell to bind it left it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from jupyter_prodkit.export.quiet import is_quiet
from jupyter_prodkit.notebook.document import Cell
from jupyter_prodkit.notebook.names import names_in

__all__ = ["PageImports", "imported_names", "imports_inside", "is_guarded_import", "read_imports", "star_imports"]

_IMPORTS = (ast.Import, ast.ImportFrom)
_ASKED = frozenset({"TYPE_CHECKING", "os", "platform", "sys", "typing"})
"""What an import may depend on that is the same before any cell has run."""


@dataclass(frozen=True)
class PageImports:
    """What the imports of a page give."""

    statements: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Name → the statements that bind it: `import a.b` and `import a.c` both bind `a`, and both are needed.

    An import in a `try` or `if` comes with all of that.
    """
    future: tuple[str, ...] = ()
    """The `from __future__` features; in a notebook they hold for every later cell."""

    def __contains__(self, name: str) -> bool:
        """Return whether an import gives the name."""
        return name in self.statements

    def with_typing(self) -> PageImports:
        """Return the same with `Any`, which signatures name where a type is not known."""
        if "Any" in self:
            return self
        return PageImports({**self.statements, "Any": ("from typing import Any",)}, self.future)

    def needed_for(self, names: Iterable[str]) -> dict[str, str]:
        """Return the statements that give `names`, each with one name it gives, and what those read in turn."""
        found: dict[str, str] = {}
        pending = [name for name in names if name in self]
        while pending:
            name = pending.pop()
            for statement in self.statements[name]:
                if statement not in found:
                    found[statement] = name
                    pending.extend(need for need in names_in(ast.parse(statement)).needs if need in self)
        return found


def imported_names(cell: Cell) -> frozenset[str]:
    """Return the names that the cell's own plain import statements bind."""
    nodes = [] if cell.tree is None else [node for node in cell.tree.body if isinstance(node, _IMPORTS)]
    return frozenset(_bound_by(alias) for node in nodes if not _is_future(node) for alias in node.names)


def imports_inside(cells: Iterable[Cell]) -> dict[str, set[str]]:
    """Return the statements by which functions and classes of the page import a name for themselves."""
    found: dict[str, set[str]] = {}
    for cell in cells:
        for statement in () if cell.tree is None else cell.tree.body:
            nodes = [] if isinstance(statement, _IMPORTS) else [*ast.walk(statement)]
            for node in nodes:
                for name, line in _lines(node) if isinstance(node, _IMPORTS) else ():
                    found.setdefault(name, set()).add(line)
    return found


def star_imports(cell: Cell) -> tuple[str, ...]:
    """Return the cell's imports that don't say what they bring, or from where: `from x import *`, `from . import x`."""
    nodes = () if cell.tree is None else ast.walk(cell.tree)
    froms = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    return tuple(ast.unparse(node) for node in froms if node.level or node.names[0].name == "*")


def is_guarded_import(statement: ast.stmt) -> bool:
    """Return whether a `try` or `if` does nothing but import, or say what holds where it can't: `lgb = None`."""
    if not isinstance(statement, (ast.If, ast.Try)) or not is_quiet(statement):
        return False
    test = [statement.test] if isinstance(statement, ast.If) else []
    asked = {node.id for one in test for node in ast.walk(one) if isinstance(node, ast.Name)}
    inside = [node for node in ast.walk(statement) if isinstance(node, ast.stmt) and node is not statement]
    says = [node.value for node in inside if isinstance(node, (ast.Assign, ast.AnnAssign))]
    imports = any(isinstance(node, _IMPORTS) for node in inside)
    return imports and asked <= _ASKED and all(isinstance(value, (ast.Constant, ast.Name)) for value in says)


def read_imports(cells: Iterable[Cell]) -> PageImports:
    """Return the imports of the page. A cell with a syntax error has none."""
    found: dict[str, tuple[str, ...]] = {}
    future: set[str] = set()
    for cell in cells:
        for statement in () if cell.tree is None else cell.tree.body:
            future |= {alias.name for node in _plain(statement) if _is_future(node) for alias in node.names}
            _take(found, statement, cell.python)
    return PageImports(found, tuple(sorted(future)))


def _take(found: dict[str, tuple[str, ...]], statement: ast.stmt, source: str) -> None:
    bound = names_in(ast.Module([statement], [])).binds
    inside = [node for node in _plain(statement) if not _is_future(node)]
    if not isinstance(statement, _IMPORTS) and inside and is_guarded_import(statement):
        text = ast.get_source_segment(source, statement) or ""
        found.update(dict.fromkeys(bound, (text,)))
        return
    given = {_bound_by(alias) for node in inside for alias in node.names}
    for name in bound - given:
        found.pop(name, None)  # whatever an import gave, it is something else now
    for node in inside:
        for name, line in _lines(node):
            same_package = [one for one in found.get(name, ()) if one.startswith("import ") and " as " not in one]
            before = same_package if line.startswith("import ") and " as " not in line else []
            found[name] = (*(one for one in before if one != line), line)


def _plain(statement: ast.stmt) -> Iterator[ast.Import | ast.ImportFrom]:
    """The imports that run when the statement runs: those in functions and classes are their own business."""
    pending: list[ast.AST] = [statement]
    while pending:
        node = pending.pop(0)
        if isinstance(node, _IMPORTS):
            yield node
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            pending.extend(ast.iter_child_nodes(node))


def _is_future(node: ast.Import | ast.ImportFrom) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _bound_by(alias: ast.alias) -> str:
    return alias.asname or alias.name.partition(".")[0]


def _lines(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    for alias in node.names:
        renamed = f"{alias.name} as {alias.asname}" if alias.asname else alias.name
        if isinstance(node, ast.Import):
            yield _bound_by(alias), f"import {renamed}"
        elif not node.level and alias.name != "*":
            yield _bound_by(alias), f"from {node.module} import {renamed}"
