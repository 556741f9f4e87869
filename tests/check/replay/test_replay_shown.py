"""Messages of a kernel become the outputs that a front end would show."""

from __future__ import annotations

import pytest

from jupyter_prodkit.check.replay import shown as module
from jupyter_prodkit.check.replay.shown import Display, ShownCell


def stream(text, name="stdout"):
    return {"msg_type": "stream", "content": {"name": name, "text": text}}


def display(text, kind="display_data", **content):
    return {"msg_type": kind, "content": {"data": {"text/plain": text}, "metadata": {}, **content}}


def handle(name):
    return {"transient": {"display_id": name}}


CLEAR = {"msg_type": "clear_output", "content": {"wait": False}}
CLEAR_LATER = {"msg_type": "clear_output", "content": {"wait": True}}
ERROR = {
    "msg_type": "error",
    "content": {"ename": "E", "evalue": "in /copy/nb", "traceback": ["/copy/nb"], "status": "x"},
}
IGNORED = {"msg_type": "comm_open", "content": {}}


@pytest.mark.parametrize(
    ("messages", "texts"),
    [
        ([], []),
        ([stream("a"), stream("b")], ["ab"]),
        ([stream("a"), stream("w", "stderr"), stream("b")], ["a", "w", "b"]),
        ([stream("a"), display("1"), stream("b")], ["a", "1", "b"]),
        ([stream("a"), CLEAR, stream("b")], ["b"]),
        ([stream("a"), CLEAR_LATER], ["a"]),
        ([stream("a"), CLEAR_LATER, stream("b"), stream("c")], ["bc"]),
        ([display("1", **handle("h")), display("2", "update_display_data", **handle("h"))], ["2"]),
        ([display("1"), display("2", "update_display_data", **handle("h"))], ["1"]),
        ([display("1", "execute_result", execution_count=3)], ["1"]),
        ([stream("in /co"), stream("py/nb/a")], ["in /home/me/nb/a"]),
        ([display("/copy/nb")], ["/home/me/nb"]),
        ([IGNORED], []),
    ],
)
def test_what_is_shown(messages, texts):
    cell = ShownCell(Display({"/copy": "/home/me"}))
    for message in messages:
        cell.take(message)
    assert [one.get("text") or one["data"]["text/plain"] for one in cell.outputs()] == texts


def test_an_error_is_named_as_outside():
    cell = ShownCell(Display({"/copy": "/home/me"}))
    cell.take(ERROR)
    assert cell.outputs() == [
        {"output_type": "error", "ename": "E", "evalue": "in /home/me/nb", "traceback": ["/home/me/nb"]}
    ]


def test_a_later_cell_updates_an_earlier_display():
    both = Display({})
    first, second = ShownCell(both), ShownCell(both)
    first.take(display("1", **handle("h")))
    outputs = first.outputs()
    second.take(display("2", "update_display_data", **handle("h")))
    assert outputs[0]["data"]["text/plain"] == "2"
    assert second.outputs() == []


def test_images_are_left_as_they_are():
    cell = ShownCell(Display({"/copy": "/home/me"}))
    cell.take({"msg_type": "display_data", "content": {"data": {"image/png": "x/copy/y"}, "metadata": {}}})
    assert cell.outputs()[0]["data"]["image/png"] == "x/copy/y"


def test_printing_without_end_fills_no_memory(monkeypatch):
    monkeypatch.setattr(module, "_MOST_CHARACTERS", 100)
    cell = ShownCell(Display({}))
    for _ in range(1000):
        cell.take(stream("0123456789"))
    assert len(cell.outputs()[0]["text"]) <= 100
