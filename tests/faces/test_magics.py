"""The magics in a real kernel."""

from __future__ import annotations

import json

import pytest

from jupyter_prodkit.check.report import Report
from jupyter_prodkit.errors import CancelledError
from jupyter_prodkit.progress import Progress

pytestmark = pytest.mark.kernel

LOAD, DOUBLE, SHOW = "numbers = [1, 2]", "numbers = numbers + numbers", "print(len(numbers))"


def test_installing_is_enough_to_be_tracked(kernel):
    """After pip install, a new kernel has the magics without `%load_ext`."""
    assert kernel.run("print('prodcheck' in get_ipython().magics_manager.magics['line'])").success
    assert kernel.printed.strip() == "True"


def test_loading_it_again_changes_nothing(kernel, notebook):
    """`%load_ext jupyter_prodkit` in the notebook loses nothing of what was recorded."""
    notebook(a=LOAD, b=SHOW)
    kernel.run(LOAD, "a")
    kernel.run("%load_ext jupyter_prodkit")
    kernel.run(SHOW, "b")
    kernel.run("%prodcheck")
    assert "Reproducible" in kernel.text


def test_a_cell_run_twice_is_found_with_its_evidence(kernel, notebook):
    """`%prodcheck` names the cell, says why, with both values, and which cells to run again."""
    notebook(a=LOAD, b=DOUBLE, c=SHOW)
    for cell_id, code in (("a", LOAD), ("b", DOUBLE), ("b", DOUBLE), ("c", SHOW)):
        kernel.run(code, cell_id)
    assert kernel.run("%prodcheck").success
    assert "cell 2" in kernel.text
    assert "hidden-state/run-twice" in kernel.text
    assert "a list of 8; a clean run gives a list of 4" in kernel.text
    assert "Run again, in this order: cell 1, cell 2, cell 3" in kernel.text
    assert "<script" not in kernel.shown[-1]["text/html"]


def test_the_json_report_is_the_contract(kernel, notebook):
    """`--json` prints one report of version 1 and nothing else."""
    import msgspec

    notebook(a=LOAD, b=SHOW)
    kernel.run(LOAD, "a")
    kernel.run("%prodcheck --json")
    report = msgspec.json.decode(kernel.printed, type=Report)
    assert report.version == 1
    assert [(cell.cell_id, cell.state) for cell in report.cells] == [("a", "reproduced"), ("b", "never run")]
    assert set(json.loads(kernel.printed)) == {
        "version", "notebook", "verdict", "cells", "findings", "orphans", "plan",
    }  # fmt: skip


def test_what_a_notebook_says_is_shown_as_text(kernel, notebook):
    """A name or a path in the notebook can't put markup into the page."""
    source = 'open("/home/<img src=x>/a.csv")'
    notebook(a=source)
    kernel.run(source, "a")
    kernel.run("%prodcheck")
    assert "<img" not in kernel.shown[-1]["text/html"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("%prodcheck --nonsense", "unrecognized arguments: --nonsense"),
        ("%prodcheck --fail-on loudly", "invalid choice: 'loudly'"),
        ("%prodpush", "the following arguments are required: MODEL"),
        ("%prodcheck --notebook 'half", "No closing quotation"),
        ("%prodcheck --notebook nowhere.ipynb", "There is no notebook"),
        ("%prodlock", "There is nothing to lock"),
        ("%prodexport", "No cell of work.ipynb is marked `export`"),
        ("%prodpush model", "There is no package to serve the model with"),
        ("%prodbuild", "%prodlock"),
        ("%prodserve", "There is no released model to serve"),
        ("%prodserve --port 99999", "99999 is not a port"),
    ],
)
def test_a_users_mistake_gets_one_clear_error_and_no_traceback(kernel, notebook, line, says):
    """The cell fails with a message and a hint, and nothing is written beside the notebook."""
    notebook(a=LOAD)
    kernel.run(LOAD, "a")
    assert not kernel.run(line).success
    said = "\n".join(kernel.traceback)
    assert says in said
    assert "Traceback" not in said
    assert "File " not in said
    assert sorted(path.name for path in kernel.folder.glob("[!.]*")) == ["work.ipynb"]


def test_help_is_an_answer_and_no_error(kernel, notebook):
    """`--help` prints the options, and the cell succeeds."""
    notebook(a=LOAD)
    assert kernel.run("%prodlock --help").success
    assert "--output" in kernel.printed


def test_a_broken_notebook_is_named(kernel):
    """A file that is not JSON is told as such."""
    (kernel.folder / "work.ipynb").write_text("<<<<<<< HEAD")
    assert not kernel.run("%prodcheck").success
    assert "is not a notebook: its content is not JSON" in "\n".join(kernel.traceback)


def test_the_progress_is_a_widget_that_leaves_nothing_behind(kernel, notebook):
    """While a step runs a widget shows it, with text for front ends without widgets; a saved notebook keeps neither."""
    notebook(a="import six")
    kernel.run("import six", "a")
    assert kernel.run("%prodlock").success
    first = next(m["content"]["data"] for m in kernel.messages if m["msg_type"] == "display_data")
    assert "application/vnd.jupyter.widget-view+json" in first
    assert first["text/plain"].startswith("Lock")
    assert not any("application/vnd.jupyter.widget-view+json" in data for data in kernel.shown)
    assert "Locked 1 distribution" in kernel.text
    assert "six" in (kernel.folder / "work-prod" / "lock" / "requirements.lock").read_text()


def test_interrupting_a_step_changes_nothing_and_says_so(kernel, notebook):
    """Kernel > Interrupt ends a long step cleanly: no traceback, no half-written folder, and the kernel goes on."""
    notebook(a="import pandas")
    kernel.run("import pandas", "a")
    progress = Progress()

    def listen(message):
        kernel.messages.append(message)
        if message["msg_type"] == "update_display_data":
            progress.cancel()

    kernel.messages = []
    with pytest.raises(CancelledError):
        kernel._driver.execute("%prodlock", progress, listen=listen)
    said = "\n".join(kernel.traceback)
    assert "Lock was interrupted" in said
    assert "Traceback" not in said
    assert not list(kernel.folder.glob("work-prod/*lock*"))
    assert kernel.run("1 + 1").success


def test_our_own_cells_are_no_part_of_the_notebook(kernel, notebook):
    """A cell of only our magics is neither judged nor counted."""
    notebook(a=LOAD, check="%prodcheck", b=SHOW)
    kernel.run(LOAD, "a")
    kernel.run("%prodcheck", "check")
    kernel.run(SHOW, "b")
    kernel.run("%prodcheck --json", "check")
    report = json.loads(kernel.printed)
    assert [cell["cell_id"] for cell in report["cells"]] == ["a", "b"]
    assert report["verdict"] == "reproducible"


def test_a_check_needs_no_folder_to_write_to(kernel, notebook):
    """Where the project folder is not ours, the verdict is given all the same, with a word on the record."""
    notebook(a=LOAD)
    (kernel.folder / "work-prod").mkdir()
    (kernel.folder / "work-prod" / "thesis.txt").write_text("years of work")
    kernel.run(LOAD, "a")
    assert kernel.run("%prodcheck").success
    assert "Reproducible" in kernel.text
    assert "Not entered into the release record" in kernel.text
    assert [path.name for path in (kernel.folder / "work-prod").iterdir()] == ["thesis.txt"]
