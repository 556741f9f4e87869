"""A session lived through in a folder of its own, judged, and its page then really run from the top."""

from __future__ import annotations

import contextlib
import decimal
import importlib
import io
import os
import random
import re
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from playing import Player, Run

from jupyter_prodkit.check.check import check_session
from jupyter_prodkit.check.report import Report
from jupyter_prodkit.session.record import Timeline

_PROMPT = re.compile(r"^(Out\[\d+\]: |(CPU times|Wall time): .*\n)", re.MULTILINE)
_ADDRESS = re.compile(r"\b(at |0x)[0-9a-f]{6,}")
_OPTIONS = ("display.precision", "display.max_rows", "display.max_columns", "display.width")


@dataclass
class Lived:
    """A session, the report on it, and what a run from the top shows."""

    report: Report
    shown: dict[str, str]
    """What each cell showed when it ran last: what it printed and raised."""
    clean: dict[str, str]
    """What each cell shows in a run from the top in a new shell."""
    timeline: Timeline
    states: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.states = {cell.cell_id: cell.state for cell in self.report.cells}

    @property
    def differing(self) -> set[str]:
        """The cells that show another thing in a run from the top."""
        return {cell_id for cell_id, said in self.clean.items() if self.shown.get(cell_id, "") != said}

    def rules(self, cell_id: str) -> set[str]:
        """The rules that have a finding on a cell."""
        return {finding.rule for finding in self.report.findings if finding.cell_id == cell_id}


def live(page: Mapping[str, str], runs: Sequence[Run] | None = None) -> Lived:
    """Live through `runs` (by default each cell once, from the top), judge the page, then really run it."""
    with _as_at_start():
        player, shown = _Loud(), {}
        try:
            player.load()
            for run in page if runs is None else runs:
                if callable(run):
                    run(player)
                else:
                    cell_id, source = (run, page[run]) if isinstance(run, str) else run
                    shown[cell_id] = player.say(source, cell_id)
            report, timeline = check_session(player.page(page), player.timeline), player.timeline
        finally:
            player.close()
    return Lived(report, shown, from_the_top(page), timeline)


def from_the_top(page: Mapping[str, str]) -> dict[str, str]:
    """What each cell shows in a new shell without a tracker; files are as they are now."""
    with _as_at_start():
        player = _Loud()
        try:
            return {cell_id: player.say(source, cell_id) for cell_id, source in page.items()}
        finally:
            player.close()


class _Loud(Player):
    """A shell that returns what its cells show."""

    def __init__(self) -> None:
        super().__init__()
        self.shell._showtraceback = lambda *_: None  # the error itself is asked for

    def say(self, source: str, cell_id: str | None) -> str:
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            result: Any = self.run(source, cell_id)
        error = result.error_before_exec or result.error_in_exec
        return _ADDRESS.sub("ADDRESS", _PROMPT.sub("", said.getvalue())) + (
            f"{type(error).__name__}: {error}" if error else ""
        )


@contextlib.contextmanager
def _as_at_start() -> Iterator[None]:
    """Have a kernel's start: what code in cells does to the process is undone in the end."""
    environ, folder, path, main = dict(os.environ), os.getcwd(), list(sys.path), sys.modules["__main__"]  # noqa: PTH109
    modules, state, numpy_state = dict(sys.modules), random.getstate(), np.random.get_state()  # noqa: NPY002
    options, printing = {name: pd.get_option(name) for name in _OPTIONS}, np.get_printoptions()
    random.seed()
    np.random.seed(None)  # noqa: NPY002
    importlib.invalidate_caches()
    sys.path.insert(0, "")  # as in a kernel: the folder that it works in
    try:
        with warnings.catch_warnings(), decimal.localcontext(), mpl.rc_context():
            yield
    finally:
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environ)
        sys.path[:] = path
        sys.modules["__main__"] = main
        sys.modules.update(modules)
        for name in set(sys.modules) - modules.keys():
            if getattr(sys.modules[name], "__file__", None) and folder in str(sys.modules[name].__file__):
                del sys.modules[name]
        random.setstate(state)
        np.random.set_state(numpy_state)  # noqa: NPY002
        np.set_printoptions(**printing)
        for name, value in options.items():
            pd.set_option(name, value)
        if "matplotlib.pyplot" in sys.modules:
            sys.modules["matplotlib.pyplot"].close("all")
