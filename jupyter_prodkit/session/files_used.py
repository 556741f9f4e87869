# ruff: noqa: PTH111 - an audit hook answers thousands of events: no object for each
"""Which files and folders the user's code reads and writes, and what was in them then."""

from __future__ import annotations

import ast
import os
import re
import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jupyter_prodkit.notebook.syntax import shared_tree
from jupyter_prodkit.notebook.transform import to_python
from jupyter_prodkit.session.record import Version
from jupyter_prodkit.session.user_files import place_version, users_file

__all__ = ["FilesUsed"]

_MOST_NAMED = 20
_MOST_NOTED = 200
_LONGEST_TEXT = 1000
_WRITES = os.O_WRONLY | os.O_RDWR
_KEEPS_OLD = os.O_RDWR | os.O_APPEND
_NAMED = re.compile(r"(?<![\w:/])[~\w./-]*[\w-]\.[A-Za-z]\w{0,7}\b")


class FilesUsed:
    """Listens to Python's audit events while a cell runs. An audit hook can't be taken back: else it is idle."""

    def __init__(self) -> None:
        self._listening = False
        self._busy = False
        self._read: dict[str, Version] = {}
        self._written: set[str] = set()
        self._named: dict[str, Version] = {}
        self.seen: set[str] = set()
        """Every path that was ever read or written."""
        self._hooked = False

    def begin(self, source: str) -> None:
        """Begin to listen to a run of `source`."""
        if not self._hooked:
            self._hooked = True
            sys.addaudithook(self._hear)
        self._read, self._written = {}, set()
        self._busy = True
        self._named = {path: place_version(path) for path in map(_absolute, _named_in(source)) if users_file(path)}
        self._busy = False
        self._listening = True

    def end(self) -> tuple[dict[str, Version], dict[str, Version]]:
        """Return what was read since `begin`, by path with what was in it, and what was written, with what is now."""
        self._listening = False
        self._busy = True
        written = {path: place_version(path) for path in self._written}
        read = dict(self._read)
        for path, before in self._named.items():
            now = place_version(path)
            if now != before and path not in written:
                written[path] = now
            if path not in self._written:
                read.setdefault(path, before)
        self._busy = False
        self.seen |= read.keys() | written.keys()
        return read, written

    def now(self) -> Mapping[str, Version]:
        """Return what is in every file and folder that was ever read or written."""
        busy, self._busy = self._busy, True
        found = {path: place_version(path) for path in self.seen}
        self._busy = busy
        return found

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._listening or self._busy or event not in _EVENTS:
            return
        self._busy = True  # to look at a file makes events, too
        try:
            self._note(event, arguments)
        except Exception:  # noqa: BLE001, S110 - the user's code must go on
            pass
        finally:
            self._busy = False

    def _note(self, event: str, arguments: tuple[Any, ...]) -> None:
        if len(self._read) + len(self._written) > _MOST_NOTED:
            return
        if event in _LOOKS and _by_import():
            return
        flags = arguments[2] if event == "open" and type(arguments[2]) is int else 0
        for one in arguments[: 2 if event == "os.rename" else 1]:
            path = _path(one)
            if path is None or not users_file(path):
                continue
            writes = bool(flags & _WRITES) if event == "open" else event not in _LOOKS
            keeps = event == "open" and bool(flags & _KEEPS_OLD) and not flags & os.O_TRUNC
            if (keeps or not writes) and path not in self._written:
                self._read.setdefault(path, place_version(path))
            if writes:
                self._written.add(path)


def _by_import() -> bool:
    """Whether it is Python's import that lists a folder, to find modules in it."""
    frame = sys._getframe(3)  # noqa: SLF001 - of the caller of what made the event
    return frame.f_code.co_filename.startswith("<frozen importlib")


_LOOKS = frozenset({"os.listdir", "os.scandir"})
_EVENTS = _LOOKS | {"open", "os.remove", "os.rename", "sqlite3.connect"}


def _path(value: Any) -> str | None:
    if type(value) is bytes:
        value = os.fsdecode(value)
    if value is None:
        value = "."
    return _absolute(value) if type(value) is str and "\0" not in value else None


def _absolute(path: str) -> str:
    return os.path.realpath(os.path.expanduser(path))


@lru_cache(maxsize=1024)
def _named_in(source: str) -> tuple[str, ...]:
    """The files that texts in the code name: not all readers tell Python what they open, and other programs don't."""
    if "." not in source or not any(sign in source for sign in "'\"!%"):
        return ()
    tree = shared_tree(to_python(source))
    if tree is None:
        return ()
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    found: dict[str, None] = {}
    for text in texts:
        if len(text) < _LONGEST_TEXT:
            found.update(dict.fromkeys(_NAMED.findall(text)))
    return tuple(found)[:_MOST_NAMED]
