# ruff: noqa: PLR0911 - one return for each kind of value
"""Looking at values so that two processes can compare them: a value becomes a tree of plain things.

Imports nothing of ours: it runs beside the notebook and beside the installed package, wherever these are. It calls
nothing of a value but what pickling calls, never iterates an iterator and draws no random number.
"""

from __future__ import annotations

import functools
import hashlib
import pickle
import sys
import types
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

__all__ = ["observe", "record"]

_PLAIN = (type(None), bool, int, str, bytes, type(...))
_CACHES = ("_cache", "_cached", "__cache__")
_DEEPEST = 60
_MOST_ITEMS = 100_000
_MOST_BYTES = 1 << 26
_NOT_LOOKED_AT = ("matplotlib", "seaborn", "plotly", "bokeh", "altair", "IPython", "ipywidgets", "tqdm", "PIL.Image")
Tree = tuple[Any, ...]


def record(namespace: Mapping[str, Any], names: Iterable[str], place: str, own: str = "") -> None:
    """Write what is observed of `names` to the file `place`; a name that is not there is left out."""
    found = {}
    for name in names:
        if name in namespace:
            value = namespace[name]
            kind = f"{type(value).__module__}.{type(value).__qualname__}"
            found[name] = (kind, observe(value, own))
    Path(place).write_bytes(pickle.dumps(found))


def observe(value: Any, own: str = "") -> Tree:
    """Return a value as a tree of tuples; `own` is the package whose classes are the notebook's."""
    return _Observer(own).tree(value, 0)


class _Observer:
    def __init__(self, own: str) -> None:
        self._own = own
        self._around: dict[int, int] = {}
        """What is being looked at now, by identity, and how deep it stands: a value may hold itself."""
        self._items = 0
        self._bytes = 0

    def tree(self, value: Any, depth: int) -> Tree:
        if isinstance(value, _PLAIN) and type(value) in _PLAIN:
            return ("plain", type(value).__name__, value)
        if type(value) is float:
            return ("float", value)
        if type(value) is complex:
            return ("complex", value.real, value.imag)
        if id(value) in self._around:
            return ("again", self._around[id(value)])
        self._items += 1
        if depth > _DEEPEST or self._items > _MOST_ITEMS:
            return ("opaque", self._name(type(value)), "too large to be looked at whole")
        self._around[id(value)] = depth
        try:
            return self._known(value, depth) or self._object(value, depth)
        except Exception as error:  # noqa: BLE001 - what a value's own code raises when it is pickled
            return ("opaque", self._name(type(value)), f"{type(error).__name__} when looked at")
        finally:
            del self._around[id(value)]

    def _known(self, value: Any, depth: int) -> Tree | None:
        if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
            return ("sequence", type(value).__name__, [self.tree(one, depth + 1) for one in value])
        if type(value) in (set, frozenset):
            found = sorted((self.tree(one, depth + 1) for one in value), key=repr)
            return ("sequence", type(value).__name__, found)
        if isinstance(value, dict) and type(value) is dict:
            return ("mapping", "dict", self._pairs(value.items(), depth))
        if isinstance(value, (types.FunctionType, types.BuiltinFunctionType, type)):
            return ("named", "type" if isinstance(value, type) else "function", value.__name__)
        if isinstance(value, types.ModuleType):
            return ("named", "module", value.__name__)
        module = type(value).__module__
        if isinstance(value, (types.GeneratorType, types.CoroutineType)) or (
            isinstance(value, Iterator) and module in ("builtins", "itertools", "_io")
        ):
            return ("opaque", self._name(type(value)), "can be gone through only once")
        if module.startswith(_NOT_LOOKED_AT):
            return ("opaque", self._name(type(value)), "a figure or a display")
        return self._of_library(value, depth)

    def _of_library(self, value: Any, depth: int) -> Tree | None:
        numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
        if numpy is not None and isinstance(value, numpy.ndarray):
            return self._array(value, depth)
        if numpy is not None and isinstance(value, numpy.generic):
            return ("scalar", str(value.dtype), self._array(numpy.asarray(value), depth))
        if pandas is not None and isinstance(value, pandas.DataFrame):
            columns = [self.tree(value.iloc[:, place].array, depth + 1) for place in range(value.shape[1])]
            names = [self.tree(one, depth + 1) for one in value.columns]
            return ("frame", names, self.tree(value.index, depth + 1), columns)
        if pandas is not None and isinstance(value, pandas.Series):
            parts = (value.name, value.index, value.array)
            return ("series", *(self.tree(part, depth + 1) for part in parts))
        if pandas is not None and isinstance(value, (pandas.Index, pandas.api.extensions.ExtensionArray)):
            return self._pandas_array(value, depth)
        if type(value).__module__.startswith("torch") and hasattr(value, "detach") and hasattr(value, "cpu"):
            return ("tensor", self._array(value.detach().cpu().numpy(), depth))
        if type(value).__module__.startswith("tensorflow") and hasattr(value, "numpy"):
            return ("tensor", self._array(numpy.asarray(value.numpy()), depth) if numpy is not None else ())
        return None

    def _pandas_array(self, value: Any, depth: int) -> Tree:
        kind = str(value.dtype)
        name = self.tree(getattr(value, "name", None), depth + 1)
        if kind == "category":
            return ("values", kind, name, self.tree(list(value.categories), depth + 1), self._array(value.codes, depth))
        content = value.to_numpy()
        return ("values", kind, name, self._array(content, depth))

    def _array(self, value: Any, depth: int) -> Tree:
        if value.dtype.names:
            fields = [(name, self._array(value[name], depth)) for name in value.dtype.names]
            return ("fields", value.shape, fields)
        if value.dtype.hasobject:
            items = value.ravel().tolist()
            if len(items) > _MOST_ITEMS:
                return ("digest", "object", value.shape, _digest(repr(items).encode("utf-8", "replace")))
            self._items -= len(items)  # an array of texts is one thing
            return ("objects", value.shape, [self.tree(one, depth + 1) for one in items])
        content = value.tobytes()
        self._bytes += len(content)
        if self._bytes > _MOST_BYTES:  # what is left can be compared exactly only
            return ("digest", value.dtype.str, value.shape, _digest(content))
        return ("array", value.dtype.str, value.shape, content)

    def _object(self, value: Any, depth: int) -> Tree:
        """Anything else, by what pickling would keep of it."""
        reduced = value.__reduce_ex__(4)
        if isinstance(reduced, str):
            return ("named", "object", reduced)
        parts = list(reduced) + [None] * (6 - len(reduced))
        function, arguments, state, items, pairs = parts[:5]
        found = [("made by", self.tree(function, depth + 1)), ("from", self.tree(tuple(arguments), depth + 1))]
        if state is not None:
            found.append(("state", self._state(state, type(value), depth + 1)))
        if items is not None:
            found.append(("items", ("sequence", "list", [self.tree(one, depth + 1) for one in items])))
        if pairs is not None:
            found.append(("pairs", ("mapping", "dict", self._pairs(pairs, depth + 1))))
        return ("object", self._name(type(value)), found)

    def _state(self, state: Any, kind: type, depth: int) -> Tree:
        """What an object holds, but for what it keeps only so as not to compute it again: looking fills that."""
        if isinstance(state, dict):
            kept = [(name, one) for name, one in state.items() if not _is_cache(name, kind)]
            return ("mapping", "state", self._pairs(kept, depth))
        return self.tree(state, depth)

    def _pairs(self, items: Iterable[tuple[Any, Any]], depth: int) -> list[tuple[Tree, Tree]]:
        return [(self.tree(key, depth + 1), self.tree(one, depth + 1)) for key, one in items]

    def _name(self, kind: type) -> str:
        module = kind.__module__
        own = module == "__main__" or (self._own and module.partition(".")[0] == self._own)
        return kind.__name__ if own else f"{module}.{kind.__qualname__}"


def _is_cache(name: Any, kind: type) -> bool:
    if not isinstance(name, str):
        return False
    return name in _CACHES or isinstance(getattr(kind, name, None), functools.cached_property)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
