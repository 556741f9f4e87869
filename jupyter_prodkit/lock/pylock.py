"""Reading the `pylock.toml` (PEP 751) that uv wrote: which files each package may be installed from."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from jupyter_prodkit.environment.editables import file_url_path

__all__ = ["LockedFile", "locked_files"]


@dataclass(frozen=True, slots=True)
class LockedFile:
    """One wheel or sdist of a package."""

    url: str
    hashes: tuple[str, ...]
    """Each as `sha256:…`."""

    @property
    def local(self) -> Path | None:
        """Where the file stands on this machine, or None where it is on an index that others can reach."""
        if not self.url.startswith("file:"):
            return None
        return Path(file_url_path(self.url))


def locked_files(text: str) -> dict[str, tuple[LockedFile, ...]]:
    """Return each package's files by normalised name, wheels first: uv lists those that fit this interpreter."""
    # In the standard library from Python 3.11 on; before, the package it was made from.
    toml: Any = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    packages = toml.loads(text).get("packages", [])
    return {str(canonicalize_name(package["name"])): tuple(_files(package)) for package in packages}


def _files(package: Mapping[str, Any]) -> Iterator[LockedFile]:
    listed = [*package.get("wheels", []), *(package[key] for key in ("sdist", "archive") if key in package)]
    for file in listed:
        digest = file.get("hashes", {}).get("sha256")
        yield LockedFile(str(file.get("url", "")), (f"sha256:{digest}",) if digest else ())
