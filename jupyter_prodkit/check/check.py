"""Judging a notebook: from what really ran where a kernel tracked it, from the saved file alone where none did."""

from __future__ import annotations

from jupyter_prodkit.check.evidence import Evidence
from jupyter_prodkit.check.judged import Judged
from jupyter_prodkit.check.really import Really
from jupyter_prodkit.check.repair import repair_plan
from jupyter_prodkit.check.report import CellVerdict, Finding, Orphan, Report, verdict_of
from jupyter_prodkit.check.rules import RULES, look_at_cells
from jupyter_prodkit.check.rules.leftovers import orphaned
from jupyter_prodkit.check.rules.secrets import redacted
from jupyter_prodkit.check.settings import DEFAULTS, Settings
from jupyter_prodkit.check.simulation import simulate
from jupyter_prodkit.check.surroundings import NOTHING_KNOWN, Surroundings
from jupyter_prodkit.notebook.document import Notebook
from jupyter_prodkit.session.record import Timeline

__all__ = ["check_file", "check_session"]

_SEVERITIES = ("blocker", "warning", "note")


def check_session(
    notebook: Notebook,
    timeline: Timeline,
    *,
    surroundings: Surroundings = NOTHING_KNOWN,
    settings: Settings = DEFAULTS,
    really: Really | None = None,
) -> Report:
    """Return the report on `notebook` as the kernel that `timeline` describes leaves it.

    `really` is what really running the page gave, where it was run.

    What `settings` and the cells' marks switch off are findings: states, verdict and plan are as without.
    """
    clean = simulate(notebook, timeline, really or Really())
    evidence = Evidence(notebook, timeline, clean, surroundings)
    look_at_cells(notebook)
    findings = [finding for rule in RULES for finding in rule(evidence)]
    findings = redacted(settings.kept(_not_ignored(notebook, findings)), notebook)
    cells = tuple(_verdict(judged, really or Really()) for judged in clean.cells)
    return Report(
        notebook=notebook.path.name,
        verdict=verdict_of(cells),
        cells=cells,
        findings=_in_order(notebook, findings),
        orphans=_orphans(evidence),
        plan=repair_plan(clean, timeline),
    )


def check_file(
    notebook: Notebook, *, surroundings: Surroundings = NOTHING_KNOWN, settings: Settings = DEFAULTS
) -> Report:
    """Return what the saved file alone shows, for a notebook that never ran under the tracker; the report says so.

    The prompts' numbers give the order in which cells ran last. That a cell's code has changed since can't be seen.
    """
    from jupyter_prodkit.check.saved_order import saved_timeline

    report = check_session(notebook, saved_timeline(notebook), surroundings=surroundings, settings=settings)
    cells = tuple(_not_known(cell) for cell in report.cells)
    note = Finding(
        rule="hidden-state/file-only",
        severity="note",
        message="Judged from the saved file alone",
        because="No kernel recorded what ran: edits since the last run and code from deleted cells can't be seen.",
        fix="Load jupyter_prodkit in the notebook's kernel, run the cells, then check again.",
    )
    return Report(
        notebook=report.notebook,
        verdict=verdict_of(cells) if cells else "unverified",
        cells=cells,
        findings=(*report.findings, *settings.kept([note])),
        plan=(),
    )


def _not_known(cell: CellVerdict) -> CellVerdict:
    """What the file shows as in order is not thereby proven."""
    state = "unverified" if cell.state in {"reproduced", "diverges"} else cell.state
    return CellVerdict(cell_id=cell.cell_id, index=cell.index, state=state, executions=0)


def _verdict(judged: Judged, really: Really) -> CellVerdict:
    return CellVerdict(
        cell_id=judged.cell.cell_id,
        index=judged.cell.index,
        state=judged.state,
        executions=len(judged.runs),
        seconds=None if judged.shown is None else round(judged.shown.seconds, 6),
        reason=_reason(judged, really),
    )


def _reason(judged: Judged, really: Really) -> str:
    """Why it is in its state, where really running the page has to do with it."""
    refused = really.refused.get(judged.cell.cell_id)
    if refused:
        return f"It was not allowed to {' or to '.join(refused)} when the page was re-run."
    if judged.chance:
        return f"Chance: {judged.chance}."
    if judged.state == "unverified" and really.unfinished and judged.cell.cell_id not in really.runs:
        return f"The page was not re-run up to here: {really.unfinished}."
    return ""


def _not_ignored(notebook: Notebook, findings: list[Finding]) -> list[Finding]:
    """Leave out what rules say of cells that are marked to be ignored; hidden state is said all the same."""
    ignored = {cell.cell_id for cell in notebook.cells if cell.is_ignored}
    return [
        finding for finding in findings
        if finding.cell_id not in ignored or finding.rule.startswith("hidden-state/")
    ]  # fmt: skip


def _in_order(notebook: Notebook, findings: list[Finding]) -> tuple[Finding, ...]:
    place = {cell.cell_id: cell.index for cell in notebook.cells}
    unique = {(f.rule, f.cell_id, f.names, f.because): f for f in findings}
    last = len(notebook.cells)

    def rank(finding: Finding) -> tuple[int, int, str]:
        return _SEVERITIES.index(finding.severity), place.get(finding.cell_id or "", last), finding.rule

    return tuple(sorted(unique.values(), key=rank))


def _orphans(evidence: Evidence) -> tuple[Orphan, ...]:
    writers = {name: evidence.last_writer(name) for name in orphaned(evidence)}
    return tuple(
        Orphan(name=name, defined_by=None if writer is None else writer.cell_id) for name, writer in writers.items()
    )
