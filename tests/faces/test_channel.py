"""The two comms of a real kernel, spoken to as the panel does."""

from __future__ import annotations

import queue
import time
import uuid
from typing import Any

import pytest

pytestmark = pytest.mark.kernel

CELLS = {"a": "import six", "b": "six.PY3"}


class Panel:
    """The front end's end of both comms."""

    def __init__(self, kernel: Any) -> None:
        self._kernel, self._number = kernel, 0
        self._rpc = self._open("prodkit_rpc")
        self._events = self._open("prodkit_events")
        self.events: list[dict[str, Any]] = []

    def _open(self, target: str) -> str:
        identity = uuid.uuid4().hex
        self._send("comm_open", {"comm_id": identity, "target_name": target, "data": {}})
        return identity

    def _send(self, kind: str, content: dict[str, Any]) -> None:
        client = self._kernel.client
        client.shell_channel.send(client.session.msg(kind, content))

    def ask(self, kind: str, **fields: Any) -> dict[str, Any]:
        self._number += 1
        data = {"kind": kind, "id": self._number, **fields}
        self._send("comm_msg", {"comm_id": self._rpc, "data": data})
        return self._wait(lambda heard: heard.get("id") == self._number)

    def ask_raw(self, data: Any) -> dict[str, Any]:
        self._send("comm_msg", {"comm_id": self._rpc, "data": data})
        return self._wait(lambda heard: "id" in heard)

    def wait_event(self, *kinds: str) -> dict[str, Any]:
        for event in self.events:
            if event["kind"] in kinds:
                return event
        return self._wait(lambda heard: heard["kind"] in kinds and "id" not in heard)

    def _wait(self, wanted: Any, seconds: float = 90) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                message = self._kernel.client.get_iopub_msg(timeout=1)
            except queue.Empty:
                continue
            if message["msg_type"] != "comm_msg":
                continue
            data = message["content"]["data"]
            if message["content"]["comm_id"] == self._events:
                self.events.append(data)
            if wanted(data):
                return data
        raise AssertionError(f"nothing of that kind came; events so far: {self.events}")


def page(**cells: str) -> dict[str, Any]:
    shown = [{"cell_id": name, "kind": "code", "source": source} for name, source in cells.items()]
    return {"path": "some/folder/work.ipynb", "cells": shown}


@pytest.fixture
def panel(kernel) -> Panel:
    return Panel(kernel)


def test_hello_is_answered_with_the_six_steps_and_their_forms(panel):
    """The panel learns the whole journey from the kernel: names, titles, options."""
    welcome = panel.ask("hello", version=3)
    assert welcome["kind"] == "welcome"
    assert [step["name"] for step in welcome["steps"]] == ["check", "lock", "export", "push", "build", "serve"]
    push = welcome["steps"][3]
    model = next(option for option in push["options"] if option["name"] == "model")
    assert (model["kind"], model["required"]) == ("model", True)
    assert not {"notebook", "json", "quiet"} & {o["name"] for step in welcome["steps"] for o in step["options"]}


@pytest.mark.parametrize("version", [1, 99])
def test_another_version_is_told_which_this_is(panel, version):
    """Old and new halves tell each other their age, in a message that stays readable; the panel says what to do."""
    welcome = panel.ask("hello", version=version)
    assert (welcome["kind"], welcome["version"], welcome["steps"]) == ("welcome", 3, [])
    assert welcome["package_version"]


@pytest.mark.parametrize("garbage", [{}, {"kind": "fly", "id": 3}, {"kind": "check", "id": 3}, [1], "text", None])
def test_garbage_is_answered_with_an_error_and_nothing_breaks(panel, garbage):
    """A message that is none gets an error reply, and the next request is answered as ever."""
    assert panel.ask_raw(garbage)["kind"] == "error"
    assert panel.ask("hello", version=3)["kind"] == "welcome"


def test_the_page_on_screen_is_judged_and_nothing_is_written(panel, kernel):
    """The check takes the unsaved page, answers with the report, and leaves no file behind."""
    kernel.run(CELLS["b"].replace("six.PY3", "value = 1"), "b")
    report = panel.ask("check", page=page(b="value = 1", c="print(value)"))["report"]
    assert report["verdict"] == "diverges"
    assert [(cell["cell_id"], cell["state"]) for cell in report["cells"]] == [("b", "reproduced"), ("c", "never run")]
    assert list(kernel.folder.glob("[!.]*")) == []


def test_a_kernel_without_a_page_carries_nothing_of_the_panel(kernel):
    """Another editor's kernel holds no code that only the sidebar speaks to; the first page that connects brings it."""
    is_loaded = "import sys; print('jupyter_prodkit.faces.protocol' in sys.modules)"
    kernel.run(is_loaded)
    assert kernel.printed == "False\n"
    assert Panel(kernel).ask("hello", version=3)["kind"] == "welcome"
    kernel.run(is_loaded)
    assert kernel.printed == "True\n"


def test_each_run_is_pushed(panel, kernel):
    """The panel hears of every execution, with its cell."""
    panel.ask("hello", version=3)
    kernel.client.execute("x = 1")
    assert panel.wait_event("executed") == {"kind": "executed", "cell_id": None}


def test_a_step_runs_in_the_background_and_reports(panel, kernel):
    """A step started from the panel sends progress and its result, and its state is then `done`."""
    kernel.run(CELLS["a"], "a")
    started = panel.ask("run", step="lock", options={}, page=page(**CELLS))
    assert started["kind"] == "started"
    done = panel.wait_event("done", "failed")
    assert done["kind"] == "done", done
    assert done["job"] == started["job"]
    assert done["result"]["summary"].startswith("Locked 1 distribution")
    assert any(event["kind"] == "progress" for event in panel.events)
    states = {state["name"]: state["state"] for state in panel.ask("states", page=page(**CELLS))["states"]}
    assert (states["lock"], states["push"]) == ("done", "never")
    changed = page(**{**CELLS, "a": "import six, os"})
    assert {s["name"]: s["state"] for s in panel.ask("states", page=changed)["states"]}["lock"] == "stale"


def test_a_failing_step_says_why(panel, kernel):
    """An error of a step reaches the panel with its hint."""
    panel.ask("run", step="export", options={}, page=page(**CELLS))
    failed = panel.wait_event("done", "failed")
    assert failed["kind"] == "failed"
    assert "marked `export`" in failed["message"]
    assert failed["hint"]
    assert failed["marking"] is None


def test_a_step_that_wants_marks_names_their_cells(panel):
    """What can't be exported yet and what export would do both say which cells to mark, for the panel's one click."""
    wanting = page(a="def f(): ...", b="x = 1", c="def g(): ...")
    panel.ask("plan", step="export", options={}, page=wanting)
    planned = panel.wait_event("planned")
    panel.ask("run", step="export", options={}, page=wanting)
    failed = panel.wait_event("failed")
    assert (planned["blocked"], failed["kind"]) == (True, "failed")
    marking = {"label": "Mark cells 1 and 3 `export`", "mark": "export", "cell_ids": ["a", "c"]}
    assert planned["marking"] == failed["marking"] == marking


def test_a_running_step_can_be_cancelled_and_leaves_nothing(panel, kernel):
    """Cancel ends the step; the project folder holds no half-written lock."""
    kernel.run("import six, pandas, sklearn.linear_model", "a")
    job = panel.ask("run", step="lock", options={}, page=page(a="import six, pandas, sklearn.linear_model"))["job"]
    panel.wait_event("progress")
    panel.ask("cancel", job=job)
    failed = panel.wait_event("done", "failed")
    assert (failed["kind"], failed.get("cancelled")) == ("failed", True)
    assert not list(kernel.folder.glob("work-prod/*lock*"))


def test_an_unknown_step_or_option_is_refused(panel):
    """Nothing starts on a request that makes no sense."""
    assert "There is no step 'fly'" in panel.ask("run", step="fly", options={}, page=page(**CELLS))["message"]
    reply = panel.ask("run", step="lock", options={"speed": 3}, page=page(**CELLS))
    assert "There is no option 'speed'" in reply["message"]
    assert "wrong value" in panel.ask("run", step="serve", options={"port": "x"}, page=page(**CELLS))["message"]


def test_models_in_the_kernel_are_offered(panel, kernel):
    """Names that hold something with `predict` are offered for the push."""
    kernel.run("class Model:\n    def predict(self, rows): return rows\nbest = Model()\nother = 3", "a")
    assert panel.ask("states", page=page(**CELLS))["models"] == ["best"]


def test_a_deleted_cell_is_given_back(panel, kernel):
    """What a finding says can be restored comes with its code, its id and its place; what never ran here does not."""
    cells = {"a": "z = 0", "b": "x = 1", "c": "print(x)"}
    for cell_id, source in cells.items():
        kernel.run(source, cell_id)
    panel.ask("check", page=page(**cells))
    left = page(a=cells["a"], c=cells["c"])
    findings = panel.ask("check", page=left)["report"]["findings"]
    number = next(one["restores"] for one in findings if one["rule"] == "hidden-state/deleted-cell")
    back = panel.ask("restore", run=number, page=left)
    assert (back["kind"], back["cell_id"], back["source"], back["below"]) == ("restored", "b", "x = 1", "a")
    assert isinstance(back["execution_count"], int)
    assert panel.ask("check", page=page(**cells))["report"]["verdict"] == "reproducible"
    unknown = panel.ask("restore", run=number + 50, page=left)
    assert (unknown["kind"], unknown["message"]) == ("error", "The code of that cell is not known.")


def test_what_a_step_would_do_is_said_before(panel, kernel):
    """A plan comes without anything done; a step that can't be done yet says why, with its hint."""
    kernel.run(CELLS["a"], "a")
    job = panel.ask("plan", step="lock", options={}, page=page(**CELLS))["job"]
    planned = panel.wait_event("planned")
    assert (planned["job"], planned["step"], planned["blocked"]) == (job, "lock", False)
    assert planned["summary"].startswith("Lock 1 distribution")
    panel.events.clear()
    panel.ask("plan", step="export", options={}, page=page(**CELLS))
    blocked = panel.wait_event("planned")
    assert blocked["blocked"]
    assert "marked `export`" in blocked["summary"]
    assert blocked["hint"]
    assert list(kernel.folder.glob("work-prod")) == []


def test_a_fix_is_offered_and_gives_its_edits(panel):
    """A draw without a seed comes with its fix, and the fix with the code that results."""
    shown = page(a="import random\nrandom.random()")
    reply = panel.ask("check", page=shown)
    fix = next(one for one in reply["fixes"] if one["kind"] == "seed")
    finding = reply["report"]["findings"][fix["finding"]]
    asked = {"fix": "seed", "cell_id": "a", "names": finding["names"], "because": finding["because"]}
    edited = panel.ask("mend", **asked, page=shown)
    assert [cell["source"] for cell in edited["cells"]] == ["import random\nrandom.seed(0)\nrandom.random()"]
    assert "no longer there" in panel.ask("mend", **asked, page=page(a="x = 1"))["message"]


def test_the_map_has_what_flows(panel):
    """Which cell's values another one reads is told without anything having run."""
    flows = panel.ask("flows", page=page(a="x = 1", b="x + gone"))
    assert flows["flows"] == [{"writer": "a", "reader": "b", "names": ["x"]}]
    assert flows["strays"] == [{"name": "gone", "reader": "b"}]
