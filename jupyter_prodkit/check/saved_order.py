"""A timeline made from a saved notebook: its cells in the order that their prompts' numbers tell."""

from __future__ import annotations

from jupyter_prodkit.notebook.dataflow import needs_when_run
from jupyter_prodkit.notebook.document import Cell, Notebook
from jupyter_prodkit.notebook.names import code_names
from jupyter_prodkit.session.record import Execution, Timeline, Version

__all__ = ["saved_timeline"]


def saved_timeline(notebook: Notebook) -> Timeline:
    """Return what the numbers say ran, once each, in their order; versions come from the cells' text alone."""
    ran = sorted(
        (cell for cell in notebook.code_cells if cell.execution_count is not None),
        key=lambda cell: (cell.execution_count or 0, cell.index),
    )
    live: dict[str, Version] = {}
    deferred: dict[str, frozenset[str]] = {}
    executions = []
    for number, cell in enumerate(ran, 1):
        execution = _execution(cell, number, live, deferred)
        executions.append(execution)
        for name in execution.deleted:
            live.pop(name, None)
        live.update(execution.outputs)
        deferred.update(code_names(cell.source).deferred)
    return Timeline(tuple(executions), live)


def _execution(cell: Cell, number: int, live: dict[str, Version], deferred: dict[str, frozenset[str]]) -> Execution:
    names = code_names(cell.source)
    reads = set(live) if names.is_opaque else needs_when_run(names, deferred) | names.mutates
    inputs = {name: live[name] for name in sorted(reads & live.keys())}
    outputs = {name: f"{cell.cell_id} {name}" for name in names.binds | names.mutates}
    return Execution(
        number=number,
        cell_id=cell.cell_id,
        source=cell.source,
        digest=cell.digest,
        count=cell.execution_count,
        success=True,
        seconds=0.0,
        inputs=inputs,
        outputs=outputs,
        deleted=names.deletes,
    )
