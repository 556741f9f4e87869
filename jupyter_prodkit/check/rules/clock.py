"""The rule on the wall clock: values that are others at each hour, as opposed to measured durations."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from jupyter_prodkit.check.evidence import Evidence
from jupyter_prodkit.check.report import Finding
from jupyter_prodkit.check.rules.calls import dotted_name, imports_of, path_of
from jupyter_prodkit.notebook.document import Cell
from jupyter_prodkit.notebook.syntax import shared_tree
from jupyter_prodkit.notebook.transform import to_python

__all__ = ["clock", "clock_readings"]

# Full name → with how many arguments it tells the time now; None for any number. Clocks that only measure
# (`perf_counter`, `monotonic`) are left out.
_CLOCKS: Mapping[str, int | None] = {
    "time.time": 0,
    "time.time_ns": 0,
    "time.ctime": 0,
    "time.asctime": 0,
    "time.localtime": 0,
    "time.gmtime": 0,
    "time.strftime": 1,
    "datetime.datetime.now": None,
    "datetime.datetime.today": 0,
    "datetime.datetime.utcnow": 0,
    "datetime.date.today": 0,
    "pandas.Timestamp.now": None,
    "pandas.Timestamp.today": None,
    "pandas.Timestamp.utcnow": 0,
    "pandas.Timestamp": 1,
    "pandas.to_datetime": 1,
    "numpy.datetime64": 1,
    "arrow.now": None,
    "arrow.utcnow": 0,
    "pendulum.now": None,
    "pendulum.today": None,
}
_ONLY_IF_TOLD = frozenset({"pandas.Timestamp", "pandas.to_datetime", "numpy.datetime64"})
_LAST_WORDS = frozenset(name.rpartition(".")[2] for name in _CLOCKS)
_MENTIONED = re.compile(rf"\b(?:{'|'.join(sorted(_LAST_WORDS))})\s*\(|\bimport\b.*\btime\b")
# What people call the moment from which they measure.
_BEGUN = re.compile(r"(?i:t_?\d+|tic|(?:\w*_)?(?:start|begin|began)(?:ed|time|_\w+)?)\Z")
_TIMER = re.compile(rf"(?i:t|toc|before|after|(?:\w*_)?(?:end|finish|stop)(?:ed|time|_\w+)?)\Z|{_BEGUN.pattern}")
_SPANS = frozenset({"DateOffset", "Timedelta", "relativedelta", "timedelta", "timedelta64"})


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at the clock."""

    path: tuple[str, ...]
    count: int
    """How many arguments it has."""
    tells_now: bool
    """Whether its first argument is `"now"` or `"today"`."""
    target: str | None
    """The name that the time goes to; None where it is used at once."""
    against: tuple[tuple[str, ...], ...]
    """What it is subtracted from or compared with, as the paths of names and calls there; empty where neither."""

    def is_clock(self, imported: Mapping[str, str]) -> bool:
        """Whether what is called is a clock, by what was imported."""
        dotted = dotted_name(self.path, imported)
        if dotted not in _CLOCKS or (dotted in _ONLY_IF_TOLD and not self.tells_now):
            return False
        return _CLOCKS[dotted] in {None, self.count}


def clock(evidence: Evidence) -> Iterator[Finding]:
    """A value comes from the wall clock: tomorrow it is another."""
    imported: dict[str, str] = {}
    read: list[tuple[Cell, Reading]] = []
    for cell in evidence.notebook.code_cells:
        imported.update(imports_of(cell.source))
        read += [(cell, one) for one in clock_readings(cell.source) if one.is_clock(imported)]
    held = {one.target for _, one in read if one.target is not None}
    for cell, one in read:
        if one.target is not None:
            reaches = _is_read_plainly(evidence, one.target)
        else:
            reaches = not _is_measured(one, held, imported)
        if reaches:
            yield _finding(cell, one)


def _is_read_plainly(evidence: Evidence, name: str) -> bool:
    """Whether a name that holds the time is read for more than to measure, or is no timer and just kept."""
    uses: set[str] = set()
    for cell in evidence.notebook.code_cells:
        if name in cell.source:
            uses |= _uses_of(cell.source, name)
    if {"measured", "anew"} <= uses:  # `seconds = time() - seconds`: from there on it is a duration
        return False
    return "plain" in uses or (not uses - {"anew"} and _BEGUN.match(name) is None)


def _is_measured(one: Reading, held: set[str], imported: Mapping[str, str]) -> bool:
    """Whether it is only taken against another time, as durations are measured and deadlines kept."""
    return any(
        (len(path) == 1 and (path[0] in held or _TIMER.match(path[0])))
        or (path[:1] == ("self",) and len(path) > 1)
        or dotted_name(path, imported) in _CLOCKS
        for path in one.against
    )


def _finding(cell: Cell, one: Reading) -> Finding:
    called = ".".join(word for word in one.path if word)
    return Finding(
        rule="randomness/clock",
        severity="warning",
        cell_id=cell.cell_id,
        names=(one.target or one.path[-1],),
        message="Depends on when it runs",
        because=f"`{called}` gives the time of each run, and it goes further than into a measured duration.",
        fix="Write the date down in a cell marked `parameters`.",
    )


@lru_cache(maxsize=4096)
def clock_readings(source: str) -> tuple[Reading, ...]:
    """Return the calls in a cell that may be looks at the clock."""
    tree = shared_tree(to_python(source)) if _MENTIONED.search(source) else None
    if tree is None:
        return ()
    parents = _parents(tree)
    renamed = {name for name, full in imports_of(source).items() if full in _CLOCKS}
    found = []
    for node in parents:
        if isinstance(node, ast.Call):
            path = path_of(node.func)
            if path[-1] in _LAST_WORDS or path[-1] in renamed:
                found.append(_reading(node, path, parents))
    return tuple(found)


@lru_cache(maxsize=4096)
def _uses_of(source: str, name: str) -> frozenset[str]:
    """How a cell uses `name`: `measured` against another time, `plain`, or bound `anew` from its own value."""
    tree = shared_tree(to_python(source))
    parents = {} if tree is None else _parents(tree)
    found = set()
    for node in parents:
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load):
            found.add("measured" if _against(node, parents) else "plain")
        elif isinstance(node, ast.Assign) and name in map(_name_of, node.targets) and _mentions(node.value, name):
            found.add("anew")
    return frozenset(found)


def _reading(node: ast.Call, path: tuple[str, ...], parents: Mapping[ast.AST, ast.AST]) -> Reading:
    first = node.args[0] if node.args else None
    tells_now = isinstance(first, ast.Constant) and first.value in {"now", "today"}
    count = len(node.args) + len(node.keywords)
    against = _against(node, parents)
    kept_as = "" if against else _kept_as(node, parents)
    if kept_as.startswith(".") and kept_as != ".t":  # an attribute or an entry: who reads it can't be seen
        return Reading(path, count, tells_now, None, ((kept_as[1:],),))
    return Reading(path, count, tells_now, kept_as if kept_as.isidentifier() else None, against)


def _against(node: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> tuple[tuple[str, ...], ...]:
    """What a time is subtracted from or compared with: names and calls, where there is nothing else."""
    here = node
    while (above := parents.get(here)) is not None:
        if isinstance(above, ast.BinOp) and isinstance(above.op, ast.Sub):
            return _times(above.right if above.left is here else above.left)
        if isinstance(above, ast.Compare):
            others = [one for one in (above.left, *above.comparators) if one is not here]
            return tuple(path for other in others for path in _times(other))
        if not (isinstance(above, ast.BinOp) and isinstance(above.op, ast.Add)):
            return ()
        here = above
    return ()


def _times(node: ast.expr) -> tuple[tuple[str, ...], ...]:
    if isinstance(node, ast.BinOp):
        ends = [part for part in (node.left, node.right) if not isinstance(part, ast.BinOp)]
        return tuple(path for part in ends for path in _times(part))
    if isinstance(node, ast.Subscript):  # `stats["t0"]`, and not `df["birthday"]`
        kept = _name_of(node)[1:]
        return ((kept,),) if _TIMER.match(kept) else ()
    path = path_of(node.func) if isinstance(node, ast.Call) else path_of(node)
    return () if path[-1] in {"", *_SPANS} else (path,)


def _mentions(node: ast.expr, name: str) -> bool:
    return any(isinstance(part, ast.Name) and part.id == name for part in ast.walk(node))


def _kept_as(node: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> str:
    """The name that a time is assigned to, with a dot before an attribute or entry; empty where it is used at once."""
    here, above = node, parents.get(node)
    while isinstance(above, ast.BinOp) and isinstance(above.op, ast.Add):
        here, above = above, parents.get(above)
    if isinstance(above, ast.Dict) and here in above.values:
        key = above.keys[above.values.index(here)]
        return f".{key.value!s}" if isinstance(key, ast.Constant) else ""
    if isinstance(above, ast.Assign) and len(above.targets) == 1:
        return _name_of(above.targets[0])
    return _name_of(above.target) if isinstance(above, (ast.AnnAssign, ast.NamedExpr)) and above.value is here else ""


def _name_of(target: ast.expr) -> str:
    if isinstance(target, ast.Name):
        return target.id
    if isinstance(target, ast.Attribute):
        return f".{target.attr}"
    if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
        return f".{target.slice.value!s}"
    return ""


def _parents(tree: ast.Module) -> dict[ast.AST, ast.AST]:
    """Return each node and what it stands in, in the order of the code."""
    found: dict[ast.AST, ast.AST] = {}
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        children = list(ast.iter_child_nodes(node))
        found.update(dict.fromkeys(children, node))
        pending.extend(reversed(children))
    return found
