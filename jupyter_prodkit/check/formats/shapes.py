"""Each state and severity as a shape of its own, so that none is told by colour alone; the sidebar draws the same."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from jupyter_prodkit.check.report import CellState, Severity, Verdict

__all__ = ["SEVERITY_SHAPES", "STATE_SHAPES", "VERDICT_SHAPES", "Look", "path_of", "style", "svg_of"]

Look = tuple[str, str]
"""A shape and the tone it is drawn in."""

_PATHS: Mapping[str, str] = {
    "circle": "M6 1a5 5 0 1 1 0 10A5 5 0 0 1 6 1Z",
    "triangle": "M6 1.2 11.4 10.6H.6Z",
    "cross": "M2 2 10 10M10 2 2 10",
    "diamond": "M6 .4 11.6 6 6 11.6.4 6Z",
    "ring": "M6 1.7a4.3 4.3 0 1 1 0 8.6A4.3 4.3 0 0 1 6 1.7Z",
    "square": "M1.6 1.6h8.8v8.8H1.6Z",
}
STATE_SHAPES: Mapping[CellState, Look] = {
    "reproduced": ("circle", "good"),
    "diverges": ("triangle", "bad"),
    "failed": ("cross", "bad"),
    "unverified": ("diamond", "open"),
    "never run": ("ring", "quiet"),
    "nondeterministic": ("square", "warn"),
}
SEVERITY_SHAPES: Mapping[Severity, Look] = {
    "blocker": ("triangle", "bad"),
    "warning": ("square", "warn"),
    "note": ("ring", "quiet"),
}
VERDICT_SHAPES: Mapping[Verdict, Look] = {
    "diverges": ("triangle", "bad"),
    "unverified": ("diamond", "open"),
    "reproducible": ("circle", "good"),
}


def path_of(look: Look) -> str:
    """Return the shape as an SVG path in a box of 12 by 12."""
    shape, tone = look
    drawn = "line" if shape in {"cross", "ring"} else "area"
    return f'<path class="prodkit-{drawn} prodkit-{tone}" d="{_PATHS[shape]}"/>'


def svg_of(look: Look) -> str:
    """Return the shape as a small picture in a line of text; decoration, as words beside it say the same."""
    box = 'viewBox="0 0 12 12" width="11" height="11"'
    return f'<svg class="prodkit-shape" {box} aria-hidden="true">{path_of(look)}</svg>'


def style() -> str:
    """Return the style sheet of the HTML report and of the map, with the theme's colours where there is a theme."""
    return (Path(__file__).parent / "report.css").read_text(encoding="utf-8")
