"""Runs a notebook once in a kernel, naming each cell as a front end does, so that tracking sees cells."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_prodkit.errors import NotebookError
from jupyter_prodkit.notebook.document import Cell, Notebook
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.session.starting import STARTED_BY_US, interrupt_by_message, reached, started

__all__ = ["STARTED_BY_US", "KernelDriver", "Message", "Outcome", "attached_kernel", "fresh_kernel"]

_LOAD = "get_ipython().run_line_magic('load_ext', 'jupyter_prodkit')"
_SLICE_SECONDS = 0.2
_REPLY_SECONDS = 60.0
_INTERRUPT_AGAIN_SECONDS = 5.0
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

    def load_extension(self, progress: Progress, deadline: float | None = None) -> None:
        """Have jupyter-prodkit track the kernel. Raises NotebookError where it isn't installed there."""
        outcome = self.execute(_LOAD, progress, silent=True, deadline=deadline)
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

    def run_cell(
        self,
        cell: Cell,
        progress: Progress,
        listen: Callable[[Message], None] | None = None,
        deadline: float | None = None,
    ) -> Outcome:
        """Run one cell as a front end would, naming it in the request's metadata."""
        return self.execute(
            cell.source, progress, cell_id=cell.cell_id, tags=cell.tags, listen=listen, deadline=deadline
        )

    def execute(
        self,
        code: str,
        progress: Progress,
        *,
        cell_id: str | None = None,
        tags: tuple[str, ...] = (),
        silent: bool = False,
        listen: Callable[[Message], None] | None = None,
        deadline: float | None = None,
    ) -> Outcome:
        """Run `code` to its end; `listen` gets each message that the kernel publishes for it.

        A cancel, or Ctrl-C, interrupts the kernel, waits for the code to end, and raises CancelledError; a second
        Ctrl-C waits no longer. With a `deadline`, of `time.monotonic`, neither waits, and TimeoutError is raised when
        it has passed: the kernel is then the caller's to end. Raises NotebookError where the kernel dies.
        """
        progress.raise_if_cancelled()
        # We send one at a time: with `stop_on_error` the next, if it came too soon, would be aborted.
        content = {
            "code": code, "silent": silent, "store_history": not silent, "user_expressions": {},
            "allow_stdin": False, "stop_on_error": False,
        }  # fmt: skip
        metadata = {"tags": list(tags)} | ({} if cell_id is None else {"cellId": cell_id})
        request = self._client.session.msg("execute_request", content, metadata=metadata)
        self._client.shell_channel.send(request)
        identity = request["header"]["msg_id"]
        for message in self._messages(identity, progress, deadline):
            if listen is not None:
                listen(message)
        reply = self._reply(identity)
        progress.raise_if_cancelled()
        if reply["status"] == "ok":
            return Outcome(success=True)
        return Outcome(success=False, error=f"{reply.get('ename', reply['status'])}: {reply.get('evalue', '')}")

    def _messages(self, identity: str, progress: Progress, deadline: float | None) -> Iterator[Message]:
        """What the kernel publishes for one request, until it is done with it."""
        interrupt_at = 0.0
        while True:
            if deadline is not None:
                progress.raise_if_cancelled()
                if time.monotonic() >= deadline:
                    raise TimeoutError
            if progress.cancelled and time.monotonic() >= interrupt_at:
                self._interrupt()  # again after a while: the first may have come before the code began
                self._client.kernel_info()  # a kernel that awaits something sees the interrupt only when woken
                interrupt_at = time.monotonic() + _INTERRUPT_AGAIN_SECONDS
            message = self._next_message(progress)
            if message is None or message["parent_header"].get("msg_id") != identity:
                continue
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return
            yield message

    def _next_message(self, progress: Progress) -> Message | None:
        try:
            message: Message = self._client.get_iopub_msg(timeout=_SLICE_SECONDS)
        except KeyboardInterrupt:
            if progress.cancelled:
                raise
            progress.cancel()
            return None
        except Empty:
            if not self._alive():
                raise _dead() from None
            return None
        return message

    def _reply(self, identity: str) -> dict[str, Any]:
        while True:
            try:
                message = self._client.get_shell_msg(timeout=_REPLY_SECONDS)
            except Empty:
                raise _dead() from None
            if message["parent_header"].get("msg_id") == identity:
                content: dict[str, Any] = message["content"]
                return content


def _dead() -> NotebookError:
    return NotebookError("The kernel died.", "Too little memory is the usual cause.")


@contextmanager
def fresh_kernel(notebook: Path, progress: Progress) -> Iterator[KernelDriver]:
    """Yield a driver for a new kernel of this Python, working in the notebook's folder; it ends with the block.

    Raises NotebookError where the kernel does not start.
    """
    progress.stage(f"Starting a kernel: {Path(sys.executable).name} {sys.version.split()[0]}")
    with started(notebook) as (manager, client):
        driver = KernelDriver(client, interrupt=manager.interrupt_kernel, alive=manager.is_alive)
        driver.load_extension(progress)
        yield driver


@contextmanager
def attached_kernel(connection_file: Path, progress: Progress) -> Iterator[KernelDriver]:
    """Yield a driver for a running kernel; the kernel goes on after the block.

    Raises NotebookError where the file is not a connection file or no kernel answers there.
    """
    with reached(connection_file) as client:
        driver = KernelDriver(client, interrupt=lambda: interrupt_by_message(client), alive=client.is_alive)
        driver.load_extension(progress)
        yield driver
