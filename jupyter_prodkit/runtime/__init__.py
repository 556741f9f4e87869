"""What travels with the model: the release folder, the rows it takes, the golden rows, and the server.

This folder is copied as it is into an exported package; it imports nothing but what its image has. The server itself
is in `.server` (a process) and `.app` (ASGI), which are not imported here: they need uvicorn and prometheus-client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import ModelError, ReleaseError, RequestError, SchemaError, ServingError
from .golden import Comparison, Golden, compare, replay
from .release import Facts, Manifest, ReleasedModel, load_release, release_files
from .schema import ArraySchema, Column, FrameSchema, Schema, decode_schema, encode_schema

if TYPE_CHECKING:
    from .infer import infer_schema
    from .rows import request_for

__all__ = [
    "ArraySchema",
    "Column",
    "Comparison",
    "Facts",
    "FrameSchema",
    "Golden",
    "Manifest",
    "ModelError",
    "ReleaseError",
    "ReleasedModel",
    "RequestError",
    "Schema",
    "SchemaError",
    "ServingError",
    "compare",
    "decode_schema",
    "encode_schema",
    "infer_schema",
    "load_release",
    "release_files",
    "replay",
    "request_for",
]


def __getattr__(name: str) -> Any:
    """Import what needs NumPy when it is asked for: whoever only reads about a release may not have it."""
    if name == "infer_schema":
        from .infer import infer_schema

        return infer_schema
    if name == "request_for":
        from .rows import request_for

        return request_for
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
