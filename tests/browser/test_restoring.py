"""What a notebook has lost comes back in a real JupyterLab: a deleted cell, and what was known before a restart."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

CELLS = ("import math", "x = math.floor(41.5)", "y = x + 1", "print(y)")
WHOLE = "All 4 cells reproduce"


def open_and_run(open_notebook):
    opened = open_notebook(*CELLS)
    opened.wait_until_attached()
    for index in range(len(CELLS)):
        opened.run(index)
    expect(opened.test_id("prodkit-verdict")).to_have_text(WHOLE)
    return opened


def ids(opened):
    return opened.page.evaluate(
        "Array.from(window.jupyterapp.shell.currentWidget.content.model.cells, cell => cell.id)"
    )


def test_a_deleted_cell_comes_back_with_one_click_and_its_verdict_with_it(open_notebook):
    """The cell stands where it stood, nothing has to be run again; Z undoes it, as any cell operation."""
    opened = open_and_run(open_notebook)
    opened.cell(1).locator(".jp-InputArea-prompt").click()
    opened.page.keyboard.press("d")
    opened.page.keyboard.press("d")
    expect(opened.test_id("prodkit-verdict")).to_contain_text("would fail on Restart & Run All")
    opened.test_id("prodkit-restore").first.click()
    expect(opened.test_id("prodkit-verdict")).to_have_text(WHOLE)
    assert ids(opened) == opened.cell_ids
    expect(opened.cell(1)).to_contain_text("x = math.floor(41.5)")
    expect(opened.cell(1).locator(".jp-InputArea-prompt")).to_have_text("[2]:")
    expect(opened.cell(1)).to_be_focused()
    opened.page.keyboard.press("z")
    expect(opened.test_id("prodkit-verdict")).to_contain_text("would fail on Restart & Run All")
    assert ids(opened) == [opened.cell_ids[index] for index in (0, 2, 3)]
