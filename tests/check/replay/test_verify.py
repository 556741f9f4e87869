"""Two clean runs against each other: what differs has nothing to do with hidden state."""

from __future__ import annotations

import threading

import pytest
from trying import BUDGET, write_page

from jupyter_prodkit.check.replay.outcome import CleanOutcome, Replay, nondeterministic
from jupyter_prodkit.check.replay.replay import verify
from jupyter_prodkit.errors import CancelledError
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.session.record import Glimpse

STEADY = {
    "seeded": "import random, numpy as np\nrandom.seed(1); r = random.random()\nrng = np.random.default_rng(1); a = rng.normal(size=3); a",
    "address": "class A: pass\nthing = A()\nprint(thing)",
    "set": "words = {'a', 'b', 'c', 'd', 'e', 'f'}",
    "sorted": "print(sorted(words))",
    "timed": "%%time\nx = 1",
    "progress": "import time\nfor n in range(3): print(n, end='\\r')\nprint('done')",
    "plot": "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()",
    "temporary": "import os\nprint(os.getcwd())",
    "raises": "{}['a']",
}
UNSTEADY = {
    "hash order": "order = list(words)\norder",
    "shown hash order": "print(words)",
    "unseeded": "u = np.random.default_rng().normal()",
    "clock": "now = time.time()",
    "depends on it": "later = now + 1",
    "shows the clock": "print(time.time_ns())",
    "raises now and then": "assert order == sorted(order) or (hash('a') % 1_000_003) == 0, order",
    "identity": "import uuid\nname = str(uuid.uuid4())",
}
PAGE = {**STEADY, **UNSTEADY}


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    notebook = write_page(tmp_path_factory.mktemp("verify"), *PAGE.values())
    told = []
    first, second = verify(notebook, budget=BUDGET, progress=Progress(told.append))
    return first, second, dict(zip(PAGE, first.outcomes, strict=True)), told


@pytest.mark.kernel
@pytest.mark.parametrize("name", STEADY)
def test_what_is_the_same_each_time_is_steady(both, name):
    """Addresses, timings, progress bars and plots differ between runs and mean nothing."""
    first, second, cells, _ = both
    assert cells[name] not in nondeterministic(first, second)


@pytest.mark.kernel
@pytest.mark.parametrize("name", UNSTEADY)
def test_what_differs_each_time_is_found(both, name):
    """Hash order, unseeded draws, the clock, and what depends on them."""
    first, second, cells, _ = both
    assert "clean run" in nondeterministic(first, second)[cells[name]]


@pytest.mark.kernel
def test_both_runs_were_whole(both):
    first, second, cells, told = both
    assert first.unfinished == second.unfinished == ""
    assert list(first.outcomes) == list(second.outcomes) == list(cells.values())
    fractions = [event.fraction for event in told if event.fraction is not None]
    assert 0.0 <= min(fractions) < 0.5 <= max(fractions) < 1.0


@pytest.mark.kernel
@pytest.mark.parametrize("cores", [1, 8])
def test_one_budget_and_one_cancel_hold_for_both(tmp_path, monkeypatch, cores):
    """One after the other, or side by side where there are cores for it."""
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    notebook = write_page(tmp_path, "import time\ntime.sleep(1000)")
    first, second = verify(notebook, budget=8, progress=Progress())
    assert first.unfinished
    assert second.unfinished
    progress = Progress()
    threading.Timer(4, progress.cancel).start()
    with pytest.raises(CancelledError):
        verify(notebook, budget=BUDGET, progress=progress)


def shown(text):
    return [{"output_type": "stream", "name": "stdout", "text": text}]


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ({}, {}, ""),
        ({"shown": shown("1")}, {"shown": shown("1")}, ""),
        ({"shown": shown("1")}, {"shown": shown("2")}, "showed different outputs"),
        ({"written": {"x": Glimpse("1", "a")}}, {"written": {"x": Glimpse("2", "b")}}, "`x` was 1 in one"),
        ({"written": {"x": Glimpse("a list of 1", "a")}}, {"written": {"x": Glimpse("a list of 1", "b")}}, "contents"),
        ({"written": {"x": Glimpse("a thing")}}, {"written": {"x": Glimpse("a thing")}}, ""),
        ({"written": {"x": Glimpse("1", "a")}}, {}, "wrote `x`"),
        ({}, {"written": {"x": Glimpse("1", "a")}}, "wrote `x`"),
        ({"success": False, "error": "E: 1"}, {}, "raised E: 1"),
        ({"success": False, "error": "E: 1"}, {"success": False, "error": "E: 2"}, "different errors"),
        ({"success": False, "error": "E: <A at 0x1>"}, {"success": False, "error": "E: <A at 0x2>"}, ""),
        ({"refused": ("write x",), "shown": shown("1")}, {"shown": shown("2")}, ""),
    ],
)
def test_disagreements_have_a_reason(one, other, reason):
    """What two runs disagree about is said in a sentence; a cell that was refused something proves nothing."""
    first, second = (
        Replay({"c": CleanOutcome(**{"cell_id": "c", "success": True, **options})}) for options in (one, other)
    )
    found = nondeterministic(first, second)
    assert ("c" in found) is bool(reason)
    assert reason in found.get("c", "")


def test_only_cells_that_both_ran_are_compared():
    ran = Replay({"c": CleanOutcome("c", success=True)})
    assert nondeterministic(ran, Replay({})) == {}
    assert nondeterministic(Replay({}), ran) == {}
