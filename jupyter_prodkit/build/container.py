"""A container that serves: locked down, published on this machine only, watched until it is healthy."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jupyter_prodkit.build.engine import Engine
from jupyter_prodkit.errors import ServeError
from jupyter_prodkit.progress import Progress

__all__ = [
    "Container",
    "Running",
    "container_logs",
    "container_state",
    "remove_container",
    "start_container",
    "wait_until_healthy",
]

SERVICE_PORT = 8080
"""Where the service listens inside the container."""

_POLL_SECONDS = 0.1
_CHECK_EVERY_NANOSECONDS = 1_000_000_000
_TO_LEAVE_SECONDS = 10  # the service itself gives its requests 8


@dataclass(frozen=True, kw_only=True)
class Running:
    """How a container is to run."""

    name: str | None = None
    port: int | None = None
    """The port on 127.0.0.1; None for a free one."""
    labels: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    gpus: bool = False


@dataclass(frozen=True, slots=True)
class Container:
    """A container that was started."""

    id: str
    port: int
    """The port on 127.0.0.1 that leads to the service."""

    @property
    def url(self) -> str:
        """Where the service answers."""
        return f"http://127.0.0.1:{self.port}"


def start_container(engine: Engine, image: str, running: Running) -> Container:
    """Start the image's service with no capabilities, able to write nowhere but /tmp.

    Raises ServeError where the engine can't, a taken port among the reasons; no container is left then.
    """
    limits = {
        "read_only": True,
        "tmpfs": {"/tmp": "mode=1777"},  # noqa: S108 - the container's own
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "port_bindings": {SERVICE_PORT: ("127.0.0.1", running.port) if running.port else ("127.0.0.1",)},
    }
    if running.gpus:
        limits["device_requests"] = [{"Driver": "", "Count": -1, "Capabilities": [["gpu"]]}]
    with engine.asked_to(f"start a container of {image}", ServeError):
        created = engine.api.create_container(
            image,
            name=running.name,
            labels=dict(running.labels),
            environment=dict(running.environment),
            ports=[SERVICE_PORT],
            healthcheck={"interval": _CHECK_EVERY_NANOSECONDS},  # the test itself is the image's
            host_config=engine.api.create_host_config(**limits),
        )
    try:
        with engine.asked_to(f"start a container of {image}", ServeError):
            engine.api.start(created["Id"])
        return Container(created["Id"], _published_port(engine, created["Id"]))
    except BaseException:
        remove_container(engine, created["Id"], grace=0)
        raise


def container_state(engine: Engine, container: str) -> Mapping[str, Any]:
    """Return everything the engine knows of a container. Raises ServeError where there is none of that name or id."""
    with engine.asked_to("look at the container", ServeError):
        state: Mapping[str, Any] = engine.api.inspect_container(container)
    return state


def wait_until_healthy(engine: Engine, container: str, progress: Progress, *, seconds: float = 120) -> None:
    """Return once the image's own health check succeeds.

    Raises ServeError with the container's last lines where it ends, turns unhealthy or takes longer; CancelledError.
    """
    deadline = time.monotonic() + seconds
    while True:
        progress.raise_if_cancelled()
        state = container_state(engine, container)["State"]
        health = (state.get("Health") or {}).get("Status")
        if health == "healthy" and state["Running"]:
            return
        if not state["Running"]:
            raise _sick(engine, container, f"ended with status {state['ExitCode']}")
        if health == "unhealthy" or time.monotonic() > deadline:
            raise _sick(engine, container, f"was not healthy within {seconds:.0f} seconds")
        time.sleep(_POLL_SECONDS)


def container_logs(engine: Engine, container: str, *, lines: int = 50) -> str:
    """Return the last lines that the container printed. Raises ServeError where there is no such container."""
    with engine.asked_to("show the container's log", ServeError):
        printed: bytes = engine.api.logs(container, tail=lines)
    return printed.decode(errors="replace").rstrip()


def remove_container(engine: Engine, container: str, *, grace: int = _TO_LEAVE_SECONDS) -> None:
    """End the container of that id, giving its requests `grace` seconds, and remove it; does nothing where it is gone.

    Raises ServeError where the engine can't.
    """
    with engine.asked_to("remove the container", ServeError):
        if not engine.api.containers(all=True, filters={"id": container}):
            return
        engine.api.stop(container, timeout=grace)
        engine.api.remove_container(container, v=True, force=True)


def _published_port(engine: Engine, container: str) -> int:
    state = container_state(engine, container)
    bindings = state["NetworkSettings"]["Ports"].get(f"{SERVICE_PORT}/tcp")
    if not bindings:
        raise _sick(engine, container, f"ended at once, with status {state['State']['ExitCode']}")
    return int(bindings[0]["HostPort"])


def _sick(engine: Engine, container: str, what: str) -> ServeError:
    lines = "\n".join(f"  {line}" for line in container_logs(engine, container, lines=15).splitlines())
    return ServeError(f"The service {what}. The last it said:\n{lines or '  nothing'}")
