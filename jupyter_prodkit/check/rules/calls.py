"""The calls that a cell's code makes, with the modules that their names stand for."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from jupyter_prodkit.notebook.syntax import shared_tree
from jupyter_prodkit.notebook.transform import to_python

__all__ = ["Call", "calls_in"]

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@dataclass(frozen=True, slots=True)
class Call:
    """One call, as the text shows it."""

    path: tuple[str, ...]
    """`np.random.rand` as three words; the first is empty where the call's owner is no plain name."""
    in_function: bool
    has_arguments: bool
    is_settled: bool
    """Whether it is given `random_state`, doesn't shuffle, or takes arguments that can't be seen."""
    samples_rows: bool
    """Whether it is `df.sample(frac=…)` or `df.sample(n=…)` without `random_state`."""

    @property
    def name(self) -> str:
        """The last word: what is called."""
        return self.path[-1]

    def dotted(self, imported: Mapping[str, str]) -> str:
        """Return the full name of what is called, by what was imported; empty where that isn't known."""
        origin = imported.get(self.path[0])
        return "" if origin is None else ".".join((origin, *self.path[1:]))


@lru_cache(maxsize=4096)
def calls_in(source: str) -> tuple[dict[str, str], tuple[Call, ...]]:
    """Return what a cell imports, as local name → full name, and its calls in the order of its lines."""
    tree = shared_tree(to_python(source))
    if tree is None:
        return {}, ()
    try:
        found = sorted(_calls(tree, in_function=False), key=lambda one: (one[0].lineno, one[0].col_offset))
    except RecursionError:
        return {}, ()
    return dict(_imported(tree)), tuple(call for _, call in found)


def _calls(node: ast.AST, *, in_function: bool) -> Iterator[tuple[ast.Call, Call]]:
    if isinstance(node, ast.Call):
        path = _path(node.func)
        yield node, Call(path, in_function, bool(node.args or node.keywords), _is_settled(node), _samples_rows(node))
    for child in ast.iter_child_nodes(node):
        yield from _calls(child, in_function=in_function or isinstance(node, _FUNCTIONS))


def _path(node: ast.expr) -> tuple[str, ...]:
    if isinstance(node, ast.Name):
        return (node.id,)
    if isinstance(node, ast.Attribute):
        return (*_path(node.value), node.attr)
    return ("",)


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                yield (alias.asname, alias.name) if alias.asname else (top, top)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _is_settled(call: ast.Call) -> bool:
    for keyword in call.keywords:
        if keyword.arg is None:
            return True
        value = keyword.value.value if isinstance(keyword.value, ast.Constant) else ...
        if keyword.arg == "random_state":
            return value is not None
        if keyword.arg == "shuffle" and value is False:
            return True
    return False


def _samples_rows(call: ast.Call) -> bool:
    given = {keyword.arg for keyword in call.keywords}
    is_sample = isinstance(call.func, ast.Attribute) and call.func.attr == "sample"
    return is_sample and bool(given & {"frac", "n"}) and not given & {"random_state", None}
