"""The session of one kernel: the tracker wired to IPython's events, the page last seen, and the way to the main thread."""

from __future__ import annotations

import concurrent.futures
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from jupyter_prodkit.errors import NotebookError
from jupyter_prodkit.notebook.document import Notebook, read_notebook
from jupyter_prodkit.session.record import Timeline
from jupyter_prodkit.session.tracker import Tracker

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["Session"]

T = TypeVar("T")


class Session:
    """What the kernel side knows; implements `LiveKernel`.

    Responsibilities: feed the tracker from IPython's events, hold the page that the front end last pushed, tell
    listeners when code has run, and call functions between the user's cells.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._lock = threading.Lock()
        self._page: Notebook | None = None
        named = os.environ.get("JPY_SESSION_NAME")
        self.folder = Path(named).resolve().parent if named else Path.cwd()
        """The folder of the notebook, as of now: the user's code may change the working directory."""
        self._listeners: list[Callable[[str | None], None]] = []
        # The cell that loads us has already begun: the kernel counts it, and its names are of unknown origin.
        fresh = shell.execution_count <= 1 and not any(name for name in shell.user_ns if name in _user_defined(shell))
        self._tracker = Tracker(shell.user_ns, from_start=fresh, on_executed=self._tell)

    # -- IPython's events -----------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to listen to the shell."""
        self._shell.events.register("pre_run_cell", self._before)
        self._shell.events.register("post_run_cell", self._after)

    def stop(self) -> None:
        """Listen no more."""
        self._shell.events.unregister("pre_run_cell", self._before)
        self._shell.events.unregister("post_run_cell", self._after)

    def _before(self, info: Any) -> None:
        self._tracker.before_run(info.raw_cell or "")

    def _after(self, result: Any) -> None:
        if result is None or result.info is None:  # a cancelled asynchronous cell
            return
        cell_id = getattr(result.info, "cell_id", None)
        self._tracker.after_run(cell_id, result.execution_count, result.error_before_exec or result.error_in_exec)

    def on_executed(self, listener: Callable[[str | None], None]) -> None:
        """Call `listener` with the cell's id after each run that was recorded."""
        self._listeners.append(listener)

    def _tell(self, cell_id: str | None) -> None:
        for listener in list(self._listeners):
            listener(cell_id)

    # -- the page -------------------------------------------------------------------------------------------------

    def set_page(self, page: Notebook) -> None:
        """Take what the front end shows as the page."""
        with self._lock:
            self._page = page

    def page(self, path: str | None = None) -> Notebook:
        """Return the notebook at `path` if given, else the page pushed by the front end, else the session's file.

        Raises NotebookError where none of them is there.
        """
        if path:
            return read_notebook(Path(path).expanduser().resolve())
        with self._lock:
            if self._page is not None:
                return self._page
        named = self._shell.user_ns.get("__vsc_ipynb_file__") or os.environ.get("JPY_SESSION_NAME")
        if not named:
            raise NotebookError(
                "Which notebook is this? No front end has told the kernel.",
                "Open the sidebar, or name the file: --notebook PATH.",
            )
        return read_notebook(Path(str(named)).resolve())

    # -- LiveKernel -----------------------------------------------------------------------------------------------

    @property
    def namespace(self) -> Mapping[str, Any]:
        """The user's names."""
        return self._shell.user_ns

    @property
    def timeline(self) -> Timeline:
        """What has run."""
        return self._tracker.timeline

    def user_modules(self) -> Mapping[str, str | None]:
        """Return the modules that the user's code loaded, with their files."""
        return self._tracker.user_modules()

    def imported_names(self) -> frozenset[str]:
        """Return the top-level modules that executed code imports by name."""
        return self._tracker.imported_names()

    def on_main_thread(self, function: Callable[[], T]) -> T:
        """Call `function` between the user's cells: at once on the main thread, else when the running cell has ended."""
        if threading.current_thread() is threading.main_thread():
            return function()
        done: concurrent.futures.Future[T] = concurrent.futures.Future()

        def call() -> None:
            try:
                done.set_result(function())
            except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
                done.set_exception(error)

        self._shell.kernel.parent.io_loop.add_callback(call)  # the application owns the main thread's loop
        return done.result()


def _user_defined(shell: InteractiveShell) -> set[str]:
    return set(shell.user_ns) - set(shell.user_ns_hidden)
