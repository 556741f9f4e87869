"""A kernel as a user has it: the extension loaded by itself, our magics at work, a notebook beside it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client import KernelManager
from jupyter_client.kernelspec import KernelSpec

from jupyter_prodkit.progress import Progress
from jupyter_prodkit.session.driver import KernelDriver, Outcome


class UserKernel:
    """Runs code as a front end would and keeps what the kernel published for it."""

    def __init__(self, driver: KernelDriver, client: Any, manager: Any, folder: Path) -> None:
        self._driver, self.client, self.manager, self.folder = driver, client, manager, folder
        self.messages: list[dict[str, Any]] = []

    def run(self, code: str, cell_id: str | None = None, progress: Progress | None = None) -> Outcome:
        self.messages = []
        return self._driver.execute(code, progress or Progress(), cell_id=cell_id, listen=self.messages.append)

    @property
    def printed(self) -> str:
        return "".join(m["content"]["text"] for m in self.messages if m["msg_type"] == "stream")

    @property
    def shown(self) -> list[dict[str, Any]]:
        """The data of each display, as updates left it."""
        found: dict[str, dict[str, Any]] = {}
        for number, message in enumerate(self.messages):
            if message["msg_type"] in {"display_data", "update_display_data"}:
                identity = message["content"].get("transient", {}).get("display_id") or str(number)
                found[identity] = message["content"]["data"]
        return list(found.values())

    @property
    def text(self) -> str:
        return "\n".join(data.get("text/plain", "") for data in self.shown)

    @property
    def traceback(self) -> list[str]:
        errors = [m["content"]["traceback"] for m in self.messages if m["msg_type"] == "error"]
        return errors[-1] if errors else []


def write_notebook(path: Path, cells: dict[str, str]) -> Path:
    nodes = [nbformat.v4.new_code_cell(source, id=cell_id) for cell_id, source in cells.items()]
    nbformat.write(nbformat.v4.new_notebook(cells=nodes), path)
    return path


@pytest.fixture
def notebook(tmp_path: Path) -> Callable[..., Path]:
    """Write `work.ipynb` with the cells given as id=source."""

    def write(**cells: str) -> Path:
        return write_notebook(tmp_path / "work.ipynb", cells)

    return write


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[UserKernel]:
    with running_kernel(tmp_path) as kernel:
        yield kernel


@pytest.fixture(scope="module")
def kernel_of_the_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UserKernel]:
    """One kernel for tests that leave nothing in it."""
    with running_kernel(tmp_path_factory.mktemp("kernel")) as kernel:
        yield kernel


@contextmanager
def running_kernel(folder: Path) -> Iterator[UserKernel]:
    manager: Any = KernelManager()
    manager._kernel_spec = KernelSpec(
        argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"], language="python"
    )
    environment = {**os.environ, "JPY_SESSION_NAME": str(folder / "work.ipynb"), "IPYTHONDIR": str(folder / ".ipy")}
    environment.pop("MLFLOW_TRACKING_URI", None)
    manager.start_kernel(cwd=str(folder), env=environment)
    client = manager.blocking_client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    driver = KernelDriver(client, interrupt=manager.interrupt_kernel, alive=manager.is_alive)
    yield UserKernel(driver, client, manager, folder)
    client.stop_channels()
    manager.shutdown_kernel(now=True)
