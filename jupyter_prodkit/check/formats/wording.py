"""Words that several formats share: how much of what, how long, which cells."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from jupyter_prodkit.check.report import CellState, CellVerdict, Finding, PlannedRun, Report, Severity
from jupyter_prodkit.notebook.document import Notebook

__all__ = [
    "SEVERITIES",
    "SHORTEST_TOLD",
    "Remark",
    "by_severity",
    "cell_name",
    "cell_names",
    "counted",
    "expected",
    "remarks",
    "seconds",
    "state_counts",
]

SEVERITIES: tuple[Severity, ...] = ("blocker", "warning", "note")
"""The gravest first."""
_STATES: tuple[CellState, ...] = ("reproduced", "diverges", "failed", "unverified", "never run", "nondeterministic")
_WORDS: dict[CellState, str] = {"diverges": "would change", "failed": "would fail"}
SHORTEST_TOLD = 0.1
"""Seconds; below that a number says nothing."""
_ROUND_FROM, _MINUTES_FROM = 10.0, 90.0


@dataclass(frozen=True, slots=True)
class Remark:
    """Why cells that no finding speaks of are in their state."""

    state: CellState
    reason: str
    cells: tuple[str, ...]


def counted(number: int, thing: str) -> str:
    """Return `1 cell`, `2 cells`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def cell_name(notebook: Notebook, cell_id: str | None) -> str:
    """Return how a cell is named: by its place among all cells, from 1."""
    cell = notebook.cell(cell_id or "")
    return "a cell that is no longer on the page" if cell is None else cell.label


def cell_names(names: Sequence[str]) -> str:
    """Return several cells' names as one list: `cells 2, 3 and 7`."""
    if len(names) == 1 or not all(name.startswith("cell ") for name in names):
        return ", ".join(names)
    numbers = [name.removeprefix("cell ") for name in names]
    return f"cells {', '.join(numbers[:-1])} and {numbers[-1]}"


def state_word(state: CellState) -> str:
    """Return a state as it reads after a number of cells."""
    return _WORDS.get(state, state)


def state_counts(report: Report) -> tuple[tuple[CellState, int, str], ...]:
    """Return each state that occurs, how often, and in words: `2 would change`."""
    numbers = {state: sum(cell.state == state for cell in report.cells) for state in _STATES}
    return tuple((state, number, f"{number} {state_word(state)}") for state, number in numbers.items() if number)


def by_severity(findings: Iterable[Finding]) -> tuple[tuple[Severity, tuple[Finding, ...]], ...]:
    """Return the findings in groups, the gravest first; no group is empty."""
    listed = tuple(findings)
    groups = ((severity, tuple(one for one in listed if one.severity == severity)) for severity in SEVERITIES)
    return tuple((severity, group) for severity, group in groups if group)


def remarks(report: Report, notebook: Notebook) -> tuple[Remark, ...]:
    """Return the reasons that no finding gives, cells with the same one together."""
    told = {finding.cell_id for finding in report.findings}
    untold: dict[tuple[CellState, str], list[CellVerdict]] = {}
    for cell in report.cells:
        if cell.reason and cell.cell_id not in told:
            untold.setdefault((cell.state, cell.reason), []).append(cell)
    return tuple(
        Remark(state, reason, tuple(cell_name(notebook, cell.cell_id) for cell in cells))
        for (state, reason), cells in untold.items()
    )


def seconds(number: float) -> str:
    """Return a duration as people say it: `under 0.1 s`, `1.2 s`, `45 s`, `3 min`."""
    if number < SHORTEST_TOLD:
        return f"under {SHORTEST_TOLD} s"
    if number < _ROUND_FROM:
        return f"{number:.1f} s"
    return f"{number:.0f} s" if number < _MINUTES_FROM else f"{number / 60:.0f} min"


def expected(plan: Sequence[PlannedRun]) -> str:
    """Return how long a plan should take; empty where no cell of it has run yet."""
    known = [run.seconds for run in plan if run.seconds is not None]
    if not known:
        return ""
    total = seconds(sum(known))
    unknown = len(plan) - len(known)
    if unknown:
        return f"{total}, and what {counted(unknown, 'cell')} without a run so far may take"
    return total if total.startswith("under") else f"about {total}"
