"""A copy of the notebook's folder for one run: what the run writes there is thrown away with it."""

from __future__ import annotations

import errno
import os
import shutil
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from jupyter_prodkit.errors import CheckError
from jupyter_prodkit.files import STAGING
from jupyter_prodkit.release import ProjectFolder

__all__ = ["Limits", "WorkingCopy", "working_copy"]

_PREFIX = "prodkit-replay-"
_NEVER_COPIED = frozenset(
    {
        ".git", ".hg", ".svn", ".venv", "node_modules", "__pycache__", ".ipynb_checkpoints", ".mypy_cache",
        ".pytest_cache", ".ruff_cache", ".tox", ".nox",
    }
)  # fmt: skip
_ANCESTORS = 3
_MOST_BESIDE = 2000
_LEFT_BEHIND_SECONDS = 24 * 3600
_SHARE_OF_DISK = 0.25
_FICLONE = 0x40049409  # of linux/fs.h: let one file share the blocks of another until either is written


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is copied; what is beyond it is linked, and so can be read but not written."""

    files: int = 10_000
    bytes: int = 2 << 30
    bytes_of_a_file: int = 256 << 20


@dataclass(frozen=True, slots=True)
class WorkingCopy:
    """Where one run takes place."""

    folder: Path
    """Stands for the notebook's folder."""
    top: Path
    """Stands for `original_top`, the farthest of the folders above it that can be reached by `..`."""
    original_top: Path
    temporary: Path
    """For temporary files of the run."""


@dataclass(slots=True)
class _Copying:
    """The state of one copy: what may still be copied, and whether the disk can share blocks."""

    original: Path
    copy: Path
    limits: Limits
    notebook: Path | None
    files_left: int = field(init=False)
    bytes_left: int = field(init=False)
    shares_blocks: bool = sys.platform == "linux"

    def __post_init__(self) -> None:
        free = shutil.disk_usage(self.copy).free
        self.files_left = self.limits.files
        self.bytes_left = min(self.limits.bytes, int(free * _SHARE_OF_DISK))

    def run(self) -> None:
        """Copy breadth first, so that what lies deep is linked rather than what lies beside the notebook."""
        waiting = deque([(self.original, self.copy)])
        while waiting:
            folder, target = waiting.popleft()
            with suppress(OSError), os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
                for entry in entries:
                    self._try_entry(entry, target / entry.name, waiting)

    def _try_entry(self, entry: os.DirEntry[str], target: Path, waiting: deque[tuple[Path, Path]]) -> None:
        try:
            self._entry(entry, target, waiting)
        except OSError as error:  # what can't be read here can't be read by the cells either
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise CheckError(
                    f"There is no room for a copy of {self.original} in {self.copy.parent}.",
                    "Let TMPDIR name a folder on a larger disk.",
                ) from error

    def _entry(self, entry: os.DirEntry[str], target: Path, waiting: deque[tuple[Path, Path]]) -> None:
        path = Path(entry.path)
        if entry.is_symlink():
            self._link_again(path, target)
        elif entry.is_dir():
            if self._is_left_out(path):
                return
            if self.files_left <= 0 or self.bytes_left <= 0:
                target.symlink_to(path, target_is_directory=True)
                return
            target.mkdir()
            waiting.append((path, target))
        elif entry.is_file():
            self._file(path, entry.stat().st_size, target)

    def _is_left_out(self, folder: Path) -> bool:
        name = folder.name
        never = name in _NEVER_COPIED or name.startswith(STAGING) or (folder / "pyvenv.cfg").exists()
        return never or self._is_of_the_steps(folder)

    def _is_of_the_steps(self, folder: Path) -> bool:
        """Whether a folder is the notebook's project folder, or part of one that is also the user's own."""
        if self.notebook is None:
            return False
        around = ProjectFolder(folder.parent)
        return ProjectFolder(folder).is_of(self.notebook) or (folder in around.parts and around.is_of(self.notebook))

    def _link_again(self, link: Path, target: Path) -> None:
        """A link within the folder leads to its place in the copy, any other to where it leads now."""
        destination = Path(os.path.realpath(link))
        inside = destination.is_relative_to(self.original)
        target.symlink_to(self.copy / destination.relative_to(self.original) if inside else destination)

    def _file(self, path: Path, size: int, target: Path) -> None:
        self.files_left -= 1
        if self.files_left >= 0 and self.shares_blocks and size and self._share_blocks(path, target):
            return
        if self.files_left < 0 or size > min(self.bytes_left, self.limits.bytes_of_a_file):
            target.symlink_to(path)
            return
        self.bytes_left -= size
        shutil.copy2(path, target)

    def _share_blocks(self, path: Path, target: Path) -> bool:
        import fcntl

        try:
            with path.open("rb") as file, target.open("wb") as copy:
                fcntl.ioctl(copy, _FICLONE, file.fileno())
        except OSError as error:
            target.unlink(missing_ok=True)
            self.shares_blocks = error.errno in {errno.EACCES, errno.EPERM, errno.ENOENT}
            return False
        with suppress(OSError):
            shutil.copystat(path, target)
        return True


@contextmanager
def working_copy(
    folder: Path, *, notebook: Path | None = None, limits: Limits | None = None
) -> Iterator[WorkingCopy]:
    """Yield a copy of `folder` that is gone after the block.

    The project folder of `notebook` is not in it, whatever its name; those of other notebooks are.

    Version control, environments and caches are left out, large files are links. The folders above it are there too,
    as links, so that `../data` leads where it led.
    """
    original = folder.resolve()
    _sweep()
    root = Path(tempfile.mkdtemp(prefix=_PREFIX)).resolve()
    try:
        temporary = root / "tmp"
        temporary.mkdir()
        ancestors = _ancestors(original)
        top = root / "page"
        copy = top.joinpath(original.relative_to(ancestors[-1])) if ancestors else top
        copy.mkdir(parents=True)
        _link_beside(original, copy, ancestors)
        _Copying(original, copy, limits or Limits(), notebook).run()
        yield WorkingCopy(copy, top, ancestors[-1] if ancestors else original, temporary)
    finally:
        _remove(root)


def _ancestors(folder: Path) -> list[Path]:
    """The folders above that a notebook is likely to reach into, nearest first; never a home or one of the system's."""
    beyond = {Path.home().resolve(), Path(tempfile.gettempdir()).resolve(), Path(folder.anchor)}
    found: list[Path] = []
    for parent in folder.parents[:_ANCESTORS]:
        below = found[-1] if found else folder
        is_whole = below in beyond or (below / ".git").exists()
        if is_whole or parent in beyond or parent.parent == Path(folder.anchor):
            break
        found.append(parent)
    return found


def _link_beside(original: Path, copy: Path, ancestors: list[Path]) -> None:
    """Link what lies in each folder above, beside the way down to the notebook's own."""
    below, place = original, copy
    for ancestor in ancestors:
        place = place.parent
        with suppress(OSError), os.scandir(ancestor) as entries:
            for number, entry in enumerate(entries):
                if number >= _MOST_BESIDE:
                    break
                if entry.name != below.name and entry.name not in _NEVER_COPIED:
                    (place / entry.name).symlink_to(entry.path)
        below = ancestor


def _remove(root: Path) -> None:
    shutil.rmtree(root, ignore_errors=True)
    if not root.exists():
        return
    for folder, _, _ in os.walk(root):  # the run may have made folders that can't be entered
        with suppress(OSError):
            Path(folder).chmod(0o700)
    shutil.rmtree(root, ignore_errors=True)


def _sweep() -> None:
    """Remove what processes that were killed left behind long ago."""
    for left in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if left.stat().st_mtime < time.time() - _LEFT_BEHIND_SECONDS:
                _remove(left)
