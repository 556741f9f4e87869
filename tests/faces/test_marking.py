"""`%prodmark` in a real kernel: what a page is handed, and the line to paste where there is none."""

from __future__ import annotations

import json
import queue
import time
import uuid
from pathlib import Path
from typing import Any

import nbformat
import pytest

from jupyter_prodkit.faces.channel import Channel
from jupyter_prodkit.faces.protocol import MarkCells

pytestmark = pytest.mark.kernel

WORDS = json.loads((Path(__file__).parents[1] / "notebook" / "marks.json").read_text("utf-8"))["words"]
CELLS = ("rows = [1, 2]", "# Title", "%%time\ntotal = sum(rows)", "%prodmark step load\nrows = [1, 2, 3]", "#| step a\n1")


@pytest.fixture(scope="module")
def marked(kernel_of_the_module: Any) -> Any:
    """A kernel beside a notebook of four code cells and one of text."""
    kernel = kernel_of_the_module
    nodes = [nbformat.v4.new_code_cell(source, id=f"c{place}") for place, source in enumerate(CELLS)]
    nodes[1] = nbformat.v4.new_markdown_cell(CELLS[1], id="c1")
    nodes[0].metadata["tags"] = ["export"]
    kernel.run("import jupyter_prodkit.faces.marking as m; m._PATIENCE_SECONDS = 0")  # no page will come that is not there
    nbformat.write(nbformat.v4.new_notebook(cells=nodes), Path(kernel.folder) / "work.ipynb")
    return kernel


def said(kernel: Any, code: str, cell_id: str | None = "elsewhere") -> str:
    outcome = kernel.run(code, cell_id)
    return kernel.printed.strip() if outcome.success else "\n".join(kernel.traceback)


def test_without_a_page_the_line_to_paste_is_printed(marked: Any) -> None:
    """For the cell that it stands in, and for cells by number; a text cell between others is passed over."""
    assert said(marked, CELLS[3], "c3") == (
        "Begin cell 4 with this line, or give it the tag `step:load`:\n#| step load"
    )
    assert said(marked, "%prodmark export shapes --cells 1 4-5", None) == (
        "Begin cells 1, 4 and 5 with this line, or give them the tag `export:shapes`:\n#| export shapes"
    )
    assert "the tag `parameters`; a line above `%%` would be" in said(marked, "%prodmark parameters --cells 2-3")
    assert said(marked, "%prodmark none --cells 1,5") == (
        "Take these marks away, lines `#| …` and tags:\nCell 1: export\nCell 5: step a"
    )
    assert said(marked, "%prodmark none --cells 4") == "Cell 4 has no mark."
    assert said(marked, "x = 1\n%prodmark export") == (
        "Begin this cell with this line, or give it the tag `export`:\n#| export"
    )


@pytest.mark.parametrize("words", WORDS, ids=lambda words: words["directive"])
def test_the_line_to_paste_and_the_tag_are_those_that_the_panel_knows(marked: Any, words: dict[str, str]) -> None:
    """What `%prodmark` has a user write is in the table by which panel and export read marks."""
    told = said(marked, f"%prodmark {words['kind']} {words['name']} --cells 1")
    assert told == f"Begin cell 1 with this line, or give it the tag `{words['tag']}`:\n{words['directive']}"


@pytest.mark.parametrize(
    ("line", "complaint", "hint"),
    [
        ("%prodmark train", "There is no mark 'train'.", "Did you mean `%prodmark step train`?"),
        ("%prodmark step", "Which step?", "%prodmark step train"),
        ("%prodmark step Train --cells 1", "`step:Train` does not name a step.", "lower-case"),
        ("%prodmark step class --cells 1", "`step:class` does not name a step.", "lower-case"),
        ("%prodmark step serve --cells 1", "`serve` is a command that every package has.", "Choose another"),
        ("%prodmark export config --cells 1", "The module can't be named `config`", "Choose another"),
        ("%prodmark export ../etc --cells 1", "`../etc` does not name a module.", "lower-case"),
        ("%prodmark parameters fast --cells 1", "`parameters` takes no name.", "--cells"),
        ("%prodmark export --cells 9", "There is no cell 9.", "has 5 cells"),
        ("%prodmark export --cells 0", "There is no cell 0.", "count from 1"),
        ("%prodmark export --cells 4-2", "4-2 runs backwards.", "has 5 cells"),
        ("%prodmark export --cells two", "'two' is not the number of a cell.", "--cells 3 5-7"),
        ("%prodmark export --cells 2", "Cell 2 is text; only code can be marked.", "Name code cells"),
        ("%prodmark export", "This cell is only a call of jupyter-prodkit", "--cells 3"),
        ("%prodmark", "the following arguments are required: MARK", "--help"),
    ],
)
def test_what_can_not_be_meant_is_said_with_a_way_on(marked: Any, line: str, complaint: str, hint: str) -> None:
    """A wrong mark, name or cell is one clear error, without a traceback."""
    told = said(marked, line)
    assert complaint in told
    assert hint in told
    assert "Traceback" not in told


def test_a_page_that_listens_is_asked_for_the_mark(marked: Any) -> None:
    """The event names mark and cells; a page that does not answer is not said to have set it."""
    events = uuid.uuid4().hex
    client = marked.client
    opening = {"comm_id": events, "target_name": "prodkit_events", "data": {"client": client.session.session}}
    client.shell_channel.send(client.session.msg("comm_open", opening))
    told = said(marked, CELLS[3], "c3")
    client.shell_channel.send(client.session.msg("comm_close", {"comm_id": events, "data": {}}))
    assert told == "Handed to the notebook, which has not answered yet: Cell 4 is marked `step:load`."
    order = heard(marked, events)
    assert (order["mark"], order["name"], order["cell_ids"]) == ("step", "load", ["c3"])


def test_an_answer_is_heard_and_one_that_comes_too_late_is_nobodys() -> None:
    """What a page says of one order is not taken for the answer to the next."""
    channel = Channel(None)  # type: ignore[arg-type]  # no session is asked for anything
    first, second = (MarkCells(order=number, mark="none", name="", cell_ids=("a",)) for number in (1, 2))
    assert channel.answer_to(first, patience=0) is None
    channel.answer({"kind": "marked", "id": 1, "order": 1, "cell_ids": ["a"]})
    assert channel.answer_to(second, patience=0) is None
    channel.answer({"kind": "marked", "id": 2, "order": 2, "cell_ids": ["a"]})
    answer = channel.answer_to(second, patience=0)
    assert answer is not None
    assert answer.cell_ids == ("a",)


def heard(kernel: Any, comm: str, seconds: float = 20) -> Any:
    """What came on a comm: among what the last run published, or since."""
    deadline = time.monotonic() + seconds
    messages = list(kernel.messages)
    while time.monotonic() < deadline:
        for message in messages:
            content = message["content"]
            if message["msg_type"] == "comm_msg" and content["comm_id"] == comm and content["data"]["kind"] == "mark":
                return content["data"]
        try:
            messages = [kernel.client.get_iopub_msg(timeout=1)]
        except queue.Empty:
            messages = []
    raise AssertionError("no mark was handed over")
