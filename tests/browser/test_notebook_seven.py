"""The same bundle in Notebook 7, which has one notebook a page and no JupyterLab shell."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from conftest import Lab, NotebookPage, running_lab
from playwright.sync_api import Page, expect

pytest.importorskip("notebook")
pytestmark = pytest.mark.browser

CURRENT = "window.jupyterapp.shell.currentWidget"


@pytest.fixture(scope="module")
def seven(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with running_lab(tmp_path_factory.mktemp("seven"), "notebook") as seven:
        yield seven


def opened_in(seven: Lab, page: Page, *sources: str) -> NotebookPage:
    path = seven.write(sources)
    page.goto(f"{seven.url}/notebooks/{path.name}")
    page.wait_for_function(f"window.jupyterapp && {CURRENT}?.sessionContext?.isReady")
    ids = page.evaluate(f"Array.from({CURRENT}.content.model.cells, cell => cell.id)")
    return NotebookPage(page, ids)


def test_the_panel_is_offered_by_the_view_menu_and_attaches(seven, page):
    """One entry of the View menu, and it knows the notebook of this page."""
    opened = opened_in(seven, page, "total = 1")
    page.get_by_role("menuitem", name="View", exact=True).click()
    page.locator(".lm-Menu-item", has_text="Show Production Panel").click()
    opened.wait_until_attached()
    expect(opened.test_id("prodkit-verdict")).to_have_text("1 cell has not been run")
    expect(opened.test_id("prodkit-step-lock")).to_be_visible()


def test_a_finding_leads_to_its_cell_and_is_mended(seven, page):
    """Out of order, found, mended with one click: as in JupyterLab."""
    opened = opened_in(seven, page, "total = 1", "total = total + 1", "total")
    opened.command("jupyter-prodkit:show-panel")
    opened.wait_until_attached()
    for index in (0, 1, 1, 2):
        opened.run(index)
    expect(opened.test_id("prodkit-verdict")).to_contain_text("would change on Restart & Run All")
    expect(opened.cell(1).locator(".jp-Prodkit-badge")).to_have_attribute("data-state", "diverges")
    opened.test_id("prodkit-finding-cell").first.click()
    assert opened.active_cell_id() in opened.cell_ids
    opened.test_id("prodkit-fix-rerun").first.click()
    expect(opened.test_id("prodkit-verdict")).to_have_text("All 3 cells reproduce", timeout=30_000)
