"""What the rules judge by: the page, what ran, and the simulated clean run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from jupyter_prodkit.check.simulation import CleanRun, Judged, Mismatch
from jupyter_prodkit.notebook.document import Cell, Notebook
from jupyter_prodkit.session.record import Execution, Timeline, Version

__all__ = ["Evidence"]


@dataclass(frozen=True)
class Evidence:
    """Everything known about a notebook when it is judged."""

    notebook: Notebook
    timeline: Timeline
    clean: CleanRun

    @cached_property
    def _producers(self) -> dict[tuple[str, Version], Execution]:
        """The last run that gave a name a version."""
        return {(name, version): run for run in self.timeline.executions for name, version in run.outputs.items()}

    def producer(self, name: str, version: Version | None) -> Execution | None:
        """Return the run that gave `name` this version, or None where tracking didn't see it."""
        return None if version is None else self._producers.get((name, version))

    def last_writer(self, name: str) -> Execution | None:
        """Return the last run that wrote `name`, or None where tracking saw none."""
        return next((run for run in reversed(self.timeline.executions) if name in run.outputs), None)

    def on_page(self, run: Execution) -> Cell | None:
        """Return the cell on the page that this run belongs to, or None for a deleted cell or code outside cells."""
        return None if run.cell_id is None else self.notebook.cell(run.cell_id)

    def root_mismatches(self) -> Iterator[tuple[Judged, Mismatch]]:
        """Yield what a cell read otherwise than a clean run would, where that is not just the fault of a cell above."""
        for judged in self.clean.cells:
            if judged.state in {"reproduced", "failed", "never run"} or judged.edited:
                continue
            for mismatch in judged.mismatches:
                if not self._inherited(judged, mismatch):
                    yield judged, mismatch

    def _inherited(self, judged: Judged, mismatch: Mismatch) -> bool:
        """Whether the doubt is about the cell above that makes the name, and not about when this cell ran."""
        run = self.producer(mismatch.name, mismatch.ran_with)
        source = None if run is None else self.on_page(run)
        if run is not None and (source is None or source.index >= judged.cell.index):
            return False
        writer = None if mismatch.writer is None else self.clean.judged(mismatch.writer.cell_id)
        return writer is not None and writer.state != "reproduced"
