"""A project folder as the earlier steps leave it, and a Docker Engine where a test asks for one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_prodkit.notebook.document import Notebook
from jupyter_prodkit.release import ProjectFolder, ReleaseRecord
from jupyter_prodkit.step import Inputs

sys.path.insert(0, str(Path(__file__).parent))

from tiny_project import SUMMING_SERVER, sha256, write_environment, write_release, write_wheel


@pytest.fixture
def notebook(tmp_path: Path) -> Notebook:
    return Notebook(tmp_path / "tiny.ipynb", ())


@pytest.fixture
def project(tmp_path: Path) -> ProjectFolder:
    """Locked, exported and pushed: one pinned package, one local wheel, a service that sums each row."""
    project = ProjectFolder(tmp_path / "tiny-prod")
    project.lock.mkdir(parents=True)
    local = write_wheel(project.lock / "wheels", "localdep", "1.0", {"localdep/__init__.py": ""})
    (project.lock / "requirements.lock").write_text(
        f"# Locked for the tests\n./wheels/{local.name} \\\n    --hash=sha256:{sha256(local)}\n"
    )
    (project.lock / "serving.lock").write_text(
        "six==1.17.0 \\\n    --hash=sha256:4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274\n"
    )
    write_environment(project)
    write_wheel(project.dist, "tinypkg", "0.1.0", {"tinypkg/__init__.py": "", "tinypkg/__main__.py": SUMMING_SERVER})
    project.package.mkdir()
    (project.package / "config.yaml").write_text("rate: 0.5\n")
    golden = {"request": {"inputs": [[1.0, 2.0], [3.0, 4.5]]}, "predictions": [3.0, 7.5]}
    files = {"model.pkl": b"no pickle", "schema.json": b"{}", "golden.json": json.dumps(golden).encode()}
    write_release(project.release, files)
    return project


@pytest.fixture
def inputs(project: ProjectFolder, notebook: Notebook) -> Inputs:
    return Inputs(notebook, project, ReleaseRecord(notebook="tiny.ipynb"))


@pytest.fixture
def docker(engine: str) -> Callable[..., str]:
    """Docker's own command line, as a user has it."""

    def run(*arguments: str, fails: bool = False) -> str:
        done = subprocess.run(
            ["docker", *arguments], check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
        assert (done.returncode != 0) == fails, done.stderr
        return (done.stdout + done.stderr).strip()

    return run
