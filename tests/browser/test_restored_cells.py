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


def restart(opened):
    opened.page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    opened.wait_until_idle()
    opened.wait_until_attached()


def kept(opened):
    return opened.page.evaluate("window.jupyterapp.shell.currentWidget.content.model.getMetadata('prodkit')")


def is_dirty(opened):
    return opened.page.evaluate("window.jupyterapp.shell.currentWidget.context.model.dirty")


def save(opened):
    opened.page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    opened.page.wait_for_function("!window.jupyterapp.shell.currentWidget.context.model.dirty")


def test_a_restart_and_a_reload_keep_the_verdict(open_notebook):
    """What was known of cells that still stand as they ran is known to the next kernel; an edit undoes that."""
    opened = open_and_run(open_notebook)
    opened.page.wait_for_function("window.jupyterapp.shell.currentWidget.content.model.getMetadata('prodkit')")
    opened.page.wait_for_timeout(1500)
    save(opened)
    restart(opened)
    expect(opened.test_id("prodkit-verdict")).to_have_text(WHOLE)
    opened.page.reload()
    opened.page.locator("#jupyterlab-splash").wait_for(state="detached")
    opened.command("jupyter-prodkit:show-panel")
    opened.wait_until_attached()
    restart(opened)
    expect(opened.test_id("prodkit-verdict")).to_have_text(WHOLE)
    assert not is_dirty(opened)
    opened.cell(1).locator(".jp-InputArea-editor").click()
    opened.page.keyboard.press("Control+End")
    opened.page.keyboard.type(" + 1")
    expect(opened.test_id("prodkit-verdict")).not_to_have_text(WHOLE)


def test_a_notebook_that_wants_nothing_kept_gets_nothing(open_notebook):
    """`"prodkit": false` in its metadata opts out: after a restart there is no verdict from before."""
    opened = open_notebook(*CELLS)
    opened.page.evaluate("window.jupyterapp.shell.currentWidget.content.model.setMetadata('prodkit', false)")
    opened.wait_until_attached()
    for index in range(len(CELLS)):
        opened.run(index)
    expect(opened.test_id("prodkit-verdict")).to_have_text(WHOLE)
    restart(opened)
    expect(opened.test_id("prodkit-verdict")).not_to_have_text(WHOLE)
    assert kept(opened) is False
