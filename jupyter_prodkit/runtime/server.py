"""The service as a process: load and prove the release, then listen, say so, and end cleanly when told to."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import msgspec
import prometheus_client
import uvicorn

from .app import BODY_LIMIT, create_app
from .errors import ReleaseError, ServingError, StartError
from .golden import replay
from .release import ReleasedModel, load_release

__all__ = ["GRACE_SECONDS", "serve"]

GRACE_SECONDS = 8
"""For requests in flight when the process is told to end; Docker kills after 10."""
_KEEP_ALIVE_SECONDS = 75
"""Longer than the usual load balancer's 60, so that it never writes into a connection we are closing."""

_log = logging.getLogger(__name__)


def serve(
    folder: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 8080,
    body_limit: int = BODY_LIMIT,
    grace_seconds: int = GRACE_SECONDS,
    check_golden: bool = True,
    on_ready: Callable[[str], None] = print,
) -> None:
    """Serve the release in `folder` until SIGTERM or SIGINT; port 0 takes a free one.

    The release is loaded, and its golden rows predicted, before the port is bound: a broken release never answers.
    `on_ready` gets one line of JSON with the URL as soon as requests are answered. `body_limit` is in bytes.
    Requests in flight have `grace_seconds` to end; a model that takes longer does not keep the process alive.
    Raises ReleaseError, SchemaError, or StartError where the port can't be had.
    """
    prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
    release = load_release(folder)
    if check_golden:
        _prove(release)
    listener = _listen(host, port)
    config = uvicorn.Config(
        create_app(release, body_limit=body_limit),
        access_log=False,
        log_config=None,
        lifespan="on",
        ws="none",
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=grace_seconds,
    )
    _Server(config, lambda: on_ready(_ready(release, listener))).run(sockets=[listener])


def _prove(release: ReleasedModel) -> None:
    """Refuse a model that does not say what it said in the notebook; its first, slow prediction is behind it then."""
    try:
        outcome = replay(release)
    except ServingError:
        raise
    except Exception as error:
        _log.exception("The model raised for its golden rows.")
        raise ReleaseError(f"The model raises {type(error).__name__} for its golden rows: {error}.") from error
    if not outcome.equal:
        raise ReleaseError(
            f"The model does not predict here what it predicted in the notebook: {outcome.first_difference}.",
            "Check that the lock is installed; a model that is random by design is served without this check.",
        )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise StartError(
            f"Can't listen on {host} port {port}: {reason}.", "Choose another port; 0 takes a free one."
        ) from error


def _ready(release: ReleasedModel, listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    line = {"url": url, "name": release.manifest.name, "version": release.manifest.version}
    return msgspec.json.encode(line).decode()


class _Server(uvicorn.Server):
    """Uvicorn, but it says when it answers, and a signal that was obeyed is not raised again: the exit status is 0."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True
        del sig, frame
