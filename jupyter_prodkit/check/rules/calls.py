"""The calls that a cell's code makes, with the modules that their names stand for."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from jupyter_prodkit.notebook.document import Cell, Notebook
from jupyter_prodkit.notebook.syntax import shared_tree
from jupyter_prodkit.notebook.transform import to_python

__all__ = ["UNSEEN", "Call", "calls_in", "calls_of_page", "dotted_name", "imports_of", "path_of"]

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_BRANCHES = (ast.Try, ast.If, ast.ExceptHandler)


@dataclass(frozen=True, slots=True)
class Unseen:
    """Stands for an argument that is no literal."""


UNSEEN = Unseen()
Literal = str | bytes | float | complex | bool | None | Unseen


@dataclass(frozen=True, slots=True)
class Call:
    """One call, as the text shows it."""

    path: tuple[str, ...]
    """`np.random.rand` as three words; the first is empty where the call's owner is no plain name."""
    line: int
    in_function: bool
    in_branch: bool
    """Whether it stands in a branch, a handler or what one guards: it may be prepared for an error."""
    arguments: tuple[Literal | tuple[Literal, ...], ...]
    """Literals as they are, lists of them as tuples."""
    keywords: Mapping[str, Literal]
    spreads: bool
    """Whether it takes arguments that can't be seen: `f(*rows, **options)`."""

    @property
    def name(self) -> str:
        """The last word: what is called."""
        return self.path[-1]

    @property
    def has_arguments(self) -> bool:
        """Whether it is given anything."""
        return bool(self.arguments or self.keywords or self.spreads)

    @property
    def is_settled(self) -> bool:
        """Whether it is given `random_state`, doesn't shuffle, or takes arguments that can't be seen."""
        given = self.keywords.get("random_state")
        return self.spreads or given is not None or self.keywords.get("shuffle") is False

    @property
    def samples_rows(self) -> bool:
        """Whether it is `df.sample(frac=…)` or `df.sample(n=…)` without `random_state`."""
        is_method = self.name == "sample" and len(self.path) > 1
        return is_method and bool({"frac", "n"} & self.keywords.keys()) and not self.is_settled

    def dotted(self, imported: Mapping[str, str]) -> str:
        """Return the full name of what is called, by what was imported; empty where that isn't known."""
        return dotted_name(self.path, imported)


def dotted_name(path: tuple[str, ...], imported: Mapping[str, str]) -> str:
    """Return the full name that `path` stands for, by what was imported; empty where that isn't known."""
    origin = imported.get(path[0]) if path else None
    return "" if origin is None else ".".join((origin, *path[1:]))


def calls_of_page(notebook: Notebook) -> Iterator[tuple[Cell, Call, str]]:
    """Yield each call on the page in the order of its lines, with the full name of what it calls, empty if unknown."""
    cells = notebook.code_cells
    for place, call, dotted in _calls_of(tuple(cell.source for cell in cells)):
        yield cells[place], call, dotted


@lru_cache(maxsize=4)  # several rules ask for the same page, one after the other
def _calls_of(sources: tuple[str, ...]) -> tuple[tuple[int, Call, str], ...]:
    imported: dict[str, str] = {}
    found = []
    for place, source in enumerate(sources):
        imports, calls = calls_in(source)
        imported.update(imports)
        found += [(place, call, call.dotted(imported)) for call in calls]
    return tuple(found)


def imports_of(source: str) -> Mapping[str, str]:
    """Return what a cell imports, as local name → full name."""
    return calls_in(source)[0]


@lru_cache(maxsize=4096)
def calls_in(source: str) -> tuple[dict[str, str], tuple[Call, ...]]:
    """Return what a cell imports, as local name → full name, and its calls in the order of its lines."""
    tree = shared_tree(to_python(source))
    if tree is None:
        return {}, ()
    imports: dict[str, str] = {}
    calls: list[tuple[tuple[int, int], Call]] = []
    pending: list[tuple[ast.AST, bool, bool]] = [(tree, False, False)]
    while pending:
        node, in_function, in_branch = pending.pop()
        if isinstance(node, ast.Call):
            calls.append(((node.lineno, node.col_offset), _call(node, in_function, in_branch)))
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            imports.update(_imported(node))
        inside = in_function or isinstance(node, _FUNCTIONS)
        guarded = in_branch or isinstance(node, _BRANCHES)
        pending.extend((child, inside, guarded) for child in ast.iter_child_nodes(node))
    return imports, tuple(call for _, call in sorted(calls, key=lambda one: one[0]))


def path_of(node: ast.expr) -> tuple[str, ...]:
    """Return `a.b.c` as its words; the first is empty where the owner is no plain name."""
    words: list[str] = []
    while isinstance(node, ast.Attribute):
        words.append(node.attr)
        node = node.value
    words.append(node.id if isinstance(node, ast.Name) else "")
    return tuple(reversed(words))


def _call(node: ast.Call, in_function: bool, in_branch: bool) -> Call:
    return Call(
        path=path_of(node.func),
        line=node.lineno,
        in_function=in_function,
        in_branch=in_branch,
        arguments=tuple(_argument(one) for one in node.args if not isinstance(one, ast.Starred)),
        keywords={one.arg: _literal(one.value) for one in node.keywords if one.arg is not None},
        spreads=any(isinstance(one, ast.Starred) for one in node.args) or any(k.arg is None for k in node.keywords),
    )


def _argument(node: ast.expr) -> Literal | tuple[Literal, ...]:
    return tuple(map(_literal, node.elts)) if isinstance(node, (ast.List, ast.Tuple)) else _literal(node)


def _literal(node: ast.expr) -> Literal:
    return node.value if isinstance(node, ast.Constant) and node.value is not ... else UNSEEN


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            top = alias.name.partition(".")[0]
            yield (alias.asname, alias.name) if alias.asname else (top, top)
    elif node.module and not node.level:
        for alias in node.names:
            yield alias.asname or alias.name, f"{node.module}.{alias.name}"
