"""Parsing a cell's code without a sound: what Python has to say about it, it says when the cell runs."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache

__all__ = ["nodes", "parsed", "shared_tree", "structure"]

_LONGEST_REMEMBERED = 100_000  # a tree takes a hundred times the memory of its text


def parsed(python: str) -> ast.Module | None:
    """Return the syntax tree of `python`, or None where it is not valid Python."""
    try:
        if "\\" not in python:
            return ast.parse(python)
        with _unwarned():  # of an escape that is none, as in "\d"
            return ast.parse(python)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def shared_tree(python: str) -> ast.Module | None:
    """Return the same as `parsed`; several may get the very same tree, so none of them may change it."""
    return _remembered(python) if len(python) < _LONGEST_REMEMBERED else parsed(python)


@lru_cache(maxsize=16)
def _remembered(python: str) -> ast.Module | None:
    return parsed(python)


def structure(tree: ast.AST) -> str:
    """Return a text that is the same for the same code, and for no other: comments, line breaks and places don't count.

    What a Python of another version adds to its trees doesn't count either, where the code makes no use of it.
    Raises RecursionError for a sum of a thousand terms.
    """
    parts: list[str] = []
    _put_structure(tree, parts.append)
    return "".join(parts)


def _put_structure(node: ast.AST, put: Callable[[str], object]) -> None:
    # `ast.dump` takes more than twice the time, and this is done for each cell that runs.
    put(node.__class__.__name__)
    put("(")
    for name in node._fields:
        value = getattr(node, name, None)
        if value is None or value == [] or name == "ctx":  # where a name stands says whether it is read or bound
            continue
        put(f"{name}=")
        if isinstance(value, ast.AST):
            _put_structure(value, put)
        elif type(value) is list:
            for one in value:
                _put_structure(one, put) if isinstance(one, ast.AST) else put(repr(one))
                put(",")
        else:
            put(repr(value))
        put(";")
    put(")")


def nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield every node of a syntax tree in the order of the text, but for those that only say load, store or delete."""
    pending = [tree]
    while pending:
        node = pending.pop()
        yield node
        found: list[ast.AST] = []
        for name in node._fields:
            value = getattr(node, name, None)
            if type(value) is list:
                found += [one for one in value if isinstance(one, ast.AST)]
            elif isinstance(value, ast.AST) and name != "ctx":
                found.append(value)
        found.reverse()
        pending += found


@contextmanager
def _unwarned() -> Iterator[None]:
    # Not `catch_warnings`: that makes Python forget which warnings the user's cells have shown already.
    filters = warnings.filters
    warnings.filters = [("ignore", None, Warning, None, 0)]
    try:
        yield
    finally:
        warnings.filters = filters
