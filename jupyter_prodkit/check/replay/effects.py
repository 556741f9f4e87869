"""Refuses what a cell under trial does to the world outside; runs in the replay's kernel, as an audit hook.

Python tells of each such act before it is done. What C and Rust libraries do it does not tell: Landlock keeps that
in check, where there is Landlock.
"""

# Paths come as text or bytes, and a hook must not take long: os.path.
# ruff: noqa: PTH100, PTH110, PTH112, PTH115, PTH117, PTH118, PTH120

from __future__ import annotations

import contextlib
import errno
import os
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Any

from jupyter_prodkit.check.replay.links import detach
from jupyter_prodkit.check.replay.programs import only_looks, program_in

__all__ = ["EffectRefusedError", "Guard"]

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_UNCOUNTED = (f"{os.sep}__pycache__", f"{os.sep}site-packages{os.sep}")
"""Where libraries keep what they can do without: a refusal there changes nothing about a cell."""
_FORKS_A_WORKER = "multiprocessing.popen_fork"


class EffectRefusedError(PermissionError):
    """A cell tried to do what a replay does not let it do."""


class Guard:
    """Judges what the cells do, and keeps a list of what it refused."""

    def __init__(self, top: str, writable: tuple[str, ...], *, confined: bool) -> None:
        """`top` is the working copy, `writable` are real paths; `confined` says that Landlock guards all others."""
        self._top = top
        self._writable = (*(os.path.join(place, "") for place in writable), f"/proc/{os.getpid()}/")
        self._confined = confined
        self._own_host = {"", "localhost", "127.0.0.1", "::1", "0.0.0.0", "::", socket.gethostname()}  # noqa: S104
        self._refused: list[str] = []
        self._lenient = 0
        self._judges: dict[str, Callable[..., str | None]] = {
            "open": self._open,
            "os.chdir": self._enter,
            "os.remove": lambda path, at=-1: self._change("remove", path, at),
            "os.rmdir": lambda path, at=-1: self._change("remove", path, at),
            "os.mkdir": lambda path, _=0, at=-1: self._make("make the folder", path, at),
            "os.rename": self._rename,
            "os.link": lambda _, target, *at: self._make("write", target, at[-1] if at else -1),
            "os.symlink": lambda _, target, at=-1: self._make("write", target, at),
            "os.truncate": lambda path, _=0: self._change("write", path),
            "os.chmod": lambda path, _=0, at=-1: self._change("change the permissions of", path, at),
            "os.chown": lambda path, _=0, __=0, at=-1: self._change("change the owner of", path, at),
            "os.utime": lambda path, _=None, __=None, at=-1: self._change("write", path, at),
            "os.setxattr": lambda path, *_: self._change("write", path),
            "os.removexattr": lambda path, *_: self._change("write", path),
            "shutil.rmtree": lambda path, *_: self._change("remove", path),
            "sqlite3.connect": self._database,
            "socket.connect": lambda _, address: self._connect(address),
            "socket.sendto": lambda _, address: self._connect(address),
            "socket.sendmsg": lambda _, address: self._connect(address),
            "socket.getaddrinfo": lambda host, port, *_: self._look_up(host, port),
            "socket.gethostbyname": lambda host: self._look_up(host, None),
            "subprocess.Popen": lambda program, words, *_: self._start(program, words),
            "os.system": lambda command: self._start("sh", ["sh", "-c", command]),
            "os.exec": lambda program, words, *_: self._start(program, words),
            "os.posix_spawn": lambda program, words, *_: self._start(program, words),
            "os.startfile": lambda path, *_: self._start(path, [path]),
            "os.fork": self._fork,
            "os.forkpty": lambda: "start another process",
            "os.kill": lambda process, _: self._kill(process),
            "os.killpg": lambda group, _: None if group == os.getpgrp() else f"end the processes {group}",
        }

    def start(self) -> None:
        """Begin to judge; an audit hook can't be taken away again."""
        sys.addaudithook(self._hook)

    def taken(self) -> list[str]:
        """Return what was refused since this was asked last."""
        refused = list(dict.fromkeys(self._refused))
        self._refused.clear()
        return refused

    @contextlib.contextmanager
    def lenient(self) -> Iterator[None]:
        """Let everything pass in the block: what the kernel itself does between cells, commands known to only look."""
        self._lenient += 1
        try:
            yield
        finally:
            self._lenient -= 1

    def refuse(self, words: str, *, counted: bool = True) -> EffectRefusedError:
        """Note a refusal and return the error to raise for it."""
        if counted:
            self._refused.append(words)
        message = f"A replay does not {words}; --allow-effects lets it"
        return EffectRefusedError(errno.EACCES, message)

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        judge = self._judges.get(event)
        if judge is None or self._lenient:
            return
        try:
            words = judge(*arguments)
        except Exception:  # noqa: BLE001 - arguments that no system call takes: it will say so itself
            return
        if words is not None:
            raise self.refuse(words, counted=not any(part in words for part in _UNCOUNTED))

    # -- files ----------------------------------------------------------------------------------------------------

    def _open(self, path: Any, _: Any, flags: int) -> str | None:
        return self._make("write", path) if flags & _WRITING else None

    def _make(self, act: str, path: Any, at: int = -1) -> str | None:
        """What comes of writing something that need not be there yet."""
        place = _place(path, at)
        if place is None:
            return None
        self._detach(place, content=True)
        if self._may_write(real := os.path.realpath(place)):
            return None
        exists_already = act != "write" and os.path.isdir(real)
        return None if exists_already or not os.path.isdir(os.path.dirname(real)) else f"{act} {real}"

    def _change(self, act: str, path: Any, at: int = -1) -> str | None:
        """What comes of changing something that is there; a link itself, not what it leads to."""
        place = _place(path, at)
        if place is None or not os.path.lexists(place):
            return None
        follows = act not in {"remove", "move"}
        self._detach(place, content=follows or os.path.isdir(place))
        folder, name = os.path.split(os.path.abspath(place))
        real = os.path.realpath(place) if follows else os.path.join(os.path.realpath(folder), name)
        return None if self._may_write(real) else f"{act} {real}"

    def _rename(self, source: Any, target: Any, at: int = -1, target_at: int = -1) -> str | None:
        return self._change("move", source, at) or self._make("write", target, target_at)

    def _detach(self, place: str, *, content: bool) -> None:
        with self.lenient():
            detach(place, self._top, content=content)

    def _enter(self, path: Any) -> None:
        """Let the folder be one of the copy, so that what is written in it stays there; entering is no effect."""
        place = _place(path, -1)
        if place is not None:
            self._detach(place, content=True)

    def _may_write(self, real: str) -> bool:
        return real.startswith(self._writable) or f"{real}{os.sep}" in self._writable

    def _database(self, database: Any) -> str | None:
        name = os.fsdecode(database)
        if name in {"", ":memory:"} or (name.startswith("file:") and ("mode=" in name or ":memory:" in name)):
            return None
        # SQLite opens for reading what it can't write: with Landlock a database outside can be read.
        return None if self._confined and os.path.exists(name) else self._make("write", name.removeprefix("file:"))

    # -- the network ----------------------------------------------------------------------------------------------

    def _connect(self, address: Any) -> str | None:
        if isinstance(address, (str, bytes)):  # a socket in the file system, of a daemon most often
            real = os.path.realpath(os.fsdecode(address))
            return None if self._may_write(real) or not os.path.exists(real) else f"connect to {real}"
        # Windows makes its pipes of connections to itself.
        if sys.platform == "win32" and address[0] in self._own_host:
            return None
        return _connecting(address[0], address[1])

    def _look_up(self, host: Any, port: Any) -> str | None:
        """What comes of turning a name into an address, which others are asked for."""
        name = os.fsdecode(host or "")
        return None if name in self._own_host else _connecting(name, port)

    # -- processes ------------------------------------------------------------------------------------------------

    def _start(self, program: Any, words: Any) -> str | None:
        return None if only_looks(program, words) else f"start the program {program_in(program, words)}"

    def _fork(self) -> str | None:
        # A worker that is forked stays under this hook, and ends when its work is done.
        frame: Any = sys._getframe()  # noqa: SLF001 - the one way to learn who asks
        for _ in range(8):
            if frame is None:
                break
            if frame.f_globals.get("__name__") == _FORKS_A_WORKER:
                return None
            frame = frame.f_back
        return "start another process"

    def _kill(self, process: int) -> str | None:
        return None if process == 0 or os.getpgid(process) == os.getpgrp() else f"end the process {process}"


def _place(path: Any, at: int) -> str | None:
    """The path that a system call means; None where it is given an open file."""
    if isinstance(path, int):
        return None
    name = os.fsdecode(path)
    if isinstance(at, int) and at >= 0 and not os.path.isabs(name):
        return os.path.join(os.readlink(f"/proc/self/fd/{at}"), name)
    return name


def _connecting(host: Any, port: Any) -> str:
    return f"connect to {host}:{port}" if port else f"connect to {host}"
