"""Rules on paths: what exists on this machine only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from jupyter_prodkit.check.evidence import Evidence
from jupyter_prodkit.check.report import Finding
from jupyter_prodkit.check.rules.calls import calls_of_page
from jupyter_prodkit.check.rules.file_reads import read_path, texts_of
from jupyter_prodkit.check.rules.marked import is_parameters

__all__ = ["absolute", "missing"]

_PART = r"[\w .~/+@,=-]+"
# Only what can't be anything but a place on a machine: `/` alone, URLs' paths and regular expressions stay out, and
# so does `/data/items`, unless it ends as a file does.
_ABSOLUTE = re.compile(
    rf"(?:/(?:home|Users|Volumes|kaggle|mnt|root)/{_PART}|~/{_PART}|[A-Za-z]:(?:\\|/(?!/))[\w .~\\/+@,=-]+"
    rf"|/(?:media|data|var|opt|srv|content|workspace)/{_PART}\.[A-Za-z]\w{{0,7}})\Z"
)


def absolute(evidence: Evidence) -> Iterator[Finding]:
    """A path is written out that another machine won't have."""
    for cell in evidence.notebook.code_cells:
        paths = _paths(cell.source)
        if paths and is_parameters(cell):
            continue
        for path in paths:
            yield Finding(
                rule="paths/absolute",
                severity="warning",
                cell_id=cell.cell_id,
                message="A path of this machine stands in the code",
                because=f"{path!r} will not be there in a container or on a colleague's machine.",
                fix="Lift it into a cell marked `parameters`, as a path relative to the notebook.",
            )


def missing(evidence: Evidence) -> Iterator[Finding]:
    """A cell reads a file that is not there, and that no cell makes."""
    if not evidence.surroundings.missing_files:
        return
    for cell, call, dotted in calls_of_page(evidence.notebook):
        path = read_path(call, dotted)
        if path in evidence.surroundings.missing_files:
            yield Finding(
                rule="paths/missing",
                severity="warning",
                cell_id=cell.cell_id,
                message="It reads a file that is not there",
                because=f"There is no {path!r} beside the notebook, and no cell makes it.",
                fix="Put the file beside the notebook, or lift the path into a cell marked `parameters`.",
            )


@lru_cache(maxsize=4096)
def _paths(source: str) -> tuple[str, ...]:
    if not any(sign in source for sign in ("/", "\\")):
        return ()
    return tuple(text for text in texts_of(source) if _ABSOLUTE.match(text))
