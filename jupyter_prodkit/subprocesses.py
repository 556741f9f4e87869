"""Running another program as part of a step: its lines become progress, and a cancel ends it with all its children."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jupyter_prodkit.progress import Progress

__all__ = ["Finished", "run_program"]

_POLL_SECONDS = 0.1
_GRACE_SECONDS = 3.0


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
) -> Finished:
    """Run `command` to its end, passing each line of its stderr to `progress.log`.

    Never raises for a non-zero status: the caller knows what that means. Raises CancelledError on a cancel and
    passes KeyboardInterrupt on; in both cases the whole process group is ended first. Raises FileNotFoundError
    where the program does not exist.
    """
    progress.raise_if_cancelled()
    process = subprocess.Popen(
        [str(part) for part in command],
        cwd=cwd,
        env=None if environment is None else dict(environment),
        stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,  # so that a cancel reaches its children, and Ctrl-C reaches only us
    )
    printed: list[str] = []
    complained: list[str] = []
    pending: list[str] = []
    readers = [
        threading.Thread(target=_drain, args=(process.stdout, [printed]), daemon=True),
        threading.Thread(target=_drain, args=(process.stderr, [complained, pending]), daemon=True),
    ]
    for reader in readers:
        reader.start()
    try:
        if stdin is not None and process.stdin is not None:
            try:
                process.stdin.write(stdin)
                process.stdin.close()
            except BrokenPipeError:
                pass  # it ended without reading: its status and stderr say why
        while True:
            try:
                process.wait(_POLL_SECONDS)
            except subprocess.TimeoutExpired:
                _pass_on(pending, progress)
                progress.raise_if_cancelled()
            else:
                break
    except BaseException:
        _end(process)
        raise
    for reader in readers:
        reader.join()
    _pass_on(pending, progress)
    return Finished(process.returncode, "".join(printed), "".join(complained))


def _drain(stream: object, targets: list[list[str]]) -> None:
    for line in stream:  # type: ignore[attr-defined]
        for target in targets:
            target.append(line)


def _pass_on(pending: list[str], progress: Progress) -> None:
    while pending:
        progress.log(pending.pop(0).rstrip())


def _end(process: subprocess.Popen[str]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return
        try:
            process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            continue
        return
