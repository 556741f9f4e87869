"""Which modules the user's code loaded, as opposed to the kernel and us, and which were edited since."""

from __future__ import annotations

import hashlib
import os
import sys
import types
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from jupyter_prodkit.notebook.names import code_names
from jupyter_prodkit.session.classes import derives

__all__ = ["UserModules"]

_CONTENT_OF = type.__dict__["__dict__"].__get__(types.ModuleType)["__dict__"].__get__
_OWN = __name__.partition(".")[0]
_LIBRARY_FOLDERS = ("site-packages", "dist-packages")
_LARGEST_FILE = 1_000_000
_MOST_FILES = 200  # looked at after each cell: nobody should wait for more


@dataclass(frozen=True, slots=True)
class _AsLoaded:
    """A module's file as it was when the module was loaded."""

    file: str
    spec: object
    """Reloading a module gives it another."""
    changed: int
    digest: bytes


class UserModules:
    """Watches `sys.modules` between and during the user's cells."""

    def __init__(self, earlier: Sequence[str]) -> None:
        """`earlier` is the code that ran before we were there: what it imports is the user's too."""
        self._earlier = tuple(earlier)
        self._seen = set(sys.modules)
        self._loaded: set[str] = set()
        self._imported: set[str] = set()
        self._files: dict[str, _AsLoaded] = {}
        self._of_libraries: set[str] = set()
        """The top-level packages that are no files of the user's, and so nothing below them is."""
        self._note_files(self._seen)

    def before_run(self) -> None:
        """Take what was loaded since the last run as not the user's: we loaded it, or the kernel."""
        if len(sys.modules) != len(self._seen):  # most often nothing was, and to look costs more than the rest
            self._seen = set(sys.modules)

    def after_run(self, imports: frozenset[str], *, only_named: bool) -> None:
        """Take what was loaded since `before_run` as the user's; with `only_named` only what `imports` names."""
        self._imported |= imports
        self._note_reloaded()
        if len(sys.modules) == len(self._seen):
            return
        # Ours may be loaded beside a cell: by the thread that digests what the cell before has shown.
        new = {name for name in sys.modules.keys() - self._seen if _top(name) != _OWN}
        self._note_files(new)
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

    def edited(self) -> tuple[str, ...]:
        """Return the modules of the user's own whose files have other content now than when they were loaded.

        Installed packages are not among them, nor is a module whose file is gone.
        """
        self._read_earlier()
        files = list(self._files.items())  # another thread may ask while a cell imports
        own = [(name, held) for name, held in files if name in self._loaded or _top(name) in self._imported]
        return tuple(sorted(name for name, held in own if _is_edited(held)))

    def _note_files(self, modules: Iterable[str]) -> None:
        for name in modules:
            if len(self._files) < _MOST_FILES and not self._is_of_library(name):
                held = _as_loaded(sys.modules.get(name))
                if held is not None:
                    self._files[name] = held

    def _is_of_library(self, name: str) -> bool:
        top = _top(name)
        if top in self._of_libraries:
            return True
        file = _file(sys.modules.get(top))
        if file is None or not _in_libraries(file):
            return False
        self._of_libraries.add(top)
        return True

    def _note_reloaded(self) -> None:
        for name, held in list(self._files.items()):
            if _attribute(sys.modules.get(name), "__spec__") is not held.spec:
                del self._files[name]
                self._note_files([name])

    def _read_earlier(self) -> None:
        earlier, self._earlier = self._earlier, ()
        self._imported.update(*(code_names(source).imports for source in earlier))


def _below(modules: set[str], tops: frozenset[str]) -> set[str]:
    return {module for module in modules if _top(module) in tops}


def _top(module: str) -> str:
    return module.partition(".")[0]


def _file(module: object) -> str | None:
    file = _attribute(module, "__file__")
    return file if isinstance(file, str) else None


def _attribute(module: object, name: str) -> object:
    # Not getattr: a module's own `__getattr__` is user code, and one that is loaded when first asked would be.
    return _CONTENT_OF(module).get(name) if derives(type(module), types.ModuleType) else None


def _as_loaded(module: object) -> _AsLoaded | None:
    """Return what the module's file is like now, or None where it is none of the user's own."""
    file = _file(module)
    if file is None or not file.endswith(".py") or _in_libraries(file):
        return None
    state = _state(file)
    return None if state is None else _AsLoaded(file, _attribute(module, "__spec__"), *state)


def _in_libraries(file: str) -> bool:
    return file.startswith(_libraries()) or any(folder in file for folder in _LIBRARY_FOLDERS)


def _is_edited(held: _AsLoaded) -> bool:
    try:
        if Path(held.file).stat().st_mtime_ns == held.changed:
            return False
    except OSError:
        return False
    state = _state(held.file)
    return state is not None and state[1] != held.digest


def _state(file: str) -> tuple[int, bytes] | None:
    """Return when the file was changed, and a digest of it."""
    try:
        found = Path(file).stat()
        if found.st_size > _LARGEST_FILE:
            return None
        return found.st_mtime_ns, hashlib.sha256(Path(file).read_bytes()).digest()
    except OSError:
        return None


@lru_cache(maxsize=1)
def _libraries() -> tuple[str, ...]:
    """The folders of the standard library and of our own code."""
    folders = [Path(os.__file__).parent, Path(__file__).parents[1]]
    return tuple({str(folder) + os.sep for one in folders for folder in (one, one.resolve())})
