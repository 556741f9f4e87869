"""The notebook's own values: the page run twice from the top, in a copy of its folder, looked at after each step."""

from __future__ import annotations

import pickle
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_prodkit.check.replay.folder import working_copy
from jupyter_prodkit.check.replay.outcome import CleanOutcome
from jupyter_prodkit.check.replay.trial import Limits, Trial, trial
from jupyter_prodkit.export import observing
from jupyter_prodkit.export.comparing import compare
from jupyter_prodkit.notebook.document import Cell, Notebook
from jupyter_prodkit.progress import Progress

__all__ = ["Reference", "Wanted", "reference_values"]

_SEEDS = (1, 2)
_OF_ITSELF = 1e-10
"""How far two runs of the notebook may be apart: sums in another order may, clocks may not."""
_SKIPPED = "skip-execution"
Key = tuple[str, str]
"""A step and the name of a value."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be looked at after one cell."""

    step: str
    cell_id: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Reference:
    """What the notebook gave."""

    values: Mapping[Key, Any] = field(default_factory=dict)
    """What was observed of each value, in the first run."""
    types: Mapping[Key, str] = field(default_factory=dict)
    undetermined: Mapping[Key, str] = field(default_factory=dict)
    """Values that do not agree with themselves in two runs, and the first difference."""
    unfinished: str = ""
    """Why not everything could be seen; empty where it was."""
    errors: Mapping[str, str] = field(default_factory=dict)
    """Cells that raise, by id, and what; a clean run goes on after them."""


def reference_values(
    notebook: Notebook,
    wanted: Sequence[Wanted],
    *,
    needed: Collection[str],
    deadline: float,
    allow_effects: bool,
    progress: Progress,
) -> Reference:
    """Run the page as far as needed, twice with different hash seeds, and return what it gave.

    `needed` are the cells, by id, that must do all they do: one of them kept from an effect ends the run. Nothing
    outside a copy of the folder is changed unless `allow_effects`. Raises CancelledError, and NotebookError where no
    kernel can be started.
    """
    limits = [Limits(deadline, allow_effects=allow_effects, hash_seed=seed) for seed in _SEEDS]
    first = _once(notebook, wanted, needed, limits[0], progress)
    if first.unfinished:
        return first
    second = _once(notebook, wanted, needed, limits[1], progress)
    undetermined = {}
    for key, value in first.values.items():
        if key not in second.values:
            continue
        found = compare(value, second.values[key], relative=_OF_ITSELF)
        if not found.equal:
            undetermined[key] = found.difference
    return Reference(first.values, first.types, undetermined, second.unfinished, first.errors)


def _once(
    notebook: Notebook, wanted: Sequence[Wanted], needed: Collection[str], limits: Limits, progress: Progress
) -> Reference:
    by_cell: dict[str, list[Wanted]] = {}
    for one in wanted:
        by_cell.setdefault(one.cell_id, []).append(one)
    cells = _needed(notebook, by_cell)
    values: dict[Key, Any] = {}
    types: dict[Key, str] = {}
    errors: dict[str, str] = {}
    unfinished = ""
    try:
        with (
            working_copy(notebook.path.parent, notebook=notebook.path) as copy,
            trial(notebook, copy, limits, progress) as run,
        ):
            for place, cell in enumerate(cells):
                progress.stage(f"Running {cell.label} of the notebook", place / len(cells) * 0.4)
                outcome = run.cell(cell)
                if not outcome.success:
                    errors[cell.cell_id] = f"{cell.label} raises {next(iter(outcome.error.splitlines()), 'an error')}"
                unfinished = run.ended or _why_not(cell, outcome, needed)
                if unfinished:
                    break
                for one in by_cell.get(cell.cell_id, ()):
                    _look(run, one, copy.temporary, limits, values, types, progress)
    except TimeoutError:
        unfinished = "the time that the proof may take was over"
    return Reference(values, types, {}, unfinished, errors)


def _why_not(cell: Cell, outcome: CleanOutcome, needed: Collection[str]) -> str:
    """Why the run need not go on: a cell that the package is made of was kept from what it does."""
    if cell.cell_id not in needed or not outcome.refused:
        return ""
    return f"{cell.label} would {'; '.join(outcome.refused)}: --allow-effects lets it"


def _needed(notebook: Notebook, by_cell: Mapping[str, Any]) -> list[Cell]:
    cells = [cell for cell in notebook.code_cells if _SKIPPED not in cell.tags]
    last = max((place for place, cell in enumerate(cells) if cell.cell_id in by_cell), default=-1)
    return cells[: last + 1]


def _look(
    run: Trial,
    one: Wanted,
    folder: Path,
    limits: Limits,
    values: dict[Key, Any],
    types: dict[Key, str],
    progress: Progress,
) -> None:
    """Have the kernel write what it observes; nothing of that stays in the notebook's names."""
    place = folder / f"observed-{time.monotonic_ns()}.pickle"
    asked = (list(one.names), str(place))
    code = f"__import__('runpy').run_path({observing.__file__!r})['record'](globals(), *{asked!r})"
    outcome = run.driver.execute(code, progress, silent=True, deadline=limits.deadline)
    if not outcome.success:
        why = f"it could not be looked at: {next(iter(outcome.error.splitlines()), 'an error')}"
        values.update({(one.step, name): ("opaque", "", why) for name in one.names})
        return
    for name, (kind, tree) in pickle.loads(place.read_bytes()).items():  # noqa: S301 - written by our own code
        values[one.step, name] = tree
        types[one.step, name] = kind
