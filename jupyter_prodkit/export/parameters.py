"""From cells marked `parameters` to the fields of a typed config: names, types, defaults and the words beside them."""

from __future__ import annotations

import ast
import io
import json
import re
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from jupyter_prodkit.errors import ExportError
from jupyter_prodkit.notebook.document import Cell

__all__ = ["Parameter", "read_parameters"]

_SECRET = re.compile(r"(?:^|_)(?:password|passwd|pwd|secret|token|api_?key|access_?key|private_?key|credentials?)(?:_|$)")
_TAKEN = frozenset({"model_config", "model_fields", "schema", "json", "copy", "dict", "validate", "construct"})


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value that the user of the package may set."""

    name: str
    """As it stands in the notebook: `TEST_SIZE`."""
    field: str
    """As it stands in the config: `test_size`."""
    annotation: str
    default: Any
    """The literal in the notebook; None for a secret, whose value is never written."""
    secret: bool
    comment: str

    @property
    def default_code(self) -> str:
        """The default as Python code."""
        return repr(self.default)

    @property
    def default_yaml(self) -> str:
        """The default as YAML; JSON is YAML, and quotes what needs quoting."""
        return json.dumps(self.default, ensure_ascii=False)


def read_parameters(cells: Iterable[Cell]) -> tuple[Parameter, ...]:
    """Return the parameters that the marked cells assign, the last assignment of a name counting.

    Raises ExportError for a statement that is not `NAME = literal`, and for two names that make one field.
    """
    found: dict[str, Parameter] = {}
    for cell in cells:
        if cell.tree is None:
            raise ExportError(f"{cell.label.capitalize()} is marked `parameters` and is not valid Python.", "Mend it.")
        comments = _comments(cell.python)
        for statement in cell.tree.body:
            for parameter in _parameters(cell, statement, comments):
                found[parameter.name] = parameter
    fields: dict[str, str] = {}
    for parameter in found.values():
        other = fields.setdefault(parameter.field, parameter.name)
        if other != parameter.name:
            raise ExportError(
                f"The parameters `{other}` and `{parameter.name}` both become the setting `{parameter.field}`.",
                "Rename one of them.",
            )
    return tuple(found.values())


def _parameters(cell: Cell, statement: ast.stmt, comments: dict[int, str]) -> Iterator[Parameter]:
    if isinstance(statement, (ast.Import, ast.ImportFrom, ast.Pass)):
        return
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return  # a docstring
    name, annotation, value = _assignment(cell, statement)
    try:
        default = ast.literal_eval(value)
        json.dumps(default)
    except (ValueError, TypeError):
        raise _refused(cell, statement) from None
    field = name.lower().strip("_")
    if not field.isidentifier() or field in _TAKEN:
        raise ExportError(f"`{name}` ({cell.label}) can't be the name of a setting.", "Rename the parameter.")
    secret = bool(_SECRET.search(field)) and (default is None or isinstance(default, str))
    comment = comments.get(statement.end_lineno or 0, "")
    kind = annotation or annotation_of(default)
    yield Parameter(name, field, kind, None if secret else default, secret, comment)


def _assignment(cell: Cell, statement: ast.stmt) -> tuple[str, str, ast.expr]:
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target, annotation, value = statement.targets[0], "", statement.value
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        target, annotation, value = statement.target, _plain_annotation(statement.annotation), statement.value
    else:
        raise _refused(cell, statement)
    if not isinstance(target, ast.Name):
        raise _refused(cell, statement)
    return target.id, annotation, value


def _refused(cell: Cell, statement: ast.stmt) -> ExportError:
    return ExportError(
        f"{cell.label.capitalize()} is marked `parameters`, and its line {statement.lineno} is not `NAME = literal`: "
        f"{ast.unparse(statement)[:60]}",
        "Keep plain values in this cell (numbers, texts, lists, dictionaries) and move the rest to another cell.",
    )


def _plain_annotation(node: ast.expr) -> str:
    """The annotation where it names builtin types only; else the value's type decides."""
    names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    plain = names <= {"bool", "int", "float", "str", "list", "dict", "tuple"}
    return ast.unparse(node) if plain and not any(isinstance(part, ast.Attribute) for part in ast.walk(node)) else ""


def annotation_of(value: Any) -> str:
    """Return the type annotation that a literal calls for."""
    if value is None:
        return "str | None"
    if isinstance(value, (list, tuple, set)):
        kinds = sorted({annotation_of(element) for element in value})
        return f"list[{' | '.join(kinds)}]" if kinds else "list[str]"
    if isinstance(value, dict):
        kinds = sorted({annotation_of(element) for element in value.values()})
        return f"dict[str, {' | '.join(kinds)}]" if kinds else "dict[str, str]"
    return type(value).__name__


def _comments(source: str) -> dict[int, str]:
    """The comment at the end of each line."""
    found = {}
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT and token.line[: token.start[1]].strip():
                found[token.start[0]] = token.string.lstrip("# ").strip()
    except (tokenize.TokenError, SyntaxError):
        return {}
    return found
