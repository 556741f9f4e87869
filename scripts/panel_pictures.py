"""Makes a picture of every section of the panel, in light and dark, narrow and wide, into build/panel.

To be looked at after a change of the panel. Run it as `.venv/bin/python scripts/panel_pictures.py`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, expect

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests/browser"))

from conftest import Lab, NotebookPage, running_chromium, running_lab  # noqa: E402 - found on the line above

PICTURES = ROOT / "build/panel"
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark", "contrast": "JupyterLab Dark High Contrast"}
SOURCES = [
    "import random\n\nimport packaging",
    "rows = [{'age': age, 'fare': 7.25 + age % 13} for age in range(1, 81)]",
    "path = '/home/me/titanic.csv'",
    "fares = [row['fare'] for row in rows]",
    "mean = sum(fares) / len(fares)",
    "rows = rows[10:]",
    "scale = max(fares)",
    "split = random.sample(rows, 40)",
    "features = [[row['age'], row['fare'] / scale] for row in rows]",
    "def predict(features):\n    return [age * mean / scale for age, _ in features]",
    "scores = predict(features)",
    "print(round(sum(scores), 2), len(rows))",
]
TAGS = {2: ["parameters"], 9: ["export"], 8: ["step:features"]}


def main() -> None:
    """Start JupyterLab, bring the panel into each of its states, and take a picture of each."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, running_lab(Path(folder)) as lab, running_chromium() as chromium:
        for theme, name in THEMES.items():
            page = chromium.new_page(viewport=ViewportSize(width=1280, height=1400), device_scale_factor=1.5)
            take_all(lab, page, theme, name)
            page.evaluate("window.jupyterapp.serviceManager.sessions.shutdownAll()")
            page.close()


def take_all(lab: Lab, page: Page, theme: str, name: str) -> None:
    """Take each picture in one theme."""
    opened = lab.open(page, SOURCES, tags=TAGS)
    page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", name)
    opened.command("filebrowser:toggle-main")
    opened.wait_until_attached()
    take(opened, theme, "1-first-open")
    for place in range(len(SOURCES)):
        opened.run(place)
    expect(opened.test_id("prodkit-verdict")).to_contain_text("run clean", timeout=20_000)
    take(opened, theme, "2-in-order")
    opened.run(5)
    opened.run(11)
    expect(opened.test_id("prodkit-verdict")).to_contain_text("would change", timeout=20_000)
    opened.cell(8).locator(".jp-InputArea-prompt").click()
    page.wait_for_timeout(1200)
    take(opened, theme, "3-hidden-state")
    page.screenshot(path=PICTURES / f"{theme}-0-page.png")
    node = opened.panel.locator(f'[data-cell-id="{opened.cell_ids[5]}"][data-place]')
    node.hover()
    opened.test_id("prodkit-map").screenshot(path=PICTURES / f"{theme}-4-map-picked.png")
    opened.panel.get_by_role("button", name="Order").click()
    opened.test_id("prodkit-map").screenshot(path=PICTURES / f"{theme}-5-map-order.png")
    opened.panel.get_by_role("button", name="Order").click()
    opened.test_id("prodkit-step-lock").locator("[aria-expanded]").click()
    opened.test_id("prodkit-step-push").locator("[aria-expanded]").click()
    page.wait_for_timeout(2500)
    take(opened, theme, "6-steps-open")
    opened.test_id("prodkit-run-export").click()
    opened.test_id("prodkit-step-export-error").wait_for(timeout=60_000)
    take(opened, theme, "7-step-failed")
    opened.test_id("prodkit-step-push").locator("[aria-expanded]").click()
    opened.test_id("prodkit-run-lock").click()
    opened.test_id("prodkit-step-lock-result").wait_for(timeout=120_000)
    take(opened, theme, "8-step-done")
    opened.command("application:close-all")
    expect(opened.panel).to_contain_text("No notebook is open")
    take(opened, theme, "9-no-notebook")
    for number, kernel in enumerate(("bare", "foreign", "older"), 10):
        without = lab.open(page, SOURCES[:1], kernel)
        without.panel.locator(".jp-Prodkit-notice h2").wait_for()
        expect(without.test_id("prodkit-status")).to_have_text("not attached", timeout=20_000)
        take(without, theme, f"{number}-kernel-{kernel}")


def take(opened: NotebookPage, theme: str, name: str) -> None:
    """Take a picture of the panel at two widths."""
    for width in (320, 250):
        widen(opened, width)
        opened.page.wait_for_timeout(400)  # fonts and colours settle
        opened.panel.screenshot(path=PICTURES / f"{theme}-{name}-{width}.png")


def widen(opened: NotebookPage, width: int) -> None:
    """Drag the panel's edge until it is that wide."""
    box = opened.panel.bounding_box()
    assert box is not None
    mouse, start = opened.page.mouse, box["x"] - 1
    mouse.move(start, 700)
    mouse.down()
    mouse.move(start + box["width"] - width, 700, steps=4)
    mouse.up()


if __name__ == "__main__":
    main()
