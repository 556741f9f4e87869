"""The report as HTML for a notebook: everything escaped, no script, readable in light and in dark."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from urllib.parse import quote

from jupyter_prodkit.check.formats.dataflow_map import dataflow_map
from jupyter_prodkit.check.formats.shapes import (
    SEVERITY_SHAPES,
    STATE_SHAPES,
    VERDICT_SHAPES,
    Look,
    style,
    svg_of,
)
from jupyter_prodkit.check.formats.wording import (
    SHORTEST_TOLD,
    Remark,
    by_severity,
    cell_name,
    cell_names,
    counted,
    expected,
    remarks,
    seconds,
    state_counts,
)
from jupyter_prodkit.check.report import Finding, Orphan, PlannedRun, Report, Severity
from jupyter_prodkit.check.step import sentence
from jupyter_prodkit.notebook.document import Notebook

__all__ = ["prose", "report_html"]

_FEWEST_ON_MAP = 2
_HIDDEN = 'hidden style="display:none"'
_MOST_OPEN_NOTES = 5
"""More notes than this are folded away."""


def report_html(report: Report, notebook: Notebook) -> str:
    """Return the report: verdict, map of the cells, repair plan, findings by severity, what else there is to know."""
    parts = [
        f"<style>{style()}</style>",
        _verdict(report),
        _map(report, notebook),
        _plan(report.plan, notebook),
        *(_group(severity, findings, notebook) for severity, findings in by_severity(report.findings)),
        _rest(remarks(report, notebook), report.orphans),
    ]
    return f'<div class="prodkit-report">{"".join(parts)}</div>'


def prose(text: str) -> str:
    """Return `text` escaped, with what stands between backquotes set as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _verdict(report: Report) -> str:
    unrun = all(cell.state == "never run" for cell in report.cells)
    look: Look = ("ring", "quiet") if unrun else VERDICT_SHAPES[report.verdict]
    return f'<p class="prodkit-verdict">{svg_of(look)}<span>{escape(sentence(report))}</span></p>'


def _map(report: Report, notebook: Notebook) -> str:
    """Return the map, hidden where no style sheet shows it: a page that strips those strips the picture to its words.

    What it counts then stands there as text.
    """
    counts = " · ".join(words for _, _, words in state_counts(report))
    if len(report.cells) < _FEWEST_ON_MAP:
        return ""
    picture = dataflow_map(report, notebook, styled=False)
    return f'<p class="prodkit-counts">{counts}</p><div class="prodkit-figure" {_HIDDEN}>{picture}</div>'


def _plan(plan: Sequence[PlannedRun], notebook: Notebook) -> str:
    if not plan:
        return ""
    time = expected(plan)
    runs = "".join(f"<li>{_chip(run, notebook)}</li>" for run in plan)
    title = f"Run again, in this order{f' <span>{escape(time)}</span>' if time else ''}"
    return _section(title, f'<ol class="prodkit-plan">{runs}</ol>')


def _chip(run: PlannedRun, notebook: Notebook) -> str:
    known = run.seconds is not None and run.seconds >= SHORTEST_TOLD
    time = f' <span class="prodkit-soft">{escape(seconds(run.seconds or 0.0))}</span>' if known else ""
    return f'<span class="prodkit-chip">{_link(run.cell_id, notebook)}{time}</span>'


def _link(cell_id: str, notebook: Notebook) -> str:
    """Return the way to a cell, by JupyterLab's own kind of link; its bare name where it is gone from the page."""
    name = escape(cell_name(notebook, cell_id))
    if notebook.cell(cell_id) is None:
        return name
    return f'<a href="{escape(quote(notebook.path.name))}#cell-id={escape(quote(cell_id, safe=""))}">{name}</a>'


def _group(severity: Severity, findings: Sequence[Finding], notebook: Notebook) -> str:
    items = "".join(_finding(finding, notebook) for finding in findings)
    title, body = counted(len(findings), severity), f"<ul>{items}</ul>"
    if severity == "note" and len(findings) > _MOST_OPEN_NOTES:
        return (
            f'<details class="prodkit-section"><summary class="prodkit-title">{title}</summary>{body}</details>'
        )
    return _section(title, body)


def _finding(finding: Finding, notebook: Notebook) -> str:
    cell = _link(finding.cell_id, notebook) if finding.cell_id else ""
    because = f'<p class="prodkit-soft">{prose(finding.because)}</p>' if finding.because else ""
    fix = f'<p class="prodkit-fix">{prose(finding.fix)}</p>' if finding.fix else ""
    return (
        f'<li class="prodkit-finding">{svg_of(SEVERITY_SHAPES[finding.severity])}<div class="prodkit-body">'
        f'<div class="prodkit-headline"><strong>{prose(finding.message)}</strong> '
        f'<span class="prodkit-rule">{escape(finding.rule)}</span> <span>{cell}</span></div>{because}{fix}</div></li>'
    )


def _rest(told: Sequence[Remark], orphans: Sequence[Orphan]) -> str:
    items = [
        _row(STATE_SHAPES[one.state], f"{escape(cell_names(one.cells).capitalize())}, {one.state}", one.reason)
        for one in told
    ]
    if orphans:
        names = ", ".join(f"`{orphan.name}`" for orphan in orphans)
        items.append(_row(("ring", "quiet"), "In the kernel, though no cell makes them", names))
    return _section("Also", f"<ul>{''.join(items)}</ul>") if items else ""


def _row(look: Look, headline: str, text: str) -> str:
    return (
        f'<li class="prodkit-finding">{svg_of(look)}<div class="prodkit-body"><strong>{headline}</strong>'
        f'<p class="prodkit-soft">{prose(text)}</p></div></li>'
    )


def _section(title: str, body: str) -> str:
    return f'<section class="prodkit-section"><p class="prodkit-title">{title}</p>{body}</section>'
