"""Whether the kernel still runs another version of a distribution than the one that is on disk."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from packaging.version import InvalidVersion, Version

__all__ = ["process_started", "version_in_memory"]

_VERSION_FILES = ("__init__.py", "_version.py", "version.py", "__version__.py", "__about__.py", "_about.py")


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
    return any(stated.search(_text(folder / name)) for name in names)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
