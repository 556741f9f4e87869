"""The check's report: the contract that the panel, the CLI, CI and the benchmark read (version 1)."""

from __future__ import annotations

from typing import Literal

import msgspec

__all__ = ["CellState", "CellVerdict", "Finding", "Orphan", "PlannedRun", "Report", "Severity", "Verdict"]

CellState = Literal["reproduced", "diverges", "unverified", "never run", "failed", "nondeterministic"]
Severity = Literal["blocker", "warning", "note"]
Verdict = Literal["reproducible", "diverges", "unverified"]

REPORT_VERSION = 1
_SURELY_DIFFERENT: frozenset[CellState] = frozenset({"diverges", "failed", "never run"})


class CellVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a clean run would do to one cell."""

    cell_id: str
    index: int
    """Place on the page, counting every cell, from 0."""
    state: CellState
    executions: int
    """How often the cell ran in this kernel."""
    seconds: float | None = None
    """How long its last run took; None where it never ran here."""
    reason: str = ""
    """Why it is in this state, in a sentence, where no finding says so."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing found: what is wrong, why we say so, and what to do."""

    rule: str
    severity: Severity
    cell_id: str | None = None
    names: tuple[str, ...] = ()
    message: str
    because: str = ""
    fix: str = ""
    restores: int | None = None
    """Number of the run whose cell is gone from the page and can be put back; its code is not in the report."""


class Orphan(msgspec.Struct, frozen=True, kw_only=True):
    """A name that lives in the kernel and that no cell on the page would define."""

    name: str
    defined_by: str | None = None
    """Id of the deleted cell that defined it; None where that isn't known."""


class PlannedRun(msgspec.Struct, frozen=True, kw_only=True):
    """One cell of the shortest list to re-run, in order."""

    cell_id: str
    seconds: float | None = None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on a notebook as it stands on the page."""

    version: int = REPORT_VERSION
    notebook: str
    verdict: Verdict
    cells: tuple[CellVerdict, ...]
    findings: tuple[Finding, ...]
    orphans: tuple[Orphan, ...] = ()
    plan: tuple[PlannedRun, ...] = ()

    def at_or_above(self, severity: Severity) -> tuple[Finding, ...]:
        """Return the findings at least as severe as `severity`."""
        order: tuple[Severity, ...] = ("note", "warning", "blocker")
        return tuple(f for f in self.findings if order.index(f.severity) >= order.index(severity))


def verdict_of(cells: tuple[CellVerdict, ...]) -> Verdict:
    """Return the verdict that the cells' states make together."""
    states = {cell.state for cell in cells}
    if states & _SURELY_DIFFERENT:
        return "diverges"
    return "unverified" if "unverified" in states else "reproducible"
