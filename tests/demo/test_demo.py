"""The demo notebook tells the truth: each misstep it plans is found and mended, and what it ends as is reproducible."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from replay import NotAsToldError, Workbench, missteps_of
from run_demo import DEMO

from jupyter_prodkit.progress import Progress
from jupyter_prodkit.session.driver import fresh_kernel

ROOT = Path(__file__).parents[2]
KINDS = {
    "hidden-state/deleted-cell", "hidden-state/defined-below", "hidden-state/edited-since-run", "hidden-state/never-run",
    "hidden-state/orphan", "hidden-state/out-of-order", "hidden-state/run-twice", "hidden-state/stale-input",
    "paths/absolute", "randomness/unseeded",
}  # fmt: skip


@pytest.fixture
def copy(tmp_path):
    return Path(shutil.copy(DEMO, tmp_path))


def test_the_demo_is_saved_as_a_person_would_share_it():
    """No outputs, no counts, ids that can be read, and a valid notebook."""
    notebook = nbformat.read(DEMO, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    assert all(cell.id.replace("-", "").isalpha() for cell in notebook.cells)


def test_the_demo_plans_every_kind_of_misstep():
    """Who plays the demo meets each kind of finding once."""
    assert {wanted["rule"] for misstep in missteps_of(DEMO) for wanted in misstep.finds} == KINDS


@pytest.mark.kernel
@pytest.mark.slow
def test_each_misstep_is_found_and_mended_and_the_mended_copy_reproduces(copy):
    """Found where the text says, gone after the fix; at the end the check has nothing to say, in a new kernel either."""
    with fresh_kernel(copy, Progress()) as driver:
        bench = Workbench(copy, driver)
        bench.run_from_the_top()
        replayed = [bench.replay(misstep) for misstep in missteps_of(copy)]
        report = bench.check()
    assert [len(one.found) for one in replayed] == [len(misstep.finds) for misstep in missteps_of(DEMO)]
    assert (report.verdict, report.at_or_above("warning")) == ("reproducible", ())
    with fresh_kernel(copy, Progress()) as driver:
        bench = Workbench(copy, driver)
        bench.run_from_the_top()
        report = bench.check()
    assert (report.verdict, report.findings) == ("reproducible", ())


@pytest.mark.kernel
@pytest.mark.slow
def test_a_misstep_that_is_not_made_is_not_found(copy):
    """The replay fails when a finding that the text promises is missing."""
    with fresh_kernel(copy, Progress()) as driver:
        bench = Workbench(copy, driver)
        bench.run_from_the_top()
        twice = next(misstep for misstep in missteps_of(copy) if misstep.title == "Once more, to be sure")
        with pytest.raises(NotAsToldError, match="did not find hidden-state/run-twice"):
            bench.replay(type(twice)(title=twice.title, do=[], finds=twice.finds, fix=twice.fix))


def run_demo(folder: Path, docker_host: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("DOCKER_HOST", docker_host)
    done = subprocess.run(
        [sys.executable, ROOT / "binder/run_demo.py"], cwd=folder, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.kernel
@pytest.mark.slow
def test_without_an_engine_the_demo_ends_with_a_prediction_of_the_local_server(tmp_path, monkeypatch):
    """The build says what is missing and how to go on by hand; everything else happens, and nothing stays running."""
    said = run_demo(tmp_path, "unix:///nowhere/docker.sock", monkeypatch)
    assert "No Docker engine answers" in said
    assert "docker build" in said
    assert "miles per gallon, says the local server" in said
    assert "Stopped the service" in said
    project = tmp_path / "demo-work/headless/demo-prod"
    assert (project / "image/Dockerfile").exists()
    assert set(json.loads((project / "release.json").read_text())["steps"]) >= {
        "check",
        "lock",
        "export",
        "push",
        "serve",
    }


@pytest.mark.kernel
@pytest.mark.engine
@pytest.mark.slow
def test_with_an_engine_the_demo_ends_with_a_prediction_of_the_container(tmp_path, monkeypatch, engine):
    """The image is built and proved, and it is the container that answers."""
    said = run_demo(tmp_path, engine, monkeypatch)
    assert "and proved it" in said
    assert "miles per gallon, says the container" in said
    assert "Stopped the service" in said
