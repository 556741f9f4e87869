"""The shared libraries that the process has mapped from outside its Python environment, and the Debian packages."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from jupyter_prodkit.environment.facts import SystemLibrary

__all__ = ["mapped_libraries", "replaced_libraries", "system_libraries"]

_LIBRARY = re.compile(r"\.so(\.[\d.]+)?\Z")
_DELETED = " (deleted)"


def mapped_libraries(maps: str) -> frozenset[str]:
    """Return the paths of the shared libraries in the text of proc(5)'s `maps`."""
    paths = {fields[5].rstrip() for line in maps.splitlines() if len(fields := line.split(maxsplit=5)) > 5}  # noqa: PLR2004
    return frozenset(path for path in paths if path.startswith("/") and _LIBRARY.search(path.removesuffix(_DELETED)))


def replaced_libraries(mapped: Iterable[str]) -> frozenset[str]:
    """Return those of the mapped libraries whose file has been removed or replaced since it was loaded."""
    return frozenset(path.removesuffix(_DELETED) for path in mapped if path.endswith(_DELETED))


def system_libraries(
    mapped: Iterable[str], environment: Collection[str], dpkg: Path = Path("/var/lib/dpkg")
) -> tuple[SystemLibrary, ...]:
    """Return the mapped libraries that lie in none of the folders of `environment`, by name, with who owns them.

    Reads dpkg's own lists; where there is no dpkg, no owner is named.
    """
    outside = {p.removesuffix(_DELETED) for p in mapped if not any(p.startswith(f + os.sep) for f in environment)}
    owners = _owners(outside, dpkg)
    versions = _versions(set(owners.values()), dpkg)
    found = {(Path(path).name, owners.get(path)) for path in outside}
    return tuple(
        SystemLibrary(file=name, package=owner, version=versions.get(owner or ""))
        for name, owner in sorted(found, key=lambda one: (one[0], one[1] or ""))
    )


def _owners(paths: Collection[str], dpkg: Path) -> Mapping[str, str]:
    """Return path → package. dpkg may know a file by its name from before /usr was merged."""
    wanted = {alias: path for path in paths for alias in _aliases(path)}
    found: dict[str, str] = {}
    try:
        lists = sorted((dpkg / "info").glob("*.list")) if wanted else []
    except OSError:
        lists = []
    for file in lists:
        try:
            text = file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        if ".so" in text:
            for alias in wanted.keys() & set(text.split("\n")):
                found[wanted[alias]] = file.name.removesuffix(".list").partition(":")[0]
    return found


def _aliases(path: str) -> set[str]:
    real = os.path.realpath(path)
    names = {path, real}
    return (
        names
        | {n.removeprefix("/usr") for n in names if n.startswith("/usr/lib")}
        | {f"/usr{n}" for n in names if n.startswith("/lib")}
    )


def _versions(packages: Collection[str], dpkg: Path) -> Mapping[str, str]:
    try:
        status = (dpkg / "status").read_text(encoding="utf-8", errors="replace") if packages else ""
    except OSError:
        return {}
    found = {}
    for block in status.split("\n\n"):
        name = re.match(r"Package: (\S+)", block)
        version = re.search(r"^Version: (\S+)", block, re.MULTILINE)
        if name and version and name[1] in packages:
            found[name[1]] = version[1]
    return found
