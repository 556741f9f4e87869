"""Values that differ are never taken to be one: whatever is shown of them, their digests differ or there are none."""

from __future__ import annotations

import array
import collections
import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import functools
import io
import ipaddress
import itertools
import pathlib
import re
import types
import uuid

import numpy as np
import pandas as pd
import pytest
from not_yet import case

from jupyter_prodkit.session.glimpse import glimpse


def cells_own(kind: type) -> type:
    """The class as if a cell had defined it."""
    kind.__module__ = "__main__"
    return kind


def of_library(kind: type) -> type:
    """The class as if a library had defined it."""
    kind.__module__ = "some_library.parts"
    return kind


@dataclasses.dataclass(slots=True)
class Slotted:
    x: object


@dataclasses.dataclass
class Plain:
    x: object


class WithPrivate:
    def __init__(self, x):
        self.name, self._x = "same", x


class Units(np.ndarray):
    pass


class Table(pd.DataFrame):
    _metadata = ("label",)


class Queue(collections.deque):
    pass


class Day(dt.date):
    pass


class Share(fractions.Fraction):
    pass


class Amount(decimal.Decimal):
    pass


class Whole(int):
    pass


class Buffer(bytearray):
    pass


class Letters(array.array):
    pass


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class HidesDict:
    def __init__(self, x):
        object.__setattr__(self, "x", x)

    __dict__ = property(lambda self: {})


def labelled(value):
    """The value with an attribute of its own."""
    object.__setattr__(value, "label", "same")
    return value


def units(x):
    return labelled(np.array([1.0, x]).view(Units))


def cached(*calls):
    function = functools.lru_cache(lambda v: v)
    for call in calls:
        function(call)
    return function


def advanced(iterator, steps):
    for _ in range(steps):
        next(iterator)
    return iterator


def closed_over(x):
    return lambda: x


def with_defaults(x):
    return lambda v=x: v


def function_of(**attributes):
    def made():
        return 1

    vars(made).update(attributes)
    return made


def cyclic(x):
    made = [x]
    made.append(made)
    return made


def nested(depth, x):
    return functools.reduce(lambda inner, _: [inner], range(depth), x)


FRAME = {"a": [1, 2], "b": ["x", "y"]}
half_read, with_attrs = io.BytesIO(b"ab"), pd.DataFrame(FRAME)
half_read.read(1)
with_attrs.attrs["k"] = 1

# Name → two values that print, compare or behave differently.
TWINS = {
    "integers": (1, 2), "true and one": (True, 1), "one and a float": (1, 1.0), "minus nought": (0.0, -0.0),
    "texts": ("a", "b"), "text and bytes": ("a", b"a"), "large integers": (10**40, 10**40 + 1),
    "the eleventh digit": (1234567890.5, 1234567890.25), "seconds since 1970": (1_700_000_000.25, 1_700_000_042.5),
    "a long float": (0.12345678901, 0.12345678902), "large floats": (1e15, 1e15 + 1),
    "floats of an array": (np.array([1_700_000_000.25]), np.array([1_700_000_042.5])),
    "short floats": (np.float32([1.0]), np.float32([1.0000001])), "not a number": (float("nan"), float("inf")),
    "surrogates": ("\ud800", "\udfff"), "composed letters": ("é", "e\u0301"),
    "lists": ([1], [2]), "lists of lists": ([[1]], [[2]]), "list and tuple": ([1], (1,)),
    "order of a dict": ({1: 1, 2: 2}, {2: 2, 1: 1}), "deep in a dict": ({"a": {"b": [1]}}, {"a": {"b": [2]}}),
    "sets": ({1}, {2}), "frozen sets": (frozenset({1}), {1}), "empty ones": ([], ()), "none and nothing": (None, [None]),
    "shared or not": ([[1]] * 2, [[1], [1]]), "cycles": (cyclic(1), cyclic(2)),
    "how it is nested": ([[], [[]]], [[[]], []]), "split otherwise": (["ab", "c"], ["a", "bc"]),
    "very deep": (nested(200, 1), nested(200, 2)), "long lists": (list(range(50_000)), [*range(49_999), 0]),
    "long lists of lists": ([[n] for n in range(20_000)], [*([n] for n in range(19_999)), [0]]),
    "slots, of a cell": tuple(cells_own(Slotted)(n) for n in (1, 2)),
    "deques": (collections.deque([1]), collections.deque([2])), "longest": (collections.deque([1], 5), collections.deque([1], 6)),
    "what is missing": (collections.defaultdict(list), collections.defaultdict(set)),
    "ordered": (collections.OrderedDict(a=1, b=2), collections.OrderedDict(b=2, a=1)),
    "bytearrays": (bytearray(b"a"), bytearray(b"b")), "views": (memoryview(b"a"), memoryview(b"b")),
    "arrays": (array.array("i", [1]), array.array("i", [2])), "kinds of array": (array.array("i", [1]), array.array("l", [1])),
    "dates": (dt.date(2020, 1, 1), dt.date(2020, 1, 2)), "zones": (dt.time(1), dt.time(1, tzinfo=dt.timezone.utc)),
    "decimals": (decimal.Decimal("1.0"), decimal.Decimal("1.00")), "fractions": (fractions.Fraction(1, 3), fractions.Fraction(2, 3)),
    "paths": (pathlib.Path("a"), pathlib.Path("b")), "ids": (uuid.UUID(int=1), uuid.UUID(int=2)),
    "addresses": (ipaddress.ip_address("10.0.0.1"), ipaddress.ip_address("10.0.0.2")),
    "networks": (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("11.0.0.0/8")),
    "patterns": (re.compile("a"), re.compile("b")), "flags of a pattern": (re.compile("a"), re.compile("a", re.IGNORECASE)),
    "matches": (re.match(".", "a"), re.match(".", "b")), "ranges": (range(3), range(4)), "slices": (slice(1), slice(2)),
    "members": (Colour.RED, Colour.BLUE), "spaces": (types.SimpleNamespace(a=1), types.SimpleNamespace(a=2)),
    "errors": (ValueError(1), ValueError(2)),
    "errors of other kinds": (ValueError(1), TypeError(1)),
    "iterators": (iter([1, 2]), advanced(iter([1, 2]), 1)), "counts": (itertools.count(1), itertools.count(2)),
    "generators": ((n for n in "ab"), advanced((n for n in "ab"), 1)), "zips": (zip([1], [2], strict=True), zip([1], [3], strict=True)),
    "buffers": (io.StringIO("a"), io.StringIO("b")), "places in a buffer": (io.BytesIO(b"ab"), half_read),
    "caches": (cached(1), cached(2)), "sizes of caches": (cached(1), cached(1, 2)),
    "partials": (functools.partial(max, 1), functools.partial(max, 2)), "what is enclosed": (closed_over(1), closed_over(2)),
    "defaults": (with_defaults(1), with_defaults(2)), "attributes of functions": (function_of(n=1), function_of(n=2)),
    "bound methods": ([1].append, [2].append), "bytes of a view": (np.arange(4)[::2], np.arange(4)[1::2]),
    "arrays of floats": (np.zeros(3), np.array([0, 0, 1.0])), "kinds of number": (np.zeros(3), np.zeros(3, int)),
    "shapes": (np.zeros((2, 3)), np.zeros((3, 2))), "arrays of objects": (np.array([[1], 0], object), np.array([[2], 0], object)),
    "records": (np.array([(1, 2.0)], "i4,f8"), np.array([(1, 3.0)], "i4,f8")), "masks": (np.ma.array([1, 2], mask=[0, 1]), np.ma.array([1, 2], mask=[0, 0])),
    "fill values": (np.ma.array([1, 2], mask=[0, 1], fill_value=7), np.ma.array([1, 2], mask=[0, 1], fill_value=8)),
    "days": (np.array(["2020-01-01"], "M8[D]"), np.array(["2020-01-02"], "M8[D]")), "writeable or not": (np.zeros(1), np.broadcast_to(0.0, 1)),
    "numbers of NumPy": (np.float64(1), 1.0), "texts of NumPy": (np.array(["a"]), np.array(["b"])), "text kinds": (np.array(["a"]), np.array(["a"], "U9")),
    "large arrays": (np.zeros(500_000), np.r_[np.zeros(499_999), 1]), "generators of numbers": (np.random.default_rng(1), np.random.default_rng(2)),
    "order of an array": (np.zeros((2, 2)), np.zeros((2, 2), order="F")[::-1] + 1), "arrays, no dimension": (np.array(1), np.array(2)),
    "tables": (pd.DataFrame(FRAME), pd.DataFrame({**FRAME, "a": [1, 3]})), "tables' texts": (pd.DataFrame(FRAME), pd.DataFrame({**FRAME, "b": ["x", "z"]})),
    "names of columns": (pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]})), "indices": (pd.DataFrame(FRAME), pd.DataFrame(FRAME, index=[5, 6])),
    "names of indices": (pd.DataFrame(FRAME), pd.DataFrame(FRAME).rename_axis("i")), "order of columns": (pd.DataFrame(FRAME), pd.DataFrame(FRAME)[["b", "a"]]),
    "kinds of column": (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1]}, dtype="int32")), "missing": (pd.DataFrame({"a": [1, None]}), pd.DataFrame({"a": [None, 1]})),
    "missing, nullable": (pd.array([1, None], "Int64"), pd.array([None, 1], "Int64")), "kinds of missing": (pd.Series([None], dtype=object), pd.Series([float("nan")], dtype=object)),
    "attrs": (pd.DataFrame(FRAME), with_attrs),
    "categories": (pd.Categorical(["a"], ["a", "b"]), pd.Categorical(["a"], ["a", "c"])), "ordered categories": (pd.Categorical(["a"]), pd.Categorical(["a"], ordered=True)),
    "series": (pd.Series([1]), pd.Series([2])), "names of series": (pd.Series([1], name="a"), pd.Series([1], name="b")), "series and index": (pd.Series([1]), pd.Index([1])),
    "times": (pd.to_datetime(["2020-01-01"]), pd.to_datetime(["2020-01-02"])), "zones of times": (pd.to_datetime(["2020-01-01"]), pd.to_datetime(["2020-01-01"], utc=True)),
    "units of times": (pd.to_datetime(["2020-01-01"]).as_unit("s"), pd.to_datetime(["2020-01-01"]).as_unit("ns")), "frequencies": (pd.date_range("2020", periods=2), pd.date_range("2020", periods=2, freq="ME")),
    "several levels": (pd.MultiIndex.from_tuples([("a", 1)]), pd.MultiIndex.from_tuples([("a", 2)])), "intervals": (pd.interval_range(0, 2), pd.interval_range(0, 2, closed="left")),
    "objects in a table": (pd.DataFrame({"o": [[1]]}), pd.DataFrame({"o": [[2]]})), "sparse": (pd.arrays.SparseArray([0, 1]), pd.arrays.SparseArray([1, 0])),
    "columns of one name": (pd.DataFrame([[1, 2]], columns=["a", "a"]), pd.DataFrame([[2, 1]], columns=["a", "a"])), "periods": (pd.period_range("2020", periods=1, freq="M"), pd.period_range("2020", periods=1, freq="D")),
    "groups": (pd.DataFrame(FRAME).groupby("a"), pd.DataFrame(FRAME).groupby("b")), "windows": (pd.Series([1, 2]).rolling(1), pd.Series([1, 2]).rolling(2)),
}  # fmt: skip

# Objects that differ in `x` alone, by how their class keeps it; of a cell and of a library.
KEEPERS = {
    "slots": Slotted, "attributes": Plain, "private": WithPrivate, "array": units, "space": lambda x: types.SimpleNamespace(x=x),
    "table": lambda x: labelled(Table({"a": [x]})), "deque": lambda x: labelled(Queue([x])),
    "day": lambda x: labelled(Day(2020, 1, x)), "fraction": lambda x: labelled(Share(1, 2 + x)),
    "decimal": lambda x: labelled(Amount(x)), "integer": lambda x: labelled(Whole(x)),
    "buffer": lambda x: labelled(Buffer([x])), "letters": lambda x: labelled(Letters("i", [x])),
    "hidden attributes": HidesDict,
}  # fmt: skip


@pytest.mark.parametrize(("one", "other"), [case(f"twins: {name}", *pair) for name, pair in TWINS.items()])
def test_values_that_differ(one, other):
    digests = glimpse(one).digest, glimpse(other).digest
    assert digests == (None, None) or digests[0] != digests[1]


HOMES = {"of a cell": cells_own, "of a library": of_library}


@pytest.mark.parametrize(
    ("keep", "home"),
    [case(f"twins: {name}, {home}", keep, HOMES[home]) for name, keep in KEEPERS.items() for home in HOMES],
)
def test_objects_that_differ_however_they_keep_it_and_however_deep_they_stand(keep, home):
    one, other = keep(1), keep(2)
    if type(one) is not types.SimpleNamespace:
        home(type(one))
    for around in (
        lambda v: v,
        lambda v: [v],
        lambda v: {"k": (v,)},
        lambda v: pd.DataFrame({"o": pd.Series([v], dtype=object)}),
    ):
        first, second = glimpse(around(one)).digest, glimpse(around(other)).digest
        assert first is None or first != second


class Fitted:
    def __init__(self, x):
        self.x = x


class Compared(Fitted):
    def __eq__(self, other):
        return self.x == other.x

    __hash__ = None


@pytest.mark.parametrize("around", [lambda v: v, lambda v: [v], lambda v: {"k": Plain(v)}], ids=["bare", "listed", "held"])
@pytest.mark.parametrize(
    ("kind", "home", "surely"),
    [(Fitted, of_library, False), (Fitted, cells_own, True), (Compared, of_library, True)],
    ids=["a library's", "a cell's", "a library's that are compared"],
)
def test_attributes_of_a_librarys_object_may_only_tell_how_it_was_used(kind, home, surely, around):
    """A fitted model that counts its predictions is still that model: changed, but not surely another."""
    home(kind)
    cells_own(Plain)
    used, unused = glimpse(around(kind(2))), glimpse(around(kind(1)))
    assert used.was_changed(unused)
    assert used.differs_from(unused) is surely
    assert glimpse(around(kind(1))).equals(unused)
