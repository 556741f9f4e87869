"""Golden rows: a few rows and what the notebook's model said about them, so that a served model can be proved equal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from .release import ReleasedModel

__all__ = ["ABSOLUTE", "RELATIVE", "Comparison", "Golden", "compare", "replay"]

RELATIVE = 1e-6
"""Largest difference of a number, as a share of it, that counts as equal: a float32 model on another processor."""
ABSOLUTE = 1e-9
"""Largest difference that counts as equal next to zero."""


class Golden(msgspec.Struct, frozen=True, kw_only=True):
    """`golden.json`: a request as a client would send it, and the predictions in the answer."""

    request: dict[str, Any]
    predictions: Any


@dataclass(frozen=True, slots=True)
class Comparison:
    """How two lists of predictions differ."""

    equal: bool
    """Whether text, whole numbers and booleans are the same and numbers within the tolerance."""
    exact: bool
    """Whether all numbers are the same to the last bit as well."""
    first_difference: str | None
    """Where and how they first differ by more than the tolerance, in words."""
    max_difference: float
    """Largest absolute difference between two numbers."""
    compared: int
    """How many values were compared."""


def compare(expected: Any, got: Any, *, relative: float = RELATIVE, absolute: float = ABSOLUTE) -> Comparison:
    """Compare two decoded JSON values: numbers with a fraction within a tolerance, everything else exactly.

    A number differs where it is more than `relative` times the expected one and more than `absolute` away from it.
    A whole number in place of one with a fraction differs: the predictions have another type.
    """
    exact, largest, compared, first = True, 0.0, 0, None
    for where, left, right in _pairs(expected, got, "predictions"):
        compared += 1
        if type(left) is type(right) and left == right:
            continue
        exact = False
        if type(left) is float and type(right) is float:
            largest = max(largest, abs(left - right))
            if abs(left - right) <= max(absolute, relative * abs(left)):
                continue
        first = first or f"{where}: expected {_show(left)}, got {_show(right)}"
    return Comparison(first is None, exact, first, largest, compared)


def replay(model: ReleasedModel) -> Comparison:
    """Let the model predict its golden rows, the way a request goes, and compare with what it said in the notebook.

    Raises RequestError where the golden rows do not fit the schema, and whatever the model raises.
    """
    from .formats import parse_document
    from .predictions import to_jsonable
    from .rows import to_rows

    rows = to_rows(model.schema, parse_document(model.golden.request))
    return compare(model.golden.predictions, to_jsonable(model.predict(rows)))


def _pairs(expected: Any, got: Any, where: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield the leaves of both side by side; where the shapes differ, the place itself."""
    if isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        for index, (left, right) in enumerate(zip(expected, got, strict=True)):
            yield from _pairs(left, right, f"{where}[{index}]")
    elif isinstance(expected, dict) and isinstance(got, dict) and expected.keys() == got.keys():
        for key, left in expected.items():
            yield from _pairs(left, got[key], f"{where}[{key!r}]")
    else:
        yield where, expected, got


def _show(value: Any) -> str:
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return f"an object with {', '.join(map(str, value)) or 'no fields'}"
    return "null" if value is None else repr(value)
