"""The service as a process of this machine: the wheel's own server, reading the release folder, as in the image."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from jupyter_prodkit.errors import MissingDependencyError, ServeError
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.release import ProjectFolder

__all__ = ["Started", "start_process"]

_NEEDED = ("uvicorn", "prometheus_client", "numpy")
"""What the server imports, from the extra `serve`."""
_START_SECONDS = 60.0
_POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Started:
    """A service that answers."""

    url: str
    number: int
    """The process's number."""


def start_process(project: ProjectFolder, package: str, wheel: Path, port: int, progress: Progress) -> Started:
    """Start the service and return once it answers; its log is `service/server.log` in the project folder.

    Raises ServeError with the service's own last words where it does not come up, CancelledError; the process is
    ended then. Raises MissingDependencyError where the server can't run here.
    """
    for module in _NEEDED:
        if importlib.util.find_spec(module) is None:
            raise MissingDependencyError(module, "serve")
    project.service.mkdir(parents=True, exist_ok=True)
    log = project.service / "server.log"
    environment = {**os.environ, "PYTHONPATH": str(wheel), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", f"{package}.serving", str(project.release), "--port", str(port)]
    ready = project.service / "ready.json"
    with log.open("w") as said, ready.open("w") as output:
        process = subprocess.Popen(
            command, cwd=project.package, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=said,
            start_new_session=True,
        )  # fmt: skip
    try:
        return Started(_url(process, ready, log, progress), process.pid)
    except BaseException:
        process.kill()
        process.wait()
        raise


def _url(process: subprocess.Popen[bytes], ready: Path, log: Path, progress: Progress) -> str:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        progress.raise_if_cancelled()
        line = ready.read_text("utf-8")
        if line.endswith("\n"):
            return str(json.loads(line.splitlines()[0])["url"])
        if process.poll() is not None:
            raise _did_not_start(log)
        time.sleep(_POLL_SECONDS)
    raise ServeError(f"The service did not answer within {_START_SECONDS:.0f} seconds.", f"Its log is {log}.")


def _did_not_start(log: Path) -> ServeError:
    lines = [line for line in log.read_text("utf-8").splitlines() if line.strip()]
    reasons = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    reason = reasons[-1] if reasons else (lines[-1] if lines else "it said nothing")
    hint = "Leave --port out for a free port." if "port" in reason.lower() else f"Its log is {log}."
    return ServeError(f"The service did not start: {reason}", hint)
