"""Package and notebook say when they have drifted apart, and on which side."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from pages import page, write_lock

from jupyter_prodkit.check.step import CHECK, CheckOptions
from jupyter_prodkit.export.step import EXPORT, ExportOptions
from jupyter_prodkit.faces.journey import carry_out, gather, step_states
from jupyter_prodkit.faces.protocol import StepDrift
from jupyter_prodkit.notebook.document import Notebook, read_notebook
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.release import ProjectFolder
from jupyter_prodkit.step import Result

CELLS = ("#| parameters\nLIMIT = 3", "BASE = 2", "#| export\ndef f(x):\n    return x + BASE", "print(f(1))")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> ProjectFolder:
    folder = tmp_path_factory.mktemp("drift")
    project = ProjectFolder(folder / "flowers-prod")
    write_lock(project.lock)
    run(project, notebook(project, *CELLS), with_needed=True, force=True)
    return project


def notebook(project: ProjectFolder, *cells: str) -> Notebook:
    return replace(page(*cells), path=project.path.parent / "flowers.ipynb")


def run(project: ProjectFolder, shown: Notebook, **given: bool) -> Result:
    options = ExportOptions(verify=False, **given)
    return carry_out(EXPORT, gather(shown, options, None), options, Progress())


def drift(project: ProjectFolder, *cells: str) -> StepDrift | None:
    """What the panel is told of the export, with the page as it is now."""
    states = {state.name: state for state in step_states(notebook(project, *cells))}
    return states["export"].drift


def changed(place: int, source: str) -> tuple[str, ...]:
    return (*CELLS[:place], source, *CELLS[place + 1 :])


def test_the_side_that_has_changed_is_named(exported: ProjectFolder) -> None:
    """Cells, files, or both; what the package is not made of, comments, and files that only were touched don't count."""
    core = exported.package / "src/flowers/core.py"
    before = core.read_text()
    assert drift(exported, *CELLS) is None
    assert drift(exported, *changed(3, "print(f(2))")) is None
    assert drift(exported, *changed(1, "BASE = 2  # two")) is None
    core.touch()
    assert drift(exported, *CELLS) is None
    assert drift(exported, *changed(1, "BASE = 3")) == StepDrift(cells=("cell 2",), files=())
    assert drift(exported, *changed(0, "LIMIT = 3")) == StepDrift(cells=("cell 1",), files=())
    assert drift(exported, *CELLS, "#| export\nG = 1") == StepDrift(cells=("cell 5",), files=())
    core.write_text(before.replace("return x", "return 1 + x"))
    assert drift(exported, *CELLS) == StepDrift(cells=(), files=("src/flowers/core.py",))
    both = drift(exported, *changed(1, "BASE = 3"))
    assert both == StepDrift(cells=("cell 2",), files=("src/flowers/core.py",))
    core.write_text(before)
    assert drift(exported, *CELLS) is None


def test_check_and_export_say_so_too(exported: ProjectFolder) -> None:
    """`%prodcheck` has a line of it, `--check` names the side, and the next export says what it has put right."""
    shown = notebook(exported, *changed(1, "BASE = 3"))
    told = "Package and notebook have drifted apart: cell 2 has changed"
    options = CheckOptions()
    checked = carry_out(CHECK, gather(shown, options, None), options, Progress())
    assert [line for line in checked.warnings if line.startswith(told)]
    assert run(exported, shown, check=True).summary == f"{told}."
    again = run(exported, shown, with_needed=True, force=True)
    assert [fact.value for fact in again.facts if fact.label == "before"] == [
        "package and notebook had drifted apart: cell 2 has changed"
    ]
    assert run(exported, shown, check=True).exit_code == 0


def test_a_steps_code_names_the_cell_that_is_marked(tmp_path: Path) -> None:
    """Not one that only comes along, above it; a change of either is drift, and no edit lands in a wrong cell."""
    project = ProjectFolder(tmp_path / "flowers-prod")
    write_lock(project.lock)
    cells = ("low = input()", "#| step load\nrows = [1]", "#| step train\nbest = max(rows) + int(low)")
    run(project, notebook(project, *cells), with_needed=True, force=True)
    steps = project.package / "src/flowers/steps.py"
    text = steps.read_text()
    assert "# cell: c1\ndef load(" in text
    assert "# cell: c2\ndef train(" in text
    assert '(cells 1 and 3 of the notebook)."""\n    low = input()' in text
    assert drift(project, *cells) is None
    assert drift(project, "low = '1'", *cells[1:]) == StepDrift(cells=("cell 1",), files=())
    assert drift(project, *cells[:2], f"{cells[2]} + 1") == StepDrift(cells=("cell 3",), files=())
    steps.write_text(text.replace("max(rows)", "min(rows)"))
    path = tmp_path / "flowers.ipynb"
    made = [nbformat.v4.new_code_cell(cell, id=f"c{number}") for number, cell in enumerate(cells)]
    nbformat.write(nbformat.v4.new_notebook(cells=made), path)
    home = run(project, read_notebook(path), update_notebook=True)
    assert [cell.source for cell in read_notebook(path).cells] == [*cells]
    assert [fact.value.partition(":")[0] for fact in home.facts if fact.label == "by hand"] == ["`train`"]
    assert home.summary == "Took the edits of 0 cells back into flowers.ipynb."
