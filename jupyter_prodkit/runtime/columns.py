"""One column of a request: every value checked against its kind, then the array that the model was trained on."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from .errors import RowsError
from .schema import Column, Kind

__all__ = ["coerce", "from_text", "words"]

_NULL = type(None)
_TAKES: dict[Kind, frozenset[type]] = {
    "boolean": frozenset({bool}),
    "integer": frozenset({int, float}),
    "number": frozenset({int, float}),
    "string": frozenset({str}),
    "datetime": frozenset({str}),
}
_NEEDS: dict[Kind, str] = {
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "datetime": "text in ISO 8601",
    "category": "one of its categories",
}
_SHOWN = 40
_ZONE = re.compile(r"\d:\d\d.*(Z|[+-]\d\d(:?\d\d)?)$", re.IGNORECASE)


def coerce(column: Column, values: Sequence[Any]) -> Any:
    """Return `values` (parsed JSON) as an array of the column's training type.

    Raises RowsError for the first value, counted from 0, that the column can't take; nothing is guessed: text is
    not read as a number, a fraction not cut to a whole number, an unknown category not taken for a missing value.
    """
    wrong = set(map(type, values)) - _taken(column)
    if wrong:
        raise _refused(column, values, next(row for row, value in enumerate(values) if type(value) in wrong))
    try:
        return _BUILD[column.kind](column, values)
    except (ValueError, OverflowError, KeyError, TypeError) as error:
        raise _refused(column, values, _first_bad(column, values)) from error


def from_text(column: Column, texts: Sequence[str | None]) -> list[Any]:
    """Return the cells of a CSV column as the JSON values they spell, the text itself where they spell none."""
    read = _READ.get(column.kind) or _READ_CATEGORY[type(column.categories[0]) if column.categories else str]
    return [None if text is None else read(text) for text in texts]


def words(value: Any) -> str:
    """Return a JSON value as an error message shows it, cut to a length that can't flood a log."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (list, dict)):
        return "a list" if isinstance(value, list) else "an object"
    shown = repr(value)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"


@lru_cache(maxsize=4096)
def _taken(column: Column) -> frozenset[type]:
    taken = frozenset(map(type, column.categories)) if column.kind == "category" else _TAKES[column.kind]
    if float in taken:
        taken |= {int}
    return taken | {_NULL} if column.nullable else taken


def _first_bad(column: Column, values: Sequence[Any]) -> int:
    for row, value in enumerate(values):
        try:
            _BUILD[column.kind](column, [value])
        except (ValueError, OverflowError, KeyError, TypeError):  # noqa: PERF203 - only on the way to an error
            return row
    return 0


def _refused(column: Column, values: Sequence[Any], row: int) -> RowsError:
    value = values[row]
    if value is None:
        return RowsError(f"Column {column.name!r}, row {row}: null, but the model knows no missing value here.")
    needs = _NEEDS[column.kind]
    if column.kind == "datetime":
        needs += " with a time zone" if "," in column.dtype else " without a time zone"
    return RowsError(f"Column {column.name!r}, row {row}: {words(value)}, but {needs} is needed.")


def _build_plain(column: Column, values: Sequence[Any]) -> Any:
    """Build booleans, numbers and text."""
    if column.dtype == "object":
        return _objects(column, values)
    dtype = _numpy_dtype(column.dtype) if column.kind != "string" else None
    if dtype is not None:
        return np.array(values, dtype=dtype)
    import pandas as pd

    pandas_dtype: Any = column.dtype
    return pd.array(list(values), dtype=pandas_dtype)


def _build_integer(column: Column, values: Sequence[Any]) -> Any:
    whole = [_whole(value) for value in values]
    limits = _limits(column.dtype)
    # NumPy 1 would wrap a number that is too large without a word
    if limits is not None and whole and not (limits[0] <= min(whole) and max(whole) <= limits[1]):
        raise OverflowError
    return _build_plain(column, whole)


def _whole(value: Any) -> Any:
    if type(value) is float:
        if not value.is_integer():
            raise ValueError
        return int(value)
    return value


def _build_datetime(column: Column, values: Sequence[Any]) -> Any:
    import pandas as pd

    zoned = "," in column.dtype
    if any(value is not None and bool(_ZONE.search(value)) != zoned for value in values):
        raise ValueError("a time zone where the training data had none, or none where it had one")
    pandas_dtype: Any = column.dtype
    return pd.to_datetime(pd.Series(list(values), dtype=object), format="ISO8601", utc=zoned).astype(pandas_dtype).array


def _build_category(column: Column, values: Sequence[Any]) -> Any:
    import pandas as pd

    dtype, codes = _categories(column)
    return pd.Categorical.from_codes([codes[value] for value in values], dtype=dtype)


def _objects(column: Column, values: Sequence[Any]) -> Any:
    missing = None if column.missing == "none" else float("nan")
    array = np.empty(len(values), dtype=object)
    array[:] = [missing if value is None else value for value in values]
    return array


@lru_cache(maxsize=4096)
def _categories(column: Column) -> tuple[Any, dict[Any, int]]:
    import pandas as pd

    dtype = pd.CategoricalDtype(list(column.categories), ordered=column.ordered)
    return dtype, {**{value: code for code, value in enumerate(column.categories)}, None: -1}


@lru_cache(maxsize=256)
def _numpy_dtype(name: str) -> np.dtype[Any] | None:
    try:
        return np.dtype(name)
    except TypeError:  # one of pandas' own types
        return None


@lru_cache(maxsize=256)
def _limits(name: str) -> tuple[int, int] | None:
    dtype = _numpy_dtype(name)
    return None if dtype is None else (int(np.iinfo(dtype).min), int(np.iinfo(dtype).max))


_BUILD: dict[Kind, Callable[[Column, Sequence[Any]], Any]] = {
    "boolean": _build_plain,
    "integer": _build_integer,
    "number": _build_plain,
    "string": _build_plain,
    "datetime": _build_datetime,
    "category": _build_category,
}


def _read_boolean(text: str) -> Any:
    return {"true": True, "false": False}.get(text.lower(), text)


def _read_number(text: str) -> Any:
    if "_" in text:  # Python's own spelling, nobody else's
        return text
    try:
        return int(text)
    except ValueError:
        return _read_fraction(text)


def _read_fraction(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


_READ: dict[Kind, Callable[[str], Any]] = {
    "boolean": _read_boolean,
    "integer": _read_number,
    "number": _read_number,
    "string": str,
    "datetime": str,
}
_READ_CATEGORY: dict[type, Callable[[str], Any]] = {
    bool: _read_boolean,
    int: _read_number,
    float: _read_number,
    str: str,
}
