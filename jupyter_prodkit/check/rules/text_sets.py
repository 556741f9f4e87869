"""Sets of texts in a cell's code, and where the order or the hash of one, new in each process, reaches a result.

Only what is surely a set of texts counts: `set(words)` may hold numbers, whose order is the same each time.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from functools import lru_cache

from jupyter_prodkit.notebook.syntax import shared_tree
from jupyter_prodkit.notebook.transform import to_python

__all__ = ["HashTaken", "TextNames", "along", "may_take_hash"]

_SET = re.compile(r"\bset\(|\bhash\(|\bfrozenset\(|\{[^{}:]*[\"'][^{}:]*,|\{[^{}:]*\bfor\b")
_MAKE_SET = frozenset({"set", "frozenset"})
_MAKE_LIST = frozenset({"list", "sorted", "tuple"})
_TAKE_ORDER = frozenset({"enumerate", "iter", "list", "map", "print", "repr", "str", "tuple", "zip"})
_TAKE_ORDER_METHODS = frozenset({"extend", "join"})
_FORGET_ORDER = frozenset(
    {"Counter", "all", "any", "difference", "difference_update", "frozenset", "intersection", "isdisjoint", "isin"}
    | {"issubset", "issuperset", "len", "max", "min", "set", "sorted", "sum", "symmetric_difference", "union", "unique"}
)
_GIVE_TEXT = frozenset({"capitalize", "casefold", "lower", "lstrip", "rstrip", "strip", "title", "upper", "zfill"})
_GIVE_TEXTS = frozenset({"findall", "split", "splitlines"})
_GIVE_SET = frozenset({"copy", "difference", "intersection", "symmetric_difference", "union"})
_SHOW_OR_KEEP = frozenset({"append", "display", "extend", "insert", "print", "write"})
_Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_LONGEST = 60
_BODIES = (ast.stmt, ast.ExceptHandler)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)
_SET_OPERATORS = (ast.BitOr, ast.BitAnd, ast.Sub, ast.BitXor)


@dataclass(frozen=True, slots=True)
class TextNames:
    """Names of the notebook that hold sets of texts, and sequences of texts."""

    sets: frozenset[str] = frozenset()
    sequences: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class HashTaken:
    """One place where the order of a set of texts, which their hashes make, or the hash of a text goes on."""

    line: int
    what: str
    """The set, or the call of `hash`, as it is written, shortened."""
    kept_as: str | None
    """The list that takes the order, where it is one: it may be sorted later."""
    is_hash: bool = False
    """Whether it is the hash of one text, and not the order of a set."""


@lru_cache(maxsize=4096)
def may_take_hash(source: str) -> bool:
    """Return whether a cell's text looks as if it made a set, or asked for a hash."""
    return _SET.search(source) is not None


def along(source: str, known: TextNames) -> tuple[tuple[HashTaken, ...], TextNames]:
    """Return where a cell takes a set's order or a text's hash, and which names hold several texts after it."""
    mentioned = TextNames(
        frozenset(name for name in known.sets if name in source),
        frozenset(name for name in known.sequences if name in source),
    )
    found, after = _hashes_taken(source, mentioned)
    return found, TextNames(
        (known.sets - mentioned.sets) | after.sets, (known.sequences - mentioned.sequences) | after.sequences
    )


@lru_cache(maxsize=4096)
def _hashes_taken(source: str, known: TextNames) -> tuple[tuple[HashTaken, ...], TextNames]:
    """Return the same for a cell in which all of `known` are mentioned."""
    tree = shared_tree(to_python(source))
    if tree is None:
        return (), known
    seen = _Seen(set(known.sets), set(known.sequences))
    try:
        seen.block(tree.body)
    except RecursionError:
        return (), known
    return tuple(dict.fromkeys(seen.found)), TextNames(frozenset(seen.sets), frozenset(seen.sequences))


@dataclass
class _Seen:
    """Walks statements in their order, knowing which names hold texts."""

    sets: set[str]
    sequences: set[str]
    texts: set[str] = field(default_factory=set)
    found: list[HashTaken] = field(default_factory=list)

    def block(self, body: list[ast.stmt]) -> None:
        for statement in body:
            if getattr(statement, "name", "") != "__hash__":  # a method that has no other way
                self.statement(statement)

    def statement(self, node: ast.stmt) -> None:
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            inner = _Seen(set(self.sets), set(self.sequences), set(self.texts), self.found)
            inner.block(node.body)
            return
        self.expressions(node)
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                self.assign(target, node.value)
        elif isinstance(node, (ast.For, ast.AsyncFor)):
            self.loop(node)
        elif isinstance(node, ast.Expr):
            self.added(node.value)
        for inner_body in ("body", "orelse", "finalbody"):
            self.block(getattr(node, inner_body, []))
        for handler in getattr(node, "handlers", []):
            self.block(handler.body)

    def assign(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, (ast.Tuple, ast.List)) and self.is_set(value):
            self.note(value, None)
        if not isinstance(target, ast.Name):
            return
        self.sets.discard(target.id)
        self.sequences.discard(target.id)
        self.texts.discard(target.id)
        if self.is_set(value):
            self.sets.add(target.id)
        elif self.holds_texts(value) and not isinstance(value, ast.Constant):
            self.sequences.add(target.id)
        elif self.is_text(value):
            self.texts.add(target.id)

    def added(self, node: ast.expr) -> None:
        """`seen.add("a")` makes a set of texts of what was an empty one."""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "add":
            owner = node.func.value
            if isinstance(owner, ast.Name) and node.args and self.is_text(node.args[0]):
                self.sets.add(owner.id)

    def loop(self, node: ast.For | ast.AsyncFor) -> None:
        targets = {part.id for part in ast.walk(node.target) if isinstance(part, ast.Name)}
        self.sets -= targets
        self.sequences -= targets
        if isinstance(node.target, ast.Name):
            (self.texts.add if self.holds_texts(node.iter) else self.texts.discard)(node.target.id)
        if not self.is_set(node.iter):
            return
        for part in (inner for statement in node.body for inner in ast.walk(statement)):
            if isinstance(part, (ast.Yield, ast.Break)):
                self.note(node.iter, None)
            elif isinstance(part, ast.Call) and _called(part) in _SHOW_OR_KEEP:
                owner = part.func.value if isinstance(part.func, ast.Attribute) else None
                self.note(node.iter, owner.id if isinstance(owner, ast.Name) else None)

    # -- where an order is taken ----------------------------------------------------------------------------------

    def expressions(self, statement: ast.stmt) -> None:
        """Look through the expressions of a statement itself, not of the statements in it."""
        parts = [child for child in ast.iter_child_nodes(statement) if not isinstance(child, _BODIES)]
        kept = _single_target(statement)
        for part in parts:
            self.look(part, None, kept)

    def look(self, node: ast.AST, around: ast.AST | None, kept: str | None) -> None:
        if isinstance(node, _COMPREHENSIONS):
            self.comprehension(node, around, kept)
        elif isinstance(node, ast.Call) and not _forgets(around):
            self.call(node, kept if around is None else None)
        elif isinstance(node, (ast.FormattedValue, ast.Starred)) and self.is_set(node.value):
            self.note(node.value, None)
        for child in ast.iter_child_nodes(node):
            self.look(child, node, kept)

    def call(self, node: ast.Call, kept: str | None) -> None:
        takes = _called(node) in (_TAKE_ORDER_METHODS if isinstance(node.func, ast.Attribute) else _TAKE_ORDER)
        for argument in node.args:
            if takes and self.is_set(argument):
                self.note(argument, kept if _called(node) in _MAKE_LIST else None)
        if isinstance(node.func, ast.Name) and node.func.id == "hash" and any(map(self.is_text, node.args)):
            self.note(node, None, is_hash=True)
        pops = isinstance(node.func, ast.Attribute) and node.func.attr == "pop" and not node.args
        if pops and isinstance(node.func, ast.Attribute) and self.is_set(node.func.value):
            self.note(node.func.value, None)

    def comprehension(self, node: _Comprehension, around: ast.AST | None, kept: str | None) -> None:
        ordered = isinstance(node, ast.ListComp) or (
            isinstance(node, ast.GeneratorExp)
            and isinstance(around, ast.Call)
            and _called(around) in _TAKE_ORDER | _TAKE_ORDER_METHODS
        )
        if ordered and self.is_set(node.generators[0].iter) and not _forgets(around):
            self.note(node.generators[0].iter, kept if around is None else None)

    def note(self, node: ast.expr, kept: str | None, *, is_hash: bool = False) -> None:
        text = ast.unparse(node)
        short = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
        self.found.append(HashTaken(node.lineno, short, kept, is_hash))

    # -- what holds texts -----------------------------------------------------------------------------------------

    def is_set(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Name):
            return node.id in self.sets
        if isinstance(node, ast.Set):
            return len(node.elts) > 1 and all(self.is_text(one) for one in node.elts)
        if isinstance(node, ast.SetComp):
            return self.gives_text(node)
        if isinstance(node, ast.BinOp):
            return isinstance(node.op, _SET_OPERATORS) and self.is_set(node.left)
        return isinstance(node, ast.Call) and self.call_gives_set(node)

    def call_gives_set(self, node: ast.Call) -> bool:
        if isinstance(node.func, ast.Attribute):
            return node.func.attr in _GIVE_SET and self.is_set(node.func.value)
        return _called(node) in _MAKE_SET and len(node.args) == 1 and self.holds_texts(node.args[0])

    def holds_texts(self, node: ast.expr) -> bool:
        """Whether going through `node` surely gives several texts."""
        if isinstance(node, ast.Constant):
            return isinstance(node.value, str) and len(node.value) > 1
        if isinstance(node, ast.Name):
            return node.id in self.sets | self.sequences | self.texts
        if isinstance(node, (ast.List, ast.Tuple)):
            return len(node.elts) > 1 and all(self.is_text(one) for one in node.elts)
        if isinstance(node, (ast.ListComp, ast.GeneratorExp)):
            return self.gives_text(node)
        return self.is_set(node) or (isinstance(node, ast.Call) and self.call_holds_texts(node))

    def call_holds_texts(self, node: ast.Call) -> bool:
        if isinstance(node.func, ast.Attribute):
            return node.func.attr in _GIVE_TEXTS and not self.is_series(node.func.value)
        return _called(node) in _MAKE_LIST and len(node.args) == 1 and self.holds_texts(node.args[0])

    def is_series(self, node: ast.expr) -> bool:
        """Whether `.split` is one of pandas' or NumPy's, on many texts or on what is no text at all."""
        return isinstance(node, ast.Attribute) or (isinstance(node, ast.Name) and node.id in {"np", "numpy"})

    def is_text(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Constant):
            return isinstance(node.value, str)
        if isinstance(node, ast.Name):
            return node.id in self.texts
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return node.func.id in {"str", "repr"}
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            return node.func.attr in _GIVE_TEXT and not self.is_series(node.func.value)
        return isinstance(node, ast.JoinedStr)

    def gives_text(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> bool:
        """Whether what a comprehension gives is text, its own variable counted where it goes through texts."""
        target, inside = node.generators[0].target, set(self.texts)
        if isinstance(target, ast.Name) and self.holds_texts(node.generators[0].iter):
            inside.add(target.id)
        return _Seen(self.sets, self.sequences, inside).is_text(node.elt)


def _called(node: ast.Call) -> str:
    return str(getattr(node.func, "attr", None) or getattr(node.func, "id", ""))


def _forgets(around: ast.AST | None) -> bool:
    """Whether what stands around doesn't care for order."""
    if isinstance(around, ast.Call):
        return _called(around) in _FORGET_ORDER
    return isinstance(around, ast.Compare) and all(isinstance(op, (ast.In, ast.NotIn)) for op in around.ops)


def _single_target(statement: ast.stmt) -> str | None:
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    return targets[0].id if len(targets) == 1 and isinstance(targets[0], ast.Name) else None

