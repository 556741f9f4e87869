"""A value as plain builtins that can be compared in another process; only the standard library, Python 3.10 or newer.

Runs inside the notebook's kernel and inside the packages' environments. Never calls a method that a user wrote; draws
nothing from iterators. Plots, open files, generators and the like are opaque: known by their type alone.
"""

from __future__ import annotations

import pickle
import sys
import types
from collections.abc import Iterable
from pathlib import Path

DEEPEST = 60
MOST_NODES = 400_000
_SCALARS = (bool, int, str, bytes, bytearray, type(None), type(Ellipsis), type(NotImplemented), range, slice)
_OPAQUE_ROOTS = {
    "matplotlib",
    "mpl_toolkits",
    "IPython",
    "ipykernel",
    "threading",
    "_thread",
    "weakref",
    "_io",
    "PIL",
    "asteval",
}
_OPAQUE_TYPES = {"EvalEnvironment", "Lock", "RLock", "ReferenceType", "Environment"}


class TooLargeError(Exception):
    """The value has more parts than are looked at."""


class _Describer:
    def __init__(self, own: Iterable[str]) -> None:
        self.own = {"__main__", *own}
        self.seen: dict[int, int] = {}
        self.kept: list[object] = []
        self.count = 0

    def of(self, value: object, depth: int = 0) -> tuple:
        kind = type(value)
        name = self.type_name(kind)
        if kind is float:
            return ("float", name, value)
        if kind is complex:
            return ("complex", name, (value.real, value.imag))
        if isinstance(value, _SCALARS) and kind.__module__ == "builtins":
            return ("value", name, repr(value) if kind not in (bool, int, str, bytes, type(None)) else value)
        self.count += 1
        if self.count > MOST_NODES or depth > DEEPEST:
            raise TooLargeError
        if id(value) in self.seen:
            return ("again", self.seen[id(value)])
        self.seen[id(value)] = len(self.seen)
        self.kept.append(value)
        return self.known(value, kind, name, depth + 1)

    def type_name(self, kind: type) -> str:
        root = kind.__module__.partition(".")[0]
        return f"{'@' if root in self.own else kind.__module__}.{kind.__qualname__.rpartition('<locals>.')[2]}"

    def known(self, value, kind, name, depth):
        if kind.__module__.partition(".")[0] in _OPAQUE_ROOTS or kind.__name__ in _OPAQUE_TYPES:
            return ("opaque", name)
        if isinstance(value, types.ModuleType):
            return ("value", "module", value.__name__)
        if isinstance(value, type):
            return ("value", "type", self.type_name(value))
        if isinstance(value, types.FunctionType):
            return ("function", value.__qualname__.rpartition("<locals>.")[2])
        if isinstance(value, types.MethodType):
            return ("object", name, [("of", self.of(value.__self__, depth)), ("is", self.of(value.__func__, depth))])
        if isinstance(value, (types.BuiltinFunctionType, types.MethodWrapperType)):
            return ("function", value.__qualname__)
        if hasattr(kind, "__next__"):
            return ("opaque", name)
        numeric = self.numpy(value, name, depth) or self.pandas(value, name, depth)
        if numeric:
            return numeric
        if kind.__module__.startswith("sympy."):
            return ("value", name, str(value))
        return self.container(value, kind, name, depth)

    def numpy(self, value, name, depth):
        np = sys.modules.get("numpy")
        if np is None:
            return None
        if isinstance(value, np.ma.MaskedArray):
            return (
                "object",
                name,
                [("data", self.of(value.filled(), depth)), ("mask", self.of(np.ma.getmaskarray(value), depth))],
            )
        if isinstance(value, np.ndarray):
            if value.dtype.hasobject:
                return ("list", f"{name} {value.shape}", [self.of(one, depth) for one in value.ravel().tolist()])
            if value.dtype.names:
                parts = [(one, self.of(np.asarray(value[one]), depth)) for one in value.dtype.names]
                return ("object", f"{name} {value.shape}", parts)
            plain = np.ascontiguousarray(value)
            return (
                "array",
                name,
                value.dtype.newbyteorder("<").str,
                value.shape,
                plain.astype(value.dtype.newbyteorder("<")).tobytes(),
            )
        if isinstance(value, np.generic):
            return (
                self.of(np.asarray(value), depth)
                if value.dtype.kind == "V"
                else ("array", name, value.dtype.str, (), value.tobytes())
            )
        if isinstance(value, np.random.RandomState):
            return ("object", name, [("state", self.of(value.get_state(legacy=False), depth))])
        if isinstance(value, np.random.Generator):
            return ("object", name, [("state", self.of(value.bit_generator.state, depth))])
        return ("value", "numpy.dtype", str(value)) if isinstance(value, np.dtype) else None

    def pandas(self, value, name, depth):
        pd = sys.modules.get("pandas")
        if pd is None or not hasattr(pd, "DataFrame"):
            return None
        if isinstance(value, pd.DataFrame):
            columns = [(str(label), self.column(value.iloc[:, at], depth)) for at, label in enumerate(value.columns)]
            return (
                "object",
                name,
                [("columns", self.of(value.columns, depth)), ("index", self.of(value.index, depth)), *columns],
            )
        if isinstance(value, pd.Series):
            index, label = self.of(value.index, depth), self.of(value.name, depth)
            return ("object", name, [("name", label), ("index", index), ("values", self.column(value, depth))])
        if isinstance(value, pd.Index):
            freq = str(getattr(value, "freq", None))
            return (
                "object",
                f"{name} {value.dtype} {freq}",
                [("names", self.of(list(value.names), depth)), ("values", self.of(value.tolist(), depth))],
            )
        if isinstance(value, pd.api.extensions.ExtensionArray):
            return ("list", f"{name} {value.dtype}", [self.of(one, depth) for one in value])
        if isinstance(value, (pd.Timestamp, pd.Timedelta, pd.Period, pd.tseries.offsets.BaseOffset)) or value is pd.NaT:
            return ("value", name, repr(value))
        return None

    def column(self, series, depth):
        if series.dtype.kind in "biufcmM" and isinstance(series.to_numpy(), sys.modules["numpy"].ndarray):
            return ("column", str(series.dtype), self.of(series.to_numpy(), depth))
        return ("column", str(series.dtype), self.of(list(series.array), depth))

    def container(self, value, kind, name, depth):
        if isinstance(value, (set, frozenset)):
            return ("list", name, sorted((self.of(one, depth) for one in value), key=repr))
        if isinstance(value, dict):
            if "__builtins__" in value:
                return ("opaque", "a namespace")
            items = [("", ("list", "item", [self.of(k, depth), self.of(v, depth)])) for k, v in list(dict.items(value))]
            return ("object", name, [*items, *self.attributes(value, kind, depth)])
        if isinstance(value, list):
            return (
                "object",
                name,
                [
                    ("", ("list", name, [self.of(one, depth) for one in list.__iter__(value)])),
                    *self.attributes(value, kind, depth),
                ],
            )
        if isinstance(value, tuple):
            return ("list", name, [self.of(one, depth) for one in tuple.__iter__(value)])
        attributes = self.attributes(value, kind, depth)
        if attributes:
            return ("object", name, attributes)
        try:
            reduced = value.__reduce_ex__(4)
        except Exception:  # noqa: BLE001 - whatever it says, it can't be taken apart
            return ("opaque", name)
        if isinstance(reduced, str):
            return ("value", name, reduced)
        state = reduced[2] if len(reduced) > 2 else None
        return ("object", name, [("made of", self.of(tuple(reduced[1]), depth)), ("state", self.of(state, depth))])

    def attributes(self, value, kind, depth):
        """Attributes but caches: what is filled when it is first looked at is no part of the value."""
        found = {}
        try:
            found.update(object.__getattribute__(value, "__dict__"))
        except AttributeError:
            pass
        for base in kind.__mro__:
            slots = base.__dict__.get("__slots__", ())
            for slot in (slots,) if isinstance(slots, str) else slots:
                if slot not in ("__dict__", "__weakref__") and kind.__module__ not in ("builtins", "pandas"):
                    try:
                        found[slot] = object.__getattribute__(value, slot)
                    except AttributeError:
                        pass
        plain = sorted((str(at), one) for at, one in found.items() if "cache" not in str(at).lower())
        return [(at, self.of(one, depth)) for at, one in plain]


def describe(value: object, own: Iterable[str] = ()) -> tuple:
    """Return the value as nested tuples of builtins; `own` are the packages whose classes stand for the notebook's."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, 10_000))
    try:
        return _Describer(own).of(value)
    except TooLargeError:
        return ("opaque", f"{type(value).__name__}, too large to look at")
    except Exception as error:  # noqa: BLE001 - a value that can't be looked at is told as such
        return ("opaque", f"{type(value).__name__}: {type(error).__name__}: {error}"[:200])
    finally:
        sys.setrecursionlimit(limit)


def write(namespace: dict, names: Iterable[str], path: str, own: Iterable[str] = ()) -> None:
    """Write the descriptions of those of `names` that the namespace has, pickled, to `path`."""
    found = {name: describe(namespace[name], own) for name in names if name in namespace}
    Path(path).write_bytes(pickle.dumps(found))
