"""Edits in the package go home: verbatim definitions into the notebook's file, everything else as a diff."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

from jupyter_prodkit.errors import ExportError
from jupyter_prodkit.export.step import EXPORT, ExportOptions
from jupyter_prodkit.notebook.document import Notebook, read_notebook
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.release import ProjectFolder
from jupyter_prodkit.step import Inputs, Result, perform

CELLS = (
    "LIMIT = 3\nprint('größe')",
    "#| export\ndef clip(x):\n    # small ones only\n    return min(x, 5)\n\n\ndef same(x):\n    return x",
    "#| export\ndef say(x):\n    print(x)",
)
Run = Callable[..., Result]


@pytest.fixture
def path(project: ProjectFolder) -> Path:
    path = project.path.parent / "flowers.ipynb"
    cells = [nbformat.v4.new_code_cell(cell, id=f"c{number}") for number, cell in enumerate(CELLS)]
    cells.insert(1, nbformat.v4.new_markdown_cell("# Title", id="m"))
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kept": True}), path)
    return path


@pytest.fixture
def run(project: ProjectFolder, path: Path) -> Run:
    def run(notebook: Notebook | None = None, **given: bool) -> Result:
        page = notebook or read_notebook(path)
        inputs = Inputs(page, project, project.read_record(path))
        options = ExportOptions(force=True, verify=False, **given)
        return perform(EXPORT, EXPORT.plan(inputs, options), inputs, options, Progress())

    return run


@pytest.fixture
def core(run: Run, project: ProjectFolder) -> Path:
    run()
    return project.package / "src" / "flowers" / "core.py"


def edit(core: Path, old: str, new: str) -> None:
    assert old in core.read_text("utf-8")
    core.write_text(core.read_text("utf-8").replace(old, new), encoding="utf-8")


def test_each_piece_of_code_names_its_cell(core: Path) -> None:
    """Whoever reads the module finds the cell, by its id in the notebook's file."""
    assert "# cell: c1\ndef clip(x):" in core.read_text()


def test_an_edit_of_a_verbatim_definition_goes_home(run: Run, core: Path, path: Path) -> None:
    """The cell gets the edit, comments and all; not another byte of the notebook's file changes."""
    before = path.read_text("utf-8")
    edit(core, "return min(x, 5)", "return min(x, 6)  # six")
    result = run(update_notebook=True)
    assert result.summary == "Took the edits of 1 cell back into flowers.ipynb."
    assert path.read_text("utf-8") == before.replace("return min(x, 5)", "return min(x, 6)  # six")
    assert run(check=True).exit_code == 1
    run()
    assert run(check=True).exit_code == 0


def test_the_plan_shows_the_diff_and_asks(run: Run, core: Path, path: Path, project: ProjectFolder) -> None:
    """Nothing is written to a notebook before the user has seen what."""
    edit(core, "return min(x, 5)", "return min(x, 6)")
    inputs = Inputs(read_notebook(path), project, project.read_record(path))
    plan = EXPORT.plan(inputs, ExportOptions(update_notebook=True))
    assert plan.question == "Write 1 changed cell to flowers.ipynb?"
    assert any("-    return min(x, 5)\n+    return min(x, 6)" in detail for detail in plan.details)


def test_rewritten_code_is_shown_and_not_taken_over(run: Run, core: Path, path: Path) -> None:
    """What the export rewrote (`print` became logging) can't go home by itself: the user gets the diff."""
    before = path.read_bytes()
    edit(core, 'logger.info("%s", x)', 'logger.info("got %s", x)')
    result = run(update_notebook=True)
    assert path.read_bytes() == before
    assert result.exit_code == 1
    assert [fact.value for fact in result.facts if fact.label == "by hand"] == [
        "`say`: the export rewrote it, so carry the edit over yourself"
    ]
    assert any("got %s" in fact.value for fact in result.facts)


def test_an_open_notebook_is_left_alone(run: Run, core: Path, path: Path) -> None:
    """What is on screen would overwrite the file: the user is told to close it."""
    edit(core, "return min(x, 5)", "return min(x, 6)")
    before = path.read_bytes()
    with pytest.raises(ExportError, match="is open"):
        run(replace(read_notebook(path), from_file=False), update_notebook=True)
    assert path.read_bytes() == before


def test_a_notebook_that_changed_meanwhile_is_left_alone(run: Run, core: Path, path: Path) -> None:
    """A cell that is no longer what was read is not overwritten."""
    edit(core, "return min(x, 5)", "return min(x, 6)")
    page = read_notebook(path)
    document = json.loads(path.read_text("utf-8"))
    document["cells"][2]["source"] = "x = 1"
    path.write_text(json.dumps(document))
    with pytest.raises(ExportError, match="changed on disk"):
        run(page, update_notebook=True)
    assert json.loads(path.read_text())["cells"][2]["source"] == "x = 1"
    document["cells"].append(document["cells"][2])
    path.write_text(json.dumps(document))
    with pytest.raises(ExportError, match="changed on disk"):
        run(page, update_notebook=True)
