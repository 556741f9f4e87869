"""A glimpse of a value: cheap, never running user code, never keeping the value alive."""

from __future__ import annotations

import hashlib
import marshal
import types
from typing import Any

from jupyter_prodkit.session.record import Glimpse

__all__ = ["glimpse"]

_PLAIN = (bool, int, float, complex, str, bytes, type(None))
_MOST_ELEMENTS = 1000
_LONGEST_TEXT = 100_000


def glimpse(value: Any) -> Glimpse:
    """Return a glimpse of `value`: in microseconds, whatever its size.

    Types are compared exactly: a subclass may have its own `__len__` or `__repr__`, and those are not ours to call.
    """
    kind = type(value)
    if kind in _PLAIN:
        return _plain(value)
    if kind in (list, tuple, set, frozenset, dict):
        return Glimpse(f"a {kind.__name__} of {len(value):,}", _container_digest(value))
    if kind is types.ModuleType:
        return Glimpse(f"the module {value.__name__}", f"module {value.__name__}")
    library = kind.__module__.partition(".")[0]
    if library in {"pandas", "polars"} and kind.__name__ in {"DataFrame", "Series"}:
        return Glimpse(_table_text(value))
    if library == "numpy" and kind.__name__ == "ndarray":
        return Glimpse(f"an array of {' × '.join(f'{n:,}' for n in value.shape) or 'no dimension'} {value.dtype}")
    return Glimpse(f"a {kind.__name__}")


def _plain(value: Any) -> Glimpse:
    if isinstance(value, (str, bytes)):
        noun = "a text" if isinstance(value, str) else "bytes"
        long = len(value) > _LONGEST_TEXT
        return Glimpse(f"{noun} of {len(value):,} characters", None if long else _digest(value))
    if type(value) is int and value.bit_length() > 256:
        return Glimpse(f"an integer of {value.bit_length():,} bits", _digest(value))
    return Glimpse(repr(value), _digest(value))


def _container_digest(value: Any) -> str | None:
    if len(value) > _MOST_ELEMENTS:
        return None
    elements = [*value, *value.values()] if type(value) is dict else value
    if any(type(element) not in _PLAIN or _is_long(element) for element in elements):
        return None
    if isinstance(value, (set, frozenset)):
        return _digest(sorted(map(_digest, value)))
    return f"{type(value).__name__} {_digest(value)}"


def _is_long(element: Any) -> bool:
    return isinstance(element, (str, bytes)) and len(element) > _MOST_ELEMENTS


def _digest(value: Any) -> str:
    # Version 2 of marshal depends on the value alone; later versions also on which objects are shared.
    return hashlib.sha256(marshal.dumps(value, 2)).hexdigest()[:32]


def _table_text(value: Any) -> str:
    shape = value.shape
    if len(shape) == 1:
        return f"a series of {shape[0]:,}"
    return f"{shape[0]:,} rows × {shape[1]:,} columns"
