"""A timeline made from a saved notebook: its cells in the order that their prompts' numbers tell."""

from __future__ import annotations

from dataclasses import dataclass, field

from jupyter_prodkit.notebook.dataflow import Definitions, needs_when_run, writes
from jupyter_prodkit.notebook.document import Cell, Notebook
from jupyter_prodkit.notebook.names import CodeNames, code_names, needs_at_once
from jupyter_prodkit.session.record import Execution, Timeline, Version
from jupyter_prodkit.session.stated import settle, stated_names

__all__ = ["saved_timeline"]

_ELSEWHERE = "from where the file does not say"


def saved_timeline(notebook: Notebook) -> Timeline:
    """Return what the numbers say ran, once each, in their order; versions come from the cells' text alone."""
    ran = sorted(
        (cell for cell in notebook.code_cells if cell.execution_count is not None),
        key=lambda cell: (cell.execution_count or 0, cell.index),
    )
    kernel = _Kernel()
    return Timeline(tuple(kernel.run(cell, number) for number, cell in enumerate(ran, 1)), kernel.live)


@dataclass(slots=True)
class _Kernel:
    """What a kernel would hold that ran the cells so far."""

    live: dict[str, Version] = field(default_factory=dict)
    definitions: Definitions = field(default_factory=Definitions)
    modules: set[str] = field(default_factory=set)
    may_exist: set[str] = field(default_factory=set)
    any_may_exist: bool = False

    def run(self, cell: Cell, number: int) -> Execution:
        names = code_names(cell.source)
        self.modules |= names.modules
        inputs = self._inputs(cell, names)
        outputs = {name: f"{cell.cell_id} {name}" for name in writes(names, self.modules)}
        outputs |= settle(stated_names(cell.source), inputs)
        for name in names.deletes:
            self.live.pop(name, None)
        self.live.update(outputs)
        self.definitions.add(names)
        self.may_exist |= names.rebinds_when_called
        self.any_may_exist |= names.binds_any
        return Execution(
            number=number, cell_id=cell.cell_id, source=cell.source, digest=cell.digest, count=cell.execution_count,
            success=not cell.shows_error, seconds=0.0, inputs=inputs, outputs=outputs, deleted=names.deletes,
        )  # fmt: skip

    def _inputs(self, cell: Cell, names: CodeNames) -> dict[str, Version]:
        reads = self.live.keys() if names.needs_any else needs_when_run(names, self.definitions) & self.live.keys()
        inputs = {name: self.live[name] for name in sorted(reads)}
        if not self.any_may_exist and not cell.shows_error:  # it ran well, so each name it reads was there
            inputs |= dict.fromkeys(needs_at_once(cell.source) - self.live.keys() - self.may_exist, _ELSEWHERE)
        return inputs
