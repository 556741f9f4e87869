"""Values as JSON, whatever text a notebook holds."""

from __future__ import annotations

import json
from typing import Any

import msgspec

__all__ = ["json_text"]


def json_text(value: Any, *, indent: int = 0) -> str:
    """Return `value` as JSON, on one line without `indent`; halves of surrogate pairs are escaped."""
    try:
        encoded = msgspec.json.encode(value)
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(value), indent=indent or None)
    return (msgspec.json.format(encoded, indent=indent) if indent else encoded).decode()
