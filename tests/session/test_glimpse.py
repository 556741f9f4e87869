"""A glimpse says when values differ, and calls nothing of the user's."""

from __future__ import annotations

import collections
import types

import numpy as np
import pandas as pd
import pytest

from jupyter_prodkit.session.glimpse import glimpse, is_immutable
from jupyter_prodkit.session.walk import Budget

RECURSIVE: list[object] = []
RECURSIVE.append(RECURSIVE)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, "1"), (True, "True"), (0.25, "0.25"), (None, "None"), (1j, "1j"),
        ("secret", "a text of 6 characters"), (b"ab", "bytes of 2 characters"),
        (10**100, "an integer of 333 bits"),
        ([1, 2], "a list of 2"), ((), "a tuple of 0"), ({"a": 1}, "a dict of 1"), ({1}, "a set of 1"),
        (frozenset(), "a frozenset of 0"), (list(range(2000)), "a list of 2,000"), (RECURSIVE, "a list of 1"),
        (types, "the module types"), (types.ModuleType("odd"), "the module odd"), (object(), "a object"),
        (collections.OrderedDict(a=1), "a OrderedDict"),
        (np.zeros((3, 4)), "an array of 3 × 4 float64"), (np.array(1), "an array of no dimension int64"),
        (np.float64(0.5), "0.5"), (np.int64(3), "3"), (np.bool_(True), "True"), (np.longdouble(1), "a longdouble"),
        (pd.DataFrame({"a": [1, 2]}), "2 rows × 1 columns"), (pd.Series([1, 2]), "a series of 2"),
        (pd.Index([1]), "a Index"), (len, "a builtin_function_or_method"), (iter([]), "a list_iterator"),
    ],
)  # fmt: skip
def test_what_is_said_of_a_value(value, text):
    assert glimpse(value).text == text


EQUAL = [
    (1, 1), ("a" * 10, "".join(["a"] * 10)), ([1, "a"], [1, "a"]), ({"a", "b", "c"}, {"c", "b", "a"}),
    (float("nan"), float("nan")), ({"a": 1, "b": 2}, {"a": 1, "b": 2}), (10**100, 10**100),
]  # fmt: skip
OTHER = [
    (np.float64(1), 1.0), (np.float64(1), np.float32(1)), (1, 2), (1, True), (1, 1.0), ("a", b"a"), ([1], [2]), ([1], (1,)), ({1}, frozenset({1})),
    ([1], [1.0]), ({"a": 1, "b": 2}, {"b": 2, "a": 1}), (None, 0), ("", ()),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), EQUAL)
def test_equal_values_have_one_digest(one, other):
    assert glimpse(one).digest == glimpse(other).digest is not None
    assert not glimpse(one).differs_from(glimpse(other))


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_other_values_have_another(one, other):
    assert glimpse(one).differs_from(glimpse(other))


NESTED = {"a": [1, {"b": np.arange(3)}], "c": pd.DataFrame({"x": ["p", "q"]})}


@pytest.mark.parametrize("value", [[[1]], list(range(5000)), "x" * 200_000, NESTED, RECURSIVE, np.zeros((3, 4)), len])
def test_content_is_told_however_it_is_nested(value):
    assert glimpse(value).digest is not None


@pytest.mark.parametrize("value", [object(), iter([1]), (n for n in "ab"), [iter([1])]])
def test_what_no_look_tells_is_opaque(value):
    seen = glimpse(value)
    assert (seen.digest, seen.is_opaque) == (None, True)


@pytest.mark.parametrize("value", [np.zeros(2_000_000), list(range(2_000_000)), pd.DataFrame({"a": range(1_000_000)})])
def test_a_large_value_is_not_looked_at_without_time(value):
    """It has no digest, which is not the same as being opaque; a few of its elements tell most changes."""
    seen = glimpse(value, Budget(0.0))
    assert (seen.digest, seen.is_opaque) == (None, False)
    assert seen.sample is not None


@pytest.mark.parametrize("value", [1, "a", [1, {"b": 2}], {"k": np.arange(5)}, pd.Series([1.5])])
def test_a_small_value_is_told_however_little_time_there_is(value):
    assert glimpse(value, Budget(-1.0)).digest == glimpse(value).digest is not None


def test_what_may_be_shared():
    assert all(is_immutable(value) for value in (1, "a", None, 2.5))
    assert not any(is_immutable(value) for value in ([], object(), (), len))
