"""Rules on cells whose last run does not stand for the code on the page."""

from __future__ import annotations

from collections.abc import Iterator

from jupyter_prodkit.check.evidence import Evidence
from jupyter_prodkit.check.report import Finding
from jupyter_prodkit.check.rules.wording import run_number, values
from jupyter_prodkit.notebook.names import code_names

__all__ = ["edited_since_run", "interrupted", "never_run", "not_seen"]


def never_run(evidence: Evidence) -> Iterator[Finding]:
    """A cell that Restart & Run All will run has not run."""
    if evidence.clean.cells and all(judged.state == "never run" for judged in evidence.clean.cells):
        yield Finding(
            rule="hidden-state/never-run",
            severity="note",
            message="Nothing has run yet",
            because="No cell of this notebook has run, so there is nothing to compare a clean run with.",
            fix="Run the cells.",
        )
        return
    for judged in evidence.clean.cells:
        if judged.state == "never run":
            yield Finding(
                rule="hidden-state/never-run",
                severity="blocker",
                cell_id=judged.cell.cell_id,
                names=tuple(sorted(code_names(judged.cell.source).binds)),
                message="This cell has not run",
                because="Restart & Run All will run it; what it does then is not known.",
                fix="Run it, or delete it.",
            )


def edited_since_run(evidence: Evidence) -> Iterator[Finding]:
    """What a cell shows was made by other code than stands in it now."""
    for judged in evidence.clean.cells:
        if judged.edited and judged.shown is not None and judged.state not in {"failed", "reproduced"}:
            cause = f"What it shows and left in the kernel comes from its earlier code ({run_number(judged.shown)})."
            proven = values(judged.differing)
            yield Finding(
                rule="hidden-state/edited-since-run",
                severity="blocker" if proven else "warning",
                cell_id=judged.cell.cell_id,
                names=tuple(sorted(judged.shown.outputs)),
                message="Edited since it ran",
                because=f"{cause} {proven}".strip(),
                fix="Run it again, then what depends on it.",
            )


def interrupted(evidence: Evidence) -> Iterator[Finding]:
    """A cell's last run was stopped part-way."""
    for judged in evidence.clean.cells:
        if judged.shown is not None and judged.shown.interrupted and not judged.edited and judged.state != "failed":
            yield Finding(
                rule="hidden-state/interrupted",
                severity="warning",
                cell_id=judged.cell.cell_id,
                message="Its last run was stopped part-way",
                because=f"What {run_number(judged.shown)} left in the kernel depends on when it was stopped.",
                fix="Run it to its end.",
            )


def not_seen(evidence: Evidence) -> Iterator[Finding]:
    """A cell shows something, and tracking has not seen it run."""
    for judged in evidence.clean.cells:
        if judged.shown is None and judged.state == "unverified":
            yield Finding(
                rule="hidden-state/unknown-origin",
                severity="note",
                cell_id=judged.cell.cell_id,
                message="It has not run where jupyter-prodkit could see it",
                because="What it shows is from before tracking began, from another kernel, or came with a copy.",
                fix="Run it.",
            )
