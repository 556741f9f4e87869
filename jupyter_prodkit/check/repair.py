"""The shortest list of cells to re-run, in page order, to have the notebook as a clean run would leave it."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property

from jupyter_prodkit.check.judged import CleanRun
from jupyter_prodkit.check.report import PlannedRun
from jupyter_prodkit.notebook.dataflow import needs_when_run, writes
from jupyter_prodkit.notebook.names import CodeNames, code_names
from jupyter_prodkit.session.record import Execution, Timeline, Version

__all__ = ["repair_plan"]

_NOT_TO_BE_RUN_FOR_ITSELF = frozenset({"reproduced", "failed", "nondeterministic"})


def repair_plan(clean: CleanRun, timeline: Timeline) -> tuple[PlannedRun, ...]:
    """Return the cells to re-run; none where every cell reproduces.

    The list starts at the cell that creates each object which has been changed since: what was changed in place is
    made right only by making it anew.
    """
    page = _Page(clean, timeline)
    chosen: set[int] = set()
    pending = {place for place, judged in enumerate(clean.cells) if judged.state not in _NOT_TO_BE_RUN_FOR_ITSELF}
    if pending:
        pending |= page.overtaken()
    while pending:
        place = pending.pop()
        chosen.add(place)
        pending |= (page.creators(place) | page.settlers(place) | page.later_writers(place)) - chosen
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
    timeline: Timeline

    @cached_property
    def names(self) -> list[CodeNames]:
        return [code_names(judged.cell.source) for judged in self.clean.cells]

    @cached_property
    def writers(self) -> dict[str, list[int]]:
        """The places that write or delete each name, in page order."""
        found: dict[str, list[int]] = {}
        for place in range(len(self.clean.cells)):
            for name in self._written(place):
                found.setdefault(name, []).append(place)
        return found

    def overtaken(self) -> set[int]:
        """The last writers of names that the kernel holds as a cell further up left them, when that ran again."""
        known = {name: self.writers[name][-1] for name in self.clean.state if name in self.writers}
        return {place for name, place in known.items() if self.timeline.live.get(name) != self.clean.state[name]}

    def creators(self, place: int) -> set[int]:
        """The cells that make what a cell reads, where the kernel holds something else than it would find."""
        run = self.clean.cells[place].clean_run
        recorded = () if run is None else run.inputs
        reads = {*needs_when_run(self.names[place], self.clean.definitions), *recorded}
        return {maker for name in reads for maker in self._makers(name, place)}

    @cached_property
    def movers(self) -> dict[str, list[int]]:
        """The places that change what is around the code: random streams, options, files; in page order."""
        found: dict[str, list[int]] = {}
        for place in range(len(self.clean.cells)):
            run = self._run_of(place)
            for name in () if run is None else run.moved:
                found.setdefault(name, []).append(place)
        return found

    def _run_of(self, place: int) -> Execution | None:
        """The run that tells what a cell does: a clean one, else the last."""
        judged = self.clean.cells[place]
        return judged.clean_run or judged.shown

    def settlers(self, place: int) -> set[int]:
        """The cells that set what is around a cell, from the one that sets it whatever it was (a seed)."""
        run = self._run_of(place)
        found: set[int] = set()
        for name, version in {} if run is None else run.around.items():
            if self.timeline.around.get(name) == version and not self.clean.cells[place].is_replayed:
                continue
            places = self.movers.get(name, [])
            for mover in reversed(places[: bisect_left(places, place)]):
                found.add(mover)
                moved_by = self._run_of(mover)
                if moved_by is None or name not in moved_by.around:
                    break
        return found

    def later_writers(self, place: int) -> set[int]:
        """The next cells below that write otherwise what this one makes anew."""
        found: set[int] = set()
        for name in self._written(place):
            places = self.writers[name]
            below = places[bisect_left(places, place + 1) :]
            found.update([later for later in below if not self._leave_the_same(name, place, later)][:1])
        return found

    def _written(self, place: int) -> set[str]:
        """What a cell writes or deletes; where branches and loops stand, its run tells better than its text."""
        names, run = self.names[place], self.clean.cells[place].clean_run
        if run is None:
            return {*writes(names, self.clean.modules), *names.deletes}
        return {*names.binds_always, *(names.mutates - self.clean.modules), *run.outputs, *run.deleted}

    def _makers(self, name: str, place: int) -> list[int]:
        """The cells above `place` to run for `name`, from the one that creates it to the last that changes it.

        None, where the kernel holds it; only the last of them, where it holds what one in the midst leaves.
        """
        places = self.writers.get(name, [])
        chain: list[int] = []
        for writer in reversed(places[: bisect_left(places, place)]):
            if self._holds(name, writer):
                break
            chain.append(writer)
            if self._creates(name, writer):
                break
        return chain

    def _creates(self, name: str, place: int) -> bool:
        names = self.names[place]
        return name in names.deletes or (name in names.binds and name not in names.needs)

    def _leave_the_same(self, name: str, place: int, later: int) -> bool:
        """Whether both cells leave the same value, so that the later one need not run for it."""
        return self._left(name, place) is not None and self._left(name, place) == self._left(name, later)

    def _holds(self, name: str, writer: int) -> bool:
        """Whether the kernel holds `name` as the clean run of its writer leaves it."""
        run = self.clean.cells[writer].clean_run
        if run is None or (name not in run.outputs and name not in run.deleted):
            return False
        return self.timeline.live.get(name) == run.outputs.get(name)

    def _left(self, name: str, place: int) -> Version | None:
        run = self.clean.cells[place].clean_run
        return None if run is None else run.outputs.get(name)
