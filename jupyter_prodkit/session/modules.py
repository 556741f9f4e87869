"""Which modules the user's code loaded, as opposed to the kernel and us."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from jupyter_prodkit.notebook.names import code_names

__all__ = ["UserModules"]


class UserModules:
    """Watches `sys.modules` between and during the user's cells."""

    def __init__(self, earlier: Sequence[str]) -> None:
        """`earlier` is the code that ran before we were there: what it imports is the user's too."""
        self._earlier = tuple(earlier)
        self._seen = set(sys.modules)
        self._loaded: set[str] = set()
        self._imported: set[str] = set()

    def before_run(self) -> None:
        """Take what was loaded since the last run as not the user's: we loaded it, or the kernel."""
        if len(sys.modules) != len(self._seen):  # most often nothing was, and to look costs more than the rest
            self._seen = set(sys.modules)

    def after_run(self, imports: frozenset[str], *, only_named: bool) -> None:
        """Take what was loaded since `before_run` as the user's; with `only_named` only what `imports` names."""
        self._imported |= imports
        if len(sys.modules) == len(self._seen):
            return
        new = sys.modules.keys() - self._seen
        self._loaded |= _below(new, imports) if only_named else new
        self._seen = set(sys.modules)

    def files(self) -> Mapping[str, str | None]:
        """Return the modules that the user's code loaded, with their files."""
        self._read_earlier()
        named = _below(set(sys.modules), frozenset(self._imported))  # what we had loaded before the user asked for it
        modules = {name: sys.modules.get(name) for name in sorted(self._loaded | named)}
        return {name: _file(module) for name, module in modules.items() if module is not None}

    def imported(self) -> frozenset[str]:
        """Return the top-level modules that executed code names in its imports."""
        self._read_earlier()
        return frozenset(self._imported)

    def _read_earlier(self) -> None:
        earlier, self._earlier = self._earlier, ()
        self._imported.update(*(code_names(source).imports for source in earlier))


def _below(modules: set[str], tops: frozenset[str]) -> set[str]:
    return {module for module in modules if module.partition(".")[0] in tops}


def _file(module: object) -> str | None:
    file = getattr(module, "__dict__", {}).get("__file__")
    return file if isinstance(file, str) else None
