"""What a step's outcome looks like in a notebook (HTML with the theme's colours) and in a terminal (text)."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from typing import Any

import msgspec

from jupyter_prodkit.check.report import Finding, Report
from jupyter_prodkit.check.step import sentence
from jupyter_prodkit.step import Result, Step

__all__ = ["as_html", "as_json", "as_text"]

_SHORTEST_SHOWN = 0.1
_SHAPES = {"blocker": "▲", "warning": "■", "note": "●"}
_COLOURS = {
    "blocker": "var(--jp-error-color0, #c62828)",
    "warning": "var(--jp-warn-color0, #b26a00)",
    "note": "var(--jp-info-color0, #00695c)",
}


def as_json(step: Step[Any, Any], result: Result) -> str:
    """Return the outcome as one line of JSON: the report itself for the check, else summary, facts and warnings."""
    if result.document is not None:
        return msgspec.json.encode(result.document).decode()
    content = {
        "step": step.name,
        "summary": result.summary,
        "facts": {fact.label: fact.value for fact in result.facts},
        "warnings": list(result.warnings),
        "recorded": dict(result.recorded or {}),
    }
    return msgspec.json.encode(content).decode()


def as_text(result: Result, label_of: Callable[[str | None], str]) -> str:
    """Return the outcome for a terminal; `label_of` names a cell by its id."""
    if isinstance(result.document, Report):
        lines = [_report_text(result.document, label_of)]
    else:
        width = max((len(fact.label) for fact in result.facts), default=0)
        lines = [result.summary, *(f"  {fact.label:<{width}}  {fact.value}" for fact in result.facts)]
    return "\n".join([*lines, *(f"  ■ {warning}" for warning in result.warnings)])


def _report_text(report: Report, label_of: Callable[[str | None], str]) -> str:
    lines = [sentence(report)]
    for finding in report.findings:
        where = f"{label_of(finding.cell_id)}: " if finding.cell_id else ""
        lines.append(f"  {_SHAPES[finding.severity]} {where}{finding.message}  [{finding.rule}]")
        lines += [f"      {text}" for text in (finding.because, finding.fix) if text]
    if report.plan:
        cells = ", ".join(label_of(run.cell_id) for run in report.plan)
        lines.append(f"  Run again, in this order: {cells}{_seconds(report)}")
    return "\n".join(lines)


def as_html(result: Result, label_of: Callable[[str | None], str]) -> str:
    """Return the outcome for a notebook, everything escaped; `label_of` names a cell by its id."""
    if isinstance(result.document, Report):
        body = _report_html(result.document, label_of)
    else:
        rows = "".join(
            f'<tr><th scope="row" style="text-align:left;font-weight:normal;color:var(--jp-ui-font-color2)">'
            f'{escape(fact.label)}</th><td style="text-align:left">{escape(fact.value)}</td></tr>'
            for fact in result.facts
        )
        body = f"<p><strong>{escape(result.summary)}</strong></p><table>{rows}</table>"
    warnings = "".join(f"<p>{_shape('warning')}{escape(warning)}</p>" for warning in result.warnings)
    return f'<div class="jp-Prodkit-output" style="max-width:60em">{body}{warnings}</div>'


def _report_html(report: Report, label_of: Callable[[str | None], str]) -> str:
    items = "".join(f"<li>{_finding_html(finding, label_of)}</li>" for finding in report.findings)
    again = ""
    if report.plan:
        cells = ", ".join(label_of(run.cell_id) for run in report.plan)
        again = f"<p>Run again, in this order: {escape(cells + _seconds(report))}</p>"
    findings = f'<ul style="list-style:none;padding-left:0">{items}</ul>' if items else ""
    return f"<p><strong>{escape(sentence(report))}</strong></p>{findings}{again}"


def _finding_html(finding: Finding, label_of: Callable[[str | None], str]) -> str:
    where = f"{label_of(finding.cell_id)}: " if finding.cell_id else ""
    soft = "color:var(--jp-ui-font-color2);margin-left:1.5em"
    details = "".join(f'<div style="{soft}">{_code(text)}</div>' for text in (finding.because, finding.fix) if text)
    return f"{_shape(finding.severity)}<strong>{_code(where + finding.message)}</strong>{details}"


def _shape(severity: str) -> str:
    return f'<span role="img" aria-label="{severity}" style="color:{_COLOURS[severity]}">{_SHAPES[severity]}</span> '


def _code(text: str) -> str:
    """Escape `text`, and set what stands between backquotes as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _seconds(report: Report) -> str:
    known = [run.seconds for run in report.plan if run.seconds is not None]
    if len(known) < len(report.plan):
        return ""
    total = sum(known)
    return f" (about {total:.1f} s)" if total >= _SHORTEST_SHOWN else f" (under {_SHORTEST_SHOWN} s)"
