"""The import statements that give what a kernel holds under a name, where some surely do."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping
from types import BuiltinFunctionType, FunctionType, ModuleType

from jupyter_prodkit.session.kernel import LiveKernel

__all__ = ["imports_held", "imports_of"]

_IMPORTED_BY_NAME = (type, FunctionType, BuiltinFunctionType)


def imports_held(
    kernel: LiveKernel, uses: Mapping[str, Collection[str | None]]
) -> dict[str, tuple[str, ...] | None]:
    """Return the imports for each of the names that the kernel holds, None where what it holds was not imported.

    `uses` has the names, each with what the page takes of it. Waits until no cell runs.
    """

    def look() -> dict[str, tuple[str, ...] | None]:
        held = kernel.namespace
        return {name: imports_of(name, held[name], taken) for name, taken in uses.items() if name in held}

    return kernel.on_main_thread(look)


def imports_of(name: str, value: object, uses: Collection[str | None] = ()) -> tuple[str, ...] | None:
    """Return the statements that bind `name` to this very module, class or function, by its shortest path."""
    if issubclass(type(value), ModuleType):
        assert isinstance(value, ModuleType)
        return _of_module(name, value, uses)
    if not issubclass(type(value), _IMPORTED_BY_NAME):
        return None
    module, own = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(own, str):
        return None
    for place, loaded in _around(module):
        if vars(loaded).get(own) is value:
            return (f"from {place} import {own}" if own == name else f"from {place} import {own} as {name}",)
    return None


def _of_module(name: str, value: ModuleType, uses: Collection[str | None]) -> tuple[str, ...] | None:
    full = value.__name__
    if full == "__main__" or sys.modules.get(full) is not value:
        return None
    package, _, last = full.rpartition(".")
    if not package and last == name:
        # `import matplotlib` alone need not bring `matplotlib.pyplot`
        below = {f"{full}.{one}" for one in uses if one} & sys.modules.keys() if hasattr(value, "__path__") else ()
        return tuple(f"import {module}" for module in sorted(below) or [full])
    if package and last == name and getattr(sys.modules.get(package), last, None) is value:
        return (f"from {package} import {last}",)
    return (f"import {full} as {name}",)


def _around(module: str) -> Iterator[tuple[str, ModuleType]]:
    """The loaded packages that a module is in, the outermost first, and last itself."""
    parts = module.split(".") if module != "__main__" else []
    public = module.lstrip("_")  # `functools` of `_functools`
    if public in sys.modules and public != module:
        yield public, sys.modules[public]
    for length in range(1, len(parts) + 1):
        place = ".".join(parts[:length])
        loaded = sys.modules.get(place)
        if isinstance(loaded, ModuleType):
            yield place, loaded
