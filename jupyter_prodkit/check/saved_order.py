"""A timeline made from a saved notebook: its cells in the order that their prompts' numbers tell."""

from __future__ import annotations

from jupyter_prodkit.notebook.dataflow import Definitions, needs_when_run, writes
from jupyter_prodkit.notebook.document import Cell, Notebook
from jupyter_prodkit.notebook.names import code_names
from jupyter_prodkit.session.record import Execution, Timeline, Version
from jupyter_prodkit.session.stated import settle, stated_names

__all__ = ["saved_timeline"]


def saved_timeline(notebook: Notebook) -> Timeline:
    """Return what the numbers say ran, once each, in their order; versions come from the cells' text alone."""
    ran = sorted(
        (cell for cell in notebook.code_cells if cell.execution_count is not None),
        key=lambda cell: (cell.execution_count or 0, cell.index),
    )
    live: dict[str, Version] = {}
    definitions = Definitions()
    modules: set[str] = set()
    executions = []
    for number, cell in enumerate(ran, 1):
        modules |= code_names(cell.source).modules
        execution = _execution(cell, number, live, definitions, modules)
        executions.append(execution)
        for name in execution.deleted:
            live.pop(name, None)
        live.update(execution.outputs)
        definitions.add(code_names(cell.source))
    return Timeline(tuple(executions), live)


def _execution(
    cell: Cell, number: int, live: dict[str, Version], definitions: Definitions, modules: set[str]
) -> Execution:
    names = code_names(cell.source)
    reads = live.keys() if names.needs_any else needs_when_run(names, definitions) & live.keys()
    inputs = {name: live[name] for name in sorted(reads)}
    outputs = {name: f"{cell.cell_id} {name}" for name in writes(names, modules)}
    return Execution(
        number=number,
        cell_id=cell.cell_id,
        source=cell.source,
        digest=cell.digest,
        count=cell.execution_count,
        success=not cell.shows_error,
        seconds=0.0,
        inputs=inputs,
        outputs={**outputs, **settle(stated_names(cell.source), inputs)},
        deleted=names.deletes,
    )
