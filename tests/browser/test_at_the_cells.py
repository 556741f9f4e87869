"""Badges and marks on the page itself."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

BADGE = ".jp-Prodkit-badge"


def attached(open_notebook, *sources, **how):
    opened = open_notebook(*sources, **how)
    opened.wait_until_attached()
    return opened


def tops(opened):
    return opened.page.evaluate(
        "Array.from(document.querySelectorAll('.jp-Notebook .jp-Cell'), cell => cell.getBoundingClientRect().toJSON())"
    )


def test_each_cell_shows_its_state_and_why(open_notebook):
    """Out of order: a shape and a word stand at the cell, the reason is its tooltip; nothing on the page has moved."""
    opened = attached(open_notebook, "total = 1", "total = total + 1", "total", tags={0: ["parameters"]})
    opened.page.evaluate("window.jupyterapp.shell.collapseRight()")
    for index in (0, 1, 1, 2):
        opened.run(index)
    expect(opened.page.locator(BADGE)).to_have_count(0)
    before = tops(opened)
    opened.command("jupyter-prodkit:show-panel")
    opened.wait_until_attached()
    changed = opened.cell(1).locator(BADGE)
    expect(changed).to_have_attribute("data-state", "diverges")
    expect(changed).to_contain_text("would change")
    assert "more than once" in (changed.get_attribute("title") or "")
    assert "`" not in (changed.get_attribute("title") or "")
    expect(opened.cell(0).locator(BADGE)).to_contain_text("parameters")
    after = tops(opened)
    assert [(box["y"], box["height"]) for box in before] == [(box["y"], box["height"]) for box in after]
    opened.page.evaluate("window.jupyterapp.shell.collapseRight()")
    expect(opened.page.locator(BADGE)).to_have_count(0)


def test_a_cell_is_marked_from_the_panel_the_keyboard_and_the_toolbar(open_notebook):
    """Three ways to the same tag, and each shows what the others did."""
    opened = attached(open_notebook, "def features(rows):\n    return rows", "x = 1")
    opened.cell(0).locator(".jp-InputArea-prompt").click()
    opened.test_id("prodkit-mark-export").click()
    expect(opened.test_id("prodkit-mark-export")).to_have_attribute("aria-pressed", "true")
    expect(opened.cell(0).locator(BADGE)).to_contain_text("export")
    opened.cell(0).locator(".jp-InputArea-prompt").click()
    opened.page.keyboard.press("Alt+m")
    opened.page.keyboard.press("e")
    expect(opened.test_id("prodkit-mark-export")).to_have_attribute("aria-pressed", "false")
    opened.cell(0).locator('[data-command="jupyter-prodkit:mark-cell"]').first.click()
    opened.page.locator(".lm-Menu-item", has_text="Step features").click()
    expect(opened.test_id("prodkit-mark-step")).to_have_value("features")
    expect(opened.cell(0).locator(BADGE)).to_contain_text("step:features")
    assert marks(opened) == ["step:features"]
    opened.test_id("prodkit-mark-step").select_option("train")
    expect(opened.cell(0).locator(BADGE)).to_contain_text("step:train")
    assert marks(opened) == ["step:train"]


def marks(opened, index=0):
    return opened.page.evaluate(
        "index => window.jupyterapp.shell.currentWidget.content.model.cells.get(index).getMetadata('tags') ?? []", index
    )


def test_a_cell_marks_itself_and_others_by_a_magic(open_notebook):
    """`%prodmark` sets the tag on the page, though the panel was never open, and says that it did; Undo is one click."""
    train, none = "%prodmark step train --cells 2-3\nx = 1", "%prodmark none --cells 2"
    opened = open_notebook(train, "#| export\ny = 2", "z = 3", none, panel=False)
    opened.run(0)
    said = opened.cell(0).locator(".jp-OutputArea-output")
    expect(said).to_contain_text("Cells 2 and 3 are marked `step:train`.")
    expect(said).to_contain_text("Save the notebook")
    assert [marks(opened, index) for index in range(4)] == [[], ["step:train"], ["step:train"], []]
    opened.command("jupyter-prodkit:show-panel")
    opened.wait_until_attached()
    expect(opened.cell(1).locator(BADGE)).to_contain_text("step:train")
    opened.run(3)
    expect(opened.cell(3).locator(".jp-OutputArea-output")).to_have_text("Cell 2 has no mark now.")
    assert marks(opened, 1) == []
    opened.test_id("prodkit-undo").click()
    expect(opened.cell(1).locator(BADGE)).to_contain_text("step:train")


def test_a_comment_that_marks_is_as_good_as_a_tag(open_notebook):
    """`#| export` is shown as the mark it is, and taken out of the source when the mark is switched off."""
    opened = attached(open_notebook, "#| export\ndef f():\n    return 1")
    opened.cell(0).locator(".jp-InputArea-prompt").click()
    expect(opened.test_id("prodkit-mark-export")).to_have_attribute("aria-pressed", "true")
    opened.test_id("prodkit-mark-export").click()
    expect(opened.test_id("prodkit-mark-export")).to_have_attribute("aria-pressed", "false")
    source = "window.jupyterapp.shell.currentWidget.content.model.cells.get(0).sharedModel.getSource()"
    assert opened.page.evaluate(source) == "def f():\n    return 1"
    opened.test_id("prodkit-undo").click()
    assert opened.page.evaluate(source) == "#| export\ndef f():\n    return 1"


def test_what_leaves_a_cell_out_and_what_its_step_returns_are_shown_as_marks(open_notebook):
    """Marks that a word makes void are struck out at the cell and in the panel, which says why; one click mends it."""
    step = "#| eval: false\n#| step load\n#| returns rows, labels\nrows, labels = [1], [2]"
    opened = attached(open_notebook, step, "x = 1", tags={1: ["step:train", "returns:x"]})
    badge = opened.cell(0).locator(BADGE)
    expect(badge.locator(".jp-mod-idle")).to_have_text(["step:load", "returns:rows", "returns:labels"])
    expect(badge).to_contain_text("eval: false")
    assert "step:load (without effect: the cell is left out)" in (badge.get_attribute("aria-label") or "")
    opened.cell(0).locator(".jp-InputArea-prompt").click()
    expect(opened.test_id("prodkit-left-out")).to_have_text(
        "Left out of the package by “eval: false”. Without effect: step:load, returns:rows, returns:labels"
    )
    opened.test_id("prodkit-mark-left-out").click()
    expect(opened.test_id("prodkit-left-out")).to_have_count(0)
    expect(badge.locator(".jp-mod-idle")).to_have_count(0)
    opened.test_id("prodkit-mark-returns").first.click()
    expect(opened.test_id("prodkit-mark-returns")).to_have_text(["returns:labels"])
    source = "window.jupyterapp.shell.currentWidget.content.model.cells.get(0).sharedModel.getSource()"
    assert opened.page.evaluate(source) == "#| step load\n#| returns labels\nrows, labels = [1], [2]"
    opened.test_id("prodkit-undo").click()
    assert opened.page.evaluate(source) == step.removeprefix("#| eval: false\n")
    opened.cell(1).locator(".jp-InputArea-prompt").click()
    expect(opened.test_id("prodkit-mark-returns")).to_have_text(["returns:x"])


def test_the_verdict_stands_in_the_status_bar(open_notebook):
    """One look suffices, whatever else is open; a click opens the panel."""
    opened = attached(open_notebook, "a = 1")
    item = opened.page.get_by_test_id("prodkit-status-bar")
    expect(item).to_have_text("Not checked")
    opened.run(0)
    expect(item).to_have_text("Reproducible")
    opened.page.evaluate("window.jupyterapp.shell.collapseRight()")
    item.click()
    expect(opened.test_id("prodkit-verdict")).to_be_visible()


def test_with_panel_and_badges_away_the_kernel_is_asked_nothing(open_notebook):
    """What nobody looks at costs nothing: no message goes to the kernel, whatever is run and typed."""
    opened = attached(open_notebook, "a = 1", "a")
    opened.run(0)
    opened.page.evaluate("window.jupyterapp.shell.collapseRight()")
    opened.page.evaluate(
        """() => {
            window.prodkitSent = 0;
            const send = WebSocket.prototype.send;
            WebSocket.prototype.send = function (data) {
                const text = typeof data === 'string' ? data : new TextDecoder().decode(data);
                window.prodkitSent += text.includes('comm_msg') ? 1 : 0;
                return send.call(this, data);
            };
        }"""
    )
    opened.run(1)
    opened.cell(0).locator(".jp-InputArea-editor").click()
    opened.page.keyboard.type("0")
    opened.page.wait_for_timeout(1500)
    assert opened.page.evaluate("window.prodkitSent") == 0
    opened.command("jupyter-prodkit:show-panel")
    expect(opened.test_id("prodkit-verdict")).to_have_text("2 cells can't be vouched for")
    assert opened.page.evaluate("window.prodkitSent") > 0
