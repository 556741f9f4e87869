"""The clean run, simulated: what Restart & Run All would do to each cell, as far as what really ran can tell.

The page is walked from an empty state. Where the timeline holds a run of the same code on the same inputs, that run's
outcome is what a clean run gives, and is compared with what the page shows. Where it holds none, the cell is
`unverified`, and so is what depends on it.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from jupyter_prodkit.check.report import CellState
from jupyter_prodkit.notebook.dataflow import needs_when_run
from jupyter_prodkit.notebook.document import Cell, Notebook
from jupyter_prodkit.notebook.names import CodeNames, code_names, names_in
from jupyter_prodkit.session.record import Execution, Glimpse, Timeline, Version

__all__ = ["CleanRun", "Judged", "Mismatch", "simulate"]

_STRAIGHT = (ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.With, ast.For, ast.Delete, ast.Assert)
_LAZY = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.IfExp, ast.BoolOp, ast.ClassDef,
    ast.GeneratorExp, ast.ListComp, ast.SetComp, ast.DictComp,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A name that the shown run of a cell read otherwise than a clean run would."""

    name: str
    ran_with: Version | None
    """None where the name did not exist when the cell ran."""
    clean: Version | None
    """None where a clean run would not have the name at all."""
    writer: Cell | None
    """The cell above that a clean run would have the name from."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One cell after the walk."""

    cell: Cell
    state: CellState
    runs: tuple[Execution, ...]
    """The cell's runs in this kernel, oldest first."""
    edited: bool = False
    """Whether its last run had other code."""
    missing: tuple[str, ...] = ()
    """Names that a clean run would look for in vain, so that the cell would raise NameError."""
    mismatches: tuple[Mismatch, ...] = ()
    clean_run: Execution | None = None
    """The recorded run that shows what a clean run gives, where that is not the shown one."""
    differing: tuple[tuple[str, Glimpse, Glimpse], ...] = ()
    """Names whose value differs: as it is, and as a clean run gives it."""

    @property
    def shown(self) -> Execution | None:
        """The run whose outcome the page shows."""
        return self.runs[-1] if self.runs else None


@dataclass(slots=True)
class CleanRun:
    """The state of the simulated clean run, and what was found on the way."""

    cells: list[Judged] = field(default_factory=list)
    state: dict[str, Version] = field(default_factory=dict)
    """Each name that exists by now, and its version."""
    writers: dict[str, Cell] = field(default_factory=dict)
    """The cell that wrote each name last."""
    deferred: dict[str, frozenset[str]] = field(default_factory=dict)

    def judged(self, cell_id: str) -> Judged | None:
        """Return what was found of one cell."""
        return next((judged for judged in self.cells if judged.cell.cell_id == cell_id), None)


def simulate(notebook: Notebook, timeline: Timeline) -> CleanRun:
    """Walk the page of `notebook` from a clean start, guided by what `timeline` says ran."""
    clean = CleanRun()
    by_digest: dict[str, list[Execution]] = {}
    by_cell: dict[str, list[Execution]] = {}
    for execution in timeline.executions:
        by_digest.setdefault(execution.digest, []).append(execution)
        if execution.cell_id is not None:
            by_cell.setdefault(execution.cell_id, []).append(execution)
    for cell in notebook.code_cells:
        _step(clean, cell, by_cell.get(cell.cell_id, []), by_digest.get(cell.digest, []))
    return clean


def _step(clean: CleanRun, cell: Cell, runs: list[Execution], same_code: list[Execution]) -> None:
    names = code_names(cell.source)
    missing = _surely_missing(clean, cell, names)
    shown = runs[-1] if runs else None
    edited = shown is not None and shown.digest != cell.digest
    match = _find_match(clean.state, shown if not edited else None, same_code)
    mismatches = _mismatches(clean, shown) if shown is not None and not edited else ()
    differing = _differing(shown, match) if match is not None and shown is not None and match is not shown else ()
    state = _state(shown, match, missing, differing, cell.execution_count)
    clean.cells.append(Judged(cell, state, tuple(runs), edited, missing, mismatches, match, differing))
    _advance(clean, cell, names, match)


def _state(
    shown: Execution | None,
    match: Execution | None,
    missing: Sequence[str],
    differing: Sequence[object],
    count: int | None,
) -> CellState:
    if missing:
        # It raises in a clean run; so it did where the page shows it, if that run lacked the names too.
        return "reproduced" if shown is not None and match is shown and not shown.success else "failed"
    if shown is None:
        return "never run" if count is None else "unverified"
    if match is shown:
        return "reproduced"
    ends_otherwise = match is not None and match.success != shown.success
    return "diverges" if differing or ends_otherwise else "unverified"


def _find_match(
    state: Mapping[str, Version], shown: Execution | None, same_code: Sequence[Execution]
) -> Execution | None:
    """A recorded run of the same code that read just what a clean run would; the shown one first."""
    candidates = [*([shown] if shown is not None else []), *reversed(same_code)]
    return next((run for run in candidates if _matches(state, run)), None)


def _matches(state: Mapping[str, Version], run: Execution) -> bool:
    if run.interrupted:  # it ended where the user happened to stop it
        return False
    if any(state.get(name) != version for name, version in run.inputs.items()):
        return False
    return not any(name in state for name in run.absent)


def _mismatches(clean: CleanRun, run: Execution) -> tuple[Mismatch, ...]:
    found = [
        Mismatch(name, version, clean.state.get(name), clean.writers.get(name))
        for name, version in sorted(run.inputs.items())
        if clean.state.get(name) != version
    ]
    late = [name for name in sorted(run.absent) if name in clean.state]
    return (*found, *(Mismatch(name, None, clean.state[name], clean.writers.get(name)) for name in late))


def _differing(shown: Execution, match: Execution) -> tuple[tuple[str, Glimpse, Glimpse], ...]:
    return tuple(
        (name, shown.after[name], match.after[name])
        for name in sorted(shown.after.keys() & match.after.keys())
        if shown.after[name].differs_from(match.after[name])
    )


def _surely_missing(clean: CleanRun, cell: Cell, names: CodeNames) -> tuple[str, ...]:
    """Names the cell reads in any case, that nothing above it makes; star imports and `exec` may make any name."""
    if cell.tree is None or "*" in clean.state:
        return ()
    lost = names.needs - clean.state.keys() - {"*"}
    return tuple(sorted(name for name in lost if _read_at_once(cell.tree, name)))


def _read_at_once(tree: ast.Module, name: str) -> bool:
    """Whether the read stands on the straight path: not in a branch, a handler or a function that may not run."""
    for statement in tree.body:
        if isinstance(statement, (ast.Raise, ast.Try)):
            return False
        if isinstance(statement, _STRAIGHT) and _loads(statement, name):
            return True
        if name in names_in(ast.Module([statement], [])).binds:
            return False
    return False


def _loads(node: ast.AST, name: str) -> bool:
    if isinstance(node, ast.Name):
        return node.id == name and not isinstance(node.ctx, ast.Store)
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name) and node.target.id == name:
        return True
    if isinstance(node, (ast.For, ast.AsyncFor)):
        return _loads(node.iter, name)  # the body may run no time at all
    if isinstance(node, _LAZY):
        return False
    return any(_loads(child, name) for child in ast.iter_child_nodes(node))


def _advance(clean: CleanRun, cell: Cell, names: CodeNames, match: Execution | None) -> None:
    """Carry the state past the cell: by what the matching run wrote, or, without one, by what its text may write."""
    if match is not None:
        written: Mapping[str, Version] = match.outputs
        gone = match.deleted
    else:
        written = {name: f"clean run of {cell.cell_id} {cell.digest}" for name in names.binds | names.mutates}
        gone = names.deletes
    for name in gone:
        clean.state.pop(name, None)
    for name, version in written.items():
        clean.state[name] = version
        clean.writers[name] = cell
    if names.is_opaque:
        clean.state["*"] = f"clean run of {cell.cell_id}"
    clean.deferred.update(names.deferred)
