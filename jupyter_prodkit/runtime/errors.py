"""Every error of the service, under one root."""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "BodyError",
    "MediaTypeError",
    "MethodError",
    "ModelError",
    "ReleaseError",
    "RequestError",
    "RouteError",
    "RowsError",
    "SchemaError",
    "ServingError",
    "StartError",
    "TooLargeError",
]


class ServingError(Exception):
    """Says what is wrong (`message`) and what to do about it (`hint`)."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Return message and hint on one line, as logs and answers show them."""
        return f"{self.message} {self.hint}" if self.hint else self.message


class SchemaError(ServingError):
    """The example rows, or a schema file, describe something that the service can't take over HTTP."""


class ReleaseError(ServingError):
    """The release folder is not one that this process may serve."""


class StartError(ServingError):
    """The service can't listen where it was told to."""


class AnsweredError(ServingError):
    """An error that a client gets an answer for: `status` is the HTTP status, `code` MLflow's name for it."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "INTERNAL_ERROR"
    kind: ClassVar[str] = "internal"
    """The label under which it is counted; a small fixed set, so that no client can grow the metrics."""


class ModelError(AnsweredError):
    """The model raised, or gave something that JSON can't carry."""

    kind = "model"


class RequestError(AnsweredError):
    """The request is at fault, not the service."""

    status = 400
    code = "BAD_REQUEST"
    kind = "request"


class BodyError(RequestError):
    """The body is not in one of the formats."""

    kind = "body"


class RowsError(RequestError):
    """The body was read, but its rows are not what the model takes."""

    status = 422
    code = "INVALID_PARAMETER_VALUE"
    kind = "rows"


class RouteError(RequestError):
    """Nothing is served at this path."""

    status = 404
    code = "ENDPOINT_NOT_FOUND"
    kind = "route"


class MethodError(RequestError):
    """The path is served, but not for this method."""

    status = 405
    kind = "method"

    def __init__(self, message: str, allow: str) -> None:
        super().__init__(message, f"Allowed: {allow}.")
        self.allow = allow


class TooLargeError(RequestError):
    """The body is larger than the service reads."""

    status = 413
    kind = "too_large"


class MediaTypeError(RequestError):
    """The body has a content type, character set or encoding that the service does not read."""

    status = 415
    kind = "media_type"
