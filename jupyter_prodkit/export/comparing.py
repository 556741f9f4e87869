"""Comparing what was observed of two values: exactly, then within a tolerance; the first difference in words."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["RELATIVE", "Comparison", "compare", "is_opaque"]

RELATIVE, _ABSOLUTE = 1e-6, 1e-9
_MEASURED = re.compile(r"\.(?:\w*(?:fit|score|elapsed|wall|cpu|training)_times?|elapsed)_?(?:\[[^\]]*\])*\Z")
"""Fields in which estimators and searches note how long they took."""
Difference = tuple[str, str, str, bool]
"""Where, the one side, the other side, and whether they are within the tolerance."""
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Comparison:
    """How two values compare."""

    equal: bool
    exact: bool = True
    """Whether they are the same to the last bit; else they are within one part in a million."""
    difference: str = ""
    """The first difference: where, what the notebook has, what the package has."""


def compare(one: Any, other: Any, *, relative: float = RELATIVE) -> Comparison:
    """Return how two observed values compare; the first is the notebook's. Floats may differ by `relative`."""
    exact = True
    for where, left, right, close in _Comparer(relative).differences(one, other, ""):
        if _MEASURED.search(where):
            continue  # how long something took is no part of what came out
        exact = False
        if not close:
            return Comparison(equal=False, exact=False, difference=f"{where or 'the value'}: {left} ≠ {right}")
    return Comparison(equal=True, exact=exact)


def is_opaque(tree: Any) -> str:
    """Return why a value as a whole can't be compared, or an empty text."""
    return str(tree[2]) if tree and tree[0] == "opaque" else ""


class _Comparer:
    """Walks two trees side by side."""

    def __init__(self, relative: float) -> None:
        self._relative = relative
        self._by_kind: dict[str, Callable[[Any, Any, str], Iterator[Difference]]] = {
            "float": self.float_differences,
            "array": self.array_differences,
            "sequence": self.sequence_differences,
            "objects": self.sequence_differences,
            "mapping": self.pair_differences,
            "fields": self.pair_differences,
            "frame": self.frame_differences,
            "object": self.object_differences,
            **dict.fromkeys(("series", "values", "tensor", "scalar"), self.parts_differences),
        }

    def differences(self, one: Any, other: Any, where: str) -> Iterator[Difference]:
        """Yield each difference: its place, both sides in words, and whether it is within the tolerance."""
        if one[0] != other[0]:
            yield where, _said(one), _said(other), False
            return
        by_kind = self._by_kind.get(one[0])
        if by_kind is not None:
            yield from by_kind(one, other, where)
        elif one != other:
            yield where, _said(one), _said(other), False

    def float_differences(self, one: Any, other: Any, where: str) -> Iterator[Difference]:
        left, right = one[1], other[1]
        if not _same_float(left, right):
            yield where, repr(left), repr(right), math.isclose(left, right, rel_tol=self._relative, abs_tol=_ABSOLUTE)

    def sequence_differences(self, one: Any, other: Any, where: str) -> Iterator[Difference]:
        if one[1] != other[1] or len(one[2]) != len(other[2]):
            yield where, f"{one[1]} of {len(one[2])}", f"{other[1]} of {len(other[2])}", False
            return
        for place, (left, right) in enumerate(zip(one[2], other[2], strict=True)):
            yield from self.differences(left, right, f"{where}[{place}]")

    def pair_differences(self, one: Any, other: Any, where: str) -> Iterator[Difference]:
        left, right = dict(_named(one[2])), dict(_named(other[2]))
        if left.keys() != right.keys():
            only = min(left.keys() ^ right.keys())
            sides = ["there" if only in side else "missing" for side in (left, right)]
            yield f"{where}{only}", sides[0], sides[1], False
            return
        for name, value in left.items():
            yield from self.differences(value, right[name], f"{where}{name}")

    def object_differences(self, one: Any, other: Any, where: str) -> Iterator[Difference]:
        if one[1] != other[1] or [name for name, _ in one[2]] != [name for name, _ in other[2]]:
            yield where, str(one[1]), str(other[1]), False
            return
        for (name, left), (_, right) in zip(one[2], other[2], strict=True):
            yield from self.differences(left, right, where if name == "state" else f"{where} ({name})")

    def parts_differences(self, one: Any, other: Any, where: str) -> Iterator[Difference]:
        for left, right in zip(one[1:], other[1:], strict=True):
            if isinstance(left, tuple) and isinstance(right, tuple):
                yield from self.differences(left, right, where)
            elif isinstance(left, list) and isinstance(right, list):
                yield from self.sequence_differences(("sequence", "list", left), ("sequence", "list", right), where)
            elif left != right:
                yield where, str(left), str(right), False

    def frame_differences(self, one: Any, other: Any, where: str) -> Iterator[Difference]:
        names = [_said(name) for name in one[1]]
        left, right = (("sequence", "columns", side[1]) for side in (one, other))
        yield from self.sequence_differences(left, right, f"{where}.columns")
        yield from self.differences(one[2], other[2], f"{where}.index")
        for name, left, right in zip(names, one[3], other[3], strict=False):
            yield from self.differences(left, right, f"{where}[{name}]")

    def array_differences(self, one: Any, other: Any, where: str) -> Iterator[Difference]:
        if one == other:
            return
        if one[1:3] != other[1:3]:
            yield where, f"{one[1]} of shape {tuple(one[2])}", f"{other[1]} of shape {tuple(other[2])}", False
            return
        import numpy as np

        left, right = (np.frombuffer(side[3], dtype=side[1]).reshape(side[2]) for side in (one, other))
        if left.dtype.kind in "fc":
            unlike = (left != right) & ~(np.isnan(left) & np.isnan(right))
            near = np.isclose(left, right, rtol=self._relative, atol=_ABSOLUTE, equal_nan=True)
        else:
            unlike, near = left != right, left == right
        far = unlike & ~near
        for mask, close in ((far, False), (unlike, True)):
            if mask.any():
                place = tuple(int(one) for one in np.argwhere(mask)[0])
                named = f"{where}[{', '.join(map(str, place))}]" if place else where
                yield named, str(left[place]), str(right[place]), close
                return


def _named(pairs: Sequence[tuple[Any, Any]]) -> Iterator[tuple[str, Any]]:
    for key, value in pairs:
        if isinstance(key, str):
            yield f".{key}", value
        elif key[0] == "plain" and isinstance(key[2], str) and key[2].isidentifier():
            yield f".{key[2]}", value
        else:
            yield f"[{_said(key)}]", value


def _same_float(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))


def _said(tree: Any) -> str:
    kind = tree[0]
    text = repr(tree[2]) if kind == "plain" else repr(tree[1]) if kind == "float" else " ".join(map(str, tree[1:3]))
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
