"""`pylock.toml` (PEP 751): reading the one that uv answers with, and writing ours, through `packaging.pylock`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from packaging.markers import Marker
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from jupyter_prodkit.environment.editables import file_url_path
from jupyter_prodkit.environment.facts import EnvironmentFacts
from jupyter_prodkit.errors import MissingDependencyError
from jupyter_prodkit.lock.pins import WHEELS, Pin

__all__ = ["LockedFile", "locked_files", "render_pylock"]


@dataclass(frozen=True, slots=True)
class LockedFile:
    """One wheel or sdist of a package."""

    url: str
    hashes: tuple[str, ...]
    """Each as `sha256:…`."""
    size: int | None = None
    uploaded: datetime | None = None

    @property
    def local(self) -> Path | None:
        """Where the file stands on this machine, or None where it is on an index that others can reach."""
        if not self.url.startswith("file:"):
            return None
        return Path(file_url_path(self.url))

    @property
    def name(self) -> str:
        """The file's name."""
        return unquote(PurePosixPath(urlsplit(self.url).path).name)

    @property
    def sha256(self) -> str | None:
        """Its digest, as 64 hexadecimal digits."""
        return self.hashes[0].removeprefix("sha256:") if self.hashes else None


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
        uploaded = file.get("upload-time")
        yield LockedFile(
            str(file.get("url", "")),
            (f"sha256:{digest}",) if digest else (),
            file.get("size"),
            uploaded if isinstance(uploaded, datetime) else None,
        )


def render_pylock(
    pins: Iterable[Pin], files: Mapping[str, Sequence[LockedFile]], facts: EnvironmentFacts, folder: Path
) -> str:
    """Return the text of a `pylock.toml` with `pins`, for the kernel's own platform and Python and nothing wider.

    Wheels of ours are named relative to `folder`, where they stand. Raises MissingDependencyError where `packaging` is
    too old to know PEP 751 or no TOML writer is installed.
    """
    pep751, toml = _library("packaging.pylock", "packaging>=26"), _library("tomli_w", "tomli-w")
    packages = [_package(pep751, pin, files.get(pin.name, ()), folder) for pin in sorted(pins, key=lambda p: p.name)]
    lock = pep751.Pylock(
        lock_version=Version("1.0"),
        environments=[Marker(f"sys_platform == '{facts.platform}' and platform_machine == '{facts.machine}'")],
        requires_python=SpecifierSet(facts.python_range),
        created_by="jupyter-prodkit",
        packages=packages,
    )
    lock.validate()
    return str(toml.dumps(lock.to_dict()))


def _package(pep751: Any, pin: Pin, files: Sequence[LockedFile], folder: Path) -> Any:
    name, version = canonicalize_name(pin.name), Version(pin.version)
    if pin.wheel:
        size = (folder / WHEELS / pin.wheel).stat().st_size
        wheel = pep751.PackageWheel(name=pin.wheel, path=str(WHEELS / pin.wheel), size=size, hashes=_hashes(pin.hashes))
        return pep751.Package(name=name, version=version, wheels=[wheel])
    listed = [(file, file.hashes or pin.hashes) for file in files if file.url]
    wheels = [pep751.PackageWheel(**_fields(file, hashes)) for file, hashes in listed if file.name.endswith(".whl")]
    sdists = [pep751.PackageSdist(**_fields(file, hashes)) for file, hashes in listed if not file.name.endswith(".whl")]
    return pep751.Package(
        name=name, version=version, index=pin.index, wheels=wheels or None, sdist=sdists[0] if sdists else None
    )


def _fields(file: LockedFile, hashes: Sequence[str]) -> dict[str, Any]:
    return {
        "name": file.name,
        "url": file.url,
        "size": file.size,
        "upload_time": file.uploaded,
        "hashes": _hashes(hashes),
    }


def _hashes(hashes: Sequence[str]) -> dict[str, str]:
    return {"sha256": hashes[0].removeprefix("sha256:")} if hashes else {}


def _library(module: str, package: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingDependencyError(package, "lock") from error
