"""What two runs of a cell left, compared: what nobody has looked at proves nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from jupyter_prodkit.check.comparison import compare
from jupyter_prodkit.check.judged import CleanRun
from jupyter_prodkit.check.really import Really
from jupyter_prodkit.check.simulation import simulate
from jupyter_prodkit.notebook.document import Cell, Notebook
from jupyter_prodkit.notebook.outputs import shown_digest
from jupyter_prodkit.session.glimpse import glimpse
from jupyter_prodkit.session.record import Execution, Glimpse, Timeline

FIT = Cell("fit", 0, "code", "model.fit(rows)")
UNFITTED, FITTED = Glimpse("a Model", "1"), Glimpse("a Model", "2")


def run_of_fit(**what):
    return Execution(
        number=1, cell_id="fit", source=FIT.source, digest=FIT.digest, count=1, success=True, seconds=0.0,
        inputs={"model": "made"}, before={"model": UNFITTED}, **what,
    )  # fmt: skip


REPLAYED = run_of_fit(outputs={"model": "= 2"}, after={"model": FITTED}, mutated={"model": frozenset()})


@pytest.mark.parametrize(
    ("unlooked", "differing", "doubtful"), [(frozenset(), ["model"], ()), (frozenset({"model"}), [], ("model",))]
)
def test_a_value_that_there_was_no_time_to_look_at_is_no_proof_that_a_clean_run_gives_another(
    unlooked, differing, doubtful
):
    compared = compare(CleanRun(), FIT, run_of_fit(unlooked=unlooked), REPLAYED)

    assert [name for name, *_ in compared.differing] == differing
    assert compared.doubtful == doubtful


PAGE = Notebook(Path("page.ipynb"), (Cell("make", 0, "code", "model = make()", execution_count=1), Cell("fit", 1, "code", "model.fit()")))


def run_of(cell, **what):
    return Execution(
        number=1, cell_id=cell.cell_id, source=cell.source, digest=cell.digest, count=1, success=True, seconds=0.0,
        **what,
    )  # fmt: skip


@pytest.mark.parametrize("seen", [Glimpse("a Model"), UNFITTED], ids=["not looked at", "as a clean run makes it"])
def test_what_a_cell_below_would_change_later_is_no_change_of_what_the_kernel_holds_now(seen):
    """The cell above has run, the one below has not: the kernel holds what the page explains."""
    make, fit = PAGE.code_cells
    left = "run 1 model" if seen.digest is None else "= 1"
    run = run_of(make, outputs={"model": left}, after={"model": seen})
    really = Really(
        runs={
            "make": run_of(make, outputs={"model": "= 1"}, after={"model": UNFITTED}),
            "fit": run_of(fit, inputs={"model": "= 1"}, outputs={"model": "= 2"}, after={"model": FITTED}),
        }
    )

    judged = simulate(PAGE, Timeline((run,), {"model": left}), really).cells

    assert [one.changed_since for one in judged] == [(), ()]


WARNING = {"output_type": "stream", "name": "stderr", "text": "ConvergenceWarning: it did not converge"}
SCORE = {"output_type": "stream", "name": "stdout", "text": "0.93"}


@dataclass
class Shows:
    """What a run showed."""

    outputs: list

    @property
    def digest(self):
        return shown_digest(self.outputs)

    @property
    def is_empty(self):
        return not self.outputs

    has_image = False


@pytest.mark.parametrize(
    ("output", "before", "doubtful"),
    [(SCORE, FIT, ()), (SCORE, Cell("fit", 0, "code", "other"), ("model",)), (WARNING, FIT, ("model",))],
    ids=["shows the same", "was another code", "only warns"],
)
def test_the_same_output_vouches_for_a_value_that_nobody_looked_at_only_of_the_same_code(output, before, doubtful):
    shown = run_of(before, outputs={"model": "run 1 model"}, after={"model": Glimpse("a Model")}, shown=Shows([output]))
    clean = run_of(FIT, outputs={"model": "= 2"}, after={"model": Glimpse("a Model", "2")}, shown=Shows([output]))

    assert compare(CleanRun(), FIT, shown, clean).doubtful == doubtful


@pytest.mark.parametrize(
    ("was", "differing"), [(glimpse(re), []), (Glimpse("1", "1"), ["name"])], ids=["a module", "a number"]
)
def test_an_import_that_was_taken_out_of_a_cell_is_nothing_that_a_clean_run_lacks(was, differing):
    shown = run_of(Cell("fit", 0, "code", "import re"), outputs={"name": "= 1"}, after={"name": was})

    assert [name for name, *_ in compare(CleanRun(), FIT, shown, run_of(FIT)).differing] == differing
