"""From what a model returns to the JSON answer: `{"predictions": …}`, a missing or infinite number as null."""

from __future__ import annotations

from datetime import date, time
from typing import Any

import msgspec
import numpy as np

from .errors import ModelError

__all__ = ["encode_predictions", "to_jsonable"]


def encode_predictions(predictions: Any) -> bytes:
    """Return the body of the answer. Raises ModelError for predictions that JSON can't carry."""
    try:
        return _ENCODER.encode({"predictions": _plain(predictions)})
    except (TypeError, ValueError, RecursionError) as error:
        found = type(predictions).__name__
        raise ModelError(f"The model gave predictions of type {found}, which JSON can't carry: {error}.") from error


def to_jsonable(values: Any) -> Any:
    """Return `values` as a client gets them: plain lists, objects, numbers, text, booleans and None.

    Raises ModelError for values that JSON can't carry.
    """
    return msgspec.json.decode(encode_predictions(values))["predictions"]


def _plain(predictions: Any) -> Any:
    """Return the outermost container as a list; a DataFrame or Series as records, which is what MLflow answers."""
    if isinstance(predictions, np.ndarray):
        return predictions.tolist()
    if hasattr(predictions, "to_frame") and hasattr(predictions, "iloc"):
        predictions = predictions.to_frame()
    if hasattr(predictions, "iloc"):
        return predictions.to_dict(orient="records")
    return predictions


def _encode_other(value: Any) -> Any:
    """Say what JSON has for a value that msgspec does not know. Raises TypeError where it has nothing."""
    if type(value).__name__ in {"NAType", "NaTType"}:
        return None
    if isinstance(value, np.datetime64):
        return None if np.isnat(value) else str(value)
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    if isinstance(value, (date, time)):
        return value.isoformat()
    if hasattr(value, "iloc"):
        return _plain(value)
    raise TypeError(type(value).__name__)


_ENCODER = msgspec.json.Encoder(enc_hook=_encode_other)
