"""The copy in which a replay takes place."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import pytest
from trying import folder_state

from jupyter_prodkit.check.replay.folder import Limits, working_copy
from jupyter_prodkit.check.replay.links import detach
from jupyter_prodkit.release import ProjectFolder, ReleaseRecord


@pytest.fixture
def project(tmp_path):
    """A project: notebooks beside data, as people lay them out."""
    root = tmp_path / "home" / "project"
    own = root / "notebooks"
    for folder in (
        own / "deep" / "deeper",
        own / ".hg",
        own / "env",
        own / "__pycache__",
        own / "page-prod",
        root / "data",
    ):
        folder.mkdir(parents=True)
        (folder / "file").write_text(folder.name)
    (own / "env" / "pyvenv.cfg").touch()
    (own / "page.ipynb").write_text("{}")
    (own / "large").write_bytes(b"x" * 5000)
    (own / "inward").symlink_to("deep/file")
    (own / "outward").symlink_to("../data")
    (own / "dangling").symlink_to("/no/such/file")
    os.mkfifo(own / "pipe")
    return own


def test_a_copy_holds_what_the_cells_read(project):
    """Files and folders are copied, links lead where they led."""
    with working_copy(project, notebook=project / "page.ipynb") as copy:
        there = copy.folder
        assert {path.name for path in there.iterdir()} == {
            "page.ipynb", "large", "deep", "inward", "outward", "dangling",
        }  # fmt: skip
        assert (there / "deep" / "deeper" / "file").read_text() == "deeper"
        assert not (there / "large").is_symlink()
        assert (there / "inward").resolve() == there / "deep" / "file"
        assert (there / "outward" / "file").read_text() == "data"
        assert (there / ".." / "data" / "file").read_text() == "data"
        assert (there / "large").stat().st_mtime_ns == (project / "large").stat().st_mtime_ns
        assert copy.original_top / there.relative_to(copy.top) == project
    assert not copy.top.exists()
    assert not copy.temporary.exists()


@pytest.mark.parametrize(
    ("limits", "linked"),
    [
        (Limits(bytes_of_a_file=4000), {"large"}),
        (Limits(bytes=3000), {"large"}),
        (Limits(bytes=0), {"large", "page.ipynb", "deep"}),
        (Limits(files=0), {"large", "page.ipynb", "deep"}),
        (Limits(files=1), {"page.ipynb"}),
    ],
)
def test_what_is_too_large_is_linked(project, limits, linked):
    """Everything can still be read, and what lies nearest is copied first."""
    with working_copy(project, notebook=project / "page.ipynb", limits=limits) as copy:
        found = {path.name for path in copy.folder.iterdir() if path.is_symlink()} - {"inward", "outward", "dangling"}
        assert found == linked or (limits.files == 1 and "deep" in found)
        assert len((copy.folder / "large").read_bytes()) == 5000
        assert (copy.folder / "deep" / "deeper" / "file").read_text() == "deeper"


def test_the_notebooks_own_project_folder_is_not_copied_whatever_its_name(project):
    """Wherever `--output` put it, even around the notebook; what other notebooks left may be read."""
    notebook = project / "page.ipynb"
    for name, of in (("ours", "page.ipynb"), ("deep/ours", "page.ipynb"), ("theirs", "other.ipynb"), ("deep", None)):
        (project / name / "lock").mkdir(parents=True)
        (project / name / "release.json").write_text("{}")  # of anybody, and no record of ours
        if of is not None:
            ProjectFolder(project / name).write_record(ReleaseRecord(notebook=of))
    (project / "lock").mkdir()

    def copied():
        with working_copy(project, notebook=notebook) as copy:
            return {str(path.relative_to(copy.folder)) for path in copy.folder.rglob("*") if path.is_dir()}

    folders = {"deep", "deep/deeper", "deep/lock", "lock", "outward", "theirs", "theirs/lock"}
    assert copied() == folders
    ProjectFolder(project).write_record(ReleaseRecord(notebook="page.ipynb"))
    assert copied() == folders - {"lock"}


def test_the_copy_is_gone_whatever_happens(project):
    """An error passes through; folders that can't be entered are no obstacle."""
    with pytest.raises(KeyboardInterrupt), working_copy(project) as copy:
        (copy.folder / "closed").mkdir()
        (copy.folder / "closed" / "file").touch()
        (copy.folder / "closed").chmod(0)
        raise KeyboardInterrupt
    assert not copy.top.exists()


def test_what_a_killed_process_left_is_swept(project):
    """A day later the next replay takes it away; what may be in use stays."""
    old, new = (Path(tempfile.mkdtemp(prefix="prodkit-replay-")) for _ in range(2))
    os.utime(old, (time.time() - 48 * 3600,) * 2)
    with working_copy(project):
        pass
    assert not old.exists()
    assert new.exists()
    new.rmdir()


@pytest.mark.parametrize("repository", [0, 1])
def test_nothing_above_the_project_is_reached(project, repository):
    """Above a repository, or a home, is nothing of the notebook's."""
    (project.parents[repository] / ".git").mkdir(exist_ok=True)
    with working_copy(project) as copy:
        assert copy.original_top == (project if (project / ".git").exists() else project.parents[repository])


def test_a_folder_that_is_not_there_is_empty(tmp_path):
    """A page may never have been saved."""
    with working_copy(tmp_path / "gone") as copy:
        assert not list(copy.folder.iterdir())


def test_linked_folders_become_ones_own_before_they_are_written(project):
    """Only what lies on the way is copied, and what is linked stays as it is."""
    before = folder_state(project.parent)
    with working_copy(project) as copy:
        top, data = str(copy.top), copy.folder.parent / "data"
        assert data.is_symlink()
        detach(f"{copy.folder}/../data/new", top, content=True)
        assert not data.is_symlink()
        (data / "new").write_text("1")
        assert (data / "file").is_symlink()
        detach(str(data / "file"), top, content=True)
        (data / "file").write_text("other")
        detach("/etc/passwd", top, content=True)
        detach(top, top, content=True)
        detach(f"{top}/..", top, content=True)
    assert folder_state(project.parent) == before
