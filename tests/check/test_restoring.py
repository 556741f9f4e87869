"""A deleted cell comes back from the record: the finding says so, and the cell goes where it stood."""

from __future__ import annotations

import pytest
from playing import Player

from jupyter_prodkit.check.check import check_session
from jupyter_prodkit.check.formats.html import report_html
from jupyter_prodkit.check.formats.text import report_text
from jupyter_prodkit.check.restoring import deleted_cell
from jupyter_prodkit.errors import UsageError
from jupyter_prodkit.session.places import Places

SECRET_FREE = "x = 41 + len('only in the deleted cell')"
WAS = {"a": "import math", "b": SECRET_FREE, "c": "y = x + 1", "d": "print(y)"}


@pytest.fixture
def player():
    playing = Player()
    playing.load()
    yield playing
    playing.close()


def deleted(player, was, *gone, seen=True):
    """Run the page `was`, take `gone` off it; return the page then, the report, and where cells stood."""
    for cell_id, source in was.items():
        player.run(source, cell_id)
    places = Places()
    if seen:
        places.note(player.page(was))
    page = player.page({cell_id: source for cell_id, source in was.items() if cell_id not in gone})
    places.note(page)
    return page, check_session(page, player.timeline), places


@pytest.mark.parametrize(
    ("was", "gone", "rule"),
    [
        (WAS, "b", "hidden-state/deleted-cell"),
        ({"a": "x = 1", "b": "x = x + 1", "c": "print(x)"}, "b", "hidden-state/deleted-cell"),
        ({"a": "x = 1", "b": "print(x)", "c": "x = 2"}, "c", "hidden-state/deleted-cell"),
        ({"a": "x = 1", "b": "z = 2"}, "b", "hidden-state/orphan"),
    ],
    ids=["the only maker", "the last to change", "after all readers", "an orphan"],
)
def test_a_finding_on_a_deleted_cell_names_its_run_and_the_way_back(player, was, gone, rule):
    """Whoever reads the report, in the panel, as text or as HTML, learns that the cell can be restored."""
    page, report, places = deleted(player, was, gone)
    finding = next(one for one in report.findings if one.rule == rule)
    assert "Restore the cell" in finding.fix
    assert "Restore the cell" in report_text(report, page)
    assert "Restore the cell" in report_html(report, page)
    assert finding.restores is not None
    assert deleted_cell(finding.restores, page, player.timeline, places).source == was[gone]


def test_the_code_is_not_in_the_report(player):
    """A report is passed on; what stood in a deleted cell is not."""
    page, report, _ = deleted(player, WAS, "b")
    assert "only in the deleted cell" not in report_text(report, page) + report_html(report, page) + repr(report)


@pytest.mark.parametrize(
    ("gone", "below"),
    [("b", "a"), ("bc", "a"), ("ab", None), ("abcd", None)],
    ids=["below its neighbour", "neighbours below gone", "first cells gone", "all gone"],
)
def test_it_goes_where_it_stood(player, gone, below):
    """Below its then neighbour; where that is gone, too, below that one's."""
    page, _, places = deleted(player, WAS, *gone)
    run = player.timeline.runs_of("b")[-1]
    assert deleted_cell(run.number, page, player.timeline, places).below == below


def test_where_it_stood_unseen_it_goes_above_the_first_cell_that_needs_it(player):
    """A function that reads the name does not need it yet; the cell that calls it does."""
    was = {"a": "z = 0", "b": "x = 1", "f": "def f(): return x", "m": "w = 2", "c": "y = f()", "d": "print(x)"}
    page, _, places = deleted(player, was, "b", seen=False)
    assert deleted_cell(player.timeline.runs_of("b")[-1].number, page, player.timeline, places).below == "m"


def test_where_no_cell_needs_it_it_goes_to_the_end(player):
    """An orphan is put where it disturbs nothing."""
    page, _, places = deleted(player, {"a": "x = 1", "b": "z = 2"}, "b", seen=False)
    assert deleted_cell(player.timeline.runs_of("b")[-1].number, page, player.timeline, places).below == "a"


def test_with_the_cell_the_verdict_is_back_and_nothing_need_be_run(player):
    """The restored cell has its id, so what ran is known to be its run."""
    page, report, places = deleted(player, WAS, "b")
    assert report.verdict == "diverges"
    finding = next(one for one in report.findings if one.restores is not None)
    back = deleted_cell(finding.restores, page, player.timeline, places)
    whole = check_session(player.page({"a": WAS["a"], back.cell_id: back.source, **WAS}), player.timeline)
    assert whole.verdict == "reproducible"
    assert whole.findings == ()


@pytest.mark.parametrize("run", ["console", "thread"])
def test_what_was_no_cell_is_not_offered(player, run):
    """Code from a console, or that nobody saw, is told as that."""
    was = {"a": "x = 1", "b": "print(x)"}
    player.run(was["a"], "a")
    if run == "console":
        player.run("x = 2")
    else:
        player.shell.user_ns["x"] = 2
        player.session._tracker.disturb()
    player.run(was["b"], "b")
    report = check_session(player.page(was), player.timeline)
    finding = next(one for one in report.findings if one.rule == "hidden-state/deleted-cell")
    assert finding.restores is None
    assert ("Put that code on the page" if run == "console" else "it was not seen") in finding.fix


def test_a_run_that_is_not_known_is_refused_in_words(player):
    """So is one whose cell is on the page: nothing is doubled."""
    page, _, places = deleted(player, WAS, "b")
    with pytest.raises(UsageError, match="not known"):
        deleted_cell(99, page, player.timeline, places)
    run = player.timeline.runs_of("c")[-1]
    with pytest.raises(UsageError, match="on the page already"):
        deleted_cell(run.number, page, player.timeline, places)
