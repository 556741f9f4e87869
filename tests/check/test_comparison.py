"""What two runs of a cell left, compared: what nobody has looked at proves nothing."""

from __future__ import annotations

import pytest

from jupyter_prodkit.check.comparison import compare
from jupyter_prodkit.check.judged import CleanRun
from jupyter_prodkit.notebook.document import Cell
from jupyter_prodkit.session.record import Execution, Glimpse

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
