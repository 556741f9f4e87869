"""Words that several rules share."""

from __future__ import annotations

from collections.abc import Sequence

from jupyter_prodkit.check.evidence import Evidence
from jupyter_prodkit.session.record import Execution, Glimpse

__all__ = ["elsewhere", "place_of", "run_number", "values"]

_MOST_VALUES = 3


def run_number(run: Execution) -> str:
    """Return how a run is told apart: by the number that its prompt showed."""
    return f"run [{run.count}]" if run.count is not None else "a run without a number"


def elsewhere(run: Execution) -> str:
    """Return how code is named that stands in no cell on the page."""
    if not run.source:
        return "code that ran between cells (a widget, a thread, the debugger)"
    if run.cell_id is None:
        return f"code run outside the cells ({run_number(run)})"
    return f"a cell that is no longer on the page ({run_number(run)})"


def values(differing: Sequence[tuple[str, Glimpse, Glimpse]]) -> str:
    """Return the values that prove a difference, as sentences; empty where there are none."""
    said = []
    for name, now, clean in differing[:_MOST_VALUES]:
        other = clean.text if clean.text != now.text else "another value"
        said.append(f"`{name}` is {now.text}; a clean run gives {other}.")
    return " ".join(said)


def place_of(evidence: Evidence, run: Execution) -> str:
    """Return where the code of a run stands."""
    cell = evidence.on_page(run)
    return elsewhere(run) if cell is None else f"{cell.label} ({run_number(run)})"
