"""`%prodmark`: a mark handed to the page, which sets it as the panel does; without one, told as a line to paste."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from jupyter_prodkit.check.formats.wording import cell_names
from jupyter_prodkit.errors import NotebookError, UsageError
from jupyter_prodkit.export.naming import is_command, why_no_module
from jupyter_prodkit.faces.arguments import line_parser, parsed_line
from jupyter_prodkit.faces.protocol import MarkCells, Marked
from jupyter_prodkit.notebook.document import Cell, Notebook
from jupyter_prodkit.notebook.marks import Kind, check_module, check_step, directive_of, marks_text, tag_of
from jupyter_prodkit.notebook.transform import own_magics_only
from jupyter_prodkit.session.session import Session

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["mark_cells"]

_MARKS = "Marks: step NAME, export [MODULE], parameters, ignore, none."
_USUAL = ("load", "features", "train", "evaluate", "predict")
_PLACES = re.compile(r"(?P<first>\d+)(?:-(?P<last>\d+))?\Z")
_PATIENCE_SECONDS = 3.0
"""A page begins to listen when its user runs `%prodmark`, and answers at once, unless its kernel is an old one."""


@dataclass(frozen=True, slots=True)
class _Mark:
    kind: Kind | Literal["none"]
    name: str

    @property
    def tag(self) -> str:
        """The mark as a tag, and as it is spoken of."""
        return tag_of(self.kind, self.name) if self.kind != "none" else ""

    @property
    def directive(self) -> str:
        return directive_of(self.kind, self.name) if self.kind != "none" else ""


def mark_cells(shell: InteractiveShell, session: Session, line: str) -> str:
    """Have the cells marked that the text after `%prodmark` names, and return what to tell the user.

    Raises UsageError for a mark, a name or a cell that is none.
    """
    parser = line_parser("prodmark", "Marks this cell, or those named with --cells, for production.")
    parser.add_argument("mark", metavar="MARK", help=_MARKS)
    parser.add_argument("name", metavar="NAME", nargs="?", default="", help="Of the step, or of the module.")
    parser.add_argument(
        "--cells", metavar="N", nargs="+", help="Cells by number, from 1, and runs of them: 3 5-7. Else this cell."
    )
    parsed = parsed_line(parser, line)
    if parsed is None:
        return ""
    mark = _mark(parsed.mark, parsed.name)
    request = _request(shell)
    page = _page(session)
    if parsed.cells is None:
        cells = [_this_cell(request, page)]
    else:
        cells = _numbered(" ".join(parsed.cells).replace(",", " ").split(), page)
    return _hand_over(shell, mark, cells, page, _text(request, "header", "session"))


def _mark(kind: str, name: str) -> _Mark:
    """The mark that is asked for. Raises UsageError and NotebookError where it is none."""
    if kind not in (*get_args(Kind), "none"):
        hint = f"Did you mean `%prodmark step {kind}`? {_MARKS}" if kind in _USUAL else _MARKS
        raise UsageError(f"There is no mark {kind!r}.", hint)
    if kind == "step":
        if not name:
            raise UsageError("Which step?", f"Name it, for example `%prodmark step train`. Usual: {', '.join(_USUAL)}.")
        check_step(name)
        if is_command(name):
            raise UsageError(
                f"`{name}` is a command that every package has.", f"Choose another name, for example {_USUAL[2]}."
            )
    elif kind == "export" and name:
        check_module(name)
        if why := why_no_module(name):
            raise UsageError(f"The module can't be named `{name}`, {why}.", "Choose another, for example `features`.")
    elif name:
        raise UsageError(f"`{kind}` takes no name.", f"Write `%prodmark {kind}`; cells are named with --cells.")
    return _Mark(kind, name)  # type: ignore[arg-type]  # one of them, as was looked at above


# --- cells ------------------------------------------------------------------------------------------------------


def _page(session: Session) -> Notebook | None:
    try:
        return session.page()
    except NotebookError:  # no page and no file: this cell can be marked all the same
        return None


def _this_cell(request: Any, page: Notebook | None) -> Cell:
    """The cell that is running. Raises UsageError where it is nothing but a call of ours."""
    source, cell_id = _text(request, "content", "code") or "", _text(request, "metadata", "cellId")
    cells = page.cells if page is not None else ()
    same = [cell for cell in cells if cell.cell_id == cell_id]
    if not same and cell_id is None:
        same = [cell for cell in cells if cell.source == source]
    cell = same[0] if len(same) == 1 else Cell(cell_id or "", -1, "code", source)
    if own_magics_only(source):
        raise UsageError(
            "This cell is only a call of jupyter-prodkit and not part of the notebook.",
            "Name the cells to mark, for example `--cells 3`, or write the line into the cell that it is for.",
        )
    return cell


def _numbered(words: Sequence[str], page: Notebook | None) -> list[Cell]:
    """The code cells of these numbers. Raises UsageError where there is none, and NotebookError without a page."""
    if page is None:
        raise NotebookError("Which notebook is this? No front end has told the kernel.", "Open the sidebar.")
    found: dict[int, Cell] = {}
    for word in words:
        for cell in _named(word, page):
            found[cell.index] = cell
    return [found[place] for place in sorted(found)]


def _named(word: str, page: Notebook) -> Iterator[Cell]:
    match = _PLACES.match(word)
    if match is None:
        raise UsageError(f"{word!r} is not the number of a cell.", "Write for example `--cells 3 5-7`, after the mark.")
    first, last = int(match["first"]), int(match["last"] or match["first"])
    count = len(page.cells)
    if not 1 <= first <= last <= count:
        raise UsageError(
            f"There is no cell {word}." if first <= last else f"{word} runs backwards.",
            f"The notebook has {count} cells; count from 1, text cells too.",
        )
    cells = page.cells[first - 1 : last]
    code = [cell for cell in cells if cell.kind == "code"]
    if not code:
        kind = "text" if cells[0].kind == "markdown" else cells[0].kind
        raise UsageError(f"{cells[0].label.capitalize()} is {kind}; only code can be marked.", "Name code cells.")
    yield from code


# --- the page ---------------------------------------------------------------------------------------------------


def _hand_over(
    shell: InteractiveShell, mark: _Mark, cells: Sequence[Cell], page: Notebook | None, client: str | None
) -> str:
    from jupyter_prodkit.faces.extension import channel_of

    channel = channel_of(shell)
    if channel is None or not all(cell.cell_id for cell in cells):
        return _told(mark, cells)
    order = MarkCells(
        order=channel.next_order(), mark=mark.kind, name=mark.name, cell_ids=tuple(cell.cell_id for cell in cells)
    )
    if not channel.hand_over(order, client, patience=_PATIENCE_SECONDS):
        return _told(mark, cells)
    answer = channel.answer_to(order, patience=_PATIENCE_SECONDS)
    if answer is None:
        return f"Handed to the notebook, which has not answered yet: {_done(mark, cells)}"
    return "\n".join(_reported(answer, mark, cells, page))


def _reported(answer: Marked, mark: _Mark, cells: Sequence[Cell], page: Notebook | None) -> Iterator[str]:
    if answer.is_read_only:
        yield "The notebook is open for reading only."
        yield _told(mark, cells)
        return
    done = [cell for cell in cells if cell.cell_id in answer.cell_ids]
    gone = [cell for cell in cells if cell.cell_id not in answer.cell_ids]
    if done:
        yield _done(mark, done)
    if gone:
        yield f"Not on the page any more: {_names(gone)}."
    if done and (page is None or page.from_file):
        yield "Save the notebook: until the sidebar is open, its marks are read from the file."


def _done(mark: _Mark, cells: Sequence[Cell]) -> str:
    named = _sentence(_names(cells))
    if mark.kind == "none":
        return f"{named} {'has' if len(cells) == 1 else 'have'} no mark now."
    return f"{named} {'is' if len(cells) == 1 else 'are'} marked `{mark.tag}`."


def _told(mark: _Mark, cells: Sequence[Cell]) -> str:
    """What the user does where no page does it."""
    named = _names(cells)
    if mark.kind == "none":
        said = [(_sentence(_names([cell])), marks_text(cell.source, cell.tags)) for cell in cells]
        marks = [f"{name}: {text}" for name, text in said if text]
        if not marks:
            return f"{_sentence(named)} {'has' if len(cells) == 1 else 'have'} no mark."
        return "\n".join(["Take these marks away, lines `#| …` and tags:", *marks])
    if any(cell.source.lstrip().startswith("%%") for cell in cells):
        return f"Give {named} the tag `{mark.tag}`; a line above `%%` would be in its way."
    return f"Begin {named} with this line, or give {_it(cells)} the tag `{mark.tag}`:\n{mark.directive}"


def _names(cells: Sequence[Cell]) -> str:
    """The cells as messages name them; the one that is running, where its place is not known, is this cell."""
    return cell_names([cell.label if cell.index >= 0 else "this cell" for cell in cells])


def _it(cells: Sequence[Cell]) -> str:
    return "it" if len(cells) == 1 else "them"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


# --- the request ------------------------------------------------------------------------------------------------


def _request(shell: Any) -> Any:
    """The message that the running cell came with; nothing where there is none: in a terminal."""
    try:
        return shell.get_parent()
    except (AttributeError, LookupError):
        return {}


def _text(request: Any, part: str, name: str) -> str | None:
    try:
        value = request[part][name]
    except (KeyError, TypeError):
        return None
    return value if isinstance(value, str) else None
