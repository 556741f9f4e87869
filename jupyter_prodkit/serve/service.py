"""The running service of a project: written down where every face finds it, and stopped from any of them."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec

from jupyter_prodkit.build.container import container_state, remove_container
from jupyter_prodkit.build.engine import connect
from jupyter_prodkit.errors import ProdkitError, ServeError
from jupyter_prodkit.files import write_file
from jupyter_prodkit.release import ProjectFolder

__all__ = ["Service", "end_service", "process_service", "read_service", "still_runs", "stop_service", "write_service"]

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

    @property
    def port(self) -> int:
        """The port on 127.0.0.1 where it answers."""
        return int(self.url.rpartition(":")[2])


def process_service(url: str, number: int) -> Service:
    """Return the service of a process of this machine."""
    return Service(url=url, where="process", identity=str(number), started=_start_time(number))


def read_service(project: ProjectFolder) -> Service | None:
    """Return the service that was started last, or None where none was or its process has ended.

    Raises ServeError where what was written down can't be read.
    """
    path = _path(project)
    try:
        service = msgspec.json.decode(path.read_bytes(), type=Service)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (msgspec.DecodeError, OSError) as error:
        raise ServeError(f"{path} can't be read: {error}.", "Remove the file.") from error
    return service if service.where == "container" or _is_alive(service) else None


def write_service(project: ProjectFolder, service: Service) -> None:
    """Write down that `service` runs. Raises ProjectError where the disk refuses."""
    write_file(_path(project), msgspec.json.encode(service))


def still_runs(service: Service) -> bool:
    """Return whether the service has not ended; asks the engine about a container."""
    if service.where == "process":
        return _is_alive(service)
    try:
        return bool(container_state(connect(), service.identity)["State"]["Running"])
    except ProdkitError:
        return False


def stop_service(project: ProjectFolder) -> Service | None:
    """Stop the service that was started last and return it, or None where none runs. Raises ProdkitError."""
    service = read_service(project)
    if service is not None:
        end_service(service)
    _path(project).unlink(missing_ok=True)
    return service


def end_service(service: Service) -> None:
    """End a service; does nothing where it has ended. Raises ServeError, or BuildError without an engine."""
    if service.where == "container":
        remove_container(connect(), service.identity)
    else:
        _end_process(service)


def _path(project: ProjectFolder) -> Path:
    return project.service / "service.json"


def _end_process(service: Service) -> None:
    """Ask the process to end, and end it where it doesn't within its own time of grace."""
    number = int(service.identity)
    for sign in (signal.SIGTERM, signal.SIGKILL):
        if not _is_alive(service):
            return  # before each signal: a number that is free again may be anybody's
        with suppress(ProcessLookupError):
            os.kill(number, sign)
        deadline = time.monotonic() + _GRACE_SECONDS
        while _is_alive(service) and time.monotonic() < deadline:
            with suppress(ChildProcessError):
                os.waitpid(number, os.WNOHANG)  # ours to collect where this kernel started it
            time.sleep(_POLL_SECONDS)
    if _is_alive(service):
        raise ServeError(f"The service (process {number}) does not end.", "End it by hand.")


def _is_alive(service: Service) -> bool:
    number = int(service.identity)
    try:
        os.kill(number, 0)
    except OSError:
        return False
    return _start_time(number) == service.started


def _start_time(number: int) -> str:
    """When a process began, '' where the system doesn't say (other than Linux), 'ended' for one not yet collected."""
    try:
        fields = Path(f"/proc/{number}/stat").read_text("utf-8").rpartition(")")[2].split()
    except OSError:
        return ""
    return "ended" if fields[0] == "Z" else fields[19]
