"""Whether two described values are equal: exactly, or within a tolerance; else where they first differ."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["RELATIVE", "Sameness", "compare", "is_opaque"]

RELATIVE = 1e-7
"""Largest difference of two floating point numbers, of the larger one's (or of the array's largest) magnitude."""
Description = tuple[Any, ...]


@dataclass(frozen=True)
class Sameness:
    """How two values compare."""

    equal: bool
    exact: bool = True
    where: str = ""
    """The way to the first difference, and what is there."""


def is_opaque(description: Description) -> bool:
    """Whether nothing but its type is known of a value."""
    return description[0] == "opaque"


def compare(one: Description, other: Description) -> Sameness:
    """Compare two descriptions."""
    exact = True
    for where, close in _differences(one, other, ""):
        if not close:
            return Sameness(False, False, where)
        exact = False
    return Sameness(True, exact)


def _differences(one: Description, other: Description, way: str) -> Iterator[tuple[str, bool]]:
    """Yield each difference, and whether it is within the tolerance."""
    if one[:2] != other[:2]:
        yield f"{way}: {_short(one)} / {_short(other)}", False
        return
    kind = one[0]
    if kind == "float":
        yield from _numbers([one[2]], [other[2]], way)
    elif kind == "complex":
        yield from _numbers(one[2], other[2], way)
    elif kind == "array":
        yield from _arrays(one, other, way)
    elif kind in {"list", "object"}:
        yield from _parts(one, other, way)
    elif kind == "column":
        yield from _differences(one[2], other[2], way)
    elif one != other:
        yield f"{way}: {_short(one)} / {_short(other)}", False


def _parts(one: Description, other: Description, way: str) -> Iterator[tuple[str, bool]]:
    named = one[0] == "object"
    ours, theirs = (
        list(parts) if named else [(str(at), part) for at, part in enumerate(parts)] for parts in (one[2], other[2])
    )
    if [name for name, _ in ours] != [name for name, _ in theirs]:
        lacking = {name for name, _ in ours} ^ {name for name, _ in theirs}
        yield f"{way}: {len(ours)} / {len(theirs)} parts {sorted(lacking)[:3]}", False
        return
    for (name, mine), (_, its) in zip(ours, theirs, strict=True):
        yield from _differences(mine, its, f"{way}.{name}" if name else way)


def _arrays(one: Description, other: Description, way: str) -> Iterator[tuple[str, bool]]:
    import numpy as np

    if one[2:4] != other[2:4]:
        yield f"{way}: {one[2]} {one[3]} / {other[2]} {other[3]}", False
        return
    if one[4] == other[4]:
        return
    mine, its = (np.frombuffer(part[4], dtype=part[2]) for part in (one, other))
    if mine.dtype.kind in "fc":
        apart = ~((mine == its) | ((mine != mine) & (its != its)))  # noqa: PLR0124 - not a number
        if not apart.any():
            return
        finite = np.concatenate([np.abs(mine), np.abs(its)])
        largest = finite[np.isfinite(finite)].max(initial=0)
        close = bool(np.all(np.abs(mine[apart] - its[apart]) <= RELATIVE * largest))
        yield f"{way}: {mine[apart][0]} / {its[apart][0]} in an array", close
    else:
        at = int(np.flatnonzero(mine != its)[0]) if mine.dtype.kind != "V" else 0
        yield f"{way}: {mine[at]} / {its[at]} in an array", False


def _numbers(ours: Any, theirs: Any, way: str) -> Iterator[tuple[str, bool]]:
    for mine, its in zip(ours, theirs, strict=True):
        if mine != its and not (math.isnan(mine) and math.isnan(its)):
            yield f"{way}: {mine} / {its}", math.isclose(mine, its, rel_tol=RELATIVE)


def _short(part: Description) -> str:
    text = " ".join(str(one) for one in part[1:])
    return text if len(text) <= 60 else f"{text[:57]}..."
