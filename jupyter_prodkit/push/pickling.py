"""Pickling the live model so that another process can load it: what the notebook defines is taken from the package."""

from __future__ import annotations

import importlib
import io
import pickle
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

from jupyter_prodkit.errors import PushError

__all__ = ["pickle_model"]

PROTOCOL = 5


@dataclass(frozen=True, slots=True)
class _Module:
    """Stands for a module of the package, which need not be importable here."""

    name: str

    def __reduce__(self) -> tuple[Callable[[str], types.ModuleType], tuple[str]]:
        return importlib.import_module, (self.name,)


@dataclass(frozen=True, slots=True)
class _Attribute:
    """Stands for something defined in a module, or in a class there."""

    owner: _Module | _Attribute
    name: str

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[_Module | _Attribute, str]]:
        return getattr, (self.owner, self.name)


class _Pickler(pickle.Pickler):
    """Writes a function or class of the notebook as a reference to the exported module that defines it."""

    def __init__(self, file: io.BytesIO, modules: Mapping[str, str], namespace: Mapping[str, Any]) -> None:
        super().__init__(file, PROTOCOL)
        self._modules = modules
        self._names = {id(namespace[name]): name for name in modules if name in namespace}

    def reducer_override(self, value: Any) -> Any:
        if not isinstance(value, (type, types.FunctionType)) or value.__module__ != "__main__":
            return NotImplemented
        # A name that the cell gave it counts before the one it was born with, which a lambda has none of.
        path = self._names.get(id(value), value.__qualname__).split(".")
        module = self._modules.get(path[0])
        if module is None or "<locals>" in path:
            raise _not_exported(value)
        first: _Module | _Attribute = _Module(module)
        return reduce(_Attribute, path, first).__reduce__()


def _not_exported(value: Any) -> PushError:
    what = "class" if isinstance(value, type) else "function"
    name = value.__qualname__
    if "<locals>" in name:
        hint = (
            "It is made inside a function, where no other process finds it: define it at the top of an exported cell."
        )
    elif name.endswith("<lambda>"):
        hint = "It has no name: define it with `def` in a cell marked `export`, then run %prodexport again."
    else:
        hint = "Mark the cell that defines it `export`, then run %prodexport again."
    return PushError(f"The model holds the {what} `{name}` of the notebook, which is not exported.", hint)


def pickle_model(model: Any, modules: Mapping[str, str], namespace: Mapping[str, Any]) -> bytes:
    """Return `model` pickled; `modules` says which module of the package defines each exported name.

    Raises PushError where the model holds something that can't be pickled, or that is defined in the notebook and
    not exported.
    """
    file = io.BytesIO()
    try:
        _Pickler(file, modules, namespace).dump(model)
    except PushError:
        raise
    except Exception as error:
        raise PushError(
            f"The {type(model).__name__} can't be pickled: {type(error).__name__}: {error}.",
            "Leave out what belongs to this process only (open files, connections, locks, generators, threads).",
        ) from error
    return file.getvalue()
