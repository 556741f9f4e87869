"""How the notebook is built."""

from __future__ import annotations

import pytest
from asking import page, rules_and_cells

from jupyter_prodkit.check.check import check_session
from jupyter_prodkit.session.record import Execution, Timeline

IMPORT = "from tensorflow import keras"


@pytest.mark.parametrize("line", ["%matplotlib inline", "!ls", "x = !ls", "get_ipython().run_line_magic('pwd', '')"])
@pytest.mark.parametrize("mark", ["#| export", "#| step features"])
def test_a_magic_in_a_cell_that_is_to_be_exported(mark, line):
    assert rules_and_cells(f"{mark}\n{line}\ndef f(): pass") == [("structure/magic-in-marked-cell", "c1")]


@pytest.mark.parametrize("source", ["%matplotlib inline", "#| export\ndef f(): return 5 % 3", "#| parameters\nA = 1"])
def test_a_magic_where_it_may_stand(source):
    assert rules_and_cells(source) == []


@pytest.mark.parametrize("line", ["#| export", "#| step train", "# | returns x", "#| hide\n#| parameters", "\n#| ignore"])
@pytest.mark.parametrize("magic", ["%%time", "%%time\n%%capture", "%%bash", "\n%%my_own --fast"])
def test_a_mark_where_none_is_read(magic, line):
    """Below `%%` a line that looks like one of our marks is said to be none, whatever the magic."""
    assert rules_and_cells(f"{magic}\n{line}\nf = 1") == [("structure/mark-below-magic", "c1")]


@pytest.mark.parametrize(
    "source",
    ["%%time\n#| echo: false\n#| eval: false\nx = 1", "%%time\nx = 1\n#| export", "%%writefile a.py\n#| export\nA = 1", "%%time"],
)
def test_lines_below_a_magic_that_are_other_tools_or_no_first_lines(source):
    assert rules_and_cells(source) == []


def late_imports(seconds, sources):
    notebook = page(*sources)
    runs = tuple(
        Execution(
            number=place, cell_id=cell.cell_id, source=cell.source, digest=cell.digest, count=place, success=True,
            seconds=seconds,
        )
        for place, cell in enumerate(notebook.cells, 1)
    )  # fmt: skip
    report = check_session(notebook, Timeline(runs, {}))
    return [(one.cell_id, one.names) for one in report.findings if one.rule == "structure/late-import"]


def test_an_import_after_minutes_of_computing():
    assert late_imports(50.0, ["x = 1", "y = 2", IMPORT]) == [("c3", ("tensorflow",))]


@pytest.mark.parametrize(
    ("seconds", "sources"),
    [
        (1.0, ["x = 1", "y = 2", IMPORT]),  # as tutorials do, where it reads best
        (50.0, [IMPORT, "x = 1", "y = 2", IMPORT]),
        (50.0, ["x = 1", "y = 2", "import json"]),
    ],
)
def test_an_import_that_costs_nothing_to_fail(seconds, sources):
    assert late_imports(seconds, sources) == []
