"""The command line, as a program."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.kernel

WRITTEN_IN_R = json.dumps(
    {
        "cells": [],
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "ir", "display_name": "R", "language": "R"}},
    }
)


def prodkit(*arguments: str, cwd=None, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "jupyter_prodkit.faces.cli", *arguments],
        capture_output=True, text=True, check=False, cwd=cwd, env={**os.environ, **environment}, timeout=240,
    )  # fmt: skip


def test_help_names_the_steps_in_their_order_and_no_other():
    """`prodkit --help` shows what exists."""
    finished = prodkit("--help")
    places = [finished.stdout.index(f"\n    {step}") for step in ("check", "lock", "export", "push", "build", "serve")]
    assert places == sorted(places)
    assert not {"ship", "watch", "canary"} & set(finished.stdout.split())


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "There is no notebook"),
        ("not json", "its content is not JSON"),
        ("[1, 2]", "is JSON, but not a notebook"),
        ('{"cells": [{"cell_type": "code"}], "nbformat": 4, "nbformat_minor": 5, "metadata": {}}', "not a valid notebook"),
        (WRITTEN_IN_R, "is written in R"),
    ],
)
def test_what_is_no_python_notebook_is_told_in_one_line(tmp_path, content, says):
    """A wrong file gives exit status 1, one message with a hint, and no traceback."""
    path = tmp_path / "work.ipynb"
    if content is not None:
        path.write_text(content)
    finished = prodkit("check", str(path))
    assert finished.returncode == 1
    assert says in finished.stderr
    assert "Traceback" not in finished.stderr
    assert not (tmp_path / "work-prod").exists()


def test_wrong_usage_has_its_own_exit_status(tmp_path, notebook):
    """Status 2 is for the command line's own mistakes."""
    assert prodkit("fly").returncode == 2
    assert prodkit("check").returncode == 2
    assert prodkit("check", str(notebook(a="1")), "--fail-on", "never").returncode == 2


def test_a_file_is_judged_by_what_it_alone_shows(tmp_path, notebook):
    """Without a kernel the report says that it comes from the file, and findings set the exit status."""
    path = notebook(a="x = 1", b="print(y)")
    document = json.loads(path.read_text())
    for number, cell in enumerate(document["cells"], 1):
        cell["execution_count"] = number
    path.write_text(json.dumps(document))
    finished = prodkit("check", str(path), "--json")
    report = json.loads(finished.stdout)
    assert finished.returncode == 1
    assert [cell["state"] for cell in report["cells"]] == ["unverified", "failed"]
    assert "hidden-state/file-only" in [finding["rule"] for finding in report["findings"]]
    assert "y" in report["findings"][0]["names"]


def test_a_running_kernel_can_be_asked(kernel, notebook):
    """`--kernel FILE` judges what that kernel holds, and leaves it running."""
    path = notebook(a="n = 1", b="print(n)")
    kernel.run("n = 1", "a")
    kernel.run("print(n)", "b")
    finished = prodkit("check", str(path), "--kernel", kernel.manager.connection_file)
    assert finished.returncode == 0, finished.stderr
    assert "Reproducible" in finished.stdout
    assert kernel.run("n").success


def test_a_wrong_connection_file_is_told(tmp_path, notebook):
    """No kernel there: one message, no traceback."""
    finished = prodkit("lock", str(notebook(a="1")), "--kernel", str(tmp_path / "kernel-0.json"))
    assert finished.returncode == 1
    assert "is not a kernel's connection file" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_lock_runs_the_notebook_once_and_locks_what_it_loaded(tmp_path, notebook):
    """The command line needs no front end: it runs the cells itself, our magics left out."""
    path = notebook(a="import six", b="%prodlock --nonsense", c="open('ran', 'a').write('x')")
    finished = prodkit("lock", str(path), "--json")
    assert finished.returncode == 0, finished.stderr
    assert json.loads(finished.stdout)["recorded"]["distributions"] == 1
    assert (tmp_path / "ran").read_text() == "x"


def test_a_cell_that_raises_is_named(tmp_path, notebook):
    """A notebook that does not run through gives the cell and its error; nothing is written."""
    finished = prodkit("lock", str(notebook(a="x = 1", b="1 / 0")))
    assert finished.returncode == 1
    assert "Cell 2 of work.ipynb raised ZeroDivisionError: division by zero" in finished.stderr
    assert not (tmp_path / "work-prod").exists()


def test_a_folder_that_is_not_ours_is_left_alone(tmp_path, notebook):
    """A target folder with other people's files is refused, unless --force says so; its files stay."""
    path = notebook(a="import six")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    finished = prodkit("lock", str(path), "--output", str(tmp_path / "mine"))
    assert finished.returncode == 1
    assert "was not made by jupyter-prodkit" in finished.stderr
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["thesis.txt"]
    assert prodkit("lock", str(path), "--output", str(tmp_path / "mine"), "--force").returncode == 0
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"


def test_the_doctor_finds_everything_in_place():
    """`prodkit doctor` examines extension, autoload file, kernel side, tools, engine, with a mend for what lacks."""
    finished = prodkit("doctor", "--json", DOCKER_HOST="unix:///nowhere/docker.sock")
    found = {part["part"]: part for part in json.loads(finished.stdout)}
    assert {"JupyterLab extension", "autoload file", "kernel side", "mlflow", "Docker Engine"} <= set(found)
    assert found["kernel side"]["state"] == "ok"
    assert found["Docker Engine"]["state"] == "missing"
    assert found["Docker Engine"]["mend"]
