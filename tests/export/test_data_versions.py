"""`dvc pull && python -m NAME train` in a copy of the package elsewhere gives the values: with the real DVC."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from pages import page, write_lock

from jupyter_prodkit.errors import CancelledError, ExportError, MissingDependencyError
from jupyter_prodkit.export.dvc import Dvc
from jupyter_prodkit.export.step import EXPORT, ExportOptions
from jupyter_prodkit.notebook.document import Notebook
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.release import ProjectFolder
from jupyter_prodkit.step import Inputs, Result, perform

if sys.version_info >= (3, 11):
    import tomllib
else:
    tomllib = pytest.importorskip("tomli")

pytestmark = pytest.mark.slow

CELLS = (
    "from pathlib import Path\nimport pandas as pd",
    """
    #| step load
    rows = pd.read_csv('data/rows.csv')
    names = sorted(p.read_text() for p in Path('data/names').glob('*.txt'))
    """,
    "#| step train\ntotal = int(rows.w.sum()) + len(''.join(names))",
)
ROWS = "w\n1\n41\n"
MD5 = "f9b39dc8b016d8dd80da1275d40a95a8"
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "GIT_", "PYTHON"))},
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    "DVC_NO_ANALYTICS": "true",
    "CI": "true",
}


def run(*command: str, cwd: Path, status: int = 0, **environment: str) -> str:
    done = subprocess.run(command, cwd=cwd, env=ENVIRONMENT | environment, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stderr if status else done.stdout


def notebook_in(folder: Path) -> Notebook:
    """A notebook beside the data that it reads, and the lock of it."""
    (folder / "data" / "names").mkdir(parents=True)
    (folder / "data" / "rows.csv").write_text(ROWS)
    for name in ("a", "b"):
        (folder / "data" / "names" / f"{name}.txt").write_text(name)
    write_lock(ProjectFolder.of(folder / "flowers.ipynb").lock)
    return replace(page(*CELLS), path=folder / "flowers.ipynb")


def export(notebook: Notebook, progress: Progress | None = None, **given: Any) -> Result:
    project = ProjectFolder.of(notebook.path)
    inputs = Inputs(notebook, project, project.read_record(notebook.path))
    options = ExportOptions(**{"force": True, "verify": False, **given})
    return perform(EXPORT, EXPORT.plan(inputs, options), inputs, options, progress or Progress())


def reproduced(package: Path, elsewhere: Path) -> dict[str, Any]:
    """What the package gives in a copy of its own, far from the data, after nothing but `dvc pull`."""
    ignored = run("git", "ls-files", "--others", "--ignored", "--exclude-standard", cwd=package).splitlines()
    clone = Path(shutil.copytree(package, elsewhere / "clone"))
    for name in ignored:
        (clone / name).unlink(missing_ok=True)
    train = (sys.executable, "-m", "flowers", "train", "--output", "results")
    assert not (clone / "data" / "rows.csv").exists()
    assert "`dvc pull` brings the data" in run(*train, cwd=clone, status=3, PYTHONPATH=str(clone / "src"))
    run("dvc", "pull", cwd=clone)
    run(*train, cwd=clone, PYTHONPATH=str(clone / "src"))
    return {**json.loads((clone / "results" / "results.json").read_text())}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Notebook, Result, Path]:
    """A notebook in no repository at all, exported with a folder as remote."""
    folder = tmp_path_factory.mktemp("work")
    notebook, remote = notebook_in(folder), tmp_path_factory.mktemp("remote")
    return notebook, export(notebook, data_remote=str(remote)), remote


def test_a_copy_elsewhere_pulls_the_data_and_gives_the_values(
    exported: tuple[Notebook, Result, Path], tmp_path: Path
) -> None:
    """The package is enough: a copy of it without data brings the data and trains on it."""
    notebook, _, _ = exported
    package = ProjectFolder.of(notebook.path).package
    run("git", "init", "-q", cwd=package)
    run("git", "add", ".", cwd=package)
    assert "data/rows.csv" not in run("git", "ls-files", cwd=package).splitlines()
    assert reproduced(package, tmp_path)["total"] == 44
    shutil.rmtree(package / ".git")


def test_the_revision_stands_wherever_it_is_looked_for(exported: tuple[Notebook, Result, Path]) -> None:
    """Settings, package and release record say which data it was; the notebook's folder is as it was."""
    notebook, result, remote = exported
    project = ProjectFolder.of(notebook.path)
    facts = project.read_record(notebook.path).steps["export"].facts
    revision = facts["data_revision"]
    assert yaml.safe_load((project.package / "config.yaml").read_text())["data_revision"] == revision
    data = tomllib.loads((project.package / "pyproject.toml").read_text())["tool"]["prodkit"]["data"]
    assert data["revision"] == revision
    assert data["dvc"]["data/rows.csv"] == facts["data_tracked"]["data/rows.csv"] == MD5
    listed = json.loads((project.package / "data.json").read_text())
    assert [one["path"] for one in listed] == ["data/names/a.txt", "data/names/b.txt", "data/rows.csv"]
    assert listed[2]["dvc"] == MD5
    assert facts["data_remote"] == {"name": "storage", "url": str(remote)}
    assert (
        f"`dvc pull` in the package brings it from {remote}" in {one.label: one.value for one in result.facts}["data"]
    )
    assert sorted(one.name for one in notebook.path.parent.iterdir()) == ["data", "flowers-prod"]
    assert not list(notebook.path.parent.glob("data/**/*.dvc"))


def test_the_next_export_keeps_what_is_tracked_and_uploads_nothing(exported: tuple[Notebook, Result, Path]) -> None:
    """Tracked data stays tracked, what was pulled stays there; what changed is named, and tracked when asked again."""
    notebook, _, remote = exported
    project = ProjectFolder.of(notebook.path)
    pulled = project.package / "data" / "rows.csv"
    pulled.write_text("pulled")
    (project.package / ".dvc" / "config.local").write_text("[core]\n")
    held, before = sorted(remote.rglob("*")), (project.package / "data" / "rows.csv.dvc").read_text()
    assert export(notebook, check=True).exit_code == 0
    assert export(notebook).warnings == export(notebook, data_remote=str(remote)).warnings
    assert (project.package / "data" / "rows.csv.dvc").read_text() == before
    assert pulled.read_text() == "pulled"
    assert (project.package / ".dvc" / "config.local").exists()
    rows = notebook.path.parent / "data" / "rows.csv"
    rows.write_text("w\n2\n")
    try:
        (notebook.path.parent / "data" / "names" / "a.txt").write_text("c")
        (warning,) = [one for one in export(notebook).warnings if "DVC" in one]
        assert warning.startswith("DVC does not track data/names/a.txt, data/names/b.txt, data/rows.csv as it is now: ")
        assert "dvc add" not in warning
        assert not (project.package / "data" / "rows.csv.dvc").exists()
        assert {one for one in remote.rglob("*") if not one.name.endswith(".tmp")} <= set(held)
        export(notebook, track_data=True)
        digest = hashlib.md5(b"w\n2\n", usedforsecurity=False).hexdigest()
        assert (remote / "files" / "md5" / digest[:2] / digest[2:]).read_text() == "w\n2\n"
        assert digest in (project.package / "data" / "rows.csv.dvc").read_text()
    finally:
        rows.write_text(ROWS)
        (notebook.path.parent / "data" / "names" / "a.txt").write_text("a")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of Git and DVC with a remote, in which a team keeps its data."""
    folder = tmp_path_factory.mktemp("team")
    (folder.parent / f"{folder.name}-store").mkdir()
    run("git", "init", "-q", cwd=folder)
    run("dvc", "init", cwd=folder)
    run("dvc", "remote", "add", "--default", "store", f"../{folder.name}-store", cwd=folder)
    run("dvc", "remote", "add", "labs", "s3://me:hunter2@bucket/data", cwd=folder)
    run("dvc", "remote", "modify", "labs", "--local", "secret_access_key", "hunter2", cwd=folder)
    run("git", "-c", "user.name=n", "-c", "user.email=e@e", "commit", "-qam", "DVC", cwd=folder)
    return folder


def test_an_existing_repository_is_respected(repository: Path, tmp_path: Path) -> None:
    """Its DVC tracks the data by its own settings, which stay; the package's pulls from the same remote, without
    anything secret; nothing is uploaded before the remote is named.
    """
    notebook = notebook_in(repository)
    settings, store = (repository / ".dvc" / "config").read_text(), repository.parent / f"{repository.name}-store"
    package = ProjectFolder.of(notebook.path).package
    result = export(notebook)
    assert not (package / ".dvc").exists()
    assert "export with --track-data, or `dvc add" in result.warnings[0]
    export(notebook, track_data=True)
    assert (repository / "data" / "rows.csv.dvc").is_file()
    assert not list(store.rglob("*"))
    result = export(notebook, data_remote="store")
    assert (repository / ".dvc" / "config").read_text() == settings
    assert (package / ".dvc" / "config").read_text().endswith(f"['remote \"store\"']\n    url = {store}\n")
    assert reproduced(package, tmp_path)["total"] == 44
    assert (result.recorded or {})["data_commit"] == run("git", "rev-parse", "HEAD", cwd=repository).strip()
    known, default = Dvc.here(Progress()).remotes(repository)
    assert default == "store"
    assert known["labs"].settings == {"url": "s3://bucket/data"}  # and nothing else: the rest is secret


@pytest.fixture
def notebook(tmp_path: Path) -> Notebook:
    (tmp_path / "work").mkdir()
    return notebook_in(tmp_path / "work")


@pytest.mark.parametrize(
    ("remote", "says"),
    [
        (None, "DVC has nowhere to keep the data"),
        ("nowhere", "is no folder"),
        ("ftp://host/data", "is no place for data"),
        ("s3://", "is no place for data"),
        ("", "is no place for data"),
        ("s3://AKIA:hunter2@bucket/data", "holds credentials"),
        ("azure://data?sig=hunter2", "holds credentials"),
        ("AccountName=a;AccountKey=hunter2==", "holds credentials"),
        ("..", "holds the notebook itself"),
        ("s3://bucket/data", "DVC could not upload data/names to s3://bucket/data: .*s3"),
    ],
)
def test_a_remote_that_cant_be_one_is_refused(
    notebook: Notebook, remote: str | None, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is wrong with it is said, without what may be secret, and nothing is written."""
    monkeypatch.chdir(notebook.path.parent)
    before = sorted(notebook.path.parent.rglob("*"))
    with pytest.raises(ExportError, match=says) as raised:
        export(notebook, track_data=True, data_remote=remote)
    assert raised.value.hint
    assert "hunter2" not in str(raised.value)
    assert "DVC could" not in raised.value.message or 'pip install "dvc[s3]"' in raised.value.hint
    assert sorted(notebook.path.parent.rglob("*")) == before


def test_an_export_that_fails_has_tracked_and_uploaded_nothing(notebook: Notebook, tmp_path: Path) -> None:
    """What can't be taken back comes last: a conflict is found before DVC is asked for anything."""
    (remote := tmp_path / "remote").mkdir()
    export(notebook)
    steps = ProjectFolder.of(notebook.path).package / "src" / "flowers" / "steps.py"
    steps.write_text(steps.read_text().replace("rows.w.sum()", "rows.w.max()"))
    moved = page(*CELLS[:2], CELLS[2].replace("rows.w.sum()", "rows.w.min()"))
    with pytest.raises(ExportError, match="The same lines were changed"):
        export(replace(moved, path=notebook.path), data_remote=str(remote))
    assert not list(remote.iterdir())


def test_a_cancelled_upload_says_what_stays(notebook: Notebook, tmp_path: Path) -> None:
    """The package is not written, and nobody is told that nothing was changed where something may have been."""
    (remote := tmp_path / "remote").mkdir()
    progress = Progress(lambda event: progress.cancel() if event.message.startswith("Uploading") else None)
    with pytest.raises(CancelledError, match="what DVC has tracked or uploaded by now stays so"):
        export(notebook, progress, data_remote=str(remote))
    assert not ProjectFolder.of(notebook.path).package.exists()


def test_data_that_dvc_cant_have_is_named(notebook: Notebook, repository: Path, tmp_path: Path) -> None:
    """A file outside the folder, none at all, one that Git tracks: refused before anything is done."""
    elsewhere = tmp_path / "elsewhere.csv"
    elsewhere.write_text("w\n1\n")
    cells = {
        "lies outside the notebook's folder": f"#| step load\nrows = open({str(elsewhere)!r}).read()",
        "There is no data to track": "#| step load\nrows = 1",
    }
    for says, cell in cells.items():
        with pytest.raises(ExportError, match=says):
            export(replace(page(cell), path=notebook.path), data_remote=str(tmp_path / "work" / "data"))
    (repository / "gits").mkdir()
    theirs = notebook_in(repository / "gits")
    run("git", "add", "--force", "gits/data/rows.csv", cwd=repository)
    with pytest.raises(ExportError, match=r"Git tracks data/rows\.csv") as raised:
        export(theirs, track_data=True)
    assert "git rm -r --cached data/names data/rows.csv" in raised.value.hint
    assert not list((repository / "gits").rglob("*.dvc"))


def test_without_dvc_the_extra_is_named(notebook: Notebook, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whoever asks for DVC where there is none is told what to install; nothing is proposed to those who don't ask."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(MissingDependencyError, match=r"jupyter-prodkit\[dvc\]"):
        export(notebook, track_data=True)
