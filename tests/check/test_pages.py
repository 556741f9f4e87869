"""The page is not always what ran: cells cut and pasted, copied, with odd ids, or known from an old file only."""

from __future__ import annotations

from pathlib import Path

import pytest
from playing import Player

from jupyter_prodkit.check.check import check_session
from jupyter_prodkit.check.report import Report
from jupyter_prodkit.notebook.document import Cell, Notebook


@pytest.fixture
def player(capsys):
    made = Player()
    made.load()
    yield made
    made.close()


def judged(player: Player, *cells: tuple[str, str, int | None], from_file: bool = False) -> Report:
    page = tuple(Cell(i, n, "code", source, execution_count=count) for n, (i, source, count) in enumerate(cells))
    return check_session(Notebook(Path("page.ipynb"), page, from_file=from_file), player.timeline)


def rules(report: Report) -> set[tuple[str, str | None]]:
    return {(finding.rule.removeprefix("hidden-state/"), finding.cell_id) for finding in report.findings}


def test_a_cell_that_was_cut_and_pasted_keeps_its_runs(player):
    """It has a new id, and below it stands what it showed."""
    player.run("x = [1]", "a")
    player.run("print(x)", "b")
    report = judged(player, ("new", "x = [1]", 1), ("b", "print(x)", 2))
    assert (report.verdict, rules(report), report.orphans) == ("reproducible", set(), ())
    assert [cell.executions for cell in report.cells] == [1, 1]


def test_a_cell_that_was_cut_and_pasted_and_had_run_twice(player):
    player.run("x = [1]", "a")
    player.run("x.append(2)", "b")
    player.run("x.append(2)", "b")
    report = judged(player, ("a", "x = [1]", 1), ("new", "x.append(2)", 3))
    assert rules(report) == {("run-twice", "new")}
    assert [run.cell_id for run in report.plan] == ["a", "new"]


def test_a_front_end_that_names_cells_otherwise(player):
    """Or not at all: the number of the prompt and the code tell which cell it was."""
    player.run("x = [1]", "vscode-notebook-cell:W0")
    player.run("print(x)", None)
    report = judged(player, ("a", "x = [1]", 1), ("b", "print(x)  # again", 2), from_file=True)
    assert (report.verdict, rules(report)) == ("reproducible", set())


def test_a_copy_has_not_run(player):
    player.run("x = [1]", "a")
    report = judged(player, ("a", "x = [1]", 1), ("copy", "x = [1]", None))
    assert rules(report) == {("never-run", "copy")}


def test_a_copy_with_its_outputs_has_not_run_either(player):
    player.run("x = [1]", "a")
    report = judged(player, ("a", "x = [1]", 1), ("copy", "x = [1]", 1))
    assert rules(report) == {("unknown-origin", "copy")}


def test_two_cells_of_one_id(player):
    """A front end's mistake: whatever is said, it is said."""
    player.run("x = [1]", "a")
    player.run("y = x", "a")
    report = judged(player, ("a", "x = [1]", 1), ("a", "y = x", 2))
    assert len(report.cells) == 2
    assert report.verdict in {"unverified", "diverges"}


def test_a_file_that_is_behind_what_ran_is_said_to_be(player):
    """No panel has shown the page: what is judged is what was saved."""
    player.run("x = [1]", "a")
    player.run("y = x", "b")
    report = judged(player, ("a", "x = [2]", 1), from_file=True)
    assert ("saved-page", None) in rules(report)
    assert ("saved-page", None) not in rules(judged(player, ("a", "x = [2]", 1), from_file=False))


def test_cleared_outputs_are_not_compared(player):
    player.run("x = [1]", "a")
    assert judged(player, ("a", "x = [1]", None)).verdict == "reproducible"


def test_a_restarted_kernel_knows_nothing_of_earlier_runs(player):
    player.run("y = 1", "b")
    report = judged(player, ("a", "x = 1", 7), ("b", "y = 1", 1))
    assert rules(report) == {("unknown-origin", "a")}


def test_each_of_the_cells_has_its_line(player):
    """States in page order, with how often and how long."""
    player.run("x = 1", "a")
    player.run("x = 1", "a")
    report = judged(player, ("a", "x = 1", 2), ("m", "# nothing", None), ("b", "y = 2", None))
    assert [(cell.cell_id, cell.index, cell.state, cell.executions) for cell in report.cells] == [
        ("a", 0, "reproduced", 2), ("b", 2, "never run", 0),
    ]  # fmt: skip
    assert report.cells[0].seconds is not None
    assert report.cells[1].seconds is None
