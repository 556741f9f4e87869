"""Precision and recall of what a tool says against what a clean run really gives. Nothing here starts a kernel."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Counts", "Score", "flagged", "score", "undecided"]

CHANGING = frozenset({"diverges", "failed", "never run"})
UNVERIFIED = "unverified"
Truth = dict[str, Any]
Verdicts = dict[str, str]
"""Cell id to the state a tool gives it."""


@dataclass
class Counts:
    """Right and wrong alarms."""

    hits: int = 0
    false_alarms: int = 0
    misses: int = 0
    quiet: int = 0
    """Rightly said to be fine."""

    def add(self, *, dirty: bool, alarm: bool) -> None:
        """Count one judgement."""
        if alarm:
            self.hits, self.false_alarms = self.hits + dirty, self.false_alarms + (not dirty)
        else:
            self.misses, self.quiet = self.misses + dirty, self.quiet + (not dirty)

    @property
    def precision(self) -> float:
        """Share of the alarms that are right; 1 where there is none."""
        alarms = self.hits + self.false_alarms
        return self.hits / alarms if alarms else 1.0

    @property
    def recall(self) -> float:
        """Share of what changes that is found; 1 where nothing changes."""
        dirty = self.hits + self.misses
        return self.hits / dirty if dirty else 1.0


@dataclass
class Score:
    """Of one tool over many sessions."""

    notebooks: Counts = field(default_factory=Counts)
    cells: Counts = field(default_factory=Counts)
    sessions: int = 0
    judged_notebooks: int = 0
    """Sessions that count at notebook level (those that differ only by nondeterminism don't)."""
    undecided_notebooks: int = 0
    judged_cells: int = 0
    undecided_cells: int = 0
    failed: int = 0
    """Sessions in which the tool gave no report."""

    @property
    def undecided_share(self) -> float:
        """Of the cells."""
        return self.undecided_cells / self.judged_cells if self.judged_cells else 0.0

    @property
    def undecided_notebook_share(self) -> float:
        """Of the notebooks."""
        return self.undecided_notebooks / self.judged_notebooks if self.judged_notebooks else 0.0


def flagged(states: Verdicts, *, unverified: bool) -> set[str]:
    """The cells said to change; those that the tool can't vouch for are counted among them when `unverified`."""
    return {cell for cell, state in states.items() if state in CHANGING or (unverified and state == UNVERIFIED)}


def undecided(states: Verdicts) -> set[str]:
    """The cells about which the tool says that it doesn't know."""
    return {cell for cell, state in states.items() if state == UNVERIFIED}


def score(pairs: Iterable[tuple[Truth, Verdicts | None]], *, decided_only: bool = False) -> Score:
    """Compare verdicts with truths, at the level *state* (DESIGN §3).

    By itself an unverified cell counts as an alarm. With `decided_only` unverified cells are left out, and so are
    notebooks of which nothing is said to change but something is unverified. None for verdicts: the tool failed.
    """
    total = Score()
    for truth, states in pairs:
        if states is None:
            total.failed += 1
            continue
        total.sessions += 1
        cells = set(truth["cells"]) - set(truth["nondet"])
        dirty, unknown = set(truth["cells_state"]) & cells, undecided(states) & cells
        alarms = flagged(states, unverified=not decided_only)
        total.judged_cells += len(cells)
        total.undecided_cells += len(unknown)
        for cell in cells - unknown if decided_only else cells:
            total.cells.add(dirty=cell in dirty, alarm=cell in alarms)
        if truth["nondet_only"] or truth["kind"] == "nondet":
            continue
        total.judged_notebooks += 1
        left_open = bool(undecided(states)) and not flagged(states, unverified=False)
        total.undecided_notebooks += left_open
        if not (decided_only and left_open):
            total.notebooks.add(dirty=bool(truth["dirty_state"]), alarm=bool(alarms))
    return total
