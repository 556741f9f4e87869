"""Settling doubts by really running the page: what a replay gave, in the terms in which recorded runs are judged."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from jupyter_prodkit.check.effort import Effort
from jupyter_prodkit.check.judged import Judged
from jupyter_prodkit.check.really import NOTHING_RUN, Really
from jupyter_prodkit.check.replay.outcome import CleanOutcome, Replay, made_alike, nondeterministic
from jupyter_prodkit.check.replay.replay import replay, verify
from jupyter_prodkit.check.simulation import simulate
from jupyter_prodkit.notebook.document import Cell, Notebook
from jupyter_prodkit.notebook.names import code_names
from jupyter_prodkit.notebook.outputs import same_outputs, shown_digest
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.session.record import Execution, Glimpse, Timeline, Version
from jupyter_prodkit.session.stated import valued

__all__ = ["settle", "verified", "with_closer_look"]

_Versions = dict[tuple[str, str], list[tuple[Glimpse, Version]]]
_OTHER_HASH_SEED = 2


@dataclass(frozen=True)
class _ReplayedOutputs:
    """What a replayed cell showed."""

    outputs: Sequence[Mapping[str, Any]]

    @cached_property
    def digest(self) -> str:
        return shown_digest(self.outputs)

    @property
    def is_empty(self) -> bool:
        return not self.outputs

    @property
    def has_image(self) -> bool:
        return any(mime.startswith("image/") for output in self.outputs for mime in output.get("data", ()))


def settle(notebook: Notebook, timeline: Timeline, effort: Effort, progress: Progress) -> Really:
    """Run the page from the top as far as there is doubt, and return what each cell really did.

    What that puts in doubt further down is run as well. Where a cell did otherwise than the record says it must, the
    page is run once more: what differs between two clean runs is chance, not hidden state. Raises CancelledError, and
    NotebookError where no kernel can be started.
    """
    recorded = simulate(notebook, timeline).cells
    until = _last_in_doubt(recorded, NOTHING_RUN)
    if until is None:
        return NOTHING_RUN

    deadline = time.monotonic() + effort.seconds

    def run(until: Cell, hash_seed: int | None) -> Replay:
        left = max(0.0, deadline - time.monotonic())
        return replay(
            notebook, until=until.cell_id, budget=left, allow_effects=effort.allow_effects,
            hash_seed=hash_seed, progress=progress,
        )  # fmt: skip

    def really_run(until: Cell) -> tuple[Replay, Really, Sequence[Judged]]:
        outcome = run(until, None)
        really = _really(notebook, timeline, outcome)
        return outcome, really, simulate(notebook, timeline, really).cells

    first, really, replayed = really_run(until)
    below = _last_in_doubt(replayed, really)
    if below is not None and below.index > until.index and not really.unfinished:
        # What was run has put in doubt what the record vouched for, further down.
        first, really, replayed = really_run(below)
    surprising = _surprising(recorded, replayed)
    if surprising is None:
        return really
    second = run(surprising, _OTHER_HASH_SEED)
    return _told_apart(really, first, second)


def verified(notebook: Notebook, timeline: Timeline, effort: Effort, progress: Progress) -> Really:
    """Run the whole page twice from the top and return what each cell did, and what the two runs disagree about.

    Raises CancelledError, and NotebookError where no kernel can be started.
    """
    first, second = verify(
        notebook, budget=effort.seconds, allow_effects=effort.allow_effects, progress=progress
    )  # fmt: skip
    return _told_apart(_really(notebook, timeline, first), first, second)


def with_closer_look(timeline: Timeline, held: Mapping[str, Glimpse]) -> Timeline:
    """Return the timeline with the glimpses `held`, of values that the kernel still holds, where they were left.

    A value that was used since, and may have been changed by that, is no longer what the run left.
    """
    wanted = {name: timeline.live[name] for name in held if name in timeline.live}
    executions = []
    for run in reversed(timeline.executions):
        found = {name: held[name] for name, version in wanted.items() if run.outputs.get(name) == version}
        executions.append(replace(run, after={**run.after, **found}) if found else run)
        wanted = {name: version for name, version in wanted.items() if name not in run.unlooked}
    return replace(timeline, executions=tuple(reversed(executions)))


def _told_apart(really: Really, first: Replay, second: Replay) -> Really:
    both = first.outcomes.keys() & second.outcomes.keys()
    alike = {one for one in both if same_outputs(first.outcomes[one].shown, second.outcomes[one].shown)}
    return replace(
        really, by_chance=nondeterministic(first, second), shown_alike=frozenset(alike),
        made_alike=made_alike(first, second),
    )  # fmt: skip


def _last_in_doubt(cells: Sequence[Judged], really: Really) -> Cell | None:
    """The last cell of which it isn't known what it does in a clean run, and that was not run."""
    in_doubt = [judged.cell for judged in cells if judged.state in {"unverified", "never run"}]
    return next((cell for cell in reversed(in_doubt) if cell.cell_id not in really.runs), None)


def _really(notebook: Notebook, timeline: Timeline, run: Replay) -> Really:
    cells = {cell.cell_id: cell for cell in notebook.code_cells}
    recorded: dict[str, Execution] = {execution.digest: execution for execution in timeline.executions}
    known = _known_versions(timeline)
    return Really(
        runs={
            cell_id: _execution(cells[cell_id], outcome, recorded.get(cells[cell_id].digest), known)
            for cell_id, outcome in run.outcomes.items()
        },
        refused={cell_id: outcome.refused for cell_id, outcome in run.outcomes.items() if outcome.refused},
        unfinished=run.unfinished,
    )


def _execution(cell: Cell, outcome: CleanOutcome, last: Execution | None, known: _Versions) -> Execution:
    return Execution(
        number=0, cell_id=cell.cell_id, source=cell.source, digest=cell.digest, count=None, success=outcome.success,
        seconds=outcome.seconds, lacked=outcome.lacked, deleted=outcome.deleted, after=outcome.written,
        outputs={
            name: _version(cell, name, seen, known.get((cell.digest, name), []) + known.get(("", name), []))
            for name, seen in outcome.written.items()
        },
        sharing={} if last is None else last.sharing, moved={} if last is None else last.moved,
        around={} if last is None else last.around, shown=_ReplayedOutputs(outcome.shown),
    )  # fmt: skip


def _known_versions(timeline: Timeline) -> _Versions:
    """The versions that each name had, the latest first, by the code that made them, and by any code."""
    found: _Versions = {}
    for run in reversed(timeline.executions):
        made = [(name, seen, run.outputs[name]) for name, seen in run.after.items()]
        read = [(name, seen, run.inputs[name]) for name, seen in run.before.items()]
        for name, seen, version in made:
            found.setdefault((run.digest, name), []).append((seen, version))
        for name, seen, version in (*made, *read):
            if seen.digest is not None:
                found.setdefault(("", name), []).append((seen, version))
    return found


def _version(cell: Cell, name: str, seen: Glimpse, known: Sequence[tuple[Glimpse, Version]]) -> Version:
    """The version of what a replayed cell made: that of a recorded value which is the same, so that the two agree."""
    for made, version in known:
        if made.equals(seen) or (made.is_opaque and seen.is_opaque):
            return version
    return valued(seen.digest + seen.hidden) if seen.digest is not None else f"replayed {cell.cell_id} {name}"


def _surprising(recorded: Sequence[Judged], replayed: Sequence[Judged]) -> Cell | None:
    """The last cell that did otherwise than shown, where that may be chance.

    So it is where a recorded run of the same code on the same inputs says so, where something was drawn unseeded, and
    in all cells that read what such a cell made.
    """
    found: Cell | None = None
    by_chance: set[str] = set()
    for before, judged in zip(recorded, replayed, strict=True):
        if judged.state not in {"diverges", "failed", "nondeterministic"}:
            continue
        reads = code_names(judged.cell.source).needs
        if _may_be_chance(before) or reads & by_chance:
            found = judged.cell
            by_chance |= set() if judged.clean_run is None else judged.clean_run.outputs.keys()
    return found


def _may_be_chance(recorded: Judged) -> bool:
    drew = any(run.drew_unseeded for run in recorded.runs)
    return drew or recorded.state in {"reproduced", "nondeterministic"}
