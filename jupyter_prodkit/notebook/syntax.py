"""Parsing a cell's code without a sound: what Python has to say about it, it says when the cell runs."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["parsed"]


def parsed(python: str) -> ast.Module | None:
    """Return the syntax tree of `python`, or None where it is not valid Python."""
    try:
        if "\\" not in python:
            return ast.parse(python)
        with _unwarned():  # of an escape that is none, as in "\d"
            return ast.parse(python)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


@contextmanager
def _unwarned() -> Iterator[None]:
    # Not `catch_warnings`: that makes Python forget which warnings the user's cells have shown already.
    filters = warnings.filters
    warnings.filters = [("ignore", None, Warning, None, 0)]
    try:
        yield
    finally:
        warnings.filters = filters
