"""`%prodcheck --fix` in a real kernel: which page gets the plan, and what is told where there is none."""

from __future__ import annotations

import queue
import time
import uuid

import pytest

from jupyter_prodkit.faces.channel import Channel
from jupyter_prodkit.faces.protocol import RunCells

LOAD, DOUBLE, SHOW = "numbers = [1, 2]", "numbers = numbers + numbers", "print(len(numbers))"
PLAN = ["a", "b", "c"]


class FakeComm:
    """A page's end of the events comm."""

    def __init__(self) -> None:
        self.heard = []
        self.close = lambda: None

    def on_close(self, function):
        self.close = lambda: function(None)

    def send(self, data):
        self.heard.append(data)


def joined(channel, client=None):
    comm = FakeComm()
    channel.accept_listener(comm, {"content": {"data": {} if client is None else {"client": client}}})
    return comm


def handed(channel, client, patience=0.0):
    return channel.hand_over(RunCells(cell_ids=("a",)), client, patience=patience)


def test_of_several_pages_the_one_that_asked_runs_the_plan():
    """Nobody's cells are run twice, and outputs come to the window in which they were asked for."""
    channel = Channel(None)
    asking, other = joined(channel, "page1"), joined(channel, "page2")
    assert handed(channel, "page1")
    assert asking.heard == [{"kind": "repair", "cell_ids": ("a",)}]
    assert other.heard == []


@pytest.mark.parametrize("client", [None, "a command line"])
def test_where_it_is_not_known_who_asked_one_page_runs_it(client):
    """The one that was opened last; never all."""
    channel = Channel(None)
    first, last = joined(channel, "page1"), joined(channel)
    assert handed(channel, client)
    assert (len(first.heard), len(last.heard)) == (0, 1)


def test_a_page_that_has_gone_is_not_asked():
    """A closed window runs nothing."""
    channel = Channel(None)
    joined(channel, "page1").close()
    assert not handed(channel, "page1")


def test_what_a_front_end_says_when_it_opens_may_be_anything():
    """An older page, or another program, says nothing of itself and is listened to all the same."""
    for opening in ({}, {"content": {}}, {"content": {"data": None}}, {"content": {"data": {"client": 3}}}):
        channel = Channel(None)
        comm = FakeComm()
        channel.accept_listener(comm, opening)
        assert handed(channel, "page1")
        assert len(comm.heard) == 1


def play(kernel, notebook, last):
    notebook(a=LOAD, b=DOUBLE, c=SHOW, d=last)
    for cell_id, code in (("a", LOAD), ("b", DOUBLE), ("b", DOUBLE), ("c", SHOW)):
        kernel.run(code, cell_id)


@pytest.mark.kernel
def test_without_a_page_the_plan_is_printed_as_a_list(kernel, notebook):
    """In a front end that runs nothing by itself, the user reads what to run."""
    play(kernel, notebook, "%prodcheck --fix")
    assert kernel.run("%prodcheck --fix", "d").success
    assert "Run these cells, in this order:" in kernel.printed
    lines = [line.split("(")[0].strip() for line in kernel.printed.splitlines()[1:]]
    assert lines == ["1. cell 1", "2. cell 2", "3. cell 3"]


@pytest.mark.kernel
def test_a_page_that_listens_gets_the_plan(kernel, notebook):
    """The event names the cells in order; the cell that asked is not among them."""
    play(kernel, notebook, "%prodcheck --fix")
    events = uuid.uuid4().hex
    client = kernel.client
    opening = {"comm_id": events, "target_name": "prodkit_events", "data": {"client": client.session.session}}
    client.shell_channel.send(client.session.msg("comm_open", opening))
    kernel.run("%prodcheck --fix", "d")
    assert "The notebook now runs cells 1, 2 and 3, in this order." in kernel.printed
    assert heard(kernel, events)["cell_ids"] == PLAN


@pytest.mark.kernel
def test_a_cell_that_asks_again_is_left_to_the_user(kernel, notebook):
    """Two cells that each repair the notebook would otherwise run each other without end."""
    mixed = "print(len(numbers))\n%prodcheck --fix"
    notebook(a=LOAD, b=DOUBLE, c=mixed)
    for cell_id, code in (("a", LOAD), ("b", DOUBLE), ("b", DOUBLE)):
        kernel.run(code, cell_id)
    events = uuid.uuid4().hex
    client = kernel.client
    opening = {"comm_id": events, "target_name": "prodkit_events", "data": {}}
    client.shell_channel.send(client.session.msg("comm_open", opening))
    kernel.run(mixed, "c")
    assert heard(kernel, events)["cell_ids"] == ["a", "b"]
    assert "Run by hand, as they call jupyter-prodkit:\n  1. cell 3" in kernel.printed


@pytest.mark.kernel
def test_nothing_to_mend_is_said(kernel, notebook):
    """A notebook that reproduces is left alone."""
    notebook(a=LOAD, d="%prodcheck --fix")
    kernel.run(LOAD, "a")
    kernel.run("%prodcheck --fix", "d")
    assert kernel.printed.strip() == "No cell is to be run again."


@pytest.mark.kernel
@pytest.mark.parametrize(("format", "begins"), [("json", '{"version":1'), ("sarif", "{"), ("github", "::")])
def test_a_format_is_printed_and_nothing_else(kernel, notebook, format, begins):  # noqa: A002 - the option's name
    """What a program is to read is not mixed with what a person would."""
    play(kernel, notebook, "%prodcheck")
    kernel.run(f"%prodcheck --format {format} --fix", "d")
    assert kernel.printed.startswith(begins)
    assert "in this order" not in kernel.printed
    assert kernel.shown == []


def heard(kernel, comm, seconds=20):
    """The next plan on a comm, if it was not among what the last run published."""
    deadline = time.monotonic() + seconds
    messages = list(kernel.messages)
    while time.monotonic() < deadline:
        for message in messages:
            content = message["content"]
            if message["msg_type"] == "comm_msg" and content["comm_id"] == comm and content["data"]["kind"] == "repair":
                return content["data"]
        try:
            messages = [kernel.client.get_iopub_msg(timeout=1)]
        except queue.Empty:
            messages = []
    raise AssertionError("no plan was handed over")
