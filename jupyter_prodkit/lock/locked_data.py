"""`data.json` in the lock: which data the exported code read, to be compared with what lies on disk later.

The export writes it; a new lock of the distributions keeps it, as it says nothing of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import msgspec

from jupyter_prodkit.errors import LockError
from jupyter_prodkit.files import FileTree, file_digest, text_digest
from jupyter_prodkit.release import ProjectFolder, ReleaseRecord

__all__ = [
    "DATA",
    "DATA_DIGEST",
    "ComparedData",
    "DataRemote",
    "LockedData",
    "LockedDataFile",
    "compare_data",
    "kept_data",
]

DATA = PurePosixPath("data.json")
_VERSION = 1
_SHOWN = 5
DATA_DIGEST = "data_lock_digest"
"""The fact of the export by which the release record has the digest of `data.json`."""


class LockedDataFile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One file as it was when the package was exported."""

    path: str
    """From the notebook's folder; of a file that the code names by an absolute path, its name alone."""
    size: int
    sha256: str
    dvc: str | None = None
    """The digest by which DVC knows the file, or the folder that it lies in."""
    is_elsewhere: bool = msgspec.field(default=False, name="elsewhere")
    """Whether it lies at an absolute path, which the lock does not hold."""


class DataRemote(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where DVC keeps the files, without anything secret."""

    name: str
    url: str | None = None
    """None for a folder, whose place is this machine's own."""


class LockedData(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The data of one export."""

    format: int
    revision: str
    """One digest of all the files, the one in the package's settings."""
    files: tuple[LockedDataFile, ...]
    remote: DataRemote | None = None

    @classmethod
    def of(cls, revision: str, files: tuple[LockedDataFile, ...], remote: DataRemote | None) -> LockedData:
        """Return it in the format of this version, the files sorted by path."""
        ordered = tuple(sorted(files, key=lambda one: (one.path, one.sha256)))
        return cls(format=_VERSION, revision=revision, files=ordered, remote=remote)

    @property
    def text(self) -> str:
        """The content of `data.json`: the same data give the same bytes."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2).decode() + "\n"


@dataclass(frozen=True, slots=True)
class ComparedData:
    """What comparing the locked data with what is there has given."""

    reasons: tuple[str, ...] = ()
    """Why the data is not what was locked, as sentences."""
    same: int = 0
    """How many files were found as they were locked."""
    absent: tuple[str, ...] = ()
    """Files that are not here or can't be read, and those at places that the lock does not hold: not compared."""


def kept_data(folder: Path) -> FileTree:
    """Return what a new lock in `folder` takes over from the one that is there, byte for byte."""
    path = folder / DATA
    return {DATA: path.read_bytes()} if path.is_file() else {}


def compare_data(project: ProjectFolder, record: ReleaseRecord, home: Path) -> ComparedData:
    """Compare the files in `home`, the notebook's folder, and those pulled into the package with the lock.

    A file that is not here is no reason: CI often has no data. Raises LockError where `data.json` can't be read.
    """
    path = project.lock / DATA
    facts = record.steps["export"].facts if "export" in record.steps else {}
    if not path.is_file():
        return ComparedData(("data.json is missing from the lock: export again.",) if facts.get(DATA_DIGEST) else ())
    text = path.read_bytes()
    data = _decoded(path, text)
    compared = [(one, _state(home, one), _state(project.package, one, pulled=True)) for one in data.files]
    return ComparedData(
        (*_told(data, text.decode(), facts), *_changed(compared)),
        sum(here is True for _, here, _ in compared),
        tuple(one.path for one, here, pulled in compared if here is None and pulled is None),
    )


def _decoded(path: Path, text: bytes) -> LockedData:
    hint = "Export again: it writes the file anew."
    try:
        data = msgspec.json.decode(text, type=LockedData)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise LockError(f"{path} can't be read: {error}.", hint) from error
    if data.format != _VERSION:
        raise LockError(f"{path} has format {data.format}; this jupyter-prodkit reads {_VERSION}.", hint)
    return data


def _told(data: LockedData, text: str, facts: Mapping[str, object]) -> Iterator[str]:
    """Where the lock, the release record and the package tell of different data."""
    recorded, revision = facts.get(DATA_DIGEST), facts.get("data_revision")
    if recorded and text_digest(text) != recorded:
        yield "data.json is not as the export wrote it: export again."
    elif facts and revision != data.revision:
        yield "The package was exported with other data than data.json has: export again."


def _changed(compared: list[tuple[LockedDataFile, bool | None, bool | None]]) -> Iterator[str]:
    for where, place in ((0, "here"), (1, "in the package")):
        names = [one.path for one, *states in compared if states[where] is False]
        if names:
            more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            is_are = "is not the file" if len(names) == 1 else "are not the files"
            way = "`dvc pull` there, or export again" if where else "bring it back, or export again"
            yield f"{', '.join(names[:_SHOWN])}{more} {place} {is_are} that the lock has: {way}."


def _state(folder: Path, locked: LockedDataFile, *, pulled: bool = False) -> bool | None:
    """Whether the file in `folder` is the one that was locked; None where there is none that could be read.

    What was `pulled` lies in the folder.
    """
    path = Path(os.path.normpath(folder / locked.path))
    if locked.is_elsewhere or not path.is_file() or (pulled and not path.is_relative_to(folder)):
        return None
    try:
        return path.stat().st_size == locked.size and file_digest(path) == locked.sha256
    except OSError:
        return None
