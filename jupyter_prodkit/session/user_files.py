# ruff: noqa: PTH111, PTH116, PTH118, PTH208 - asked for each file that is opened: no object for each
"""Files and folders: whether they are the user's work, and what is in them, as a version."""

from __future__ import annotations

import os
import stat
import sys
import sysconfig
import tempfile
from functools import lru_cache
from io import open as open_file  # bound now: a cell may put another in its place

import xxhash

from jupyter_prodkit.session.record import Version

__all__ = ["place_version", "users_file"]

_LARGEST_HASHED = 8_000_000
_MOST_ENTRIES = 5000
_ABSENT = "absent"
_CACHES = (".cache", ".config", ".ipython", ".jupyter", ".local", ".matplotlib")
_OWN_FOLDER = os.path.dirname(os.path.dirname(os.path.realpath(__file__))) + os.sep  # noqa: PTH120


@lru_cache(maxsize=1)
def _not_the_users() -> tuple[str, ...]:
    """Folders of Python, its packages, and caches: what is read there is no input of the notebook."""
    home = os.path.expanduser("~")
    paths = sysconfig.get_paths()
    folders = {sys.prefix, sys.base_prefix, paths["stdlib"], paths["purelib"], paths["platlib"]}
    folders |= {os.path.join(home, name) for name in _CACHES}
    folders |= {"/proc", "/sys", "/dev", "/etc", "/usr", "/lib", "/run"}
    folders |= {os.environ[name] for name in ("MPLCONFIGDIR", "IPYTHONDIR", "JUPYTER_CONFIG_DIR") if name in os.environ}
    return tuple(sorted(os.path.realpath(folder) + os.sep for folder in folders))


def users_file(path: str) -> bool:
    """Return whether a file is part of the user's work, not of Python, a package or a cache."""
    if "__pycache__" in path or path.endswith((".pyc", ".so")):
        return False
    temporary = os.path.join(tempfile.gettempdir(), "ipykernel_")
    return not path.startswith((temporary, _OWN_FOLDER, *_not_the_users()))


_known: dict[str, tuple[tuple[int, int, int], Version]] = {}


def place_version(path: str) -> Version:
    """Return what a file or folder contains as a version; of a very large file its size and time count instead."""
    try:
        status = os.stat(path)
    except OSError:
        return _ABSENT
    stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
    known = _known.get(path)
    if known is not None and known[0] == stamp:
        return known[1]
    version = _content_version(path, status)
    _known[path] = (stamp, version)
    return version


def _is_notebooks_own(name: str) -> bool:
    """Whether an entry of a folder comes and goes with the work on a notebook: it is no input of its code."""
    return name.startswith(".") or name.endswith((".ipynb", "-prod", "~")) or name == "__pycache__"


def _content_version(path: str, status: os.stat_result) -> Version:
    try:
        if stat.S_ISDIR(status.st_mode):
            names = sorted(name for name in os.listdir(path) if not _is_notebooks_own(name))[:_MOST_ENTRIES]
            return f"= {xxhash.xxh3_64_hexdigest(chr(0).join(names).encode('utf-8', 'surrogateescape'))}"
        if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST_HASHED:
            return f"stamp {status.st_size} {status.st_mtime_ns}"
        with open_file(path, "rb") as file:  # noqa: UP020
            return f"= {xxhash.xxh3_64_hexdigest(file.read())}"
    except OSError:
        return "unreadable"


