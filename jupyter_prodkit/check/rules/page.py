"""Rules on the page itself: cells that are no Python, and a file that is behind what ran."""

from __future__ import annotations

from collections.abc import Iterator

from jupyter_prodkit.check.evidence import Evidence
from jupyter_prodkit.check.report import Finding
from jupyter_prodkit.notebook.document import Cell

__all__ = ["file_behind", "syntax_error"]


def syntax_error(evidence: Evidence) -> Iterator[Finding]:
    """A cell is not valid Python."""
    for cell in evidence.notebook.code_cells:
        if not cell.is_valid:
            yield Finding(
                rule="structure/syntax-error",
                severity="blocker",
                cell_id=cell.cell_id,
                message="This cell is not valid Python",
                because=_syntax_error_in(cell),
                fix="Mend it, or turn it into a Markdown cell.",
            )


def file_behind(evidence: Evidence) -> Iterator[Finding]:
    """The page is known from the saved file only, and other code than stands there has run since."""
    if not evidence.notebook.from_file:
        return
    runs = {run.cell_id: run for run in evidence.timeline.executions if run.cell_id is not None}
    for run in runs.values():
        home = evidence.on_page(run)
        if home is None or home.digest != run.digest:
            yield Finding(
                rule="hidden-state/saved-page",
                severity="note",
                message="The page is judged as it was last saved",
                because="No front end has shown it to the kernel, and code has run that is not in the file.",
                fix="Save the notebook, or open the sidebar, and check again.",
            )
            return


def _syntax_error_in(cell: Cell) -> str:
    try:
        compile(cell.python, cell.label, "exec", dont_inherit=True)
    except SyntaxError as error:
        return f"Line {error.lineno}: {error.msg}."
    except (ValueError, RecursionError, MemoryError) as error:
        return f"{error}."
    return "It can't be parsed."
