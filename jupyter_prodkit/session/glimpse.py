"""A glimpse of a value: cheap, never running user code, never keeping the value alive."""

from __future__ import annotations

import hashlib
import marshal
import sys
import types
from functools import lru_cache
from typing import Any

from jupyter_prodkit.session.record import Glimpse

__all__ = ["defines", "glimpse", "is_immutable", "is_watchable", "members", "module_of", "size"]

# Types are told apart by identity, and their names read past their metaclass: comparing, hashing or asking a class
# runs its metaclass, which is the user's code.
_PLAIN = frozenset(map(id, (bool, int, float, complex, str, bytes, type(None))))
_CONTAINERS = frozenset(map(id, (list, tuple, set, frozenset, dict)))
_WATCHED = frozenset(map(id, (list, set, dict)))
_MODULE_OF = type.__dict__["__module__"].__get__
_NAME_OF = type.__dict__["__name__"].__get__
_LINE_OF = type.__dict__["__mro__"].__get__
_MEMBERS_OF = type.__dict__["__dict__"].__get__

_NUMPY_NAMES = ("bool_", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")

_MOST_ELEMENTS = 1000
_LONGEST_ELEMENT = 200
_LONGEST_TEXT = 100_000
_WIDEST_INTEGER = 256


def glimpse(value: Any) -> Glimpse:
    """Return a glimpse of `value`, in microseconds whatever its size. Never raises, and runs no code of the user's."""
    try:
        return _glimpse(value)
    except Exception:  # noqa: BLE001 - changed by another thread meanwhile, or stranger than we know
        return Glimpse("a value")


def is_immutable(value: Any) -> bool:
    """Return whether `value` is a plain number or text: two names may share it without being aliases."""
    return id(type(value)) in _PLAIN or id(type(value)) in _numpy_scalars(sys.modules.get("numpy"))


def is_watchable(value: Any) -> bool:
    """Return whether a second glimpse shows that `value` was changed in place."""
    kind = type(value)
    return id(kind) in _WATCHED or _is_table(kind)


def size(value: Any) -> int:
    """Return how many elements a glimpse of `value` looks at."""
    return len(value) if id(type(value)) in _CONTAINERS and len(value) <= _MOST_ELEMENTS else 1


def module_of(kind: type) -> str:
    """Return the name of the module that defines `kind`; empty where the class hides it."""
    module = _MODULE_OF(kind)
    return module if type(module) is str else ""


def members(kind: type) -> list[Any]:
    """Return what `kind` itself defines."""
    return list(_MEMBERS_OF(kind).values())


def defines(kind: type, name: str) -> bool:
    """Return whether objects of `kind` have an attribute `name` by their class."""
    return any(name in _MEMBERS_OF(base) for base in _LINE_OF(kind))


def _glimpse(value: Any) -> Glimpse:
    kind = type(value)
    if id(kind) in _PLAIN:
        return _plain(value)
    if id(kind) in _CONTAINERS:
        return Glimpse(f"a {_NAME_OF(kind)} of {len(value):,}", _container_digest(value))
    if id(kind) in _numpy_scalars(sys.modules.get("numpy")):
        item = value.item()
        return Glimpse(repr(item), f"{_NAME_OF(kind)} {_digest(item)}")
    if kind is types.ModuleType:
        name = vars(value).get("__name__")
        return Glimpse(f"the module {name}", f"module {name}") if type(name) is str else Glimpse("a module")
    return Glimpse(_text(kind, value))


def _text(kind: type, value: Any) -> str:
    if _is_table(kind):
        return _table_text(value)
    if kind is getattr(sys.modules.get("numpy"), "ndarray", None):
        return f"an array of {' × '.join(f'{n:,}' for n in value.shape) or 'no dimension'} {value.dtype}"
    return f"a {_NAME_OF(kind)}"


@lru_cache(maxsize=2)
def _numpy_scalars(numpy: types.ModuleType | None) -> frozenset[int]:
    """The types of NumPy's numbers, as `df.a.mean()` gives them."""
    return frozenset(id(vars(numpy)[name]) for name in _NUMPY_NAMES if name in vars(numpy)) if numpy else frozenset()


def _plain(value: Any) -> Glimpse:
    if isinstance(value, (str, bytes)):
        noun = "a text" if isinstance(value, str) else "bytes"
        long = len(value) > _LONGEST_TEXT
        return Glimpse(f"{noun} of {len(value):,} characters", None if long else _digest(value))
    if type(value) is int and value.bit_length() > _WIDEST_INTEGER:
        return Glimpse(f"an integer of {value.bit_length():,} bits", _digest(value))
    return Glimpse(repr(value), _digest(value))


def _container_digest(value: Any) -> str | None:
    if len(value) > _MOST_ELEMENTS:
        return None
    elements = [*value, *value.values()] if type(value) is dict else list(value)
    if any(id(type(element)) not in _PLAIN or _is_long(element) for element in elements):
        return None
    if isinstance(value, (set, frozenset)):
        return f"{_NAME_OF(type(value))} {_digest(sorted(map(_digest, elements)))}"
    return f"{_NAME_OF(type(value))} {_digest(value)}"


def _is_long(element: Any) -> bool:
    return isinstance(element, (str, bytes)) and len(element) > _LONGEST_ELEMENT


def _digest(value: Any) -> str:
    # Version 2 of marshal depends on the value alone; later versions also on which objects are shared.
    return hashlib.sha256(marshal.dumps(value, 2)).hexdigest()[:32]


def _is_table(kind: type) -> bool:
    library = module_of(kind).partition(".")[0]
    if library not in {"pandas", "polars"}:
        return False
    module = sys.modules.get(library)
    return kind is getattr(module, "DataFrame", None) or kind is getattr(module, "Series", None)


def _table_text(value: Any) -> str:
    shape = value.shape
    if len(shape) == 1:
        return f"a series of {shape[0]:,}"
    return f"{shape[0]:,} rows × {shape[1]:,} columns"
