"""Where a kernel runs: its folder, how it began, which packages and modules of the user's own it would find now."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jupyter_prodkit.session.record import Version
from jupyter_prodkit.session.user_files import place_version, users_file

__all__ = ["PACKAGES", "Setting", "digests_at_start", "own_module_files"]

PACKAGES = "packages"
_OF_THE_SERVER = ("JPY_", "JUPYTERHUB_", "KERNEL_")
"""What a server tells its kernels; it differs from start to start."""


def _no_modules() -> Mapping[str, Version] | None:
    return {}


@dataclass(frozen=True)
class Setting:
    """What a run may depend on besides what is recorded of it."""

    folder: Path
    """Of the notebook; absolute, without links."""
    at_start: Mapping[str, str] = field(default_factory=dict)
    """Digests of `cwd`, `environ` and `sys.path` when the kernel started."""
    module_files: Callable[[], Mapping[str, Version] | None] = _no_modules
    """The files of the user's own modules, with what was in them when they were loaded; None where that isn't known."""

    def packages(self) -> Version:
        """Return the version of Python and of all that is installed."""
        return _installed()

    def relative(self, path: str) -> str | None:
        """Return a path in the notebook's folder as seen from there; None for one elsewhere."""
        try:
            return Path(path).relative_to(self.folder).as_posix()
        except ValueError:
            return None


def digests_at_start(folder: Path) -> dict[str, str]:
    """Return digests of the working directory, the environment and `sys.path`, to be taken when a kernel starts."""
    environment = sorted(
        (name, value) for name, value in os.environ.items() if not name.startswith(_OF_THE_SERVER)
    )
    try:
        cwd = os.path.relpath(Path.cwd(), folder)
    except (OSError, ValueError):
        cwd = "nowhere"
    found = {"cwd": cwd, "environ": repr(environment), "sys.path": repr(sys.path)}
    return {name: hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32] for name, text in found.items()}


def own_module_files(modules: Mapping[str, str | None], edited: Collection[str]) -> Mapping[str, Version] | None:
    """Return the files of those `modules` that are the user's own, by path; None where one was edited since loaded."""
    if edited:
        return None
    files = {os.path.realpath(file) for file in modules.values() if file is not None}
    return {file: place_version(file) for file in sorted(files) if users_file(file)}


def _installed() -> Version:
    """The names of what lies in the folders of packages carry the versions."""
    found = [sys.version]
    for folder in sorted({path for path in sys.path if path.endswith(("site-packages", "dist-packages"))}):
        try:
            with os.scandir(folder) as entries:
                found += sorted(one.name for one in entries if one.name.endswith((".dist-info", ".egg-info", ".pth")))
        except OSError:  # noqa: PERF203 - one of two folders
            continue
    return f"= {hashlib.sha256(chr(0).join(found).encode('utf-8', 'replace')).hexdigest()[:32]}"
