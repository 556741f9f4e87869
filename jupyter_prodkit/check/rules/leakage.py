"""Rules on leakage: what is tested on must not have been learnt from, and the target is no feature."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache

from jupyter_prodkit.check.evidence import Evidence
from jupyter_prodkit.check.report import Finding
from jupyter_prodkit.check.rules.calls import imports_of
from jupyter_prodkit.check.rules.columns import ColumnsWalk, TargetSeen
from jupyter_prodkit.check.rules.rows import Leak, RowsWalk
from jupyter_prodkit.check.rules.top_level import statements_of
from jupyter_prodkit.notebook.document import Notebook

__all__ = ["fit_before_split", "target_in_features", "test_rows_in_fit"]

_FITS = (".fit(",)
_SPLITS = ("train_test_split", "cross_val")
Sources = tuple[tuple[str, str], ...]


def fit_before_split(evidence: Evidence) -> Iterator[Finding]:
    """Something learns from all rows, and only then are they split for the test."""
    for leak in _leaks(_sources(evidence.notebook, _SPLITS)):
        if leak.kind == "fit-before-split":
            yield Finding(
                rule="leakage/fit-before-split",
                severity="warning",
                cell_id=leak.cell_id,
                names=(leak.name,),
                message="It learns from rows that are kept for the test",
                because=f"`{leak.name}` is fitted on all rows, also on those that {_where(evidence, leak)} tests on.",
                fix="Split first and fit on the training rows, or put it into a `Pipeline` with the model.",
            )


def test_rows_in_fit(evidence: Evidence) -> Iterator[Finding]:
    """A model or transformer is fitted on the rows that it is tested on."""
    for leak in _leaks(_sources(evidence.notebook, _SPLITS)):
        if leak.kind == "test-rows-in-fit":
            same = leak.other == leak.cell_id
            seen = "here" if same else f"in {_label(evidence, leak.other)}"
            yield Finding(
                rule="leakage/test-rows-in-fit",
                severity="warning",
                cell_id=leak.cell_id,
                names=(leak.name,),
                message="It is fitted on test rows",
                because=f"`{leak.name}` is fitted on rows of the test that it is used on {seen}.",
                fix="Fit on the training rows only; for the test rows call `transform` or `predict`.",
            )


def target_in_features(evidence: Evidence) -> Iterator[Finding]:
    """The column to be predicted is among the features that a model is fitted on."""
    for seen in _targets_seen(_sources(evidence.notebook, _FITS)):
        yield Finding(
            rule="leakage/target-in-features",
            severity="warning",
            cell_id=seen.cell_id,
            names=(seen.column,),
            message="The target is among the features",
            because=f"`{seen.model}` is to predict `{seen.column}`, and the table it is fitted on holds that column.",
            fix=f'Leave it out of the features: `X = df.drop(columns="{seen.column}")`.',
        )


def _where(evidence: Evidence, leak: Leak) -> str:
    return "this cell" if leak.other == leak.cell_id else _label(evidence, leak.other)


def _label(evidence: Evidence, cell_id: str) -> str:
    cell = evidence.notebook.cell(cell_id)
    return "another cell" if cell is None else cell.label


def _sources(notebook: Notebook, words: tuple[str, ...]) -> Sources:
    """The cells' code; none where no cell has one of the words without which there is nothing to find."""
    cells = notebook.code_cells
    if not any(word in cell.source for cell in cells for word in words):
        return ()
    return tuple((cell.cell_id, cell.source) for cell in cells)


@lru_cache(maxsize=8)
def _leaks(cells: Sources) -> tuple[Leak, ...]:
    walk = RowsWalk()
    for cell_id, source in cells:
        walk.cell_id = cell_id
        walk.imported.update(imports_of(source))
        for statement in statements_of(source):
            with suppress(RecursionError):  # a sum of a thousand terms is no leak
                walk.run(statement)
    return tuple({(leak.kind, leak.cell_id, leak.name): leak for leak in reversed(walk.leaks)}.values())


@lru_cache(maxsize=8)
def _targets_seen(cells: Sources) -> tuple[TargetSeen, ...]:
    walk = ColumnsWalk()
    for cell_id, source in cells:
        walk.cell_id = cell_id
        walk.imported.update(imports_of(source))
        for statement in statements_of(source):
            with suppress(RecursionError):  # a sum of a thousand terms is no leak
                walk.run(statement)
    return tuple(dict.fromkeys(walk.seen))
