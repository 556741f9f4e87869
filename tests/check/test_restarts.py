"""What a notebook keeps of its runs: right after a restart of the kernel, small, private, and never trusted blindly."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from playing import Player
from random_sessions import World, differs, random_session

from jupyter_prodkit.check.check import check_session
from jupyter_prodkit.session.kept import LARGEST, kept, restored, with_earlier
from jupyter_prodkit.session.setting import Setting, digests_at_start
from jupyter_prodkit.session.tracker import Tracker

HERE = Path.cwd().resolve()


class Installed(Setting):
    """A setting that does not look at the disk each time: many trackers listen to who opens what."""

    def packages(self):
        return "= as they are"


SETTING = Installed(HERE, digests_at_start(HERE))
SESSIONS = 120


class Restarting:
    """A random session whose kernel is restarted, with what its notebook keeps."""

    def __init__(self, seed: int) -> None:
        self.session = random_session(seed, 8)
        self.history: list[str] = []
        self.data, self.earlier = None, ()

    @property
    def timeline(self):
        return with_earlier(self.session.tracker.timeline, self.earlier, SETTING)

    def restart(self) -> None:
        record = kept(self.timeline, SETTING, {cell_id for cell_id, _ in self.session.page})
        self.data = self.data if record is None else json.loads(json.dumps(record))
        self.earlier = restored(self.data, SETTING)
        self.session.world = World()
        self.session.tracker = Tracker(self.session.world.names, from_start=True, on_executed=lambda _: None)
        self.history += [*self.session.log, "restart"]
        self.session.log = []  # prompts count from 1 again

    def wrong(self) -> tuple[int, list]:
        """How many cells are said to reproduce or to diverge, and those of which it is not so."""
        truth, final = self.session.truth()
        sources, decided, wrong = dict(self.session.page), 0, []
        for cell in check_session(self.session.notebook(), self.timeline).cells:
            if cell.state not in {"reproduced", "diverges"}:
                continue
            decided += 1
            found = differs(self.session, (cell.cell_id, sources[cell.cell_id]), truth[cell.cell_id], final)
            if cell.state == "reproduced":
                found = [one for one in found if "in the end" not in one]
            if bool(found) != (cell.state == "diverges"):
                wrong.append((cell.state, cell.cell_id, self.history + self.session.log, found))
        return decided, wrong


@pytest.mark.parametrize("steps", [0, 4], ids=["at once", "after some more work"])
def test_after_restarts_what_is_decided_is_true(steps):
    """Whatever was done before and since: a verdict from before the restart is that of a run from the top."""
    decided, wrong = 0, []
    for seed in range(SESSIONS):
        restarting = Restarting(seed)
        for _ in range(2):
            restarting.restart()
            for _ in range(steps):
                restarting.session.act()
            counted, found = restarting.wrong()
            decided, wrong = decided + counted, wrong + found
    assert decided > SESSIONS * 4
    assert len(wrong) <= decided * 0.002, wrong[0]


@pytest.fixture
def player():
    playing = Player()
    playing.load()
    yield playing
    playing.close()


def record_of(player, cells):
    for cell_id, source in cells.items():
        player.run(source, cell_id)
    return kept(player.timeline, SETTING, set(cells))


def judged(cells, counts, data, setting=SETTING, unchanged=None):
    """What a new kernel that has run nothing says of the page."""
    fresh = Tracker({}, from_start=True, on_executed=lambda _: None)
    timeline = with_earlier(fresh.timeline, restored(data, setting, unchanged), setting)
    player = Player()
    try:
        report = check_session(player.page(cells, counts), timeline)
    finally:
        player.close()
    return {cell.cell_id: cell.state for cell in report.cells}


CELLS = {"a": "x = 41", "b": "y = x + 1", "c": "y"}


def test_an_untouched_page_keeps_its_verdict(player):
    """Nothing has run in the new kernel, and all is known."""
    data = record_of(player, CELLS)
    assert set(judged(CELLS, player.counts, data).values()) == {"reproduced"}


def test_what_was_changed_since_is_not_vouched_for(player):
    """Edited code, another prompt number, another output: such a cell, and what hangs on it, is open again."""
    data = record_of(player, CELLS)
    assert judged({**CELLS, "a": "x = 40"}, player.counts, data)["b"] != "reproduced"
    assert judged(CELLS, {**player.counts, "b": 99}, data)["b"] == "unverified"
    assert judged(CELLS, player.counts, data, unchanged=("a", "c"))["b"] == "unverified"
    assert judged(CELLS, dict.fromkeys(CELLS), data)["a"] == "never run"


def test_another_environment_does_not_count(player):
    """With other packages, or an own module edited meanwhile, nothing that was seen then is taken for now."""
    data = record_of(player, CELLS)

    class Others(Setting):
        def packages(self):
            return "= others"

    assert "reproduced" not in judged(CELLS, player.counts, data, Others(HERE, SETTING.at_start)).values()


def test_an_edited_file_does_not_count(player, tmp_path):
    """A file that a cell read, or a module that was loaded, must be as it was."""
    setting = Setting(tmp_path.resolve(), SETTING.at_start)
    file = tmp_path / "rows.txt"
    file.write_text("1")
    cells = {"a": f"rows = open({str(file)!r}).read()"}
    player.run(cells["a"], "a")
    data = kept(player.timeline, setting, set(cells))
    assert str(tmp_path) not in json.dumps(data)
    assert judged(cells, player.counts, data, setting) == {"a": "reproduced"}
    file.write_text("2")
    assert judged(cells, player.counts, data, setting) == {"a": "unverified"}


def test_neither_values_nor_code_are_kept(player):
    """A notebook is passed on with its metadata: only digests stand there, and none of what may be a secret."""
    cells = {"a": "word = 'hunter' + '2'", "b": "import os\npassword = os.environ.get('HOME')", "c": "p = password"}
    text = json.dumps(record_of(player, cells))
    assert "hunter" not in text
    assert set(json.loads(text)["runs"]) == {"a"}


def test_a_record_is_kept_small(player):
    """However many names cells read; what is left out is the same each time."""
    cells = {f"c{n}": "\n".join(f"name_{n}_{i} = {n * 100 + i}" for i in range(100)) for n in range(30)}
    data = record_of(player, cells)
    assert len(json.dumps(data, separators=(",", ":"))) <= LARGEST
    assert 0 < len(data["runs"]) < 30
    assert data == kept(player.timeline, SETTING, set(cells))


def test_a_kernel_that_ran_nothing_leaves_what_is_kept(player):
    """Opening a notebook does not change it, and a second restart knows what the first did."""
    data = json.loads(json.dumps(record_of(player, CELLS)))
    fresh = Tracker({}, from_start=True, on_executed=lambda _: None)
    known = with_earlier(fresh.timeline, restored(data, SETTING), SETTING)
    assert kept(known, SETTING, set(CELLS)) is None
    other = Player()
    other.load()
    try:
        other.run("z = 1", "z")
        again = kept(replace(other.timeline, earlier=known.earlier), SETTING, {*CELLS, "z"})
    finally:
        other.close()
    assert set(judged(CELLS, player.counts, json.loads(json.dumps(again))).values()) == {"reproduced"}


@pytest.mark.parametrize(
    "data",
    [
        None, 3, "text", [], {}, {"version": 1}, {"version": 2, "versions": [], "runs": {}},
        {"version": 1, "versions": [], "runs": {"a": [{"order": 0, "digest": "d", "outputs": {"x": 7}}]}},
        {"version": 1, "versions": ["= 1"], "runs": {"a": [{"order": 0, "digest": "d", "outputs": {"x": -1}}]}},
        {"version": 1, "versions": ["made up"], "runs": {"a": [{"order": 0, "digest": "d", "outputs": {"x": 0}}]}},
        {"version": 1, "versions": ["= 1"], "runs": {"a": [{"order": 0, "digest": "d", "around": {"/etc/passwd": 0}}]}},
        {"version": 1, "versions": ["= 1"], "runs": {"a": [{"order": 0, "digest": "d", "around": {"../../x": 0}}]}},
        {"version": 1, "versions": [], "runs": {"a": "none"}},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_ignored(data):
    """A record of another version, of another tool, or tampered with, is as none."""
    assert restored(data, SETTING) == ()
