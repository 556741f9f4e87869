"""The cells of a page as a picture: nodes in page order by the shape of their state, arrows for values that flow."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from jupyter_prodkit.check.formats.map_layout import MARGIN, Arrow, Layout
from jupyter_prodkit.check.formats.shapes import STATE_SHAPES, path_of, style
from jupyter_prodkit.check.formats.wording import cell_names, counted, state_counts, state_word
from jupyter_prodkit.check.report import CellVerdict, Report
from jupyter_prodkit.notebook.document import Notebook

__all__ = ["dataflow_map"]

_LEGEND_LINE, _LEGEND_CHARACTER, _LEGEND_GAP = 18, 5.6, 30
_LEGEND_WIDTH = 640
_MOST_TOLD = 12
_LONGEST_NAME = 14
_NAME_CHARACTER, _NAME_HEIGHT = 6.5, 11


def dataflow_map(report: Report, notebook: Notebook, *, styled: bool = True) -> str:
    """Return an SVG picture of the cells that `report` judges; `styled=False` leaves the style sheet to the page.

    It holds names and never code, in which a secret may stand.
    """
    return _Map(report, notebook, Layout(report, notebook)).svg(styled=styled)


@dataclass(frozen=True)
class _Map:
    report: Report
    notebook: Notebook
    layout: Layout

    def svg(self, *, styled: bool) -> str:
        described = escape(self._description(), quote=True)
        legend, legend_width, legend_height = _legend(self.report, self.layout.caption)
        width, height = max(self.layout.width, legend_width), _n(self.layout.height + legend_height)
        size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="prodkit-map" {size} role="img" aria-label="{described}">',
            f"<title>{described}</title>",
            f"<style>{style()}</style>" if styled else "",
            *(self._arrow(arrow) for arrow in sorted(self.layout.drawn, key=lambda arrow: arrow.hot)),
            *(self._node(place, verdict) for place, verdict in enumerate(self.report.cells)),
            *self._numbers(),
            *self._names(),
            f'<g transform="translate(0 {_n(self.layout.height)})">{legend}</g>',
            "</svg>",
        ]
        return "".join(parts)

    def _description(self) -> str:
        """Return the picture in words, for those who don't see it."""
        counts = ", ".join(words for _, _, words in state_counts(self.report))
        said = [f"{counted(len(self.report.cells), 'cell')} in page order: {counts}."]
        for state in ("diverges", "failed", "unverified", "never run"):
            names = [self._name(place) for place, one in enumerate(self.report.cells) if one.state == state]
            if 0 < len(names) <= _MOST_TOLD:
                said.append(f"{cell_names(names).capitalize()}: {state_word(state)}.")
        hot = [arrow for arrow in self.layout.drawn if arrow.hot]
        said += [f"{self._told(arrow)}." for arrow in hot[:_MOST_TOLD]]
        return " ".join(said)

    def _name(self, place: int) -> str:
        return f"cell {self.report.cells[place].index + 1}"

    def _told(self, arrow: Arrow) -> str:
        return f"{', '.join(arrow.names)} from {self._name(arrow.writer)} to {self._name(arrow.reader)}"

    # -- drawing ----------------------------------------------------------------------------------------------------

    def _arrow(self, arrow: Arrow) -> str:
        radius = self.layout.radius
        lean = radius / 2  # values leave a cell on its right and enter on its left
        x1, y1 = self.layout.at(arrow.writer)
        x2, y2 = self.layout.at(arrow.reader)
        x1, x2, y2 = x1 + lean, x2 - lean, y2 - radius - 2
        if self.layout.is_in_row(arrow):
            y1 -= radius + 1
            above = y2 - self.layout.rise(arrow) / 0.75
            curve = f"M{_n(x1)} {_n(y1)}C{_n(x1)} {_n(above)} {_n(x2)} {_n(above)} {_n(x2)} {_n(y2)}"
        else:
            y1 += radius + 1
            bend = max(self.layout.row * 0.6, (y2 - y1) * 0.4)
            curve = f"M{_n(x1)} {_n(y1)}C{_n(x1)} {_n(y1 + bend)} {_n(x2)} {_n(y2 - bend)} {_n(x2)} {_n(y2)}"
        head = f"M{_n(x2 - 2.6)} {_n(y2 - 4)}h5.2l-2.6 5Z"
        kind = "prodkit-flow prodkit-hot" if arrow.hot else "prodkit-flow"
        title = f"<title>{escape(self._told(arrow))}</title>"
        return f'<g class="{kind}">{title}<path d="{curve}"/><path class="prodkit-head" d="{head}"/></g>'

    def _names(self) -> Iterator[str]:
        """Yield what flows on each arrow between cells in question, as far as the words don't cover each other."""
        placed: list[tuple[float, float, float]] = []
        for arrow in sorted(self.layout.named, key=lambda arrow: arrow.writer - arrow.reader):
            (x1, y), (x2, _) = self.layout.at(arrow.writer), self.layout.at(arrow.reader)
            name = _short(arrow.names[0] if len(arrow.names) == 1 else f"{arrow.names[0]}, …")
            middle, top = (x1 + x2) / 2, y - self.layout.radius - self.layout.rise(arrow) - 5
            half = len(name) * _NAME_CHARACTER / 2
            if any(abs(middle - x) < half + other and abs(top - y) < _NAME_HEIGHT for x, y, other in placed):
                continue
            placed.append((middle, top, half))
            yield f'<text class="prodkit-name" x="{_n(middle)}" y="{_n(top)}">{escape(name)}</text>'

    def _node(self, place: int, verdict: CellVerdict) -> str:
        x, y = self.layout.at(place)
        half = self.layout.radius
        title = f"{self._name(place)}: {state_word(verdict.state)}"
        shape = f'transform="translate({_n(x - half)} {_n(y - half)}) scale({self.layout.scale})"'
        return (
            f'<g class="prodkit-node"><title>{escape(title)}</title>'
            f"<g {shape}>{path_of(STATE_SHAPES[verdict.state])}</g></g>"
        )

    def _numbers(self) -> Iterator[str]:
        """Yield as many numbers below cells as there is room for, those in question first; and that of each row."""
        for place in sorted(self.layout.numbered):
            x, y = self.layout.at(place)
            kind = "prodkit-number prodkit-strong" if place in self.layout.doubtful else "prodkit-number"
            number = self.report.cells[place].index + 1
            yield f'<text class="{kind}" x="{_n(x)}" y="{_n(y + self.layout.radius + 11)}">{number}</text>'
        for row in range(self.layout.rows if self.layout.rows > 1 else 0):
            place = row * self.layout.per_row
            _, y = self.layout.at(place)
            number = self.report.cells[place].index + 1
            yield f'<text class="prodkit-number" x="{MARGIN + 3}" y="{_n(y + 3.5)}">{number}</text>'


def _legend(report: Report, caption: str) -> tuple[str, int, int]:
    """Return what the shapes mean, with its width and height: the states that occur, and how often."""
    items, x, y, widest = [], float(MARGIN - 6), 14, 0.0
    entries = [(path_of(STATE_SHAPES[state]), words) for state, _, words in state_counts(report)]
    for shape, words in [*entries, *([("", caption)] if caption else [])]:
        indent = 16 if shape else 0
        length = indent + len(words) * _LEGEND_CHARACTER
        if x > MARGIN and x + length > _LEGEND_WIDTH:
            x, y = MARGIN - 6, y + _LEGEND_LINE
        picture = f'<g transform="translate({_n(x)} {y - 9}) scale(0.8)">{shape}</g>' if shape else ""
        items.append(f'{picture}<text x="{_n(x + indent)}" y="{y}">{escape(words)}</text>')
        widest = max(widest, x + length)
        x += length + _LEGEND_GAP - 12
    return "".join(items), math.ceil(widest), y + 6 if items else 0


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _n(number: float) -> str:
    """Return a coordinate as short as can be."""
    return f"{number:.1f}".removesuffix(".0")
