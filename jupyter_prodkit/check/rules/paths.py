"""Rules on paths: what exists on this machine only."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from jupyter_prodkit.check.evidence import Evidence
from jupyter_prodkit.check.report import Finding

__all__ = ["absolute"]

# Only what can't be anything but a place on a machine: `/` alone, URLs' paths and regular expressions stay out.
_ABSOLUTE = re.compile(
    r"(?:/(?:home|Users|tmp|mnt|media|data|root|var|opt|srv|content|kaggle|Volumes|workspace)/[\w .~/+@,=-]+"
    r"|~/[\w .~/+@,=-]+|[A-Za-z]:[\\/][\w .~\\/+@,=-]+)\Z"
)


def absolute(evidence: Evidence) -> Iterator[Finding]:
    """A path is written out that another machine won't have."""
    for cell in evidence.notebook.code_cells:
        if cell.tree is None or cell.marks.ignore or cell.marks.parameters:
            continue
        for node in ast.walk(cell.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _ABSOLUTE.match(node.value):
                yield Finding(
                    rule="paths/absolute",
                    severity="warning",
                    cell_id=cell.cell_id,
                    message="A path of this machine stands in the code",
                    because=f"{node.value!r} will not be there in a container or on a colleague's machine.",
                    fix="Lift it into a cell marked `parameters`, as a path relative to the notebook.",
                )
