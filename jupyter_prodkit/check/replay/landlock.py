"""Landlock, by which Linux keeps a thread and all that it starts from writing elsewhere and from connecting.

See the kernel's documentation, userspace-api/landlock, for the numbers. It holds for what C and Rust libraries do,
which no audit event tells of.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Iterable

__all__ = ["confine"]

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_GET_VERSION = 1
_RULE_PATH_BENEATH = 1
_NO_NEW_PRIVILEGES = 38
_WRITE_FILE, _REFER, _TRUNCATE, _CONNECT_TCP = 1 << 1, 1 << 13, 1 << 14, 1 << 1
_CHANGE_FOLDERS = sum(1 << bit for bit in range(4, 13))  # make and remove files, folders, links, pipes, sockets
_SINCE_REFER, _SINCE_TRUNCATE, _SINCE_CONNECT, _SINCE_SCOPE = 2, 3, 4, 6


def confine(writable: Iterable[str]) -> bool:
    """Let this thread, and what it starts from now on, write only in `writable` and open no TCP connection.

    Returns False, and changes nothing, where the system can't do that. There is no way back.
    """
    if sys.platform != "linux":
        return False
    try:
        return _confine(ctypes.CDLL(None, use_errno=True), writable)
    except (AttributeError, OSError, ValueError):
        return False


def _confine(libc: ctypes.CDLL, writable: Iterable[str]) -> bool:
    version = libc.syscall(_CREATE_RULESET, None, 0, _GET_VERSION)
    if version < _SINCE_REFER:  # before, nothing could be moved from one folder to another at all
        return False
    on_files = _WRITE_FILE | (_TRUNCATE if version >= _SINCE_TRUNCATE else 0)
    on_folders = on_files | _CHANGE_FOLDERS | _REFER
    attributes = struct.pack("=QQQ", on_folders, _CONNECT_TCP if version >= _SINCE_CONNECT else 0, 0)
    size = 24 if version >= _SINCE_SCOPE else 16 if version >= _SINCE_CONNECT else 8
    rules = libc.syscall(_CREATE_RULESET, attributes, size, 0)
    if rules < 0:
        return False
    try:
        for path in writable:
            _allow(libc, rules, path, on_files, on_folders)
        return bool(libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0 and libc.syscall(_RESTRICT_SELF, rules, 0) == 0)
    finally:
        os.close(rules)


def _allow(libc: ctypes.CDLL, rules: int, path: str, on_files: int, on_folders: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:  # a place that isn't there
        return
    try:
        rule = struct.pack("=Qi", on_folders if os.path.isdir(path) else on_files, place)  # noqa: PTH112
        libc.syscall(_ADD_RULE, rules, _RULE_PATH_BENEATH, rule, 0)
    finally:
        os.close(place)
