"""The overhead benchmark compares like with like, and its own cells are sound."""

from __future__ import annotations

import ast

import checkout
import pytest
from cost.kernels import Costs
from cost.own import document, page
from cost.workloads import WORKLOADS, Workload, notebooks
from overhead import Measured


def measured(**rounds):
    """A workload of two cells, by kernel the rounds' wall seconds."""
    costs = {name: [Costs(wall=one, cpu=one, megabytes=100) for one in ones] for name, ones in rounds.items()}
    return Measured(Workload("two cells", ("1", "2")), costs)


def test_a_disturbed_round_doesn_t_count():
    """Of each cell the least of the rounds is taken."""
    figures = measured(plain=[[1.0, 9.0], [5.0, 1.0]], prodkit=[[1.1, 1.1], [7.0, 1.3]])
    assert figures.ratio("prodkit", "wall") == pytest.approx(1.1)


def test_the_spread_is_of_rounds_beside_each_other():
    """A round is compared with the plain kernel's of the same round."""
    figures = measured(plain=[[1.0, 1.0], [2.0, 2.0]], prodkit=[[1.0, 1.2], [2.0, 2.0]])
    assert figures.spread("prodkit") == pytest.approx((1.0, 1.1))


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_workloads_are_python(workload):
    """Every cell parses."""
    for source in (*workload.before, *workload.cells):
        ast.parse(source)


def test_the_page_to_check_runs_and_is_a_notebook():
    """Its cells run top-down, whatever its size."""
    sources = list(page(100))
    names: dict[str, object] = {"print": lambda *_: None}
    for source in sources:
        exec(source, names)
    cells = document(sources, [""] * 100)["cells"]
    assert [cell["source"] for cell in cells] == sources


def test_without_a_corpus_our_own_notebook_is_measured(tmp_path):
    """The benchmark says something before the corpus is made."""
    (only,) = notebooks(tmp_path, None)
    assert "demo" in only.name
    assert not any(source.startswith("%prod") for source in only.cells)


def test_tables_go_between_their_marks(tmp_path, monkeypatch):
    """Nothing else on the page of benchmarks changes, and a second time replaces the first."""
    monkeypatch.setattr(checkout, "ROOT", tmp_path)
    page_file = tmp_path / "docs" / "benchmarks.md"
    page_file.parent.mkdir()
    page_file.write_text("above\n<!-- begin x -->\nold\n<!-- end x -->\nbelow\n")
    for table in ("## A\n\n| 1 |\n", "## B\n"):
        checkout.write_docs("x", table)
    assert page_file.read_text() == "above\n<!-- begin x -->\n### B\n<!-- end x -->\nbelow\n"
