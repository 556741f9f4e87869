"""Which files of an installed distribution are no longer as they were installed, by its RECORD (PEP 376, PEP 627)."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from jupyter_prodkit.environment.installed import Installed

__all__ = ["RecordedFile", "edited_files", "recorded_files"]

_CODE = (".py", ".so", ".pyd")
_SLACK_SECONDS = 2.0  # an installer writes the RECORD a moment before or after the files


@dataclass(frozen=True, slots=True)
class RecordedFile:
    """One line of a RECORD."""

    path: str
    """Relative to the folder that holds the metadata folder, with `/`."""
    digest: str
    """SHA-256 as RECORD writes it: URL-safe base64 without padding; empty where the line has none."""
    size: int | None


def recorded_files(record: str) -> Iterator[RecordedFile]:
    """Return the lines of a RECORD's text that are well formed."""
    for line in record.splitlines():
        path, _, rest = line[1:].partition('",') if line[:1] == '"' else line.partition(",")
        kind, _, digest = rest.partition(",")[0].partition("=")
        size = rest.rpartition(",")[2]
        hashed = digest if kind == "sha256" else ""
        yield RecordedFile(path.replace('""', '"'), hashed, int(size) if size.isdigit() else None)


def edited_files(one: Installed, loaded: Collection[str]) -> tuple[str, ...]:
    """Return the files of `one` that were changed or removed by hand, sorted; its own metadata doesn't count.

    Compares the bytes of each file in `loaded` (absolute paths) and of each that has another size or a later time than
    the installation left; a file with neither was not touched by any editor.
    """
    found = []
    since = one.written_at + _SLACK_SECONDS
    for file in recorded_files(one.record_text):
        if file.digest and not file.path.startswith(f"{one.info.name}/") and _is_changed(one, file, loaded, since):
            found.append(file.path)
    return tuple(sorted(found))


def _is_changed(one: Installed, file: RecordedFile, loaded: Collection[str], since: float) -> bool:
    path = os.path.normpath(f"{one.base}{os.sep}{file.path}") if ".." in file.path else f"{one.base}{os.sep}{file.path}"
    try:
        state = os.stat(path)  # noqa: PTH116 - tens of thousands of files: a Path each takes longer than the question
    except OSError:
        return file.path.endswith(_CODE)  # scripts and data are often cleared away; code is not
    if file.size is not None and state.st_size != file.size:
        return _counts(file)
    suspect = path in loaded or state.st_mtime > since
    return suspect and _counts(file) and _digest(path, state.st_ctime_ns, state.st_mtime_ns) not in (file.digest, None)


def _counts(file: RecordedFile) -> bool:
    """Whether a change is an edit: scripts in `bin` get the interpreter's path when they are installed."""
    return not file.path.startswith("../")


@lru_cache(maxsize=1 << 16)
def _digest(path: str, _written: int, _modified: int) -> str | None:
    """Return a file's digest; read again only after a change, which no program can hide from `st_ctime`."""
    try:
        digest = hashlib.sha256(Path(path).read_bytes()).digest()
    except OSError:
        return None
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
