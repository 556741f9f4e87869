"""What the rules judge by: the page, what ran, and the simulated clean run."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from jupyter_prodkit.check.judged import CleanRun, Judged, Mismatch
from jupyter_prodkit.check.surroundings import NOTHING_KNOWN, Surroundings
from jupyter_prodkit.notebook.document import Cell, Notebook
from jupyter_prodkit.notebook.names import code_names
from jupyter_prodkit.session.record import Execution, Timeline, Version

__all__ = ["Evidence"]


@dataclass(frozen=True)
class Evidence:
    """Everything known about a notebook when it is judged."""

    notebook: Notebook
    timeline: Timeline
    clean: CleanRun
    surroundings: Surroundings = NOTHING_KNOWN

    @cached_property
    def _producers(self) -> dict[tuple[str, Version], list[Execution]]:
        found: dict[tuple[str, Version], list[Execution]] = {}
        for run in (*self.timeline.earlier, *self.timeline.executions):
            for name, version in run.outputs.items():
                found.setdefault((name, version), []).append(run)
        return found

    @cached_property
    def _last_writers(self) -> dict[str, Execution]:
        return {name: run for run in self.timeline.executions for name in run.outputs}

    @cached_property
    def _binders(self) -> dict[str, list[Cell]]:
        found: dict[str, list[Cell]] = {}
        for judged in self.clean.cells:
            for name in code_names(judged.cell.source).binds:
                found.setdefault(name, []).append(judged.cell)
        return found

    def producer(self, name: str, version: Version | None, reader: Execution) -> Execution | None:
        """Return the run from which `reader` had this version of `name`, or None where tracking didn't see it."""
        if version is None:
            return None
        runs = self._producers.get((name, version), [])
        before = bisect_left(runs, reader.number, key=lambda run: run.number)
        return runs[before - 1] if before else None

    def last_writer(self, name: str) -> Execution | None:
        """Return the last run that wrote `name`, or None where tracking saw none."""
        return self._last_writers.get(name)

    def binder_below(self, name: str, cell: Cell) -> Cell | None:
        """Return the first cell below `cell` that binds `name`."""
        return next((one for one in self._binders.get(name, ()) if one.index > cell.index), None)

    def on_page(self, run: Execution) -> Cell | None:
        """Return the cell on the page that this run belongs to, or None for a deleted cell or code outside cells."""
        return self.clean.homes.get(run.number)

    def root_mismatches(self) -> Iterator[tuple[Judged, Mismatch, Execution | None]]:
        """Yield what a cell read otherwise than a clean run would, and the run it had it from.

        What is just the fault of a cell above is left out: that cell has a finding of its own.
        """
        for judged in self.clean.cells:
            if judged.state not in {"diverges", "unverified"} or judged.shown is None:
                continue
            for mismatch in judged.mismatches:
                run = self.producer(mismatch.name, mismatch.ran_with, judged.shown)
                if not self._inherited(judged, mismatch, run):
                    yield judged, mismatch, run

    def _inherited(self, judged: Judged, mismatch: Mismatch, run: Execution | None) -> bool:
        """Whether the doubt is about the cell above that makes the name, and not about when this cell ran."""
        source = None if run is None else self.on_page(run)
        if run is not None and (source is None or source.index >= judged.cell.index):
            return False
        writer = None if mismatch.writer is None else self.clean.by_id.get(mismatch.writer.cell_id)
        return writer is not None and writer.state not in {"reproduced", "nondeterministic"}
