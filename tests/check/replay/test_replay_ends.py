"""However a run ends, it ends in time, says why, and leaves nothing behind."""

from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path

import pytest
from trying import ran, write_page

from jupyter_prodkit.check.replay.replay import replay
from jupyter_prodkit.errors import CancelledError
from jupyter_prodkit.progress import Progress

pytestmark = pytest.mark.kernel

STUBBORN = "while True:\n    try:\n        while True: pass\n    except BaseException: pass"


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path):
    """Neither the copy nor a process that was started from it."""
    yield
    left = [
        one
        for one in Path(tempfile.gettempdir()).glob("prodkit-replay-*")
        if tmp_path.name in str(list(one.rglob("*")))
    ]
    assert not left
    deadline = time.monotonic() + 10
    while (alive := processes_of(tmp_path)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not alive


def processes_of(folder: Path) -> list[str]:
    """Processes whose environment names the page."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"JPY_SESSION_NAME={folder}".encode() in (process / "environ").read_bytes():
                found.append(process.name)
        except OSError:  # noqa: PERF203 - gone meanwhile
            continue
    return found


@pytest.mark.parametrize("endless", ["import time\ntime.sleep(1000)", STUBBORN], ids=["sleeps", "stubborn"])
def test_a_cell_that_never_ends_is_cut_by_the_budget(tmp_path, endless):
    """The budget holds, whatever the cell does about an interrupt; what was found until then is kept."""
    notebook = write_page(tmp_path, "x = 1", endless, "y = 2")
    began = time.monotonic()
    run = ran(notebook, budget=15)
    assert time.monotonic() - began < 15 + 5
    assert list(run.outcomes) == ["c1"]
    assert run.unfinished == "the 15 seconds that it may take were over in cell 2"
    assert set(run.final) == {"x"}


def test_a_budget_too_small_for_a_kernel_is_said(tmp_path):
    run = ran(write_page(tmp_path, "x = 1"), budget=0.05)
    assert not run.outcomes
    assert "were over in cell 1" in run.unfinished


@pytest.mark.parametrize("endless", ["import time\ntime.sleep(1000)", STUBBORN], ids=["sleeps", "stubborn"])
def test_a_cancel_ends_it_at_once(tmp_path, endless):
    """A cancel needs no cooperation of the cell's."""
    notebook = write_page(tmp_path, "x = 1", endless)
    heard = threading.Event()
    progress = Progress(lambda event: heard.set() if "cell 2" in event.message else None)
    ended: list[object] = []

    def run() -> None:
        try:
            ended.append(replay(notebook, budget=200, progress=progress))
        except CancelledError as error:
            ended.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    assert heard.wait(120)
    time.sleep(0.5)
    began = time.monotonic()
    progress.cancel()
    thread.join(60)
    assert time.monotonic() - began < 5
    assert isinstance(ended[0], CancelledError)


@pytest.mark.parametrize(
    "fatal", ["import os\nos._exit(3)", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "exit()"]
)
def test_a_cell_that_kills_the_kernel_is_named(tmp_path, fatal):
    run = ran(write_page(tmp_path, "x = 1", fatal, "y = 2", "z = 3"))
    assert run.outcomes["c1"].success
    if fatal != "exit()":  # the kernel of ipykernel ends a moment after the cell
        assert list(run.outcomes) == ["c1", "c2"]
        assert run.unfinished == "the kernel died in cell 2"
        assert not run.outcomes["c2"].success
    assert set(run.final) >= {"x"}


def test_a_kernel_that_can_no_longer_be_asked_is_an_end(tmp_path):
    run = ran(write_page(tmp_path, "import sys\nsys.modules.pop('jupyter_prodkit.check.replay.inside')", "x = 1"))
    assert run.unfinished == "after cell 1 the kernel no longer tells what it holds"


def test_what_a_cell_leaves_running_ends_with_the_run(tmp_path):
    """A worker that was not waited for does not outlive the run."""
    ran(
        write_page(
            tmp_path,
            "import multiprocessing, time\nworker = multiprocessing.get_context('fork').Process(target=time.sleep, args=(1000,))\nworker.start()",
        )
    )


def test_progress_names_the_cell(tmp_path):
    told = []
    ran(write_page(tmp_path, "x = 1", "y = 2"), progress=Progress(told.append))
    assert [(event.message, event.fraction) for event in told][-2:] == [
        ("Running cell 1 of 2", 0.0),
        ("Running cell 2 of 2", 0.5),
    ]


def test_a_page_without_code_starts_no_kernel(tmp_path):
    began = time.monotonic()
    run = ran(write_page(tmp_path, "# nothing", "%prodcheck"))
    assert (run.outcomes, run.unfinished, run.final) == ({}, "", {})
    assert time.monotonic() - began < 1


def test_a_page_that_was_never_saved_is_run(tmp_path):
    """The page may be on screen only."""
    notebook = write_page(tmp_path, "x = 1")
    notebook.path.unlink()
    assert set(ran(notebook).final) == {"x"}
    assert not list(tmp_path.iterdir())
