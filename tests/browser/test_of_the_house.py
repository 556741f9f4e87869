"""Settings, palette, toolbar and themes: the panel as a part of JupyterLab."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

AXE = Path(__file__).parents[2] / "labextension/node_modules/axe-core/axe.min.js"
BADGE = ".jp-Prodkit-badge"
CURRENT = "window.jupyterapp.shell.currentWidget"
pytestmark = pytest.mark.browser


@pytest.fixture
def setting(lab):
    """Return a function that writes our settings as the settings editor does; what it wrote is gone afterwards."""
    file = lab.root.parent / "config/lab/user-settings/jupyter-prodkit/plugin.jupyterlab-settings"

    def write(**values):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))

    yield write
    file.unlink(missing_ok=True)


@pytest.fixture
def german(lab):
    """Have JupyterLab speak German, until the end of the test."""
    pytest.importorskip("jupyterlab_language_pack_de_DE")
    file = lab.root.parent / "config/lab/user-settings/@jupyterlab/translation-extension/plugin.jupyterlab-settings"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"locale": "de_DE"}))
    yield
    file.unlink()


def attached(open_notebook, *sources, **how):
    opened = open_notebook(*sources, **how)
    opened.wait_until_attached()
    return opened


def test_badges_are_always_there_where_the_user_wants_it(open_notebook, setting):
    """The panel was never opened, and yet each cell says how it stands."""
    setting(badges="always")
    opened = open_notebook("total = 1", "total", panel=False)
    opened.page.evaluate("window.jupyterapp.shell.collapseRight()")
    opened.run(0)
    expect(opened.cell(0).locator(BADGE)).to_have_attribute("data-state", "reproduced", timeout=20_000)
    expect(opened.cell(1).locator(BADGE)).to_have_attribute("data-state", "never run")


def test_badges_are_never_there_where_the_user_wants_none(open_notebook, setting):
    """The panel judges as always, and the page stays as it was."""
    setting(badges="never")
    opened = attached(open_notebook, "total = 1", tags={0: ["export"]})
    opened.run(0)
    expect(opened.test_id("prodkit-verdict")).to_have_text("The one cell reproduces")
    expect(opened.page.locator(BADGE)).to_have_count(0)


def test_the_panel_speaks_the_language_of_jupyterlab(open_notebook, german):
    """Where a language pack is installed and chosen, panel, badges and menus are in that language."""
    opened = open_notebook("total = 1", "total + 1")
    expect(opened.test_id("prodkit-status")).to_have_text("verbunden", timeout=20_000)
    opened.run(0)
    expect(opened.cell(1).locator(BADGE)).to_contain_text("nicht gelaufen")
    opened.run(1)
    expect(opened.test_id("prodkit-verdict")).to_have_text("Alle 2 Zellen ergeben wieder dasselbe")
    assert (
        opened.page.evaluate("window.jupyterapp.commands.label('jupyter-prodkit:show-panel')")
        == "Produktions-Panel zeigen"
    )


def test_the_replay_button_settles_what_is_in_doubt(open_notebook):
    """A cell that was run before the tracker could see is unverified, until it is really run."""
    opened = attached(open_notebook, "total = 1", "total + 1")
    opened.run(0)
    opened.run(1)
    opened.cell(0).locator(".jp-InputArea-editor").click()
    opened.page.keyboard.press("End")
    opened.page.keyboard.type(" + 0")
    button = opened.panel.get_by_role("button", name="Replay")
    button.click()
    expect(opened.test_id("prodkit-step-check-result")).to_be_visible(timeout=60_000)
    expect(button).to_have_count(0)
    expect(opened.test_id("prodkit-verdict")).to_be_visible()


def test_everything_is_in_the_palette(open_notebook):
    """What the panel does can be found by typing its name, the steps that the kernel told of among it."""
    opened = attached(open_notebook, "total = 1")
    opened.command("apputils:activate-command-palette")
    search = opened.page.locator(".lm-CommandPalette-input")
    search.fill("production")
    entries = opened.page.locator(".lm-CommandPalette-item")
    for name in (
        "Show Production Panel",
        "Check Whether This Notebook Reproduces",
        "Run All Steps to Production",
        "Run Step: Lock",
        "Run Step: Serve",
        "Mark Cell: Export",
        "Mark Cell for Production",
    ):
        expect(entries.filter(has_text=name).first).to_be_visible()
    search.fill("mark cell: parameters")
    opened.page.keyboard.press("Enter")
    tags = f"{CURRENT}.content.model.cells.get(0).getMetadata('tags') ?? []"
    opened.page.wait_for_function(f"({tags}).includes('parameters')")


def test_the_cell_that_makes_features_is_marked_for_export_from_its_finding(open_notebook):
    """What would be missing where the model is served goes along with one click."""
    opened = attached(
        open_notebook,
        "import pandas as pd\ndf = pd.DataFrame({'age': [1, 2, 3], 'weight': [4, 5, 6]})",
        "df['weight'] = df['weight'] * 0.4536",
        "#| export\ndef features(rows):\n    return rows[['age', 'weight']]",
        "from sklearn.linear_model import LinearRegression\nmodel = LinearRegression().fit(features(df), [1, 2, 3])",
    )
    for index in range(4):
        opened.run(index)
    opened.test_id("prodkit-fix-export").first.click()
    expect(opened.panel.locator('[data-rule="skew/features-outside"]')).to_have_count(0)
    tags = f"Array.from({CURRENT}.content.model.cells, cell => cell.getMetadata('tags') ?? []).flat()"
    assert opened.page.evaluate(tags) == ["export"]


def test_two_thousand_cells_are_judged(open_notebook):
    """The verdict counts them all, after a run too, and the map shows each."""
    opened = attached(open_notebook, *[f"x{n} = {n}" for n in range(2000)])
    expect(opened.test_id("prodkit-verdict")).to_have_text("2000 cells have not been run", timeout=60_000)
    opened.page.evaluate(f"{CURRENT}.content.activeCellIndex = 0")
    opened.command("notebook:run-cell")
    expect(opened.test_id("prodkit-verdict")).to_contain_text("1999 cells", timeout=30_000)
    expect(opened.panel.locator("[data-place]")).to_have_count(2000)


@pytest.mark.parametrize("theme", ["JupyterLab Light High Contrast", "JupyterLab Dark High Contrast"])
@pytest.mark.skipif(not AXE.exists(), reason="axe-core is there after `jlpm install` in labextension")
def test_axe_finds_nothing_to_object_to_in_high_contrast(open_notebook, theme):
    """Contrast, names, roles and order are right for who needs it most: panel, map, finding and an open step."""
    opened = attached(open_notebook, "total = 1", "total = total + 1", "total", tags={0: ["export"]})
    opened.page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", theme)
    for index in (0, 1, 1, 2):
        opened.run(index)
    expect(opened.test_id("prodkit-verdict")).to_contain_text("would change")
    opened.test_id("prodkit-step-push").locator("[aria-expanded]").click()
    opened.page.evaluate(AXE.read_text())
    violations = opened.page.evaluate("async () => (await axe.run('.jp-Prodkit')).violations.map(v => v.id)")
    assert violations == []


def test_a_magic_shows_its_progress_as_a_widget_and_leaves_none_behind(open_notebook):
    """The bar stands under the cell while the step works; a saved notebook holds its result alone."""
    opened = attached(open_notebook, "import time\ntotal = 1\ntime.sleep(2)", "%prodcheck --verify")
    opened.run(0)
    opened.cell(1).locator(".jp-InputArea-editor").click()
    opened.page.keyboard.press("Control+Enter")
    bar = opened.cell(1).locator(".widget-hprogress")
    expect(bar).to_be_visible(timeout=20_000)
    expect(opened.cell(1).locator(".jp-InputArea-prompt")).not_to_have_text("[*]:", timeout=60_000)
    expect(bar).to_have_count(0)
    outputs = opened.page.evaluate(f"JSON.stringify({CURRENT}.content.model.cells.get(1).outputs.toJSON())")
    assert "widget-view" not in outputs
