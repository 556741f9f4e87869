"""Objects that do harm when they are asked anything; each question is counted."""

from __future__ import annotations

import array
import collections
import datetime as dt
import decimal
import enum
import fractions
import functools
import io
import pathlib
import random
import threading
import types
import weakref
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn
from unittest import mock

import numpy as np
import pandas as pd

asked: list[str] = []


def _refuse(name: str, error: Callable[[str], BaseException] = RuntimeError) -> Any:
    def refuse(*_: object, **__: object) -> NoReturn:
        asked.append(name)
        raise error(name)

    return refuse


QUESTIONS = [
    "eq", "ne", "lt", "le", "gt", "ge", "hash", "repr", "str", "bool", "len", "iter", "next", "contains", "getattr", "getattribute",
    "reduce", "reduce_ex", "getstate", "getnewargs", "getnewargs_ex", "format", "dir", "bytes", "int", "float", "complex", "index",
    "getitem", "missing", "reversed", "copy", "deepcopy", "replace", "sizeof", "instancecheck", "subclasscheck", "length_hint",
    "call", "enter", "exit", "await", "aiter", "anext", "add", "radd", "or", "and", "sub", "invert", "fspath", "round",
    "array", "array_interface", "array_struct", "array_finalize", "array_wrap", "array_ufunc", "array_function", "array_namespace",
    "dataframe", "arrow_c_stream", "arrow_c_array", "dlpack", "dlpack_device", "cuda_array_interface", "sklearn_tags", "sklearn_clone",
    "rich_repr", "prepare", "mro_entries", "class_getitem", "buffer", "release_buffer",
]  # fmt: skip
WORDS = [
    "shape", "dtype", "columns", "index", "values", "names", "attrs", "items", "keys", "get", "tolist", "to_numpy", "to_list", "item",
    "state", "getstate", "get_state", "get_params", "predict", "collect", "compute", "get_columns", "width", "tell", "getvalue", "name",
    "nbytes", "size", "ndim", "base", "flags", "T", "copy", "view", "astype", "device", "data_ptr", "detach", "_repr_html_",
    "_repr_mimebundle_", "_ipython_display_", "_ipython_canary_method_should_not_exist_", "cache_info", "keywords", "func", "args",
]  # fmt: skip
ERRORS: dict[str, Callable[[str], BaseException]] = {
    "raises": RuntimeError, "exits": SystemExit, "interrupts": KeyboardInterrupt, "is out of memory": MemoryError,
}  # fmt: skip


def questioned(error: Callable[[str], BaseException] = RuntimeError) -> dict[str, Any]:
    """What a class defines that answers each question by counting it and raising."""
    found = {f"__{name}__": _refuse(name, error) for name in QUESTIONS}
    found |= {word: property(_refuse(word, error)) for word in WORDS}
    return found | {"__class__": property(_refuse("class", error)), "__dict__": property(_refuse("dict", error))}


_QUESTIONED = {f"__{name}__": _refuse(name) for name in QUESTIONS}


class HostileMeta(type):
    """A class that may not be asked either."""

    __getattribute__ = _refuse("meta getattribute")
    __getattr__ = _refuse("meta getattr")
    __eq__ = _refuse("meta eq")
    __hash__ = _refuse("meta hash")
    __repr__ = _refuse("meta repr")
    __instancecheck__ = _refuse("meta instancecheck")
    __subclasscheck__ = _refuse("meta subclasscheck")
    __dir__ = _refuse("meta dir")
    __len__ = _refuse("meta len")
    __iter__ = _refuse("meta iter")
    __bool__ = _refuse("meta bool")
    __call__ = _refuse("meta call")


class Descriptor:
    """Counts being read through a class or an object."""

    __get__ = _refuse("descriptor get")
    __set__ = _refuse("descriptor set")
    __delete__ = _refuse("descriptor delete")


Hostile = type("Hostile", (), dict(_QUESTIONED))
HostileList = type("HostileList", (list,), dict(_QUESTIONED))
HostileDict = type("HostileDict", (dict,), dict(_QUESTIONED))
HostileText = type("HostileText", (str,), dict(_QUESTIONED))
HostileError = type("HostileError", (Exception,), dict(_QUESTIONED))
OfHostileClass = HostileMeta("OfHostileClass", (), {})
FalseFrame = type(
    "DataFrame", (), {**_QUESTIONED, "__module__": "pandas.core.frame", "shape": property(_refuse("shape"))}
)
OddModule = type("Odd", (), {"__module__": 5})


class Counting:
    """Counts being asked, and answers."""

    def __getattr__(self, name: str) -> int:
        asked.append(name)
        return 1


def everything() -> dict[str, Any]:
    return {
        "hostile": Hostile(), "of_list": list.__new__(HostileList), "of_dict": dict.__new__(HostileDict),
        "of_text": str.__new__(HostileText, "x"), "of_class": object.__new__(OfHostileClass), "a_class": OfHostileClass,
        "false_frame": object.__new__(FalseFrame), "odd": OddModule(), "counting": Counting(),
        "among_others": [1, object.__new__(OfHostileClass), Hostile()], "as_value": {"k": Hostile()},
        "generator": (_ for _ in asked),
    }  # fmt: skip


# -- values, and where they may stand -------------------------------------------------------------------------------


def _made(base: type, new: Callable[[type], Any], **more: Any) -> Callable[[str, Callable[[str], BaseException]], Any]:
    """A maker of an object whose class derives from `base` and refuses every question."""

    def make(module: str, error: Callable[[str], BaseException]) -> Any:
        members = {**questioned(error), "__module__": module, **more}
        if issubclass(base, (Mapping, BaseException)) or base in {np.ndarray, pd.DataFrame, pd.Series, pd.Index}:
            members.pop("__dict__")
        return new(type(f"Hostile{base.__name__.title()}", (base,), members))

    return make


def _slotted(module: str, error: Callable[[str], BaseException]) -> Any:
    members = {**questioned(error), "__module__": module, "__slots__": tuple(f"slot{n}" for n in range(500))}
    members.pop("__dict__")
    made = object.__new__(type("Slotted", (), members))
    object.__setattr__(made, "slot7", object.__new__(Hostile))
    return made


def _of_hostile_class(module: str, _: object) -> Any:
    return object.__new__(HostileMeta("OfClass", (), {"__module__": module, "v": Descriptor()}))


def _with_attributes(module: str, error: Callable[[str], BaseException]) -> Any:
    members = {name: member for name, member in questioned(error).items() if name != "__dict__"}
    made = object.__new__(type("WithAttributes", (), {**members, "__module__": module, "v": Descriptor()}))
    vars_of = type.__dict__["__dict__"].__get__(type(made))["__dict__"].__get__(made)
    vars_of.update(inner=object.__new__(Hostile), again=[made])
    return made


def _frame_like(base: type) -> Callable[[type], Any]:
    def new(kind: type) -> Any:
        made = object.__new__(kind)
        real = base({"a": [1, 2]})
        for name in ("_mgr", "_attrs", "_flags"):
            object.__setattr__(made, name, object.__getattribute__(real, name))
        return made

    return new


def _claims(name: str, module: str) -> Callable[[str, Callable[[str], BaseException]], Any]:
    """An object whose class says that it is a library's."""

    def make(_: str, error: Callable[[str], BaseException]) -> Any:
        return object.__new__(type(name, (), {**questioned(error), "__module__": module}))

    return make


def _claims_slots(name: str, module: str) -> Callable[[str, Callable[[str], BaseException]], Any]:
    def make(_: str, error: Callable[[str], BaseException]) -> Any:
        members = {**questioned(error), "__module__": module, "__slots__": ()}
        members.pop("__dict__")
        return object.__new__(type(name, (), members))

    return make


def _dead_proxy(*_: object) -> Any:
    return weakref.proxy(types.FunctionType((lambda: 0).__code__, {}))


_KEPT_ALIVE: list[Any] = []


def _proxy(module: str, error: Callable[[str], BaseException]) -> Any:
    _KEPT_ALIVE.append(_with_attributes(module, error))
    return weakref.proxy(_KEPT_ALIVE[-1])


def _module(module: str, error: Callable[[str], BaseException]) -> Any:
    kind = type("HostileModule", (types.ModuleType,), {**questioned(error), "__module__": module})
    made = types.ModuleType.__new__(kind)
    types.ModuleType.__init__(made, "hostile_module")
    return made


def _function(_: str, error: Callable[[str], BaseException]) -> Any:
    def made() -> None:
        pass

    made.__module__ = object.__new__(type("Name", (), questioned(error)))  # type: ignore[assignment]
    made.__wrapped__ = object.__new__(Hostile)  # type: ignore[attr-defined]
    return made


def _members(module: str, error: Callable[[str], BaseException]) -> Any:
    return type(
        "Holds",
        (),
        {
            "__module__": module,
            "v": Descriptor(),
            "p": property(_refuse("property", error)),
            "h": object.__new__(Hostile),
        },
    )


def _mapping_proxy(module: str, error: Callable[[str], BaseException]) -> Any:
    return types.MappingProxyType(_made(dict, dict.__new__)(module, error))


def _lazy(_: str, error: Callable[[str], BaseException]) -> Any:
    """A lazy frame, as Polars has them: whatever is called on it makes it work."""
    return object.__new__(type("LazyFrame", (), {**questioned(error), "__module__": "polars.lazyframe.frame"}))


def _mock(_: str, __: object) -> Any:
    made = mock.MagicMock()
    made.side_effect = _refuse("mock called")
    for name in ("__len__", "__iter__", "__eq__", "__hash__", "__bool__", "__str__"):
        getattr(made, name).side_effect = _refuse(f"mock {name}")
    return made


def _enumerated(module: str, error: Callable[[str], BaseException]) -> Any:
    made = enum.Enum("Hostile", {"A": 1}, module=module)
    type.__setattr__(made, "__repr__", _refuse("enum repr", error))
    type.__setattr__(made, "__eq__", _refuse("enum eq", error))
    return next(iter(type.__getattribute__(made, "__members__").values()))


class _Kind(pd.api.extensions.ExtensionDtype):
    name, type = "hostile", object


class _Column(pd.api.extensions.ExtensionArray):
    """A column of the user's own kind, which refuses questions once it is armed."""

    error: Callable[[str], BaseException] | None = None
    dtype = property(lambda self: self._ask("dtype") or _Kind())
    nbytes, ndim, shape = 8, 1, (2,)

    def _ask(self, name: str) -> None:
        if type(self).error is not None:
            asked.append(f"column {name}")
            raise type(self).error(name)

    def __len__(self) -> int:
        self._ask("len")
        return 2

    def __getitem__(self, item: Any) -> Any:
        self._ask("getitem")
        return self if isinstance(item, slice) else 1

    def __getattr__(self, name: str) -> Any:
        if name not in {"_ask", "_readonly"}:
            self._ask(name)
        raise AttributeError(name)

    def copy(self) -> Any:
        return self

    def view(self, _: Any = None) -> Any:
        return self


def _extension_column(module: str, error: Callable[[str], BaseException]) -> Any:
    """A real frame with such a column."""
    kind = type("Column", (_Column,), {"__module__": module})
    frame = pd.DataFrame({"a": [1, 2]})
    frame["c"] = kind()
    kind.error = staticmethod(error)
    return frame


MAKERS: dict[str, Callable[[str, Callable[[str], BaseException]], Any]] = {
    "object": _made(object, object.__new__), "with attributes": _with_attributes, "with slots": _slotted,
    "of a hostile class": _of_hostile_class, "a class": _members, "list": _made(list, list.__new__),
    "dict": _made(dict, dict.__new__), "str": _made(str, lambda kind: str.__new__(kind, "x")),
    "int": _made(int, lambda kind: int.__new__(kind, 3)), "float": _made(float, lambda kind: float.__new__(kind, 3)),
    "tuple": _made(tuple, lambda kind: tuple.__new__(kind, (1,))), "set": _made(set, set.__new__),
    "frozenset": _made(frozenset, frozenset.__new__), "bytes": _made(bytes, lambda kind: bytes.__new__(kind, b"x")),
    "bytearray": _made(bytearray, bytearray.__new__), "deque": _made(collections.deque, collections.deque.__new__),
    "OrderedDict": _made(collections.OrderedDict, collections.OrderedDict.__new__),
    "defaultdict": _made(collections.defaultdict, collections.defaultdict.__new__),
    "Counter": _made(collections.Counter, dict.__new__),
    "UserDict": _made(collections.UserDict, object.__new__), "array.array": _made(array.array, lambda kind: array.array.__new__(kind, "i", [1])),
    "ndarray": _made(np.ndarray, lambda kind: np.ndarray.__new__(kind, (3,)), __array_finalize__=lambda *_: None),
    "DataFrame": _made(pd.DataFrame, _frame_like(pd.DataFrame)), "Series": _made(pd.Series, _frame_like(pd.Series)),
    "date": _made(dt.date, lambda kind: dt.date.__new__(kind, 2020, 1, 1)), "Decimal": _made(decimal.Decimal, lambda kind: decimal.Decimal.__new__(kind, 1)),
    "Fraction": _made(fractions.Fraction, object.__new__), "Path": _made(pathlib.PurePosixPath, object.__new__),
    "Exception": _made(Exception, lambda kind: Exception.__new__(kind, 1)), "partial": _made(functools.partial, lambda kind: functools.partial.__new__(kind, len)),
    "StringIO": _made(io.StringIO, io.StringIO.__new__), "Random": _made(random.Random, random.Random.__new__),
    "Thread": _made(threading.Thread, object.__new__), "property": _made(property, property.__new__), "enum": _enumerated,
    "module": _module, "function": _function, "mapping proxy": _mapping_proxy, "lazy frame": _lazy, "mock": _mock,
    "proxy": _proxy, "dead proxy": _dead_proxy, "a frame's own column": _extension_column,
    "says it is pandas'": _claims("DataFrame", "pandas.core.frame"), "says it is pandas' Timestamp": _claims("Timestamp", "pandas._libs"),
    "says it is NumPy's": _claims("ufunc", "numpy"), "says it is NumPy's generator": _claims("PCG64", "numpy.random._pcg64"),
    "says it is Polars'": _claims("DataFrame", "polars.dataframe.frame"), "says it is sklearn's": _claims_slots("Tree", "sklearn.tree._tree"),
    "says it is scipy's": _claims("csr_matrix", "scipy.sparse._csr"), "says it is torch's": _claims("Tensor", "torch"),
    "says it is random's": _claims("Random", "random"), "says it is logging's": _claims("Logger", "logging"),
}  # fmt: skip


class Holder:
    """An object of the user's that holds a value."""

    extra: Any

    def __init__(self, value: Any) -> None:
        self.value = value


class SlotHolder:
    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


Holder.__module__ = SlotHolder.__module__ = "__main__"


def _in_array(value: Any) -> Any:
    made = np.empty(2, dtype=object)
    made[0] = [value]
    return made


def _in_records(value: Any) -> Any:
    made = np.zeros(2, dtype=[("a", int), ("o", object)])
    made["o"][0] = (value,)
    return made


def _in_frame(value: Any) -> Any:
    return pd.DataFrame({"a": [1], "o": pd.Series(_in_array(value)[:1], dtype=object)})


def _in_function(value: Any) -> Any:
    def made(given: Any = value) -> Any:
        return given, value

    made.held = value  # type: ignore[attr-defined]
    return made


def _in_class(value: Any) -> Any:
    return type("Keeps", (), {"__module__": "__main__", "held": [value]})


def _in_cycle(value: Any) -> Any:
    made = [value]
    made.append(made)
    return made


def _in_attrs(value: Any) -> Any:
    made = pd.DataFrame({"a": [1]})
    made.attrs["k"] = [value]
    return made


def _generator(value: Any) -> Iterator[Any]:
    yield value


PLACES: dict[str, Callable[[Any], Any]] = {
    "by itself": lambda v: v, "in a list": lambda v: [v], "in a tuple": lambda v: (v, 1), "in a dict": lambda v: {"k": v},
    "deep": lambda v: {"a": [({"b": v},)]}, "in a long list": lambda v: [0] * 500 + [v], "in an object": Holder,
    "in an object with slots": SlotHolder, "in an object in a list": lambda v: [Holder(v)], "in a default": _in_function,
    "in a class": _in_class, "in a partial": lambda v: functools.partial(print, v), "in a namespace": lambda v: types.SimpleNamespace(v=v),
    "in a deque": lambda v: collections.deque([v]), "in a defaultdict": lambda v: collections.defaultdict(list, k=v),
    "in an array": _in_array, "in records": _in_records, "in a frame": _in_frame, "in a series": lambda v: _in_frame(v)["o"],
    "in a cycle": _in_cycle, "in a cell of a closure": lambda v: (lambda: v),
    "in a generator": _generator, "in a mapping proxy": lambda v: types.MappingProxyType({"k": v}),
    "in a chain map": lambda v: collections.ChainMap({"k": v}), "bound": lambda v: [v].append, "in an error": lambda v: ValueError([v]),
    "in attrs": _in_attrs,
}  # fmt: skip
