"""Values as plain text, told apart as far as anyone can: content, types, and which names share one object.

It knows nothing of the tracker's digests: both are written anew so that one can show the other's mistakes. It asks
no object anything that its class could have taken over.
"""

from __future__ import annotations

import collections
import functools
import io
import itertools
import random
import re
import threading
import types
import weakref
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

_ADDRESS = re.compile(r"0x[0-9a-f]{6,}|ipython-input-[\w-]+|at [0-9a-f]{8,}")
_ATOMS = (bool, int, float, complex, str, bytes, type(None), type(...), type(NotImplemented), slice, range)
_MOST = 3000
_DEEPEST = 500
_NAME, _DICT, _LINE, _MODULE = (type.__dict__[f"__{n}__"].__get__ for n in ("name", "dict", "mro", "module"))
_ITERATORS = tuple(
    type(one) for one in (iter([]), iter(()), iter(range(0)), iter(""), iter({}), reversed([]), iter(set()))
)  # fmt: skip
_NOT_TOLD = {"__weakref__", "__dict__", "__module__", "__doc__", "__qualname__", "__abstractmethods__", "_abc_impl"}


class Describer:
    """Describes the values of one namespace; an object that it meets again is told by its number."""

    def __init__(self) -> None:
        self._met: dict[int, int] = {}
        self._kept: list[Any] = []  # or an address would be given to another object meanwhile
        self._depth = 0

    def names(self, namespace: Mapping[str, Any]) -> dict[str, Any]:
        """Return what each name holds, but for the shell's own."""
        own = {"In", "Out", "_ih", "_oh", "_dh", "exit", "quit", "open", "get_ipython", "__builtins__", "__builtin__"}
        own |= {"__warningregistry__"}  # holds how often filters were set since the process began: other in each
        return {str(name): self.value(value) for name, value in namespace.items() if name not in own}

    def value(self, value: Any) -> Any:
        """Return what `value` is, as nested lists of text."""
        kind = type(value)
        if kind in _ATOMS:
            return [_NAME(kind), ascii(value)[:5000]]
        if id(value) in self._met:
            return ["again", self._met[id(value)]]
        self._met[id(value)] = len(self._met)
        self._kept.append(value)
        if self._depth > _DEEPEST:
            return ["deeper"]
        self._depth += 1
        try:
            return [_NAME(kind), *self._content(kind, value)]
        finally:
            self._depth -= 1

    def _content(self, kind: type, value: Any) -> Iterable[Any]:
        for known, content in _CONTENTS:
            if kind is known:
                return content(self, value)
        if kind in _ITERATORS:
            return self._iterator(value)
        if _MODULE(kind) == "__main__" if type(_MODULE(kind)) is str else False:
            return self._instance(kind, value)
        if isinstance(kind, type) and type in _LINE(kind):
            return self._class(value) if _MODULE(value) == "__main__" else [_NAME(value)]
        return []

    def _iterator(self, value: Any) -> list[Any]:
        try:
            return [self.value(part) for part in list(value.__reduce__())[1:]]
        except RuntimeError as error:  # its dict has grown meanwhile
            return [str(error)]

    def _instance(self, kind: type, value: Any) -> list[Any]:
        bases = ((dict, _items), (list, _each(list)), (set, _size), (np.ndarray, _array), (int, _number), (str, _text))
        found = [content(self, value) for base, content in bases if base in _LINE(kind)]
        if any("__dict__" in _DICT(one) for one in _LINE(kind)):
            found.append(self.value(object.__getattribute__(value, "__dict__")))
        members = [(name, one) for base in _LINE(kind) for name, one in _DICT(base).items()]
        return found + [
            [name, self.value(_slot(member, value))]
            for name, member in members
            if type(member) is types.MemberDescriptorType and BaseException not in _LINE(kind)
        ]

    def _class(self, kind: type) -> list[Any]:
        members = {name: member for name, member in _DICT(kind).items() if name not in _NOT_TOLD}
        return [_NAME(kind), [_NAME(base) for base in _LINE(kind)], _items(self, members)]


def _each(kind: type) -> Callable[[Describer, Any], list[Any]]:
    return lambda d, value: [d.value(one) for one in itertools.islice(kind.__iter__(value), _MOST)]


def _items(d: Describer, value: Any) -> list[Any]:
    return [[d.value(key), d.value(one)] for key, one in itertools.islice(list(dict.items(value)), _MOST)]


def _size(_: Describer, value: Any) -> list[Any]:
    return [len(value), sorted(ascii(one) for one in set.__iter__(value) if type(one) in _ATOMS)]


def _number(_: Describer, value: Any) -> list[Any]:
    return [int.__repr__(value)]


def _text(_: Describer, value: Any) -> list[Any]:
    return [ascii(str.__str__(value))]


def _slot(member: Any, value: Any) -> Any:
    try:
        return member.__get__(value, type(value))
    except AttributeError:
        return "not set"


def _array(d: Describer, value: Any) -> list[Any]:
    plain = np.asarray(value).view(np.ndarray)
    content = [d.value(one) for one in plain.ravel().tolist()[:_MOST]]
    flags = [plain.flags.writeable, plain.flags.owndata, str(plain.dtype), str(plain.shape), str(plain.strides)]
    base = np.ndarray.base.__get__(value)
    return [flags, content, None if base is None else d.value(base)]


def _frame(d: Describer, value: pd.DataFrame) -> list[Any]:
    columns = [[d.value(str(value.dtypes.iloc[n])), *_column(d, value.iloc[:, n])] for n in range(value.shape[1])]
    return [str(list(value.columns)), str(list(value.index)), columns, d.value(value.attrs)]


def _column(d: Describer, value: Any) -> list[Any]:
    return [str(value.index[:20].tolist()), [d.value(one) for one in value.tolist()[:_MOST]]]


def _function(d: Describer, value: types.FunctionType) -> list[Any]:
    cells = [d.value(_enclosed(cell)) for cell in value.__closure__ or ()]
    return [
        value.__qualname__, value.__code__.co_code.hex(), str(value.__code__.co_names),
        d.value(value.__defaults__), d.value(value.__kwdefaults__), cells, d.value(value.__dict__),
    ]  # fmt: skip


def _enclosed(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return "not filled yet"


def _generator(d: Describer, value: types.GeneratorType[Any, Any, Any]) -> list[Any]:
    frame = value.gi_frame
    if frame is None:
        return ["ended"]
    return [frame.f_lasti, [[name, d.value(one)] for name, one in frame.f_locals.items() if name != ".0"]]


def _cached(d: Describer, value: Any) -> list[Any]:
    return [str(value.cache_info()), d.value(value.__wrapped__)]


def _partial(d: Describer, value: functools.partial[Any]) -> list[Any]:
    return [d.value(value.func), d.value(value.args), d.value(value.keywords)]


def _buffer(_: Describer, value: Any) -> list[Any]:
    return ["closed"] if value.closed else [ascii(value.getvalue()), value.tell()]


def _file(_: Describer, value: Any) -> list[Any]:
    return [Path(value.name).name, value.closed, None if value.closed else ascii(value.buffer.tell())]


def _reference(d: Describer, value: weakref.ref[Any]) -> list[Any]:
    target = value()
    return ["lost"] if target is None else [d.value(target)]


def _error(d: Describer, value: BaseException) -> list[Any]:
    return [d.value(BaseException.args.__get__(value))]


def _bound(d: Describer, value: types.MethodType) -> list[Any]:
    return [d.value(value.__func__), d.value(value.__self__)]


_CONTENTS: tuple[tuple[type, Callable[[Describer, Any], Any]], ...] = (
    (list, _each(list)), (tuple, _each(tuple)), (collections.deque, _each(collections.deque)),
    (dict, _items), (collections.OrderedDict, _items), (collections.Counter, _items),
    (collections.defaultdict, _items), (set, _size), (frozenset, lambda d, v: _size(d, set(v))),
    (bytearray, lambda _, v: [v.hex()]), (memoryview, lambda _, v: [v.tobytes().hex()]),
    (np.ndarray, _array), (np.ma.MaskedArray, lambda d, v: [str(v)]), (pd.DataFrame, _frame), (pd.Series, _column),
    (np.float64, lambda _, v: [repr(v)]), (np.int64, lambda _, v: [repr(v)]), (np.float32, lambda _, v: [repr(v)]),
    (pd.Index, lambda _, v: [str(v.tolist())]), (pd.Timestamp, lambda _, v: [str(v)]),
    (types.FunctionType, _function), (types.GeneratorType, _generator), (types.MethodType, _bound),
    (type(functools.lru_cache(len)), _cached), (functools.partial, _partial), (types.ModuleType, lambda _, v: [str(v.__dict__.get("__name__"))]),
    (io.StringIO, _buffer), (io.BytesIO, _buffer), (io.TextIOWrapper, _file), (weakref.ref, _reference),
    (weakref.WeakValueDictionary, lambda _, v: [len(v)]), (weakref.WeakKeyDictionary, lambda _, v: [len(v)]),
    (random.Random, lambda _, v: [str(v.getstate())[:200], str(v.getstate())[-40:]]), (np.random.Generator, lambda _, v: [str(v.bit_generator.state)]),
    (re.Pattern, lambda _, v: [v.pattern]), (itertools.count, lambda _, v: [repr(v)]),
    (types.BuiltinFunctionType, lambda _, v: [v.__name__]), (types.MappingProxyType, lambda d, v: _items(d, dict(v))),
    (types.SimpleNamespace, lambda d, v: [d.value(v.__dict__)]), (type(threading.Lock()), lambda _, v: [v.locked()]),
    (staticmethod, lambda d, v: [d.value(v.__func__)]), (property, lambda d, v: [d.value(v.fget)]),
    (ValueError, _error), (ZeroDivisionError, _error), (NameError, _error),
)  # fmt: skip
