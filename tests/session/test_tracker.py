"""The tracker: what it records, and that nobody notices it."""

from __future__ import annotations

import gc
import io
import threading
import warnings
import weakref

import hostile
import pytest

from jupyter_prodkit.session.record import Execution, Timeline, thinned


def outputs(run: Execution) -> set[str]:
    return set(run.outputs)


def test_a_run_is_recorded(tracked):
    first = tracked.run("x = 1", "one", 1)
    second = tracked.run("y = x + z", "two", 2)
    assert (first.number, first.cell_id, first.count, first.success) == (1, "one", 1, True)
    assert outputs(first) == {"x"}
    assert (second.success, set(second.inputs), second.absent, second.lacked) == (False, {"x"}, {"z"}, "z")
    assert tracked.told == ["one", "two"]
    assert set(tracked.tracker.timeline.live) == {"x"}


@pytest.mark.parametrize(
    ("before", "code", "written"),
    [
        ("", "x = 1", "x"),
        ("x = 1", "x = 1", "x"),
        ("l = []", "l.append(1)", "l"),
        ("l = []\nm = l", "m.append(1)", "l m"),
        ("l = []\nd = {'l': l}", "d['l'].append(1)", "d l"),
        ("l = []\ndef f(): l.append(1)", "f()", "l"),
        ("x = 5\ny = 5", "x += 0", "x"),
        ("l = [1]", "len(l)", ""),
        ("def f():\n    global x\n    x = 1", "f()", "x"),
        ("", "for i in []: j = i", ""),
        ("i = j = 7", "for i in []: j = i", ""),
        ("x = 1", "if x > 5: y = 1", ""),
        ("", "exec('x' + ' = 1')", "x"),
        ("import os", "os.getcwd()", ""),
        ("x = 1", "x = 2\n1 / 0", "x"),
        ("x = [1]", "y = 3\n1 / 0\nx = 3", "y"),
    ],
)
def test_what_a_run_writes(tracked, before, code, written):
    tracked.run(before or "pass")
    assert outputs(tracked.run(code)) == set(written.split())


@pytest.mark.parametrize(
    ("before", "code", "read"),
    [
        ("x = y = 1", "x", "x"),
        ("x = 1\ndef f(): return x", "f()", "f x"),
        ("x = 1\ndef f(): return x\ng = f", "g()", "g x"),
        ("x = 1\nclass A:\n    def m(self): return x\na = A()", "a.m()", "a x"),
        ("x = 1\nclass A:\n    def m(self): return x", "a = A()", "A"),
        ("k = 1\ndef deco(f):\n    def g(): return f()\n    return g\n@deco\ndef h(): return k", "h()", "h k"),
        ("shape = 1\nclass A:\n    def m(self): return self.shape\na = A()", "a.m()", "a"),
        ("x = 1\nfs = [lambda: x]", "fs[0]()", "fs x"),
        ("x = y = 1", "eval('x' + '')", "x y"),
        ("import math", "math.pi", "math"),
        ("sum = 1", "sum", "sum"),
        ("x = 1", "print(1)", ""),
    ],
)
def test_what_a_run_reads(tracked, before, code, read):
    tracked.run(before)
    assert set(tracked.run(code).inputs) == set(read.split())


def test_equal_plain_values_are_one_version_wherever_they_come_from(tracked):
    one = tracked.run("x = [1, 2]").outputs["x"]
    other = tracked.run("x = list(range(1, 3))", "b").outputs["x"]
    assert one == other


def test_the_same_code_on_the_same_inputs_makes_the_same_version(tracked):
    made = [tracked.run("class A: pass\na = A()\nb = object()").outputs for _ in range(2)]
    assert made[0] == made[1]
    assert tracked.run("b = object()").outputs["b"] != made[0]["b"]


def test_what_changes_between_cells_is_recorded_as_from_elsewhere(tracked):
    """A widget's callback, a thread, a silent request."""
    tracked.run("x = 1\nl = [1]\ngone = 1")
    tracked.names["x"] = 2
    tracked.names["l"].append(5)
    del tracked.names["gone"]
    tracked.tracker.disturb()  # as the session does for each message that is no cell's
    tracked.run("print(l)")
    outside = tracked.tracker.timeline.executions[-2]
    assert (outside.cell_id, outside.source, outputs(outside), outside.deleted) == (None, "", {"x", "l"}, {"gone"})
    assert "gone" not in tracked.tracker.timeline.live


def test_code_that_runs_code_is_one_run(tracked):
    """`get_ipython().run_cell(...)` in a cell is part of that cell."""
    tracked.tracker.before_run("outer = 1")
    tracked.tracker.before_run("inner = 2")
    tracked.names.update(inner=2)
    tracked.tracker.after_run(None, None, None)
    tracked.names.update(outer=1)
    tracked.tracker.after_run("a", 1, None)
    assert [run.cell_id for run in tracked.tracker.timeline.executions] == ["a"]
    assert outputs(tracked.last) == {"outer", "inner"}


def test_models_are_known_by_their_class(tracked):
    tracked.run("class M:\n    def predict(self): pass\nm = M()\nclass No:\n    pass\nn = No(); n.predict = 1")
    assert tracked.tracker.timeline.models == {"m"}
    tracked.run("m = 1")
    assert tracked.tracker.timeline.models == set()


# -- harmless -----------------------------------------------------------------------------------------------------


def test_hostile_objects_are_never_asked_anything(tracked):
    """No `__eq__`, `__repr__`, `__len__`, `__getattr__` or `__hash__` is called, of objects or of classes."""
    tracked.names.update(hostile.everything())
    hostile.asked.clear()
    for code in ("x = 1", "y = hostile, of_list, of_dict, of_text, of_class, counting", "for i in among_others: pass"):
        assert tracked.run(code).success
    names = [
        "hostile",
        "of_list",
        "of_dict",
        "of_text",
        "of_class",
        "a_class",
        "false_frame",
        "odd",
        "counting",
        "generator",
    ]
    for name in names:
        assert tracked.run(f"again = {name}\ndel again").success
        assert tracked.run(f"def f(): return {name}\nf()").success
    assert tracked.run("eval('1' + '')").success
    assert hostile.asked == []
    assert len(tracked.tracker.timeline.executions) >= 3 + 2 * len(names)


def test_hostile_errors_are_never_asked_anything(tracked):
    tracked.names["Trouble"] = hostile.HostileError
    tracked.tracker.before_run("raise Trouble")
    error = Exception.__new__(hostile.HostileError)
    hostile.asked.clear()
    tracked.tracker.after_run("a", 1, error)
    assert hostile.asked == []
    assert not tracked.last.success


def test_it_keeps_nothing_alive(tracked):
    """A big object that the user deletes is gone at once; no cycle waits for the collector."""
    gc.disable()
    try:
        tracked.run("class Big:\n    def predict(self): return k\nbig = Big()\nlater = [big]\nk = 1\nf = lambda: big")
        tracked.run("big.predict()\nf()\nprint(later)")
        alive = weakref.ref(tracked.names["big"])
        tracked.run("del big, later, f")
        assert alive() is None
        tracked.run("big = Big()")
        alive = weakref.ref(tracked.names["big"])
        tracked.run("big.x = 1; 1 / 0")
        tracked.run("big = None")
        assert alive() is None
    finally:
        gc.enable()


def test_it_keeps_no_function_alive(tracked):
    tracked.run("def f(): return len(str(f))\ng = f")
    alive = weakref.ref(tracked.names["f"])
    tracked.run("g()")
    tracked.run("del f, g")
    gc.collect()
    assert alive() is None


def test_it_never_raises_into_a_cell(tracked, monkeypatch):
    """Whatever breaks in the tracker, the cell runs and the next one is recorded."""
    import jupyter_prodkit.session.tracker as module

    with monkeypatch.context() as broken:
        broken.setattr(module, "code_names", lambda _: 1 / 0)
        assert tracked.run is not None
        tracked.tracker.before_run("x = 1")
        tracked.tracker.after_run("a", 1, None)
    with monkeypatch.context() as broken:
        broken.setattr(module, "source_digest", lambda _: 1 / 0)
        tracked.tracker.before_run("x = 1")
        tracked.tracker.after_run("a", 1, None)
    assert tracked.tracker.timeline.executions == ()
    assert tracked.run("x = 1").success


def test_it_warns_of_nothing(tracked):
    """Warnings about the user's code are shown once, by Python, and those shown before are not shown again."""
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("default")
        filters = list(warnings.filters)
        tracked.tracker.before_run('p = "\\d"')
        tracked.tracker.after_run("a", 1, None)
        assert warnings.filters == filters
    assert given == []


def test_odd_names_do_no_harm(tracked):
    """Keys of `globals()` need not be text."""
    tracked.names[7] = "seven"
    tracked.names["naïve"] = 1
    assert outputs(tracked.run("größe = naïve")) == {"größe"}


def test_a_module_that_the_user_changes_is_still_a_module(tracked):
    assert tracked.run("import types\nm = types.ModuleType('m')\ndel m.__name__").success
    assert tracked.run("print(m)").success


# -- threads and long sessions --------------------------------------------------------------------------------------


def test_snapshots_hold_while_code_runs(tracked):
    """Other threads read the timeline at any time: each one is whole and never changes."""
    stop, torn = threading.Event(), []

    def read() -> None:
        while not stop.is_set():
            timeline = tracked.tracker.timeline
            if [run.number for run in timeline.executions] != list(range(1, len(timeline.executions) + 1)):
                torn.append(timeline)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(200):
        tracked.run(f"x{number % 7} = {number}")
    stop.set()
    for reader in readers:
        reader.join()
    assert torn == []


def test_runs_on_two_threads_do_not_mix(tracked):
    """A subshell's code runs beside the main thread's cell."""
    tracked.tracker.before_run("x = 1")

    def beside() -> None:
        tracked.run("y = 2", "other")

    thread = threading.Thread(target=beside)
    thread.start()
    thread.join()
    tracked.names["x"] = 1
    tracked.tracker.after_run("main", 1, None)
    assert [run.cell_id for run in tracked.tracker.timeline.executions] == ["other", "main"]


def test_a_long_session_stays_small(tracked):
    """Ten thousand runs of a few cells: the first and the latest of each are kept."""
    sources = [f"x = [x{n} for x{n} in range(50)]\ny{n} = len(x)" for n in range(5)]
    for number in range(10_000):
        tracked.run(sources[number % 5], f"c{number % 5}", number)
    timeline = tracked.tracker.timeline
    assert len(timeline.executions) < 4100
    assert [run.number for run in timeline.executions[:5]] == [1, 2, 3, 4, 5]
    assert timeline.executions[-1].number == 10_000
    assert {run.cell_id for run in timeline.executions} == {f"c{n}" for n in range(5)}


def test_what_is_thinned_are_repetitions_only():
    def run(number: int, cell: str) -> Execution:
        return Execution(number, cell, cell, cell, number, success=True, seconds=0.0)

    different = tuple(run(number, f"c{number}") for number in range(4000))
    assert thinned(different) == different
    same = tuple(run(number, "c") for number in range(4000))
    assert [one.number for one in thinned(same)] == [*range(5), *range(3980, 4000)]
    assert Timeline(thinned(same)).runs_of("c")[0].number == 0


def test_looking_takes_no_longer_for_a_large_value(tracked):
    """No element of a large list is looked at: that is seen by what is asked, not by the clock."""
    tracked.names["many"] = [object.__new__(hostile.OfHostileClass)] * 1_000_000
    hostile.asked.clear()
    tracked.run("n = len(many)\nmany.append(None)")
    assert hostile.asked == []


def test_files_and_iterators_stay_where_they_are(tracked):
    tracked.names["file"] = io.StringIO("one\ntwo")
    tracked.names["numbers"] = iter([1, 2, 3])
    tracked.run("print(file, numbers)")
    assert tracked.names["file"].tell() == 0
    assert next(tracked.names["numbers"]) == 1


def test_a_change_that_there_was_no_time_to_see_is_entered_at_the_run_that_could_make_it(tracked):
    tracked.run("import time\ndef change(rows): rows[0].append(1)\ntime.sleep(4)", "define")
    tracked.run("rows = [[i] for i in range(3000)]", "make")
    tracked.tracker._credit._seconds = 0.0  # as after a value that took long to look at
    changed = tracked.run("change(rows)", "change")
    assert (outputs(changed), changed.unlooked) == (set(), {"rows"})
    tracked.run("other = 1", "other")
    tracked.run("time.sleep(4)", "wait")

    tracked.tracker.disturb()
    tracked.run("len(rows)", "read")

    written = {run.cell_id: outputs(run) for run in tracked.tracker.timeline.executions}
    assert written["change"] == {"rows"}
    assert (written["other"], written["wait"], written["read"]) == ({"other"}, set(), set())
