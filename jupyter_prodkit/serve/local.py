"""The service as a process of this machine: the wheel's own server, reading the release folder, as in the image."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from jupyter_prodkit.errors import MissingDependencyError, ProjectError, ServeError
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.release import ProjectFolder

__all__ = ["Started", "start_process"]

_START_SECONDS = 120.0
_POLL_SECONDS = 0.05
_READY = '{"url":'
_HELD: dict[int, subprocess.Popen[bytes]] = {}
"""The processes started here: each holds the pipe that keeps its service alive."""


@dataclass(frozen=True, slots=True)
class Started:
    """A service that answers."""

    url: str
    number: int
    """The process's number."""


def start_process(project: ProjectFolder, package: str, wheel: Path, port: int, progress: Progress) -> Started:
    """Start the service and return once it answers; it ends with this process, however that ends.

    Its log is `service/server.log` in the project folder, that of the one before `previous.log`. Raises ServeError
    with the service's own last words where it does not come up, MissingDependencyError, CancelledError; the process is
    ended then.
    """
    for needed in ("uvicorn", "prometheus_client"):
        if importlib.util.find_spec(needed) is None:
            raise MissingDependencyError(needed, "serve")
    log = project.service / "server.log"
    environment = {**os.environ, "PYTHONPATH": str(wheel), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}
    module = ["-m", "jupyter_prodkit.serve.watched", package]
    _forget_ended()
    try:
        project.service.mkdir(parents=True, exist_ok=True)
        if log.exists():
            log.replace(log.with_name("previous.log"))  # a service that still runs goes on writing there
        with log.open("wb") as said:
            process = subprocess.Popen(
                [sys.executable, *module, str(project.release), "--port", str(port)],
                cwd=project.package,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
    except OSError as error:
        raise ProjectError(
            f"The service can't be started in {project.path}: {error.strerror or error}.",
            "Is the folder whole, and is there space? %prodexport and %prodpush write it anew.",
        ) from error
    try:
        started = Started(_url(process, log, progress), process.pid)
    except BaseException:
        _kill(process)
        raise
    _HELD[process.pid] = process
    return started


def _forget_ended() -> None:
    for number in [number for number, process in _HELD.items() if process.poll() is not None]:
        del _HELD[number]


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert process.stdin is not None
    process.stdin.close()


def _url(process: subprocess.Popen[bytes], log: Path, progress: Progress) -> str:
    """Wait for the line in which the server says where it answers; a model may have printed others before it."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        progress.raise_if_cancelled()
        ended = process.poll() is not None
        lines = log.read_text("utf-8", errors="replace").splitlines(keepends=True)
        ready = next((line for line in lines if line.startswith(_READY) and line.endswith("\n")), None)
        if ready is not None and not ended:
            return str(json.loads(ready)["url"])
        if ended:
            raise _did_not_start([line.strip() for line in lines if line.strip()], log)
        time.sleep(_POLL_SECONDS)
    raise ServeError(f"The service did not answer within {_START_SECONDS:.0f} seconds.", f"Its log is {log}.")


def _did_not_start(lines: list[str], log: Path) -> ServeError:
    reasons = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    reason = reasons[-1] if reasons else (lines[-1] if lines else "it said nothing")
    hint = "Leave --port out for a free port." if reason.startswith("Can't listen on ") else f"Its log is {log}."
    return ServeError(f"The service did not start: {reason}", hint)
