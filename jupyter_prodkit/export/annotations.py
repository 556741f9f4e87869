"""The type of a setting: what its annotation in the notebook says, else what its value is."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

__all__ = ["annotation_of", "fits", "plain_annotation"]

_PLAIN = {kind.__name__: kind for kind in (bool, int, float, str, list, dict, tuple)}


def plain_annotation(node: ast.expr, value: ast.expr) -> str:
    """Return the annotation where it is made of builtin types only, else nothing; `= None` makes it optional."""
    if not _is_plain(node):
        return ""
    text = ast.unparse(node)
    optional = any(isinstance(part, ast.Constant) and part.value is None for part in ast.walk(node))
    is_none = isinstance(value, ast.Constant) and value.value is None
    return f"{text} | None" if is_none and not optional else text


def annotation_of(value: Any) -> str:
    """Return the annotation that a literal calls for; None alone may become a text."""
    return "str | None" if value is None else _kind(value)


def fits(value: Any, annotation: str) -> bool:
    """Return whether a value is what a plain annotation says; a whole number is a number as well."""
    return _fits(value, ast.parse(annotation, mode="eval").body)


def _kind(value: Any) -> str:
    if value is None:
        return "None"
    if isinstance(value, tuple):
        return f"tuple[{', '.join(map(_kind, value)) or '()'}]"
    if isinstance(value, list):
        return f"list[{_kinds(value)}]"
    if isinstance(value, dict):
        return f"dict[{_kinds(value)}, {_kinds(value.values())}]"
    return type(value).__name__


def _kinds(values: Iterable[Any]) -> str:
    kinds = {_kind(value) for value in values}
    if kinds <= {"None"}:
        kinds.add("str")
    return " | ".join(sorted(kinds - {"None"}) + sorted(kinds & {"None"}))


def _is_plain(node: ast.expr) -> bool:
    if isinstance(node, ast.Name):
        return node.id in _PLAIN
    if isinstance(node, ast.Constant):
        return node.value is None or node.value is ...
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.BitOr) and _is_plain(node.left) and _is_plain(node.right)
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
        return node.value.id in {"list", "dict", "tuple"} and all(map(_is_plain, _arguments(node)))
    return False


def _arguments(node: ast.Subscript) -> list[ast.expr]:
    return list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]


def _fits(value: Any, node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp):
        return _fits(value, node.left) or _fits(value, node.right)
    if isinstance(node, ast.Constant):
        return value is None
    if isinstance(node, ast.Name):
        return type(value) is _PLAIN[node.id] or (node.id == "float" and type(value) is int)
    assert isinstance(node, ast.Subscript)
    return _fits(value, node.value) and _elements_fit(value, _arguments(node))


def _elements_fit(value: Any, kinds: list[ast.expr]) -> bool:
    if isinstance(value, dict):
        pairs = [one for pair in value.items() for one in zip(pair, kinds, strict=False)]
        return all(_fits(one, kind) for one, kind in pairs)
    if not kinds:
        return not value
    repeated = isinstance(kinds[-1], ast.Constant) and kinds[-1].value is ...
    if isinstance(value, list) or repeated:
        return all(_fits(one, kinds[0]) for one in value)
    return len(kinds) == len(value) and all(map(_fits, value, kinds))
