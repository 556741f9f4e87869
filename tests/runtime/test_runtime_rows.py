"""Rows: the model gets what it got in training, and a value that can't be that is refused by column and row."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from jupyter_prodkit.runtime import decode_schema, encode_schema, infer_schema, request_for
from jupyter_prodkit.runtime.errors import BodyError, RowsError, SchemaError
from jupyter_prodkit.runtime.formats import parse_body, parse_document
from jupyter_prodkit.runtime.rows import to_rows

BERLIN = pd.to_datetime(["2024-01-01T08:00", None, "2024-07-01T08:00"]).tz_localize("Europe/Berlin")
COLUMNS: dict[str, Any] = {
    "int64": [1, -2, 3],
    "int8": np.array([1, -128, 127], dtype="int8"),
    "uint8": np.array([0, 255, 3], dtype="uint8"),
    "float64": [0.1, np.nan, 1e300],
    "float32": np.array([0.1, np.nan, 3], dtype="float32"),
    "whole numbers with a gap": [1.0, np.nan, 3.0],
    "bool": [True, False, True],
    "text": ["Århus", "", "x"],
    "text with a gap": ["a", None, "c"],
    "object with None": pd.Series(["a", None, "c"], dtype=object),
    "object with nan": pd.Series(["a", np.nan, "c"], dtype=object),
    "object of booleans": pd.Series([True, None, False], dtype=object),
    "object of numbers": pd.Series([1, None, 2.5], dtype=object),
    "string": pd.array(["a", None, "c"], dtype="string"),
    "Int64": pd.array([1, None, 3], dtype="Int64"),
    "boolean": pd.array([True, None, False], dtype="boolean"),
    "Float64": pd.array([1.5, None, 3], dtype="Float64"),
    "datetime": pd.to_datetime(["2024-01-01T08:00:00.123456", None, "2024-07-01"], format="ISO8601"),
    "datetime ns": pd.to_datetime(["2024-01-01T08:00:00.123456789", None, "2024-07-01"], format="ISO8601").astype(
        "datetime64[ns]"
    ),
    "datetime in Berlin": BERLIN,
    "category": pd.Categorical(["low", None, "high"], categories=["low", "mid", "high"], ordered=True),
    "category of numbers": pd.Categorical([3, None, 1], categories=[1, 2, 3]),
}
IN_CSV = [name for name in COLUMNS if name not in {"text", "object with None"}]


def _frame(names: list[str]) -> pd.DataFrame:
    return pd.DataFrame({name: COLUMNS[name] for name in names})


def _read(schema: Any, document: Any) -> Any:
    return to_rows(schema, parse_body(json.dumps(document).encode(), "application/json"))


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_comes_back_as_the_model_knew_it(name: str) -> None:
    """Whatever type a column had in the notebook, the served model gets it again, gaps included."""
    frame = _frame([name])
    schema = decode_schema(encode_schema(infer_schema(frame)))
    back = _read(schema, json.loads(json.dumps(request_for(schema, frame))))
    pd.testing.assert_frame_equal(back, frame)
    if frame[name].dtype == object:
        assert [value is None for value in back[name]] == [value is None for value in frame[name]]


def test_all_columns_come_back_together() -> None:
    """A frame of many types comes back whole, in the order of training, whatever order the client chose."""
    frame = _frame(list(COLUMNS))
    schema = infer_schema(frame)
    records = [dict(reversed(record.items())) for record in _records(schema, frame)]
    pd.testing.assert_frame_equal(_read(schema, {"dataframe_records": records}), frame)


def _records(schema: Any, frame: pd.DataFrame) -> list[dict[str, Any]]:
    split = request_for(schema, frame)["dataframe_split"]
    return [dict(zip(split["columns"], row, strict=True)) for row in split["data"]]


def test_csv_of_a_frame_gives_the_frame() -> None:
    """What `to_csv` writes is served like the frame it was written from, its index column ignored."""
    frame = _frame(IN_CSV)
    schema = infer_schema(frame)
    pd.testing.assert_frame_equal(to_rows(schema, parse_body(frame.to_csv().encode(), "text/csv")), frame)


def test_columns_the_model_does_not_know_are_ignored() -> None:
    """A client may send more than the model needs."""
    schema = infer_schema(pd.DataFrame({"a": [1.0]}))
    assert _read(schema, {"dataframe_records": [{"id": "x", "a": 2}]}).to_dict("list") == {"a": [2.0]}


def test_columns_named_by_numbers_are_found() -> None:
    """A frame made from an array has numbers for names; a client sends them as JSON can."""
    frame = pd.DataFrame(np.eye(2))
    schema = infer_schema(frame)
    pd.testing.assert_frame_equal(_read(schema, {"inputs": {"1": [0, 1], "0": [1, 0]}}), frame, check_column_type=False)


def test_daylight_saving_does_not_matter() -> None:
    """Times of one zone may come with different offsets, or in UTC."""
    schema = infer_schema(pd.DataFrame({"at": BERLIN}))
    back = _read(schema, {"inputs": {"at": ["2024-01-01T08:00+01:00", None, "2024-07-01T06:00:00Z"]}})
    pd.testing.assert_frame_equal(back, pd.DataFrame({"at": BERLIN}))


TAKES = pd.DataFrame(
    {
        "n": [1.5],
        "i": np.array([1], dtype="int8"),
        "b": [True],
        "s": ["x"],
        "d": pd.to_datetime(["2024-01-01"]),
        "z": pd.to_datetime(["2024-01-01"]).tz_localize("UTC"),
        "c": pd.Categorical(["low"]),
        "k": pd.Categorical([1]),
    }
)
GOOD = {"n": 1.5, "i": 1, "b": True, "s": "x", "d": "2024-01-01", "z": "2024-01-01T00:00Z", "c": "low", "k": 1}


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("n", "2.5", "'2.5', but a number is needed"),
        ("n", True, "true, but a number is needed"),
        ("n", [1], "a list, but a number is needed"),
        ("n", 10**400, "but a number is needed"),
        ("i", None, "null, but the model knows no missing value here"),
        ("i", 1.5, "1.5, but a whole number is needed"),
        ("i", 128, "128, but a whole number is needed"),
        ("i", 10**30, "but a whole number is needed"),
        ("i", "1", "'1', but a whole number is needed"),
        ("b", 1, "1, but true or false is needed"),
        ("b", None, "null, but the model knows no missing value here"),
        ("s", 8001, "8001, but text is needed"),
        ("s", {"a": 1}, "an object, but text is needed"),
        ("s", 10**60, "…, but text is needed"),
        ("d", "yesterday", "'yesterday', but text in ISO 8601 without a time zone is needed"),
        ("d", 1704067200000, "but text in ISO 8601 without a time zone is needed"),
        ("d", "2024-01-01T00:00Z", "without a time zone is needed"),
        ("z", "2024-01-01T00:00", "with a time zone is needed"),
        ("c", "lowest", "'lowest', but one of its categories is needed"),
        ("k", "1", "'1', but one of its categories is needed"),
        ("k", True, "true, but one of its categories is needed"),
    ],
)
def test_a_wrong_value_is_refused_by_column_and_row(column: str, value: Any, message: str) -> None:
    """Nothing is guessed: the client reads which value of its rows is wrong, and what is needed there."""
    schema = infer_schema(TAKES)
    with pytest.raises(RowsError) as caught:
        _read(schema, {"dataframe_records": [GOOD, {**GOOD, column: value}]})
    assert f"Column '{column}', row 1: " in str(caught.value)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("column", "text", "message"),
    [
        ("i", "1.5", "row 0: 1.5, but"),
        ("i", "x", "'x', but a whole"),
        ("n", "1_0", "'1_0', but a number"),
        ("b", "1", "'1', but true"),
    ],
)
def test_a_wrong_cell_of_csv_is_refused(column: str, text: str, message: str) -> None:
    """A CSV cell that does not spell a value of its column is named."""
    row = {**{name: str(value) for name, value in GOOD.items()}, column: text}
    body = f"{','.join(row)}\n{','.join(row.values())}\n".encode()
    with pytest.raises(RowsError, match=message):
        to_rows(infer_schema(TAKES), parse_body(body, "text/csv"))


def test_csv_spells_every_kind() -> None:
    """Booleans, numbers, times and categories are read from CSV as the model knew them."""
    body = "n,i,b,s,d,z,c,k\n2,3.0,FALSE,5,2024-01-01,2024-01-01 00:00:00+00:00,low,1\n"
    back = to_rows(infer_schema(TAKES), parse_body(body.encode(), "text/csv"))
    assert back.iloc[0].to_dict() == {**TAKES.iloc[0].to_dict(), "n": 2.0, "i": 3, "b": False, "s": "5"}


@pytest.mark.parametrize(
    ("document", "error", "message"),
    [
        ({"dataframe_records": [{"n": 1}]}, RowsError, "does not have: i, b, s, d, z, c, k"),
        ({"dataframe_records": []}, RowsError, "no rows"),
        ({"dataframe_split": {"columns": list(GOOD), "data": []}}, RowsError, "no rows"),
        ({"inputs": [list(GOOD.values())]}, BodyError, "no column names"),
    ],
)
def test_rows_without_what_the_model_needs_are_refused(document: Any, error: type[Exception], message: str) -> None:
    """Missing columns are all named at once, and rows without names are never matched by position."""
    with pytest.raises(error, match=message):
        _read(infer_schema(TAKES), document)


def test_the_only_column_needs_no_name() -> None:
    """A model of one column takes a plain list, as MLflow does."""
    assert list(_read(infer_schema(pd.DataFrame({"text": ["a"]})), {"inputs": ["b", "c"]})["text"]) == ["b", "c"]


@pytest.mark.parametrize(
    "array",
    [
        np.array([[1.5, np.nan], [3, 4]]),
        np.array([[1, 2], [3, 4]], dtype="int32"),
        np.array([1.5, 2.5], dtype="float32"),
        np.array([["a", "b"]]),
        np.array([[True, False]]),
        np.arange(12.0).reshape(2, 3, 2),
    ],
    ids=str,
)
def test_an_array_comes_back_as_the_model_knew_it(array: np.ndarray[Any, Any]) -> None:
    """A model of arrays gets the shape and type of training."""
    schema = decode_schema(encode_schema(infer_schema(array)))
    back = to_rows(schema, parse_document(request_for(schema, array)))
    np.testing.assert_array_equal(back, array)
    assert back.dtype.kind == array.dtype.kind


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"inputs": [[1, 2], [3]]}, r"Row 1: a list does not hold \(2\) of float64"),
        ({"inputs": [[1, 2], [3, "x"]]}, r"Row 1: a list does not hold \(2\) of float64"),
        ({"inputs": [[1, 2, 3]]}, r"shape \(1, 3\), but \(n, 2\) is needed"),
        ({"inputs": [1, 2]}, r"shape \(2\), but \(n, 2\) is needed"),
        ({"inputs": [[True, False]]}, "Row 0"),
        ({"inputs": []}, "no rows"),
    ],
)
def test_a_wrong_array_is_refused(document: Any, message: str) -> None:
    """An array of another shape or kind is refused, by row where one row is at fault."""
    with pytest.raises(RowsError, match=message):
        _read(infer_schema(np.array([[1.0, 2.0]])), document)


def test_a_fraction_is_not_cut_for_an_array_of_whole_numbers() -> None:
    """Whole numbers stay whole: 1.5 is refused, 300 in eight bits as well."""
    schema = infer_schema(np.array([[1]], dtype="int8"))
    for value in (1.5, 300):
        with pytest.raises(RowsError, match="Row 0"):
            _read(schema, {"inputs": [[value]]})


@pytest.mark.parametrize(
    "body", [b"p,q\n1,2\n3,\n", b'{"dataframe_split": {"columns": ["p", "q"], "data": [[1, 2], [3, null]]}}']
)
def test_a_table_is_taken_for_an_array(body: bytes) -> None:
    """A model of arrays takes tables as well, columns in the order sent."""
    media = "text/csv" if body.startswith(b"p") else "application/json"
    back = to_rows(infer_schema(np.array([[1.0, 2.0]])), parse_body(body, media))
    np.testing.assert_array_equal(back, [[1, 2], [3, np.nan]])


@pytest.mark.parametrize(
    ("example", "message"),
    [
        ([[1, 2]], "type list"),
        (np.array(1.0), "0 dimensions"),
        (np.array([1j]), "complex128"),
        (pd.DataFrame({"a": [object()]}), "Column 'a' of the example has a mixture of object"),
        (pd.DataFrame({"a": pd.Series([1, "x"], dtype=object)}), "a mixture of int, str"),
        (pd.DataFrame({"a": pd.Series([None], dtype=object)}), "no value in any row"),
        (pd.DataFrame({"a": pd.Series([date(2024, 1, 1)], dtype=object)}), "pandas.to_datetime"),
        (pd.DataFrame({"a": pd.to_timedelta([1])}), "timedelta64"),
        (pd.DataFrame({"a": pd.cut(pd.Series([1, 2]), 2)}), "categories that are not text"),
        (pd.DataFrame({"a": pd.arrays.SparseArray([0.0])}), "Sparse"),
        (pd.DataFrame({("a", "b"): [1]}), r"column name \('a', 'b'\)"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "more than once: a"),
        (pd.DataFrame([[1, 2]], columns=[1, "1"]), "more than once: 1"),
    ],
)
def test_an_example_the_service_can_not_take_is_refused_before_release(example: Any, message: str) -> None:
    """Types that JSON can't carry are found when the model is pushed, not when it is served."""
    with pytest.raises(SchemaError, match=message):
        infer_schema(example)


@pytest.mark.parametrize(
    "content", [b"", b"{}", b'{"container": "tree"}', b'{"container": "frame", "columns": [{"name": "a"}]}']
)
def test_a_broken_schema_is_named(content: bytes) -> None:
    """A schema file that is none says so."""
    with pytest.raises(SchemaError, match=r"schema\.json"):
        decode_schema(content)


def test_golden_rows_must_have_the_columns_of_the_schema() -> None:
    """Rows of another frame are refused when the release is made."""
    with pytest.raises(SchemaError, match="do not have the columns"):
        request_for(infer_schema(pd.DataFrame({"a": [1]})), pd.DataFrame({"b": [1]}))
