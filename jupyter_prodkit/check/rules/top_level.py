"""The statements that a page runs one after the other, as the rules that follow values along the page walk them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from jupyter_prodkit.notebook.syntax import parsed
from jupyter_prodkit.notebook.transform import to_python

__all__ = ["Bound", "bindings", "constant_texts", "names_bound", "statements_of"]

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
Bound = tuple[ast.expr, ast.expr]
"""A target and the value that it gets."""


@lru_cache(maxsize=512)
def statements_of(source: str) -> tuple[ast.stmt, ...]:
    """Return a cell's statements in their order: those in branches and loops as if each ran once, functions left out.

    None of them may be changed.
    """
    tree = parsed(to_python(source))
    return () if tree is None else tuple(_flat(tree.body))


def _flat(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        if isinstance(statement, _DEFINITIONS):
            continue
        yield statement
        for inner in ("body", "orelse", "finalbody"):
            yield from _flat(getattr(statement, inner, ()))
        for handler in getattr(statement, "handlers", ()):
            yield from _flat(handler.body)


def bindings(statement: ast.stmt) -> Iterator[Bound]:
    """Yield what a statement assigns, target by target; several targets of one value share it."""
    if isinstance(statement, ast.Assign):
        for target in statement.targets:
            yield target, statement.value
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        yield statement.target, statement.value


def names_bound(statement: ast.stmt) -> frozenset[str]:
    """Return the names that a statement itself binds or deletes, those in its body left out."""
    found: set[str] = set()
    for part in _own_parts(statement):
        for node in ast.walk(part):
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                found.add(node.id)
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        found.update(alias.asname or alias.name.partition(".")[0] for alias in statement.names)
    return frozenset(found)


def _own_parts(statement: ast.stmt) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(statement):
        if not isinstance(child, (ast.stmt, ast.ExceptHandler)):
            yield child


def constant_texts(node: ast.expr | None, known: Mapping[str, Sequence[str]] | None = None) -> tuple[str, ...] | None:
    """Return the texts that `node` surely is: one literal, a list of them, or a name that `known` has; else None."""
    if isinstance(node, ast.Constant):
        return (node.value,) if isinstance(node.value, str) else None
    if isinstance(node, ast.Name):
        texts = (known or {}).get(node.id)
        return None if texts is None else tuple(texts)
    if isinstance(node, (ast.List, ast.Tuple)):
        words = [one.value for one in node.elts if isinstance(one, ast.Constant) and isinstance(one.value, str)]
        return tuple(words) if len(words) == len(node.elts) else None
    return None
