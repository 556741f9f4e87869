"""The columns that cells make, read and predict, as their code shows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from jupyter_prodkit.check.rules.calls import path_of
from jupyter_prodkit.check.rules.marked import step_of
from jupyter_prodkit.check.rules.top_level import statements_of
from jupyter_prodkit.notebook.document import Cell
from jupyter_prodkit.notebook.syntax import shared_tree
from jupyter_prodkit.notebook.transform import to_python

__all__ = [
    "Made", "call_of", "columns_made", "columns_set", "features_read", "fitted_on", "functions", "made_by", "targets",
]  # fmt: skip

# Steps and functions that see the target, or run before there is a model: what they read may be made anywhere.
_FOR_TRAINING = re.compile(r"(?i)load|read|fetch|train|fit|evaluate|score|split|plot|report|target|label")
_FITS = frozenset({"fit", "fit_transform", "train_test_split"})
_TABLE_METHODS = frozenset({"assign", "insert"})
_TARGET_NAME = re.compile(r"(?i)y\b|y_|targets?\b|labels?\b")


@dataclass(frozen=True, slots=True)
class Made:
    """A column that a cell's own statements make or change."""

    table: str
    column: str


@lru_cache(maxsize=1024)
def columns_made(source: str) -> tuple[Made, ...]:
    """Return the columns that a cell's own statements make on the notebook's tables."""
    if "[" not in source and "assign" not in source:
        return ()
    return tuple(made for statement in statements_of(source) for made in made_by(statement))


def made_by(statement: ast.stmt) -> Iterator[Made]:
    """Yield the columns that `df["a"] = …`, `df.loc[:, "a"] = …` and `df = df.assign(a=…)` make."""
    if not isinstance(statement, ast.Assign):
        return
    for target in statement.targets:
        column = _column_of(target)
        if column is not None and isinstance(target, ast.Subscript):
            yield Made(path_of(target.value)[0], column)
        elif isinstance(target, ast.Name) and isinstance(statement.value, ast.Call):
            func = statement.value.func
            if isinstance(func, ast.Attribute) and func.attr == "assign" and path_of(func.value) == (target.id,):
                for keyword in statement.value.keywords:
                    if keyword.arg is not None:
                        yield Made(target.id, keyword.arg)


def _column_of(node: ast.expr) -> str | None:
    """The column that `df["a"]` or `df.loc[:, "a"]` is, where `df` is a plain name."""
    if not isinstance(node, ast.Subscript):
        return None
    index = node.slice
    if isinstance(node.value, ast.Name):
        return index.value if isinstance(index, ast.Constant) and isinstance(index.value, str) else None
    if isinstance(node.value, ast.Attribute) and node.value.attr == "loc" and isinstance(node.value.value, ast.Name):
        parts = index.elts if isinstance(index, ast.Tuple) else []
        last = parts[-1] if parts and isinstance(parts[0], ast.Slice) else None
        return last.value if isinstance(last, ast.Constant) and isinstance(last.value, str) else None
    return None


@lru_cache(maxsize=1024)
def columns_set(source: str) -> frozenset[str]:
    """Return the columns that a cell's code makes anywhere, in functions too."""
    tree = shared_tree(to_python(source))
    found: set[str] = set()
    for node in () if tree is None else ast.walk(tree):
        if isinstance(node, ast.Assign):
            found.update(column for target in node.targets if (column := _column_of(target)) is not None)
        elif isinstance(node, ast.Call) and path_of(node.func)[-1] in _TABLE_METHODS:
            found.update(keyword.arg for keyword in node.keywords if keyword.arg is not None)
    return frozenset(found)


def features_read(cell: Cell) -> frozenset[str]:
    """Return the columns that a cell's code reads which is to run for each request."""
    step = step_of(cell)
    if step is not None:
        return frozenset() if _FOR_TRAINING.search(step) else _columns_read(cell.source, in_functions_only=False)
    return _columns_read(cell.source, in_functions_only=True)


@lru_cache(maxsize=1024)
def _columns_read(source: str, *, in_functions_only: bool) -> frozenset[str]:
    tree = shared_tree(to_python(source))
    if tree is None:
        return frozenset()
    functions = [node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    serving = [node for node in functions if not _FOR_TRAINING.search(node.name)]
    places: list[ast.AST] = [*serving] if in_functions_only else [tree]
    return frozenset(column for place in places for node in ast.walk(place) for column in _read_by(node))


def _read_by(node: ast.AST) -> Iterator[str]:
    """The columns of `df["a"]` and `df[["a", "b"]]`, read and not set."""
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        parts = node.slice.elts if isinstance(node.slice, ast.List) else [node.slice]
        for part in parts:
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                yield part.value


@lru_cache(maxsize=1024)
def targets(source: str) -> frozenset[str]:
    """Return the columns that a cell takes out as what is to be predicted: `y = df["a"]`, `df.pop("a")`."""
    found: set[str] = set()
    for statement in statements_of(source):
        for node in ast.walk(statement):
            if isinstance(node, ast.Call) and path_of(node.func)[-1] in {"pop", "drop"}:
                found.update(text for part in ast.walk(node) if (text := _text(part)) is not None)
            elif isinstance(node, ast.Call) and len(node.args) > 1 and path_of(node.func)[-1] in _FITS:
                found.update(column for part in ast.walk(node.args[1]) for column in _read_by(part))
        if isinstance(statement, ast.Assign) and _TARGET_NAME.match(_first_name(statement)):
            found.update(column for part in ast.walk(statement.value) for column in _read_by(part))
    return frozenset(found)


def _first_name(statement: ast.Assign) -> str:
    target = statement.targets[0]
    return target.id if isinstance(target, ast.Name) else ""


def _text(node: ast.AST) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


@lru_cache(maxsize=1024)
def functions(source: str) -> frozenset[str]:
    """Return the functions that a cell defines and that may give features."""
    tree = shared_tree(to_python(source))
    body = () if tree is None else tree.body
    return frozenset(
        node.name for node in body if isinstance(node, ast.FunctionDef) and not _FOR_TRAINING.search(node.name)
    )


def call_of(statement: ast.stmt, functions: set[str]) -> tuple[str | None, str | None]:
    """Return the name that a statement binds anew, and the one of `functions` that it gets its value from."""
    if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
        return None, None
    target, value = statement.targets[0].id, statement.value
    if isinstance(value, ast.Call):
        path = path_of(value.func)
        if len(path) == 1 and path[0] in functions:
            return target, path[0]
        if path[0] == target:  # `X = X.assign(…)` is the same table with more columns
            return None, None
    return target, None


def fitted_on(statement: ast.stmt) -> Iterator[str]:
    """Yield the names that something is fitted on, or that are split for it."""
    for node in ast.walk(statement):
        fits = isinstance(node, ast.Call) and path_of(node.func)[-1] in _FITS
        if fits and isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Name):
            yield node.args[0].id
