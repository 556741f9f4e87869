"""From cells marked `parameters` to the fields of a typed config: names, types, defaults and the words beside them."""

from __future__ import annotations

import ast
import io
import json
import keyword
import re
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from jupyter_prodkit.check.rules.secret_texts import named_secrets, secrets_in
from jupyter_prodkit.errors import ExportError
from jupyter_prodkit.export.annotations import annotation_of, fits, plain_annotation
from jupyter_prodkit.notebook.document import Cell
from jupyter_prodkit.release import without_credentials

__all__ = ["TAKEN", "Parameter", "is_secret", "literal_value", "read_parameters"]

_SECRET = re.compile(
    r"(?:^|_)(?:password|passwd|pwd|secret|token|api_?key|access_?key|private_?key|credentials?)(?:_|$)", re.IGNORECASE
)
_SPECIAL_TOKEN = re.compile(r"\W.*\W")
"""`<pad>`, `[SEP]`: what text models call a token."""

# What every pydantic-settings class has, what its own annotations name, and what the environment says otherwise.
TAKEN = frozenset(
    {
        "data_root",
        "data_revision",
        *("bool", "bytes", "float", "int", "list", "object", "str", "tuple", "type", "config"),
        *("construct", "copy", "dict", "from_orm", "json", "parse_file", "parse_obj", "parse_raw", "schema"),
        *(
            "schema_json",
            "settings_cached",
            "settings_clear_cache",
            "settings_customise_sources",
            "update_forward_refs",
            "validate",
        ),
        *("model_computed_fields", "model_config", "model_construct", "model_copy", "model_dump", "model_dump_json"),
        *("model_extra", "model_fields", "model_fields_set", "model_json_schema", "model_parametrized_name"),
        *("model_post_init", "model_rebuild", "model_validate", "model_validate_json", "model_validate_strings"),
    }
)
_SHOWN = 60


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
    is_path: bool = False
    """Whether it is a path that was lifted from the code: a relative one starts at the data root."""
    only_written: bool = False
    """Whether it was lifted from calls that write it, and from no other: what it leads to is no input."""
    made_by: str = ""
    """The class that the notebook made of it, as its code calls it: `Path`; empty where it is a plain value."""

    @property
    def default_code(self) -> str:
        """The default as Python code."""
        return repr(self.default)

    @property
    def default_json(self) -> str:
        """The default as a variable of the environment would say it."""
        return self.default if isinstance(self.default, str) else json.dumps(self.default, ensure_ascii=False)


def is_secret(name: str, value: Any) -> bool:
    """Return whether a value of that name must not be written down: it is called a secret, or is a URL with one."""
    if isinstance(value, str) and (without_credentials(value) != value or secrets_in(value)):
        return True
    written = value is None or (isinstance(value, str) and not _SPECIAL_TOKEN.fullmatch(value))
    return written and _SECRET.search(name) is not None


def read_parameters(cells: Iterable[Cell]) -> tuple[Parameter, ...]:
    """Return the parameters that the marked cells assign, the last assignment of a name counting.

    Raises ExportError for a statement that is not `NAME = literal`, for a name that can't be a setting's, and for two
    names that make one setting.
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
    default = _literal(cell, statement, value)
    field = name.lower().strip("_")
    if not field.isidentifier() or keyword.iskeyword(field) or field in TAKEN:
        raise ExportError(
            f"The parameter `{name}` ({cell.label}) would become the setting `{field}`, a name that is taken.",
            f"Rename the parameter, for example `{name.strip('_')}_VALUE`.",
        )
    secret = is_secret(name, default)
    comment = comments.get(statement.end_lineno or 0, "")
    inside = [] if secret else [*named_secrets(ast.unparse(statement)), *secrets_in(ast.unparse(statement))]
    if inside or secrets_in(comment):
        where = "in its value" if inside else "in the comment beside it"
        raise ExportError(
            f"The parameter `{name}` ({cell.label}) holds a secret {where}, which would stand in the package.",
            "Make the secret a parameter of its own, for example `PASSWORD = ...`: only the environment has its value.",
        )
    kind = annotation or annotation_of(default)
    if not fits(default, kind):
        raise ExportError(
            f"The parameter `{name}` ({cell.label}) is annotated `{kind}`, and its value is {default!r}.",
            "Let the annotation say what the value is.",
        )
    yield Parameter(name, field, kind, None if secret else default, secret, comment)


def _assignment(cell: Cell, statement: ast.stmt) -> tuple[str, str, ast.expr]:
    annotation = ""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target, value = statement.targets[0], statement.value
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        target, value = statement.target, statement.value
        annotation = plain_annotation(statement.annotation, value)
    else:
        raise _refused(cell, statement)
    if not isinstance(target, ast.Name):
        raise _refused(cell, statement)
    return target.id, annotation, value


def _literal(cell: Cell, statement: ast.stmt, value: ast.expr) -> Any:
    try:
        return literal_value(value)
    except ValueError:
        raise _refused(cell, statement) from None


def literal_value(node: ast.expr) -> Any:
    """Return what a literal stands for. Raises ValueError for what YAML and the environment can't carry."""
    try:
        value = ast.literal_eval(node)
        json.dumps(value, allow_nan=False)
    except TypeError as error:
        raise ValueError(str(error)) from error
    if not _has_plain_keys(value):
        raise ValueError("a key is neither a text nor a number")
    return value


def _has_plain_keys(value: Any) -> bool:
    if isinstance(value, dict):
        return all(type(key) in {str, int, float} and _has_plain_keys(one) for key, one in value.items())
    return all(map(_has_plain_keys, value)) if isinstance(value, (list, tuple)) else True


def _refused(cell: Cell, statement: ast.stmt) -> ExportError:
    return ExportError(
        f"{cell.label.capitalize()} is marked `parameters`, and its line {statement.lineno} is not `NAME = literal`: "
        f"{ast.unparse(statement)[:_SHOWN]}",
        "Keep plain values in this cell (numbers, texts, lists, dictionaries) and move the rest to another cell.",
    )


def _comments(source: str) -> dict[int, str]:
    """The comment at the end of each line."""
    found = {}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and token.line[: token.start[1]].strip():
            found[token.start[0]] = token.string.lstrip("# ").strip()
    return found
