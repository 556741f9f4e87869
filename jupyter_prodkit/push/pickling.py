"""Pickling the live model so that another process can load it: what the notebook defines is taken from the package."""

from __future__ import annotations

import importlib
import io
import pickle
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
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


class _Pickler(pickle.Pickler):
    """Writes a function or class of the notebook as a reference to the exported module that defines it."""

    def __init__(self, file: io.BytesIO, modules: Mapping[str, str]) -> None:
        super().__init__(file, PROTOCOL)
        self._modules = modules

    def reducer_override(self, value: Any) -> Any:
        if not isinstance(value, (type, types.FunctionType)) or value.__module__ != "__main__":
            return NotImplemented
        name = value.__qualname__
        module = self._modules.get(name)
        if module is None:
            what = "class" if isinstance(value, type) else "function"
            raise PushError(
                f"The model holds the {what} `{name}` of the notebook, which is not exported.",
                "Name it (a lambda has no name), mark the cell that defines it `export`, then run %prodexport again."
                if name.endswith("<lambda>")
                else "Mark the cell that defines it `export`, then run %prodexport again.",
            )
        return getattr, (_Module(module), name)


def pickle_model(model: Any, modules: Mapping[str, str]) -> bytes:
    """Return `model` pickled; `modules` says which module of the package defines each exported name.

    Raises PushError where the model holds something that can't be pickled, or that is defined in the notebook and
    not exported.
    """
    file = io.BytesIO()
    try:
        _Pickler(file, modules).dump(model)
    except PushError:
        raise
    except Exception as error:
        raise PushError(
            f"The {type(model).__name__} can't be pickled: {type(error).__name__}: {error}.",
            "Leave out what belongs to this process only (open files, connections, locks, generators, threads).",
        ) from error
    return file.getvalue()
