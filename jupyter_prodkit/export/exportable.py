"""What may stand in a marked cell: each demand with the words that say what is wrong and what to do."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import NoReturn

from jupyter_prodkit.check.rules.secret_texts import named_secrets, secrets_in
from jupyter_prodkit.errors import ExportError
from jupyter_prodkit.export.imports import star_imports
from jupyter_prodkit.export.left_behind import magic_refused, only_shows
from jupyter_prodkit.export.parameters import is_secret
from jupyter_prodkit.export.quiet import loud_statement
from jupyter_prodkit.export.statements import Statement
from jupyter_prodkit.notebook.document import Cell
from jupyter_prodkit.release import without_credentials

__all__ = ["HOW_TO_PICK", "can_be_exported", "check_cell", "check_needed", "check_step_cell", "without_magics"]

_SHOWN = 60
_PICK_ALONE = re.compile(r"^[ \t]*#[ \t]*\|[ \t]*setting\b", re.MULTILINE)
HOW_TO_PICK = "Write `#| setting` beside `NAME = literal`, or beside one `name=literal` of a call."
_TO_PARAMETERS = (
    "Move it to a cell marked `parameters`: there it becomes a setting whose value only the environment has."
)


def check_cell(cell: Cell) -> None:
    """Raise ExportError where a cell marked `export` can't stand in a module."""
    marked = f"{cell.label.capitalize()} is marked `export`"
    tree = _check_python(cell, marked)
    loud = loud_statement(tree.body)
    if loud is not None:
        raise ExportError(
            f"{marked}, and its line {loud.lineno} would run on import: {_first_line(loud)}",
            "Put it into a function, or mark the cell as a step (`#| step train`): importing must do nothing.",
        )
    _check_secrets(cell.source, tree, marked)


def check_step_cell(cell: Cell) -> None:
    """Raise ExportError where a cell marked as a step can't stand in a function."""
    marked = f"{cell.label.capitalize()} is marked as the step `{cell.marks.step}`"
    _check_secrets(cell.source, _check_python(cell, marked), marked)


def check_needed(statement: Statement) -> None:
    """Raise ExportError where a statement that nobody marked, and marked cells need, holds a secret."""
    if next(_secrets(statement.text, ast.parse(statement.text)), None) is not None:
        names = ", ".join(f"`{name}`" for name in sorted(statement.binds)) or "what it does"
        raise ExportError(
            f"{statement.cell.label.capitalize()}, which the marked cells need for {names}, holds a secret; it would "
            "stand in the package for all to read.",
            _TO_PARAMETERS,
        )


def without_magics(cell: Cell) -> Cell:
    """Return the cell without the magics that have no meaning in a package, such as `%matplotlib inline`."""
    if cell.tree is None or "get_ipython" not in cell.python:
        return cell
    from jupyter_prodkit.export.code_blocks import split

    kept = [text for text in split(cell.python) if not _is_magic(text)]
    head = [line for line in cell.source.splitlines() if line.lstrip().startswith(("#|", "# |"))]
    return replace(cell, source="\n".join([*head, *kept]))


def _is_magic(text: str) -> bool:
    body = ast.parse(text).body
    return all(isinstance(one, ast.Expr) and "get_ipython" in text and only_shows(one, ()) for one in body)


def _check_python(cell: Cell, marked: str) -> ast.Module:
    """Return the syntax tree of what is plain Python, and says where its names come from."""
    fault = _fault(cell.python)
    code = [line for line in cell.source.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if fault and code and code[0].startswith("%%"):
        _refuse_magic(marked, code[0])
    if fault or cell.tree is None:
        raise ExportError(f"{marked} and is not valid Python: {fault}.", "Mend the cell.")
    magic = magic_refused(cell.tree)
    if magic is not None:
        _refuse_magic(marked, magic)
    if _PICK_ALONE.search(cell.source):
        raise ExportError(f"{marked} and picks a setting where no single literal has a name: #| setting", HOW_TO_PICK)
    for text in star_imports(cell):
        raise ExportError(
            f"{marked} and holds `{text}`, which does not say what it brings.",
            "Import by name, from an installed package: `from package import name`.",
        )
    return cell.tree


def _refuse_magic(marked: str, magic: str) -> NoReturn:
    raise ExportError(
        f"{marked} and uses a magic or a shell line, which exist in notebooks only: {_first(magic)}",
        "Move it to a cell of its own, without the mark, or say it in Python.",
    )


def _first(text: str) -> str:
    return text.splitlines()[0][:_SHOWN]


def _check_secrets(source: str, tree: ast.Module, marked: str) -> None:
    for line in _secrets(source, tree):
        raise ExportError(
            f"{marked}, and its line {line} holds a secret, which would stand in the package for all to read.",
            _TO_PARAMETERS,
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
        compile(python, "cell", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        return f"{error.msg} (line {error.lineno})" if isinstance(error, SyntaxError) else str(error)
    return ""


def _first_line(statement: ast.stmt) -> str:
    return ast.unparse(statement).splitlines()[0][:_SHOWN]


def _secrets(source: str, tree: ast.Module) -> Iterator[int]:
    yield from (one.line for one in (*secrets_in(source), *named_secrets(source)))
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
    elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and isinstance(node.target, ast.Name):
        yield node.target.id, node.value
    elif isinstance(node, ast.keyword) and node.arg:
        yield node.arg, node.value
