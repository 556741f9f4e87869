"""From example rows to the schema: what the service will take is what the model was given in the notebook."""

from __future__ import annotations

import numbers
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import SchemaError
from .schema import ArraySchema, Column, FrameSchema, Kind, Schema, refuse_repeated

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["infer_schema"]


def infer_schema(example: Any) -> Schema:
    """Return the schema of a DataFrame or array like `example`.

    A column may be null where its type can hold a missing value. Give the whole training rows where you have them:
    the values of an object column, and how it spells a missing one, are told from them.
    Raises SchemaError for a type that JSON can't carry, naming the column.
    """
    if isinstance(example, np.ndarray):
        return _array_schema(example)
    try:
        import pandas as pd
    except ImportError:
        pass
    else:
        if isinstance(example, pd.DataFrame):
            return _frame_schema(example)
    raise SchemaError(
        f"The example rows are of type {type(example).__name__}; the service takes a DataFrame or a NumPy array.",
        "Convert them first, in the cell that makes the model's input.",
    )


def _array_schema(example: np.ndarray[Any, Any]) -> ArraySchema:
    if example.ndim == 0 or example.dtype.kind not in "biufU":
        raise SchemaError(
            f"The service can't take an array of {example.dtype} with {example.ndim} dimensions.",
            "It takes booleans, numbers and text, one row per entry of the first dimension.",
        )
    dtype = "str" if example.dtype.kind == "U" else example.dtype.name
    return ArraySchema(shape=(None, *example.shape[1:]), dtype=dtype)


def _frame_schema(example: pd.DataFrame) -> FrameSchema:
    for name in example.columns:
        if isinstance(name, bool) or not isinstance(name, (str, int, np.integer)):
            raise SchemaError(
                f"The column name {name!r} is neither text nor a whole number.", "Give the columns plain names."
            )
    refuse_repeated([str(name) for name in example.columns])
    return FrameSchema(columns=tuple(_column(name, example[name]) for name in example.columns))


def _column(name: Any, values: pd.Series[Any]) -> Column:
    import pandas as pd

    name = name if isinstance(name, str) else int(name)
    dtype = values.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return _category_column(name, dtype)
    if dtype == np.dtype(object):
        return _object_column(name, values)
    kind = _kind(dtype)
    if kind is None:
        raise _unsupported(name, str(dtype))
    holds_missing = not isinstance(dtype, np.dtype) or dtype.kind in "fM"
    return Column(name=name, kind=kind, dtype=str(dtype), nullable=holds_missing)


def _kind(dtype: Any) -> Kind | None:
    from pandas.api import types

    tests: list[tuple[Kind, Any]] = [
        ("boolean", types.is_bool_dtype),
        ("integer", types.is_integer_dtype),
        ("number", types.is_float_dtype),
        ("datetime", types.is_datetime64_any_dtype),
        ("string", types.is_string_dtype),
    ]
    if str(dtype).startswith("Sparse"):
        return None
    return next((kind for kind, holds in tests if holds(dtype)), None)


def _category_column(name: str | int, dtype: pd.CategoricalDtype) -> Column:
    categories = tuple(dtype.categories.tolist())
    if not categories or not all(isinstance(value, (bool, int, float, str)) for value in categories):
        raise _unsupported(name, "categories that are not text, numbers or booleans")
    return Column(
        name=name, kind="category", dtype="category", nullable=True, categories=categories, ordered=bool(dtype.ordered)
    )


def _object_column(name: str | int, values: pd.Series[Any]) -> Column:
    import pandas as pd

    missing = values.isna()
    present = values[~missing].tolist()
    tests: list[tuple[Kind, Any]] = [("string", str), ("boolean", (bool, np.bool_)), ("number", numbers.Real)]
    kind = next((kind for kind, types in tests if present and all(isinstance(value, types) for value in present)), None)
    if kind is None:
        raise _unsupported(name, _words(present))
    says_none = any(value is None for value in values[missing])
    if any(value is pd.NA or value is pd.NaT for value in values[missing]):
        raise _unsupported(name, "an object column that spells missing values as pandas.NA or NaT")
    return Column(name=name, kind=kind, dtype="object", nullable=True, missing="none" if says_none else "nan")


def _words(present: list[Any]) -> str:
    if not present:
        return "no value in any row, so that its kind can't be told"
    if any(isinstance(value, date) for value in present):
        return "dates as Python objects (pandas.to_datetime makes a column of them)"
    return "a mixture of " + ", ".join(sorted({type(value).__name__ for value in present}))


def _unsupported(name: str | int, found: str) -> SchemaError:
    return SchemaError(
        f"Column {name!r} of the example has {found}, which the service can't take.",
        "It takes booleans, whole numbers, numbers, text, dates and times, and categories of these.",
    )
