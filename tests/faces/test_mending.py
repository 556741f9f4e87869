"""One-click fixes: what is offered for a finding, and the code that results."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_prodkit.check.check import check_file
from jupyter_prodkit.check.report import Finding, Report
from jupyter_prodkit.check.settings import Settings
from jupyter_prodkit.check.surroundings import Surroundings
from jupyter_prodkit.errors import UsageError
from jupyter_prodkit.faces.mending import edits, fixes_of
from jupyter_prodkit.faces.protocol import Mend, Page
from jupyter_prodkit.notebook.document import Cell, Notebook

FOLDER = Path("/home/me/work")


def page(*sources, first="code", tags=()):
    cells = tuple(
        Cell(f"c{place}", place, first if place == 0 else "code", source, tags if place == 0 else ())
        for place, source in enumerate(sources)
    )
    return Notebook(FOLDER / "work.ipynb", cells, from_file=False)


def found(notebook, rule):
    report = check_file(notebook, surroundings=Surroundings(), settings=Settings())
    finding = next(one for one in report.findings if one.rule == rule)
    return finding, report


def mended(notebook, finding, fix):
    asked = Mend(
        id=1,
        fix=fix,
        cell_id=finding.cell_id or "",
        names=finding.names,
        because=finding.because,
        page=Page(path="work.ipynb", cells=()),
    )
    return edits(asked, notebook)


SPLIT = "from sklearn.model_selection import train_test_split\n"


@pytest.mark.parametrize(
    ("source", "result"),
    [
        (SPLIT + "a, b = train_test_split(rows)", SPLIT + "a, b = train_test_split(rows, random_state=0)"),
        (SPLIT + "train_test_split(\n    rows,\n)", SPLIT + "train_test_split(\n    rows,\nrandom_state=0)"),
        (SPLIT + "'é'; train_test_split(rows)", SPLIT + "'é'; train_test_split(rows, random_state=0)"),
        ("import numpy as np\nr = np.random.default_rng()", "import numpy as np\nr = np.random.default_rng(0)"),
        ("import random\nx = random.random()", "import random\nrandom.seed(0)\nx = random.random()"),
        ("import numpy as np\nx = np.random.rand(3)", "import numpy as np\nnp.random.seed(0)\nx = np.random.rand(3)"),
        (
            "from random import choice\ny = choice([1])",
            "from random import choice\nimport random\nrandom.seed(0)\ny = choice([1])",
        ),
        ("import torch\nx = torch.rand(3)", "import torch\ntorch.manual_seed(0)\nx = torch.rand(3)"),
    ],
)
def test_a_seed_goes_where_the_finding_asks_for_it(source, result):
    """One click adds the seed and nothing else, and the finding is gone."""
    notebook = page(source)
    finding, report = found(notebook, "randomness/unseeded")
    offered = [fix for fix in fixes_of(report, notebook) if report.findings[fix.finding] == finding]
    assert [fix.kind for fix in offered] == ["seed", "ignore"]
    (edit,) = mended(notebook, finding, "seed")
    assert (edit.cell_id, edit.source, edit.is_new) == ("c0", result, False)
    again = check_file(page(edit.source), surroundings=Surroundings(), settings=Settings())
    assert not [one for one in again.findings if one.rule == "randomness/unseeded"]


@pytest.mark.parametrize("source", ["%time import random; random.random()", SPLIT + "train_test_split(x # rows\n)"])
def test_code_that_can_t_be_edited_safely_is_left_to_its_author(source):
    """A magic's argument, or a last argument with a comment, gets no seed by itself; only `ignore` is offered."""
    notebook = page(source)
    finding = Finding(
        rule="randomness/unseeded",
        severity="warning",
        cell_id="c0",
        names=("train_test_split",),
        message="",
        because="NumPy’s unseeded stream",
    )
    report = Report(notebook="work.ipynb", verdict="unverified", cells=(), findings=(finding,))
    assert [fix.kind for fix in fixes_of(report, notebook)] == ["ignore"]


def test_a_path_is_lifted_into_a_new_cell_of_parameters():
    """Without such a cell one is made above the first code; the path becomes relative to the notebook."""
    notebook = page("# Title", "rows = open('/home/me/work/data/train.csv')", first="markdown")
    finding, _ = found(notebook, "paths/absolute")
    new, changed = mended(notebook, finding, "parameter")
    assert (new.source, new.is_new, new.below, new.tags) == ("train_path = 'data/train.csv'", True, "c0", ("parameters",))
    assert changed.source == "rows = open(train_path)"


def test_a_path_is_added_to_the_parameters_that_are_there_under_a_new_name():
    """An existing cell of parameters is used, and no name of the page is taken twice."""
    notebook = page("train_path = 'x.csv'", "rows = open('/home/you/train.csv', 'rb')", tags=("parameters",))
    finding, _ = found(notebook, "paths/absolute")
    home, changed = mended(notebook, finding, "parameter")
    assert (home.cell_id, home.is_new) == ("c0", False)
    assert home.source == "train_path = 'x.csv'\ntrain_path_2 = '/home/you/train.csv'"
    assert changed.source == "rows = open(train_path_2, 'rb')"


def test_a_fix_of_what_has_changed_since_is_refused():
    """Nothing is edited on a guess."""
    finding, _ = found(page("x = open('/home/you/train.csv')"), "paths/absolute")
    with pytest.raises(UsageError, match="no longer there"):
        mended(page("x = 1"), finding, "parameter")
    with pytest.raises(UsageError, match="no longer there"):
        mended(page("x = 1"), finding, "seed")


def test_hidden_state_can_t_be_ignored_away():
    """What must be run again is not offered to be ignored."""
    notebook = page("x = y", "y = 1")
    report = check_file(notebook, surroundings=Surroundings(), settings=Settings())
    assert report.findings
    assert fixes_of(report, notebook) == ()
