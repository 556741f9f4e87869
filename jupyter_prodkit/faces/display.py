"""What a step's outcome looks like in a notebook (HTML with the theme's colours) and in a terminal (text)."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import msgspec

from jupyter_prodkit.check.formats.github import github_lines
from jupyter_prodkit.check.formats.html import prose, report_html
from jupyter_prodkit.check.formats.json_text import json_text
from jupyter_prodkit.check.formats.outcome import Checked, NotChecked, Outcome, cell_lines, place_of
from jupyter_prodkit.check.formats.sarif import sarif_log
from jupyter_prodkit.check.formats.text import closing_text, outcome_text, report_text
from jupyter_prodkit.check.report import Report
from jupyter_prodkit.check.step import CheckOptions, Format
from jupyter_prodkit.export.previewing import ExportPreview
from jupyter_prodkit.faces.lock_table import lock_lines, lock_table
from jupyter_prodkit.faces.package_preview import preview_html, preview_lines
from jupyter_prodkit.lock.report import LockReport
from jupyter_prodkit.notebook.document import Notebook
from jupyter_prodkit.step import Options, Result, Step

__all__ = ["as_html", "as_json", "as_text", "checked", "format_of", "outcomes_in", "printed"]


def as_json(step: Step[Any, Any], result: Result) -> str:
    """Return the outcome as one line of JSON: the report itself for the check, else summary, facts and warnings."""
    if isinstance(result.document, Report):
        return json_text(result.document)
    content = {
        "step": step.name,
        "summary": result.summary,
        "facts": {fact.label: fact.value for fact in result.facts},
        "warnings": list(result.warnings),
        "recorded": dict(result.recorded or {}),
        **({} if result.document is None else {"report": msgspec.to_builtins(result.document)}),
    }
    return json_text(content)


def as_text(result: Result, notebook: Notebook) -> str:
    """Return the outcome for a terminal."""
    if isinstance(result.document, Report):
        lines = [report_text(result.document, notebook)]
    else:
        width = max((len(fact.label) for fact in result.facts), default=0)
        lines = [result.summary, *(f"  {fact.label:<{width}}  {fact.value}" for fact in result.facts)]
        if isinstance(result.document, LockReport):
            lines += lock_lines(result.document)
        if isinstance(result.document, ExportPreview):
            lines += preview_lines(result.document)
    return "\n".join([*lines, *(f"  ■ {warning}" for warning in result.warnings)])


def as_html(result: Result, notebook: Notebook) -> str:
    """Return the outcome for a notebook, everything escaped."""
    if isinstance(result.document, Report):
        body = report_html(result.document, notebook)
    else:
        rows = "".join(
            f'<tr><th scope="row" style="text-align:left;font-weight:normal;color:var(--jp-ui-font-color2)">'
            f'{escape(fact.label)}</th><td style="text-align:left">{escape(fact.value)}</td></tr>'
            for fact in result.facts
        )
        table = lock_table(result.document) if isinstance(result.document, LockReport) else ""
        if isinstance(result.document, ExportPreview):
            table = preview_html(result.document)
        body = f"<p><strong>{escape(result.summary)}</strong></p><table>{rows}</table>{table}"
    sign = '<span role="img" aria-label="warning" style="color:var(--jp-warn-color0, #b26a00)">■</span>'
    warnings = "".join(f"<p>{sign} {prose(warning)}</p>" for warning in result.warnings)
    return f'<div class="jp-Prodkit-output" style="max-width:60em">{body}{warnings}</div>'


# --- the check's formats ----------------------------------------------------------------------------------------


def format_of(options: Options) -> Format:
    """Return the format in which the options want a step's outcome printed."""
    if options.json:
        return "json"
    return options.format if isinstance(options, CheckOptions) else "text"


def printed(step: Step[Any, Any], result: Result, options: Options, notebook: Notebook) -> str:
    """Return the outcome in the format that the options ask for."""
    wanted = format_of(options)
    if wanted == "json":
        return as_json(step, result)
    if wanted == "text" or not isinstance(result.document, Report):
        return as_text(result, notebook)
    return outcomes_in(wanted, [checked(result.document, notebook)])


def outcomes_in(wanted: Format, outcomes: Sequence[Outcome]) -> str:
    """Return what came of several notebooks in one of the formats."""
    if wanted == "sarif":
        return sarif_log(outcomes)
    if wanted == "github":
        return "\n".join(github_lines(outcome) for outcome in outcomes)
    if wanted == "json":
        return json_text([_json_item(outcome) for outcome in outcomes])
    return "\n\n".join([*(outcome_text(outcome) for outcome in outcomes), closing_text(outcomes)])


def checked(report: Report, notebook: Notebook) -> Checked:
    """Return a report with where its notebook, and each cell in the notebook's file, is found."""
    lines: tuple[int, ...] = ()
    if notebook.from_file:
        try:
            lines = cell_lines(notebook.path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            lines = ()
    return Checked(report, notebook, place_of(notebook.path.resolve(), Path.cwd()), lines)


def _json_item(outcome: Outcome) -> Any:
    """Return a notebook's part of a list: its report under its path, or the error."""
    if isinstance(outcome, NotChecked):
        return {"version": 1, "notebook": outcome.place, "error": outcome.message, "hint": outcome.hint}
    return msgspec.structs.replace(outcome.report, notebook=outcome.place)
