"""The lock says which data the exported code read, and both checks tell when that is not the data any more."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from pages import page, write_lock

from jupyter_prodkit.errors import ExportError, LockError
from jupyter_prodkit.export.step import EXPORT, ExportOptions
from jupyter_prodkit.files import file_digest
from jupyter_prodkit.lock.locked_data import ComparedData, compare_data
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.release import ProjectFolder
from jupyter_prodkit.step import Inputs, Result, perform

READS = "#| step load\nrows = open('data/rows.csv').read()\nmore = open('../shared.csv').read()"
NAMES = ["../shared.csv", "data/rows.csv"]


class Work:
    """A notebook's folder, with data in it and beside it."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "work"
        (self.home / "data").mkdir(parents=True)
        self.rows = self.home / "data" / "rows.csv"
        self.rows.write_text("a\n1\n")
        (folder / "shared.csv").write_text("b\n")
        self.project = ProjectFolder.of(self.home / "flowers.ipynb")
        write_lock(self.project.lock)

    @property
    def lock(self) -> Path:
        return self.project.lock / "data.json"

    def export(self, *cells: str, **given: Any) -> Result:
        notebook = replace(page(*(cells or (READS,))), path=self.home / "flowers.ipynb")
        inputs = Inputs(notebook, self.project, self.project.read_record(notebook.path))
        options = ExportOptions(**{"force": True, "verify": False, **given})
        return perform(EXPORT, EXPORT.plan(inputs, options), inputs, options, Progress())

    def compared(self) -> ComparedData:
        return compare_data(self.project, self.project.read_record(Path("flowers.ipynb")), self.home)


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    """A folder in which the notebook was exported, and the lock as it was before."""
    folder = tmp_path_factory.mktemp("made")
    work = Work(folder)
    before = content(work.project.lock)
    work.export()
    return folder, before


@pytest.fixture
def work(made: tuple[Path, dict[str, bytes]], tmp_path: Path) -> Work:
    """The same elsewhere, for each test its own."""
    work = Work(tmp_path / "copy")
    shutil.rmtree(tmp_path / "copy")
    shutil.copytree(made[0], tmp_path / "copy")
    return work


def test_the_revision_goes_into_the_lock(work: Work, made: tuple[Path, dict[str, bytes]]) -> None:
    """One revision stands in lock, settings and release record; nothing else of the lock is touched."""
    kept = json.loads(work.lock.read_text())
    assert [one["path"] for one in kept["files"]] == NAMES
    assert kept["files"][1] == {"path": "data/rows.csv", "size": 4, "sha256": file_digest(work.rows)}
    facts = work.project.read_record(Path("flowers.ipynb")).steps["export"].facts
    settings = yaml.safe_load((work.project.package / "config.yaml").read_text())
    assert kept["revision"] == facts["data_revision"] == settings["data_revision"]
    assert facts["data_lock_digest"] == file_digest(work.lock)
    assert {name: text for name, text in content(work.project.lock).items() if name != "data.json"} == made[1]


def test_the_lock_is_the_same_wherever_the_folder_lies(work: Work, made: tuple[Path, dict[str, bytes]]) -> None:
    """An export elsewhere gives the same bytes: no place of a machine stands in them."""
    before = work.lock.read_bytes()
    work.lock.unlink()
    work.export()
    assert work.lock.read_bytes() == before
    elsewhere = made[0] / "shared.csv"
    work.export(f"#| step load\nrows = open({str(elsewhere)!r}).read()")
    assert str(elsewhere.parent) not in work.lock.read_text()
    (kept,) = json.loads(work.lock.read_text())["files"]
    assert kept == {"path": "shared.csv", "size": 2, "sha256": file_digest(elsewhere), "elsewhere": True}
    assert work.compared() == ComparedData(absent=("shared.csv",))


def test_code_that_reads_nothing_any_more_leaves_no_data_in_the_lock(work: Work) -> None:
    """What is no longer read is no longer locked, and no longer expected."""
    work.export("#| step load\nrows = 1")
    assert not work.lock.exists()
    assert work.compared() == ComparedData()


def test_an_export_that_fails_leaves_the_lock_alone(work: Work) -> None:
    """Lock and package change together or not at all."""
    before = content(work.project.path)
    work.rows.write_text("a\n2\n")
    with pytest.raises(ExportError, match="can't be imported"):
        work.export(READS, "#| export\nimport json\nclass A(json.Missing): ...")
    assert content(work.project.path) == before


def test_the_exports_check_names_the_data_that_has_changed(work: Work) -> None:
    """CI learns which file is another, or gone, and which one is new."""
    assert work.export(check=True).exit_code == 0
    work.rows.write_text("a\n2\n")
    (work.home.parent / "shared.csv").unlink()
    (work.home / "new.csv").write_text("c\n")
    checked = work.export(READS, "#| step more\nnew = open('new.csv').read()", check=True)
    assert [one.value for one in checked.facts if one.label == "data"] == [
        "../shared.csv is in the lock, and not here or not read any more",
        "data/rows.csv is not the file that the lock has",
        "new.csv is not in the lock",
    ]
    assert checked.exit_code == 1


def test_the_locks_check_compares_what_is_here(work: Work) -> None:
    """Other content is a reason, here and in the package; a file that is not here is none, as CI often has no data."""
    assert work.compared() == ComparedData(same=2)
    (work.project.package / "data").mkdir()
    (work.project.package / "data" / "rows.csv").write_text("pulled\n")
    work.rows.write_text("a\n2\n")
    assert work.compared().reasons == (
        "data/rows.csv here is not the file that the lock has: bring it back, or export again.",
        "data/rows.csv in the package is not the file that the lock has: `dvc pull` there, or export again.",
    )
    shutil.rmtree(work.project.package / "data")
    work.rows.unlink()
    assert work.compared() == ComparedData(same=1, absent=("data/rows.csv",))


def test_a_lock_that_tells_of_other_data_than_the_package_is_found_out(work: Work) -> None:
    """Edited, from another export, deleted, unreadable: each is said, with what to do."""
    kept = work.lock.read_text()
    work.lock.write_text(kept.replace('"size": 4', '"size": 5'))
    assert work.compared().reasons[0] == "data.json is not as the export wrote it: export again."
    work.lock.unlink()
    assert work.compared().reasons == ("data.json is missing from the lock: export again.",)
    for text, says in ((kept[:-9], "can't be read"), (kept.replace('"format": 1', '"format": 9'), "has format 9")):
        work.lock.write_text(text)
        with pytest.raises(LockError, match=says) as raised:
            work.compared()
        assert "Export again" in raised.value.hint
