"""Words that several rules share."""

from __future__ import annotations

from collections.abc import Sequence

from jupyter_prodkit.check.evidence import Evidence
from jupyter_prodkit.session.record import Execution, Glimpse

__all__ = ["elsewhere", "place_of", "put_back", "restorable", "run_number", "values"]

_MOST_VALUES = 3


def run_number(run: Execution) -> str:
    """Return how a run is told apart: by the number that its prompt showed."""
    return f"run [{run.count}]" if run.count is not None else "a run without a number"


def elsewhere(run: Execution) -> str:
    """Return how code is named that stands in no cell on the page."""
    if not run.digest:
        return "code that ran between cells (a widget, a thread, the debugger)"
    if run.cell_id is None:
        return f"code run outside the cells ({run_number(run)})"
    return f"a cell that is no longer on the page ({run_number(run)})"


def restorable(evidence: Evidence, run: Execution | None) -> int | None:
    """Return the number of a run whose cell has been deleted and can be put back; None where it can't."""
    if run is None or run.cell_id is None or not run.source or evidence.notebook.cell(run.cell_id) is not None:
        return None
    return run.number if evidence.on_page(run) is None else None


def put_back(evidence: Evidence, run: Execution) -> str:
    """Return how the code of a run that stands in no cell gets onto the page."""
    if restorable(evidence, run) is not None:
        return "Restore the cell (its button in JupyterLab’s Production panel)"
    return "Put that code on the page" if run.source else "Write code that does the same into a cell (it was not seen)"


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
