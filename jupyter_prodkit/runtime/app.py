"""The service as an ASGI application: MLflow's routes, and the metrics.

Source: https://asgi.readthedocs.io/en/latest/specs/www.html
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, NamedTuple

import msgspec

from .errors import AnsweredError, MediaTypeError, MethodError, ModelError, RouteError, TooLargeError
from .formats import parse_body
from .metrics import CONTENT_TYPE, Metrics
from .predictions import encode_predictions
from .release import Manifest, ReleasedModel
from .rows import to_rows
from .worker import Worker

__all__ = ["BODY_LIMIT", "App", "create_app"]

BODY_LIMIT = 16 * 1024 * 1024
"""Largest body of a request, in bytes."""
_READ_ON = 64 * 1024 * 1024
"""Bytes above the limit that are read and forgotten, so that the client has sent its body and hears the answer."""

_Message = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]

_log = logging.getLogger(__name__)


class _ClientGoneError(Exception):
    """The client hung up before its request was complete."""


class _Answer(NamedTuple):
    status: int
    body: bytes
    content_type: bytes = b"application/json"
    headers: tuple[tuple[bytes, bytes], ...] = ()


_Handler = Callable[[_Message, _Receive], Awaitable[_Answer]]


def create_app(release: ReleasedModel, *, body_limit: int = BODY_LIMIT) -> App:
    """Return the ASGI application that serves `release`; bodies above `body_limit` bytes are refused."""
    return App(release, body_limit)


class App:
    """Answers `/invocations`, `/ping`, `/health`, `/version` and `/metrics`."""

    def __init__(self, release: ReleasedModel, body_limit: int) -> None:
        self._release = release
        self._body_limit = body_limit
        self._metrics = Metrics(release.manifest)
        self._worker = Worker()
        self._version = msgspec.json.encode(_public(release.manifest))
        self._routes: dict[str, tuple[tuple[str, ...], _Handler]] = {
            "/invocations": (("POST",), self._invocations),
            "/ping": (("GET", "HEAD"), self._alive),
            "/health": (("GET", "HEAD"), self._alive),
            "/version": (("GET", "HEAD"), self._say_version),
            "/metrics": (("GET", "HEAD"), self._say_metrics),
        }

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        """Serve one connection of the ASGI protocol; other protocols than HTTP are not spoken."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _lifespan(self, receive: _Receive, send: _Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._worker.stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def _http(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        try:
            answer = await self._answer(scope, receive)
        except _ClientGoneError:
            return
        route = scope["path"] if scope["path"] in self._routes else "other"
        self._metrics.requests.labels(route, answer.status).inc()
        length = (b"content-length", str(len(answer.body)).encode())
        headers = [(b"content-type", answer.content_type), length, *answer.headers]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, scope: _Message, receive: _Receive) -> _Answer:
        try:
            return await self._handler(scope)(scope, receive)
        except AnsweredError as error:
            return self._failed(error)
        except _ClientGoneError:
            raise
        except Exception as error:  # noqa: BLE001 - a client gets an answer whatever happens here
            _log.exception("The service failed on %s.", scope["path"])
            return self._failed(AnsweredError(f"The service raised {type(error).__name__}.", "Its log says where."))

    def _failed(self, error: AnsweredError) -> _Answer:
        self._metrics.errors.labels(error.kind).inc()
        body = msgspec.json.encode({"error_code": error.code, "message": str(error)})
        return _Answer(error.status, body, headers=_headers(error))

    def _handler(self, scope: _Message) -> _Handler:
        path, method = scope["path"], scope["method"]
        if path not in self._routes:
            raise RouteError("Nothing is served at this path.", f"Served: {', '.join(self._routes)}.")
        methods, handler = self._routes[path]
        if method not in methods:
            raise MethodError(f"{path} is not for {method}.", ", ".join(methods))
        return handler

    async def _invocations(self, scope: _Message, receive: _Receive) -> _Answer:
        with self._metrics.in_flight.track_inprogress(), self._metrics.seconds.time():
            headers = dict(scope["headers"])
            _refuse_encoded(headers)
            body = await _read_body(receive, self._body_limit)
            content_type = headers.get(b"content-type", b"").decode("latin-1")
            answer, count = await self._worker.run(lambda: self._predict(body, content_type))
        self._metrics.rows.inc(count)
        return _Answer(200, answer)

    def _predict(self, body: bytes, content_type: str) -> tuple[bytes, int]:
        """Return the answer's body and the number of rows. Runs in the worker's thread."""
        rows = to_rows(self._release.schema, parse_body(body, content_type))
        count = len(rows)  # before the model: it may change its rows in place
        try:
            predictions = self._release.predict(rows)
        except BaseException as error:
            _log.exception("The model raised for a request of %d rows.", count)
            raise ModelError(f"The model raised {type(error).__name__}.", "The service's log says where.") from error
        return encode_predictions(predictions), count

    async def _alive(self, _scope: _Message, _receive: _Receive) -> _Answer:
        return _Answer(200, b'{"status":"ok"}')

    async def _say_version(self, _scope: _Message, _receive: _Receive) -> _Answer:
        return _Answer(200, self._version)

    async def _say_metrics(self, _scope: _Message, _receive: _Receive) -> _Answer:
        return _Answer(200, self._metrics.exposition(), CONTENT_TYPE.encode())


def _public(manifest: Manifest) -> dict[str, Any]:
    """Return what anybody may know of a release: no paths, no names of functions."""
    facts = ("name", "version", "package", "package_version", "model_class", "notebook_digest", "lock_digest", "python")
    return {fact: getattr(manifest, fact) for fact in facts}


def _headers(error: AnsweredError) -> tuple[tuple[bytes, bytes], ...]:
    if isinstance(error, MethodError):
        return ((b"allow", error.allow.encode()),)
    if isinstance(error, TooLargeError):
        return ((b"connection", b"close"),)  # some of its body may still be on the way
    return ()


def _refuse_encoded(headers: dict[bytes, bytes]) -> None:
    encoding = headers.get(b"content-encoding", b"identity").decode("latin-1").strip().lower()
    if encoding != "identity":
        raise MediaTypeError(f"The content encoding {encoding!r} is not read here.", "Send the body uncompressed.")


async def _read_body(receive: _Receive, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    more = True
    while more and size <= limit + _READ_ON:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _ClientGoneError
        part = message.get("body", b"")
        size += len(part)
        if size <= limit:
            parts.append(part)
        more = message.get("more_body", False)
    if size > limit:
        raise TooLargeError(f"The body is larger than {limit} bytes.", "Send fewer rows at a time.")
    return b"".join(parts)
