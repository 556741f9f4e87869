"""A real JupyterLab in a folder of its own, and a Chromium that looks at it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
START_SECONDS = 60
PROTOCOL = "from jupyter_prodkit.faces import protocol; protocol.PROTOCOL_VERSION"
KERNELS = {
    "bare": {"language": "python", "start": "import sys; sys.modules['jupyter_prodkit'] = None"},
    "foreign": {"language": "julia", "start": ""},
    "older": {"language": "python", "start": f"{PROTOCOL} -= 1"},
    "newer": {"language": "python", "start": f"{PROTOCOL} += 1"},
}
"""Kernels that have no jupyter_prodkit, say that they are of another language, or speak another version."""
NO_NEWS = {"fetchNews": "false", "checkForUpdates": False}
"""JupyterLab's pop-ups would cover the corner of the page."""


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab."""

    url: str
    root: Path

    def open(
        self,
        page: Page,
        sources: Sequence[str],
        kernel: str = "python3",
        *,
        panel: bool = True,
        tags: Mapping[int, Sequence[str]] | None = None,
    ) -> NotebookPage:
        """Write a notebook of these code cells, open it and (if wanted) the panel, and wait for its kernel."""
        return self.open_notebook(page, notebook_of(sources, kernel, tags or {}), panel=panel)

    def open_notebook(self, page: Page, notebook: nbformat.NotebookNode, *, panel: bool = True) -> NotebookPage:
        """Write a notebook, open it and (if wanted) the panel, and wait for its kernel."""
        path = self._save(notebook)
        page.goto(f"{self.url}/lab/tree/{path.name}?reset")
        page.locator("#jupyterlab-splash").wait_for(state="detached")
        opened = NotebookPage(page, [cell.get("id", "") for cell in notebook.cells])
        opened.wait_until_idle()
        page.wait_for_function("window.jupyterapp.shell.currentWidget?.content?.activeCell !== undefined")
        page.wait_for_function("window.jupyterapp.shell.currentWidget?.sessionContext?.isReady")
        if panel:
            opened.command("jupyter-prodkit:show-panel")
        return opened

    def write(self, sources: Sequence[str]) -> Path:
        """Write a notebook of these code cells, and open nothing."""
        return self._save(notebook_of(sources, "python3", {}))

    def _save(self, notebook: nbformat.NotebookNode) -> Path:
        path = self.root / f"notebook-{time.monotonic_ns()}.ipynb"
        path.write_text(nbformat.v4.writes_json(notebook))
        return path


def notebook_of(sources: Sequence[str], kernel: str, tags: Mapping[int, Sequence[str]]) -> nbformat.NotebookNode:
    """Return a notebook of these code cells, some with tags."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    for place, given in tags.items():
        notebook.cells[place].metadata["tags"] = list(given)
    notebook.metadata["kernelspec"] = {"name": kernel, "display_name": kernel}
    return notebook


class NotebookPage:
    """One notebook in the browser: what a user does in it, and what the panel beside it shows."""

    def __init__(self, page: Page, cell_ids: list[str]) -> None:
        self.page = page
        self.cell_ids = cell_ids
        self.panel = page.get_by_test_id("prodkit-panel")

    def command(self, name: str) -> None:
        """Run a command of JupyterLab, and don't wait until it has ended."""
        self.page.evaluate("name => { void window.jupyterapp.commands.execute(name) }", name)

    def wait_until_idle(self) -> None:
        """Wait until the kernel runs and has nothing to do."""
        indicator = self.page.locator(".jp-NotebookPanel-toolbar .jp-Notebook-ExecutionIndicator[data-status=idle]")
        indicator.first.wait_for(state="attached")  # in a narrow toolbar it is folded away

    def wait_until_attached(self) -> None:
        """Wait until the panel has reached the kernel side."""
        expect(self.test_id("prodkit-status")).to_have_text("attached", timeout=20_000)

    def cell(self, index: int) -> Locator:
        """Return one cell of the notebook."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index)

    def run(self, index: int) -> None:
        """Run one cell with the keyboard, and wait until it has run."""
        prompt = self.cell(index).locator(".jp-InputArea-prompt")
        before = prompt.inner_text()
        self.cell(index).locator(".jp-InputArea-editor").click()
        self.page.keyboard.press("Control+Enter")
        expect(prompt).not_to_have_text(before)
        expect(prompt).not_to_have_text("[*]:", timeout=30_000)

    def active_cell_id(self) -> str:
        """Return the id of the cell that the next key press would act on."""
        return str(self.page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCell.model.id"))

    def test_id(self, name: str) -> Locator:
        """Return the part of the panel of that name."""
        return self.panel.get_by_test_id(name)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with running_lab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@contextmanager
def running_lab(home: Path, application: str = "jupyterlab") -> Iterator[Lab]:
    """Yield a JupyterLab (or a Notebook 7, `notebook`) that keeps all it has in the folder `home`."""
    root = home / "notebooks"
    root.mkdir()
    add_kernels(home / "data/kernels")
    settings = home / "config/lab/user-settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps(NO_NEWS))
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with (home / "server.log").open("wb") as log:
        server = subprocess.Popen(
            server_command(port, root, application), env=server_environment(home), stdout=log, stderr=log, start_new_session=True
        )
    try:
        wait_for_server(url, server, home / "server.log")
        yield Lab(url, root)
    finally:
        stop(server)


def add_kernels(folder: Path) -> None:
    for name, kernel in KERNELS.items():
        start = f"{kernel['start']}\nfrom ipykernel.kernelapp import launch_new_instance; launch_new_instance()"
        argv = [sys.executable, "-c", start, "-f", "{connection_file}"]
        (folder / name).mkdir(parents=True)
        spec = {"argv": argv, "display_name": name, "language": kernel["language"]}
        (folder / name / "kernel.json").write_text(json.dumps(spec))


def server_command(port: int, root: Path, application: str) -> list[str]:
    return [
        *(sys.executable, "-m", application, "--allow-root", "--no-browser"),
        *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"),
        *("--IdentityProvider.token=", f"--ServerApp.root_dir={root}"),
        *("--LabApp.expose_app_in_browser=True", "--LabApp.news_url=None"),
        "--JupyterNotebookApp.expose_app_in_browser=True",
    ]


def server_environment(home: Path) -> dict[str, str]:
    # The kernel's command is plain `python`: it must be the one that runs these tests.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    folders = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime"}
    folders["IPYTHONDIR"] = "ipython"
    return {**os.environ, "PATH": path, **{name: str(home / folder) for name, folder in folders.items()}}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_server(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{url}/api/status", timeout=1):
                return
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.1)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-3000:]}")


def stop(server: subprocess.Popen[bytes]) -> None:
    """End the server and whatever kernels it still has: all are of its process group."""
    if server.poll() is not None:
        return
    os.killpg(server.pid, signal.SIGTERM)
    try:
        server.wait(timeout=10)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("There is no Chromium on this machine.")
    with running_chromium() as chromium:
        yield chromium


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """Yield a Chromium without a window: the machine's, else the one that came with Playwright."""
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser, lab: Lab) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    yield page
    # A kernel that outlives its test would keep what the test left in it.
    page.evaluate("window.jupyterapp && window.jupyterapp.serviceManager.sessions.shutdownAll()")
    context.close()


@pytest.fixture
def open_notebook(lab: Lab, page: Page) -> Callable[..., NotebookPage]:
    """Return a function that opens a notebook of the given code cells, with the panel beside it unless told not to."""
    return lambda *sources, kernel="python3", panel=True, tags=None: lab.open(
        page, sources, kernel, panel=panel, tags=tags
    )
