"""What the rules say of a page that is given as code alone, or with facts from around it."""

from __future__ import annotations

from pathlib import Path

from jupyter_prodkit.check.check import check_session
from jupyter_prodkit.check.report import Finding, Report
from jupyter_prodkit.check.settings import DEFAULTS, Settings
from jupyter_prodkit.check.surroundings import NOTHING_KNOWN, Surroundings
from jupyter_prodkit.notebook.document import Cell, Notebook
from jupyter_prodkit.session.record import EMPTY_TIMELINE


def page(*sources: str, path: str | Path = "rules.ipynb") -> Notebook:
    """Return a page of code cells named `c1`, `c2` and so on."""
    cells = tuple(Cell(f"c{place + 1}", place, "code", source) for place, source in enumerate(sources))
    return Notebook(Path(path), cells, from_file=False)


def report_on(
    notebook: Notebook, surroundings: Surroundings = NOTHING_KNOWN, settings: Settings = DEFAULTS
) -> Report:
    return check_session(notebook, EMPTY_TIMELINE, surroundings=surroundings, settings=settings)


def findings_of(*sources: str) -> list[Finding]:
    """What rules other than those on hidden state find."""
    return [one for one in report_on(page(*sources)).findings if not one.rule.startswith("hidden-state/")]


def rules_and_cells(*sources: str) -> list[tuple[str, str | None]]:
    return [(one.rule, one.cell_id) for one in findings_of(*sources)]
