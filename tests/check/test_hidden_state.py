"""Each kind of hidden state gives its finding, the cells their states, and the plan mends it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from playing import Run, play


@dataclass(frozen=True)
class Case:
    page: dict[str, str]
    runs: Sequence[Run]
    finds: set[tuple[str, str | None]]
    """Rule (without `hidden-state/`) and cell."""
    states: dict[str, str] = field(default_factory=dict)
    """Of the cells that don't reproduce."""
    plan: str = ""
    orphans: dict[str, str | None] = field(default_factory=dict)
    says: str = ""
    """Something that a message says."""


FRAME = "import pandas as pd\ndf = pd.DataFrame({'a': range(10)})"
SEEDED = "import random\nrandom.seed(3)"
DRAW = "import random\nclass Draw:\n    pass\nd = Draw()\nd.value = random.random()"
ABC = {"a": "x = [1, 2, 3]", "b": "x = x + [4]", "c": "n = len(x)\nprint(n)"}

CASES = {
    "edited since run": Case(
        {"a": "x = 2", "b": "print(x)"}, [("a", "x = 1"), "b"],
        {("edited-since-run", "a")}, {"a": "unverified", "b": "unverified"}, "a b",
    ),
    "edited, and what it would make is known": Case(
        {"a": "x = 2", "b": "print(x)"}, ["a", ("a", "x = 1"), "b"],
        {("edited-since-run", "a")}, {"a": "diverges", "b": "unverified"}, "a b", says="`x` is 1; a clean run gives 2",
    ),
    "a function edited": Case(
        {"a": "def f(): return 2", "b": "y = f()", "c": "print(1)"}, [("a", "def f(): return 1"), "b", "c"],
        {("edited-since-run", "a")}, {"a": "unverified", "b": "unverified"}, "a b",
    ),
    "one of two functions edited": Case(
        {"a": "import math\ndef f(): return 2\ndef g(): return 3", "b": "y = g() + math.pi", "c": "z = f()"},
        [("a", "import math\ndef f(): return 1\ndef g(): return 3"), "b", "c"],
        {("edited-since-run", "a")}, {"a": "unverified", "c": "unverified"}, "a c",
    ),
    "a function edited and run, its caller not": Case(
        {"a": "def f(): return k", "k": "k = 1", "b": "y = f()"}, [("a", "def f(): return k * 2"), "k", "b", "a"],
        {("stale-input", "b")}, {"b": "unverified"}, "b",
    ),
    "what a function reads, changed": Case(
        {"k": "k = 2", "a": "def f(): return k", "b": "y = f()"}, [("k", "k = 1"), "a", "b", "k"],
        {("stale-input", "b")}, {"b": "unverified"}, "b",
    ),
    "what a method reads, changed": Case(
        {"k": "k = 2", "a": "class A:\n    def f(self): return k\na = A()", "b": "y = a.f()"}, [("k", "k = 1"), "a", "b", "k"],
        {("stale-input", "b")}, {"b": "unverified"}, "b",
    ),
    "what a function under another name reads, changed": Case(
        {"k": "k = 2", "a": "def f(): return k\ng = f", "b": "y = g()"}, [("k", "k = 1"), "a", "b", "k"],
        {("stale-input", "b")}, {"b": "unverified"}, "b",
    ),
    "what a query reads, changed": Case(
        {"k": "k = 2", "a": FRAME, "b": "big = df.query('a > @k')"}, [("k", "k = 1"), "a", "b", "k"],
        {("stale-input", "b")}, {"b": "unverified"}, "b",
    ),
    "what a shell line reads, changed": Case(
        {"k": "k = 2", "b": "!echo {k}"}, [("k", "k = 1"), "b", "k"],
        {("stale-input", "b")}, {"b": "unverified"}, "b",
    ),
    "never run": Case(
        {"a": "x = 1", "b": "y = 2", "c": "print(x)"}, ["a", "c"],
        {("never-run", "b")}, {"b": "never run"}, "b",
    ),
    "never run, and read below": Case(
        {"a": "x = 1", "b": "x = 2", "c": "print(x)"}, ["a", "c"],
        {("never-run", "b")}, {"b": "never run", "c": "unverified"}, "b c",
    ),
    "nothing has run": Case(
        {"a": "x = 1", "b": "print(x)"}, [],
        {("never-run", None)}, {"a": "never run", "b": "never run"}, "a b",
    ),
    "run before the cell above it": Case(
        ABC, ["a", "c", "b"],
        {("out-of-order", "c")}, {"c": "unverified"}, "c",
    ),
    "run after a cell below it": Case(
        {"a": "x = 1", "b": "print(x)", "c": "x = 2"}, ["a", "c", "b"],
        {("out-of-order", "b")}, {"b": "unverified"}, "a b c", says="further down",
    ),
    "run again after a cell below it": Case(
        {"a": "x = 1", "b": "y = x", "c": "x = 2"}, ["a", "b", "c", "b"],
        {("out-of-order", "b")}, {"b": "diverges"}, "a b c", says="`y` is 2; a clean run gives 1",
    ),
    "order where no name flows": Case({"a": "x = 1", "b": "y = 1"}, ["b", "a"], set()),
    "moved below the cell that overwrote what it makes": Case(
        {"b": "k = limit * 2", "a": "limit = 3\nk = 1"}, ["a", "b"],
        {("defined-below", "b"), ("out-of-order", "a")}, {"b": "failed", "a": "diverges"}, "a",
        says="It was changed by cell 1 (run [2]). `k` is 6; a clean run gives 1.",
    ),
    "overwritten by a cell above it, run again": Case(
        {"a": "n = 50", "b": "n += 1", "c": "n = 7"}, ["a", "b", "c", "b"],
        {("out-of-order", "b"), ("out-of-order", "c")}, {"b": "diverges", "c": "diverges"}, "a b c",
    ),
    "overwritten by a cell above it, of which nobody knows what it leaves": Case(
        {"a": "n = 50", "b": "n += len(str(n))", "c": "n = 7"}, ["a", "c", "b"],
        {("out-of-order", "b"), ("out-of-order", "c")}, {"b": "unverified", "c": "unverified"}, "a b c",
    ),
    "changed in place by a function that a cell above calls, run again": Case(
        {"a": "rows = []\ndef add(): rows.append(len(rows))", "b": "k = 2", "c": "add()\nprint(k)"},
        ["a", ("b", "k = 1"), "c", "b"],
        {("stale-input", "c")}, {"c": "unverified"}, "a c",
    ),
    "bound in a loop to what it was already": Case(
        {"a": "b = 2", "c": "for b in range(2): pass"}, ["a", ("x", "b = 1"), "c"], set(),
    ),
    "run before what it reads existed": Case(
        {"a": "x = 1", "b": "try:\n    y = x\nexcept NameError:\n    y = 0"}, ["b", "a"],
        {("out-of-order", "b")}, {"b": "unverified"}, "b", says="did not exist",
    ),
    "run twice": Case(
        ABC, ["a", "b", "b", "c"],
        {("run-twice", "b")}, {"b": "diverges", "c": "unverified"}, "a b c", says="a list of 5; a clean run gives a list of 4",
    ),
    "run twice, in place": Case(
        {"a": "x = []", "b": "x.append(1)", "c": "print(x)"}, ["a", "b", "b", "c"],
        {("run-twice", "b")}, {"b": "diverges", "c": "unverified"}, "a b c",
    ),
    "run twice, through a function": Case(
        {"a": "x = []", "f": "def add():\n    x.append(1)", "b": "add()", "c": "print(x)"}, ["a", "f", "b", "b", "c"],
        {("run-twice", "b")}, {"b": "diverges", "c": "unverified"}, "a b c",
    ),
    "run twice, through an object": Case(
        {"a": "x = []\nclass Box: pass\nbox = Box(); box.x = x", "b": "box.x.append(1)", "c": "print(x)"}, ["a", "b", "b", "c"],
        {("run-twice", "b")}, {"b": "diverges", "c": "unverified"}, "a b c",
    ),
    "run twice, a table": Case(
        {"a": FRAME, "b": "df = df.drop(df.index[:2])", "c": "m = df.a.mean()"}, ["a", "b", "b", "c"],
        {("run-twice", "b")}, {"b": "diverges", "c": "unverified"}, "a b c", says="6 rows × 1 columns; a clean run gives 8 rows",
    ),
    "run twice, a table's values": Case(
        {"a": FRAME, "b": "df['a'] = df.a * 2", "c": "m = df.a.mean()"}, ["a", "b", "b", "c"],
        {("run-twice", "b")}, {"b": "diverges", "c": "unverified"}, "a b c",
    ),
    "created again, not changed again": Case(
        {"a": "x = []", "b": "x.append(1)", "c": "print(x)"}, ["a", "b", "a", "c"],
        {("out-of-order", "c")}, {"c": "unverified"}, "b c",
    ),
    "stale input": Case(
        {"a": "x = 2", "b": "y = x", "c": "print(y)"}, [("a", "x = 1"), "b", "c", "a"],
        {("stale-input", "b")}, {"b": "unverified", "c": "unverified"}, "b c",
    ),
    "deleted cell, its name read": Case(
        {"b": "print(x)"}, [("gone", "x = 1"), "b"],
        {("deleted-cell", "b")}, {"b": "failed"}, orphans={"x": "gone"}, says="no longer on the page",
    ),
    "deleted cell, its name read in a function": Case(
        {"a": "def f(): return x", "b": "y = f()"}, [("gone", "x = 1"), "a", "b"],
        {("deleted-cell", "b"), ("orphan", None)}, {"b": "unverified"}, "b", orphans={"x": "gone"},
    ),
    "deleted cell, its name not read": Case(
        {"a": "y = 1"}, [("gone", "x = 1"), "a"],
        {("orphan", None)}, orphans={"x": "gone"}, says="lives in the kernel only",
    ),
    "deleted cell that changed what others read": Case(
        {"a": "x = [1]", "c": "y = len(x)"}, ["a", ("gone", "x.append(2)"), "c"],
        {("deleted-cell", "a"), ("deleted-cell", "c")}, {"a": "diverges", "c": "unverified"}, "a c",
    ),
    "deleted cell that changed what nobody read since": Case(
        {"a": "x = [1]", "c": "y = len(x)"}, ["a", "c", ("gone", "x.append(2)")],
        {("deleted-cell", "a")}, {"a": "diverges"}, "a", says="a list of 2; a clean run gives a list of 1",
    ),
    "console": Case(
        {"a": "x = 1", "b": "print(x)"}, ["a", (None, "x = 5"), "b"],
        {("deleted-cell", "a"), ("deleted-cell", "b")}, {"a": "diverges", "b": "unverified"}, "a b", says="outside the cells",
    ),
    "console, deleting": Case(
        {"a": "x = 1", "b": "print(x)"}, ["a", "b", (None, "del x")],
        {("deleted-cell", "a")}, {"a": "diverges"}, "a", says="deleted by",
    ),
    "console, looking only": Case({"a": "x = 1", "b": "print(x)"}, ["a", (None, "x"), (None, "print(x)"), "b"], set()),
    "console, a name of its own": Case(
        {"a": "x = 1"}, ["a", (None, "probe = x")], {("orphan", None)}, orphans={"probe": None},
    ),
    "defined below": Case(
        {"b": "print(x)", "a": "x = 1"}, ["a", "b"],
        {("defined-below", "b")}, {"b": "failed"}, says="further down",
    ),
    "moved down, nothing else": Case({"b": "y = 1", "a": "x = 1"}, ["a", "b"], set()),
    "moved below its reader": Case(
        {"a": "x = 1", "c": "print(x)", "b": "x = 2"}, ["a", "b", "c"],
        {("out-of-order", "c")}, {"c": "unverified"}, "a c b",
    ),
    "raised, then mended": Case({"a": "x = 1", "b": "print(x)"}, [("a", "x = 1 / 0"), "a", "b"], set()),
    "raised half-way, then mended": Case(
        {"a": "l = []", "b": "l.append(1)", "c": "print(l)"}, ["a", ("b", "l.append(1)\n1 / 0"), "b", "c"],
        {("run-twice", "b")}, {"b": "unverified", "c": "unverified"}, "a b c",
    ),
    "raises only in this order": Case(
        {"a": "x = 1", "b": "y = 1 / x"}, [("a", "x = 0"), "b", "a"],
        {("stale-input", "b")}, {"b": "unverified"}, "b",
    ),
    "a name error that a clean run has not": Case(
        {"a": "x = 1", "b": "print(x)"}, ["b", "a"],
        {("out-of-order", "b")}, {"b": "unverified"}, "b",
    ),
    "a syntax error, run": Case({"a": "x = 1", "b": "def ("}, ["a", "b"], {("structure/syntax-error", "b")}),
    "a syntax error, not run": Case(
        {"a": "x = 1", "b": "def ("}, ["a"], {("structure/syntax-error", "b")}, {"b": "failed"},
    ),
    "a syntax error, edited in": Case(
        {"a": "x = = 1", "b": "print(x)"}, [("a", "x = 1"), "b"],
        {("structure/syntax-error", "a"), ("undefined-name", "b")}, {"a": "failed", "b": "failed"},
    ),
    "loaded late": Case(
        {"a": "x = [1, [2]]", "b": "y = x"}, ["a", "%load_ext", "b"],
        {("unknown-origin", "a")}, {"a": "unverified"}, "a",
    ),
    "empty page": Case({}, [], set()),
    "blank cells": Case({"a": "", "b": "# nothing yet"}, [], set()),
    "an unseeded draw, drawn again": Case(
        {"a": f"{DRAW}", "b": "m = [d.value]"}, ["a", "b", "a"],
        {("randomness/unseeded", "a"), ("stale-input", "b")}, {"a": "nondeterministic", "b": "unverified"}, "b",
    ),
    "a seeded draw, drawn again": Case({"a": f"{SEEDED}\n{DRAW}", "b": "m = [d.value]"}, ["a", "b", "a"], set()),
    "what a cell changed along with its input, made anew since": Case(
        {"a": "log = []", "m": "m = {'k': 2, 'log': log}\nn = [log]", "o": "n[0].append(1)", "p": "k = m['k']"},
        ["a", ("m", "m = {'k': 1, 'log': log}\nn = [log]"), "o", "p", "a", "m", "p"],
        {("out-of-order", "p")}, {"p": "unverified"}, "o p",
    ),
    "name gone by then": Case(
        {"a": "x = 1", "b": "del x", "c": "def f(): return x", "d": "try:\n    y = f()\nexcept NameError:\n    y = 0"},
        ["a", "c", "d", "b"], {("out-of-order", "d")}, {"d": "unverified"}, "d", says="gone by then",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_each_kind_of_hidden_state(name, capsys):
    case = CASES[name]
    report = play(case.page, case.runs, load_first="%load_ext" not in case.runs)
    assert {(f.rule.removeprefix("hidden-state/"), f.cell_id) for f in report.findings} == case.finds
    assert {cell.cell_id: cell.state for cell in report.cells if cell.state != "reproduced"} == case.states
    assert " ".join(run.cell_id for run in report.plan) == case.plan
    assert {orphan.name: orphan.defined_by for orphan in report.orphans} == case.orphans
    said = " | ".join(f"{f.message} {f.because} {f.fix}" for f in report.findings)
    assert case.says in said
    assert all(f.message and f.because and f.fix for f in report.findings)


def test_the_verdict_is_the_worst_of_the_cells():
    assert play({}, []).verdict == "reproducible"
    assert play({"a": "x = 1"}).verdict == "reproducible"
    assert play({"a": "x = 2"}, [("a", "x = 1")]).verdict == "unverified"
    assert play({"a": "x = 1", "b": "y = 1"}, ["a"]).verdict == "diverges"
