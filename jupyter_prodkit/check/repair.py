"""The shortest list of cells to re-run, in page order, to have the notebook as a clean run would leave it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from jupyter_prodkit.check.judged import CleanRun
from jupyter_prodkit.check.report import PlannedRun
from jupyter_prodkit.notebook.dataflow import needs_when_run, writes
from jupyter_prodkit.notebook.names import CodeNames, code_names
from jupyter_prodkit.session.record import Version

__all__ = ["repair_plan"]


def repair_plan(clean: CleanRun, live: Mapping[str, Version]) -> tuple[PlannedRun, ...]:
    """Return the cells to re-run; none where every cell reproduces.

    The list starts at the cell that creates each object which has been changed since: what was changed in place is
    made right only by making it anew.
    """
    page = _Page(clean, live)
    chosen: set[int] = set()
    pending = {place for place, judged in enumerate(clean.cells) if judged.state not in {"reproduced", "failed"}}
    while pending:
        place = pending.pop()
        chosen.add(place)
        pending |= (page.creators(place) | page.later_writers(place)) - chosen
    # A cell that a clean run fails in mends nothing: its finding says what to do about it.
    cells = [clean.cells[place] for place in sorted(chosen) if clean.cells[place].state != "failed"]
    return tuple(
        PlannedRun(cell_id=one.cell.cell_id, seconds=None if one.shown is None else round(one.shown.seconds, 3))
        for one in cells
    )


@dataclass(frozen=True)
class _Page:
    """Who writes what, by place on the page."""

    clean: CleanRun
    live: Mapping[str, Version]

    @cached_property
    def names(self) -> list[CodeNames]:
        return [code_names(judged.cell.source) for judged in self.clean.cells]

    @cached_property
    def writers(self) -> dict[str, list[int]]:
        """The places that write each name, in page order; what a run really wrote counts with what the text shows."""
        found: dict[str, list[int]] = {}
        for place, judged in enumerate(self.clean.cells):
            recorded = () if judged.clean_run is None else judged.clean_run.outputs
            for name in {*writes(self.names[place], self.clean.modules), *recorded}:
                found.setdefault(name, []).append(place)
        return found

    def creators(self, place: int) -> set[int]:
        """The cells that make what a cell reads, where the kernel holds something else than it would find."""
        found: set[int] = set()
        names = self.names[place]
        run = self.clean.cells[place].clean_run
        recorded = () if run is None else run.inputs
        for name in {*needs_when_run(names, self.clean.deferred), *recorded}:
            chain = self._chain(name, place)
            if chain and not self._holds(name, chain[-1]):
                found.update(chain)
        return found

    def later_writers(self, place: int) -> set[int]:
        """The next cell below that writes what this one makes anew."""
        found: set[int] = set()
        run = self.clean.cells[place].clean_run
        recorded = () if run is None else run.outputs
        for name in {*writes(self.names[place], self.clean.modules), *recorded}:
            places = self.writers[name]
            after = bisect_left(places, place + 1)
            if after < len(places) and not self._settles(name, place, places[after]):
                found.add(places[after])
        return found

    def _settles(self, name: str, place: int, later: int) -> bool:
        """Whether both cells leave the same value, so that the later one need not run for it."""
        first, second = self.clean.cells[place].clean_run, self.clean.cells[later].clean_run
        version = None if first is None else first.outputs.get(name)
        return second is not None and version is not None and second.outputs.get(name) == version

    def _holds(self, name: str, writer: int) -> bool:
        """Whether the kernel still holds `name` as the clean run of its writer leaves it."""
        run = self.clean.cells[writer].clean_run
        return run is not None and name in run.outputs and self.live.get(name) == run.outputs[name]

    def _chain(self, name: str, place: int) -> list[int]:
        """The cells above that make `name`, from the one that creates it to the last that changes it."""
        places = self.writers.get(name, [])
        chain: list[int] = []
        for writer in reversed(places[: bisect_left(places, place)]):
            chain.append(writer)
            if name in self.names[writer].binds and name not in self.names[writer].needs:
                break
        return chain[::-1]
