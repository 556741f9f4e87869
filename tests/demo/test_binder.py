"""What Binder would make of `binder/`, done here with repo2docker's own versions, up to a walk through the demo."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import nbformat
import pytest
from lab_in_chromium import NotebookPage, free_port, server_environment, stop, wait_for_server
from playwright.sync_api import Locator, Page, expect

ROOT = Path(__file__).parents[2]
PYTHON = (ROOT / "binder/runtime.txt").read_text().strip().removeprefix("python-")
BASE = {
    "ipykernel", "ipython", "ipywidgets", "jupyter_client", "jupyter_core", "jupyter_server", "jupyterlab",
    "jupyterlab_server", "nbformat", "notebook", "packaging", "pip", "pydantic", "pyzmq", "sqlalchemy", "tornado",
    "traitlets",
}  # fmt: skip
"""What of repo2docker's base environment has the same name on PyPI and matters to us."""
LOCKED = re.compile(r"/(?P<name>[^/]+)-(?P<version>[^-/]+)-[^-/]+\.(?:conda|tar\.bz2)#")


def base_versions() -> dict[str, str]:
    """Return the versions that repo2docker's base image has, from the list that it ships."""
    folder = resources.files("repo2docker.buildpacks.conda")
    text = (folder / f"environment.py-{PYTHON}-linux-64.lock").read_text()
    return {match["name"]: match["version"] for match in LOCKED.finditer(text) if match["name"] in BASE | {"nodejs"}}


def dockerfile() -> str:
    program = Path(sys.executable).with_name("jupyter-repo2docker")
    done = subprocess.run(
        [program, "--no-build", "--debug", ROOT], check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_repo2docker_takes_it():
    """Requirements are installed once the repository is there, and postBuild runs."""
    text = dockerfile()
    assert f"environment-2epy-2d{PYTHON.replace('.', '-2e')}" in text
    assert text.index("COPY --chown=0:0 src/ ") < text.index('pip install --no-cache-dir -r "binder/requirements.txt"')
    assert "RUN ./binder/postBuild" in text


def test_the_image_can_build_the_panel():
    """Its base brings the Node that the extension's build needs."""
    assert int(base_versions()["nodejs"].partition(".")[0]) >= 20


@dataclass(frozen=True)
class Image:
    """What stands in for the image: the repository, and the environment that the base and `binder/` make."""

    repository: Path
    prefix: Path

    def run(self, *command: str | Path) -> None:
        done = subprocess.run(
            command, cwd=self.repository, env=self.environment, check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr

    @property
    def environment(self) -> dict[str, str]:
        path = os.pathsep.join([str(self.prefix / "bin"), os.environ["PATH"]])
        return {**os.environ, "PATH": path, "VIRTUAL_ENV": str(self.prefix), "NB_PYTHON_PREFIX": str(self.prefix)}


IN_ORDER = re.compile("reproduce|run clean")  # some of the demo's cells draw without a seed

@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    place = tmp_path_factory.mktemp("binder")
    image = Image(place / "repository", place / "prefix")
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (image.repository / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, image.repository / name)
    uv = Path(sys.executable).with_name("uv")
    image.run(uv, "venv", "--quiet", "--python", PYTHON, image.prefix)
    versions = base_versions()
    pip = (uv, "pip", "install", "--quiet", "--compile-bytecode")  # pip would compile
    image.run(*pip, *(f"{name}=={versions[name]}" for name in sorted(BASE)))
    image.run(*pip, "-r", "binder/requirements.txt")
    image.run("binder/postBuild")
    return image


@pytest.mark.browser
@pytest.mark.slow
def test_the_base_is_left_as_it_is(image):
    """Installing us changes nothing of what the image's JupyterLab needs."""
    uv = Path(sys.executable).with_name("uv")
    listed = subprocess.run(
        [uv, "pip", "list", "--format", "json"], env=image.environment, check=True, capture_output=True, text=True
    )
    installed = {one["name"].replace("-", "_"): one["version"] for one in json.loads(listed.stdout)}
    same = BASE - {"packaging"}  # the lock needs a newer one than the base brings
    assert {name: installed[name] for name in same} == {name: base_versions()[name] for name in same}
    image.run(uv, "pip", "check")


@pytest.fixture
def demo(image, browser, tmp_path):
    """The page that opens when the image's own command is started and its address visited, with no engine in reach."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [
        *(image.prefix / "bin/jupyter", "notebook", "--allow-root", "--no-browser", "--ip", "127.0.0.1"),
        *(f"--ServerApp.port={port}", "--IdentityProvider.token=", "--LabApp.expose_app_in_browser=True"),
    ]
    environment = {**server_environment(tmp_path), **image.environment, "DOCKER_HOST": "unix:///nowhere/docker.sock"}
    log = tmp_path / "server.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            command, cwd=image.repository, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    try:
        wait_for_server(url, server, log)
        page = context.new_page()
        page.goto(url)
        yield page
        page.evaluate("window.jupyterapp.serviceManager.sessions.shutdownAll()")
    finally:
        context.close()
        stop(server)


class DemoPage(NotebookPage):
    """The demo, its cells by their names; it is long, and JupyterLab keeps only what is in sight on the page."""

    def __init__(self, page: Page, notebook: Path) -> None:
        super().__init__(page, [cell.id for cell in nbformat.read(notebook, as_version=4).cells])

    def cell(self, index: int) -> Locator:
        return self.page.locator(f'.jp-Notebook .jp-Cell[data-windowed-list-index="{index}"]')

    def go_to(self, name: str) -> int:
        """Scroll to a cell, select it, and return its place."""
        index = self.cell_ids.index(name)
        self.page.evaluate(
            """async index => {
                const notebook = window.jupyterapp.shell.currentWidget.content;
                notebook.activeCellIndex = index;
                // The page scrolls to the active cell by itself, too; of two at once it gives one up.
                for (let left = 5; left > 0; left--) {
                    const done = await notebook.scrollToItem(index, "center").then(() => true, () => false);
                    left = done ? 0 : left;
                }
            }""",
            index,
        )
        self.cell(index).wait_for()
        return index

    def run_cell(self, name: str) -> str:
        """Run a cell and return what it shows; a step may take its time."""
        index = self.go_to(name)
        prompt = self.cell(index).locator(".jp-InputArea-prompt")
        before = prompt.inner_text()
        self.cell(index).locator(".jp-InputArea-editor").click()
        self.page.keyboard.press("Control+Enter")
        expect(prompt).not_to_have_text(before)
        expect(prompt).not_to_have_text("[*]:", timeout=180_000)
        return self.cell(index).locator(".jp-Cell-outputWrapper").inner_text()

    def run_all_above(self, name: str) -> None:
        """Choose what the text says: Run All Above Selected Cell."""
        self.go_to(name)
        self.command("notebook:run-all-above")


@pytest.mark.browser
@pytest.mark.slow
def test_a_visitor_walks_through_the_demo(image, demo):
    """From Jonas's half over one misstep to a running service: the panel finds, the magics take it to production."""
    demo.locator("#jupyterlab-splash").wait_for(state="detached")
    opened = DemoPage(demo, image.repository / "binder/demo.ipynb")
    opened.wait_until_idle()
    opened.command("jupyter-prodkit:show-panel")
    opened.wait_until_attached()
    opened.run_all_above("friday")
    expect(opened.test_id("prodkit-verdict")).to_contain_text(IN_ORDER, timeout=60_000)

    opened.run_cell("first-look")
    finding = opened.panel.locator('[data-testid="prodkit-finding"][data-cell-id="first-look"]').first
    expect(finding).to_contain_text("Run out of order")
    assert "Run out of order" in opened.run_cell("upwards-check")
    opened.test_id("prodkit-rerun").click()
    expect(opened.test_id("prodkit-verdict")).to_contain_text(IN_ORDER, timeout=60_000)

    for name, outcome in {
        "last-check": "Reproducible", "lock": "Locked", "export": "Exported fuel_economy", "push": "Pushed fuel_economy",
        "build": "No Docker engine answers", "serve": "Serving at http://127.0.0.1",
    }.items():  # fmt: skip
        assert outcome in opened.run_cell(name)
    url = re.search(r"http://127\.0\.0\.1:\d+", opened.cell(opened.go_to("serve")).inner_text())
    assert url is not None
    with urllib.request.urlopen(f"{url[0]}/health", timeout=10) as answer:
        assert answer.status == 200
