"""Where the cells of the map stand, and which arrows are drawn between them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from jupyter_prodkit.check.formats.wording import counted
from jupyter_prodkit.check.report import CellState, Report
from jupyter_prodkit.notebook.dataflow import value_flows
from jupyter_prodkit.notebook.document import Notebook

__all__ = ["MARGIN", "Arrow", "Layout"]

MARGIN = 14
_MOST_FAINT = 200
"""More arrows than this between cells that are in order say nothing any more."""
_MOST_NAMED = 6
_NUMBER_WIDTH = 21
_ROW_NUMBER = 24
"""Room for the number of a row's first cell, to its left."""
_HIGHEST_BETWEEN_ROWS = 15
_IN_ORDER: frozenset[CellState] = frozenset({"reproduced", "nondeterministic"})


@dataclass(frozen=True, slots=True)
class _Density:
    """How close cells stand; in pixels."""

    up_to: float
    """The most cells that are drawn so."""
    pitch: int
    scale: float
    """Of a node's shape, which is 12 wide."""
    every: int
    """Each how-manieth cell has its number below it; those in question always have."""
    per_row: int = 60
    row: int = 0
    """From one row to the next, where there may be several."""
    row_bare: int = 0
    """The same where no arrow needs room between them."""


_DENSITIES = (
    _Density(12, 52, 1.1, every=1),
    _Density(30, 25, 1, every=1),
    _Density(60, 13, 0.8, every=5),
    _Density(math.inf, 13, 0.75, every=0, per_row=50, row=39, row_bare=26),
)


@dataclass(frozen=True, slots=True)
class Arrow:
    """Values that flow from one drawn cell to another, by their places among the drawn."""

    writer: int
    reader: int
    names: tuple[str, ...]
    hot: bool
    """Whether both ends are in question: a value that differs may take this way."""


@dataclass(frozen=True)
class Layout:
    """The map's geometry, in pixels."""

    report: Report
    notebook: Notebook

    # -- where things stand -----------------------------------------------------------------------------------------

    @cached_property
    def _density(self) -> _Density:
        return next(density for density in _DENSITIES if len(self.report.cells) <= density.up_to)

    @property
    def scale(self) -> float:
        """Of a node's shape, which is 12 wide."""
        return self._density.scale

    @cached_property
    def per_row(self) -> int:
        """Rows are equally long, but for the last."""
        rows = math.ceil(len(self.report.cells) / self._density.per_row)
        return max(1, math.ceil(len(self.report.cells) / max(rows, 1)))

    @cached_property
    def rows(self) -> int:
        """How many rows there are."""
        return math.ceil(len(self.report.cells) / self.per_row)

    @cached_property
    def row(self) -> int:
        """From one row to the next."""
        return self._density.row if self.drawn else self._density.row_bare

    @cached_property
    def _left(self) -> int:
        return MARGIN + (_ROW_NUMBER if self.rows > 1 else 0)

    @cached_property
    def _top(self) -> float:
        """Above the first row: room for its highest arrow."""
        highest = max((self.rise(arrow) for arrow in self.drawn if self.is_in_row(arrow)), default=0)
        return round(highest + self.radius + (18 if self.named else 10))

    @property
    def radius(self) -> float:
        """Of a node."""
        return 6 * self.scale

    @property
    def width(self) -> int:
        """Of the cells and their margins."""
        return self._left + (min(self.per_row, len(self.report.cells)) - 1) * self._density.pitch + MARGIN

    @property
    def height(self) -> float:
        """Of the cells, with their numbers and the arrows above."""
        return self._top + max(self.rows - 1, 0) * self.row + self.radius + 20

    def at(self, place: int) -> tuple[float, float]:
        """Return where the middle of a cell is."""
        row, column = divmod(place, self.per_row)
        return self._left + column * self._density.pitch, self._top + row * self.row

    def is_in_row(self, arrow: Arrow) -> bool:
        """Return whether both ends stand in one row."""
        return arrow.writer // self.per_row == arrow.reader // self.per_row

    def rise(self, arrow: Arrow) -> float:
        """Return how high an arrow between cells of one row rises above them."""
        span = arrow.reader - arrow.writer
        if self.rows > 1:
            return min(5 + 2.5 * math.sqrt(span), _HIGHEST_BETWEEN_ROWS)
        return 8 + (10.0 if self._density.every == 1 else 5.2) * math.pow(span, 0.65)

    # -- what flows -------------------------------------------------------------------------------------------------

    @cached_property
    def _arrows(self) -> tuple[Arrow, ...]:
        places = {verdict.cell_id: place for place, verdict in enumerate(self.report.cells)}
        found = []
        for flow in value_flows(self.notebook.cells):
            names = tuple(sorted(flow.names))
            writer, reader = places.get(flow.writer.cell_id), places.get(flow.reader.cell_id)
            if writer is not None and reader is not None:
                found.append(Arrow(writer, reader, names, hot={writer, reader} <= self.doubtful))
        return tuple(found)

    @cached_property
    def drawn(self) -> tuple[Arrow, ...]:
        """All arrows; in a crowd, and from row to row, only those that begin or end at a cell in question."""
        if len(self._arrows) <= _MOST_FAINT:
            return tuple(arrow for arrow in self._arrows if self.is_in_row(arrow) or self._is_asked(arrow))
        asked = sorted(self._arrows, key=lambda arrow: not arrow.hot)
        return tuple(arrow for arrow in asked if self._is_asked(arrow))[:_MOST_FAINT]

    def _is_asked(self, arrow: Arrow) -> bool:
        return bool({arrow.writer, arrow.reader} & self.doubtful)

    @cached_property
    def doubtful(self) -> frozenset[int]:
        """The cells in question: to be run again, or not sure to be as a clean run leaves them."""
        planned = {run.cell_id for run in self.report.plan}
        return frozenset(
            place
            for place, verdict in enumerate(self.report.cells)
            if verdict.state not in _IN_ORDER or verdict.cell_id in planned
        )

    @property
    def caption(self) -> str:
        """What the picture leaves out, if anything."""
        hidden = len(self._arrows) - len(self.drawn)
        return f"{counted(hidden, 'flow')} between cells in order not drawn" if hidden else ""

    @cached_property
    def named(self) -> tuple[Arrow, ...]:
        """The arrows between cells in question, where there is room to say what flows."""
        hot = tuple(arrow for arrow in self.drawn if arrow.hot)
        return hot if len(self.report.cells) <= _DENSITIES[0].up_to and len(hot) <= _MOST_NAMED else ()

    @cached_property
    def numbered(self) -> frozenset[int]:
        """The cells that have their number below them: those in question first, then others, while there is room."""
        every, places = self._density.every, range(len(self.report.cells))
        apart = math.ceil(_NUMBER_WIDTH / self._density.pitch)
        taken: set[int] = set()
        for place in [*sorted(self.doubtful), *(places[::every] if every else ())]:
            row = place // self.per_row
            near = range(max(place - apart + 1, row * self.per_row), min(place + apart, (row + 1) * self.per_row))
            if not any(other in taken for other in near):
                taken.add(place)
        return frozenset(taken)
