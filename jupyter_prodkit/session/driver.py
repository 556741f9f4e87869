"""Our own driver: runs a notebook once in a kernel, naming each cell as a front end does, so that tracking sees cells."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_prodkit.errors import NotebookError
from jupyter_prodkit.notebook.document import Cell, Notebook
from jupyter_prodkit.progress import Progress

__all__ = ["STARTED_BY_US", "KernelDriver", "Outcome", "attached_kernel", "fresh_kernel"]

STARTED_BY_US = "JUPYTER_PRODKIT_DRIVEN"
"""Environment variable that is set in every kernel we start: our magics do nothing there."""

_LOAD = "get_ipython().run_line_magic('load_ext', 'jupyter_prodkit')"
_SLICE_SECONDS = 0.2
_START_SECONDS = 60.0
Message = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one piece of code ended."""

    success: bool
    error: str = ""
    """`NameError: name 'x' is not defined`; empty where it ended well."""


class KernelDriver:
    """Runs code in one kernel and hands on what the kernel says meanwhile."""

    def __init__(self, client: Any, *, interrupt: Callable[[], None], alive: Callable[[], bool]) -> None:
        self._client = client
        self._interrupt = interrupt
        self._alive = alive

    def load_extension(self, progress: Progress) -> None:
        """Have jupyter-prodkit track the kernel. Raises NotebookError where it isn't installed there."""
        outcome = self.execute(_LOAD, progress, silent=True)
        if not outcome.success:
            raise NotebookError(
                f"The kernel can't load jupyter_prodkit: {outcome.error}",
                "Install jupyter-prodkit into the kernel's environment.",
            )

    def run_notebook(self, notebook: Notebook, progress: Progress) -> None:
        """Run the page from the top. Raises NotebookError at the first cell that raises, unless it is tagged to."""
        cells = [cell for cell in notebook.code_cells if "skip-execution" not in cell.tags]
        for done, cell in enumerate(cells):
            progress.stage(f"Running {cell.label} of {notebook.path.name}", done / len(cells))
            outcome = self.run_cell(cell, progress)
            if not outcome.success and "raises-exception" not in cell.tags:
                raise NotebookError(
                    f"{cell.label.capitalize()} of {notebook.path.name} raised {outcome.error}",
                    "Mend the cell, or tag it `raises-exception` if it is meant to raise.",
                )

    def run_cell(self, cell: Cell, progress: Progress, listen: Callable[[Message], None] | None = None) -> Outcome:
        """Run one cell as a front end would, naming it in the request's metadata."""
        return self.execute(cell.source, progress, cell_id=cell.cell_id, tags=cell.tags, listen=listen)

    def execute(
        self,
        code: str,
        progress: Progress,
        *,
        cell_id: str | None = None,
        tags: tuple[str, ...] = (),
        silent: bool = False,
        listen: Callable[[Message], None] | None = None,
    ) -> Outcome:
        """Run `code` to its end; `listen` gets each message that the kernel publishes for it.

        A cancel interrupts the kernel, waits for the code to end, and raises CancelledError. Raises NotebookError
        where the kernel dies.
        """
        content = {
            "code": code, "silent": silent, "store_history": not silent, "user_expressions": {},
            "allow_stdin": False, "stop_on_error": True,
        }  # fmt: skip
        metadata = {"tags": list(tags)} | ({} if cell_id is None else {"cellId": cell_id})
        request = self._client.session.msg("execute_request", content, metadata=metadata)
        self._client.shell_channel.send(request)
        identity = request["header"]["msg_id"]
        self._listen_until_idle(identity, progress, listen)
        reply = self._reply(identity)
        progress.raise_if_cancelled()
        if reply["status"] == "ok":
            return Outcome(success=True)
        return Outcome(success=False, error=f"{reply.get('ename', reply['status'])}: {reply.get('evalue', '')}")

    def _listen_until_idle(
        self, identity: str, progress: Progress, listen: Callable[[Message], None] | None
    ) -> None:
        interrupted = False
        while True:
            if progress.cancelled and not interrupted:
                interrupted = True
                self._interrupt()
            try:
                message = self._client.get_iopub_msg(timeout=_SLICE_SECONDS)
            except KeyboardInterrupt:
                progress.cancel()
                continue
            except Empty:
                if not self._alive():
                    raise NotebookError("The kernel died.", "See the terminal it was started from.") from None
                continue
            if message["parent_header"].get("msg_id") != identity:
                continue
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return
            if listen is not None:
                listen(message)

    def _reply(self, identity: str) -> dict[str, Any]:
        while True:
            message = self._client.get_shell_msg(timeout=_START_SECONDS)
            if message["parent_header"].get("msg_id") == identity:
                content: dict[str, Any] = message["content"]
                return content


@contextmanager
def fresh_kernel(notebook: Path, progress: Progress) -> Iterator[KernelDriver]:
    """Yield a driver for a new kernel of this Python, working in the notebook's folder; it ends with the block."""
    from jupyter_client import KernelManager
    from jupyter_client.kernelspec import KernelSpec

    progress.stage(f"Starting a kernel: {Path(sys.executable).name} {sys.version.split()[0]}")
    manager: Any = KernelManager()
    manager._kernel_spec = KernelSpec(  # noqa: SLF001 - this very Python, whatever kernels are registered
        argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"], language="python"
    )
    environment = {**os.environ, STARTED_BY_US: "1", "JPY_SESSION_NAME": str(notebook.resolve())}
    # A file rather than our own stderr: what a kernel says there is for its log, unless it dies.
    with tempfile.TemporaryFile() as log:
        manager.start_kernel(cwd=str(notebook.resolve().parent), env=environment, stdout=log, stderr=log)
    client = manager.blocking_client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=_START_SECONDS)
        driver = KernelDriver(client, interrupt=manager.interrupt_kernel, alive=manager.is_alive)
        driver.load_extension(progress)
        yield driver
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@contextmanager
def attached_kernel(connection_file: Path, progress: Progress) -> Iterator[KernelDriver]:
    """Yield a driver for a running kernel; the kernel goes on after the block.

    Raises NotebookError where the file is not a connection file or no kernel answers there.
    """
    from jupyter_client import BlockingKernelClient

    client: Any = BlockingKernelClient()
    try:
        client.load_connection_file(str(connection_file))
    except (OSError, ValueError) as error:
        raise NotebookError(
            f"{connection_file} is not a kernel's connection file: {error}",
            "In the notebook, `%connect_info` shows the file's name.",
        ) from error
    client.start_channels()
    try:
        try:
            client.wait_for_ready(timeout=10)
        except RuntimeError as error:
            raise NotebookError(f"No kernel answers at {connection_file}.", "Is it still running?") from error
        driver = KernelDriver(client, interrupt=lambda: _interrupt_by_message(client), alive=client.is_alive)
        driver.load_extension(progress)
        yield driver
    finally:
        with suppress(Exception):
            client.stop_channels()


def _interrupt_by_message(client: Any) -> None:
    client.control_channel.send(client.session.msg("interrupt_request", {}))
    time.sleep(_SLICE_SECONDS)
