"""The project folder and its record: ours to write, never somebody else's, and free of credentials."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jupyter_prodkit.errors import ProjectError
from jupyter_prodkit.files import STAGING
from jupyter_prodkit.release import ProjectFolder, ReleaseRecord, StepRecord, clean_facts, without_credentials

DONE = StepRecord(done_at="2026-11-23T05:59:46+00:00", notebook_digest="d" * 64, summary="Done.", facts={"a": 1})


@pytest.fixture
def project(tmp_path: Path) -> ProjectFolder:
    return ProjectFolder.of(tmp_path / "flowers.ipynb")


def test_the_folder_stands_beside_the_notebook_unless_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --output everything goes to NAME-prod beside the notebook, wherever the user stands."""
    monkeypatch.chdir("/")
    assert ProjectFolder.of(tmp_path / "flowers.ipynb").path == tmp_path / "flowers-prod"
    assert ProjectFolder.of(tmp_path / "flowers.ipynb", str(tmp_path / "out")).path == tmp_path / "out"
    assert ProjectFolder.of(tmp_path / "flowers.ipynb", "~/out").path == Path.home() / "out"


def test_the_record_comes_back_as_it_was_written(project: ProjectFolder) -> None:
    """What a step did is found again; the other steps' records are kept."""
    assert project.read_record(Path("flowers.ipynb")).steps == {}
    record = ReleaseRecord(notebook="flowers.ipynb").with_step("lock", DONE)
    project.write_record(record)
    project.write_record(project.read_record(Path("flowers.ipynb")).with_step("export", DONE))
    found = project.read_record(Path("flowers.ipynb"))
    assert sorted(found.steps) == ["export", "lock"]
    assert found.fact("lock", "a") == 1
    assert found.fact("lock", "b") is None
    assert found.fact("push", "a") is None


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"{", "is not a release record"),
        (b"\xff\xfe", "is not a release record"),
        (b'{"steps": {}}', "is not a release record"),
        (b'{"version": 9, "notebook": "flowers.ipynb"}', "has version 9"),
        (b'{"version": 1, "notebook": "birds.ipynb"}', "is the project folder of birds.ipynb, not of flowers.ipynb"),
    ],
)
def test_a_record_that_is_not_ours_to_read_is_one_error(project: ProjectFolder, content: bytes, says: str) -> None:
    """A broken, newer or foreign release.json is said to be one, with a way out, and stays as it is."""
    project.path.mkdir()
    project.record_path.write_bytes(content)
    with pytest.raises(ProjectError, match=says) as caught:
        project.read_record(Path("flowers.ipynb"))
    assert caught.value.hint
    assert project.record_path.read_bytes() == content


def test_a_folder_of_the_users_is_left_alone(project: ProjectFolder) -> None:
    """A folder that holds something we did not make is only used with --force."""
    project.path.mkdir()
    project.claim(force=False)
    (project.path / "thesis.tex").write_text("mine")
    with pytest.raises(ProjectError, match="was not made by jupyter-prodkit") as caught:
        project.claim(force=False)
    assert "--force" in caught.value.hint
    project.claim(force=True)
    project.write_record(ReleaseRecord(notebook="flowers.ipynb"))
    project.claim(force=False)


def test_even_force_replaces_nothing_of_the_users(project: ProjectFolder) -> None:
    """--force never lets a step replace a folder that we did not make."""
    (project.path / "dist").mkdir(parents=True)
    (project.path / "package").mkdir()
    with pytest.raises(ProjectError, match="holds dist, package, which jupyter-prodkit did not make"):
        project.claim(force=True)


def test_what_a_killed_run_left_does_not_lock_the_user_out(project: ProjectFolder) -> None:
    """A first run that was killed leaves a half-written folder; the next run still counts the place as free."""
    (project.path / f"{STAGING}abc" / "lock").mkdir(parents=True)
    project.claim(force=False)
    project.lock.mkdir()
    (project.lock / "environment.json").write_text("{}")  # a lock that was written, but not recorded any more
    project.claim(force=False)
    (project.lock / "environment.json").unlink()
    with pytest.raises(ProjectError, match="was not made by jupyter-prodkit"):
        project.claim(force=False)


@pytest.mark.parametrize("where", ["out", "out/below"])
def test_a_file_is_no_folder(tmp_path: Path, where: str) -> None:
    """--output that names a file, or a place below one, is one error."""
    (tmp_path / "out").write_text("mine")
    for force in (False, True):
        with pytest.raises(ProjectError, match="can't be used as a project folder: Not a directory"):
            ProjectFolder(tmp_path / where).claim(force=force)


def test_a_link_to_a_folder_is_that_folder(tmp_path: Path) -> None:
    """The project folder may be a link to a larger disk."""
    (tmp_path / "large").mkdir()
    os.symlink(tmp_path / "large", tmp_path / "flowers-prod")
    project = ProjectFolder(tmp_path / "flowers-prod")
    project.claim(force=False)
    project.write_record(ReleaseRecord(notebook="flowers.ipynb"))
    assert (tmp_path / "large" / "release.json").exists()


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("http://me:hunter2@127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("at https://token@host/x and https://a:b@c/d.", "at https://host/x and https://c/d."),
        ("postgresql://me:p@ss@db/mlflow", "postgresql://db/mlflow"),
        ("https://host/upload?api_key=s3cret&page=2", "https://host/upload?api_key=…&page=2"),
        ("git+https://host/lib@0123abc", "git+https://host/lib@0123abc"),
        ("mail me@host.org, see http://host/a", "mail me@host.org, see http://host/a"),
        ('"http://host","me@host.org"', '"http://host","me@host.org"'),
    ],
)
def test_credentials_in_urls_are_taken_out(text: str, clean: str) -> None:
    """User, password and token of a URL go; everything else stays."""
    assert without_credentials(text) == clean


def test_facts_are_cleaned_however_deep(tmp_path: Path) -> None:
    """Nothing that goes into release.json carries a URL's password."""
    secret = "http://me:hunter2@host"
    facts = clean_facts({"uri": secret, "many": [secret, {"deep": secret}], "number": 3, "none": None})
    assert facts == {"uri": "http://host", "many": ["http://host", {"deep": "http://host"}], "number": 3, "none": None}
