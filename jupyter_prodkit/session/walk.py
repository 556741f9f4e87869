"""The walk through a value, part by part; runs no code of the user's."""

from __future__ import annotations

import datetime as dt
import decimal
import fractions
import pathlib
import re
import types
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import perf_counter  # bound now: a cell may put another clock there
from typing import Any, NoReturn

import xxhash

from jupyter_prodkit.session.classes import derives, is_iterator, qualified_name
from jupyter_prodkit.session.code_digest import CODE, class_value
from jupyter_prodkit.session.container_digest import CONTAINERS
from jupyter_prodkit.session.object_digest import object_value

__all__ = ["Budget", "Opaque", "Walk", "plain_content"]

_MOST_PARTS = 400
_DEEPEST = 60
_NODES_PER_CLOCK = 32
_ALWAYS_LOOKED_AT = 96  # nodes: small values are told apart however busy the machine is
_ALWAYS_AFFORDED = 3e-5  # seconds
_BYTES_PER_SECOND = 1e10
_SECONDS_PER_NODE = 1e-6
_MOST_WHOLE = 9e15
_SHORT_TEXT = 1000
_NO_FLOATS: bytes = xxhash.xxh3_128_digest(b"")

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
_SHARED_UNSEEN = frozenset(
    map(id, (tuple, frozenset, types.FunctionType, types.BuiltinFunctionType, types.ModuleType, type))
)
"""Types of which two equal values are as good as one."""


class Opaque(Exception):  # noqa: N818 - no error: this is how the walk says that it has to give up
    """The value can't be told by what it contains."""


@dataclass(slots=True)
class Budget:
    """How long looking at values may take, in seconds; spent by every digest that is given it."""

    seconds: float
    started: float = field(default_factory=perf_counter)

    def left(self) -> float:
        """Return the seconds left; negative where it is overspent."""
        return self.seconds - (perf_counter() - self.started)


def plain_content(value: Any) -> str | None:
    """Return what the content of a walk through `value` alone is, without one; None if it is no short, plain value."""
    said = _SAID_IN_BYTES.get(id(type(value)))
    if said is None or (type(value) is str and len(value) >= _SHORT_TEXT):
        return None
    return _together(xxhash.xxh3_128_digest(said(value)), _NO_FLOATS)


def _together(rest: bytes, floats: bytes) -> str:
    return str(xxhash.xxh3_128_hexdigest(rest + floats))


class Walk:
    """Feeds a value, part by part, into one hash; each part is preceded by its kind and size, so nothing is mixed up.

    Types are compared by identity, and read past their metaclass: asking a class may run the user's code.
    """

    def __init__(self, budget: Budget | None, parent: Walk | None = None) -> None:
        self._hash = xxhash.xxh3_128()
        self.feed = self._hash.update
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
        self._used: list[bool] = [] if parent is None else parent._used  # noqa: SLF001
        self._kept: list[Any] = [] if parent is None else parent._kept  # noqa: SLF001
        self.hidden: Any = xxhash.xxh3_128() if parent is None else parent.hidden
        self.reads: set[str] = set() if parent is None else parent.reads
        self.classes: dict[int, bytes] = {} if parent is None else parent.classes

    def content(self, *, coarse: bool = False) -> str:
        """Return the digest of all that was fed; with `coarse`, of floats only the first seven digits count."""
        floats = self._coarse_floats if coarse else self._floats
        return _together(self._hash.digest(), floats.digest())

    @property
    def hides(self) -> bool:
        """Whether private attributes of a library's object were met."""
        return bool(self._hides)

    @property
    def tells_apart(self) -> bool:
        """Whether only what makes up a value was met, and no object that keeps book of how it was used."""
        return not self._used

    def keeps_book(self) -> None:
        """Note that the attributes of an object just met may tell how it was used, and not only what it is."""
        self._used.append(True)

    def found_parts(self) -> frozenset[int] | None:
        """Return the addresses of mutable objects met, or None if they are too many to keep."""
        return frozenset(self._parts) if len(self._parts) <= _MOST_PARTS else None

    def inner(self) -> Walk:
        """Return a walk that feeds a hash of its own, and keeps everything else together with this one."""
        inner = Walk(self._budget, self)
        inner._until_clock = self._until_clock  # what is always looked at is so once
        return inner

    def alone(self, value: Any, depth: int) -> str:
        """Return the digest of a value by itself, as the elements of a set have no order."""
        inner = self.inner()
        inner.value(value, depth)
        self._until_clock = inner._until_clock  # noqa: SLF001 - its own kind
        self.in_time = self.in_time and inner.in_time
        return inner.content()

    def give_up(self) -> NoReturn:
        """Say that the value can't be told by what it contains."""
        raise Opaque

    def meets_again(self, value: Any) -> bool:
        """Note a value of a type of which two are as good as one; return whether others were met since it was."""
        return self._met.setdefault(id(value), len(self._met)) < len(self._met) - 1

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
            raise Opaque
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
        for part in _text_in_bytes(kind, text):
            self.feed(part)

    def number(self, value: Any) -> None:
        """Feed a number, fourteen digits of it; a whole one is no sum of parts with noise, most often."""
        self.feed(b"f;")
        whole = -_MOST_WHOLE < value < _MOST_WHOLE and value.is_integer()
        self._floats.update((b"%.17g;" if whole else b"%.14g;") % value)
        self._coarse_floats.update(b"%.7g;" % (value + 0.0))

    def bytes(self, kind: str, content: Any, size: int) -> None:
        """Feed the content of a buffer."""
        self.afford(size / _BYTES_PER_SECOND)
        self.feed(f"{kind} {size}:".encode())
        self.feed(content)

    def floats(self, exact: Any, coarse: Any, size: int) -> None:
        """Feed the content of an array of floats, and the same with only seven digits each."""
        self.feed(f"floats {size}:".encode())
        self._floats.update(exact)
        self._coarse_floats.update(coarse)

    def afford(self, seconds: float) -> None:
        """Give up unless there is that much time left."""
        if seconds > _ALWAYS_AFFORDED:
            self._large.append(True)
            self._go_on(seconds)

    def afford_nodes(self, count: int) -> None:
        """Give up unless there is time left to walk that many values."""
        seconds = count * _SECONDS_PER_NODE
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
            raise Opaque

    @property
    def is_small(self) -> bool:
        """Whether nothing was met that there might be no time for."""
        return not self._large

    def _by_kind(self, value: Any, kind: type, depth: int) -> None:
        feed = _BY_TYPE.get(id(kind))
        if feed is not None:
            feed(self, value, depth)
        elif id(kind) in _SAID_BY_REPR:
            self.text(qualified_name(kind), repr(value))
        elif derives(kind, type):
            class_value(self, value, depth)
        else:
            object_value(self, value, kind, depth)

    # -- what objects hold ------------------------------------------------------------------------------------------

    def hide(self, attributes: list[tuple[str, Any]], depth: int) -> None:
        """Feed private attributes of a library's object into a hash of their own."""
        for name, item in attributes:
            inner = self.inner()
            inner.text("attribute", name)
            inner.attribute(item, depth, of_library=True)
            self.in_time = self.in_time and inner.in_time
            self.hidden.update(inner.content().encode())
            self._hides.append(True)

    def attribute(self, item: Any, depth: int, *, of_library: bool) -> None:
        """Feed an attribute; of a lock or a figure in a library's object nothing more than what it is."""
        try:
            self.value(item, depth)
        except Opaque:
            if not of_library or not self.in_time or is_iterator(type(item)):
                raise
            self.text("opaque", qualified_name(type(item)))


def _text_in_bytes(kind: str, text: str) -> tuple[bytes, bytes]:
    content = text.encode("utf-8", "surrogatepass")
    return f"{kind} {len(content)}:".encode(), content


_SAID_IN_BYTES: dict[int, Callable[[Any], bytes]] = {
    id(type(None)): lambda _: b"N;",
    id(bool): lambda value: b"T;" if value else b"F;",
    id(int): lambda value: b"i%x;" % value if value >= 0 else b"i-%x;" % -value,
    id(str): lambda value: b"".join(_text_in_bytes("s", value)),
}


def _fed(said: Callable[[Any], bytes]) -> Callable[[Walk, Any], None]:
    return lambda walk, value: walk.feed(said(value))


_PLAIN: dict[int, Callable[[Walk, Any], None]] = {
    **{kind: _fed(said) for kind, said in _SAID_IN_BYTES.items()},
    id(float): Walk.number,
    id(str): lambda walk, value: walk.text("s", value),
    id(bytes): lambda walk, value: walk.bytes("b", value, len(value)),
}
_BY_TYPE: Mapping[int, Callable[[Walk, Any, int], None]] = {**CONTAINERS, **CODE}
