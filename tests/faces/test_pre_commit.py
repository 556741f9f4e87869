"""The hook of `.pre-commit-hooks.yaml`, run by pre-commit itself, in an environment that pre-commit makes."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import nbformat
import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PARTS = ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", ".pre-commit-hooks.yaml", "jupyter_prodkit", "etc")
FRONT_END = ("package.json", "install.json")
BUILT = ROOT / "jupyter_prodkit/labextension/package.json"


def git(folder, *arguments):
    names = ("-c", "user.name=tests", "-c", "user.email=tests@localhost")
    subprocess.run(["git", *names, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def published(tmp_path):
    """This checkout as a repository that hooks can be taken from; with the front end built, so that Node isn't asked."""
    folder = tmp_path / "jupyter-prodkit"
    folder.mkdir()
    ignored = shutil.ignore_patterns("__pycache__")
    for part in PARTS:
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        copy(ROOT / part, folder / part, **({"ignore": ignored} if copy is shutil.copytree else {}))
    (folder / "labextension").mkdir()
    for part in FRONT_END:
        shutil.copy(ROOT / "labextension" / part, folder / "labextension" / part)
    git(folder, "init", "--quiet")
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--quiet", "--message", "as it is")
    return folder


@pytest.mark.skipif(not BUILT.exists(), reason="the front end is not built here")
def test_the_hook_stops_a_commit_that_would_not_run_again(tmp_path, published):
    """Of the files in a commit it checks the notebooks, and fails where one has a blocker."""
    work = tmp_path / "work"
    work.mkdir()
    git(work, "init", "--quiet")
    for name, source in (("good", "x = 1"), ("bad one", "print(nowhere)")):
        cells = [nbformat.v4.new_code_cell(source, id="a", execution_count=1)]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), work / f"{name}.ipynb")
    (work / "README.md").write_text("no notebook")
    git(work, "add", "--all")
    command = ["uv", "tool", "run", "pre-commit", "try-repo", published, "prodkit-check", "--verbose"]
    environment = {**os.environ, "PRE_COMMIT_HOME": str(tmp_path / "pre-commit")}

    def hook(*arguments):
        return subprocess.run(
            [*map(str, command), *arguments], cwd=work, env=environment, capture_output=True, text=True, check=False
        )

    failed = hook("--all-files")
    assert failed.returncode == 1, failed.stderr
    assert "bad one.ipynb: 1 cell would" in failed.stdout
    assert "2 notebooks: " in failed.stdout
    passed = hook("--files", "good.ipynb", "README.md")
    assert passed.returncode == 0, passed.stdout
    assert "Passed" in passed.stdout
    assert sorted(path.name for path in work.iterdir()) == [".git", "README.md", "bad one.ipynb", "good.ipynb"]
