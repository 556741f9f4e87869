"""What a function or class reads and rebinds of the notebook's names when it is called."""

from __future__ import annotations

import ast
from collections.abc import Iterator

__all__ = ["reads_when_called", "rebinds_when_called"]

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)
_SCOPES = (*_FUNCTIONS, ast.Lambda, ast.ClassDef, *_COMPREHENSIONS)


def reads_when_called(node: Definition) -> set[str]:
    """Return the names read inside a definition: loaded there, and bound in none of the scopes around the load."""
    reads: set[str] = set()
    _scope_reads(node, frozenset(), reads)
    return reads


def rebinds_when_called(node: Definition) -> set[str]:
    """Return the names that a definition declares `global`, and so may bind when it is called."""
    return {name for part in ast.walk(node) if isinstance(part, ast.Global) for name in part.names}


def _scope_reads(node: ast.AST, outer: frozenset[str], reads: set[str]) -> None:
    own, declared_global = _scope_bindings(node)
    visible = (outer | own) - declared_global
    # A class body's names are not seen from its methods.
    inner = outer if isinstance(node, ast.ClassDef) else visible
    for child in _scope_body(node):
        _reads_below(child, visible, inner, reads)


def _scope_body(node: ast.AST) -> list[ast.AST]:
    body = getattr(node, "body", None)
    if isinstance(body, list):
        return list(body)
    return [body] if isinstance(body, ast.AST) else list(ast.iter_child_nodes(node))


def _reads_below(node: ast.AST, visible: frozenset[str], inner: frozenset[str], reads: set[str]) -> None:
    if isinstance(node, ast.Name):
        if isinstance(node.ctx, ast.Load) and node.id not in visible:
            reads.add(node.id)
        return
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name) and node.target.id not in visible:
        reads.add(node.target.id)
    if isinstance(node, _SCOPES):
        for expression in _evaluated_around(node):
            _reads_below(expression, visible, inner, reads)
        _scope_reads(node, inner, reads)
        return
    for child in ast.iter_child_nodes(node):
        _reads_below(child, visible, inner, reads)


def _evaluated_around(node: ast.AST) -> Iterator[ast.AST]:
    """What of an inner definition is evaluated in the scope around it: decorators, bases, defaults."""
    yield from getattr(node, "decorator_list", ())
    yield from getattr(node, "bases", ())
    arguments = getattr(node, "args", None)
    if isinstance(arguments, ast.arguments):
        yield from (one for one in [*arguments.defaults, *arguments.kw_defaults] if one is not None)


def _scope_bindings(node: ast.AST) -> tuple[frozenset[str], frozenset[str]]:
    """The names that a scope binds itself, and those it declares global."""
    own: set[str] = set()
    declared_global: set[str] = set()
    arguments = getattr(node, "args", None)
    if isinstance(arguments, ast.arguments):
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        own.update(argument.arg for argument in every if argument is not None)
    pending = [*_scope_body(node)]
    while pending:
        part = pending.pop()
        own.update(_bound_by(part))
        if isinstance(part, ast.Global):
            declared_global.update(part.names)
        if not isinstance(part, _SCOPES):
            pending.extend(ast.iter_child_nodes(part))
    return frozenset(own), frozenset(declared_global)


def _bound_by(part: ast.AST) -> Iterator[str]:
    if isinstance(part, (*_FUNCTIONS, ast.ClassDef)):
        yield part.name
    elif isinstance(part, ast.Name):
        if isinstance(part.ctx, ast.Store):
            yield part.id
    elif isinstance(part, (ast.Import, ast.ImportFrom)):
        yield from (alias.asname or alias.name.partition(".")[0] for alias in part.names)
    elif isinstance(part, ast.MatchMapping):
        if part.rest:
            yield part.rest
    elif isinstance(part, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and part.name:
        yield part.name
