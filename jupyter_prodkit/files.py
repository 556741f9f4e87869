"""The one writer: what was planned reaches the disk whole or not at all."""

from __future__ import annotations

import ctypes
import errno
import hashlib
import os
import secrets
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from jupyter_prodkit.errors import ProjectError

__all__ = [
    "STAGING",
    "FileTree",
    "file_digest",
    "fill_folder",
    "staged_folder",
    "staged_folders",
    "text_digest",
    "text_or_empty",
    "write_file",
    "write_tree",
]

FileTree = Mapping[PurePosixPath, str | bytes]
"""Relative path → content: generated text as a value that tests can compare."""

STAGING = ".prodkit-"
"""How the names begin of what is not in its place yet; a killed process may leave such behind."""

_DISK_REFUSES = frozenset(
    {
        errno.EACCES,
        errno.EDQUOT,
        errno.EEXIST,
        errno.EFBIG,
        errno.EIO,
        errno.EISDIR,
        errno.ELOOP,
        errno.ENAMETOOLONG,
        errno.ENOSPC,
        errno.ENOTDIR,
        errno.EPERM,
        errno.EROFS,
    }
)
_LEFT_BEHIND_SECONDS = 24 * 3600
_HERE, _EXCHANGE = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of renameat2(2)


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


def text_or_empty(path: Path) -> str:
    """Return what stands in a file, whatever bytes it holds; an empty text where it can't be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def write_file(path: Path, content: str | bytes) -> None:
    """Replace one file in a single step: written beside, then renamed.

    Raises ProjectError where the disk refuses; the old file is then as it was.
    """
    data = content.encode() if isinstance(content, str) else content
    with _disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = _beside(path.parent)
        try:
            with beside.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())  # some disks say only now that they are full
            beside.replace(path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise


@contextmanager
def staged_folder(target: Path) -> Iterator[Path]:
    """Yield an empty folder, of the same name, that takes the place of `target` when the block ends well.

    If the block raises, `target` is as it was and nothing else is left. Raises ProjectError where the disk refuses,
    and where `target` is a file.
    """
    with staged_folders(target) as (staging,):
        yield staging


@contextmanager
def staged_folders(*targets: Path) -> Iterator[tuple[Path, ...]]:
    """Yield an empty folder for each of `targets`, which have one parent; they all take their places, or none does.

    Raises as `staged_folder` does.
    """
    (parent,) = {target.parent for target in targets}
    with _disk_errors(targets[0]):
        for target in targets:
            if target.is_file():
                raise NotADirectoryError(errno.ENOTDIR, "a file of that name is there", str(target))
        parent.mkdir(parents=True, exist_ok=True)
        _sweep(parent)
        scratch = _beside(parent)
        scratch.mkdir()
    try:
        staged = tuple(scratch / target.name for target in targets)
        with _disk_errors(targets[0]):
            for folder in staged:
                folder.mkdir()
            yield staged
            _put_in_place(dict(zip(staged, targets, strict=True)))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def write_tree(target: Path, tree: FileTree) -> None:
    """Make the folder `target` hold exactly `tree`, in a single step.

    Raises ProjectError for a path that would leave `target`, and where the disk refuses; the old folder is then as it
    was.
    """
    with staged_folder(target) as staging:
        fill_folder(staging, tree)


def fill_folder(folder: Path, tree: FileTree) -> None:
    """Write `tree` below an existing staging folder. Raises ProjectError for a path that would leave it."""
    for relative, content in tree.items():
        if relative.is_absolute() or ".." in relative.parts:
            raise ProjectError(f"Refusing to write {relative}: it lies outside the project folder.")
        path = folder / relative
        with _disk_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)


def _beside(parent: Path) -> Path:
    return parent / f"{STAGING}{secrets.token_hex(6)}"


def _sweep(parent: Path) -> None:
    """Remove what killed processes left behind, but nothing that another one may still be writing."""
    for left in parent.glob(f"{STAGING}*"):
        with suppress(OSError):
            if left.stat().st_mtime < time.time() - _LEFT_BEHIND_SECONDS:
                shutil.rmtree(left) if left.is_dir() else left.unlink()


def _put_in_place(staged: Mapping[Path, Path]) -> None:
    """Swap each folder with its target; where one can't be swapped, the others are swapped back."""
    done: list[tuple[Path, Path]] = []
    try:
        for folder, target in staged.items():
            _swap(folder, target)
            done.append((folder, target))
    except BaseException:
        for folder, target in reversed(done):
            _swap(folder, target)
        raise


def _swap(one: Path, other: Path) -> None:
    """Let two folders, of which one need not exist, change places: in one call where the system has it."""
    if _exchanged(one, other):
        return
    aside = one.with_name(f"{one.name}.aside")
    held = os.path.lexists(other)
    if held:
        other.replace(aside)
    try:
        if os.path.lexists(one):
            one.replace(other)
    except BaseException:
        if held:
            aside.replace(other)
        raise
    if held:
        aside.replace(one)


def _exchanged(one: Path, other: Path) -> bool:
    """Exchange two existing paths atomically, so that no moment is without either; say whether that was possible."""
    if sys.platform != "linux":
        return False
    try:
        renameat2 = ctypes.CDLL(None).renameat2
    except (AttributeError, OSError):
        return False
    return bool(renameat2(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0)


@contextmanager
def _disk_errors(path: Path) -> Iterator[None]:
    """Say in our words what the disk refused at or beside `path`; other errors are left to whoever called."""
    try:
        yield
    except OSError as error:
        if error.errno not in _DISK_REFUSES or not _concerns(error, path):
            raise
        raise ProjectError(
            f"Could not write {path}: {error.strerror or error}.",
            "Free some space or choose another folder with --output; what was there before is untouched.",
        ) from error


def _concerns(error: OSError, path: Path) -> bool:
    """Whether the error is about `path`, a folder above it or something beside it; a full disk names no file."""
    if not isinstance(error.filename, (str, bytes)):
        return True
    named, here = Path(os.fsdecode(error.filename)).absolute(), path.absolute()
    return named == here or named in here.parents or here.parent in named.parents
