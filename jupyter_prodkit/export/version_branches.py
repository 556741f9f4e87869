"""The branches of a module that the locked Python does not take, so that what they import need not be there."""

from __future__ import annotations

import ast
import copy
import importlib
import operator
import sys
from collections.abc import Callable, Mapping
from typing import Any

from jupyter_prodkit.export.locked import Locked

__all__ = ["without_untaken_branches"]

_COMPARED: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_MISSING = frozenset({"ImportError", "ModuleNotFoundError"})
_DO_SOMETHING = frozenset({"antigravity", "this"})
"""Modules of the standard library that show something when they are imported."""


def without_untaken_branches(tree: ast.Module, lock: Locked) -> ast.Module:
    """Return the module without what only other versions of Python run.

    That is the other side of an `if` on `sys.version_info`, and the handlers of an import that the locked Python has.
    """
    made: ast.Module = _Pruner(lock).visit(copy.deepcopy(tree))
    return made


class _Pruner(ast.NodeTransformer):
    """Empties the branches that are not taken."""

    def __init__(self, lock: Locked) -> None:
        self._lock = lock
        self._version = tuple(int(part) for part in lock.facts.python.split(".")[:3] if part.isdigit())

    def visit_If(self, node: ast.If) -> ast.If:
        self.generic_visit(node)
        holds = _holds(node.test, self._version)
        if holds is True:
            node.orelse = []
        elif holds is False:
            node.body = []
        return node

    def visit_Try(self, node: ast.Try) -> ast.Try:
        self.generic_visit(node)
        if all(isinstance(one, (ast.Import, ast.ImportFrom)) and self._is_there(one) for one in node.body):
            node.handlers = [handler for handler in node.handlers if not _only_where_missing(handler)]
        return node

    def _is_there(self, statement: ast.Import | ast.ImportFrom) -> bool:
        """Whether an import surely succeeds; what parts a distribution has, its name in the lock does not tell."""
        if isinstance(statement, ast.Import):
            return all("." not in alias.name and self._lock.has(alias.name) for alias in statement.names)
        module = statement.module or ""
        is_standard = module in sys.stdlib_module_names - _DO_SOMETHING and not statement.level
        if not is_standard or self._version[:2] != sys.version_info[:2]:
            return False
        try:
            loaded = importlib.import_module(module)
        except ImportError:  # one of another platform's
            return False
        return all(hasattr(loaded, alias.name) for alias in statement.names)


def _only_where_missing(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return all(isinstance(kind, ast.Name) and kind.id in _MISSING for kind in kinds)


def _holds(test: ast.expr, version: tuple[int, ...]) -> bool | None:
    """Whether a comparison of `sys.version_info` with a literal holds; None for any other test."""
    if not (isinstance(test, ast.Compare) and len(test.ops) == 1 and ast.unparse(test.left) == "sys.version_info"):
        return None
    compared = _COMPARED.get(type(test.ops[0]))
    try:
        other = ast.literal_eval(test.comparators[0])
    except ValueError:
        return None
    is_version = isinstance(other, tuple) and all(isinstance(part, int) for part in other)
    return compared(version, other) if compared is not None and is_version else None
