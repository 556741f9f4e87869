"""The clean run, simulated: what Restart & Run All would do to each cell, as far as what really ran can tell.

The page is walked from an empty state. Where the timeline holds a run of the same code on the same inputs, that run's
outcome is what a clean run gives, and is compared with what the page shows and the kernel was left with. Where it
holds none, the cell is `unverified`, and so is what depends on it. A replay has really run a cell: its outcome counts
whatever the timeline says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from jupyter_prodkit.check.comparison import Comparison, compare, shows_the_same
from jupyter_prodkit.check.homes import runs_of_cells, shown_before
from jupyter_prodkit.check.judged import CleanRun, Judged, Mismatch
from jupyter_prodkit.check.matching import matches, mismatches_of
from jupyter_prodkit.check.really import NOTHING_RUN, Really, overlooked_in, told_from_chance, trusted, without
from jupyter_prodkit.check.report import CellState
from jupyter_prodkit.check.unexplained import charge_unexplained
from jupyter_prodkit.notebook.dataflow import writes
from jupyter_prodkit.notebook.document import Cell, Notebook
from jupyter_prodkit.notebook.names import code_names, names_until, needs_at_once
from jupyter_prodkit.session.ambient import AT_START
from jupyter_prodkit.session.record import Execution, Timeline, Version
from jupyter_prodkit.session.stated import settle, stated_names

__all__ = ["simulate"]

_DISAGREE = "two runs on the same values showed different outputs"


def simulate(notebook: Notebook, timeline: Timeline, really: Really = NOTHING_RUN) -> CleanRun:
    """Walk the page of `notebook` from a clean start, guided by what `timeline` says ran, and by what `really` did."""
    clean = CleanRun(at_start={**timeline.around, **AT_START})
    runs, before = runs_of_cells(notebook, timeline), shown_before(notebook, timeline)
    clean.homes.update({run.number: cell for run in timeline.earlier if (cell := notebook.cell(run.cell_id or ""))})
    same_code: dict[str, list[Execution]] = {}
    for execution in (*timeline.earlier, *timeline.executions):
        same_code.setdefault(execution.digest, []).append(execution)
    seen = {version for execution in timeline.executions for version in execution.outputs.values()}
    for cell in notebook.code_cells:
        own = runs.get(cell.cell_id, [])
        clean.homes.update((run.number, cell) for run in own)
        replay = trusted(clean, cell, really)
        found = Judged(cell, "reproduced", tuple(own), None if own else before.get(cell.cell_id))
        judged = told_from_chance(clean, _judge(clean, found, same_code.get(cell.digest, []), replay, seen), really)
        clean.cells.append(judged)
        _advance(clean, judged, seen, timeline)
        if judged.clean_run is None:  # what its runs so far wrote besides names, it may write otherwise
            clean.around.update({name: f"clean run of {cell.cell_id}" for run in own for name in run.moved})
    charge_unexplained(clean, timeline)
    return clean


def _judge(
    clean: CleanRun, found: Judged, same_code: list[Execution], replay: Execution | None, seen: set[Version]
) -> Judged:
    cell, shown = found.cell, found.shown
    edited = shown is not None and shown.digest != cell.digest
    overlooked = None if edited or shown is None or replay is None else overlooked_in(clean, shown, replay)
    if replay is not None and overlooked:
        replay = without(replay, {name for name in overlooked if replay.outputs[name] not in seen})
    match = replay or _find_match(clean, None if edited else shown, same_code)
    missing = _surely_missing(clean, cell.source, match)
    found = replace(found, edited=edited, missing=missing, clean_run=match, is_replayed=replay is not None)
    if shown is None:
        return _judged_unseen(found)
    if not edited and replay is None and _raised_the_same(shown, missing):
        return found
    mismatches = () if edited or match is shown else mismatches_of(clean, shown)
    if match is None:
        return replace(found, state="failed" if missing or not cell.is_valid else "unverified", mismatches=mismatches)
    compared = compare(clean, cell, shown, without(match, overlooked or ()))
    if match is not shown and not edited and replay is None and _same_outcome(shown, match, mismatches):
        # What the shown run found set already, a clean run sets.
        return replace(found, clean_run=replace(shown, moved={**match.moved, **shown.moved}))
    state = _state(found, match, compared, from_the_same=overlooked is not None)
    if state == "reproduced" and replay is None and _showed_otherwise(clean, match, same_code):
        return replace(found, state="nondeterministic", mismatches=mismatches, chance=_DISAGREE)
    return replace(
        found, state=state, mismatches=mismatches, differing=compared.differing,
        shows_otherwise=bool(compared.shows_otherwise),
    )  # fmt: skip


def _showed_otherwise(clean: CleanRun, match: Execution, same_code: Sequence[Execution]) -> bool:
    """Whether another run of the code read just the same and showed something else."""
    seen = None if match.shown is None else match.shown.digest
    others = [run for run in same_code if run is not match and run.shown is not None and run.shown.digest != seen]
    return seen is not None and any(
        run.shown is not None and run.shown.digest is not None and run.success == match.success and matches(clean, run)
        for run in others
    )


def _judged_unseen(found: Judged) -> Judged:
    """The verdict on a cell that has not run in this kernel: by what the page shows, if it is known what it should."""
    cell, match = found.cell, found.clean_run
    has_run = cell.execution_count is not None
    if match is not None and found.is_replayed and (has_run or cell.outputs):
        same = not cell.outputs or shows_the_same(cell, None, match)
        failed = not match.success and not cell.shows_error
        return replace(
            found, state="failed" if failed else "reproduced" if same else "diverges", shows_otherwise=not same
        )
    if match is not None and found.is_replayed and not match.outputs and match.shown is not None:
        return found if match.shown.is_empty else replace(found, state="never run")
    if (found.missing or not cell.is_valid) and not cell.shows_error:
        return replace(found, state="failed")
    return replace(found, state="unverified" if has_run else "never run")


def _state(found: Judged, match: Execution, compared: Comparison, *, from_the_same: bool) -> CellState:
    """The state of a cell of which it is known what a clean run gives.

    Of the same code on the same input the record is believed where a replay finds nothing against it.
    """
    assert found.shown is not None
    if not match.success and found.shown.success:
        return "failed"
    if compared.differing or compared.shows_otherwise or match.success != found.shown.success:
        return "diverges"
    return "reproduced" if compared.is_known or from_the_same else "unverified"


def _find_match(clean: CleanRun, shown: Execution | None, same_code: Sequence[Execution]) -> Execution | None:
    """A recorded run of the same code that read just what a clean run would; the shown one first."""
    candidates = [*([shown] if shown is not None else []), *reversed(same_code)]
    return next((run for run in candidates if matches(clean, run)), None)


def _same_outcome(shown: Execution, match: Execution, mismatches: Sequence[Mismatch]) -> bool:
    """Whether the two runs leave the same, though the shown one read what it then made anew itself.

    So it is where a cell that loops, or that keeps what is there (`if "df" not in globals()`), has run again.
    """
    names = shown.outputs.keys() | match.outputs.keys()
    if not mismatches or shown.success != match.success or shown.deleted != match.deleted:
        return False
    around = [one.name for one in mismatches if one.is_around]
    if not all(one.is_around or one.name in names for one in mismatches):
        return False
    if any(_left_around(shown, name) != _left_around(match, name) for name in around):
        return False
    if shown.shown is not None and match.shown is not None and shown.shown.digest != match.shown.digest:
        return False
    return all(_left(shown, name) == _left(match, name) for name in names)


def _left_around(run: Execution, name: str) -> Version | None:
    return run.moved.get(name, run.around.get(name))


def _raised_the_same(shown: Execution, missing: Sequence[str]) -> bool:
    """Whether the shown run failed for the very name that a clean run lacks, and did nothing before."""
    alone = missing == (shown.lacked,) or (shown.lacked in missing and shown.absent.issuperset(missing))
    return alone and all(shown.inputs.get(name) == version for name, version in shown.outputs.items())


def _left(run: Execution, name: str) -> Version | None:
    return run.outputs.get(name, run.inputs.get(name))


def _surely_missing(clean: CleanRun, source: str, match: Execution | None) -> tuple[str, ...]:
    """Names the cell reads in any case, and that nothing above it makes."""
    if clean.any_may_exist or (match is not None and match.success):
        return ()
    return tuple(sorted(needs_at_once(source) - clean.state.keys() - clean.may_exist))


# -- carrying the state past a cell ------------------------------------------------------------------------------


def _advance(clean: CleanRun, judged: Judged, seen: set[Version], timeline: Timeline) -> None:
    """Carry the state past the cell: by what the matching run wrote, or, without one, by what its text may write.

    Where a name is missing the text counts only up to there.
    """
    cell, match = judged.cell, judged.clean_run
    names = names_until(cell.source, frozenset(judged.missing)) if match is None else code_names(cell.source)
    clean.modules |= names.modules
    clean.may_exist |= names.rebinds_when_called
    clean.definitions.add(names)
    clean.history.add(cell.digest)
    if match is not None:
        written: Mapping[str, Version] = _written(clean, cell, match, timeline)
        gone = match.deleted
        clean.around.update(match.moved)
    else:
        unknown = f"clean run of {cell.cell_id} {cell.digest}"
        may_change = writes(names, clean.modules)
        if names.binds_any and names.needs_any:  # `exec`, `globals().clear()`
            may_change |= clean.state.keys()
        may_change |= {other for name in names.mutates for other in clean.sharing.get(name, ())}
        written = {**dict.fromkeys(may_change, unknown), **_settled(clean, cell, seen)}
        gone = names.deletes
        clean.any_may_exist |= names.binds_any
    for name in gone:
        clean.forget(name)
    for name, version in written.items():
        if name in names.binds or clean.state.get(name) != version:
            clean.writers[name] = cell
        clean.state[name] = version
        seen_there = None if match is None else match.after.get(name)
        if seen_there is not None:
            clean.held[name] = seen_there
        elif match is None:
            clean.held.pop(name, None)
        clean.left.setdefault(cell.cell_id, {})[name] = version
    clean.share(written, {} if match is None else match.sharing)


def _written(clean: CleanRun, cell: Cell, match: Execution, timeline: Timeline) -> dict[str, Version]:
    """What a clean run writes, by a run that read the same.

    What it changed along with what it read counts only as far as a clean run has it, and has there what it had then.
    """
    written: dict[str, Version] = {}
    for name, version in match.outputs.items():
        if name not in match.mutated:
            written[name] = version
        elif name in clean.state:
            known = name in match.inputs or _version_before(match, name, timeline) in {None, clean.state[name]}
            written[name] = version if known else f"clean run of {cell.cell_id} {cell.digest} {name}"
    return written


def _version_before(run: Execution, name: str, timeline: Timeline) -> Version | None:
    """The version that a name had before a run; None where that isn't known."""
    before = (one for one in reversed(timeline.executions) if one.number < run.number and name in one.outputs)
    return next((one.outputs[name] for one in before), None)


def _settled(clean: CleanRun, cell: Cell, seen: set[Version]) -> dict[str, Version]:
    """What the text alone settles of a cell whose code has not run: its unchanged imports, functions and constants.

    Only what some run has really made counts, and nothing below an import that none has made: that may raise.
    """
    stated = stated_names(cell.source)
    versions = settle(stated, clean.state)
    found: dict[str, Version] = {}
    for one in stated:
        version = versions.get(one.name)
        if version in seen and one.first and version is not None:
            found[one.name] = version
        elif not one.first or not one.version.startswith("def "):
            break
    return found
