"""The accuracy benchmark counts right and wrong as docs/benchmarks.md says."""

from __future__ import annotations

import pytest
from hidden_state.scoring import score
from hidden_state.tables import states_of


def truth(changing=(), *, cells=("a", "b", "c"), nondet=(), dirty=None, kind="hazard"):
    """What really happens: which of the cells a clean run changes."""
    return {
        "cells": list(cells), "cells_state": list(changing), "nondet": list(nondet), "kind": kind,
        "dirty_state": bool(changing) if dirty is None else dirty, "nondet_only": bool(nondet) and not changing,
    }  # fmt: skip


def said(**states):
    """What the tool says; of cells not named that they are reproduced."""
    return {**dict.fromkeys("abc", "reproduced"), **states}


def test_a_cell_said_to_change_is_right_when_it_does():
    """Each state that means change counts as an alarm."""
    for state in ("diverges", "failed", "never run"):
        figures = score([(truth(["a"]), said(a=state))])
        assert (figures.cells.hits, figures.cells.false_alarms, figures.cells.misses) == (1, 0, 0)
        assert figures.notebooks.hits == 1


def test_an_unverified_cell_is_an_alarm_by_itself():
    """Who can't vouch for a cell that is fine has raised a false alarm."""
    figures = score([(truth(), said(b="unverified"))])
    assert (figures.cells.false_alarms, figures.notebooks.false_alarms) == (1, 1)
    assert figures.cells.precision == 0


def test_of_what_is_decided_leaves_unverified_cells_out():
    """Their share is told instead; a notebook with nothing else to say is undecided."""
    figures = score([(truth(["b"]), said(b="unverified"))], decided_only=True)
    assert (figures.cells.misses, figures.cells.quiet) == (0, 2)
    assert figures.undecided_share == pytest.approx(1 / 3)
    assert (figures.undecided_notebooks, figures.notebooks.misses) == (1, 0)


def test_a_notebook_with_a_sure_change_is_decided():
    """One cell that surely changes settles the notebook, whatever else is unverified."""
    figures = score([(truth(["a"]), said(a="diverges", b="unverified"))], decided_only=True)
    assert (figures.notebooks.hits, figures.undecided_notebooks) == (1, 0)


def test_cells_on_which_clean_runs_disagree_are_left_out():
    """Nothing said about them is right or wrong, and a notebook with nothing else isn't judged."""
    figures = score([(truth(nondet=["a"]), said(a="nondeterministic", b="reproduced"))])
    assert figures.judged_cells == 2
    assert figures.judged_notebooks == 0


def test_a_missed_notebook_counts_even_where_no_cell_is_to_blame():
    """A value that no cell explains makes the notebook dirty by itself."""
    figures = score([(truth(dirty=True), said())])
    assert (figures.notebooks.misses, figures.cells.misses) == (1, 0)


def test_without_a_report_the_session_is_counted_as_failed():
    """A crash is never counted as a right answer."""
    figures = score([(truth(["a"]), None)])
    assert (figures.failed, figures.sessions) == (1, 0)


def test_what_other_tools_flag_is_read_as_a_change():
    """They name cells; the rest they call fine."""
    assert states_of({"cells": ["b"]}, truth())["b"] == "diverges"
    assert states_of({"cells": []}, truth()) == dict.fromkeys("abc", "reproduced")
    assert states_of({"failed": "it crashed"}, truth()) is None
