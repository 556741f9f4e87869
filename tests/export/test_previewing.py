"""What an export would write is shown before anything is written, as a tree and a diff."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from jupyter_prodkit.export.previewing import ExportPreview, PreviewedFile
from jupyter_prodkit.faces.cli import main
from jupyter_prodkit.faces.package_preview import folded_html, preview_html, preview_lines
from jupyter_prodkit.release import ProjectFolder

CELLS = ("#| parameters\nLIMIT = 3", "#| export\ndef features(rows):\n    return rows[rows > LIMIT]", "B = 5")
CORE = "src/flowers/core.py"


@pytest.fixture
def path(project: ProjectFolder) -> Path:
    return write(project, *CELLS)


def write(project: ProjectFolder, *cells: str) -> Path:
    path = project.path.parent / "flowers.ipynb"
    nodes = [nbformat.v4.new_code_cell(cell, id=f"c{number}") for number, cell in enumerate(cells)]
    nbformat.write(nbformat.v4.new_notebook(cells=nodes), path)
    return path


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def row(said: str, name: str) -> str:
    """The line of the tree that is a file's."""
    found = re.search(rf"^ +(\S) +{re.escape(name)} +(.*)$", said, re.MULTILINE)
    assert found is not None, said
    return f"{found[1]} {found[2]}"


def test_each_file_is_shown_as_new_changed_kept_or_removed(
    project: ProjectFolder, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`prodkit export --preview` shows the tree and the diff, with what comes along, and writes nothing."""
    export = ["export", str(path), "--no-verify", "--force", "--quiet"]
    assert main([*export, "--preview"]) == 0
    assert row(capsys.readouterr().out, "core.py").startswith("+ new, ")
    assert not project.package.exists()
    assert main(export) == 0
    capsys.readouterr()

    (project.package / "notes.md").write_text("Mine.\n")
    readme = project.package / "README.md"
    readme.write_text(readme.read_text() + "\nMine, too.\n")
    write(project, CELLS[0].replace("parameters\nLIMIT = 3", "export\nLIMIT = 4"), CELLS[1], CELLS[2], "#| export\ndef g():\n    return B")
    before = content(project.path)
    assert main([*export, "--preview"]) == 0
    said = capsys.readouterr().out
    assert content(project.path) == before
    assert "Nothing was written. Exporting flowers would give " in said
    assert row(said, "core.py").startswith("~ changed, +")
    assert row(said, "notes.md") == "= kept, yours"
    assert row(said, "README.md").endswith("with your edits")
    assert row(said, "py.typed") == "= kept"
    assert row(said, "serving/") == "= kept"
    assert "comes along, though nobody marked it:\n    cell 3: B = 5" in said
    assert f"--- {CORE} (as it stands)\n+++ {CORE} (exported)" in said
    assert "+    return B" in said


def test_before_it_is_written_it_is_shown(
    project: ProjectFolder, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A plain export tells beside its answer what changes; a script that wants JSON hears nothing of it."""
    assert main(["export", str(path), "--no-verify", "--force"]) == 0
    said = capsys.readouterr()
    assert "To be written: " in said.err
    assert "Exported flowers 0.1.0" in said.out
    write(project, CELLS[0], CELLS[1].replace(">", "<"))
    assert main(["export", str(path), "--no-verify", "--json"]) == 0
    assert capsys.readouterr().err == ""


def test_a_conflict_and_what_only_the_proof_tells_have_words_of_their_own(
    project: ProjectFolder, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A preview of what can't be written says so and why; golden tests are not said to be removed."""
    export = ["export", str(path), "--force", "--quiet"]
    assert main([*export, "--no-verify"]) == 0
    core = project.package / CORE
    core.write_text(core.read_text().replace("rows[rows >", "rows[rows >="))
    (project.package / ".exported" / "tests" / "golden.json").write_text("{}\n")
    (project.package / "tests" / "golden.json").write_text("{}\n")
    write(project, CELLS[0], CELLS[1].replace(">", "<"))
    assert main([*export, "--preview"]) == 0
    said = capsys.readouterr().out
    assert row(said, "core.py").startswith("! conflict: the same lines")
    assert row(said, "golden.json") == "? by the proof"
    assert f"The export would stop: the same lines were changed by hand and in the notebook, in {CORE}." in said


def test_what_a_file_holds_can_put_no_markup_into_the_page() -> None:
    """Names and diffs are escaped; each state has a sign and a word, and each diff can be reached by keyboard."""
    files = (
        PreviewedFile(path="src/<b>.py", change="changed", added=1, removed=1, diff="--- a\n+++ b\n@@\n-<i>\n+<u>"),
        PreviewedFile(path="x.py", change="removed"),
    )
    shown = folded_html(ExportPreview(package="a", files=files, taken=("cell 1: x < y",)))
    assert not re.search(r"<[biu]>", shown)
    assert "x &lt; y" in shown
    assert shown.count("<details>") == 2
    assert 'tabindex="0"' in shown
    assert "To be written: 1 changed, 1 removed." in shown
    assert re.search(r">~</span>.*changed, \+1 −1", preview_html(ExportPreview(package="a", files=files)))
    assert "  - x.py      removed" in preview_lines(ExportPreview(package="a", files=files))
