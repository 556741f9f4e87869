"""The rule on the hashes of texts, and the order of sets of them, which Python makes new in each process."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jupyter_prodkit.check.evidence import Evidence
from jupyter_prodkit.check.report import Finding
from jupyter_prodkit.check.rules.text_sets import HashTaken, TextNames, along, may_take_hash
from jupyter_prodkit.notebook.document import Cell

__all__ = ["hash_order"]


def hash_order(evidence: Evidence) -> Iterator[Finding]:
    """The order of a set of texts, or the hash of a text, reaches a result: each process has another."""
    if not any(may_take_hash(cell.source) for cell in evidence.notebook.code_cells):
        return
    known = TextNames()
    for cell in evidence.notebook.code_cells:
        taken, known = along(cell.source, known)
        for one in taken:
            if one.kept_as is None or not _is_sorted(evidence, one.kept_as):
                yield _finding(cell, one)


def _is_sorted(evidence: Evidence, name: str) -> bool:
    """Whether the list that took the order is put into one of its own somewhere."""
    sorting = re.compile(rf"\b{name}\.sort\(|\b(?:sorted|set|frozenset|len|Counter)\(\s*{name}\b")
    return any(name in cell.source and sorting.search(cell.source) for cell in evidence.notebook.code_cells)


def _finding(cell: Cell, one: HashTaken) -> Finding:
    if one.is_hash:
        return Finding(
            rule="randomness/hash-order",
            severity="warning",
            cell_id=cell.cell_id,
            message="Depends on the hash of a text",
            because=f"`{one.what}` is another number in each process.",
            fix="Take a digest that stays the same: `zlib.crc32(text.encode())`.",
        )
    return Finding(
        rule="randomness/hash-order",
        severity="warning",
        cell_id=cell.cell_id,
        names=(one.what,) if one.what.isidentifier() else (),
        message="Depends on the order of a set",
        because=f"The order of the texts in `{one.what}` is another in each process.",
        fix=f"Go through it in an order of your own: `sorted({one.what})`.",
    )
