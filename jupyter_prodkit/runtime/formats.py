"""MLflow's scoring formats: the bodies that clients of `mlflow models serve` already send.

Source: https://mlflow.org/docs/latest/ml/deployment/deploy-model-locally/ (the local inference server specification).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from .errors import BodyError, MediaTypeError

__all__ = ["Nested", "Parsed", "Table", "parse_body", "parse_document"]

# What pandas reads as missing in a CSV cell, and so what a model trained on a CSV file knows as missing.
_MISSING_TEXTS = frozenset({"", "NA", "N/A", "n/a", "NULL", "null", "None", "NaN", "nan", "-NaN", "-nan"}) | {
    *("<NA>", "#NA", "#N/A", "#N/A N/A", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"),
}


@dataclass(frozen=True, slots=True)
class Table:
    """Rows with named columns, not yet checked against a schema."""

    columns: Mapping[str, Sequence[Any]]
    count: int
    text: bool = False
    """Whether every value is text, read from CSV; a missing one is None."""


@dataclass(frozen=True, slots=True)
class Nested:
    """Rows without names: nested lists, one entry per row, not yet checked against a schema."""

    entries: list[Any]


Parsed = Table | Nested


def parse_body(body: bytes, content_type: str | None) -> Parsed:
    """Return the rows of a request. Raises MediaTypeError, or BodyError for a body that is not in its format."""
    media, _, parameters = (content_type or "").partition(";")
    charset = _charset(parameters)
    if charset not in {"utf-8", "utf8", "us-ascii"}:
        raise MediaTypeError(f"The character set {charset!r} is not read here.", "Send UTF-8.")
    match media.strip().lower():
        case "application/json":
            return parse_document(_decode(body))
        case "text/csv":
            return _parse_csv(body)
        case other:
            found = f"The content type {other!r} is not read here." if other else "The request has no content type."
            raise MediaTypeError(found, "Send application/json or text/csv.")


def parse_document(document: Any) -> Parsed:
    """Return the rows of a decoded JSON body: an object with exactly one of the four formats.

    Other fields, `params` among them, are left alone, as MLflow does for a model without parameters.
    """
    if not isinstance(document, dict):
        raise BodyError(f"The body must be a JSON object with one of {_FORMAT_NAMES}.")
    found = [name for name in _PARSERS if name in document]
    if len(found) != 1:
        said = f"it has {' and '.join(found)}" if found else "it has none of them"
        raise BodyError(f"The body must have exactly one of {_FORMAT_NAMES}; {said}.")
    return _PARSERS[found[0]](document[found[0]])


def _charset(parameters: str) -> str:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"').lower()
    return "utf-8"


def _decode(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except RecursionError as error:
        raise BodyError("The body is nested too deeply.") from error
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _decode_leniently(body)


def _decode_leniently(body: bytes) -> Any:
    """Read what Python's `json.dumps` writes for a missing number, which is not JSON: `NaN`."""
    try:
        return json.loads(body, parse_constant=lambda name: None if name == "NaN" else float(name))
    except (ValueError, RecursionError) as error:
        raise BodyError(f"The body is not JSON: {error}.") from error


def _parse_split(value: Any) -> Parsed:
    if not isinstance(value, dict) or not isinstance(value.get("data"), list) or set(value) - _SPLIT_FIELDS:
        raise BodyError("dataframe_split must be an object with the list 'data', and 'columns' and 'index' if wanted.")
    rows, names = value["data"], value.get("columns")
    if names is None:
        return Nested(rows)
    if not isinstance(names, list) or not all(type(name) in {str, int} for name in names):
        raise BodyError("dataframe_split: 'columns' must be a list of names.")
    width = len(names)
    for row, cells in enumerate(rows):
        if not isinstance(cells, list) or len(cells) != width:
            raise BodyError(f"dataframe_split: row {row} of 'data' is not a list of {width} values, one per column.")
    return _table([str(name) for name in names], [list(cells) for cells in zip(*rows, strict=True)], len(rows))


def _table(names: list[str], columns: list[list[Any]], count: int, *, text: bool = False) -> Table:
    if len(set(names)) != len(names):
        repeated = sorted({name for name in names if names.count(name) > 1})
        raise BodyError(f"Column names occur more than once: {', '.join(repeated)}.")
    return Table(dict(zip(names, columns or [[] for _ in names], strict=True)), count, text)


def _parse_records(value: Any) -> Table:
    if not isinstance(value, list) or not all(isinstance(record, dict) for record in value):
        raise BodyError("dataframe_records must be a list of objects, one per row.")
    names = dict.fromkeys(name for record in value for name in record)
    return Table({name: [record.get(name) for record in value] for name in names}, len(value))


def _parse_tensor(value: Any) -> Parsed:
    if isinstance(value, dict):
        return _parse_columns(value)
    if not isinstance(value, list):
        raise BodyError("instances and inputs must be a list of rows, or an object with a list per column.")
    return _parse_records(value) if value and isinstance(value[0], dict) else Nested(value)


def _parse_columns(value: dict[str, Any]) -> Table:
    if not any(isinstance(cells, list) for cells in value.values()):
        return Table({name: [cell] for name, cell in value.items()}, 1)
    lengths = {len(cells) if isinstance(cells, list) else -1 for cells in value.values()}
    if len(lengths) != 1:
        raise BodyError("The columns are not lists of the same length.")
    return Table(value, lengths.pop())


def _parse_csv(body: bytes) -> Table:
    try:
        lines = [line for line in csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True) if line]
    except (UnicodeDecodeError, csv.Error) as error:
        raise BodyError(f"The body is not CSV in UTF-8: {error}.") from error
    if not lines:
        raise BodyError("The CSV body has no header line.")
    names, rows = lines[0], lines[1:]
    for row, cells in enumerate(rows):
        if len(cells) != len(names):
            raise BodyError(f"CSV row {row} has {len(cells)} values for {len(names)} columns.")
    columns = [[None if cell in _MISSING_TEXTS else cell for cell in cells] for cells in zip(*rows, strict=True)]
    return _table(names, columns, len(rows), text=True)


_SPLIT_FIELDS = {"columns", "data", "index"}
_PARSERS: dict[str, Callable[[Any], Parsed]] = {
    "dataframe_split": _parse_split,
    "dataframe_records": _parse_records,
    "instances": _parse_tensor,
    "inputs": _parse_tensor,
}
_FORMAT_NAMES = ", ".join(_PARSERS)
