"""Whatever the user's objects do when they are asked, tracking asks them nothing, wherever they stand."""

from __future__ import annotations

import gc
import importlib.util
import logging
import sys
import threading
import types
from typing import Any

import hostile
import numpy as np
import pytest
from hostile import ERRORS, MAKERS, PLACES
from not_yet import case, known

from jupyter_prodkit.check.check import check_session
from jupyter_prodkit.session.glimpse import glimpse
from jupyter_prodkit.session.tracker import Tracker

HOMES = ("__main__", "users_library.parts")


@pytest.fixture(params=["hurried", "unhurried"])
def tracker_of(request):
    """A tracker as it is in the user's kernel, and one that looks at everything to its end, as in a kernel of ours."""

    def make(names: dict[str, Any]) -> Tracker:
        return Tracker(names, from_start=True, on_executed=lambda _: None, unhurried=request.param == "unhurried")

    return make


@pytest.fixture(autouse=True)
def _nothing_asked_yet(caplog):
    caplog.set_level(logging.DEBUG, "jupyter_prodkit")
    hostile.asked.clear()
    gc.disable()  # an object that is collected may be asked to close itself, at any moment
    yield
    gc.enable()
    hostile.asked.clear()


def run(tracker: Tracker, source: str, names: dict[str, Any]) -> None:
    """Run a cell, or have the names changed as it would have changed them."""
    tracker.before_run(source)
    hostile_before = list(hostile.asked)
    exec(compile(source, "cell", "exec"), names)
    hostile.asked[:] = hostile_before  # what the cell itself asks is its own affair
    tracker.after_run("a", 1, None)


# Bindings, uses that may change it in place, callbacks between cells, a function that reads it, an end.
CELLS = (
    "held = value", "def touch(v): return value", "touch(held)", "pair = [value]", "pair.append(1)", "exec('z = value')", "del held",
)  # fmt: skip


@pytest.mark.parametrize("make", [case(f"hostile: {name}", make) for name, make in MAKERS.items()])
def test_nothing_is_asked(tracker_of, make, caplog):
    """Of no object, whatever its class derives from or pretends to be, in no container; and each cell is recorded."""
    names: dict[str, Any] = {"__name__": "__main__"}
    tracker = tracker_of(names)
    run(tracker, "start = 1", names)
    found: dict[str, list[str]] = {}
    for module in HOMES:
        for where, place in PLACES.items():
            value = place(make(module, RuntimeError))
            names["value"] = value
            hostile.asked.clear()
            for cell in CELLS:
                tracker.disturb()
                run(tracker, cell, names)
                assert tracker.timeline.executions[-1].source == cell
            glimpse(value)
            if hostile.asked:
                found[f"{where}, {module}"] = list(hostile.asked)
    assert found == {}
    assert "could not" not in caplog.text


@pytest.mark.parametrize("make", [case(f"gets out: {name}", make) for name, make in MAKERS.items()])
def test_nothing_gets_out_of_a_look(make):
    """Not even SystemExit or KeyboardInterrupt from a question that should not have been asked."""
    found = []
    for act, error in ERRORS.items():
        for module in HOMES:
            for where in ("by itself", "in a list", "in an object", "in a frame"):
                escaped = _escapes(PLACES[where](make(module, error)))
                if escaped:
                    found.append((act, where, module, escaped))
    assert found == []


def _escapes(value: Any) -> str:
    try:
        glimpse(value)
    except BaseException as raised:  # noqa: BLE001 - that is the question
        return type(raised).__name__
    return ""


class Sleeps(threading.Event):
    """Would make everyone wait who asks it."""

    def __getattr__(self, name: str) -> Any:
        hostile.asked.append(name)
        self.wait(30)
        raise AttributeError(name)


def test_who_would_be_kept_waiting_is_not_asked(tracker_of):
    names: dict[str, Any] = {"__name__": "__main__"}
    tracker = tracker_of(names)
    names["value"] = [Sleeps()]
    for cell in CELLS:
        run(tracker, cell, names)
    assert hostile.asked == []


# -- size -----------------------------------------------------------------------------------------------------------


class Enough(BaseException):
    """More work was done than there may be."""


def looks_at(value: Any, cell: str = "touch(value)") -> int:
    """The most function calls that the tracker makes around one of several runs of a cell: a measure of its work."""
    names: dict[str, Any] = {"__name__": "__main__", "touch": lambda _: None}
    tracker = Tracker(names, from_start=True, on_executed=lambda _: None)
    names["value"] = value
    calls, most = 0, 0

    def count(_: object, event: str, __: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}
        if calls > MOST_CALLS:
            raise Enough

    for _ in range(4):
        calls = 0
        sys.setprofile(count)
        try:
            tracker.before_run(cell)
            tracker.after_run("a", 1, None)
        except Enough:
            return calls
        finally:
            sys.setprofile(None)
        most = max(most, calls)
    return most


MOST_CALLS = 100_000
LARGE = {
    "ten million numbers": lambda: list(range(10_000_000)),
    "a million lists": lambda: [[n] for n in range(1_000_000)],
    "a million objects": lambda: [hostile.Holder(n) for n in range(1_000_000)],
    "a large dict": lambda: {n: [n] for n in range(500_000)},
    "a large set": lambda: set(range(300_000)),
    "a large tuple of tuples": lambda: tuple((n, (n,)) for n in range(500_000)),
    "a long chain": lambda: _chain(200_000),
    "a wide object": lambda: types.SimpleNamespace(**{f"n{n}": [n] for n in range(100_000)}),
    "many attributes": lambda: _with_attributes(100_000),
    "an array of objects": lambda: np.array([[n] for n in range(300_000)] + [0], dtype=object),
    "a large array": lambda: np.zeros(20_000_000),
    "a class of many members": lambda: type("Large", (), {"__module__": "__main__", **{f"m{n}": [n] for n in range(20_000)}}),
    "a function that encloses it all": lambda: _enclosing([[n] for n in range(300_000)]),
    "cycles within cycles": lambda: _web(3_000),
    "one list many times": lambda: _shared(40),
}  # fmt: skip


def _enclosing(kept: Any) -> Any:
    return lambda: kept


def _chain(length: int) -> Any:
    made: Any = None
    for _ in range(length):
        made = [made]
    return made


def _with_attributes(count: int) -> Any:
    made = hostile.Holder(0)
    vars(made).update({f"n{n}": [n] for n in range(count)})
    return made


def _web(count: int) -> Any:
    nodes = [hostile.Holder(n) for n in range(count)]
    for node in nodes:
        node.extra = nodes
    return nodes[0]


def _shared(depth: int) -> Any:
    """A list of 2 to the power of `depth` paths."""
    made: list[Any] = [1]
    for _ in range(depth):
        made = [made, made]
    return made


@pytest.mark.parametrize("make", [case(f"large: {name}", make) for name, make in LARGE.items()])
def test_a_look_at_a_large_value_is_bounded(make):
    """When a small cell is handed a large value, no more is done than for some ten thousand elements."""
    value = make()
    try:
        assert looks_at(value) < MOST_CALLS
    finally:
        if type(value) is list and len(value) == 1:  # a long chain ends in as deep a recursion
            while value and type(value[0]) is list:
                value[:] = value[0]


def test_deep_values_end_no_process():
    deep = _chain(500_000)
    for budget_cell in ("touch(value)", "value.append(1)"):
        assert looks_at(deep, budget_cell) < MOST_CALLS
    while deep and type(deep[0]) is list:
        deep[:] = deep[0]


# -- while others are at it -----------------------------------------------------------------------------------------


@known("threads", strict=False)
def test_values_that_other_threads_change_meanwhile(tracker_of, caplog):
    """A dict that grows and shrinks while it is looked at: no error, and each cell is recorded."""
    shared: dict[int, Any] = {0: [0]}
    names: dict[str, Any] = {"__name__": "__main__", "shared": shared, "touch": lambda _: None}
    tracker = tracker_of(names)
    stop = threading.Event()

    def change() -> None:
        n = 0
        while not stop.is_set():
            n += 1
            shared[n % 500] = [n]
            shared.pop((n * 7) % 500, None)
            names[f"t{n % 50}"] = n
            names.pop(f"t{(n * 3) % 50}", None)

    threads = [threading.Thread(target=change) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for n in range(150):
            run(tracker, f"touch(shared); n = {n}", names)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert "could not" not in caplog.text
    assert len([one for one in tracker.timeline.executions if one.source]) == 150


# -- libraries that are not what they seem --------------------------------------------------------------------------


class AskedModule(types.ModuleType):
    """A module that counts what it is asked for."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        hostile.asked.append(f"{self.__name__}.{name}")
        raise RuntimeError(name)


LIBRARIES = ["torch", "polars", "matplotlib", "pandas", "numpy", "sklearn", "scipy", "tensorflow", "jax", "dask"]


@pytest.mark.parametrize("library", [case(f"pretended: {name}", name) for name in LIBRARIES])
def test_a_library_that_is_only_pretended_is_not_asked(tracker_of, monkeypatch, library, caplog):
    """Some put an object of their own into `sys.modules`, to import late."""
    names: dict[str, Any] = {"__name__": "__main__", "touch": lambda _: None, "x": [object()]}
    tracker = tracker_of(names)
    monkeypatch.setitem(sys.modules, library, AskedModule(library))
    for cell in ("touch(x)", "y = [touch]", "def f(): return x", "f()"):
        run(tracker, cell, names)
    check = [one.source for one in tracker.timeline.executions]
    monkeypatch.undo()
    assert hostile.asked == []
    assert "f()" in check


@known("loaded late")
def test_a_library_that_is_to_be_loaded_late_stays_unloaded(tracker_of, monkeypatch, tmp_path):
    """`importlib.util.LazyLoader`: a module that is executed when it is first asked anything."""
    (tmp_path / "torch.py").write_text("import hostile\nhostile.asked.append('torch is loaded')\n")
    spec = importlib.util.spec_from_file_location("torch", tmp_path / "torch.py")
    assert spec is not None
    assert spec.loader is not None
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "torch", module)
    spec.loader.exec_module(module)
    names: dict[str, Any] = {"__name__": "__main__", "torch": module, "touch": lambda _: None}
    tracker = tracker_of(names)
    for cell in ("touch(torch)", "x = [torch]", "touch(x)", "y = 1"):
        run(tracker, cell, names)
    assert hostile.asked == []


ENTRIES = {"none": None, "a number": 5, "a text": "text", "hostile": hostile.Hostile}


@pytest.mark.parametrize("entry", [case(f"entry: {name}", entry) for name, entry in ENTRIES.items()])
def test_odd_entries_among_the_modules(tracker_of, monkeypatch, entry, caplog):
    names: dict[str, Any] = {"__name__": "__main__"}
    tracker = tracker_of(names)
    for library in ("numpy", "pandas", "torch", "odd_one"):
        monkeypatch.setitem(sys.modules, library, object.__new__(entry) if isinstance(entry, type) else entry)
    run(tracker, "x = [1]", names)
    run(tracker, "x.append(2)", names)
    monkeypatch.undo()
    assert hostile.asked == []
    assert [one.source for one in tracker.timeline.executions] == ["x = [1]", "x.append(2)"]


# -- the cells' own doings ------------------------------------------------------------------------------------------


def test_names_that_are_no_text(tracker_of):
    """Keys of `globals()` may be anything that has a hash."""

    class Key(str):
        __slots__ = ()

        def __eq__(self, other: object) -> bool:
            hostile.asked.append("key eq")
            return str.__eq__(self, other)

        __hash__ = str.__hash__

        def __len__(self) -> int:
            hostile.asked.append("key len")
            return 1

    names: dict[Any, Any] = {"__name__": "__main__", 7: "seven", (1, 2): [], None: 1, b"x": 2, Key("key"): 3}
    tracker = tracker_of(names)
    for cell in ("x = 1", "exec('y = x')", "del x"):
        run(tracker, cell, names)
    assert [set(one.outputs) - {"key"} for one in tracker.timeline.executions if one.source] == [{"x"}, {"y"}, set()]


def test_a_report_on_hostile_values_asks_them_nothing(tracker_of):
    from pathlib import Path

    from jupyter_prodkit.notebook.document import Cell, Notebook

    names: dict[str, Any] = {"__name__": "__main__"}
    tracker = tracker_of(names)
    for name, make in MAKERS.items():
        names["value"] = make("__main__", RuntimeError)
        hostile.asked.clear()
        run(tracker, f"x = value  # {name}", names)
    page = Notebook(Path("x.ipynb"), (Cell("a", 0, "code", "x = value", execution_count=1),), from_file=False)
    assert check_session(page, tracker.timeline).cells[0].state == "failed"  # no cell makes `value`
    assert hostile.asked == []
