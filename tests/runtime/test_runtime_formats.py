"""Bodies: what a client may send, and what it is told when it sends something else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jupyter_prodkit.runtime.errors import BodyError, MediaTypeError
from jupyter_prodkit.runtime.formats import Nested, Table, parse_body

ROWS = Table({"a": [1, 2], "b": ["x", None]}, 2)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"dataframe_split": {"columns": ["a", "b"], "data": [[1, "x"], [2, None]]}}, ROWS),
        ({"dataframe_split": {"index": [5, 6], "columns": ["a", "b"], "data": [[1, "x"], [2, None]]}}, ROWS),
        ({"dataframe_split": {"columns": [0, 1], "data": [[5, 6]]}}, Table({"0": [5], "1": [6]}, 1)),
        ({"dataframe_split": {"columns": ["a"], "data": []}}, Table({"a": []}, 0)),
        ({"dataframe_split": {"data": [[1, 2]]}}, Nested([[1, 2]])),
        ({"dataframe_records": [{"a": 1, "b": "x"}, {"a": 2}]}, ROWS),
        ({"dataframe_records": [{"a": 1}, {"b": 2}]}, Table({"a": [1, None], "b": [None, 2]}, 2)),
        ({"instances": [{"a": 1, "b": "x"}, {"a": 2, "b": None}]}, ROWS),
        ({"instances": [[1, 2], [3, 4]]}, Nested([[1, 2], [3, 4]])),
        ({"instances": {"a": [1, 2], "b": ["x", None]}}, ROWS),
        ({"inputs": {"a": [1, 2], "b": ["x", None]}}, ROWS),
        ({"inputs": {"a": 1, "b": "x"}}, Table({"a": [1], "b": ["x"]}, 1)),
        ({"inputs": [[1, 2]]}, Nested([[1, 2]])),
        ({"inputs": [1, 2]}, Nested([1, 2])),
        ({"inputs": [1], "params": {"temperature": 1}, "trace": "abc"}, Nested([1])),
    ],
)
def test_every_format_of_mlflow_is_read(document: Any, expected: Any) -> None:
    """A body that an MLflow client sends is read as the rows it means."""
    assert parse_body(json.dumps(document).encode(), "application/json") == expected


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([1, 2], "must be a JSON object with one of dataframe_split, dataframe_records, instances, inputs"),
        ("rows", "must be a JSON object"),
        ({}, "it has none of them"),
        ({"columns": ["a"], "data": [[1]]}, "it has none of them"),
        ({"inputs": [1], "instances": [1]}, "it has instances and inputs"),
        ({"dataframe_split": [[1]]}, "dataframe_split must be an object"),
        ({"dataframe_split": {"columns": ["a"]}}, "with the list 'data'"),
        ({"dataframe_split": {"columns": ["a"], "data": [[1]], "dtypes": []}}, "dataframe_split must be an object"),
        ({"dataframe_split": {"columns": "a", "data": [[1]]}}, "'columns' must be a list of names"),
        ({"dataframe_split": {"columns": [["a"]], "data": [[1]]}}, "'columns' must be a list of names"),
        ({"dataframe_split": {"columns": ["a"], "data": [[1], [1, 2]]}}, "row 1 of 'data' is not a list of 1 values"),
        ({"dataframe_split": {"columns": ["a"], "data": [1]}}, "row 0 of 'data'"),
        ({"dataframe_split": {"columns": ["a", "a"], "data": [[1, 2]]}}, "more than once: a"),
        ({"dataframe_records": {"a": [1]}}, "must be a list of objects"),
        ({"dataframe_records": [{"a": 1}, 2]}, "must be a list of objects"),
        ({"instances": [{"a": 1}, [2]]}, "must be a list of objects"),
        ({"inputs": "text"}, "must be a list of rows"),
        ({"inputs": {"a": [1, 2], "b": [1]}}, "not lists of the same length"),
        ({"inputs": {"a": [1], "b": 1}}, "not lists of the same length"),
    ],
)
def test_a_body_in_no_format_says_what_is_wrong(document: Any, message: str) -> None:
    """A client that sends the wrong shape is told which field is wrong and how."""
    with pytest.raises(BodyError, match=message):
        parse_body(json.dumps(document).encode(), "application/json")


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"inputs": [1]} x', b'{"inputs": ["\xff"]}', b'{"inputs":' + b"[" * 100_000]
)
def test_a_body_that_is_no_json_is_refused(body: bytes) -> None:
    """Broken JSON, broken UTF-8 and endless nesting are the client's error, never the service's."""
    with pytest.raises(BodyError):
        parse_body(body, "application/json")


def test_the_nan_of_python_clients_is_a_missing_value() -> None:
    """`json.dumps` of a frame with gaps writes NaN, which is not JSON; it is read as missing all the same."""
    body = json.dumps({"inputs": {"a": [1.5, float("nan")]}}).encode()
    assert b"NaN" in body
    assert parse_body(body, "application/json") == Table({"a": [1.5, None]}, 2)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,b\n1,x\n2,\n", Table({"a": ["1", "2"], "b": ["x", None]}, 2, text=True)),
        ("\ufeffa\r\n1\r\n", Table({"a": ["1"]}, 1, text=True)),
        ('a,b\n"1,5","say ""hi""\nthere"\n', Table({"a": ["1,5"], "b": ['say "hi"\nthere']}, 1, text=True)),
        (",a\n0,NA\n\n1,NaN\n", Table({"": ["0", "1"], "a": [None, None]}, 2, text=True)),
        ("a,b\n", Table({"a": [], "b": []}, 0, text=True)),
    ],
)
def test_csv_is_read_as_pandas_reads_it(text: str, expected: Table) -> None:
    """What `DataFrame.to_csv` writes comes back: quotes, gaps, an index column, a byte order mark."""
    assert parse_body(text.encode(), "text/csv; charset=utf-8") == expected


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "no header line"),
        (b"a,b\n1\n", "row 0 has 1 values for 2 columns"),
        (b'a\n"1\n', "not CSV"),
        (b"a\n\xff\n", "not CSV in UTF-8"),
        (b"a,a\n1,2\n", "more than once: a"),
    ],
)
def test_broken_csv_is_refused(body: bytes, message: str) -> None:
    """A CSV body that can't be a table says where it breaks."""
    with pytest.raises(BodyError, match=message):
        parse_body(body, "text/csv")


@pytest.mark.parametrize(
    "media", ["application/json", "Application/JSON; charset=UTF-8", 'application/json; charset="utf-8"']
)
def test_content_types_are_read_as_http_means_them(media: str) -> None:
    """Case, quotes and parameters of the content type do not matter."""
    assert parse_body(b'{"inputs": [1]}', media) == Nested([1])


@pytest.mark.parametrize(
    "media", [None, "", "text/plain", "application/vnd.apache.parquet", "application/json; charset=latin-1"]
)
def test_other_content_types_are_refused(media: str | None) -> None:
    """A body in a format that is not spoken here is refused, and what is spoken is said."""
    with pytest.raises(MediaTypeError, match="Send "):
        parse_body(b'{"inputs": [1]}', media)
