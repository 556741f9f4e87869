"""Predictions: what the client reads, and when two of them are the same."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from jupyter_prodkit.runtime import compare
from jupyter_prodkit.runtime.errors import ModelError
from jupyter_prodkit.runtime.predictions import encode_predictions, to_jsonable


@pytest.mark.parametrize(
    ("predictions", "expected"),
    [
        (np.array([1, 2]), [1, 2]),
        (np.array([0.1, np.nan, np.inf]), [0.1, None, None]),
        (np.array([[0.25, 0.75]]), [[0.25, 0.75]]),
        (np.array([True]), [True]),
        (np.array(["yes", "no"]), ["yes", "no"]),
        (np.array(["yes", None], dtype=object), ["yes", None]),
        (np.array(["2024-01-01", "NaT"], dtype="datetime64[s]"), ["2024-01-01T00:00:00", None]),
        ([np.float64(1.5), np.int64(2), np.str_("a"), np.bool_(True), pd.NA, pd.NaT], [1.5, 2, "a", True, None, None]),
        (pd.Series([1.5, None], name="price"), [{"price": 1.5}, {"price": None}]),
        (pd.DataFrame({"label": ["a"], "p": [0.5]}), [{"label": "a", "p": 0.5}]),
        (pd.DataFrame({"at": pd.to_datetime(["2024-01-01"])}), [{"at": "2024-01-01T00:00:00"}]),
        ({"label": np.array(["a"]), "p": [np.float32(0.5)]}, {"label": ["a"], "p": [0.5]}),
        ([date(2024, 1, 1)], ["2024-01-01"]),
        ("one text", "one text"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_predictions_become_plain_json(predictions: Any, expected: Any) -> None:
    """Whatever a model returns, a client reads plain JSON, a missing or infinite number as null."""
    assert to_jsonable(predictions) == expected
    assert b"NaN" not in encode_predictions(predictions)


def test_predictions_that_json_can_not_carry_are_the_models_error() -> None:
    """A model that returns an object of its own gets an error which says so."""
    with pytest.raises(ModelError, match="type list, which JSON can't carry: object"):
        encode_predictions([object()])


@pytest.mark.parametrize(
    ("expected", "got", "equal", "exact", "difference"),
    [
        ([1, "a", True, None], [1, "a", True, None], True, True, None),
        ([1.0, 2.0], [1.0, 2.0 + 1e-7], True, False, None),
        ([0.0], [1e-10], True, False, None),
        ([1000.0], [1000.01], False, False, "predictions[0]: expected 1000.0, got 1000.01"),
        ([1.0, 2.0], [1.0, 2.1], False, False, "predictions[1]: expected 2.0, got 2.1"),
        ([1], [2], False, False, "predictions[0]: expected 1, got 2"),
        ([1], [1.0], False, False, "predictions[0]: expected 1, got 1.0"),
        ([1], [True], False, False, "predictions[0]: expected 1, got True"),
        (["a"], ["b"], False, False, "predictions[0]: expected 'a', got 'b'"),
        ([1.0], [None], False, False, "predictions[0]: expected 1.0, got null"),
        ([1, 2], [1], False, False, "predictions: expected a list of 2, got a list of 1"),
        ([[1.0], [2.0]], [[1.0], [3.0]], False, False, "predictions[1][0]: expected 2.0, got 3.0"),
        ([{"p": 0.5}], [{"p": 0.7}], False, False, "predictions[0]['p']: expected 0.5, got 0.7"),
        ([{"p": 0.5}], [{"q": 0.5}], False, False, "predictions[0]: expected an object with p, got an object with q"),
        ([], [], True, True, None),
    ],
)
def test_only_numbers_have_a_tolerance(
    expected: Any, got: Any, equal: bool, exact: bool, difference: str | None
) -> None:
    """Labels, counts and booleans must be the same; a number may differ by the stated tolerance, and that is said."""
    outcome = compare(expected, got)
    assert (outcome.equal, outcome.exact, outcome.first_difference) == (equal, exact, difference)


def test_the_first_and_the_largest_difference_are_told() -> None:
    """Of many differences the first is shown and the largest is measured."""
    outcome = compare([1.0, 2.0, 3.0], [1.0, 2.5, 4.0])
    assert outcome.first_difference == "predictions[1]: expected 2.0, got 2.5"
    assert (outcome.max_difference, outcome.compared) == (1.0, 3)


def test_the_tolerance_can_be_chosen() -> None:
    """Whoever needs more or less exactness says so."""
    assert compare([1.0], [1.05], relative=0.1).equal
    assert not compare([1.0], [1.0 + 1e-8], relative=0, absolute=0).equal
