"""`%prodcheck` in a real JupyterLab: the report it shows, and the repair that `--fix` hands to the page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import NotebookPage
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[2] / "labextension/node_modules/axe-core/axe.min.js"
TWICE = ("total = 1", "total = total + 1", "print(total)")


def prompt(opened, index):
    return opened.cell(index).locator(".jp-InputArea-prompt")


def run_one_cell_twice(opened):
    for index in (0, 1, 1, 2):
        opened.run(index)


@pytest.mark.parametrize("panel", [True, False], ids=["panel open", "panel never open"])
def test_fix_runs_the_plan_after_its_own_cell_and_outputs_land_where_they_belong(open_notebook, panel):
    """One line mends the notebook, as if the user had run the cells in order, each with its output below it."""
    opened = open_notebook(*TWICE, "%prodcheck --fix", panel=panel)
    if panel:
        opened.wait_until_attached()
    run_one_cell_twice(opened)
    expect(opened.cell(2).locator(".jp-OutputArea-output")).to_have_text("3")
    opened.page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    opened.run(3)
    for index, count in ((0, 6), (1, 7), (2, 8)):
        expect(prompt(opened, index)).to_have_text(f"[{count}]:", timeout=15_000)
    expect(opened.cell(2).locator(".jp-OutputArea-output")).to_have_text("2")
    expect(prompt(opened, 3)).to_have_text("[5]:")
    expect(opened.cell(3)).to_contain_text("The notebook now runs cells 1, 2 and 3, in this order.")


def test_a_repair_stops_at_the_first_cell_that_fails(open_notebook):
    """What depends on a cell that failed is not run on half a state."""
    opened = open_notebook("import os\nassert not os.path.exists('stop')\nstart = 1", "start = start + 1", "%prodcheck --fix")
    opened.wait_until_attached()
    for index in (0, 1, 1):
        opened.run(index)
    opened.page.evaluate(
        "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"
        ".requestExecute({code: \"open('stop', 'w').close()\", silent: true}).done"
    )
    opened.run(2)
    expect(prompt(opened, 0)).to_have_text("[5]:", timeout=15_000)
    expect(opened.cell(0)).to_contain_text("AssertionError")
    opened.wait_until_idle()
    expect(prompt(opened, 1)).to_have_text("[3]:")


def test_only_one_of_two_pages_runs_the_plan(open_notebook, page):
    """A notebook that is open in two windows is not mended twice: the page that asked does it."""
    opened = open_notebook(*TWICE, "%prodcheck --fix")
    opened.wait_until_attached()
    window = page.context.new_page()
    window.goto(page.url.replace("/lab/", "/lab/workspaces/second/"))
    window.locator("#jupyterlab-splash").wait_for(state="detached")
    second = NotebookPage(window, opened.cell_ids)
    second.wait_until_idle()
    second.command("jupyter-prodkit:show-panel")
    second.wait_until_attached()
    page.bring_to_front()
    run_one_cell_twice(opened)
    opened.run(3)
    expect(prompt(opened, 2)).to_have_text("[8]:", timeout=15_000)
    opened.run(2)
    expect(prompt(opened, 2)).to_have_text("[9]:")
    window.close()


def test_the_report_leads_to_the_cell(open_notebook):
    """A click on a cell's name in the report scrolls there."""
    opened = open_notebook(*TWICE, *["# far away\n" * 40] * 3, "%prodcheck")
    opened.wait_until_attached()
    run_one_cell_twice(opened)
    opened.run(6)
    report = opened.page.locator(".prodkit-report")
    expect(report).to_contain_text("would change on Restart & Run All")
    expect(opened.cell(1)).not_to_be_in_viewport()
    report.locator(".prodkit-finding a").first.click()
    expect(opened.cell(1)).to_be_in_viewport()


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
@pytest.mark.skipif(not AXE.exists(), reason="axe-core is there after `jlpm install` in labextension")
def test_axe_finds_nothing_to_object_to_in_the_report(open_notebook, theme):
    """The report's contrast, names and roles are right in both themes."""
    opened = open_notebook(*TWICE, "import random\nrandom.random()", "%prodcheck")
    opened.wait_until_attached()
    opened.page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", theme)
    run_one_cell_twice(opened)
    opened.run(3)
    opened.run(4)
    expect(opened.page.locator(".prodkit-report")).to_contain_text(re.compile("warning|blocker"))
    opened.page.evaluate(AXE.read_text())
    found = opened.page.evaluate(
        "async () => (await axe.run('.prodkit-report')).violations.map(v => [v.id, v.nodes[0].html, v.nodes[0].failureSummary])"
    )
    assert found == []
