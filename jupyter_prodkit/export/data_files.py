"""The files that the exported code reads: each with its hash and size, and its revision where DVC tracks it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from jupyter_prodkit.export.dvc_files import Pointer, repository_of, tracked_pointer
from jupyter_prodkit.export.parameters import Parameter
from jupyter_prodkit.files import file_digest, text_digest

__all__ = [
    "DataFile",
    "DataSource",
    "data_files",
    "data_revision",
    "data_sources",
    "tracked_pointers",
    "untracked",
]

_MOST_FILES = 1000
_OF_DVC = (".dvc", ".gitignore", ".dvcignore", "dvc.lock", "dvc.yaml")


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file as it was when the package was exported."""

    path: str
    """As the settings have it; relative ones begin at the notebook's folder."""
    size: int
    sha256: str
    dvc: str = ""
    """The digest by which DVC knows it, or the folder that it lies in; empty where it is not tracked as it is."""


@dataclass(frozen=True, slots=True)
class DataSource:
    """A file or a folder that the code reads, as one thing to keep."""

    path: str
    """Relative to the notebook's folder, unless it lies outside and the code names it by an absolute path."""
    inside: bool
    """Whether it lies in the notebook's folder."""


def data_sources(parameters: Iterable[Parameter], folder: Path) -> tuple[DataSource, ...]:
    """Return what settings name of files and folders, sorted by path.

    A path that leads to nothing is left out, and so is what the code only writes. A file stands for itself, unless DVC
    tracks a folder around it; a folder for itself, unless DVC tracks single files in it.
    """
    folder = folder.resolve()
    found: dict[Path, bool] = {}
    """Whether the code names it by an absolute path alone."""
    for parameter in parameters:
        if parameter.secret or not isinstance(parameter.default, str) or not _may_be_path(parameter):
            continue
        place, is_absolute = _there(folder, parameter.default), Path(parameter.default).is_absolute()
        for one in _parts(place) if place is not None else ():
            whole = _whole(one, folder)
            found[whole] = found.get(whole, True) and is_absolute
    named = [_source(one, folder, found[one]) for one in found if found.keys().isdisjoint(one.parents)]
    return tuple(sorted(named, key=lambda one: one.path))


def tracked_pointers(sources: Iterable[DataSource], folder: Path, package: Path | None = None) -> tuple[Pointer, ...]:
    """Return what DVC knows of the sources that are as it knows them.

    `package` is where an earlier export may have left what DVC knows of them.
    """
    folder = folder.resolve()
    found = []
    for one in sources:
        beside = [package / one.path] if package is not None and one.inside else []
        found.append(tracked_pointer(_place(one, folder), one.path, *beside))
    return tuple(one for one in found if one is not None)


def data_files(sources: Iterable[DataSource], folder: Path, pointers: Iterable[Pointer] = ()) -> tuple[DataFile, ...]:
    """Return the files that the sources are, those in folders included, sorted by path; `pointers` are DVC's."""
    folder = folder.resolve()
    digests = {one.path: one.digest for one in pointers}
    found: dict[str, DataFile] = {}
    for source in sources:
        place = _place(source, folder)
        for path in _files(place):
            name = (PurePosixPath(source.path) / path.relative_to(place).as_posix()).as_posix()
            found[name] = DataFile(name, path.stat().st_size, file_digest(path), digests.get(source.path, ""))
    return tuple(found[name] for name in sorted(found))


def data_revision(files: Sequence[DataFile]) -> str | None:
    """Return one digest of all the files, None where there are none."""
    if not files:
        return None
    return text_digest("\n".join(f"{one.path} {one.sha256}" for one in files))


def untracked(files: Sequence[DataFile], folder: Path) -> tuple[str, ...]:
    """Return the files that the DVC repository around `folder` does not track; none where there is no repository."""
    return tuple(one.path for one in files if not one.dvc) if repository_of(folder) is not None else ()


def _may_be_path(parameter: Parameter) -> bool:
    text = str(parameter.default)
    if parameter.only_written:
        return False
    return parameter.is_path or (("/" in text or "." in text) and "\n" not in text and "://" not in text)


def _there(folder: Path, name: str) -> Path | None:
    """The file or folder of that name; a folder that holds the notebook is no data.

    A link is what it is called, not what it leads to: DVC can make its files links into a cache.
    """
    try:
        whole = Path(os.path.normpath(folder / name))
        place = whole.parent.resolve() / whole.name
        is_data = place.is_file() or (place.is_dir() and place not in (folder, *folder.parents))
    except (OSError, ValueError):  # a text that can't be a path
        return None
    return place if is_data else None


def _parts(place: Path) -> list[Path]:
    """The path itself, or the files in it where DVC tracks some of them one by one."""
    if place.is_dir() and next(place.rglob("*.dvc"), None) is not None:
        return list(_files(place))
    return [place]


def _whole(path: Path, folder: Path) -> Path:
    """The nearest folder around `path`, below `folder`, that DVC tracks as one; else the path."""
    around = [one for one in path.parents if folder in one.parents]
    return next((one for one in around if one.with_name(f"{one.name}.dvc").is_file()), path)


def _files(place: Path) -> Iterator[Path]:
    """The file, or those in the folder."""
    if place.is_file():
        yield place
    else:
        files = (one for one in sorted(place.rglob("*")) if one.is_file() and not one.name.endswith(_OF_DVC))
        yield from list(files)[:_MOST_FILES]


def _source(path: Path, folder: Path, is_absolute: bool) -> DataSource:
    """The file or folder by the name that it has wherever the notebook's folder lies, if the code does not bind it."""
    inside = path.is_relative_to(folder)
    name = str(path) if is_absolute and not inside else Path(os.path.relpath(path, folder)).as_posix()
    return DataSource(name, inside)


def _place(source: DataSource, folder: Path) -> Path:
    """Where a source lies; a link in its place is not followed."""
    return Path(os.path.normpath(folder / source.path))
