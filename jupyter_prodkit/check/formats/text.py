"""The report as plain text: for terminals, logs, and front ends that show no HTML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jupyter_prodkit.check.formats.outcome import Checked, NotChecked, Outcome
from jupyter_prodkit.check.formats.wording import (
    by_severity,
    cell_name,
    cell_names,
    counted,
    expected,
    remarks,
    state_counts,
)
from jupyter_prodkit.check.report import Finding, Report, Severity
from jupyter_prodkit.check.step import sentence
from jupyter_prodkit.notebook.document import Notebook

__all__ = ["closing_text", "outcome_text", "plan_text", "report_text"]

_SIGNS: dict[Severity, str] = {"blocker": "▲", "warning": "■", "note": "○"}


def report_text(report: Report, notebook: Notebook) -> str:
    """Return the report: the verdict, what to run again, the findings with cause and fix, the gravest first."""
    return "\n".join(_lines(report, notebook))


def outcome_text(outcome: Outcome) -> str:
    """Return what came of one notebook of several, headed by its place."""
    if isinstance(outcome, NotChecked):
        named = outcome.place in outcome.message
        lines = [outcome.message if named else f"{outcome.place}: {outcome.message}", f"  {outcome.hint}"]
        return "\n".join(line for line in lines if line.strip())
    return f"{outcome.place}: {report_text(outcome.report, outcome.notebook)}"


def closing_text(outcomes: Sequence[Outcome]) -> str:
    """Return one line on all of several notebooks."""
    checked = [outcome.report for outcome in outcomes if isinstance(outcome, Checked)]
    words = {"reproducible": "reproducible", "diverges": "would change", "unverified": "unverified"}
    counts = {word: sum(report.verdict == verdict for report in checked) for verdict, word in words.items()}
    counts["could not be checked"] = len(outcomes) - len(checked)
    told = ", ".join(f"{number} {word}" for word, number in counts.items() if number)
    return f"{counted(len(outcomes), 'notebook')}: {told}."


def plan_text(report: Report, notebook: Notebook) -> str:
    """Return the repair plan on one line; empty where nothing is to be run again."""
    if not report.plan:
        return ""
    cells = ", ".join(cell_name(notebook, run.cell_id) for run in report.plan)
    time = expected(report.plan)
    return f"Run again, in this order: {cells}{f' ({time})' if time else ''}"


def _lines(report: Report, notebook: Notebook) -> Iterator[str]:
    yield sentence(report)
    counts = state_counts(report)
    if len(counts) > 1:
        yield f"  {' · '.join(words for _, _, words in counts)}"
    plan = plan_text(report, notebook)
    if plan:
        yield f"  {plan}"
    for _, findings in by_severity(report.findings):
        for finding in findings:
            yield from _finding(finding, notebook)
    for remark in remarks(report, notebook):
        yield f"  ◇ {cell_names(remark.cells)}, {remark.state}: {remark.reason}"
    if report.orphans:
        yield f"  ○ In the kernel, though no cell makes them: {', '.join(one.name for one in report.orphans)}"


def _finding(finding: Finding, notebook: Notebook) -> Iterator[str]:
    where = f"{cell_name(notebook, finding.cell_id)}: " if finding.cell_id else ""
    yield f"  {_SIGNS[finding.severity]} {where}{finding.message}  [{finding.rule}]"
    if finding.because:
        yield f"      {finding.because}"
    if finding.fix:
        yield f"      → {finding.fix}"
