"""Digests of pandas' frames, series, indices and arrays, by what they hold; only pandas' own classes are asked."""

from __future__ import annotations

from typing import Any

from jupyter_prodkit.session.classes import (
    derives,
    instance_attributes,
    is_genuine,
    is_users_class,
    loaded,
    module_of,
    qualified_name,
)
from jupyter_prodkit.session.container_digest import items
from jupyter_prodkit.session.library_digest import array

__all__ = ["frame_blocks", "is_pandas", "pandas_value"]

_OWN_ATTRIBUTES = frozenset({"_mgr", "_item_cache", "_attrs", "_flags", "_name", "_cache"})


def is_pandas(kind: type) -> bool:
    """Return whether a class is pandas' own, and no subclass that may take questions its own way."""
    return module_of(kind).partition(".")[0] == "pandas" and is_genuine(kind)


def pandas_value(walk: Any, value: Any, kind: type, depth: int) -> bool:
    """Feed a frame, a series, an index or one of their arrays and scalars; False for anything else."""
    pandas: Any = loaded("pandas")
    if pandas is None:
        return False
    if derives(kind, pandas.DataFrame) or derives(kind, pandas.Series):
        _table(walk, value, kind, depth, pandas)
    elif derives(kind, pandas.Index):
        _index(walk, value, depth, pandas)
    elif derives(kind, pandas.api.extensions.ExtensionArray):
        walk.part(value)
        _column(walk, value, depth, pandas)
    else:
        return _scalar(walk, value, kind, pandas)
    return True


def frame_blocks(frame: Any) -> tuple[Any, list[Any]]:
    """Return what holds the content of a frame or series, and its blocks, whatever its class does when asked."""
    manager = object.__getattribute__(frame, "_mgr")
    if not is_pandas(type(manager)):
        raise ValueError(type(manager))
    return manager, list(manager.blocks)


def _scalar(walk: Any, value: Any, kind: type, pandas: Any) -> bool:
    scalars = (pandas.Timestamp, pandas.Timedelta, pandas.Period, pandas.Interval, type(pandas.NaT), type(pandas.NA))
    if not any(kind is one for one in scalars):
        return False
    walk.text(kind.__name__, repr(value))
    return True


def _table(walk: Any, table: Any, kind: type, depth: int, pandas: Any) -> None:
    if not is_pandas(kind) and (is_users_class(kind) or not is_genuine(kind)):
        raise ValueError(kind)
    is_frame = derives(kind, pandas.DataFrame)
    attributes = dict(instance_attributes(table, kind) or ())
    manager, blocks = frame_blocks(table)
    walk.part(table)
    if is_frame:
        _frame(walk, manager, blocks, depth, pandas)
    else:
        walk.text("series", "")
        walk.value(attributes.get("_name"), depth)
        _index(walk, manager.axes[0], depth, pandas)
        _column(walk, blocks[0].values, depth, pandas)
    attrs = attributes.get("_attrs")
    if type(attrs) is dict and attrs:
        walk.value(attrs, depth)
    if not is_pandas(kind):
        walk.text("table", qualified_name(kind))
        for name in sorted(attributes.keys() - _OWN_ATTRIBUTES):
            walk.text("attribute", name)
            walk.value(attributes[name], depth)


def _frame(walk: Any, manager: Any, blocks: list[Any], depth: int, pandas: Any) -> None:
    """Feed a frame column by column: how pandas has grouped them into blocks is no part of its value."""
    names, index = manager.axes
    _index(walk, names, depth, pandas)
    _index(walk, index, depth, pandas)
    columns: list[Any] = [None] * len(names)
    walk.text("frame", f"{len(index)} {len(columns)}")
    for block in blocks:
        values = block.values
        rows = derives(type(values), loaded("numpy").ndarray) or is_pandas(type(values))
        for row, place in enumerate(block.mgr_locs.as_array.tolist()):
            columns[place] = values[row] if rows and values.ndim == 2 else values  # noqa: PLR2004
    for column in columns:
        _column(walk, column, depth, pandas)


def _index(walk: Any, index: Any, depth: int, pandas: Any) -> None:
    if not is_pandas(type(index)):
        raise ValueError(type(index))
    items(walk, "names", list(index.names), depth)
    if isinstance(index, pandas.RangeIndex):
        walk.text("range", f"{index.start} {index.stop} {index.step}")
    elif isinstance(index, pandas.MultiIndex):
        for level in index.levels:
            _own_kind(type(level._values))  # noqa: SLF001 - the only way without a copy
        walk.afford(len(index) * 1e-6)
        items(walk, "index", index.tolist(), depth)
    else:
        _column(walk, index._values, depth, pandas)  # noqa: SLF001


def _own_kind(kind: type) -> None:
    if not is_pandas(kind) and kind is not loaded("numpy").ndarray:
        raise ValueError(kind)


def _column(walk: Any, values: Any, depth: int, pandas: Any) -> None:
    numpy: Any = loaded("numpy")
    _own_kind(type(values))
    if type(values) is numpy.ndarray:
        owner = values
        while type(owner.base) is numpy.ndarray:
            owner = owner.base
        walk.part(owner)
        array(walk, values, depth)
        return
    walk.text("column", str(values.dtype))
    if isinstance(values, pandas.Categorical):
        walk.text("ordered", str(values.ordered))
        array(walk, numpy.asarray(values.codes), depth)
        _index(walk, values.categories, depth, pandas)
    elif hasattr(values, "asi8"):
        array(walk, values.asi8, depth)
    elif hasattr(values, "_data") and hasattr(values, "_mask"):
        array(walk, numpy.where(values._mask, numpy.zeros((), values._data.dtype), values._data), depth)  # noqa: SLF001
        array(walk, values._mask, depth)  # noqa: SLF001
    else:
        walk.afford(len(values) * 1e-7)  # to make a list of it; what is in that is counted there
        arrow = getattr(values, "_pa_array", None)  # past pandas' own conversions, which touch Python's warnings
        items(walk, "column", list(values) if arrow is None else arrow.to_pylist(), depth)
