"""The one writer: a planned tree of files reaches the disk whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from jupyter_prodkit.errors import ProjectError

__all__ = ["FileTree", "file_digest", "fill_folder", "staged_folder", "text_digest", "write_file", "write_tree"]

_DISK_REFUSES = {
    errno.EACCES,
    errno.EDQUOT,
    errno.EFBIG,
    errno.ENAMETOOLONG,
    errno.ENOSPC,
    errno.ENOTDIR,
    errno.EPERM,
    errno.EROFS,
}

FileTree = Mapping[PurePosixPath, str | bytes]
"""Relative path → content: generated text as a value that tests can compare."""


def text_digest(text: str) -> str:
    """Return the SHA-256 of `text` in UTF-8, as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def write_file(path: Path, content: str | bytes) -> None:
    """Replace one file in a single step: written beside, then renamed.

    Raises ProjectError where the disk refuses; the old file is then as it was.
    """
    data = content.encode() if isinstance(content, str) else content
    with _disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.chmod(beside, 0o644)
            os.replace(beside, path)
        except BaseException:
            Path(beside).unlink(missing_ok=True)
            raise


@contextmanager
def staged_folder(target: Path) -> Iterator[Path]:
    """Yield an empty folder beside `target` that takes its place when the block ends well.

    If the block raises, `target` is as it was and nothing else is left. Raises ProjectError where the disk refuses.
    """
    with _disk_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        with _disk_errors(target):
            yield staging
            os.chmod(staging, 0o755)
            _swap(staging, target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def write_tree(target: Path, tree: FileTree) -> None:
    """Make the folder `target` hold exactly `tree`, in a single step.

    Raises ProjectError for a path that would leave `target`, and where the disk refuses; the old folder is then as it was.
    """
    with staged_folder(target) as staging:
        fill_folder(staging, tree)


def fill_folder(folder: Path, tree: FileTree) -> None:
    """Write `tree` below an existing staging folder."""
    for relative, content in tree.items():
        if relative.is_absolute() or ".." in relative.parts:
            raise ProjectError(f"Refusing to write {relative}: it lies outside the project folder.")
        path = folder / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def _swap(staging: Path, target: Path) -> None:
    """Put `staging` where `target` is; a directory can't be replaced in one call, so the old one steps aside."""
    if not target.exists():
        os.replace(staging, target)
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{target.name}.old.", dir=target.parent))
    os.replace(target, aside / "old")
    try:
        os.replace(staging, target)
    except BaseException:
        os.replace(aside / "old", target)
        raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def _disk_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _DISK_REFUSES:
            raise  # not the disk's doing: whoever called knows better what it means
        raise ProjectError(
            f"Could not write {path}: {error.strerror or error}.",
            "Free some space or choose another folder with --output; what was there before is untouched.",
        ) from error
