"""What one click in the panel mends, and that another takes it back."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

WHOLE = "All 3 cells reproduce"
DRAW = "import random\nrandom.random()"


def attached(open_notebook, *sources, **how):
    opened = open_notebook(*sources, **how)
    opened.wait_until_attached()
    return opened


def sources(opened):
    return opened.page.evaluate(
        "Array.from(window.jupyterapp.shell.currentWidget.content.model.cells, cell => cell.sharedModel.getSource())"
    )


def tags(opened, index):
    return opened.page.evaluate(
        "index => window.jupyterapp.shell.currentWidget.content.model.cells.get(index).getMetadata('tags') ?? []", index
    )


def test_a_seed_is_added_and_taken_back(open_notebook):
    """The cell that draws gets its seed with one click; Undo gives the code back as it was."""
    opened = attached(open_notebook, DRAW, "x = 1")
    opened.test_id("prodkit-fix-seed").click()
    expect(opened.panel.locator('[data-rule="randomness/unseeded"]')).to_have_count(0)
    assert sources(opened)[0] == "import random\nrandom.seed(0)\nrandom.random()"
    opened.test_id("prodkit-undo").click()
    expect(opened.panel.locator('[data-rule="randomness/unseeded"]')).to_be_visible()
    assert sources(opened)[0] == DRAW


def test_a_path_is_lifted_into_a_cell_of_parameters_and_back(open_notebook):
    """A new cell tagged `parameters` holds the path; Undo takes both changes back at once."""
    source = "rows = open('/home/nobody/train.csv')"
    opened = attached(open_notebook, "x = 1", source)
    opened.test_id("prodkit-fix-parameter").first.click()
    expect(opened.page.locator(".jp-Notebook .jp-Cell")).to_have_count(3)
    assert sources(opened) == ["train_path = '/home/nobody/train.csv'", "x = 1", "rows = open(train_path)"]
    assert tags(opened, 0) == ["parameters"]
    opened.test_id("prodkit-undo").click()
    expect(opened.page.locator(".jp-Notebook .jp-Cell")).to_have_count(2)
    assert sources(opened) == ["x = 1", source]


def test_a_finding_is_ignored_by_a_tag_and_shown_again(open_notebook):
    """`Ignore here` sets the tag that the kernel side reads; Undo takes it away."""
    opened = attached(open_notebook, DRAW)
    opened.test_id("prodkit-fix-ignore").click()
    expect(opened.panel.locator('[data-rule="randomness/unseeded"]')).to_have_count(0)
    assert tags(opened, 0) == ["prodkit:ignore"]
    opened.test_id("prodkit-undo").click()
    expect(opened.panel.locator('[data-rule="randomness/unseeded"]')).to_be_visible()
    assert tags(opened, 0) == []


def test_inserting_moving_and_deleting_cells_is_judged_by_itself(open_notebook):
    """Each change of the page is followed, without a run, and so is its undo."""
    opened = attached(open_notebook, "a = 1", "b = a + 1", "b")
    for index in range(3):
        opened.run(index)
    expect(opened.test_id("prodkit-verdict")).to_have_text(WHOLE)
    opened.cell(0).locator(".jp-InputArea-prompt").click()
    opened.command("notebook:move-cell-down")
    expect(opened.test_id("prodkit-verdict")).to_contain_text("on Restart & Run All")
    opened.command("notebook:move-cell-up")
    expect(opened.test_id("prodkit-verdict")).to_have_text(WHOLE)
    opened.command("notebook:insert-cell-below")
    opened.page.wait_for_timeout(200)
    opened.page.keyboard.press("Enter")
    opened.page.keyboard.type("c = 1")
    expect(opened.test_id("prodkit-verdict")).to_have_text("1 cell has not been run")
    opened.page.keyboard.press("Escape")
    opened.command("notebook:delete-cell")
    expect(opened.test_id("prodkit-verdict")).to_have_text(WHOLE)


def test_an_order_that_hides_state_is_mended_from_the_finding(open_notebook):
    """The finding itself offers to run the cells that mend it."""
    opened = attached(open_notebook, "total = 1", "total = total + 1", "total")
    for index in (0, 1, 1, 2):
        opened.run(index)
    expect(opened.test_id("prodkit-verdict")).to_contain_text("would change", timeout=15_000)
    opened.test_id("prodkit-fix-rerun").first.click()
    expect(opened.test_id("prodkit-verdict")).to_have_text(WHOLE, timeout=15_000)


def test_what_is_in_doubt_is_really_run(open_notebook):
    """Verify runs the page in new kernels; what it found stays until something changes."""
    opened = attached(open_notebook, "a = 1", "print(a)")
    opened.run(0)
    opened.run(1)
    expect(opened.test_id("prodkit-verdict")).to_have_text("All 2 cells reproduce")
    opened.panel.get_by_role("button", name="Verify").click()
    expect(opened.test_id("prodkit-step-check-result")).to_be_visible(timeout=60_000)
    expect(opened.test_id("prodkit-verdict")).to_have_text("All 2 cells reproduce")
