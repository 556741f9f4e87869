"""`--fix`: the repair plan handed to the page, which runs it after the current cell; without one, told as a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from jupyter_prodkit.check.formats.wording import cell_name, cell_names, seconds
from jupyter_prodkit.check.report import PlannedRun, Report
from jupyter_prodkit.check.step import CheckOptions
from jupyter_prodkit.faces.protocol import RunCells
from jupyter_prodkit.notebook.document import Notebook
from jupyter_prodkit.notebook.transform import own_magics_in
from jupyter_prodkit.step import Options, Result

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["hand_over", "repair_if_asked"]

_PATIENCE_SECONDS = 3.0
"""A page whose panel was never open begins to listen when its user runs `%prodcheck --fix`: half a second later."""


def repair_if_asked(shell: InteractiveShell, options: Options, result: Result, notebook: Notebook) -> str:
    """Return what to tell the user of a repair; nothing where the options did not ask for one."""
    if isinstance(options, CheckOptions) and options.fix and isinstance(result.document, Report):
        return hand_over(shell, result.document, notebook)
    return ""


def hand_over(shell: InteractiveShell, report: Report, notebook: Notebook) -> str:
    """Have the front end run the repair plan of `report`, and return what to tell the user of it.

    Cells with one of our own magics are left to the user: such a cell could ask for a repair again, without end.
    """
    from jupyter_prodkit.faces.extension import channel_of

    plan = [run for run in report.plan if not _asks_us(run, notebook)]
    if not report.plan:
        return "No cell is to be run again."
    channel = channel_of(shell)
    event = RunCells(cell_ids=tuple(run.cell_id for run in plan))
    if not plan or channel is None or not channel.hand_over(event, _client(shell), patience=_PATIENCE_SECONDS):
        return f"Nothing here runs them by itself. Run these cells, in this order:\n{_listed(report.plan, notebook)}"
    said = f"The notebook now runs {_named(plan, notebook)}, in this order."
    left = [run for run in report.plan if run not in plan]
    return f"{said}\nRun by hand, as they call jupyter-prodkit:\n{_listed(left, notebook)}" if left else said


def _named(runs: Sequence[PlannedRun], notebook: Notebook) -> str:
    return cell_names([cell_name(notebook, run.cell_id) for run in runs])


def _listed(runs: Sequence[PlannedRun], notebook: Notebook) -> str:
    return "\n".join(f"  {number}. {_told(run, notebook)}" for number, run in enumerate(runs, 1))


def _asks_us(run: PlannedRun, notebook: Notebook) -> bool:
    cell = notebook.cell(run.cell_id)
    return cell is not None and own_magics_in(cell.source)


def _told(run: PlannedRun, notebook: Notebook) -> str:
    time = "" if run.seconds is None else f" ({seconds(run.seconds)})"
    return f"{cell_name(notebook, run.cell_id)}{time}"


def _client(shell: Any) -> str | None:
    """Return the session of whoever asked for the cell that is running; the page's own, where it sends it itself."""
    try:
        session = shell.get_parent()["header"]["session"]
    except (AttributeError, KeyError, TypeError, LookupError):
        return None
    return session if isinstance(session, str) else None
