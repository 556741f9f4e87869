"""Rules on robustness: what may hang for ever, and errors that nobody hears of."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from jupyter_prodkit.check.evidence import Evidence
from jupyter_prodkit.check.report import Finding, Severity
from jupyter_prodkit.check.rules.calls import Call, calls_of_page, path_of
from jupyter_prodkit.check.rules.marked import is_exported
from jupyter_prodkit.notebook.document import Cell
from jupyter_prodkit.notebook.syntax import shared_tree
from jupyter_prodkit.notebook.transform import to_python

__all__ = ["bare_except", "handlers_in", "no_timeout", "swallowed_error"]

_VERBS = frozenset({"delete", "get", "head", "options", "patch", "post", "put", "request"})
_WAITING = frozenset({*(f"requests.{verb}" for verb in _VERBS), "urllib.request.urlopen"})
_URLOPEN_TIMEOUT = 3  # its place among the arguments
_ANY_ERROR = frozenset({"Exception", "BaseException"})
_NOTHING = (ast.Pass, ast.Continue)


@dataclass(frozen=True, slots=True)
class Handler:
    """One `except` clause that takes errors of any class."""

    line: int
    is_bare: bool
    does_nothing: bool


def no_timeout(evidence: Evidence) -> Iterator[Finding]:
    """A request to the network has no time-out: it may wait for ever."""
    for cell, call, dotted in calls_of_page(evidence.notebook):
        if dotted in _WAITING and not _has_timeout(call):
            yield Finding(
                rule="robustness/no-timeout",
                severity=_severity(cell),
                cell_id=cell.cell_id,
                names=(call.name,),
                message="A request without a time-out",
                because=f"`{'.'.join(call.path)}` in line {call.line} waits for ever if the other side says nothing.",
                fix="Give it `timeout=10`.",
            )


def bare_except(evidence: Evidence) -> Iterator[Finding]:
    """An `except:` without a class catches even what stops a cell."""
    for cell, handler in _handlers(evidence):
        if handler.is_bare:
            yield Finding(
                rule="robustness/bare-except",
                severity=_severity(cell),
                cell_id=cell.cell_id,
                message="It catches whatever comes",
                because=f"The `except:` in line {handler.line} also catches the stop button and misspelt names.",
                fix="Name the error that you expect: `except ValueError:`.",
            )


def swallowed_error(evidence: Evidence) -> Iterator[Finding]:
    """Errors of any class are caught and dropped."""
    for cell, handler in _handlers(evidence):
        if not handler.is_bare and handler.does_nothing:
            yield Finding(
                rule="robustness/swallowed-error",
                severity=_severity(cell),
                cell_id=cell.cell_id,
                message="It drops any error",
                because=f"What goes wrong above line {handler.line}, expected or not, leaves no trace.",
                fix="Name the error that you expect, or log it.",
            )


def _severity(cell: Cell) -> Severity:
    """In a notebook someone sits before it; what is exported runs alone."""
    return "warning" if is_exported(cell) else "note"


def _has_timeout(call: Call) -> bool:
    if call.spreads or "timeout" in call.keywords:
        return True
    return call.name == "urlopen" and len(call.arguments) >= _URLOPEN_TIMEOUT


def _handlers(evidence: Evidence) -> Iterator[tuple[Cell, Handler]]:
    for cell in evidence.notebook.code_cells:
        for handler in handlers_in(cell.source):
            yield cell, handler


@lru_cache(maxsize=4096)
def handlers_in(source: str) -> tuple[Handler, ...]:
    """Return the `except` clauses of a cell that take errors of any class and don't raise again."""
    if "except" not in source and "suppress" not in source:
        return ()
    tree = shared_tree(to_python(source))
    return () if tree is None else tuple(found for node in ast.walk(tree) for found in _found(node))


def _found(node: ast.AST) -> Iterator[Handler]:
    if isinstance(node, ast.Try) and not _only_imports(node.body):
        for handler in node.handlers:
            if _takes_any(handler.type) and not any(isinstance(part, ast.Raise) for part in ast.walk(handler)):
                does_nothing = all(isinstance(one, _NOTHING) or _is_ellipsis(one) for one in handler.body)
                yield Handler(handler.lineno, handler.type is None, does_nothing)
    elif isinstance(node, (ast.With, ast.AsyncWith)):
        for item in node.items:
            call = item.context_expr
            suppresses = isinstance(call, ast.Call) and path_of(call.func)[-1] == "suppress"
            if suppresses and isinstance(call, ast.Call) and any(_takes_any(one) for one in call.args):
                yield Handler(node.lineno, is_bare=False, does_nothing=True)


def _only_imports(body: list[ast.stmt]) -> bool:
    """Whether only imports are tried: what a package that is not there raises, few know."""
    return all(isinstance(one, (ast.Import, ast.ImportFrom)) for one in body[:1])


def _takes_any(node: ast.expr | None) -> bool:
    if isinstance(node, ast.Tuple):
        return any(_takes_any(one) for one in node.elts)
    return node is None or (isinstance(node, ast.Name) and node.id in _ANY_ERROR)


def _is_ellipsis(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and node.value.value is ...
