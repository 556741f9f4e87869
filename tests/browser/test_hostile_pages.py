"""Notebooks that mean harm, and notebooks that are odd."""

from __future__ import annotations

import uuid

import pytest
from conftest import notebook_of
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

CURRENT = "window.jupyterapp.shell.currentWidget"
SCRIPT = "<img src=x onerror=window.pwned=1><script>window.pwned=1</script>"


def test_nothing_in_a_notebook_is_executed_by_the_panel(open_notebook):
    """Script tags in sources, names, outputs and tags are shown as the text they are, wherever the panel shows them."""
    opened = open_notebook(
        f"key = '/home/me/{SCRIPT}.csv'\nopen(key)",
        f"class A:\n    def __repr__(self): return {SCRIPT!r}\n    def predict(self, x): return x\nmodel = A()\nmodel",
        "print(model)",
        tags={0: [f"step:{SCRIPT}", SCRIPT]},
    )
    opened.wait_until_attached()
    for index in (1, 2, 1, 2):
        opened.run(index)
    opened.test_id("prodkit-finding").first.wait_for()
    opened.cell(0).locator(".jp-InputArea-prompt").click()
    opened.test_id("prodkit-step-lock").locator("[aria-expanded]").click()
    opened.test_id("prodkit-step-lock-plan").wait_for()
    opened.test_id("prodkit-run-export").click()
    opened.test_id("prodkit-step-export-error").wait_for(timeout=60_000)
    opened.panel.locator("[data-place]").first.hover()
    assert opened.page.evaluate("window.pwned") is None
    assert opened.page.locator(".jp-Prodkit script, .jp-Prodkit img, .jp-Prodkit-badge img").count() == 0


def test_a_notebook_without_ids_is_checked_as_any_other(lab, page):
    """Format 4.4 knows no cell ids: JupyterLab gives some, and the panel works with those."""
    notebook = notebook_of(["a = 1", "a + 1"], "python3", {})
    notebook.nbformat_minor = 4
    for cell in notebook.cells:
        cell.pop("id")
    opened = lab.open_notebook(page, notebook)
    opened.wait_until_attached()
    opened.run(0)
    opened.run(1)
    expect(opened.test_id("prodkit-verdict")).to_have_text("All 2 cells reproduce")


def test_a_read_only_notebook_is_judged_and_not_touched(lab, page):
    """Who may not write is shown the verdict, and offered no change of the page."""
    opened = lab.open(page, ["import random\nrandom.random()"])
    opened.wait_until_attached()
    expect(opened.test_id("prodkit-fix-seed")).to_be_visible()
    page.evaluate("window.jupyterapp.shell.currentWidget.content.model.readOnly = true")
    opened.cell(0).locator(".jp-InputArea-prompt").click()
    opened.test_id("prodkit-finding").first.wait_for()
    page.evaluate("window.jupyterapp.commands.execute('jupyter-prodkit:check')")
    expect(opened.test_id("prodkit-fix-seed")).to_have_count(0)
    expect(opened.test_id("prodkit-mark-export")).to_be_disabled()


def test_a_cell_with_a_megabyte_of_source_is_judged(open_notebook):
    """A table pasted into a cell makes the panel neither slow nor silent."""
    table = "rows = [\n" + "\n".join(f"    ({n}, {n * 0.37!r}, 'a row of text')," for n in range(28_000)) + "\n]"
    assert len(table) > 1_000_000
    opened = open_notebook("a = 1", table, "a")
    opened.wait_until_attached()
    opened.run(0)
    expect(opened.test_id("prodkit-counts")).to_contain_text("1 reproduced", timeout=60_000)
    expect(opened.test_id("prodkit-verdict")).to_have_text("2 cells have not been run")


def test_comms_held_back_on_the_way_are_told(lab, page):
    """A policy that lets no comm through leaves the magics, and the panel says so."""
    page.add_init_script(
        """(() => {
            const send = WebSocket.prototype.send;
            WebSocket.prototype.send = function (data) {
                const text = typeof data === 'string' ? data : new TextDecoder().decode(data);
                return /"msg_type":\\s*"comm_/.test(text) ? undefined : send.call(this, data);
            };
        })()"""
    )
    opened = lab.open(page, ["a = 1"])
    expect(opened.panel).to_contain_text("The kernel takes no messages", timeout=30_000)
    expect(opened.panel).to_contain_text("%prodcheck")


def test_two_notebooks_keep_their_own_verdicts(lab, page):
    """What runs in one says nothing of the other, and the panel follows the notebook in front."""
    opened = lab.open(page, ["a = 1"])
    opened.wait_until_attached()
    opened.run(0)
    expect(opened.test_id("prodkit-verdict")).to_have_text("The one cell reproduces")
    other = lab.write(["b = 1", "b"])
    page.evaluate("path => { void window.jupyterapp.commands.execute('docmanager:open', { path }) }", other.name)
    expect(opened.test_id("prodkit-verdict")).to_have_text("2 cells have not been run", timeout=30_000)
    page.evaluate("() => { void window.jupyterapp.commands.execute('application:activate-previous-tab') }")
    expect(opened.test_id("prodkit-verdict")).to_have_text("The one cell reproduces")


def test_two_tabs_on_one_notebook_both_answer(lab, page):
    """Two pages share a kernel: what one runs, the other hears."""
    opened = lab.open(page, ["a = 1", "a"])
    opened.wait_until_attached()
    second = page.context.new_page()
    path = page.evaluate("window.jupyterapp.shell.currentWidget.context.path")
    second.goto(f"{lab.url}/lab/workspaces/second/tree/{path}")
    second.locator("#jupyterlab-splash").wait_for(state="detached")
    second.wait_for_function("window.jupyterapp.shell.currentWidget?.sessionContext?.isReady")
    second.evaluate("() => { void window.jupyterapp.commands.execute('jupyter-prodkit:show-panel') }")
    panel = second.get_by_test_id("prodkit-panel")
    expect(panel.get_by_test_id("prodkit-status")).to_have_text("attached", timeout=20_000)
    opened.run(0)
    expect(panel.get_by_test_id("prodkit-counts")).to_contain_text("1 reproduced", timeout=15_000)
    second.close()


def test_a_lost_connection_comes_back_by_itself(open_notebook):
    """The network goes away while the user works, and returns: so does the panel."""
    opened = open_notebook("a = 1", "a")
    opened.wait_until_attached()
    opened.run(0)
    opened.page.evaluate(
        """() => {
            const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
            void kernel.reconnect();
        }"""
    )
    opened.page.context.set_offline(True)
    opened.page.wait_for_timeout(1000)
    opened.page.context.set_offline(False)
    opened.page.wait_for_function(  # what is run before that, JupyterLab may lose
        "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.connectionStatus === 'connected'"
    )
    opened.wait_until_attached()
    opened.run(1)
    expect(opened.test_id("prodkit-verdict")).to_have_text("All 2 cells reproduce", timeout=30_000)


def test_two_views_of_one_notebook_say_the_same(lab, page):
    """A second view beside the first is judged as well, and what is run in one counts in both."""
    opened = lab.open(page, ["a = 1", "a"])
    opened.wait_until_attached()
    opened.run(0)
    expect(opened.test_id("prodkit-verdict")).to_have_text("1 cell has not been run")
    opened.command("docmanager:clone")
    page.wait_for_function("document.querySelectorAll('.jp-NotebookPanel').length === 2")
    expect(opened.test_id("prodkit-verdict")).to_have_text("1 cell has not been run", timeout=20_000)
    page.evaluate(f"{CURRENT}.content.activeCellIndex = 1")
    opened.command("notebook:run-cell")
    expect(opened.test_id("prodkit-verdict")).to_have_text("All 2 cells reproduce")
    page.evaluate(f"{CURRENT}.close()")
    page.wait_for_function("document.querySelectorAll('.jp-NotebookPanel').length === 1")
    expect(opened.test_id("prodkit-verdict")).to_have_text("All 2 cells reproduce")


def test_a_renamed_notebook_keeps_its_verdict_and_gets_its_own_project_folder(lab, page):
    """The kernel goes on under the new name, and what a step leaves lies beside the notebook of that name."""
    opened = lab.open(page, ["a = 1"])
    opened.wait_until_attached()
    opened.run(0)
    name = f"renamed-{uuid.uuid4().hex}"
    page.evaluate(f"name => {CURRENT}.context.rename(name)", f"{name}.ipynb")
    expect(opened.test_id("prodkit-verdict")).to_have_text("The one cell reproduces")
    opened.test_id("prodkit-run-check").click()
    expect(opened.test_id("prodkit-step-check-result")).to_be_visible(timeout=20_000)
    assert (lab.root / f"{name}-prod/release.json").exists()
