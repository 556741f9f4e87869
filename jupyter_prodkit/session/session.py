"""The session of one kernel: the tracker wired to IPython's events, the page last seen, the way to the main thread."""

from __future__ import annotations

import concurrent.futures
import logging
import os
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from jupyter_prodkit.errors import NotebookError
from jupyter_prodkit.notebook.document import Notebook, read_notebook
from jupyter_prodkit.session.glimpse import glimpse
from jupyter_prodkit.session.interrupts import HandedOn, until_done
from jupyter_prodkit.session.kept import kept, restored, with_earlier
from jupyter_prodkit.session.places import Places
from jupyter_prodkit.session.record import Execution, Glimpse, Timeline, Version
from jupyter_prodkit.session.setting import Setting, digests_at_start, own_module_files
from jupyter_prodkit.session.shown import RunOutputs, ShownLog
from jupyter_prodkit.session.tracker import Tracker

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["Session"]

T = TypeVar("T")

_log = logging.getLogger("jupyter_prodkit")
_AGAIN_SECONDS = 0.05


class Session:
    """What the kernel side knows; implements `LiveKernel`.

    Responsibilities: feed the tracker from IPython's events, hold the page that the front end last pushed, tell
    listeners when code has run, and call functions between the user's cells.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell: Any = shell
        self._lock = threading.Lock()
        self._page: Notebook | None = None
        self.places = Places()
        """Where cells stood on the pages that were seen."""
        named = os.environ.get("JPY_SESSION_NAME")
        # Settled now: the user's code may change the working directory.
        self._file = Path(named).resolve() if named else None
        self.folder = self._file.parent if self._file else Path.cwd()
        """The folder of the notebook."""
        self._setting = Setting(self.folder.resolve(), digests_at_start(self.folder.resolve()), self._own_files)
        self._earlier: tuple[Execution, ...] = ()
        self._listeners: list[Callable[[str | None], None]] = []
        earlier = _earlier_code(shell)
        self._tracker = Tracker(shell.user_ns, from_start=not earlier, on_executed=self._tell, earlier=earlier)
        self._tracker.begin_midway()
        self._outputs = ShownLog(shell)
        self._run: RunOutputs | None = None
        self._announced = 0
        self._handed_on = HandedOn()

    # -- IPython's events -----------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to listen to the shell."""
        self._outputs.start()
        self._shell.events.register("pre_execute", self._announce)
        self._shell.events.register("pre_run_cell", self._before)
        self._shell.events.register("post_run_cell", self._after)

    def stop(self) -> None:
        """Listen no more."""
        self._outputs.stop()
        self._shell.events.unregister("pre_execute", self._announce)
        self._shell.events.unregister("pre_run_cell", self._before)
        self._shell.events.unregister("post_run_cell", self._after)

    def _announce(self) -> None:
        """Some code is about to run: a cell, which `_before` will name, or what nobody names: a widget's callback."""
        self._announced += 1

    def _before(self, info: Any) -> None:
        try:
            self._begin(info)
        except KeyboardInterrupt:  # meant for the cell, which is about to begin: it gets it then
            until_done(lambda: self._begin(info))
            self._handed_on.begin()

    def _begin(self, info: Any) -> None:
        if self._announced > 1:
            self._tracker.disturb()
        self._announced = 0
        self._run = self._outputs.begin()
        self._tracker.before_run(info.raw_cell or "", getattr(info, "cell_id", None), self._run)

    def _after(self, result: Any) -> None:
        try:
            self._end(result)
        except KeyboardInterrupt:  # the cell is over: there is nothing left to stop
            until_done(lambda: self._end(result))

    def _end(self, result: Any) -> None:
        self._handed_on.cancel()
        if result is None:  # an asynchronous cell was interrupted
            self._tracker.after_run(None, self._shell.execution_count - 1, KeyboardInterrupt())
            return
        info = result.info
        if info is None or not (info.raw_cell or "").strip():  # such a cell was never announced
            return
        before = result.error_before_exec
        error = before if before is not None else result.error_in_exec
        self._outputs.end(self._run, error)
        self._tracker.after_run(getattr(info, "cell_id", None), result.execution_count, error, info.raw_cell)

    def on_executed(self, listener: Callable[[str | None], None]) -> None:
        """Call `listener` with the cell's id after each run that was recorded."""
        self._listeners.append(listener)

    def _tell(self, cell_id: str | None) -> None:
        for listener in list(self._listeners):
            try:
                listener(cell_id)
            except Exception:  # noqa: BLE001, PERF203 - a front end that is gone must not disturb a cell
                _log.debug("a listener failed", exc_info=True)

    # -- the page -------------------------------------------------------------------------------------------------

    def set_page(self, page: Notebook) -> Notebook:
        """Take what the front end shows as the page, and return it: as far as it is the same, with what is known of it.

        A page of 500 cells comes anew for each question, and mostly not one of them has changed.
        """
        with self._lock:
            self._page = page if self._page is None else page.carrying_on(self._page)
            self.places.note(self._page)
            return self._page

    def page(self, path: str | None = None) -> Notebook:
        """Return the notebook at `path` if given, else the page pushed by the front end, else the session's file.

        Raises NotebookError where none of them is there.
        """
        if path:
            return read_notebook(Path(path).expanduser().resolve())
        with self._lock:
            if self._page is not None:
                return self._page
        named = self._shell.user_ns.get("__vsc_ipynb_file__")
        file = Path(named).resolve() if isinstance(named, str) else self._file
        if file is None:
            raise NotebookError(
                "Which notebook is this? No front end has told the kernel.",
                "Open the sidebar, or name the file: --notebook PATH.",
            )
        return read_notebook(file)

    # -- LiveKernel -----------------------------------------------------------------------------------------------

    @property
    def namespace(self) -> Mapping[str, Any]:
        """The user's names."""
        names: Mapping[str, Any] = self._shell.user_ns
        return names

    @property
    def timeline(self) -> Timeline:
        """What has run."""
        return with_earlier(self._tracker.timeline, self._earlier, self._setting)

    def recall(self, record: object, unchanged: Collection[str]) -> None:
        """Take up what was kept of kernels before this one; the `unchanged` cells still show what they did then."""
        self._earlier = restored(record, self._setting, unchanged)

    def to_keep(self, page: Notebook) -> dict[str, Any] | None:
        """Return what to keep of the record beyond this kernel's end; None where what is kept stands."""
        return kept(self.timeline, self._setting, {cell.cell_id for cell in page.code_cells})

    def _own_files(self) -> Mapping[str, Version] | None:
        return own_module_files(self.user_modules(), self.edited_modules())

    def look_closely(self, names: Iterable[str]) -> Mapping[str, Glimpse]:
        """Return what the user's `names` hold, however long the look takes."""
        held = self.namespace
        return self.on_main_thread(lambda: {name: glimpse(held[name]) for name in names if name in held})

    def user_modules(self) -> Mapping[str, str | None]:
        """Return the modules that the user's code loaded, with their files."""
        return self._tracker.modules.files()

    def imported_names(self) -> frozenset[str]:
        """Return the top-level modules that executed code imports by name."""
        return self._tracker.modules.imported()

    def edited_modules(self) -> tuple[str, ...]:
        """Return the user's own modules that the kernel holds otherwise than their files are now."""
        return self._tracker.modules.edited()

    def on_main_thread(self, function: Callable[[], T]) -> T:
        """Call `function` between the user's cells: at once on the main thread, else after the cell that is running."""
        if threading.current_thread() is threading.main_thread():
            return function()
        done: concurrent.futures.Future[T] = concurrent.futures.Future()
        loop = self._shell.kernel.io_loop  # the main thread's

        def call() -> None:
            if self._tracker.is_running:  # an asynchronous cell awaits something: the loop runs in its midst
                loop.call_later(_AGAIN_SECONDS, call)
                return
            try:
                done.set_result(function())
            except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
                done.set_exception(error)

        loop.add_callback(call)
        return done.result()


def _earlier_code(shell: Any) -> tuple[str, ...]:
    """The cells that have run before the one that is running, if any is: the shell's history has each."""
    history = [source for source in getattr(shell.history_manager, "input_hist_raw", ())[1:] if source]
    last = getattr(shell, "last_execution_result", None)
    finished = last is not None and last.info is not None and last.info.raw_cell == (history[-1] if history else None)
    return tuple(history) if finished else tuple(history[:-1])
