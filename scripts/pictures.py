"""Makes the README's pictures, docs/panel-light.png and docs/panel-dark.png.

They show the demo in a real JupyterLab, with one misstep made and the panel beside it.
Run it as `.venv/bin/python scripts/pictures.py`.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from pathlib import Path

import nbformat
from playwright.sync_api import Page, ViewportSize, expect

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests/browser"))

from conftest import NotebookPage, running_chromium, running_lab  # noqa: E402 - found on the line above

SIZE = ViewportSize(width=1360, height=960)
JUDGED = re.compile("reproduce|run clean")


def main() -> None:
    """Start JupyterLab on a copy of the demo, and take the two pictures."""
    with tempfile.TemporaryDirectory() as folder, running_lab(Path(folder)) as lab:
        take(lab.url, Path(shutil.copy(ROOT / "binder/demo.ipynb", lab.root)))


def take(url: str, notebook: Path) -> None:
    """Make the misstep in a browser, and save what is to be seen, in light and in dark."""
    ids = [cell.id for cell in nbformat.read(notebook, as_version=4).cells]
    with running_chromium() as chromium:
        page = chromium.new_page(viewport=SIZE, device_scale_factor=1.5)
        page.goto(f"{url}/lab/tree/{notebook.name}?reset")
        page.locator("#jupyterlab-splash").wait_for(state="detached")
        opened = NotebookPage(page, ids)
        opened.wait_until_idle()
        opened.command("jupyter-prodkit:show-panel")
        opened.wait_until_attached()
        go_to(page, ids.index("friday"))
        opened.command("notebook:run-all-above")
        expect(opened.test_id("prodkit-verdict")).to_contain_text(JUDGED, timeout=180_000)
        go_to(page, ids.index("first-look"))
        opened.command("notebook:run-cell")
        expect(opened.panel.locator('[data-rule^="hidden-state/"]').first).to_be_visible(timeout=30_000)
        opened.command("filebrowser:toggle-main")
        for theme in ("Light", "Dark"):
            page.evaluate(
                f"window.jupyterapp.commands.execute('apputils:change-theme', {{theme: 'JupyterLab {theme}'}})"
            )
            page.wait_for_timeout(1500)  # the new style sheet and the plots fade in
            page.screenshot(path=ROOT / f"docs/panel-{theme.lower()}.png")
        page.evaluate("window.jupyterapp.serviceManager.sessions.shutdownAll()")


def go_to(page: Page, index: int) -> None:
    """Scroll to a cell and select it."""
    page.evaluate(
        """index => {
            const notebook = window.jupyterapp.shell.currentWidget.content;
            notebook.activeCellIndex = index;
            return notebook.scrollToItem(index, "center");
        }""",
        index,
    )


if __name__ == "__main__":
    main()
