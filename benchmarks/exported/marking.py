"""Which cells are marked, by a rule that reads text only and is applied before anything is run.

The rule. Lines that begin with `%` or `!` are not looked at. In each notebook

1. a cell made of definitions (functions, classes) and perhaps imports and literals is marked `export`, and so is a
   cell made of imports only;
2. the values wanted are what the last top-level `.fit(...)` gives or is called on, and the three names that most later
   cells read (of equals the one bound last), but no plot, no literal, no name that begins with `_`;
3. each cell that binds one of these at top level, or calls `.fit` on one, is marked as a step: `train` the one with the
   last fit, `load` those before it, `evaluate` those after it; `compute` where nothing is fitted.

Of each source the first seven notebooks by name in which this wants a value. Nothing is taken out afterwards.
"""

from __future__ import annotations

import ast
import csv
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["MARKS", "PER_SOURCE", "Mark", "chosen", "code_of", "digest", "marks_of", "read_marks", "write_marks"]

MARKS = Path(__file__).parent / "marks.csv"
PER_SOURCE = 7
MOST_READ = 3
_COLUMNS = ("notebook", "cell", "mark", "values", "reason", "digest")
_LINE_MAGIC = re.compile(r"^[ \t]*[%!].*$", re.MULTILINE)
_PLOT_NAMES = re.compile(r"_|(fig|figure|ax|axs|axes|axarr|axis|legend|cbar|cmap)s?\d*$")
_PLOT_CALLS = frozenset(
    {"subplots", "figure", "gca", "gcf", "add_subplot", "imshow", "plot", "scatter", "hist", "bar", "contourf", "axes"}
)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_IMPORTS = (ast.Import, ast.ImportFrom)


@dataclass(frozen=True)
class Mark:
    """One marked cell."""

    notebook: str
    cell: int
    """Position among the notebook's code cells, from 0."""
    mark: str
    """`export`, or `step:NAME`."""
    values: tuple[str, ...]
    """What the package is to give: definitions of an `export` cell, values of a step's."""
    reason: str
    digest: str
    """Of the cell's text, to see that the notebook is the one that was marked."""


def digest(source: str) -> str:
    """The first 12 hexadecimal digits of the SHA-256 of a cell's text."""
    return hashlib.sha256(source.encode()).hexdigest()[:12]


def code_of(source: str) -> ast.Module:
    """A cell's syntax without its magics; an empty module where it has none."""
    try:
        return ast.parse(_LINE_MAGIC.sub("", source))
    except SyntaxError:
        return ast.parse("")


def marks_of(notebook: str, sources: Sequence[str]) -> tuple[Mark, ...]:
    """Apply the rule to a notebook's code cells; nothing where it wants no value."""
    trees = [code_of(source) for source in sources]
    wanted, fit_cell = _wanted(trees)
    if not wanted:
        return ()
    marks = []
    for index, (source, tree) in enumerate(zip(sources, trees, strict=True)):
        values = sorted(name for name in _bound(tree) if name in wanted)
        if _only_defines(tree):
            names = tuple(node.name for node in tree.body if isinstance(node, _DEFINITIONS))
            reason = "definitions" if names else "imports"
            marks.append(Mark(notebook, index, "export", names, reason, digest(source)))
        elif values or any(name in wanted for name in _fitted(tree)):
            step = "compute" if fit_cell is None else _step(index, fit_cell)
            reason = "; ".join(dict.fromkeys(wanted[name] for name in values or _fitted(tree) if name in wanted))
            marks.append(Mark(notebook, index, f"step:{step}", tuple(values), reason, digest(source)))
    return tuple(marks)


def chosen(found: Mapping[str, Sequence[str]]) -> tuple[Mark, ...]:
    """Apply the rule to notebooks and choose of each source.

    Takes code cells by the notebook's name, which begins with its source and `__`.
    """
    marks: list[Mark] = []
    taken: dict[str, int] = {}
    for name, sources in sorted(found.items()):
        source = name.partition("__")[0]
        its = marks_of(name, sources)
        if its and taken.get(source, 0) < PER_SOURCE:
            taken[source] = taken.get(source, 0) + 1
            marks += its
    return tuple(marks)


def read_marks(path: Path = MARKS) -> dict[str, tuple[Mark, ...]]:
    """Return the table: notebook → its marked cells, in page order."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    marks: dict[str, tuple[Mark, ...]] = {}
    for row in rows:
        mark = Mark(
            row["notebook"], int(row["cell"]), row["mark"], tuple(row["values"].split()), row["reason"], row["digest"]
        )
        marks[mark.notebook] = (*marks.get(mark.notebook, ()), mark)
    return marks


def write_marks(marks: Iterable[Mark], path: Path = MARKS) -> None:
    """Write the table. Raises FileExistsError where there is one: marks are not made twice."""
    with path.open("x", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(_COLUMNS)
        for one in marks:
            table.writerow([one.notebook, one.cell, one.mark, " ".join(one.values), one.reason, one.digest])


def _wanted(trees: Sequence[ast.Module]) -> tuple[dict[str, str], int | None]:
    """Each wanted name with the reason, and the cell with the last fit."""
    binders: dict[str, list[int]] = {}
    for index, tree in enumerate(trees):
        for name in _bound(tree):
            binders.setdefault(name, []).append(index)
    fits = [(index, name) for index, tree in enumerate(trees) for name in _fit_results(tree)]
    known = [(index, name) for index, name in fits if name in binders]
    wanted = {known[-1][1]: "the last fit"} if known else {}
    readers = {name: _readers(name, cells, trees) for name, cells in binders.items() if name not in wanted}
    most = sorted(
        (name for name in readers if readers[name]), key=lambda name: (-readers[name], -binders[name][-1], name)
    )
    wanted |= {name: f"read by {readers[name]} later cells" for name in most[:MOST_READ]}
    return wanted, known[-1][0] if known else None


def _readers(name: str, binders: Sequence[int], trees: Sequence[ast.Module]) -> int:
    return sum(index > binders[0] and index not in binders and name in _read(tree) for index, tree in enumerate(trees))


def _step(index: int, fit_cell: int) -> str:
    if index == fit_cell:
        return "train"
    return "load" if index < fit_cell else "evaluate"


def _bound(tree: ast.Module) -> tuple[str, ...]:
    """Names that are assigned at top level and may be wanted."""
    names = []
    for statement in tree.body:
        for target, value in _assigned(statement):
            if not isinstance(value, ast.Constant) and not _is_plot(value):
                names += [part.id for part in ast.walk(target) if _is_target(part)]
    return tuple(dict.fromkeys(name for name in names if not name.startswith("_") and not _PLOT_NAMES.match(name)))


def _is_target(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


def _assigned(statement: ast.stmt) -> Iterator[tuple[ast.expr, ast.expr]]:
    if isinstance(statement, ast.Assign):
        yield from ((target, statement.value) for target in statement.targets)
    elif isinstance(statement, (ast.AnnAssign, ast.AugAssign)) and statement.value is not None:
        yield statement.target, statement.value


def _is_plot(value: ast.expr) -> bool:
    for node in ast.walk(value):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _PLOT_CALLS:
            return True
        if isinstance(node, ast.Name) and node.id in {"plt", "sns", "mpl", "matplotlib"}:
            return True
    return False


def _read(tree: ast.Module) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def _fit_results(tree: ast.Module) -> Iterator[str]:
    """What top-level fits give, or are called on."""
    for statement in tree.body:
        targets = list(_assigned(statement))
        for target, value in targets:
            if any(_is_fit(node) for node in ast.walk(value)):
                yield from (part.id for part in ast.walk(target) if _is_target(part))
        if not targets and isinstance(statement, ast.Expr):
            yield from _called_on(statement)


def _fitted(tree: ast.Module) -> list[str]:
    return [name for statement in tree.body if isinstance(statement, ast.Expr) for name in _called_on(statement)]


def _called_on(statement: ast.Expr) -> Iterator[str]:
    for node in ast.walk(statement):
        if _is_fit(node):
            root = node.func.value
            while isinstance(root, (ast.Attribute, ast.Subscript)):
                root = root.value
            if isinstance(root, ast.Name):
                yield root.id


def _is_fit(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "fit"


def _only_defines(tree: ast.Module) -> bool:
    """Whether a cell is definitions, imports and literals, and at least one of the first two."""
    kinds = [isinstance(node, (*_DEFINITIONS, *_IMPORTS)) for node in tree.body]
    return any(kinds) and all(kind or _is_literal(node) for kind, node in zip(kinds, tree.body, strict=True))


def _is_literal(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)
    return isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant)
