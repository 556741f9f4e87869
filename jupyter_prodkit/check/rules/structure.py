"""Rules on how the notebook is built: late imports, and magics where they can't go."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from jupyter_prodkit.check.evidence import Evidence
from jupyter_prodkit.check.report import Finding
from jupyter_prodkit.check.rules.calls import calls_in
from jupyter_prodkit.check.rules.marked import is_exported
from jupyter_prodkit.notebook.marks import void_marks
from jupyter_prodkit.notebook.names import code_names

__all__ = ["late_import", "magic_in_marked_cell", "mark_below_magic"]

_LONG_SECONDS = 60.0
_SHELL_CALLS = frozenset({"getoutput", "run_cell_magic", "run_line_magic", "system"})


def late_import(evidence: Evidence) -> Iterator[Finding]:
    """A package is first imported after a minute of computing: where it is missing, all that was in vain.

    Where little has been computed, an import may stand wherever it reads best.
    """
    seconds = 0.0
    imported: set[str] = set()
    for judged in evidence.clean.cells:
        names = code_names(judged.cell.source).imports - sys.stdlib_module_names
        new = sorted(names - imported)
        if new and seconds >= _LONG_SECONDS:
            yield Finding(
                rule="structure/late-import",
                severity="note",
                cell_id=judged.cell.cell_id,
                names=tuple(new),
                message="A late import",
                because=f"The cells above ran for {_minutes(seconds)}; where `{new[0]}` is missing, that was in vain.",
                fix="Import it in the first cell.",
            )
        imported |= names
        seconds += 0.0 if judged.shown is None else judged.shown.seconds


def magic_in_marked_cell(evidence: Evidence) -> Iterator[Finding]:
    """A cell that is marked for export uses a magic or the shell: outside a notebook there is none."""
    for cell in evidence.notebook.code_cells:
        if any(_is_magic(call.path) for call in calls_in(cell.source)[1]) and is_exported(cell):
            yield Finding(
                rule="structure/magic-in-marked-cell",
                severity="warning",
                cell_id=cell.cell_id,
                message="A magic in a cell that is to be exported",
                because="A package has no notebook around it: `%` and `!` lines can’t run there.",
                fix="Move the magic into a cell of its own.",
            )


def mark_below_magic(evidence: Evidence) -> Iterator[Finding]:
    """A `#|` line stands below a `%%` line and looks like a mark: it is a comment, and marks nothing."""
    for cell in evidence.notebook.code_cells:
        void = void_marks(cell.source, cell.tags)
        if void:
            tags = ", ".join(f"`{tag}`" for tag in void)
            yield Finding(
                rule="structure/mark-below-magic",
                severity="warning",
                cell_id=cell.cell_id,
                message=f"A mark that has no effect: {tags}",
                because="A cell is marked by the `#|` lines that it begins with; below a `%%` line they mark nothing.",
                fix=f"Give the cell the tag {tags} instead: a line above `%%` would be in its way.",
            )


def _is_magic(path: tuple[str, ...]) -> bool:
    return path == ("get_ipython",) or (path[0] == "" and path[-1] in _SHELL_CALLS)


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 2 * _LONG_SECONDS else "more than a minute"
