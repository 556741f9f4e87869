"""Which names a piece of code binds, reads from outside, and may change in place, as its syntax tree shows."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache

from jupyter_prodkit.notebook.transform import to_python

__all__ = ["NO_NAMES", "CodeNames", "code_names", "names_in"]

_BUILTINS = frozenset(dir(builtins)) | {"get_ipython", "display", "exit", "quit", "In", "Out", "__name__", "__file__"}
# Methods of builtin containers and of estimators that change their receiver; others are taken to return a new value.
_MUTATORS = frozenset(
    "add append clear discard extend fit fit_transform insert partial_fit pop popitem remove reverse setdefault "
    "shuffle sort update write writelines set_params load_state_dict".split(),
)
_QUERY_NAME = re.compile(r"@([A-Za-z_]\w*)")
_SHELL_NAME = re.compile(r"(?<!\{)\{([A-Za-z_]\w*)|\$([A-Za-z_]\w*)")


@dataclass(frozen=True)
class CodeNames:
    """The names of one piece of code, seen from the notebook's top level."""

    binds: frozenset[str] = frozenset()
    """Names it binds: assignments, imports, definitions, loop variables."""
    needs: frozenset[str] = frozenset()
    """Names it reads while it runs and has not bound itself by then; builtins left out."""
    mutates: frozenset[str] = frozenset()
    """Names whose value it may change in place."""
    deletes: frozenset[str] = frozenset()
    imports: frozenset[str] = frozenset()
    """Top-level modules that its import statements name."""
    deferred: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """For each function or class it defines, the names that are read when that is called."""
    calls: frozenset[str] = frozenset()
    """Names of `needs` and `binds` that it calls, or hands on and so may have called."""

    @property
    def is_opaque(self) -> bool:
        """Whether the code may read and write any name: it uses `exec`, `eval`, `globals` or a star import."""
        return "*" in self.needs


NO_NAMES = CodeNames()


@lru_cache(maxsize=4096)
def code_names(source: str) -> CodeNames:
    """Return the names of a cell's source; none where it has a syntax error, as such a cell does nothing."""
    try:
        tree = ast.parse(to_python(source))
    except (SyntaxError, ValueError):
        return NO_NAMES
    return names_in(tree)


def names_in(tree: ast.Module) -> CodeNames:
    """Return the names of a syntax tree."""
    visitor = _Names()
    visitor.statements(tree.body)
    bound = visitor.ever_bound
    return CodeNames(
        binds=frozenset(bound),
        needs=frozenset(visitor.needs - _BUILTINS),
        mutates=frozenset(visitor.mutates - _BUILTINS),
        deletes=frozenset(visitor.deletes - bound) | frozenset(visitor.deletes - visitor.bound),
        imports=frozenset(visitor.imports),
        deferred={name: frozenset(names - _BUILTINS) for name, names in visitor.deferred.items()},
        calls=frozenset(visitor.used - _BUILTINS),
    )


class _Names(ast.NodeVisitor):
    """Walks code in the order it runs, knowing at each point what is surely bound."""

    def __init__(self) -> None:
        self.bound: set[str] = set()
        self.ever_bound: set[str] = set()
        self.needs: set[str] = set()
        self.used: set[str] = set()
        self.mutates: set[str] = set()
        self.deletes: set[str] = set()
        self.imports: set[str] = set()
        self.deferred: dict[str, set[str]] = {}
        self._local: list[set[str]] = []  # scopes of comprehensions and class bodies, innermost last

    # -- binding and reading --------------------------------------------------------------------------------------

    def _bind(self, name: str) -> None:
        if self._local:
            self._local[-1].add(name)
        else:
            self.bound.add(name)
            self.ever_bound.add(name)

    def _read(self, name: str) -> None:
        if any(name in scope for scope in self._local):
            return
        self.used.add(name)
        if name not in self.bound:
            self.needs.add(name)
        if name in {"exec", "eval", "globals", "locals", "vars"}:
            self.needs.add("*")

    def _mutate(self, node: ast.expr) -> None:
        while isinstance(node, (ast.Attribute, ast.Subscript)):
            node = node.value
        if isinstance(node, ast.Name) and not any(node.id in scope for scope in self._local):
            self.mutates.add(node.id)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self._read(node.id)
        elif isinstance(node.ctx, ast.Store):
            self._bind(node.id)
        else:
            self._read(node.id)
            self.deletes.add(node.id)
            self.bound.discard(node.id)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if not isinstance(node.ctx, ast.Load):
            self._mutate(node.value)
        self.visit(node.value)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if not isinstance(node.ctx, ast.Load):
            self._mutate(node.value)
        self.generic_visit(node)

    # -- statements -----------------------------------------------------------------------------------------------

    def statements(self, body: Iterable[ast.stmt]) -> None:
        for statement in body:
            self.visit(statement)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        for target in node.targets:
            self.visit(target)
        if len(node.targets) == 1 and isinstance(node.targets[0], ast.Name) and isinstance(node.value, ast.Lambda):
            self.deferred[node.targets[0].id] = _reads_when_called(node.value)

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

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.imports.add(alias.name.partition(".")[0])
            self._bind(alias.asname or alias.name.partition(".")[0])

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.module and node.level == 0:
            self.imports.add(node.module.partition(".")[0])
        for alias in node.names:
            if alias.name == "*":
                self.needs.add("*")
            else:
                self._bind(alias.asname or alias.name)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for decorator in node.decorator_list:
            self.visit(decorator)
        self._signature(node.args)
        if node.returns is not None:
            self.visit(node.returns)
        if not self._local:
            self.deferred[node.name] = _reads_when_called(node)
        self._bind(node.name)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 - the name ast looks up

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._signature(node.args)
        for name in _reads_when_called(node):  # a lambda is most often called on the spot
            self._read(name)

    def _signature(self, arguments: ast.arguments) -> None:
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        every += [extra for extra in (arguments.vararg, arguments.kwarg) if extra is not None]
        for expression in [*arguments.defaults, *arguments.kw_defaults, *(one.annotation for one in every)]:
            if expression is not None:
                self.visit(expression)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for expression in [*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)]:
            self.visit(expression)
        with self._scope(()):
            self.statements(node.body)
        if not self._local:
            self.deferred[node.name] = _reads_when_called(node)
        self._bind(node.name)

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        self._branches([node.body, node.orelse])

    def visit_While(self, node: ast.While) -> None:
        self.visit(node.test)
        self._branches([node.body, []])
        self.statements(node.orelse)

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        with self._undone():
            self.visit(node.target)
            self.statements(node.body)
        self.statements(node.orelse)

    visit_AsyncFor = visit_For  # noqa: N815 - the name ast looks up

    def visit_Try(self, node: ast.Try) -> None:
        self.statements(node.body)
        for handler in node.handlers:
            with self._undone():
                if handler.type is not None:
                    self.visit(handler.type)
                if handler.name is not None:
                    self.bound.add(handler.name)
                self.statements(handler.body)
        self.statements([*node.orelse, *node.finalbody])

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

    def _branches(self, bodies: list[list[ast.stmt]]) -> None:
        before, ends = set(self.bound), []
        for body in bodies:
            self.bound = set(before)
            self.statements(body)
            ends.append(self.bound)
        self.bound = set.intersection(*ends)

    @contextmanager
    def _undone(self) -> Iterator[None]:
        before = set(self.bound)
        yield
        self.bound = before

    @contextmanager
    def _scope(self, names: Iterable[str]) -> Iterator[None]:
        self._local.append(set(names))
        yield
        self._local.pop()

    # -- expressions ----------------------------------------------------------------------------------------------

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Attribute):
            inplace = any(k.arg == "inplace" and not _is_false(k.value) for k in node.keywords)
            if node.func.attr in _MUTATORS or inplace:
                self._mutate(node.func.value)
            for name in _names_in_text(node):
                self._read(name)
        self.generic_visit(node)

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> None:
        self.visit(node.generators[0].iter)
        with self._scope(()):
            for place, generator in enumerate(node.generators):
                if place:
                    self.visit(generator.iter)
                self.visit(generator.target)
                for condition in generator.ifs:
                    self.visit(condition)
            for part in [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]:
                self.visit(part)

    visit_ListComp = visit_SetComp = visit_GeneratorExp = visit_DictComp = _comprehension

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        outer, self._local = self._local, []  # binds in the enclosing scope, not in the comprehension's
        self._bind(node.target.id)
        self._local = outer


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def _names_in_text(node: ast.Call) -> Iterator[str]:
    """Names that only a string shows: `df.query("@limit")`, and `{name}`, `$name` in shell lines."""
    assert isinstance(node.func, ast.Attribute)
    owner = node.func.value
    shell = isinstance(owner, ast.Call) and isinstance(owner.func, ast.Name) and owner.func.id == "get_ipython"
    if not shell and node.func.attr not in {"query", "eval"}:
        return
    for argument in node.args:
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            if shell:
                yield from (first or second for first, second in _SHELL_NAME.findall(argument.value))
            else:
                yield from _QUERY_NAME.findall(argument.value)


def _reads_when_called(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda) -> set[str]:
    """Global names read inside a definition: what is loaded there and bound in none of the scopes around the load."""
    reads: set[str] = set()
    _scope_reads(node, frozenset(), reads)
    return reads


_Scope = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef, ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)


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
    if isinstance(node, _Scope):
        around = [*getattr(node, "decorator_list", ()), *getattr(node, "bases", ())]
        arguments = getattr(node, "args", None)
        if isinstance(arguments, ast.arguments):
            around += [d for d in [*arguments.defaults, *arguments.kw_defaults] if d is not None]
        for expression in around:
            _reads_below(expression, visible, inner, reads)
        _scope_reads(node, inner, reads)
        return
    for child in ast.iter_child_nodes(node):
        _reads_below(child, visible, inner, reads)


def _scope_bindings(node: ast.AST) -> tuple[frozenset[str], frozenset[str]]:
    own: set[str] = set()
    declared_global: set[str] = set()
    arguments = getattr(node, "args", None)
    if isinstance(arguments, ast.arguments):
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        own.update(argument.arg for argument in every if argument is not None)
    pending = [*_scope_body(node)]
    while pending:
        part = pending.pop()
        if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            own.add(part.name)
            continue
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            own.add(part.id)
        elif isinstance(part, (ast.Import, ast.ImportFrom)):
            own.update(alias.asname or alias.name.partition(".")[0] for alias in part.names)
        elif isinstance(part, ast.Global):
            declared_global.update(part.names)
        elif isinstance(part, ast.ExceptHandler) and part.name:
            own.add(part.name)
        elif isinstance(part, (ast.MatchAs, ast.MatchStar)) and part.name:
            own.add(part.name)
        if not isinstance(part, _Scope):
            pending.extend(ast.iter_child_nodes(part))
    return frozenset(own), frozenset(declared_global)
