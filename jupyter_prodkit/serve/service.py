"""The running service of a project: written down where every face finds it, and stopped from any of them."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec

from jupyter_prodkit.build.container import remove_container
from jupyter_prodkit.build.engine import connect
from jupyter_prodkit.errors import ServeError
from jupyter_prodkit.files import write_file
from jupyter_prodkit.release import ProjectFolder

__all__ = ["Service", "read_service", "stop_service", "write_service"]

_GRACE_SECONDS = 10.0
_POLL_SECONDS = 0.05


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """One running service: a process of this machine or a container."""

    url: str
    where: Literal["process", "container"]
    identity: str
    """The process's number, or the container's id."""
    started: str = ""
    """A process's start time in clock ticks since boot, which tells it from a later one of the same number."""


def _path(project: ProjectFolder) -> Path:
    return project.service / "service.json"


def read_service(project: ProjectFolder) -> Service | None:
    """Return the service that was started last, or None where none was or it has ended."""
    path = _path(project)
    if not path.exists():
        return None
    try:
        service = msgspec.json.decode(path.read_bytes(), type=Service)
    except msgspec.DecodeError as error:
        raise ServeError(f"{path} can't be read: {error}.", "Remove the file.") from error
    if service.where == "process" and not _is_alive(service):
        return None
    return service


def write_service(project: ProjectFolder, service: Service) -> None:
    """Write down that `service` runs."""
    write_file(_path(project), msgspec.json.encode(service))


def process_service(url: str, number: int) -> Service:
    """Return the service of a process of this machine."""
    return Service(url=url, where="process", identity=str(number), started=_start_time(number))


def stop_service(project: ProjectFolder) -> Service | None:
    """Stop the service that was started last and return it, or None where none runs. Raises ServeError."""
    service = read_service(project)
    if service is not None and service.where == "process":
        _stop_process(service)
    elif service is not None:
        remove_container(connect(), service.identity)
    _path(project).unlink(missing_ok=True)
    return service


def _stop_process(service: Service) -> None:
    """Ask the process to end, and end it where it doesn't within its own time of grace."""
    number = int(service.identity)
    for sign, patience in ((signal.SIGTERM, _GRACE_SECONDS), (signal.SIGKILL, _GRACE_SECONDS)):
        with suppress(ProcessLookupError):
            os.kill(number, sign)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            with suppress(ChildProcessError):
                os.waitpid(number, os.WNOHANG)  # ours to collect where this kernel started it
            if not _is_alive(service):
                return
            time.sleep(_POLL_SECONDS)
    raise ServeError(f"The service (process {number}) does not end.", "End it by hand.")


def _is_alive(service: Service) -> bool:
    number = int(service.identity)
    try:
        os.kill(number, 0)
    except OSError:
        return False
    return _start_time(number) == service.started


def _start_time(number: int) -> str:
    """When a process began, or '' where the system doesn't say (other than Linux) or the process is a zombie."""
    try:
        fields = Path(f"/proc/{number}/stat").read_text("utf-8").rpartition(")")[2].split()
    except OSError:
        return ""
    return "ended" if fields[0] == "Z" else fields[19]
