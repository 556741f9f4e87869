"""A tracker beside plain `exec`, and kernels of our own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from jupyter_prodkit.notebook.document import read_notebook
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.session.driver import KernelDriver, Outcome, fresh_kernel
from jupyter_prodkit.session.record import Execution
from jupyter_prodkit.session.tracker import Tracker

sys.path.append(str(Path(__file__).parents[1] / "check"))  # whole sessions in a real shell: `playing`

from pair import Both


class Tracked:
    """Runs code in a namespace, the tracker watching."""

    def __init__(self, **names: Any) -> None:
        self.names: dict[str, Any] = {"__name__": "__main__", **names}
        self.told: list[str | None] = []
        self.tracker = Tracker(self.names, from_start=not names, on_executed=self.told.append)

    def run(self, source: str, cell_id: str | None = "a", count: int | None = None) -> Execution:
        error: BaseException | None = None
        self.tracker.before_run(source)
        try:
            exec(compile(source, "cell", "exec"), self.names)
        except BaseException as raised:  # noqa: BLE001 - what cells raise is theirs
            error = raised.with_traceback(None)
        self.tracker.after_run(cell_id, count, error)
        return self.last

    @property
    def last(self) -> Execution:
        return self.tracker.timeline.executions[-1]


@pytest.fixture
def tracked() -> Tracked:
    return Tracked()


@pytest.fixture(scope="module")
def both() -> Iterator[Both]:
    """Plays a program without the tracker and with it, and compares what can be noticed of it."""
    made = Both()
    yield made
    made.close()


class Kernel:
    """A kernel of ours, and what it prints."""

    def __init__(self, driver: KernelDriver, client: Any) -> None:
        self.driver, self.client = driver, client
        self.outcome = Outcome(success=True)

    def run(
        self, code: str, cell_id: str | None = None, progress: Progress | None = None, *, silent: bool = False
    ) -> str:
        """Run code and return what it printed."""
        said: list[str] = []

        def listen(message: dict[str, Any]) -> None:
            if message["msg_type"] == "stream":
                said.append(message["content"]["text"])

        self.outcome = self.driver.execute(
            code, progress or Progress(), cell_id=cell_id, listen=listen, silent=silent
        )  # fmt: skip
        return "".join(said)

    def ask(self, expression: str) -> Any:
        """Return what an expression about our session gives, asked so that tracking does not see it."""
        said = self.run(f"{SESSION}\nprint(repr({expression}))\ndel session, load, session_of", silent=True)
        assert self.outcome.success, self.outcome.error
        return eval(said)


SESSION = """
from jupyter_prodkit.faces.extension import load, session_of
load(get_ipython())
session = session_of(get_ipython())
"""


@pytest.fixture
def notebook_file(tmp_path: Path) -> Callable[..., Path]:
    def write(**cells: str) -> Path:
        nodes = [nbformat.v4.new_code_cell(source, id=cell_id) for cell_id, source in cells.items()]
        path = tmp_path / "work.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=nodes), path)
        return path

    return write


@pytest.fixture
def kernel(notebook_file: Callable[..., Path]) -> Iterator[Kernel]:
    """A kernel of ours, in which the extension is loaded and nothing has run."""
    path = notebook_file()
    read_notebook(path)
    with fresh_kernel(path, Progress()) as driver:
        yield Kernel(driver, driver._client)
