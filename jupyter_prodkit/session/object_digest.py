# ruff: noqa: SIM905 - long lists read best as words
"""Digests of objects by their class, their attributes and what a subclass of a builtin type holds besides."""

from __future__ import annotations

import enum
import fractions
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from jupyter_prodkit.session.classes import (
    derives,
    instance_attributes,
    is_genuine,
    is_iterator,
    is_users_class,
    line_of,
    module_of,
    qualified_name,
    written_in_c,
)
from jupyter_prodkit.session.container_digest import mapping, sequence, set_value

if TYPE_CHECKING:
    from jupyter_prodkit.session.walk import Walk

__all__ = ["object_value"]

_PRIVATE_STATE = frozenset({"sklearn", "networkx", "torch", "xgboost", "lightgbm"})
"""Libraries whose objects keep what they know in private attributes; of others those are caches most often."""
_EMPTY_BASES = frozenset({"abc", "typing", "_abc"})
_WITHOUT_VALUE = frozenset(
    "matplotlib mpl_toolkits IPython ipykernel ipywidgets traitlets threading _thread asyncio socket ssl io _io "
    "sqlite3 subprocess concurrent multiprocessing weakref plotly bokeh altair tqdm dask ray pyspark".split()
)
_BY_NAME_ALONE = frozenset({"logging", "argparse", "typing"})
"""Libraries whose objects stand for themselves: to use a logger changes nothing that a result depends on."""
_SLOTS_OF_FRACTION = tuple(vars(fractions.Fraction)[name] for name in fractions.Fraction.__slots__)


def object_value(walk: Walk, value: Any, kind: type, depth: int) -> None:
    """Feed an object of a class that none of the tables knows."""
    library = _library_of(kind)
    for base in line_of(kind):
        known = _BY_LIBRARY.get(_library_of(base))
        if known is not None and is_genuine(base) and known(walk, value, kind, depth):
            return
    if kind is object or library in _WITHOUT_VALUE or derives(kind, BaseException) or is_iterator(kind):
        walk.give_up()
    if library in _BY_NAME_ALONE:
        walk.text("object", qualified_name(kind))
        return
    if _may_keep_book(kind):
        walk.keeps_book()
    walk.part(value)
    walk.value(kind, depth)
    _builtin_content(walk, value, kind, depth)
    attributes = instance_attributes(value, kind, walk.afford_nodes)
    if attributes is None:
        walk.give_up()
    _attributes(walk, attributes, kind, depth)


def _attributes(walk: Walk, attributes: list[tuple[str, Any]], kind: type, depth: int) -> None:
    if derives(kind, enum.Enum):
        attributes = [(name, item) for name, item in attributes if name in {"_name_", "_value_"}]
    shown, hidden = _by_meaning(attributes, kind)
    walk.text("attributes", str(len(shown)))
    for name, item in shown:
        walk.text("attribute", name)
        walk.attribute(item, depth, of_library=not is_users_class(kind))
    walk.hide(hidden, depth)


def _by_meaning(
    attributes: list[tuple[str, Any]], kind: type
) -> tuple[list[tuple[str, Any]], list[tuple[str, Any]]]:
    """What makes the value what it is, and what a library keeps to itself; caches are neither."""
    if _library_of(kind) in _PRIVATE_STATE or is_users_class(kind):
        return attributes, []
    kept = [(name, item) for name, item in attributes if "cache" not in name and not _is_cached(kind, name)]
    shown = [one for one in kept if not one[0].startswith("_")]
    return (shown, [one for one in kept if one[0].startswith("_")]) if shown else (kept, [])


def _library_of(kind: type) -> str:
    return module_of(kind).partition(".")[0]


def _may_keep_book(kind: type) -> bool:
    """Whether attributes may tell how an object was used, and not only what it is: its class compares none."""
    library = _library_of(kind)
    if is_users_class(kind) or library in _PRIVATE_STATE or library in sys.stdlib_module_names:
        return False
    return not any("__eq__" in type.__dict__["__dict__"].__get__(base) for base in line_of(kind) if base is not object)


def _is_cached(kind: type, name: str) -> bool:
    for base in type.__dict__["__mro__"].__get__(kind):
        member = type.__dict__["__dict__"].__get__(base).get(name)
        if member is not None:
            described = type(member).__name__.lower()
            return "cache" in described or "lazy" in described
    return False


def _builtin_content(walk: Walk, value: Any, kind: type, depth: int) -> None:
    """Feed what a subclass of a builtin type holds besides its attributes; gives up on what it doesn't know."""
    unknown = written_in_c(kind)
    for base, feed in _CONTENT:
        if derives(kind, base):
            feed(walk, value, depth)
            unknown = [one for one in unknown if not derives(base, one)]
            break
    if unknown and not all(one.__module__ in _EMPTY_BASES for one in unknown):
        walk.give_up()


def _fraction(walk: Walk, value: fractions.Fraction, depth: int) -> None:
    for slot in _SLOTS_OF_FRACTION:
        walk.value(slot.__get__(value), depth)


_CONTENT: tuple[tuple[type, Callable[[Walk, Any, int], None]], ...] = (
    (dict, mapping),
    (list, sequence),
    (tuple, sequence),
    (set, set_value),
    (frozenset, set_value),
    (str, lambda walk, value, _: walk.text("s", str.__str__(value))),
    (int, lambda walk, value, _: walk.text("i", int.__repr__(value))),
    (float, lambda walk, value, _: walk.number(float.__float__(value))),
    (fractions.Fraction, _fraction),
    (bytes, lambda walk, value, _: walk.bytes("b", bytes.__getitem__(value, slice(None)), bytes.__len__(value))),
)


def _library(name: str) -> Callable[[Walk, Any, type, int], bool]:
    def feed(walk: Walk, value: Any, kind: type, depth: int) -> bool:
        # Loaded with the first value of its kind: few notebooks have all of them.
        if name == "pandas_value":
            from jupyter_prodkit.session.pandas_digest import pandas_value

            return pandas_value(walk, value, kind, depth)
        from jupyter_prodkit.session import library_digest

        return bool(getattr(library_digest, name)(walk, value, kind, depth))

    return feed


_BY_LIBRARY: Mapping[str, Callable[[Walk, Any, type, int], bool]] = {
    "numpy": _library("numpy_value"),
    "pandas": _library("pandas_value"),
    "scipy": _library("scipy_value"),
    "sklearn": _library("sklearn_value"),
    "torch": _library("torch_value"),
    "polars": _library("polars_value"),
    "random": _library("random_value"),
    "PIL": _library("pillow_value"),
}
