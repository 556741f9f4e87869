"""Literals that the user picks by a comment beside them, and constants that are paths, URLs or seeds, become settings.

This module is imported only where an export runs: libcst comes with the extra `export`.
"""

from __future__ import annotations

import ast
import io
import keyword
import re
import tokenize
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import libcst as cst

from jupyter_prodkit.errors import ExportError
from jupyter_prodkit.export.annotations import annotation_of, fits, plain_annotation
from jupyter_prodkit.export.exportable import HOW_TO_PICK
from jupyter_prodkit.export.literals import kind_of, path_made
from jupyter_prodkit.export.parameters import TAKEN, Parameter, is_secret, literal_value
from jupyter_prodkit.notebook.document import Cell

__all__ = ["Picked"]

_PICK = re.compile(r"#\s*\|\s*setting\b[ \t]*(?P<name>\S*)[ \t]*\Z")
_Commented = cst.BaseParenthesizableWhitespace | cst.TrailingWhitespace


@dataclass
class Picked:
    """Takes picked literals and lifted constants out of the code, and remembers under which names."""

    page: Collection[str]
    """Names that stand for something on the page."""
    fields: Collection[str]
    """The settings that there are already."""
    liftable: Collection[str] = ()
    """Constants that may become settings unasked: bound once, and read in functions alone."""
    found: dict[str, Parameter] = field(default_factory=dict)
    """By the setting's name."""

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The settings that came of it, in page order."""
        return tuple(self.found.values())

    def take(self, cell: Cell) -> str:
        """Return the cell's code with names of settings in place of what was picked; constants that were go.

        Raises ExportError for a pick beside no literal, of a secret, under a name that is taken, and of a constant
        under another name than its own.
        """
        code = cst.parse_module(cell.python).visit(_Picker(self, cell.label)).code
        for token in tokenize.generate_tokens(io.StringIO(code).readline):
            if token.type == tokenize.COMMENT and _PICK.search(token.string):
                line = token.line.strip()
                raise ExportError(
                    f"{cell.label.capitalize()} picks a setting where no single literal has a name: {line}",
                    HOW_TO_PICK,
                )
        return code

    def enter(
        self,
        name: str,
        value: Any,
        comment: str,
        label: str,
        *,
        constant: bool,
        annotation: str = "",
        made_by: str = "",
    ) -> str:
        """Remember a setting, and return the name that stands for it in the code."""
        setting = name.lower().strip("_")
        if is_secret(name, value):
            raise ExportError(
                f"{label.capitalize()} picks `{name}` as a setting, and it holds a secret.",
                "Move it to a cell marked `parameters`: there it becomes a setting that only the environment has.",
            )
        known = self.found.get(setting)
        taken = setting in TAKEN or setting in self.fields or (known is not None and known.default != value)
        if not setting.isidentifier() or keyword.iskeyword(setting) or taken:
            raise ExportError(
                f"{label.capitalize()} picks the setting `{setting}`, a name that can't be had or has another value.",
                "Give it another one: `#| setting learning_rate`.",
            )
        if known is None:
            stands = name if constant else setting.upper()
            while not constant and stands in self.page:
                stands = f"{stands}_SETTING"
            is_path = bool(made_by) or (constant and kind_of(name, value) == "path")
            kind = annotation if annotation and fits(value, annotation) else annotation_of(value)
            known = self.found[setting] = Parameter(
                stands, setting, kind, value, False, comment, is_path, made_by=made_by
            )
        return known.name

    def lifts(self, name: str, value: Any, made_by: str = "") -> bool:
        """Return whether a constant becomes a setting unasked."""
        setting = name.lower().strip("_")
        free = setting not in TAKEN and setting not in self.fields and setting not in self.found
        good = setting.isidentifier() and not keyword.iskeyword(setting) and free
        is_place = bool(made_by) or kind_of(name, value) is not None
        return good and name in self.liftable and is_place and not is_secret(name, value)


class _Picker(cst.CSTTransformer):
    def __init__(self, picked: Picked, label: str) -> None:
        super().__init__()
        self._picked = picked
        self._label = label
        self._around: list[type[cst.CSTNode]] = []

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:  # noqa: N802
        self._around.append(type(node))

    def leave_FunctionDef(  # noqa: N802
        self,
        original_node: cst.FunctionDef,  # noqa: ARG002
        updated_node: cst.FunctionDef,
    ) -> cst.FunctionDef:
        self._around.pop()
        return updated_node

    def visit_ClassDef(self, node: cst.ClassDef) -> None:  # noqa: N802
        self._around.append(type(node))

    def leave_ClassDef(self, original_node: cst.ClassDef, updated_node: cst.ClassDef) -> cst.ClassDef:  # noqa: N802, ARG002
        self._around.pop()
        return updated_node

    def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> cst.Arg:  # noqa: N802, ARG002
        """`n_estimators=100,  #| setting` in a call of several lines."""
        comma = updated_node.comma.whitespace_after if isinstance(updated_node.comma, cst.Comma) else None
        for space in (comma, updated_node.whitespace_after_arg):
            text = _comment(space)
            match = _PICK.search(text)
            if match is None or not self._in_function or not _is_named_literal(updated_node):
                continue
            said = text[: match.start()].rstrip()
            changed = self._argument(updated_node, match["name"], said)
            if space is comma and isinstance(changed.comma, cst.Comma):
                return changed.with_changes(comma=changed.comma.with_changes(whitespace_after=_said(comma, said)))
            return changed.with_changes(whitespace_after_arg=_said(updated_node.whitespace_after_arg, said))
        return updated_node

    def leave_SimpleStatementLine(  # noqa: N802
        self,
        original_node: cst.SimpleStatementLine,  # noqa: ARG002
        updated_node: cst.SimpleStatementLine,
    ) -> cst.SimpleStatementLine | cst.RemovalSentinel:
        text = _comment(updated_node.trailing_whitespace)
        match = _PICK.search(text)
        said = text[: match.start()].rstrip() if match is not None else text
        name, value, annotation = _assigned(updated_node)
        if not self._around:
            made_by = ""
            if not name:
                name, value, made_by = _made_path(updated_node)
            if name and (match is not None or self._picked.lifts(name, value, made_by)):
                if match is not None and match["name"] not in ("", name, name.lower()):
                    raise ExportError(
                        f"{self._label.capitalize()} picks the constant `{name}` as the setting `{match['name']}`.",
                        "A constant keeps its name, as what reads it says that: write `#| setting` alone beside it.",
                    )
                self._picked.enter(
                    name, value, _words(said), self._label, constant=True, annotation=annotation, made_by=made_by
                )
                return cst.RemoveFromParent()
            return updated_node
        if match is None or not self._in_function:
            return updated_node
        changed: cst.CSTNode = updated_node
        if name:
            stands = self._picked.enter(
                match["name"] or name, value, _words(said), self._label, constant=False, annotation=annotation
            )
            changed = updated_node.with_deep_changes(updated_node.body[0], value=cst.Name(stands))
        else:
            finder = _Literals()
            updated_node.visit(finder)
            named = [one for one in finder.found if match["name"] == one.keyword.value] if match["name"] else []  # type: ignore[union-attr]
            chosen = named or finder.found
            if len(chosen) != 1:
                return updated_node
            changed = updated_node.deep_replace(chosen[0], self._argument(chosen[0], match["name"], said))
        line = cst.ensure_type(changed, cst.SimpleStatementLine)
        return line.with_changes(trailing_whitespace=_said(line.trailing_whitespace, said))

    @property
    def _in_function(self) -> bool:
        return cst.FunctionDef in self._around

    def _argument(self, argument: cst.Arg, name: str, said: str) -> cst.Arg:
        assert argument.keyword is not None
        value = _literal(argument.value)
        stands = self._picked.enter(name or argument.keyword.value, value, _words(said), self._label, constant=False)
        return argument.with_changes(value=cst.Name(stands))


class _Literals(cst.CSTVisitor):
    """The arguments of calls that are named literals."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[cst.Arg] = []

    def visit_Arg(self, node: cst.Arg) -> None:  # noqa: N802
        if _is_named_literal(node):
            self.found.append(node)


_NONE = object()


def _is_named_literal(argument: cst.Arg) -> bool:
    return argument.keyword is not None and _literal(argument.value) is not _NONE


def _assigned(line: cst.SimpleStatementLine) -> tuple[str, Any, str]:
    """Name, value and annotation of `NAME = literal`; an empty name for anything else."""
    small = line.body[0] if len(line.body) == 1 else None
    if isinstance(small, cst.Assign) and len(small.targets) == 1:
        target, value, annotation = small.targets[0].target, small.value, None
    elif isinstance(small, cst.AnnAssign) and small.value is not None:
        target, value, annotation = small.target, small.value, small.annotation.annotation
    else:
        return "", None, ""
    literal = _literal(value)
    if not isinstance(target, cst.Name) or literal is _NONE:
        return "", None, ""
    plain = "" if annotation is None else plain_annotation(_expression(annotation), _expression(value))
    return target.value, literal, plain


def _made_path(line: cst.SimpleStatementLine) -> tuple[str, str, str]:
    """Name, text and class of `NAME = Path("data")`; an empty name for anything else."""
    parsed = ast.parse(cst.Module(body=[line]).code).body
    statement = parsed[0] if len(parsed) == 1 else None
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    targets = [statement.target] if isinstance(statement, ast.AnnAssign) else targets
    made = path_made(getattr(statement, "value", None)) if len(targets) == 1 else None
    return (targets[0].id, *made) if made is not None and isinstance(targets[0], ast.Name) else ("", "", "")


def _literal(node: cst.BaseExpression) -> Any:
    """The value of a literal that YAML and the environment can carry; `_NONE` for anything else."""
    try:
        return literal_value(_expression(node))
    except (ValueError, SyntaxError):
        return _NONE


def _expression(node: cst.BaseExpression) -> ast.expr:
    return ast.parse(cst.Module(body=[]).code_for_node(node).strip(), mode="eval").body


def _comment(space: object) -> str:
    line = space.first_line if isinstance(space, cst.ParenthesizedWhitespace) else space
    comment = line.comment if isinstance(line, cst.TrailingWhitespace) else None
    return "" if comment is None else comment.value


def _said(space: _Commented | None, comment: str) -> _Commented | None:
    """The same white space with what is left of the comment."""
    if isinstance(space, cst.ParenthesizedWhitespace):
        return space.with_changes(first_line=_said(space.first_line, comment))
    if not isinstance(space, cst.TrailingWhitespace):
        return space
    if comment.strip("# "):
        return space.with_changes(comment=cst.Comment(comment))
    return space.with_changes(comment=None, whitespace=cst.SimpleWhitespace(""))


def _words(comment: str) -> str:
    return comment.lstrip("# ").strip()
