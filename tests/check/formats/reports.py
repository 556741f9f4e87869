"""Reports to be shown: pages and what the check found on them, made by hand."""

from __future__ import annotations

from pathlib import Path

from jupyter_prodkit.check.report import CellVerdict, Finding, Orphan, PlannedRun, Report
from jupyter_prodkit.notebook.document import Cell, Notebook

EVIL = '<img src=x onerror=alert(1)> & "quoted" `<b>code</b>`'

TWICE = Finding(
    rule="hidden-state/run-twice",
    severity="blocker",
    cell_id="b",
    names=("df",),
    message="Run more than once, and it changes its own input",
    because="`df` is 714 rows × 12 columns; a clean run gives 891 rows × 12 columns.",
    fix="Run the cell that makes `df` again, then this one once.",
)
UNSEEDED = Finding(rule="randomness/unseeded", severity="warning", cell_id="c", message="Draws without a seed")
FILE_ONLY = Finding(rule="hidden-state/file-only", severity="note", message="Judged from the saved file alone")


def page(*sources: str, path: str = "churn.ipynb") -> Notebook:
    """A page of code cells, whose ids are letters from `a` on."""
    cells = tuple(Cell(chr(97 + place), place, "code", source) for place, source in enumerate(sources))
    return Notebook(Path(path).absolute(), cells)


CHURN = page("df = read()", "df = df.dropna()", "print(df)")


def report(*states: str, reasons: tuple[str, ...] = (), **changes) -> Report:
    """A report on a page of as many cells, the verdict as the states make it."""
    padded = (*reasons, *[""] * len(states))
    cells = tuple(
        CellVerdict(cell_id=chr(97 + place), index=place, state=state, executions=1, seconds=0.5, reason=reason)
        for place, (state, reason) in enumerate(zip(states, padded, strict=False))
    )
    given = {"findings": (), "verdict": "diverges", "notebook": "churn.ipynb", **changes}
    return Report(cells=cells, **given)


def churn() -> Report:
    """One cell run twice, one draw without a seed, one name left over, three cells to run again."""
    return report(
        "reproduced",
        "diverges",
        "unverified",
        findings=(TWICE, UNSEEDED, FILE_ONLY),
        orphans=(Orphan(name="scratch"),),
        plan=(PlannedRun(cell_id="a", seconds=1.25), PlannedRun(cell_id="b", seconds=0.5), PlannedRun(cell_id="c")),
    )


def many(number: int, *, trouble_every: int = 0) -> tuple[Report, Notebook]:
    """A page on which each cell reads what the two before it made."""
    sources = ["import numpy as np", *(f"v{n} = np.sum(v{max(n - 1, 1)} + v{max(n - 2, 1)})" for n in range(1, number))]
    cells = tuple(Cell(f"c{place}", place, "code", source) for place, source in enumerate(sources))
    verdicts = tuple(
        CellVerdict(
            cell_id=f"c{place}",
            index=place,
            state="diverges" if trouble_every and place % trouble_every == 0 else "reproduced",
            executions=1,
        )
        for place in range(number)
    )
    return Report(notebook="many.ipynb", verdict="diverges", cells=verdicts, findings=()), Notebook(Path("many.ipynb"), cells)
