"""The files that the exported code reads: each with its hash and size, and its revision where DVC tracks it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from jupyter_prodkit.export.parameters import Parameter
from jupyter_prodkit.files import file_digest, text_digest

__all__ = ["DataFile", "data_files", "data_revision", "untracked"]

_MOST_FILES = 1000
_DIGEST = re.compile(r"^[- ]+md5: *(?P<digest>[0-9a-f]{32}(?:\.dir)?)\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file as it was when the package was exported."""

    path: str
    """As the settings have it; relative ones begin at the notebook's folder."""
    size: int
    sha256: str
    dvc: str = ""
    """The digest by which DVC knows it; empty where it is not tracked."""


def data_files(parameters: Iterable[Parameter], folder: Path) -> tuple[DataFile, ...]:
    """Return the files that settings name, those in named folders included, sorted by path.

    A path that leads to nothing is left out: the code may be about to write it.
    """
    found: dict[str, DataFile] = {}
    for parameter in parameters:
        if parameter.secret or not isinstance(parameter.default, str) or not _may_be_path(parameter):
            continue
        for path in _files(folder, parameter.default):
            name = PurePosixPath(path.relative_to(folder).as_posix()) if path.is_relative_to(folder) else path
            found[str(name)] = DataFile(str(name), path.stat().st_size, file_digest(path), _tracked(path))
    return tuple(found[name] for name in sorted(found))


def data_revision(files: Sequence[DataFile]) -> str | None:
    """Return one digest of all the files, None where there are none."""
    if not files:
        return None
    return text_digest("\n".join(f"{one.path} {one.sha256}" for one in files))


def untracked(files: Sequence[DataFile], folder: Path) -> tuple[str, ...]:
    """Return the files that the DVC repository around `folder` does not track; none where there is no repository."""
    inside = any((place / ".dvc").is_dir() for place in (folder, *folder.parents))
    return tuple(one.path for one in files if not one.dvc) if inside else ()


def _may_be_path(parameter: Parameter) -> bool:
    text = str(parameter.default)
    return parameter.is_path or (("/" in text or "." in text) and "\n" not in text and "://" not in text)


def _files(folder: Path, name: str) -> Iterator[Path]:
    try:
        place = (folder / name).resolve()
        if place.is_file():
            yield place
        elif place.is_dir() and place not in (folder.resolve(), *folder.resolve().parents):
            yield from [path for path in sorted(place.rglob("*")) if path.is_file()][:_MOST_FILES]
    except (OSError, ValueError):  # a text that can't be a path
        return


def _tracked(path: Path) -> str:
    """The digest in the `.dvc` file of a file, or of a folder around it."""
    for place in (path, *list(path.parents)[:3]):
        beside = place.with_name(f"{place.name}.dvc")
        if place.name and beside.is_file():
            return _digest_in(beside)
    return ""


def _digest_in(path: Path) -> str:
    try:
        found = _DIGEST.search(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError):
        return ""
    return found["digest"] if found else ""
