"""The rule on skew: features that production would not have, as cells make them that are not exported."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from jupyter_prodkit.check.evidence import Evidence
from jupyter_prodkit.check.report import Finding
from jupyter_prodkit.check.rules.feature_columns import (
    call_of,
    columns_made,
    columns_set,
    features_read,
    fitted_on,
    functions,
    made_by,
    targets,
)
from jupyter_prodkit.check.rules.marked import is_exported
from jupyter_prodkit.check.rules.top_level import statements_of
from jupyter_prodkit.notebook.document import Cell, Notebook

__all__ = ["features_outside"]


def features_outside(evidence: Evidence) -> Iterator[Finding]:
    """Features are made by cells that are not exported: the service would have to do without them."""
    if any(is_exported(cell) for cell in evidence.notebook.code_cells):
        yield from _made_before(evidence.notebook)
        yield from _made_after(evidence.notebook)


def _made_before(notebook: Notebook) -> Iterator[Finding]:
    """Columns that exported code reads and only a cell that stays behind makes."""
    exported = [cell for cell in notebook.code_cells if is_exported(cell)]
    given = {made.column for cell in exported for made in columns_made(cell.source)}
    given |= {column for cell in exported for column in columns_set(cell.source)}
    predicted = {column for cell in notebook.code_cells for column in targets(cell.source)}
    reads = {column: cell for cell in reversed(exported) for column in features_read(cell)}
    for cell in notebook.code_cells:
        if is_exported(cell):
            continue
        for column in dict.fromkeys(made.column for made in columns_made(cell.source)):
            reader = reads.get(column)
            if reader is not None and column not in given | predicted:
                label = reader.label.capitalize()
                yield _finding(cell, column, f"{label} reads `{column}`, which this cell makes or changes.")


def _made_after(notebook: Notebook) -> Iterator[Finding]:
    """Columns that are added to what an exported function gave, before a model is fitted on it."""
    walk = _Walk({name for cell in notebook.code_cells if is_exported(cell) for name in functions(cell.source)})
    for cell in notebook.code_cells:
        for statement in () if is_exported(cell) else statements_of(cell.source):
            walk.run(cell, statement)
    for one in dict.fromkeys(walk.fitted):
        yield _finding(one.cell, one.column, f"The model is fitted with `{one.column}`, which `{one.to}` lacks.")


@dataclass(frozen=True)
class _Added:
    """A column that was added to a table which an exported function gave."""

    cell: Cell
    table: str
    column: str
    to: str


@dataclass
class _Walk:
    """Follows the tables that exported functions give."""

    functions: set[str]
    given: dict[str, str] = field(default_factory=dict)
    """Name of a table → the function that gave it."""
    added: list[_Added] = field(default_factory=list)
    fitted: list[_Added] = field(default_factory=list)

    def run(self, cell: Cell, statement: ast.stmt) -> None:
        for made in made_by(statement):
            if made.table in self.given:
                self.added.append(_Added(cell, made.table, made.column, self.given[made.table]))
        tables = set(fitted_on(statement))
        self.fitted += [one for one in self.added if one.table in tables]
        target, function = call_of(statement, self.functions)
        if target is not None:
            self.given.pop(target, None)
            self.added = [one for one in self.added if one.table != target]
        if target is not None and function is not None:
            self.given[target] = function


def _finding(cell: Cell, column: str, because: str) -> Finding:
    return Finding(
        rule="skew/features-outside",
        severity="warning",
        cell_id=cell.cell_id,
        names=(column,),
        message="A feature is made outside what is exported",
        because=f"{because} It is not exported: the service would do without.",
        fix="Move the line into the exported function, or mark this cell too.",
    )
