"""Starting a kernel of this very Python, and reaching one that runs; the kernel's processes are dealt with here."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from jupyter_prodkit.errors import NotebookError

__all__ = ["STARTED_BY_US", "interrupt_by_message", "reached", "started"]

STARTED_BY_US = "JUPYTER_PRODKIT_DRIVEN"
"""Environment variable that is set in every kernel we start: our magics do nothing there."""

_START_SECONDS = 60.0
_REACH_SECONDS = 10.0
_LOG_BYTES = 2000


@contextmanager
def started(
    notebook: Path,
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    arguments: Sequence[str] = (),
    within_seconds: float = _START_SECONDS,
) -> Iterator[tuple[Any, Any]]:
    """Yield manager and client of a new kernel that works in the notebook's folder; it ends with the block.

    Another `folder` and other `environment` variables than our own can be given. Raises NotebookError where the kernel
    does not start in time.
    """
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import KernelManager

    manager: Any = KernelManager()
    manager._kernel_spec = KernelSpec(  # noqa: SLF001 - this very Python, whatever kernels are registered
        argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", *arguments],
        language="python",
    )
    file = notebook.resolve()
    found = os.environ if environment is None else environment
    variables = {**found, STARTED_BY_US: "1", "JPY_SESSION_NAME": str(file)}
    # A file rather than our own stderr: what a kernel says there is for its log, unless it does not start.
    with tempfile.TemporaryFile() as log:
        manager.start_kernel(cwd=str(folder or file.parent), env=variables, stdout=log, stderr=log)
        client = manager.blocking_client()
        try:
            client.start_channels()
            _wait_until_ready(client, log, within_seconds)
            yield manager, client
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)


def _wait_until_ready(client: Any, log: IO[bytes], seconds: float) -> None:
    try:
        client.wait_for_ready(timeout=seconds)
    except RuntimeError as error:
        log.seek(0, os.SEEK_END)
        log.seek(max(0, log.tell() - _LOG_BYTES))
        said = log.read().decode(errors="replace").strip().splitlines()
        raise NotebookError(
            f"The kernel did not start: {said[-1] if said else error}",
            "Is ipykernel installed beside jupyter-prodkit, and in working order?",
        ) from error


@contextmanager
def reached(connection_file: Path) -> Iterator[Any]:
    """Yield a client of a running kernel; the kernel goes on after the block.

    Raises NotebookError where the file is not a connection file or no kernel answers there.
    """
    from jupyter_client.blocking.client import BlockingKernelClient

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
            client.wait_for_ready(timeout=_REACH_SECONDS)
        except RuntimeError as error:
            raise NotebookError(f"No kernel answers at {connection_file}.", "Is it still running?") from error
        yield client
    finally:
        with suppress(Exception):
            client.stop_channels()


def interrupt_by_message(client: Any) -> None:
    """Interrupt a kernel that another program started."""
    client.control_channel.send(client.session.msg("interrupt_request", {}))
