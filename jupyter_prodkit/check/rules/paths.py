"""Rules on paths: what exists on this machine only."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache

from jupyter_prodkit.check.evidence import Evidence
from jupyter_prodkit.check.report import Finding
from jupyter_prodkit.notebook.marks import marks_text
from jupyter_prodkit.notebook.syntax import shared_tree
from jupyter_prodkit.notebook.transform import to_python

__all__ = ["absolute"]

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
        if cell.is_ignored or "parameters" in marks_text(cell.source, cell.tags).split():
            continue
        for path in _paths(cell.source):
            yield Finding(
                rule="paths/absolute",
                severity="warning",
                cell_id=cell.cell_id,
                message="A path of this machine stands in the code",
                because=f"{path!r} will not be there in a container or on a colleague's machine.",
                fix="Lift it into a cell marked `parameters`, as a path relative to the notebook.",
            )


@lru_cache(maxsize=4096)
def _paths(source: str) -> tuple[str, ...]:
    if not any(sign in source for sign in ("/", "\\")):
        return ()
    tree = shared_tree(to_python(source))
    if tree is None:
        return ()
    texts = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return tuple(text for text in texts if _ABSOLUTE.match(text))
