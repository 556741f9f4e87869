"""What may stand in a marked cell: each demand with the words that say what is wrong and what to do."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from jupyter_prodkit.errors import ExportError
from jupyter_prodkit.export.imports import star_imports
from jupyter_prodkit.export.parameters import is_secret
from jupyter_prodkit.export.quiet import loud_statement
from jupyter_prodkit.notebook.document import Cell
from jupyter_prodkit.release import without_credentials

__all__ = ["can_be_exported", "check_cell"]

_SHOWN = 60


def check_cell(cell: Cell) -> None:
    """Raise ExportError where a cell marked `export` can't stand in a module."""
    marked = f"{cell.label.capitalize()} is marked `export`"
    fault = _fault(cell.python)
    if fault or cell.tree is None:
        raise ExportError(f"{marked} and is not valid Python: {fault}.", "Mend the cell.")
    if "get_ipython" in {node.id for node in ast.walk(cell.tree) if isinstance(node, ast.Name)}:
        raise ExportError(
            f"{marked} and uses a magic or a shell line, which exist in notebooks only.",
            "Move it to a cell of its own, without the mark.",
        )
    for text in star_imports(cell):
        raise ExportError(
            f"{marked} and holds `{text}`, which does not say what it brings.",
            "Import by name, from an installed package: `from package import name`.",
        )
    loud = loud_statement(cell.tree.body)
    if loud is not None:
        raise ExportError(
            f"{marked}, and its line {loud.lineno} would run on import: {_first_line(loud)}",
            "Put it into a function, or into a cell without the mark: importing a package must do nothing.",
        )
    for line in _secrets(cell.tree):
        raise ExportError(
            f"{marked}, and its line {line} holds a secret, which would stand in the package for all to read.",
            "Move it to a cell marked `parameters`: there it becomes a setting whose value only the environment has.",
        )


def can_be_exported(cell: Cell) -> bool:
    """Return whether the cell, marked `export`, could stand in a module."""
    try:
        check_cell(cell)
    except ExportError:
        return False
    return not cell.marks.parameters


def _fault(python: str) -> str:
    try:
        compile(python, "cell", "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        return f"{error.msg} (line {error.lineno})" if isinstance(error, SyntaxError) else str(error)
    return ""


def _first_line(statement: ast.stmt) -> str:
    return ast.unparse(statement).splitlines()[0][:_SHOWN]


def _secrets(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(node, ast.Constant) and isinstance(text, str) and without_credentials(text) != text:
            yield node.lineno
        for name, value in _named_values(node):
            if isinstance(value, ast.Constant) and value.value and is_secret(name, value.value):
                yield value.lineno


def _named_values(node: ast.AST) -> Iterator[tuple[str, ast.expr | None]]:
    if isinstance(node, ast.Assign):
        yield from ((target.id, node.value) for target in node.targets if isinstance(target, ast.Name))
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        yield node.target.id, node.value
    elif isinstance(node, ast.keyword) and node.arg:
        yield node.arg, node.value
