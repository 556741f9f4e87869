"""Values are compared by what they hold: exactly, then within a tolerance, and the first difference is told."""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor

from jupyter_prodkit.export import observing
from jupyter_prodkit.export.comparing import compare, is_opaque
from jupyter_prodkit.export.observing import observe


@dataclass
class Point:
    """A class of the user's."""

    x: float
    inner: Any = None


class Slotted:
    __slots__ = ("value",)

    def __init__(self, value: int) -> None:
        self.value = value


def fitted(kind: Any, shift: float = 0.0) -> Any:
    inputs = np.arange(12.0).reshape(6, 2)
    return kind.fit(inputs, inputs.sum(axis=1) + shift * inputs[:, 0] ** 2)


FRAME = pd.DataFrame({"a": [1.5, None], "b": ["x", "y"], "c": pd.Categorical(["u", "v"])})
SAME = [
    lambda: 1, lambda: float("nan"), lambda: "text", lambda: [1, (2, {3: 4})], lambda: {"b", "a", "c"},
    lambda: np.array([1.0, np.nan]), lambda: np.array(["a", None], dtype=object), lambda: np.float32(3),
    FRAME.copy, FRAME["a"].copy, lambda: pd.Index([1, 2]), lambda: pd.Timestamp("2020-01-01"),
    lambda: pd.date_range("2020", periods=3), lambda: Point(1.0, [Point(2.0)]), lambda: Slotted(1),
    lambda: re.compile("a+"), lambda: OrderedDict(a=1), lambda: partial(int, base=2), lambda: len, lambda: Point,
    lambda: np.random.default_rng(3), lambda: np.random.RandomState(3), lambda: fitted(LinearRegression()),
    lambda: fitted(make_pipeline(StandardScaler(), DecisionTreeRegressor(random_state=0))),
    lambda: np.array([(1, 2.0)], dtype=[("i", "i1"), ("x", "f8")]), lambda: 3 + 4j,
]  # fmt: skip


@pytest.mark.parametrize("make", SAME)
def test_a_value_equals_another_made_alike(make: Any) -> None:
    """Whatever is made twice in the same way is equal, to the last bit."""
    found = compare(observe(make()), observe(make()))
    assert (found.equal, found.exact) == (True, True), found.difference


@pytest.mark.parametrize(
    ("one", "other", "difference"),
    [
        (1, 2, "the value: 1 ≠ 2"),
        (1, True, "the value: 1 ≠ True"),
        (1, 1.0, "the value: 1 ≠ 1.0"),
        ([1, 2], [1, 3], "[1]: 2 ≠ 3"),
        ([1], [1, 2], "the value: list of 1 ≠ list of 2"),
        ((1,), [1], "the value: tuple of 1 ≠ list of 1"),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, ".a.b: 1 ≠ 2"),
        ({"a": 1}, {"b": 1}, ".a: there ≠ missing"),
        (np.array([[1.0, 2.0]]), np.array([[1.0, 2.5]]), "[0, 1]: 2.0 ≠ 2.5"),
        (np.array([1]), np.array([1.0]), "the value: <i8 of shape (1,) ≠ <f8 of shape (1,)"),
        (FRAME, FRAME.assign(a=[1.5, 2.0]), "['a'][1]: nan ≠ 2.0"),
        (FRAME, FRAME.rename(columns={"a": "z"}), ".columns[0]: 'a' ≠ 'z'"),
        (Point(1.0), Point(2.0), ".x: 1.0 ≠ 2.0"),
        (Point(1.0, Slotted(1)), Point(1.0, Slotted(2)), ".inner[1].value: 1 ≠ 2"),
        (fitted(LinearRegression()), fitted(LinearRegression(), shift=1.0), ".coef_[0]"),
        (len, sum, "the value: function len ≠ function sum"),
    ],
)
def test_the_first_difference_is_told(one: Any, other: Any, difference: str) -> None:
    """Values of another kind, shape or content are unequal, and the user learns where they first differ."""
    found = compare(observe(one), observe(other))
    assert not found.equal
    assert difference in found.difference


@pytest.mark.parametrize("wrap", [float, np.float64, lambda x: np.array([x]), lambda x: pd.Series([x]), lambda x: [x]])
def test_numbers_may_differ_by_one_part_in_a_million(wrap: Any) -> None:
    """Sums in another order are equal, and said not to be exact; more than that is a difference."""
    near, far = compare(observe(wrap(0.3)), observe(wrap(0.3 + 1e-12))), compare(observe(wrap(0.3)), observe(wrap(0.301)))
    assert (near.equal, near.exact) == (True, False)
    assert not far.equal


def test_large_values_are_kept_by_their_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    """What would fill the disk is compared by its hash: equal or not, to the last bit."""
    monkeypatch.setattr(observing, "_MOST_BYTES", 100)
    tree = observe([np.zeros(10), np.zeros(10)])
    assert [part[0] for part in tree[2]] == ["array", "digest"]
    assert compare(tree, observe([np.zeros(10), np.zeros(10)])).equal
    assert not compare(tree, observe([np.zeros(10), np.ones(10)])).equal


def test_a_notebooks_class_is_the_packages() -> None:
    """An object of a class that was defined in the notebook equals one of the same class in the package."""
    ours = observe(Point(1.0), own=Point.__module__)
    here = type("Point", (Point,), {"__module__": "__main__"})
    assert compare(observe(here(1.0)), ours).equal


def test_looking_leaves_the_value_as_it_is() -> None:
    """No iterator is gone through, no random number drawn, and what holds itself is no trap."""
    numbers = iter([1, 2])
    assert is_opaque(observe(numbers)) == "can be gone through only once"
    assert list(numbers) == [1, 2]
    state = np.random.mtrand._rand.get_state()[1].copy()
    knot: list[Any] = []
    knot.append(knot)
    assert compare(observe(knot), observe(knot)).equal
    observe(np.random.mtrand._rand)
    assert (np.random.mtrand._rand.get_state()[1] == state).all()


@pytest.mark.parametrize("field", ["refit_time_", "elapsed", "fit_times"])
def test_how_long_it_took_is_no_difference(field: str) -> None:
    """A search that notes its seconds equals another with the same results; what merely sounds alike is compared."""

    def holding(name: str, value: Any) -> Point:
        point = Point(1.0)
        setattr(point, name, value)
        return point

    assert compare(observe(holding(field, 0.1)), observe(holding(field, 0.2))).equal
    assert compare(observe(holding(field, np.array([0.1]))), observe(holding(field, np.array([0.2])))).equal
    for name in ("estimate", "departure_time", "time"):
        assert not compare(observe(holding(name, 0.1)), observe(holding(name, 0.2))).equal
    assert not compare(observe(0.1), observe(0.2)).equal


class Lazy:
    """Keeps what it computed."""

    def __init__(self) -> None:
        self._cache: dict[str, int] = {}

    @cached_property
    def total(self) -> int:
        self._cache["seen"] = 1
        return 3


def test_what_is_kept_only_to_save_time_is_no_difference() -> None:
    """An object that was asked for something, by a plot say, equals one that was not."""
    asked = Lazy()
    assert asked.total == 3
    assert compare(observe(asked), observe(Lazy())).equal


def test_what_cant_be_pickled_is_said_not_to_be_comparable() -> None:
    """A lock or a file has no content to compare; that is told, and nothing raised."""
    import threading

    assert "TypeError when looked at" in is_opaque(observe(threading.Lock()))
