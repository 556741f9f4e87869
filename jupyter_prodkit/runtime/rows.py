"""From a parsed request to the rows that the model takes, and from rows to a request."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from .columns import coerce, from_text, words
from .errors import BodyError, RowsError, SchemaError
from .formats import Nested, Parsed, Table
from .predictions import to_jsonable
from .schema import ArraySchema, Column, FrameSchema, Kind, Schema

__all__ = ["request_for", "to_rows"]


def to_rows(schema: Schema, parsed: Parsed) -> Any:
    """Return the DataFrame or array that the model takes: columns in training order, with the training types.

    Columns that the schema does not know are ignored, as MLflow does with a signature. Raises RowsError naming the
    column and the row, counted from 0.
    """
    if (parsed.count if isinstance(parsed, Table) else len(parsed.entries)) == 0:
        raise RowsError("The request has no rows.")
    return _to_frame(schema, parsed) if isinstance(schema, FrameSchema) else _to_array(schema, parsed)


def request_for(schema: Schema, rows: Any) -> dict[str, Any]:
    """Return the JSON body, as plain values, with which a client sends `rows` to `/invocations`.

    Raises SchemaError where the rows would not come back equal, because they are not what the schema says.
    """
    return _frame_request(schema, rows) if isinstance(schema, FrameSchema) else {"inputs": to_jsonable(rows)}


def _frame_request(schema: FrameSchema, rows: Any) -> dict[str, Any]:
    try:
        columns = [to_jsonable(rows[column.name].tolist()) for column in schema.columns]
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise SchemaError("The rows do not have the columns of the schema.") from error
    names = [column.name for column in schema.columns]
    return {"dataframe_split": {"columns": names, "data": [list(cells) for cells in zip(*columns, strict=True)]}}


def _to_frame(schema: FrameSchema, parsed: Parsed) -> Any:
    import pandas as pd

    table = parsed if isinstance(parsed, Table) else _named(schema, parsed)
    missing = [str(column.name) for column in schema.columns if str(column.name) not in table.columns]
    if missing:
        raise RowsError(f"The model needs columns that the request does not have: {', '.join(missing)}.")
    arrays = [_array(column, table) for column in schema.columns]
    if len({array.dtype for array in arrays}) == 1 and isinstance(arrays[0], np.ndarray):
        block = np.stack(arrays).T  # one block: several times faster than a dict
        return pd.DataFrame(block, columns=_index(schema), dtype=block.dtype, copy=False)
    frame = pd.DataFrame({place: _kept(array) for place, array in enumerate(arrays)}, copy=False)
    frame.columns = _index(schema)
    return frame


def _kept(array: Any) -> Any:
    """Keep pandas from turning a column of objects into one of strings; the model was trained on objects."""
    import pandas as pd

    return pd.Series(array, dtype=object, copy=False) if array.dtype == object else array


def _array(column: Column, table: Table) -> Any:
    values = table.columns[str(column.name)]
    return coerce(column, from_text(column, values) if table.text else values)


@lru_cache(maxsize=8)
def _index(schema: FrameSchema) -> Any:
    import pandas as pd

    return pd.Index([column.name for column in schema.columns])


def _named(schema: FrameSchema, nested: Nested) -> Table:
    if len(schema.columns) == 1 and not any(isinstance(value, (list, dict)) for value in nested.entries):
        return Table({str(schema.columns[0].name): nested.entries}, len(nested.entries))
    raise BodyError(
        "The rows have no column names, and this model takes named columns.",
        "Send dataframe_split with 'columns', or dataframe_records.",
    )


def _to_array(schema: ArraySchema, parsed: Parsed) -> Any:
    values = parsed.entries if isinstance(parsed, Nested) else _unnamed(schema, parsed)
    array = _plain_array(schema, values)
    if array is None:
        raise _bad_row(schema, values)
    if array.shape[1:] != schema.shape[1:]:
        raise RowsError(f"The rows have the shape {_shape(array.shape)}, but {_shape(schema.shape)} is needed.")
    return array


def _unnamed(schema: ArraySchema, table: Table) -> list[Any]:
    columns: list[Any] = list(table.columns.values())
    if table.text:
        cell = Column(name="", kind=_KINDS[np.dtype(schema.dtype).kind], dtype=schema.dtype)
        columns = [from_text(cell, texts) for texts in columns]
    if len(schema.shape) == 1 and len(columns) == 1:
        return list(columns[0])
    return [list(cells) for cells in zip(*columns, strict=True)]


_KINDS: dict[str, Kind] = {"b": "boolean", "i": "integer", "u": "integer", "f": "number", "U": "string"}
_TAKES = {"b": "b", "i": "iu", "u": "iu", "f": "iuf", "U": "U"}


def _plain_array(schema: ArraySchema, values: list[Any]) -> Any:
    """Return `values` as an array, or None where they are ragged or of another kind."""
    dtype = np.dtype(schema.dtype)
    try:
        found = np.array(values)
        if dtype.kind == "f" and found.dtype.kind == "O" and _only_numbers_and_nulls(found):
            return found.astype(dtype)
        if found.dtype.kind not in _TAKES[dtype.kind]:
            return None
        array = found if dtype.kind == "U" else found.astype(dtype)
    except (ValueError, OverflowError, TypeError):
        return None
    return None if dtype.kind in "iu" and not np.array_equal(array, found) else array


def _only_numbers_and_nulls(found: np.ndarray[Any, Any]) -> bool:
    return {type(value) for value in found.flat} <= {int, float, type(None)}


def _bad_row(schema: ArraySchema, values: list[Any]) -> RowsError:
    for row, value in enumerate(values):
        array = _plain_array(schema, [value])
        if array is None or array.shape[1:] != schema.shape[1:]:
            shape = _shape(schema.shape[1:]) if len(schema.shape) > 1 else "one value"
            return RowsError(f"Row {row}: {words(value)} does not hold {shape} of {schema.dtype}.")
    return RowsError(f"The rows are not an array of {schema.dtype}.")


def _shape(shape: tuple[int | None, ...]) -> str:
    return "(" + ", ".join("n" if size is None else str(size) for size in shape) + ")"
