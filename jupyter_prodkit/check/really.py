"""What really running the page gave, and how far it counts beside the record."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from jupyter_prodkit.check.judged import CleanRun, Judged
from jupyter_prodkit.check.matching import matches
from jupyter_prodkit.notebook.dataflow import needs_when_run
from jupyter_prodkit.notebook.document import Cell
from jupyter_prodkit.notebook.names import code_names
from jupyter_prodkit.session.record import Execution

__all__ = ["NOTHING_RUN", "Really", "overlooked_in", "told_from_chance", "trusted", "without"]


@dataclass(frozen=True, slots=True)
class Really:
    """What really running the page gave."""

    runs: Mapping[str, Execution] = field(default_factory=lambda: MappingProxyType({}))
    """What each cell did that was run, by its id."""
    refused: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """The cells that were not allowed to do something, and what."""
    by_chance: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """The cells that two clean runs disagree about, and how."""
    shown_alike: frozenset[str] = frozenset()
    """The cells that showed the same in two clean runs."""
    made_alike: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    """The names that each cell gave the same value in two clean runs."""
    unfinished: str = ""
    """Why it ended before the last cell in doubt; empty where it did not."""


NOTHING_RUN = Really()


def trusted(clean: CleanRun, cell: Cell, really: Really) -> Execution | None:
    """What the cell really did, unless it was kept from doing it, or read what such a cell above had made."""
    replay = really.runs.get(cell.cell_id)
    if replay is None:
        return None
    reads = needs_when_run(code_names(cell.source), clean.definitions)
    kept_from = cell.cell_id in really.refused or bool(reads & clean.untrusted)
    written = frozenset(replay.outputs)
    clean.untrusted = clean.untrusted | written if kept_from else clean.untrusted - written
    return None if kept_from else replay


def told_from_chance(clean: CleanRun, judged: Judged, really: Really) -> Judged:
    """The verdict, where what differs is chance: two clean runs disagree about it, or it draws without a seed."""
    cell, run = judged.cell, judged.clean_run
    by_chance = cell.cell_id in really.by_chance
    if judged.is_replayed:
        reads = needs_when_run(code_names(cell.source), clean.definitions)
        by_chance |= judged.state == "diverges" and bool(reads & clean.by_chance)
    elif judged.shown is not None:
        by_chance |= bool(judged.shown.drew_unseeded) and not _only_imports(cell)
    alike = really.made_alike.get(cell.cell_id, frozenset())
    written = frozenset[str]() if run is None else frozenset(run.outputs) - alike
    clean.by_chance = clean.by_chance | written if by_chance else clean.by_chance - written
    if judged.shows_otherwise and cell.cell_id in really.shown_alike:
        return judged  # whatever the values do by chance: both clean runs showed the same, and the page does not
    if any(name in alike for name, *_ in judged.differing):
        return judged
    if by_chance and judged.state in {"reproduced", "diverges"} and not judged.edited:
        return replace(judged, state="nondeterministic", chance=really.by_chance.get(cell.cell_id, ""))
    return judged


def _only_imports(cell: Cell) -> bool:
    return cell.tree is not None and all(isinstance(one, (ast.Import, ast.ImportFrom)) for one in cell.tree.body)


def overlooked_in(clean: CleanRun, shown: Execution, replay: Execution) -> frozenset[str] | None:
    """Return what the replay saw change in place, and the record of the shown run had no time to see.

    The same code did it to the same input. None where the shown run began otherwise.
    """
    if not matches(clean, shown):
        return None
    return (shown.unlooked & replay.outputs.keys()) - shown.outputs.keys()


def without(run: Execution, names: Collection[str]) -> Execution:
    """Return the run without what it did to some names."""
    if not names:
        return run
    return replace(run, outputs={name: version for name, version in run.outputs.items() if name not in names})
