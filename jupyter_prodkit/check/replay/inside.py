"""The replay's hand in the kernel: sets the limits before the first cell, and tells after each what has changed."""

from __future__ import annotations

import json
import operator
import pathlib
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, replace
from typing import Any

from jupyter_prodkit.check.replay.effects import Guard
from jupyter_prodkit.check.replay.landlock import confine
from jupyter_prodkit.check.replay.programs import only_looks
from jupyter_prodkit.notebook.names import code_names
from jupyter_prodkit.session.glimpse import glimpse, is_immutable
from jupyter_prodkit.session.live_names import LiveNames
from jupyter_prodkit.session.record import Execution, Glimpse

__all__ = ["MIME", "ask", "begin", "tell"]

MIME = "application/vnd.jupyter-prodkit.replay+json"

_SESSION = "_jupyter_prodkit_session"  # where the extension keeps it; it belongs to a later room
_DEAR_SECONDS = 0.02
_MOST_RENAMED = 10_000
_DEEPEST = 3
_inside: list[_Inside] = []


def ask(function: str, argument: str = "") -> str:
    """Return code that calls `begin` or `tell` in the kernel and leaves no name behind."""
    shell = ", get_ipython()" if function == "begin" else ""
    return f"__import__({__name__!r}, fromlist=['tell']).{function}({argument!r}{shell})"


def begin(request: str, shell: Any) -> None:
    """Set the limits that `request` names: folders to write in, folders to call otherwise, whether effects pass."""
    asked = json.loads(request)
    guard = None
    if not asked["allow_effects"]:
        confined = confine(asked["writable"])
        guard = Guard(asked["top"], tuple(asked["writable"]), confined=confined)
        _hold_shell_commands(shell, guard)
        if not confined:
            _hold_workers(guard)
        guard.start()
    shell.InteractiveTB.set_mode("Minimal")  # no one reads these tracebacks, and a long one takes half a second
    _inside.append(_Inside(shell, guard, asked["renamed"]))


def tell(cell_id: str) -> None:
    """Publish what the cell that has just run has written, deleted, and was refused."""
    _inside[-1].tell(cell_id)


@dataclass(frozen=True, slots=True)
class _Known:
    """What the last look at a name found."""

    identity: int
    glimpse: Glimpse
    seconds: float


class _Inside:
    """Looks at the user's names after each cell.

    Values that are quick to look at are looked at each time, as nothing else finds every change in place. The others
    are where the tracker says that they may have changed.
    """

    def __init__(self, shell: Any, guard: Guard | None, renamed: Mapping[str, str]) -> None:
        self._shell = shell
        self._guard = guard
        self._renamed = renamed
        self._live = LiveNames(shell.user_ns)
        self._known: dict[str, _Known] = {}
        self._told = max((run.number for run in self._executions()), default=0)
        self._written(self._live.ids(), set(), ())

    def tell(self, cell_id: str) -> None:
        """Publish what is new."""
        runs = [run for run in self._executions() if run.number > self._told]
        self._told = max((run.number for run in runs), default=self._told)
        own = next((run for run in reversed(runs) if run.cell_id == cell_id), None)
        touched = {name for run in runs for name in run.after}
        ids = self._live.ids()
        deleted = self._known.keys() - ids.keys()
        bound = touched if own is None else touched | (code_names(own.source).binds & ids.keys())
        written = self._written(ids, touched, bound)
        for name in deleted:
            del self._known[name]
        answer = {
            "written": {
                name: astuple(replace(seen, text=_printable(seen.text), sample=None)) for name, seen in written.items()
            },
            "deleted": sorted(deleted),
            "lacked": None if own is None else own.lacked,
            "seconds": None if own is None else own.seconds,
            "refused": [] if self._guard is None else self._guard.taken(),
        }
        self._shell.display_pub.publish({MIME: answer})

    def _executions(self) -> Iterable[Execution]:
        session = getattr(self._shell, _SESSION, None)
        return () if session is None else session.timeline.executions

    def _written(self, ids: Mapping[str, int], touched: set[str], bound: Iterable[str]) -> dict[str, Glimpse]:
        written: dict[str, Glimpse] = {}
        for name, identity in ids.items():
            known = self._known.get(name)
            value = self._shell.user_ns.get(name)
            same = known is not None and known.identity == identity and name not in touched
            if known is not None and same and (known.seconds > _DEAR_SECONDS or is_immutable(value)):
                seen = known.glimpse
            else:
                began = time.perf_counter()
                seen = glimpse(at_home(value, self._renamed))
                self._known[name] = _Known(identity, seen, time.perf_counter() - began)
            if known is None or name in bound or seen.differs_from(known.glimpse):
                written[name] = seen
        return written


def at_home(value: Any, renamed: Mapping[str, str], depth: int = 0) -> Any:
    """Return `value` as it would be in the notebook's own folder, where it is a text or path, or made of such.

    Runs no code of the user's.
    """
    kind = type(value)
    if kind is str:
        for there, here in renamed.items():
            if there in value:
                value = value.replace(there, here)
        return value
    if kind is pathlib.PosixPath:
        text = str(value)
        path = at_home(text, renamed)
        return value if path is text else pathlib.PosixPath(path)
    if depth > _DEEPEST or not (kind is list or kind is tuple or kind is dict) or len(value) > _MOST_RENAMED:
        return value
    if kind is dict:
        if not all(type(key) is str for key in value):
            return value
        items = {key: at_home(part, renamed, depth + 1) for key, part in value.items()}
        return value if all(map(operator.is_, items.values(), value.values())) else items
    parts = [at_home(part, renamed, depth + 1) for part in value]
    return value if all(map(operator.is_, parts, value)) else kind(parts)


def _printable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _hold_workers(guard: Guard) -> None:
    """Let no worker process be started of which no audit event tells."""
    try:
        import _posixsubprocess
    except ImportError:  # Windows, where there is one
        return

    def fork_exec(*_: Any) -> int:
        raise guard.refuse("start another process")

    _posixsubprocess.fork_exec = fork_exec


def _hold_shell_commands(shell: Any, guard: Guard) -> None:
    """Let `!` lines run only what looks. One that is held back ends like a command that failed: the cell goes on."""
    run, read = shell.system, shell.getoutput

    def system(command: str) -> None:
        text = shell.var_expand(command, depth=1)
        if only_looks("sh", ["sh", "-c", text]):
            with guard.lenient():
                run(command if text == command else text)
            return
        error = guard.refuse(f"run the command `{text.strip()}`")
        shell.user_ns["_exit_code"] = 1
        print(error, file=sys.stderr)  # noqa: T201 - where the command would have complained

    def getoutput(command: str, **options: Any) -> Any:
        text = shell.var_expand(command, depth=1)
        if not only_looks("sh", ["sh", "-c", text]):
            raise guard.refuse(f"run the command `{text.strip()}`")
        with guard.lenient():
            return read(text, **options)

    shell.system, shell.getoutput = system, getoutput
