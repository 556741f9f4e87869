# ruff: noqa: D102, N802, N815 - ast looks the methods up by these names, and they do what visitors do
"""The names that statements bind, read and delete, branch by branch."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from jupyter_prodkit.notebook.definitions import reads_when_called, rebinds_when_called
from jupyter_prodkit.notebook.expressions import ExpressionNames

__all__ = ["StatementNames"]

_MAKERS = frozenset({"__init__", "__new__", "__post_init__"})
_LEAVES = (ast.Raise, ast.Return, ast.Break, ast.Continue)


class StatementNames(ExpressionNames):
    """Walks the statements of a cell; what may not run binds nothing for sure."""

    def __init__(self) -> None:
        super().__init__()
        self.imports: set[str] = set()
        self.modules: set[str] = set()
        self.deferred: dict[str, set[str]] = {}
        self.methods: dict[str, set[str]] = {}
        self.rebinds_when_called: set[str] = set()

    def statements(self, body: Iterable[ast.stmt]) -> None:
        """Walk `body` in order."""
        for statement in body:
            self.visit(statement)

    # -- assignments and imports ----------------------------------------------------------------------------------

    def visit_Assign(self, node: ast.Assign) -> None:
        self.assigned = node.value
        self.visit(node.value)
        for target in node.targets:
            self.visit(target)
        if len(node.targets) == 1 and isinstance(node.targets[0], ast.Name) and isinstance(node.value, ast.Lambda):
            self._defer(node.targets[0].id, node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.visit(node.annotation)
        if node.value is not None:
            self.visit(node.value)
            self.visit(node.target)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.visit(node.value)
        if isinstance(node.target, ast.Name):
            self._read(node.target.id)
            self._mutate(node.target)
            self._bind(node.target.id)
        else:
            self.visit(node.target)

    def visit_TypeAlias(self, node: Any) -> None:  # Python 3.12
        self._bind(node.name.id)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            top = alias.name.partition(".")[0]
            self.imports.add(top)
            self._bind(alias.asname or top)
            if not self._local:
                self.modules.add(alias.asname or top)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.module and node.level == 0:
            self.imports.add(node.module.partition(".")[0])
        for alias in node.names:
            if alias.name == "*":
                self.binds_any = True
            else:
                self._bind(alias.asname or alias.name)

    # -- definitions ----------------------------------------------------------------------------------------------

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for decorator in node.decorator_list:
            self.visit(decorator)
        with self._scope(_type_parameters(node)):
            self._signature(node.args)
            if node.returns is not None:
                self.visit(node.returns)
        self._defer(node.name, node)
        self._bind(node.name)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for decorator in node.decorator_list:
            self.visit(decorator)
        with self._scope(_type_parameters(node)):
            for expression in [*node.bases, *(keyword.value for keyword in node.keywords)]:
                self.visit(expression)
            self.statements(node.body)
        self._defer_class(node)
        self._bind(node.name)

    def _defer(self, name: str, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> None:
        self.rebinds_when_called |= rebinds_when_called(node)
        if not self._local:
            self.deferred.setdefault(name, set()).update(reads_when_called(node) - set(_type_parameters(node)))

    def _defer_class(self, node: ast.ClassDef) -> None:
        self.rebinds_when_called |= rebinds_when_called(node)
        if self._local:
            return
        makers = [part for part in node.body if isinstance(part, ast.FunctionDef) and part.name in _MAKERS]
        self.deferred.setdefault(node.name, set()).update(*(reads_when_called(maker) for maker in makers))
        self.methods.setdefault(node.name, set()).update(reads_when_called(node) - set(_type_parameters(node)))

    # -- branches -------------------------------------------------------------------------------------------------

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        self._branches([node.body, node.orelse])

    def visit_While(self, node: ast.While) -> None:
        self.visit(node.test)
        with self._taken_to_run():
            self.statements([*node.body, *node.orelse])

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        with self._taken_to_run():
            self.visit(node.target)
            self.statements([*node.body, *node.orelse])

    visit_AsyncFor = visit_For

    def visit_Try(self, node: Any) -> None:
        with self._taken_to_run():
            self.statements([*node.body, *node.orelse])
        for handler in node.handlers:
            with self._undone():
                if handler.type is not None:
                    self.visit(handler.type)
                if handler.name is not None:
                    self.bound.add(handler.name)  # lives in its handler only
                self.statements(handler.body)
        self.statements(node.finalbody)

    visit_TryStar = visit_Try

    def visit_Match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        for case in node.cases:
            with self._undone():
                for part in ast.walk(case.pattern):
                    name = getattr(part, "name", None) or getattr(part, "rest", None)
                    if isinstance(name, str):
                        self._bind(name)
                    if isinstance(part, ast.expr):
                        self.visit(part)
                if case.guard is not None:
                    self.visit(case.guard)
                self.statements(case.body)

    def _branches(self, bodies: Sequence[list[ast.stmt]]) -> None:
        bound, gone = set(self.bound), set(self.gone)
        ends: list[tuple[set[str], set[str]]] = []
        for body in bodies:
            self.bound, self.gone = set(bound), set(gone)
            self.statements(body)
            if not (body and isinstance(body[-1], _LEAVES)):
                ends.append((self.bound, self.gone))
        if ends:
            self.bound = set.intersection(*(end[0] for end in ends))
            self.gone = set.intersection(*(end[1] for end in ends))

    @contextmanager
    def _undone(self) -> Iterator[None]:
        bound, gone = set(self.bound), set(self.gone)
        yield
        self.bound, self.gone = bound, gone


def _type_parameters(node: Any) -> list[str]:
    return [parameter.name for parameter in getattr(node, "type_params", ())]  # Python 3.12
