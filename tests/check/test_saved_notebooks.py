"""What a saved file alone shows, and that nothing more is claimed."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_prodkit.check.check import check_file
from jupyter_prodkit.notebook.document import read_notebook

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
FILE_ONLY = ("hidden-state/file-only", None)

REPORTS = {
    "in_order": ("unverified", set(), {}),
    "only_text": ("unverified", set(), {}),
    "without_ids": ("unverified", set(), {}),
    "format_3": ("unverified", set(), {}),
    "magics": ("unverified", set(), {}),
    "shows_its_error": ("unverified", set(), {}),
    "out_of_order": ("unverified", {("hidden-state/out-of-order", "reads")}, {}),
    "never_run": ("diverges", {("hidden-state/never-run", None)}, {"a": "never run", "b": "never run"}),
    "partly_run": ("diverges", {("hidden-state/never-run", "b")}, {"b": "never run"}),
    "defined_below": ("diverges", {("hidden-state/defined-below", "reads")}, {"reads": "failed"}),
    "undefined": ("diverges", {("hidden-state/undefined-name", "reads")}, {"reads": "failed"}),
    "syntax_error": ("unverified", {("structure/syntax-error", "bad")}, {}),
    "marked": ("diverges", {("hidden-state/never-run", "scratch")}, {"scratch": "never run"}),
}


@pytest.mark.parametrize("name", REPORTS)
def test_a_saved_notebook(name):
    verdict, findings, states = REPORTS[name]
    report = check_file(read_notebook(NOTEBOOKS / f"{name}.ipynb"))
    assert {(finding.rule, finding.cell_id) for finding in report.findings} == findings | {FILE_ONLY}
    assert {cell.cell_id: cell.state for cell in report.cells if cell.state != "unverified"} == states
    assert (report.verdict, report.plan, report.orphans) == (verdict, (), ())
    assert all(cell.executions == 0 and cell.seconds is None for cell in report.cells)
