"""What came of checking one notebook of several, with all that a format needs to say where things stand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from urllib.parse import quote

from jupyter_prodkit.check.report import Report
from jupyter_prodkit.errors import ProdkitError
from jupyter_prodkit.notebook.document import Notebook

__all__ = ["Checked", "NotChecked", "Outcome", "cell_lines", "place_of", "uri_of"]


@dataclass(frozen=True)
class Checked:
    """A notebook that was judged."""

    report: Report
    notebook: Notebook
    place: str
    """Its path as people and programs at the working directory name it."""
    lines: tuple[int, ...] = ()
    """The line in the notebook's file on which the source of each cell begins, from 1; empty where not known."""

    def line(self, cell_id: str | None) -> int:
        """Return the line to send a reader to: the cell's first, the file's first where the cell has none."""
        cell = self.notebook.cell(cell_id or "")
        return self.lines[cell.index] if cell is not None and cell.index < len(self.lines) else 1


@dataclass(frozen=True)
class NotChecked:
    """A notebook that could not be judged, and why."""

    place: str
    message: str
    hint: str = ""


    @classmethod
    def because_of(cls, error: ProdkitError, path: Path, folder: Path) -> NotChecked:
        """Return the outcome of an error, with the notebook named as someone in `folder` names it."""
        place = place_of(path, folder)
        return cls(place, error.message.replace(str(path), place), error.hint)


Outcome = Checked | NotChecked

_BOM = "\ufeff"
_DECODER = json.JSONDecoder()


def place_of(path: Path, folder: Path) -> str:
    """Return how someone in `folder` names the file `path`: relative to it, in full where it lies elsewhere."""
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def uri_of(place: str) -> str:
    """Return a place as a URI reference: with slashes, and with everything encoded that a URI can't hold."""
    path = PurePath(place)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())


def cell_lines(text: str) -> tuple[int, ...]:
    """Return the line, from 1, on which the source of each cell begins in a notebook's JSON.

    A cell without a source gets the line that it begins on itself. Returns nothing for what is no notebook of
    format 4: an older one keeps its cells elsewhere.
    """
    lines: list[int] = []
    line, seen = 1, 0
    try:
        for place in _sources(text):
            line += text.count("\n", seen, place)
            seen = place
            lines.append(line)
    except (ValueError, IndexError, RecursionError):
        return ()
    return tuple(lines)


def _sources(text: str) -> Iterator[int]:
    """Yield the place in `text` of the first line of each cell's source."""
    start = _blank(text, len(_BOM) if text.startswith(_BOM) else 0)
    cells = _members(text, start).get("cells")
    if cells is None:
        return
    for place in _items(text, cells):
        source = _members(text, place).get("source", place)
        yield next(_items(text, source), source) if text[source] == "[" else source


def _members(text: str, start: int) -> dict[str, int]:
    """Return where each value begins of the JSON object at `start`."""
    found: dict[str, int] = {}
    place = _first(text, start, "{")
    while text[place] != "}":
        name, after = _DECODER.raw_decode(text, place)
        found[name] = _blank(text, _blank(text, after) + 1)
        place = _next(text, found[name])
    return found


def _items(text: str, start: int) -> Iterator[int]:
    """Yield where each item begins of the JSON array at `start`."""
    place = _first(text, start, "[")
    while text[place] != "]":
        yield place
        place = _next(text, place)


def _first(text: str, start: int, bracket: str) -> int:
    """Return where the first entry begins. Raises ValueError where no such bracket stands at `start`."""
    if text[start] != bracket:
        raise ValueError(f"no {bracket} at {start}")
    return _blank(text, start + 1)


def _next(text: str, value: int) -> int:
    """Return where the entry after that of `value` begins, or the closing bracket stands."""
    place = _blank(text, _DECODER.raw_decode(text, value)[1])
    return _blank(text, place + 1) if text[place] == "," else place


def _blank(text: str, place: int) -> int:
    """Return the next place at or after `place` that is not white space."""
    while text[place] in " \t\r\n":
        place += 1
    return place
