# ruff: noqa: D102, N815, SIM905 - ast looks the methods up by these names; long lists read best as words
"""The names that expressions read, bind and change; a cell's statements are walked on top of this."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from jupyter_prodkit.notebook.definitions import reads_when_called
from jupyter_prodkit.notebook.syntax import parsed
from jupyter_prodkit.notebook.text_names import is_shell_call, magic_names, names_in_text

__all__ = ["ExpressionNames"]

# Methods of builtin containers and of estimators that change their receiver; others are taken to return a new value.
_MUTATORS = frozenset(
    "add append clear discard extend fit fit_transform insert partial_fit pop popitem remove reverse setdefault "
    "shuffle sort update write writelines set_params load_state_dict".split(),
)
# Functions that change their first argument.
_ARGUMENT_MUTATORS = frozenset(
    "copyto delattr fill_diagonal heapify heappop heappush heapreplace insort insort_left insort_right place put "
    "putmask setattr shuffle".split(),
)
_NAMESPACES = frozenset({"globals", "locals", "vars"})
_ANY_NAME = frozenset({"globals", "locals", "exec", "eval"})


class ExpressionNames(ast.NodeVisitor):
    """Walks code in the order it runs, knowing at each point what is surely bound."""

    def __init__(self) -> None:
        self.bound: set[str] = set()
        self.gone: set[str] = set()
        self.ever_bound: set[str] = set()
        self.surely_bound: set[str] = set()
        self._unsure = 0  # how many loops and handled blocks are around: they are taken to run, and may not
        self.binds_any = False
        self.needs: set[str] = set()
        self.needs_any = False
        self.called: set[str] = set()
        self.assigned: ast.expr | None = None
        self.used: set[str] = set()
        self.mutates: set[str] = set()
        self._local: list[set[str]] = []  # scopes of comprehensions and class bodies, innermost last

    # -- binding, reading, changing -------------------------------------------------------------------------------

    def _bind(self, name: str) -> None:
        if self._local:
            self._local[-1].add(name)
        else:
            self.bound.add(name)
            self.ever_bound.add(name)
            self.gone.discard(name)
            if not self._unsure:
                self.surely_bound.add(name)

    def _read(self, name: str) -> None:
        if not self._is_local(name):
            self.used.add(name)
            self._need(name)

    def _need(self, name: str) -> None:
        if name not in self.bound and not self._is_local(name):
            self.needs.add(name)

    def _mutate(self, node: ast.expr) -> None:
        while isinstance(node, (ast.Attribute, ast.Subscript)):
            node = node.value
        if isinstance(node, ast.Name) and not self._is_local(node.id):
            self.mutates.add(node.id)

    def _is_local(self, name: str) -> bool:
        return any(name in scope for scope in self._local)

    @contextmanager
    def _taken_to_run(self) -> Iterator[None]:
        self._unsure += 1
        yield
        self._unsure -= 1

    @contextmanager
    def _scope(self, names: Iterable[str]) -> Iterator[None]:
        self._local.append(set(names))
        yield
        self._local.pop()

    # -- every node -----------------------------------------------------------------------------------------------

    def generic_visit(self, node: ast.AST) -> None:
        # As ast's own does, in half the time: this is done for each cell that runs.
        for name in node._fields:
            value = getattr(node, name, None)
            if type(value) is list:
                for one in value:
                    if isinstance(one, ast.AST):
                        self.visit(one)
            elif isinstance(value, ast.AST) and name != "ctx":
                self.visit(value)

    def visit_Constant(self, node: ast.Constant) -> None:
        """Nothing stands below it."""

    # -- names and places -----------------------------------------------------------------------------------------

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self._load(node)
            if node.id in _ANY_NAME and not self._is_local(node.id):
                self.needs_any = self.binds_any = True
        elif isinstance(node.ctx, ast.Store):
            self._bind(node.id)
        elif not self._is_local(node.id):
            self._read(node.id)
            self.bound.discard(node.id)
            self.gone.add(node.id)

    def _load(self, node: ast.Name) -> None:
        """Read a name; what gets another name is not used yet, and of a class only what makes its objects."""
        made_by = self.assigned.func if isinstance(self.assigned, ast.Call) else None
        if node is made_by and not self._is_local(node.id):
            self.called.add(node.id)
        if node is made_by or node is self.assigned:
            self._need(node.id)
        else:
            self._read(node.id)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if not isinstance(node.ctx, ast.Load):
            self._mutate(node.value)
        if is_shell_call(node.value):
            self._magic(node, None)
        self.visit(node.value)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        name = _constant_text(node.slice)
        if name is not None and _is_namespace(node.value):
            self.visit_Name(ast.Name(name, node.ctx))  # globals()["name"]
            return
        if not isinstance(node.ctx, ast.Load):
            self._mutate(node.value)
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        name = _constant_text(node.left)
        if name is not None and len(node.ops) == 1 and _is_namespace(node.comparators[0]):
            self._read(name)  # "name" in globals()
            return
        self.generic_visit(node)

    # -- calls ----------------------------------------------------------------------------------------------------

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Attribute):
            if self._method(node, node.func):
                return
        elif isinstance(node.func, ast.Name) and self._function(node, node.func.id):
            return
        if node.args and _last_name(node.func) in _ARGUMENT_MUTATORS:
            self._mutate(node.args[0])
        self.generic_visit(node)

    def _method(self, node: ast.Call, method: ast.Attribute) -> bool:
        """Note what calling a method does to its receiver; True where nothing more is to be seen."""
        inplace = any(k.arg == "inplace" and not _is_false(k.value) for k in node.keywords)
        if method.attr in _MUTATORS or inplace:
            self._mutate(method.value)
        for name in names_in_text(node):
            self._read(name)
        if is_shell_call(method.value):
            self._magic(method, node)
            for argument in node.args:
                self.visit(argument)
            return True
        key = _constant_text(node.args[0]) if node.args else None
        if method.attr == "get" and key is not None and _is_namespace(method.value):
            self._read(key)  # globals().get("name")
            return True
        return False

    def _function(self, node: ast.Call, name: str) -> bool:
        """Note what the functions do that run text or hand out all names; True where nothing more is to be seen."""
        if name == "vars" and not node.args and not self._is_local(name):
            self.needs_any = self.binds_any = True
        text = _constant_text(node.args[0]) if len(node.args) == 1 and not node.keywords else None
        if name not in {"exec", "eval"} or text is None or self._is_local(name):
            return False
        tree = parsed(text.strip())
        for statement in [] if tree is None else tree.body:
            self.visit(statement)
        return True

    def _magic(self, node: ast.Attribute, call: ast.Call | None) -> None:
        done = magic_names(node, call)
        self.binds_any |= done.binds_any
        self.needs_any |= done.binds_any  # it runs code that is not here: who knows what that reads
        for name in done.reads:
            self._read(name)
        for name in done.binds:
            self._bind(name)

    # -- scopes ---------------------------------------------------------------------------------------------------

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._signature(node.args)
        for name in reads_when_called(node):  # a lambda is most often called on the spot
            self._read(name)

    def _signature(self, arguments: ast.arguments) -> None:
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        every += [extra for extra in (arguments.vararg, arguments.kwarg) if extra is not None]
        for expression in [*arguments.defaults, *arguments.kw_defaults, *(one.annotation for one in every)]:
            if expression is not None:
                self.visit(expression)

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


def _constant_text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _is_namespace(node: ast.expr) -> bool:
    called = node.func if isinstance(node, ast.Call) and not node.args else None
    return isinstance(called, ast.Name) and called.id in _NAMESPACES


def _last_name(node: ast.expr) -> str:
    return str(getattr(node, "attr", None) or getattr(node, "id", ""))
