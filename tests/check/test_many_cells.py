"""The check does twice the work for twice as many cells."""

from __future__ import annotations

import sys

import pytest
from many_cells import played

from jupyter_prodkit.check.check import check_session


def calls_made(cells: int) -> int:
    """How many function calls a check makes: what a busy machine can't change."""
    notebook, timeline = played(cells)
    check_session(notebook, timeline)
    count = 0

    def counted(_frame, event, _argument):
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(counted)
    try:
        check_session(notebook, timeline)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.slow
def test_it_is_linear():
    """Four times the cells take about four times the work, and not sixteen times."""
    assert calls_made(800) < 6 * calls_made(200)


def test_a_thousand_cells_with_missteps():
    """Each cell that was run again diverges, and the plan mends what hangs on it."""
    notebook, timeline = played(1000)
    report = check_session(notebook, timeline)
    twice = {finding.cell_id for finding in report.findings if finding.rule == "hidden-state/run-twice"}
    assert len(twice) == 50
    assert report.verdict == "diverges"
    assert twice <= {run.cell_id for run in report.plan}
