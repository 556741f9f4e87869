"""The table of marks is what the stated rule says, and the comparison tells equal values from others."""

from __future__ import annotations

import collections
import re

import numpy as np
import pandas as pd
import pytest
from checkout import CACHE
from exported.comments import kept_comments
from exported.corpus import code_cells, notebooks
from exported.description import describe
from exported.marking import PER_SOURCE, chosen, digest, marks_of, read_marks
from exported.measuring import _judged_values
from exported.sameness import compare, is_opaque
from exported.truth import Truth
from hidden_state.setting import DEFAULT_WORK

NOTEBOOK = (
    "%matplotlib inline",
    "import numpy as np\nimport matplotlib.pyplot as plt",
    "def scaled(rows):\n    return rows / 2",
    "rows = np.arange(9.0)\nfig, ax = plt.subplots()\nlimit = 3",
    "model = Model()\nmodel.fit(scaled(rows))",
    "found = model.predict(rows[:limit])",
    "print(found, rows)",
    "ax.plot(found)",
)


def test_the_rule_marks_definitions_imports_the_last_fit_and_what_is_read_most():
    """Plots and literals are not wanted; a cell that is not needed for anything wanted has no mark."""
    marks = {mark.cell: (mark.mark, mark.values) for mark in marks_of("own__one", NOTEBOOK)}  # noqa: PD011 - a mark's
    assert marks == {
        1: ("export", ()),
        2: ("export", ("scaled",)),
        3: ("step:load", ("rows",)),
        4: ("step:train", ("model",)),
        5: ("step:evaluate", ("found",)),
    }


def test_of_each_source_the_first_by_name_are_chosen():
    """A notebook that wants nothing takes no place."""
    many = {f"own__{number:02}": NOTEBOOK for number in range(PER_SOURCE + 3)} | {"own__00": ("1 + 1",)}
    assert sorted({mark.notebook for mark in chosen(many)}) == [f"own__{n:02}" for n in range(1, PER_SOURCE + 1)]


def test_the_table_is_sound():
    """At least fifteen notebooks, of each the cells in page order, steps in the order of the journey, a value wanted."""
    table = read_marks()
    assert len(table) >= 15
    for marks in table.values():
        assert [mark.cell for mark in marks] == sorted({mark.cell for mark in marks})
        assert all(re.fullmatch(r"export|step:(load|train|evaluate|compute)", mark.mark) for mark in marks)
        assert all(re.fullmatch(r"[0-9a-f]{12}", mark.digest) and mark.reason for mark in marks)
        steps = [mark.mark.partition(":")[2] for mark in marks if mark.mark != "export"]
        assert steps == sorted(steps, key=["load", "train", "evaluate", "compute"].index)
        assert any(mark.values for mark in marks if mark.mark != "export")  # noqa: PD011 - a mark's


def test_the_table_is_what_the_rule_makes_of_the_corpus():
    """Where the corpus is at hand: the marked cells are there, and nobody has changed a mark by hand."""
    found = notebooks(DEFAULT_WORK / "corpus", CACHE / "exporting" / "debian")
    table = read_marks()
    if not table.keys() <= found.keys():
        pytest.skip("the corpus is not here; benchmarks/exporting.py makes it")
    sources = {name: code_cells(path) for name, path in found.items()}
    for name, marks in table.items():
        assert [digest(sources[name][mark.cell]) for mark in marks] == [mark.digest for mark in marks]
    assert chosen(sources) == tuple(mark for marks in table.values() for mark in marks)


@pytest.mark.parametrize(
    ("one", "other", "equal", "exact"),
    [
        (1.0, 1.0, True, True),
        (float("nan"), float("nan"), True, True),
        (1.0, 1.0 + 1e-12, True, False),
        (1.0, 1.001, False, False),
        (1, 1.0, False, False),
        (1, True, False, False),
        ([1, 2], (1, 2), False, False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, False, False),
        ({3, 1, 2}, {1, 2, 3}, True, True),
        (np.arange(3), np.arange(3.0), False, False),
        (np.arange(3.0), np.arange(3.0).reshape(3, 1), False, False),
        (np.array([1.0, 2.0]), np.array([1.0, 2.0 + 1e-12]), True, False),
        (np.array([1.0, 2.0]), np.array([1.0, 2.1]), False, False),
        (pd.DataFrame({"a": [1, 2]}), pd.DataFrame({"a": [1, 2]}), True, True),
        (pd.DataFrame({"a": [1, 2]}), pd.DataFrame({"a": [1, 2]}, index=[1, 2]), False, False),
        (pd.DataFrame({"a": [1, 2]}), pd.DataFrame({"a": [1.0, 2.0]}), False, False),
        (pd.Series(["x"], dtype="category"), pd.Series(["x"]), False, False),
        (np.random.RandomState(1), np.random.RandomState(1), True, True),
        (np.random.RandomState(1), np.random.RandomState(2), False, False),
        (collections.Counter("aab"), {"a": 2, "b": 1}, False, False),
    ],
)
def test_values_are_compared_by_type_then_exactly_then_within_the_tolerance(one, other, equal, exact):
    """The comparison is the benchmark's own: it must find what differs, and nothing else."""
    found = compare(describe(one), describe(other))
    assert (found.equal, found.exact) == (equal, exact)
    assert bool(found.where) is not equal


def test_objects_are_compared_by_their_attributes_wherever_their_class_lives():
    """A class of the notebook and the package's copy of it are one; caches don't count."""

    class Model:
        def __init__(self, weight):
            self.weight, self._cache = weight, object()

    own = [Model.__module__.partition(".")[0]]
    assert compare(describe(Model([1.0]), own), describe(Model([1.0]), own)).equal
    assert compare(describe(Model([1.0]), own), describe(Model([2.0]), own)).where.startswith(".weight")


def test_iterators_are_opaque_and_left_alone():
    """Nothing is drawn from them."""
    rows = iter([1, 2])
    assert is_opaque(describe(rows))
    assert list(rows) == [1, 2]


def test_only_comments_of_kept_statements_count():
    """A comment belongs to the statement it stands above, in or behind; what is left behind takes its own with it."""
    cell = "# above\nx = 1  # behind\n\n\ndef f(a):\n    # inside\n    return a\n\n# of the print\nprint(x)\n"
    kept = kept_comments([cell], ["# above\nx = 1\n\n\ndef f(a):\n    # inside\n    return a + x\n"])
    assert (kept.comments, kept.kept, kept.lost) == (3, 2, ("# behind",))


@pytest.mark.parametrize(("returned", "verdict"), [([1], "equal"), ([3], "unequal: .0: builtins.int 2 / builtins.int 1")])
def test_a_steps_value_counts_as_the_step_returns_it(returned, verdict, tmp_path):
    """It is held against what the notebook had after the cell: later steps may have changed it since."""
    after, later = describe([1], []), describe([3], [])
    truth = Truth({"a": (after, later)}, {}, (), (), tmp_path, {}, (), 0)
    gathered = {"values": {"a": describe([2], [])}, "returned": {"a": describe(returned, [])}}
    assert dict(_judged_values(truth, gathered, [], "")) == {"a": verdict}
