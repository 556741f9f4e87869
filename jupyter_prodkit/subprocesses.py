"""Running another program as part of a step: its lines become progress, and a cancel ends it with all its children."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from jupyter_prodkit.progress import Progress, ProgressEvent
from jupyter_prodkit.release import without_credentials

__all__ = ["Finished", "another_pythons_environment", "run_program", "venv_python"]

_POLL_SECONDS = 0.05
_GRACE_SECONDS = 3.0
_OF_THIS_PYTHON = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV")


@dataclass(frozen=True, slots=True)
class Finished:
    """What a program left behind: its exit status and what it printed."""

    status: int
    stdout: str
    stderr: str


def run_program(
    command: Sequence[str | Path],
    progress: Progress,
    *,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    stdin: str | None = None,
    grace_seconds: float = _GRACE_SECONDS,
) -> Finished:
    """Run `command` to its end, passing each line of its stderr to `progress.log`, credentials in URLs taken out.

    Never raises for a non-zero status: the caller knows what that means. Raises CancelledError on a cancel and
    passes KeyboardInterrupt on; in both cases the whole process group is ended first, politely where it ends within
    `grace_seconds`. Processes that the program leaves behind end with it. Raises FileNotFoundError where the program
    does not exist.
    """
    progress.raise_if_cancelled()
    process = subprocess.Popen(
        [str(part) for part in command],
        cwd=cwd,
        env=None if environment is None else dict(environment),
        stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,  # so that a cancel reaches its children, and Ctrl-C reaches only us
    )
    pipes = _Pipes(process, stdin or "")
    try:
        while process.poll() is None:
            pipes.pass_on(progress)
            progress.raise_if_cancelled()
            time.sleep(_POLL_SECONDS)
    except BaseException:
        _end(process, grace_seconds)
        raise
    _kill_group(process)  # what it left behind would hold the pipes open
    return pipes.finish(progress)


def another_pythons_environment() -> dict[str, str]:
    """Return this process's environment for a Python of another place, without what only holds here.

    Nothing is imported from here there, and plots are drawn without a notebook to draw into.
    """
    return {**{name: value for name, value in os.environ.items() if name not in _OF_THIS_PYTHON}, "MPLBACKEND": "agg"}


def venv_python(venv: Path) -> Path:
    """Return where the interpreter of a virtual environment lies."""
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


class _Pipes:
    """Moves text to and from a process in threads of its own, so that neither side ever waits for the other."""

    def __init__(self, process: subprocess.Popen[str], stdin: str) -> None:
        self._process = process
        self._printed: list[str] = []
        self._complained: list[str] = []
        self._pending: deque[str] = deque()
        work: list[tuple[Callable[..., None], tuple[object, ...]]] = [
            (_drain, (process.stdout, [self._printed])),
            (_drain, (process.stderr, [self._complained, self._pending])),
            (_feed, (process.stdin, stdin)),
        ]
        self._threads = [threading.Thread(target=do, args=given, daemon=True) for do, given in work]
        for thread in self._threads:
            thread.start()

    def pass_on(self, progress: Progress) -> None:
        """Hand the lines that have come since to `progress`."""
        while self._pending:
            progress.listener(ProgressEvent("log", without_credentials(self._pending.popleft().rstrip())))

    def finish(self, progress: Progress) -> Finished:
        """Return everything that came, once the process has ended: what it did is done, a cancel comes too late."""
        for thread in self._threads:
            thread.join()
        self.pass_on(progress)
        return Finished(self._process.returncode, "".join(self._printed), "".join(self._complained))


def _drain(stream: Iterable[str], targets: Sequence[list[str] | deque[str]]) -> None:
    for line in stream:
        for target in targets:
            target.append(line)


def _feed(stream: IO[str] | None, text: str) -> None:
    if stream is None:
        return
    with suppress(BrokenPipeError), stream:  # it ended without reading: its status and stderr say why
        stream.write(text)


def _end(process: subprocess.Popen[str], grace_seconds: float) -> None:
    """Ask the group to end, and end it where it has not within the time of grace, or where that wait is interrupted."""
    try:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(grace_seconds)
    finally:
        _kill_group(process)
        process.wait()


def _kill_group(process: subprocess.Popen[str]) -> None:
    """End whatever is left of the group; its number can't be another's while one of its processes lives."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
