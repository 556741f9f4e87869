"""The lock's table of distributions, for a notebook and for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from jupyter_prodkit.lock.report import LockedRow, LockReport

__all__ = ["lock_lines", "lock_table"]

_HEADS = ("package", "version", "source", "why", "status")
_SHORT = 12
"""Up to so many rows the table stands open."""


def lock_lines(report: LockReport) -> list[str]:
    """Return the table's lines for a terminal, none where there is nothing in it."""
    rows = [_HEADS, *(_cells(row) for row in report.distributions)] if report.distributions else []
    widths = [max(len(row[at]) for row in rows) for at in range(len(_HEADS))] if rows else []
    return ["", *(_line(row, widths) for row in rows)] if rows else []


def lock_table(report: LockReport) -> str:
    """Return the table as HTML, everything escaped; a long one is folded. Empty where there is nothing in it."""
    if not report.distributions:
        return ""
    style = 'style="text-align:left"'
    heads = "".join(f'<th scope="col" {style}>{escape(head)}</th>' for head in _HEADS)
    lines = ["".join(f"<td {style}>{escape(text)}</td>" for text in _cells(row)) for row in report.distributions]
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    is_open = " open" if len(report.distributions) <= _SHORT else ""
    return (
        f"<details{is_open}><summary>The {len(report.distributions)} distributions</summary>"
        f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></details>"
    )


def _cells(row: LockedRow) -> tuple[str, ...]:
    return row.name, row.version, row.source, row.why, row.status


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    return "  " + "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
