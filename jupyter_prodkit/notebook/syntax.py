"""Parsing a cell's code without a sound: what Python has to say about it, it says when the cell runs."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

__all__ = ["parsed", "shared_tree"]

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


@contextmanager
def _unwarned() -> Iterator[None]:
    # Not `catch_warnings`: that makes Python forget which warnings the user's cells have shown already.
    filters = warnings.filters
    warnings.filters = [("ignore", None, Warning, None, 0)]
    try:
        yield
    finally:
        warnings.filters = filters
