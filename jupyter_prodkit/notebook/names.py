"""Which names a piece of code binds, reads from outside, and may change in place, as its syntax tree shows."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from jupyter_prodkit.notebook.at_once import read_at_once
from jupyter_prodkit.notebook.statements import StatementNames
from jupyter_prodkit.notebook.syntax import shared_tree
from jupyter_prodkit.notebook.transform import cell_capture, to_python

__all__ = [
    "NO_NAMES", "CodeNames", "bound_before", "code_names", "is_shells_own", "names_in", "names_until", "needs_at_once",
]  # fmt: skip

_BUILTINS = frozenset(dir(builtins)) | {"get_ipython", "display", "__file__"}
_HARMLESS = _BUILTINS - {"get_ipython"}
_HISTORY = re.compile(r"_{1,3}\Z|_i{1,3}\Z|_\d+\Z|_i\d+\Z|_ih\Z|_oh\Z|In\Z|Out\Z")
_SHELLS_OWN = re.compile(r"_+(i+|\d+|i\d+|ih|oh|dh|sh|exit_code)?\Z|(In|Out|exit|quit|get_ipython|open|__\w+__)\Z")


@dataclass(frozen=True)
class CodeNames:
    """The names of one piece of code, seen from the notebook's top level."""

    binds: frozenset[str] = frozenset()
    """Names it binds and leaves behind: assignments, imports, definitions, loop variables."""
    binds_always: frozenset[str] = frozenset()
    """Those of `binds` that it binds whatever way it takes: not in a branch, a loop or a handler that may not run."""
    binds_any: bool = False
    """Whether it may bind or delete names that its text doesn't tell: `exec`, a star import, `%run`."""
    needs: frozenset[str] = frozenset()
    """Names it reads while it runs and has not bound itself by then; builtins left out."""
    shadowable: frozenset[str] = frozenset()
    """Builtins it reads: names of the notebook where a cell has bound them (`sum = 0`)."""
    needs_any: bool = False
    """Whether it may read any name: `exec`, `eval`, `globals`."""
    mutates: frozenset[str] = frozenset()
    """Names whose value it may change in place."""
    deletes: frozenset[str] = frozenset()
    """Names that are surely gone after it."""
    imports: frozenset[str] = frozenset()
    """Top-level modules that its import statements name."""
    modules: frozenset[str] = frozenset()
    """Those of `binds` that `import` statements bind to modules."""
    deferred: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """For each function or class it defines, the names that are read when that is called."""
    methods: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """For each class it defines, the names that its methods read besides."""
    rebinds_when_called: frozenset[str] = frozenset()
    """Names that functions defined here declare `global`."""
    calls: frozenset[str] = frozenset()
    """Names that it calls, bound here or not, or uses in a way that may call them."""
    uses: frozenset[str] = frozenset()
    """Those of `calls` that it does more with than call them: the methods of a class may run."""
    reads_history: bool = False
    """Whether it reads what earlier prompts left: `_`, `Out[3]`, `In`, `_i`."""
    is_inert: bool = False
    """Whether it can set nothing in motion: it calls nothing, and hands nothing on to be called."""


NO_NAMES = CodeNames()


@lru_cache(maxsize=4096)
def code_names(source: str) -> CodeNames:
    """Return the names of a cell's source; none where it has a syntax error, as such a cell does nothing."""
    tree = shared_tree(to_python(source))
    if tree is None:
        return NO_NAMES
    try:
        names = names_in(tree)
    except RecursionError:  # a sum of a thousand terms: who knows
        return CodeNames(binds_any=True, needs_any=True)
    captured = cell_capture(source)
    if captured is None:
        return names
    return replace(names, binds=names.binds | {captured}, binds_always=names.binds_always | {captured})


@lru_cache(maxsize=4096)
def needs_at_once(source: str) -> frozenset[str]:
    """Return those of a cell's needs that it reads whatever happens: without them it raises NameError."""
    tree = shared_tree(to_python(source))
    try:
        return frozenset() if tree is None else code_names(source).needs & read_at_once(tree.body)
    except RecursionError:
        return frozenset()


def bound_before(source: str, line: int) -> frozenset[str]:
    """Return the names that the statements above `line` of a cell, as IPython runs it, have surely bound."""
    tree = shared_tree(to_python(source))
    above = [] if tree is None else [one for one in tree.body if (one.end_lineno or one.lineno) < line]
    try:
        return names_in(ast.Module(above, [])).binds_always
    except RecursionError:
        return frozenset()


@lru_cache(maxsize=4096)
def names_until(source: str, missing: frozenset[str]) -> CodeNames:
    """Return the names of a cell's source up to the statement that raises as it surely reads one of `missing`."""
    tree = shared_tree(to_python(source))
    if tree is None or not missing & needs_at_once(source):
        return code_names(source)
    ends = next(place for place, one in enumerate(tree.body) if missing & read_at_once([one]))
    raises = tree.body[ends]
    done = names_in(ast.Module(tree.body[: ends + 1], []))
    if isinstance(raises, (ast.Assign, ast.AnnAssign, ast.AugAssign)):  # it doesn't come to binding anything
        before = names_in(ast.Module(tree.body[:ends], []))
        done = replace(done, binds=before.binds, binds_always=before.binds_always, modules=before.modules)
    return done


def names_in(tree: ast.Module) -> CodeNames:
    """Return the names of a syntax tree."""
    seen = StatementNames()
    seen.statements(tree.body)
    needs = _of_notebook(seen.needs)
    return CodeNames(
        binds=frozenset(name for name in seen.ever_bound - seen.gone if not is_shells_own(name)),
        binds_always=frozenset(seen.bound & seen.surely_bound),
        binds_any=seen.binds_any,
        needs=needs,
        shadowable=frozenset(name for name in seen.needs & _BUILTINS if not is_shells_own(name)),
        needs_any=seen.needs_any,
        mutates=_of_notebook(seen.mutates),
        deletes=frozenset(seen.gone),
        imports=frozenset(seen.imports),
        modules=frozenset(seen.modules),
        deferred={name: _of_notebook(names) for name, names in seen.deferred.items()},
        methods={name: _of_notebook(names) for name, names in seen.methods.items()},
        rebinds_when_called=frozenset(seen.rebinds_when_called),
        calls=_of_notebook(seen.called | seen.used),
        uses=_of_notebook(seen.used),
        reads_history=any(_HISTORY.match(name) for name in _all_reads(seen) - seen.ever_bound),
        is_inert=not (seen.binds_any or seen.needs_any or (seen.called | seen.used) - _HARMLESS),
    )


def _all_reads(seen: StatementNames) -> set[str]:
    return seen.needs.union(*seen.deferred.values(), *seen.methods.values())


def is_shells_own(name: str) -> bool:
    """Return whether the shell itself makes the name: `In`, `Out`, `_`, `_i3`, `__name__`."""
    return (name[:1] in {"_", "I", "O", "e", "q", "g", "o"}) and _SHELLS_OWN.match(name) is not None


def _of_notebook(names: set[str]) -> frozenset[str]:
    return frozenset(name for name in names if name not in _BUILTINS and not is_shells_own(name))
