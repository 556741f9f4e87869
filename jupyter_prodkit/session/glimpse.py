"""A glimpse of a value: cheap, never running user code, never keeping the value alive."""

from __future__ import annotations

import types
from functools import lru_cache
from typing import Any

import xxhash

from jupyter_prodkit.session.classes import loaded, module_of
from jupyter_prodkit.session.digest import Digest, examine
from jupyter_prodkit.session.record import Glimpse
from jupyter_prodkit.session.walk import Budget

__all__ = ["glimpse", "glimpse_and_parts", "is_immutable", "is_module", "module_digest"]

# Types are told apart by identity, and their names read past their metaclass: comparing, hashing or asking a class
# runs its metaclass, which is the user's code.
_PLAIN = frozenset(map(id, (bool, int, float, complex, str, bytes, type(None))))
_CONTAINERS = frozenset(map(id, (list, tuple, set, frozenset, dict)))
_NAME_OF = type.__dict__["__name__"].__get__

_NUMPY_NAMES = ("bool_", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")

_MODULE = "the module "
_SAMPLED = 64
_WIDEST_INTEGER = 256
_UNKNOWN = Glimpse("a value", is_opaque=True)
_UNSEEN = Digest(None, frozenset())


def glimpse(value: Any, budget: Budget | None = None) -> Glimpse:
    """Return a glimpse of `value`, with its digest if `budget` allows. Never raises, and runs no code of the user's."""
    return glimpse_and_parts(value, budget)[0]


def glimpse_and_parts(value: Any, budget: Budget | None = None) -> tuple[Glimpse, Digest]:
    """Return a glimpse of `value` and what the look into it found. Never raises, and runs no code of the user's."""
    seen = examine(value, budget)
    try:
        sample = _sample(value) if seen.content is None else None
        opaque = seen.content is None and seen.in_time
        text = _text(type(value), value)
        return Glimpse(text, seen.content, sample, opaque, seen.hidden, seen.coarse, seen.tells_apart), seen
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - changed by another thread meanwhile, or stranger than we know
        return _UNKNOWN, _UNSEEN


def is_immutable(value: Any) -> bool:
    """Return whether `value` is a plain number or text: two names may share it without being aliases."""
    return id(type(value)) in _PLAIN or id(type(value)) in _numpy_scalars(loaded("numpy"))


def is_module(seen: Glimpse) -> bool:
    """Return whether it was a module that was looked at."""
    return seen.text.startswith(_MODULE)


@lru_cache(maxsize=1024)
def module_digest(name: str) -> str:
    """Return the digest of the module of that name."""
    content = examine(types.ModuleType(name)).content
    assert content is not None
    return content


def _text(kind: type, value: Any) -> str:
    if id(kind) in _PLAIN:
        return _plain_text(value)
    if id(kind) in _CONTAINERS:
        return f"a {_NAME_OF(kind)} of {len(value):,}"
    return _library_text(kind, value) or f"a {_NAME_OF(kind)}"


def _library_text(kind: type, value: Any) -> str:
    if id(kind) in _numpy_scalars(loaded("numpy")):
        return repr(value.item())
    if kind is types.ModuleType:
        name = vars(value).get("__name__")
        return f"{_MODULE}{name}" if type(name) is str else "a module"
    if kind is getattr(loaded("numpy"), "ndarray", None):
        return f"an array of {' × '.join(f'{n:,}' for n in value.shape) or 'no dimension'} {value.dtype}"
    return _table_text(value) if _is_table(kind) else ""


@lru_cache(maxsize=2)
def _numpy_scalars(numpy: types.ModuleType | None) -> frozenset[int]:
    """The types of NumPy's numbers, as `df.a.mean()` gives them."""
    return frozenset(id(vars(numpy)[name]) for name in _NUMPY_NAMES if name in vars(numpy)) if numpy else frozenset()


def _plain_text(value: Any) -> str:
    if isinstance(value, (str, bytes)):
        noun = "a text" if isinstance(value, str) else "bytes"
        return f"{noun} of {len(value):,} characters"
    if type(value) is int and value.bit_length() > _WIDEST_INTEGER:
        return f"an integer of {value.bit_length():,} bits"
    return repr(value)


def _is_table(kind: type) -> bool:
    library = module_of(kind).partition(".")[0]
    if library not in {"pandas", "polars"}:
        return False
    module = loaded(library)
    return kind is getattr(module, "DataFrame", None) or kind is getattr(module, "Series", None)


def _table_text(value: Any) -> str:
    shape = value.shape
    if len(shape) == 1:
        return f"a series of {shape[0]:,}"
    return f"{shape[0]:,} rows × {shape[1]:,} columns"


def _sample(value: Any) -> str | None:
    """A digest of a few elements of a large list, array or frame; None for anything else."""
    kind = type(value)
    if kind is list:
        step = max(1, len(value) // _SAMPLED)
        return f"{len(value)} {hash(tuple(map(id, value[::step]))):x}"
    if kind is getattr(loaded("numpy"), "ndarray", None):
        return _array_sample(value)
    if module_of(kind).startswith("pandas") and kind is getattr(loaded("pandas"), "DataFrame", None):
        from jupyter_prodkit.session.pandas_digest import frame_blocks  # as needed: few sessions have none

        blocks = [block.values for block in frame_blocks(value)[1]]
        return " ".join(_array_sample(values) or str(id(values)) for values in blocks)
    return None


def _array_sample(value: Any) -> str | None:
    if type(value) is not getattr(loaded("numpy"), "ndarray", None) or value.dtype.hasobject:
        return None
    flat = value.reshape(-1) if value.flags.c_contiguous else value.T.reshape(-1) if value.flags.f_contiguous else None
    if flat is None or not value.size:
        return None
    return f"{value.shape} {xxhash.xxh3_64_hexdigest(flat[:: max(1, value.size // _SAMPLED)].tobytes())}"
