"""The check is quick, and takes twice as long for twice as many cells."""

from __future__ import annotations

import time

import pytest
from many_cells import played

from jupyter_prodkit.check.check import check_session


def seconds(cells: int) -> float:
    notebook, timeline = played(cells)
    check_session(notebook, timeline)
    started = time.perf_counter()
    check_session(notebook, timeline)
    return time.perf_counter() - started


@pytest.mark.slow
def test_it_is_linear():
    """Eight times the cells take less than eight times eight, with room for a busy machine."""
    assert min(seconds(1600) for _ in range(3)) < 32 * min(seconds(200) for _ in range(3))


def test_a_thousand_cells_with_missteps():
    """Each cell that was run again diverges, and the plan mends what hangs on it."""
    notebook, timeline = played(1000)
    report = check_session(notebook, timeline)
    twice = {finding.cell_id for finding in report.findings if finding.rule == "hidden-state/run-twice"}
    assert len(twice) == 50
    assert report.verdict == "diverges"
    assert twice <= {run.cell_id for run in report.plan}
