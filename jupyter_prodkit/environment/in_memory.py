"""Whether the kernel still runs another version of a distribution than the one that is on disk."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Collection, Iterable, Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from packaging.version import InvalidVersion, Version

from jupyter_prodkit.environment.installed import Installed, same_version
from jupyter_prodkit.environment.loaded_code import runs_other_code
from jupyter_prodkit.files import text_or_empty

__all__ = ["ANOTHER_BUILD", "held_in_memory", "module_version", "process_started", "version_in_memory"]

ANOTHER_BUILD = "another build"
"""What is said to be in memory where that can be told only by the code, and no version is known."""

_VERSION_FILES = ("__init__.py", "_version.py", "version.py", "__version__.py", "__about__.py", "_about.py")


def held_in_memory(
    one: Installed, loaded: Mapping[str, ModuleType], started_at: float | None, replaced: Collection[str]
) -> str | None:
    """Return what the kernel holds of a distribution that was replaced on disk since; None where it is what is there.

    That is a version, or ANOTHER_BUILD where only the code of the `loaded` modules (name → module), or a library among
    the `replaced` ones (absolute paths), tells. `started_at` is when the process began.
    """
    if started_at is None:
        return None
    version = version_in_memory(loaded.values(), one.version, one.written_at, started_at)
    if version is not None or not _files_since(loaded, one.written_at, started_at):
        return version
    swapped = bool(replaced) and any(str(one.base / path) in replaced for path in one.record if ".so" in path)
    other = swapped or any(runs_other_code(module) for module in _with_submodules(loaded))
    return ANOTHER_BUILD if other else None


def module_version(loaded: Iterable[ModuleType], metadata_version: str) -> str | None:
    """Return the `__version__` of the first module that states one, where it is not the metadata's version."""
    claimed = next((held for module in loaded if (held := _claimed(module))), None)
    return None if claimed is None or same_version(claimed, metadata_version) else claimed


def version_in_memory(
    modules: Iterable[ModuleType | None], metadata_version: str, written_at: float, started_at: float | None
) -> str | None:
    """Return the version that a loaded module says it is, where an upgrade of the distribution since explains it.

    A module's `__version__` alone proves nothing: OpenCV's 4.10.0 is the distribution 4.10.0.84, and
    torch's 2.6.0+cu124 the distribution 2.6.0. So all of this must hold: the distribution was installed after this
    process started, the public parts of the versions differ, and the files now on disk don't say what the module says.
    """
    if started_at is None or written_at <= started_at:
        return None
    for module in modules:
        held = _claimed(module)
        if held and _public(held) not in (None, _public(metadata_version)) and not _on_disk(module, held):
            return held
    return None


def _files_since(loaded: Mapping[str, ModuleType], written_at: float, started_at: float) -> bool:
    """Whether the distribution, or the file of one of its modules, was written after the process began."""
    if written_at > started_at:
        return True
    files = [vars(module).get("__file__") for module in _with_submodules(loaded)]
    return any(_written(Path(file)) > started_at for file in files if isinstance(file, str))


def _with_submodules(loaded: Mapping[str, ModuleType]) -> list[ModuleType]:
    """Return the topmost modules that are `loaded` and what is loaded below them."""
    starts = tuple(f"{name}." for name in loaded)
    below = [module for name, module in list(sys.modules.items()) if name.startswith(starts)] if starts else []
    return [*loaded.values(), *(module for module in below if isinstance(module, ModuleType))]


def _written(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0


def process_started() -> float | None:
    """Return when this process started, in seconds since the epoch; None where the system doesn't tell."""
    try:
        # Field 22 of proc(5): ticks since boot. The name in field 2 may hold spaces and brackets.
        ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        uptime = float(Path("/proc/uptime").read_text().split()[0])
        return time.time() - uptime + ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        return _started_elsewhere()


def _started_elsewhere() -> float | None:
    try:
        psutil: Any = import_module("psutil")  # ipykernel brings it
    except ImportError:
        return None
    return float(psutil.Process().create_time())


def _claimed(module: ModuleType | None) -> str | None:
    # Not getattr: a module's own __getattr__ is user code, and may import.
    value = vars(module).get("__version__") if isinstance(module, ModuleType) else None
    return str(value) if isinstance(value, str) else None


def _public(version: str) -> Version | None:
    try:
        return Version(Version(version).public)
    except InvalidVersion:
        return None


def _on_disk(module: ModuleType | None, version: str) -> bool:
    """Return whether a file that usually holds a package's version says `version` now."""
    file = vars(module).get("__file__")
    if not isinstance(file, str):
        return False
    folder = Path(file).parent
    names = _VERSION_FILES if Path(file).name.startswith("__init__.") else (Path(file).name,)
    stated = re.compile(rf"""version\w*["']?\s*(?::\s*\w+\s*)?[:=]\s*["']{re.escape(version)}["']""", re.IGNORECASE)
    return any(stated.search(text_or_empty(folder / name)) for name in names)
