"""Which names code reads whatever happens: not in a branch, a handler or a function that may never run."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

__all__ = ["read_at_once"]

_LEAVES = (ast.Raise, ast.Return, ast.Break, ast.Continue)
_PLAIN = (ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Delete, ast.Assert)
_COMPREHENSIONS = (ast.GeneratorExp, ast.ListComp, ast.SetComp, ast.DictComp)
_FORGIVING = frozenset({"suppress", "raises", "assertRaises", "assertRaisesRegex"})


def read_at_once(body: Sequence[ast.stmt]) -> frozenset[str]:
    """Return the names that running `body` surely looks up.

    Names that it has bound by then are among them: whoever asks knows which those are.
    """
    found: set[str] = set()
    for statement in body:
        if isinstance(statement, (ast.Try, *_LEAVES)) or type(statement).__name__ == "TryStar":
            break  # errors may be caught here, or the rest never reached
        found.update(_statement_reads(statement))
        if _may_leave(statement):
            break
    return frozenset(found)


def _statement_reads(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, _PLAIN):
        yield from _reads(statement)
    elif isinstance(statement, (ast.For, ast.AsyncFor)):
        yield from _reads(statement.iter)  # the body may run no time at all
    elif isinstance(statement, (ast.If, ast.While)):
        yield from _reads(statement.test)
    elif isinstance(statement, (ast.With, ast.AsyncWith)):
        for item in statement.items:
            yield from _reads(item.context_expr)
        if not any(_is_forgiving(item.context_expr) for item in statement.items):
            yield from read_at_once(statement.body)


def _may_leave(statement: ast.stmt) -> bool:
    """Whether code after the statement may not be reached though nothing is wrong."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return False
    return any(isinstance(part, (*_LEAVES, ast.Try)) or _is_exit(part) for part in ast.walk(statement))


def _is_exit(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and _called(node) in {"exit", "quit", "_exit"}


def _is_forgiving(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and _called(node) in _FORGIVING


def _called(node: ast.Call) -> str:
    return str(getattr(node.func, "attr", None) or getattr(node.func, "id", ""))


def _reads(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name):
        if not isinstance(node.ctx, ast.Store):
            yield node.id
    elif isinstance(node, ast.Lambda):
        return
    elif isinstance(node, _COMPREHENSIONS):
        yield from _reads(node.generators[0].iter)
    elif isinstance(node, ast.IfExp):
        yield from _reads(node.test)
    elif isinstance(node, ast.BoolOp):
        yield from _reads(node.values[0])
    elif isinstance(node, ast.Compare):
        yield from (name for part in (node.left, node.comparators[0]) for name in _reads(part))
    else:
        yield from _reads_of_parts(node)


def _reads_of_parts(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        yield node.target.id
    skipped = [getattr(node, "annotation", None), node.msg if isinstance(node, ast.Assert) else None]
    for child in ast.iter_child_nodes(node):
        if child not in skipped:
            yield from _reads(child)
