# ruff: noqa: SIM905 - long lists read best as words
"""What a value contains, as a digest that is the same in every process; runs no code of the user's.

Two values with equal digests are equal, up to the fourteenth digit of their floats: last-bit noise between two runs of
one computation is no difference. A value with no digest is opaque: an iterator, a figure, a lock, or too large to look
at in the time given.
"""

from __future__ import annotations

import collections
import datetime as dt
import decimal
import enum
import fractions
import functools
import gc
import marshal
import pathlib
import re
import types
import uuid
import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from time import perf_counter  # bound now: a cell may put another clock there
from typing import Any

import xxhash

from jupyter_prodkit.session.classes import (
    class_members,
    derives,
    instance_attributes,
    is_genuine,
    is_users_class,
    is_users_module,
    line_of,
    loaded,
    module_of,
    qualified_name,
    written_in_c,
)
from jupyter_prodkit.session.reach import global_names

__all__ = ["Budget", "Digest", "digest", "examine"]

_MOST_PARTS = 400
_DEEPEST = 60
_NODES_PER_CLOCK = 32
_ALWAYS_LOOKED_AT = 96  # nodes: small values are told apart however busy the machine is
_ALWAYS_AFFORDED = 3e-5  # seconds
_BYTES_PER_SECOND = 1e9
_SECONDS_PER_NODE = 1e-6
_SECONDS_PER_FLAT_ITEM = 2e-7
_SECONDS_PER_INNER = 4e-6

# Types whose text says everything about a value, and is made by C or library code alone.
_SAID_BY_REPR = frozenset(
    map(
        id,
        (
            dt.date, dt.datetime, dt.time, dt.timedelta, dt.timezone, decimal.Decimal,
            fractions.Fraction, pathlib.PurePosixPath, pathlib.PureWindowsPath, pathlib.PosixPath,
            pathlib.WindowsPath, uuid.UUID, re.Pattern, range, complex, types.EllipsisType, types.NotImplementedType,
        ),
    )
)  # fmt: skip
_IMMUTABLE_FLAT = frozenset(map(id, (int, str, bool, type(None), bytes)))
_PRIVATE_STATE = frozenset({"sklearn", "networkx", "torch", "xgboost", "lightgbm"})
"""Libraries whose objects keep what they know in private attributes; of others those are caches most often."""
_EMPTY_BASES = frozenset({"abc", "typing", "_abc"})
_SHARED_UNSEEN = frozenset(
    map(id, (tuple, frozenset, types.FunctionType, types.BuiltinFunctionType, types.ModuleType, type))
)
"""Types of which two equal values are as good as one."""
_WITHOUT_VALUE = frozenset(
    "matplotlib mpl_toolkits IPython ipykernel ipywidgets traitlets threading _thread asyncio socket ssl io _io "
    "sqlite3 subprocess concurrent multiprocessing weakref plotly bokeh altair tqdm dask ray pyspark".split()
)
_BY_NAME_ALONE = frozenset({"logging", "argparse", "typing"})
"""Libraries whose objects stand for themselves: to use a logger changes nothing that a result depends on."""


_SLOTS_OF_FRACTION = tuple(vars(fractions.Fraction)[name] for name in fractions.Fraction.__slots__)
_MOST_WHOLE = 9e15


class _Opaque(Exception):  # noqa: N818 - no error: this is how the walk says that it has to give up
    """The value can't be told by what it contains."""


@dataclass(slots=True)
class Budget:
    """How long looking at values may take, in seconds; spent by every digest that is given it."""

    seconds: float
    started: float = field(default_factory=perf_counter)

    def left(self) -> float:
        """Return the seconds left; negative where it is overspent."""
        return self.seconds - (perf_counter() - self.started)


@dataclass(frozen=True, slots=True)
class Digest:
    """What a look into a value found."""

    content: str | None
    """Equal contents mean equal values; None where the value is opaque or there was no time."""
    parts: frozenset[int] | None
    """The addresses of the objects in it that may be changed in place; None where there are too many."""
    in_time: bool = True
    """False where it has no content because the time was up."""
    is_small: bool = True
    """Whether it is so small that it is looked at in any case."""
    coarse: str | None = None
    """The same, of floats only the first seven digits: what two computations of one value have in common."""
    hidden: str = ""
    """Digest of what libraries keep in private attributes: tells that a value was changed, not that it differs."""
    reads: frozenset[str] = frozenset()
    """The notebook's names that functions in it read when they are called."""


def digest(value: Any, budget: Budget | None = None) -> str | None:
    """Return a digest of what `value` contains, None where it is opaque or `budget` is used up. Never raises."""
    return examine(value, budget).content


def examine(value: Any, budget: Budget | None = None) -> Digest:
    """Return the digest of `value` and which mutable objects it is made of. Never raises."""
    walk = _Walk(budget)
    try:
        walk.value(value, 0)
    except _Opaque:
        return Digest(None, walk.found_parts(), walk.in_time, is_small=walk.is_small, reads=frozenset(walk.reads))
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - changed by another thread meanwhile, or stranger than we know
        return Digest(None, walk.found_parts())
    hidden = walk.hidden.hexdigest() if walk.hides else ""
    coarse = walk.content(coarse=True)
    return Digest(
        walk.content(), walk.found_parts(), is_small=walk.is_small, coarse=coarse, hidden=hidden,
        reads=frozenset(walk.reads),
    )  # fmt: skip


class _Walk:
    """Feeds a value, part by part, into one hash; each part is preceded by its kind and size, so nothing is mixed up.

    Types are compared by identity, and read past their metaclass: asking a class may run the user's code.
    """

    def __init__(self, budget: Budget | None, parent: _Walk | None = None) -> None:
        self._hash = xxhash.xxh3_128()
        self._feed = self._hash.update
        self._floats = xxhash.xxh3_128()
        self._coarse_floats = xxhash.xxh3_128()
        self._budget = budget
        self._until_clock = _ALWAYS_LOOKED_AT
        self._fleeting = 0
        self.in_time = True
        self._parts: set[int] = set() if parent is None else parent._parts  # noqa: SLF001 - its own kind
        self._met: dict[int, int] = {} if parent is None else parent._met  # noqa: SLF001
        self._large: list[bool] = [] if parent is None else parent._large  # noqa: SLF001
        self._hides: list[bool] = [] if parent is None else parent._hides  # noqa: SLF001
        self._kept: list[Any] = [] if parent is None else parent._kept  # noqa: SLF001
        self.hidden: Any = xxhash.xxh3_128() if parent is None else parent.hidden
        self.reads: set[str] = set() if parent is None else parent.reads
        self._classes: dict[int, bytes] = {} if parent is None else parent._classes  # noqa: SLF001

    def content(self, *, coarse: bool = False) -> str:
        """Return the digest of all that was fed; with `coarse`, of floats only the first seven digits count."""
        floats = self._coarse_floats if coarse else self._floats
        both = self._hash.digest() + floats.digest()
        return str(xxhash.xxh3_128_hexdigest(both))

    @property
    def hides(self) -> bool:
        """Whether private attributes of a library's object were met."""
        return bool(self._hides)

    def found_parts(self) -> frozenset[int] | None:
        """Return the addresses of mutable objects met, or None if they are too many to keep."""
        return frozenset(self._parts) if len(self._parts) <= _MOST_PARTS else None

    def _inner(self) -> _Walk:
        inner = _Walk(self._budget, self)
        inner._until_clock = self._until_clock  # what is always looked at is so once
        return inner

    # -- plain values ---------------------------------------------------------------------------------------------

    def value(self, value: Any, depth: int) -> None:
        """Feed any value."""
        kind = type(value)
        plain = _PLAIN.get(id(kind))
        if plain is not None:
            plain(self, value)
            return
        self._spend()
        if depth > _DEEPEST:
            raise _Opaque
        met = self._met.get(id(value))
        if met is not None:  # held twice, or within itself
            self.text("again", str(met))
            return
        if id(kind) not in _SHARED_UNSEEN:
            self._met[id(value)] = len(self._met)
            self._kept.append(value)  # so that no other object gets its address while we look
        self._by_kind(value, kind, depth + 1)

    def text(self, kind: str, text: str) -> None:
        """Feed a text under the name of its kind."""
        content = text.encode("utf-8", "surrogatepass")
        self._feed(f"{kind} {len(content)}:".encode())
        self._feed(content)

    def number(self, value: Any) -> None:
        """Feed a number, fourteen digits of it; a whole one is no sum of parts with noise, most often."""
        self._feed(b"f;")
        whole = -_MOST_WHOLE < value < _MOST_WHOLE and value.is_integer()
        self._floats.update((b"%.17g;" if whole else b"%.14g;") % value)
        self._coarse_floats.update(b"%.7g;" % (value + 0.0))

    def bytes(self, kind: str, content: Any, size: int) -> None:
        """Feed the content of a buffer."""
        self.afford(size / _BYTES_PER_SECOND)
        self._feed(f"{kind} {size}:".encode())
        self._feed(content)

    def floats(self, exact: Any, coarse: Any, size: int) -> None:
        """Feed the content of an array of floats, and the same with only seven digits each."""
        self._feed(f"floats {size}:".encode())
        self._floats.update(exact)
        self._coarse_floats.update(coarse)

    def afford(self, seconds: float) -> None:
        """Give up unless there is that much time left."""
        if seconds > _ALWAYS_AFFORDED:
            self._large.append(True)
            self._go_on(seconds)

    def part(self, value: Any) -> None:
        """Note a mutable object that the value is made of."""
        self.address(id(value))

    def address(self, address: int) -> None:
        """Note the address of something mutable that the value is made of."""
        if not self._fleeting:
            self._parts.add(address)

    def fleeting(self, value: Any, depth: int) -> None:
        """Feed what was made just now for looking at: it is no part of the value."""
        self._fleeting += 1
        self.value(value, depth)
        self._fleeting -= 1

    def _spend(self) -> None:
        self._until_clock -= 1
        if self._until_clock <= 0:
            self._until_clock = _NODES_PER_CLOCK
            self._large.append(True)
            self._go_on(0.0)

    def _go_on(self, seconds: float) -> None:
        if self._budget is not None and self._budget.left() < seconds:
            self.in_time = False
            raise _Opaque

    @property
    def is_small(self) -> bool:
        """Whether nothing was met that there might be no time for."""
        return not self._large

    # -- by kind --------------------------------------------------------------------------------------------------

    def _by_kind(self, value: Any, kind: type, depth: int) -> None:
        feed = _BY_TYPE.get(id(kind))
        if feed is not None:
            feed(self, value, depth)
        elif id(kind) in _SAID_BY_REPR:
            self.text(qualified_name(kind), repr(value))
        elif derives(kind, type):
            self._class(value, depth)
        else:
            self._object(value, kind, depth)

    def sequence(self, value: Any, depth: int) -> None:
        """Feed a list or tuple, past any method of a subclass."""
        if not derives(type(value), tuple):
            self.part(value)
        self.items("tuple" if derives(type(value), tuple) else "list", value, depth)

    def items(self, kind: str, items: Any, depth: int) -> None:
        """Feed the elements of a real list or tuple."""
        count = tuple.__len__(items) if derives(type(items), tuple) else list.__len__(items)
        self._feed(f"{kind} {count}[".encode())
        iterate = tuple.__iter__ if derives(type(items), tuple) else list.__iter__
        begins_flat = count > _NODES_PER_CLOCK and _flat(islice(iterate(items), _NODES_PER_CLOCK))
        # To begin and give up would cost as much as there is time.
        self.afford(count * (_SECONDS_PER_FLAT_ITEM if begins_flat else _SECONDS_PER_NODE))
        if begins_flat and _flat(iterate(items)):
            self._flat_items(iterate(items))
            return
        for item in iterate(items):
            self.value(item, depth)

    def _flat_items(self, items: Iterable[Any]) -> None:
        # In pieces, so that no copy of the whole is held. Version 2 of marshal depends on the values alone.
        for piece in _pieces(items, 4096):
            self._feed(marshal.dumps(piece, 2))

    def mapping(self, value: Any, depth: int) -> None:
        """Feed a dictionary, past any method of a subclass; the order of its keys counts."""
        self.part(value)
        self.afford(dict.__len__(value) * _SECONDS_PER_NODE)
        self._pairs(list(dict.items(value)), depth)

    def _pairs(self, pairs: list[tuple[Any, Any]], depth: int) -> None:
        self._feed(f"dict {len(pairs)}{{".encode())
        for key, item in pairs:
            self.value(key, depth)
            self.value(item, depth)

    def ordered_mapping(self, value: collections.OrderedDict[Any, Any], depth: int) -> None:
        """Feed an OrderedDict: its order is one of its own, which only its own iterator tells, and that hashes."""
        self.afford(dict.__len__(value) * _SECONDS_PER_NODE)
        if not all(id(type(key)) in _PLAIN for key in dict.keys(value)):
            raise _Opaque
        self.part(value)
        self._pairs(list(value.items()), depth)

    def proxy(self, value: types.MappingProxyType[Any, Any], depth: int) -> None:
        """Feed a read-only view of a dictionary."""
        behind = gc.get_referents(value)
        if len(behind) != 1 or type(behind[0]) is not dict:
            raise _Opaque
        self.mapping(behind[0], depth)

    def set(self, value: Any, depth: int) -> None:
        """Feed a set, whatever the order in which it holds its elements."""
        frozen = derives(type(value), frozenset)
        if not frozen:
            self.part(value)
        iterate = frozenset.__iter__ if frozen else set.__iter__
        self.afford((frozenset.__len__(value) if frozen else set.__len__(value)) * _SECONDS_PER_INNER)
        elements = []
        for element in list(iterate(value)):
            inner = self._inner()
            inner.value(element, depth)
            self._until_clock = inner._until_clock  # noqa: SLF001 - its own kind
            self.in_time = self.in_time and inner.in_time
            elements.append(inner.content())
        self._feed(f"{'frozenset' if frozen else 'set'} {len(elements)}{{".encode())
        for one in sorted(elements):
            self._feed(one.encode())

    def ordered(self, value: Any, depth: int) -> None:
        """Feed a deque."""
        self.part(value)
        self.items(f"deque {value.maxlen}", list(collections.deque.__iter__(value)), depth)

    def default_mapping(self, value: Any, depth: int) -> None:
        """Feed a defaultdict."""
        self.value(value.default_factory, depth)
        self.mapping(value, depth)

    def text_buffer(self, value: Any, _: int) -> None:
        """Feed a bytearray."""
        self.part(value)
        self.bytes("bytearray", bytes(value), len(value))

    # -- code -----------------------------------------------------------------------------------------------------

    def module(self, value: types.ModuleType, depth: int) -> None:
        """Feed a module: its name; of a module of the user's also what is in it."""
        content = types.ModuleType.__getattribute__(value, "__dict__")
        name = content.get("__name__")
        if type(name) is not str:
            raise _Opaque
        self.text("module", name)
        made_by_hand = content.get("__spec__") is None and loaded(name) is not value
        if made_by_hand or (name != "__main__" and is_users_module(name)):
            if made_by_hand and self._met.setdefault(id(value), len(self._met)) < len(self._met) - 1:
                return
            self.part(value)
            self.afford(len(content) * _SECONDS_PER_NODE)
            for member, held in list(content.items()):
                if type(member) is str and not member.startswith("__"):
                    self.text("member", member)
                    self._attribute(held, depth, of_library=True)

    def function(self, value: types.FunctionType, depth: int) -> None:
        """Feed a function: what it does, its defaults and what it has enclosed, not where it stands."""
        module = value.__module__
        if type(module) is not str:
            raise _Opaque
        if not is_users_module(module):
            self.text("function", f"{module}.{value.__qualname__}")
            if not value.__closure__:
                return
        else:
            self._feed(b"def ")
            self.code(value.__code__, depth)
            if module == "__main__":
                self.reads |= global_names(value.__code__)
        self.value(value.__defaults__, depth)
        self.value(value.__kwdefaults__, depth)
        for cell in value.__closure__ or ():
            self.value(_enclosed(cell), depth)
        if value.__dict__:
            self.value(value.__dict__, depth)

    def code(self, code: types.CodeType, depth: int) -> None:
        """Feed compiled code, line numbers and file left out."""
        self._feed(code.co_code)
        self.text("names", " ".join((*code.co_names, "|", *code.co_varnames, "|", *code.co_freevars)))
        for constant in code.co_consts:
            if type(constant) is types.CodeType:
                self.code(constant, depth)
            else:
                self.value(constant, depth)

    def method(self, value: types.MethodType, depth: int) -> None:
        """Feed a bound method."""
        self.value(value.__func__, depth)
        self.value(value.__self__, depth)

    def builtin(self, value: Any, depth: int) -> None:
        """Feed a function written in C."""
        self.text("builtin", f"{value.__module__}.{value.__qualname__}")
        if type(value.__self__) is not types.ModuleType and value.__self__ is not None:
            self.value(value.__self__, depth)

    def partial(self, value: Any, depth: int) -> None:
        """Feed a functools.partial."""
        self.value(value.func, depth)
        self.value(value.args, depth)
        self.value(value.keywords, depth)

    def descriptor(self, value: Any, depth: int) -> None:
        """Feed a static method, a class method or a property."""
        for name in ("__func__", "fget", "fset", "fdel"):
            part = getattr(value, name, None)
            if part is not None:
                self.value(part, depth)

    def reference(self, value: weakref.ReferenceType[Any], _: int) -> None:
        """Note what a weak reference refers to; it is told by nothing else."""
        self.part(value)
        referent = value()
        if referent is not None:
            self.part(referent)
        raise _Opaque

    def cached(self, value: Any, depth: int) -> None:
        """Feed a function with `lru_cache`: what its cache holds is part of what it does."""
        wrapped = getattr(value, "__wrapped__", None)
        information = value.cache_info()
        self.part(value)
        self.text("cache", f"{information.maxsize} {information.currsize} {information.misses}")
        self.value(wrapped, depth)
        self.afford(information.currsize * _SECONDS_PER_NODE)
        for held in gc.get_referents(value):
            if type(held) is dict and held is not getattr(value, "__dict__", None):
                for key in list(held):  # what was asked for: with the function that settles what was answered
                    for one in key if type(key) is tuple else (key,):
                        if type(one) is not object:  # a mark before keywords
                            self._attribute(one, depth, of_library=True)

    def fraction(self, value: fractions.Fraction, depth: int) -> None:
        """Feed a fraction, past any method of a subclass."""
        for slot in _SLOTS_OF_FRACTION:
            self.value(slot.__get__(value), depth)

    def _class(self, value: type, depth: int) -> None:
        if not is_users_class(value):
            self.text("class", qualified_name(value))
            return
        known = self._classes.get(id(value))
        if known is None:
            inner = self._inner()
            inner._members(value, depth)  # noqa: SLF001 - its own kind
            known = self._classes[id(value)] = inner.content().encode()
        self._feed(known)

    def _members(self, value: type, depth: int) -> None:
        self.text("class", qualified_name(value))
        self.part(value)
        for base in type.__dict__["__bases__"].__get__(value):
            self.value(base, depth)
        for name, member in class_members(value):
            self.text("member", name)
            self.value(member, depth)

    # -- objects --------------------------------------------------------------------------------------------------

    def _object(self, value: Any, kind: type, depth: int) -> None:
        library = module_of(kind).partition(".")[0]
        for base in line_of(kind):
            known = _BY_LIBRARY.get(module_of(base).partition(".")[0])
            if known is not None and is_genuine(base) and known(self, value, kind, depth):
                return
        if kind is object or library in _WITHOUT_VALUE or derives(kind, BaseException) or has_next(kind):
            raise _Opaque
        if library in _BY_NAME_ALONE:
            self.text("object", qualified_name(kind))
            return
        self.part(value)
        self.value(kind, depth)
        self._builtin_content(value, kind, depth)
        attributes = instance_attributes(value, kind, lambda count: self.afford(count * _SECONDS_PER_NODE))
        if attributes is None:
            raise _Opaque
        if derives(kind, enum.Enum):
            attributes = [(name, item) for name, item in attributes if name in {"_name_", "_value_"}]
        shown, hidden = _by_meaning(attributes, kind, library)
        self.text("attributes", str(len(shown)))
        for name, item in shown:
            self.text("attribute", name)
            self._attribute(item, depth, of_library=not is_users_class(kind))
        self._hide(hidden, depth)

    def _hide(self, attributes: list[tuple[str, Any]], depth: int) -> None:
        """Feed private attributes of a library's object into a hash of their own."""
        for name, item in attributes:
            inner = self._inner()
            inner.text("attribute", name)
            inner._attribute(item, depth, of_library=True)  # noqa: SLF001 - its own kind
            self.in_time = self.in_time and inner.in_time
            self.hidden.update(inner.content().encode())
            self._hides.append(True)

    def _attribute(self, item: Any, depth: int, *, of_library: bool) -> None:
        """Feed an attribute; of a lock or a figure in a library's object nothing more than what it is."""
        try:
            self.value(item, depth)
        except _Opaque:
            if not of_library or not self.in_time or has_next(type(item)):
                raise
            self.text("opaque", qualified_name(type(item)))

    def _builtin_content(self, value: Any, kind: type, depth: int) -> None:
        """Feed what a subclass of a builtin type holds besides its attributes; gives up on what it doesn't know."""
        unknown = written_in_c(kind)
        for base, feed in _CONTENT:
            if derives(kind, base):
                feed(self, value, depth)
                unknown = [one for one in unknown if not derives(base, one)]
                break
        if unknown and not all(one.__module__ in _EMPTY_BASES for one in unknown):
            raise _Opaque


def has_next(kind: type) -> bool:
    """Return whether values of `kind` are iterators: looking at what they give would use it up."""
    return any("__next__" in type.__dict__["__dict__"].__get__(base) for base in type.__dict__["__mro__"].__get__(kind))


def _by_meaning(
    attributes: list[tuple[str, Any]], kind: type, library: str
) -> tuple[list[tuple[str, Any]], list[tuple[str, Any]]]:
    """What makes the value what it is, and what a library keeps to itself; caches are neither."""
    if library in _PRIVATE_STATE or is_users_class(kind):
        return attributes, []
    kept = [(name, item) for name, item in attributes if "cache" not in name and not _is_cached(kind, name)]
    shown = [one for one in kept if not one[0].startswith("_")]
    return (shown, [one for one in kept if one[0].startswith("_")]) if shown else (kept, [])


def _is_cached(kind: type, name: str) -> bool:
    for base in type.__dict__["__mro__"].__get__(kind):
        member = type.__dict__["__dict__"].__get__(base).get(name)
        if member is not None:
            described = type(member).__name__.lower()
            return "cache" in described or "lazy" in described
    return False


def _enclosed(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return None


def _flat(items: Iterable[Any]) -> bool:
    return set(map(id, map(type, items))) <= _IMMUTABLE_FLAT  # by address: to hash a class runs its metaclass


def _pieces(items: Iterable[Any], size: int) -> Iterable[list[Any]]:
    iterator = iter(items)
    while piece := list(islice(iterator, size)):
        yield piece


_PLAIN: dict[int, Callable[[_Walk, Any], None]] = {
    id(type(None)): lambda walk, _: walk._feed(b"N;"),  # noqa: SLF001
    id(bool): lambda walk, value: walk._feed(b"T;" if value else b"F;"),  # noqa: SLF001
    id(int): lambda walk, value: walk._feed(b"i%x;" % value if value >= 0 else b"i-%x;" % -value),  # noqa: SLF001
    id(float): _Walk.number,
    id(str): lambda walk, value: walk.text("s", value),
    id(bytes): lambda walk, value: walk.bytes("b", value, len(value)),
}
_BY_TYPE: dict[int, Callable[[_Walk, Any, int], None]] = {
    id(list): _Walk.sequence,
    id(tuple): _Walk.sequence,
    id(dict): _Walk.mapping,
    id(set): _Walk.set,
    id(frozenset): _Walk.set,
    id(collections.OrderedDict): _Walk.ordered_mapping,
    id(collections.Counter): _Walk.mapping,
    id(collections.defaultdict): _Walk.default_mapping,
    id(collections.deque): _Walk.ordered,
    id(bytearray): _Walk.text_buffer,
    id(types.ModuleType): _Walk.module,
    id(types.FunctionType): _Walk.function,
    id(types.MethodType): _Walk.method,
    id(types.BuiltinFunctionType): _Walk.builtin,
    id(types.MappingProxyType): _Walk.proxy,
    id(functools.partial): _Walk.partial,
    id(slice): lambda walk, value, depth: walk.items("slice", (value.start, value.stop, value.step), depth),
    id(staticmethod): _Walk.descriptor,
    id(classmethod): _Walk.descriptor,
    id(property): _Walk.descriptor,
    id(weakref.ReferenceType): _Walk.reference,
    id(functools._lru_cache_wrapper): _Walk.cached,  # noqa: SLF001 - the type has no public name
}
_CONTENT: tuple[tuple[type, Callable[[_Walk, Any, int], None]], ...] = (
    (dict, _Walk.mapping),
    (list, _Walk.sequence),
    (tuple, _Walk.sequence),
    (set, _Walk.set),
    (frozenset, _Walk.set),
    (str, lambda walk, value, _: walk.text("s", str.__str__(value))),
    (int, lambda walk, value, _: walk.text("i", int.__repr__(value))),
    (float, lambda walk, value, _: walk.number(float.__float__(value))),
    (fractions.Fraction, _Walk.fraction),
    (bytes, lambda walk, value, _: walk.bytes("b", bytes.__getitem__(value, slice(None)), bytes.__len__(value))),
)


def _library(name: str) -> Callable[[_Walk, Any, type, int], bool]:
    def feed(walk: _Walk, value: Any, kind: type, depth: int) -> bool:
        from jupyter_prodkit.session import library_digest, pandas_digest

        room = pandas_digest if name == "pandas_value" else library_digest
        return bool(getattr(room, name)(walk, value, kind, depth))

    return feed


_BY_LIBRARY: dict[str, Callable[[_Walk, Any, type, int], bool]] = {
    "numpy": _library("numpy_value"),
    "pandas": _library("pandas_value"),
    "scipy": _library("scipy_value"),
    "sklearn": _library("sklearn_value"),
    "torch": _library("torch_value"),
    "polars": _library("polars_value"),
    "random": _library("random_value"),
    "PIL": _library("pillow_value"),
}
