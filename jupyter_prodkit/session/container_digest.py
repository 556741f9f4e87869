"""Digests of Python's own containers: what they hold, past any method of a subclass."""

from __future__ import annotations

import collections
import gc
import marshal
import types
import weakref
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from jupyter_prodkit.session.classes import derives

if TYPE_CHECKING:
    from jupyter_prodkit.session.walk import Walk

__all__ = ["CONTAINERS", "items", "mapping", "sequence", "set_value"]

_FIRST = 32  # of a long list, tell whether a look at all of them may pay
_PIECE = 4096
_SECONDS_PER_FLAT_ITEM = 1e-7
_SECONDS_PER_INNER = 2e-6
_IMMUTABLE_FLAT = frozenset(map(id, (int, str, bool, type(None), bytes)))
_HASHED_BY_PYTHON = _IMMUTABLE_FLAT | {id(float)}


def sequence(walk: Walk, value: Any, depth: int) -> None:
    """Feed a list or tuple."""
    if not derives(type(value), tuple):
        walk.part(value)
    items(walk, "tuple" if derives(type(value), tuple) else "list", value, depth)


def items(walk: Walk, kind: str, held: Any, depth: int) -> None:
    """Feed the elements of a real list or tuple."""
    count = tuple.__len__(held) if derives(type(held), tuple) else list.__len__(held)
    walk.feed(f"{kind} {count}[".encode())
    iterate = tuple.__iter__ if derives(type(held), tuple) else list.__iter__
    begins_flat = count > _FIRST and _flat(islice(iterate(held), _FIRST))
    # To begin and give up would cost as much as there is time.
    if begins_flat:
        walk.afford(count * _SECONDS_PER_FLAT_ITEM)
    else:
        walk.afford_nodes(count)
    if begins_flat and _flat(iterate(held)):
        _flat_items(walk, iterate(held))
        return
    for item in iterate(held):
        walk.value(item, depth)


def _flat(held: Iterable[Any]) -> bool:
    return set(map(id, map(type, held))) <= _IMMUTABLE_FLAT  # by address: to hash a class runs its metaclass


def _flat_items(walk: Walk, held: Iterable[Any]) -> None:
    # In pieces, so that no copy of the whole is held. Version 2 of marshal depends on the values alone.
    iterator = iter(held)
    while piece := list(islice(iterator, _PIECE)):
        walk.feed(marshal.dumps(piece, 2))


def mapping(walk: Walk, value: Any, depth: int) -> None:
    """Feed a dictionary; the order of its keys counts."""
    walk.part(value)
    walk.afford_nodes(dict.__len__(value))
    _pairs(walk, list(dict.items(value)), depth)


def _pairs(walk: Walk, pairs: list[tuple[Any, Any]], depth: int) -> None:
    walk.feed(f"dict {len(pairs)}{{".encode())
    for key, item in pairs:
        walk.value(key, depth)
        walk.value(item, depth)


def set_value(walk: Walk, value: Any, depth: int) -> None:
    """Feed a set, whatever the order in which it holds its elements."""
    frozen = derives(type(value), frozenset)
    if not frozen:
        walk.part(value)
    iterate = frozenset.__iter__ if frozen else set.__iter__
    walk.afford((frozenset.__len__(value) if frozen else set.__len__(value)) * _SECONDS_PER_INNER)
    elements = [walk.alone(element, depth) for element in list(iterate(value))]
    walk.feed(f"{'frozenset' if frozen else 'set'} {len(elements)}{{".encode())
    for one in sorted(elements):
        walk.feed(one.encode())


def _ordered_mapping(walk: Walk, value: collections.OrderedDict[Any, Any], depth: int) -> None:
    """Feed an OrderedDict: its order is one of its own, which only its own iterator tells, and that hashes."""
    walk.afford_nodes(dict.__len__(value))
    if not all(id(type(key)) in _HASHED_BY_PYTHON for key in dict.keys(value)):
        walk.give_up()
    walk.part(value)
    _pairs(walk, list(value.items()), depth)


def _default_mapping(walk: Walk, value: Any, depth: int) -> None:
    walk.value(value.default_factory, depth)
    mapping(walk, value, depth)


def _read_only_mapping(walk: Walk, value: types.MappingProxyType[Any, Any], depth: int) -> None:
    behind = gc.get_referents(value)
    if len(behind) != 1 or type(behind[0]) is not dict:
        walk.give_up()
    mapping(walk, behind[0], depth)


def _deque(walk: Walk, value: Any, depth: int) -> None:
    walk.part(value)
    items(walk, f"deque {value.maxlen}", list(collections.deque.__iter__(value)), depth)


def _slice(walk: Walk, value: Any, depth: int) -> None:
    items(walk, "slice", (value.start, value.stop, value.step), depth)


def _byte_array(walk: Walk, value: Any, _: int) -> None:
    walk.part(value)
    walk.bytes("bytearray", bytes(value), len(value))


def _weak_reference(walk: Walk, value: weakref.ReferenceType[Any], _: int) -> None:
    """Note what a weak reference refers to; it is told by nothing else."""
    walk.part(value)
    referent = value()
    if referent is not None:
        walk.part(referent)
    walk.give_up()


CONTAINERS: Mapping[int, Callable[[Walk, Any, int], None]] = {
    id(list): sequence,
    id(tuple): sequence,
    id(dict): mapping,
    id(set): set_value,
    id(frozenset): set_value,
    id(collections.OrderedDict): _ordered_mapping,
    id(collections.Counter): mapping,
    id(collections.defaultdict): _default_mapping,
    id(collections.deque): _deque,
    id(bytearray): _byte_array,
    id(types.MappingProxyType): _read_only_mapping,
    id(slice): _slice,
    id(weakref.ReferenceType): _weak_reference,
}
"""How to feed a value of each type, by the address of the type."""
