"""Sessions as data: a page and what was run, played in a real shell inside this process, then judged."""

from __future__ import annotations

import atexit
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from jupyter_prodkit.check.check import check_session
from jupyter_prodkit.check.report import Report
from jupyter_prodkit.notebook.document import Cell, Notebook
from jupyter_prodkit.session.record import Timeline
from jupyter_prodkit.session.session import Session

Run = str | tuple[str | None, str] | Callable[["Player"], object]
"""The id of a cell on the page, or an id (None: no cell at all) and the code that was run under it, or what happens
between cells: a thread, a widget, another program."""


class Player:
    """One shell with a tracking session, as a kernel has it."""

    def __init__(self) -> None:
        config = Config()
        config.HistoryManager.enabled = False
        self.shell = InteractiveShell(config=config)
        self.shell.builtin_trap.activate()
        self.session: Session | None = None
        self.counts: dict[str | None, int] = {}

    def load(self) -> None:
        self.session = Session(self.shell)
        self.session.start()

    def run(self, source: str, cell_id: str | None = None) -> object:
        result = self.shell.run_cell(source, store_history=True, cell_id=cell_id)
        self.counts[cell_id] = result.execution_count
        return result

    @property
    def timeline(self) -> Timeline:
        assert self.session is not None
        return self.session.timeline

    def page(self, cells: Mapping[str, str], counts: Mapping[str, int | None] | None = None) -> Notebook:
        known = self.counts if counts is None else counts
        return Notebook(
            Path("played.ipynb"),
            tuple(
                Cell(cell_id, index, "code", source, execution_count=known.get(cell_id))
                for index, (cell_id, source) in enumerate(cells.items())
            ),
            from_file=False,
        )

    def close(self) -> None:
        self.shell.builtin_trap.deactivate()
        self.shell.history_manager.end_session()
        atexit.unregister(self.shell.atexit_operations)  # or every shell lives, with all its values, until the end
        sys.excepthook = sys.__excepthook__


def play(page: Mapping[str, str], runs: Sequence[Run] | None = None, *, load_first: bool = True) -> Report:
    """Judge `page` after `runs` (by default each cell once, from the top)."""
    player = Player()
    try:
        if load_first:
            player.load()
        for run in page if runs is None else runs:
            if callable(run):
                run(player)
            elif run == "%load_ext":
                player.load()
            elif isinstance(run, str):
                player.run(page[run], run)
            else:
                player.run(run[1], run[0])
        return check_session(player.page(page), player.timeline)
    finally:
        player.close()
