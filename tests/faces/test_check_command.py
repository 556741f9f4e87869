"""`prodkit check` for CI: one notebook or many, in the formats that programs read."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from jupyter_prodkit.errors import UsageError
from jupyter_prodkit.faces.check_command import found_in

FINE, BROKEN = ("x = 1", "x + 1"), ("x = 1", "print(nowhere)")


def prodkit(*arguments, cwd):
    return subprocess.run(
        [sys.executable, "-m", "jupyter_prodkit.faces.cli", "check", *map(str, arguments)],
        capture_output=True, text=True, check=False, cwd=cwd, timeout=240,
    )  # fmt: skip


def write(path, sources):
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = [
        nbformat.v4.new_code_cell(source, id=f"c{place}", execution_count=place + 1)
        for place, source in enumerate(sources)
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


@pytest.fixture
def folder(tmp_path):
    """A good notebook, one with a blocker, one that is no notebook, and one that JupyterLab keeps for itself."""
    write(tmp_path / "good.ipynb", FINE)
    write(tmp_path / "sub/bad.ipynb", BROKEN)
    (tmp_path / "merge.ipynb").write_text("<<<<<<< HEAD")
    write(tmp_path / "sub/.ipynb_checkpoints/bad-checkpoint.ipynb", BROKEN)
    return tmp_path


def test_a_broken_notebook_gives_its_error_and_hides_nobody_elses_result(folder):
    """Each notebook is told with its place, and the last line sums up."""
    finished = prodkit(".", cwd=folder)
    assert finished.returncode == 1
    assert "good.ipynb: 2 cells can’t be vouched for" in finished.stdout
    assert "merge.ipynb is not a notebook: its content is not JSON" in finished.stdout
    assert "bad.ipynb: 1 cell would" in finished.stdout
    assert "checkpoint" not in finished.stdout
    assert str(folder) not in finished.stdout
    assert finished.stdout.splitlines()[-1] == (
        "3 notebooks: 1 would change, 1 unverified, 1 could not be checked."
    )
    assert "Traceback" not in finished.stderr


@pytest.mark.parametrize("jobs", [1, 2])
def test_several_notebooks_give_a_list_and_a_single_one_its_report(folder, jobs):
    """The list is in the order named, each report under its path; an error stands in its place."""
    finished = prodkit("sub/bad.ipynb", "merge.ipynb", "good.ipynb", "--json", "--jobs", jobs, cwd=folder)
    found = json.loads(finished.stdout)
    assert [one["notebook"] for one in found] == [str(Path("sub/bad.ipynb")), "merge.ipynb", "good.ipynb"]
    assert [one.get("verdict") for one in found] == ["diverges", None, "unverified"]
    assert "is not a notebook" in found[1]["error"]
    assert finished.returncode == 1
    single = prodkit("good.ipynb", "--format", "json", cwd=folder)
    assert json.loads(single.stdout)["notebook"] == "good.ipynb"
    assert single.returncode == 0


def test_annotations_and_sarif_name_place_and_line(folder):
    """Both lead to the line of the notebook's file on which the cell begins."""
    lines = (folder / "sub/bad.ipynb").read_text().splitlines()
    line = next(number for number, text in enumerate(lines, 1) if "nowhere" in text)
    annotated = prodkit("sub", "--format", "github", cwd=folder)
    assert f"::error file=sub/bad.ipynb,line={line},title=" in annotated.stdout
    result = json.loads(prodkit(".", "--format", "sarif", cwd=folder).stdout)["runs"][0]
    places = [one["locations"][0]["physicalLocation"] for one in result["results"] if one["level"] == "error"]
    assert [(one["artifactLocation"]["uri"], one["region"]["startLine"]) for one in places] == [("sub/bad.ipynb", line)]
    assert result["invocations"][0]["executionSuccessful"] is False


def test_a_single_broken_notebook_still_gives_a_program_its_log(folder):
    """CI that uploads a log gets one, with the error in it."""
    finished = prodkit("merge.ipynb", "--format", "sarif", cwd=folder)
    assert finished.returncode == 1
    assert json.loads(finished.stdout)["runs"][0]["results"] == []


def test_findings_below_the_bar_do_not_fail(folder):
    """`--fail-on` sets the bar for all."""
    write(folder / "path.ipynb", ['open("/home/someone/a.csv")'])
    assert prodkit("path.ipynb", "good.ipynb", cwd=folder).returncode == 0
    assert prodkit("path.ipynb", "good.ipynb", "--fail-on", "warning", cwd=folder).returncode == 1


def test_the_project_says_what_fails_and_what_to_leave_out_and_the_command_line_has_the_last_word(folder):
    """`[tool.prodkit]` holds for every notebook below it."""
    write(folder / "path.ipynb", ['open("/home/someone/a.csv")'])
    settings = folder / "pyproject.toml"
    settings.write_text('[tool.prodkit]\nfail-on = "warning"\n')
    assert prodkit("path.ipynb", cwd=folder).returncode == 1
    assert prodkit("path.ipynb", "--fail-on", "blocker", cwd=folder).returncode == 0
    assert prodkit("path.ipynb", "--ignore", "paths/*", cwd=folder).returncode == 0
    settings.write_text('[tool.prodkit]\nfail-on = "warning"\nignore = ["paths/*"]\n')
    assert prodkit("path.ipynb", "good.ipynb", cwd=folder).returncode == 0
    assert prodkit("path.ipynb", "--ignore", "", cwd=folder).returncode == 1


def test_wrong_settings_are_told_for_each_notebook_they_hold_for_and_for_no_other(folder):
    """A slip in one project's settings does not stop the check of another's."""
    (folder / "sub/pyproject.toml").write_text('[tool.prodkit]\nfail_on = "warning"\n')
    finished = prodkit("good.ipynb", "sub", cwd=folder)
    assert finished.returncode == 1
    assert "`fail_on` in [tool.prodkit]" in finished.stdout
    assert "good.ipynb: 2 cells" in finished.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["empty"], "There is no notebook in empty"),
        (["good.ipynb", "--fix"], "Give --kernel FILE"),
        (["good.ipynb", "sub", "--output", "x"], "--kernel and --output are for one notebook"),
        (["good.ipynb", "--jobs", "0"], "must be at least 1"),
        ([], "NOTEBOOK"),
    ],
)
def test_wrong_usage_is_status_2(folder, arguments, says):
    """It is told apart from findings."""
    (folder / "empty").mkdir()
    finished = prodkit(*arguments, cwd=folder)
    assert finished.returncode == 2
    assert says in finished.stderr
    assert "Traceback" not in finished.stderr


def test_a_check_leaves_nothing_behind_where_there_is_no_project_folder(folder):
    """CI's work tree stays clean."""
    before = sorted(folder.rglob("*"))
    prodkit(".", cwd=folder)
    prodkit("good.ipynb", cwd=folder)
    assert sorted(folder.rglob("*")) == before


def test_a_project_folder_that_is_there_gets_the_verdict(folder):
    """Who has begun the journey finds the check in its record."""
    (folder / "good-prod").mkdir()
    (folder / "good-prod/release.json").write_text('{"version": 1, "notebook": "good.ipynb", "steps": {}}')
    assert prodkit("good.ipynb", cwd=folder).returncode == 0
    assert json.loads((folder / "good-prod/release.json").read_text())["steps"]["check"]["facts"]["cells"] == 2


def test_each_notebook_is_found_once_and_hidden_folders_are_left_out(folder, monkeypatch):
    """Naming a folder and a file in it checks the file once."""
    monkeypatch.chdir(folder)
    paths = [folder / "sub/bad.ipynb", folder, folder / "sub"]
    assert [path.name for path in found_in(paths)] == ["bad.ipynb", "good.ipynb", "merge.ipynb"]
    assert [path.name for path in found_in([folder / "sub/.ipynb_checkpoints"])] == ["bad-checkpoint.ipynb"]
    with pytest.raises(UsageError):
        found_in([folder / "good.ipynb", folder / "sub", _made(folder / "none")])


def _made(path):
    path.mkdir()
    return path


DYING = """
import os, sys
from jupyter_prodkit.faces import side_by_side
real = side_by_side.check_one
def check_one(path, options, progress):
    if path.name == "good.ipynb":
        os.abort()
    return real(path, options, progress)
side_by_side.check_one = check_one
from jupyter_prodkit.faces.cli import main
sys.exit(main(["check", ".", "--json", "--jobs", "2"]))
"""


def test_a_notebook_whose_check_kills_its_process_takes_no_other_with_it(folder):
    """A crash, or the system's memory running out, costs one notebook's result and no more."""
    finished = subprocess.run(
        [sys.executable, "-c", DYING], capture_output=True, text=True, check=False, cwd=folder, timeout=120
    )
    found = {one["notebook"]: one for one in json.loads(finished.stdout)}
    assert found["good.ipynb"]["error"] == "Checking it ended its process."
    assert found[str(Path("sub/bad.ipynb"))]["verdict"] == "diverges"
    assert finished.returncode == 1


SLOW = DYING.replace("os.abort()", "open('begun', 'w').close(); import time; time.sleep(60)")


def test_ctrl_c_ends_it_at_once_and_quietly(folder):
    """Who interrupts a long check is not shown the inside of it."""
    running = subprocess.Popen(
        [sys.executable, "-c", SLOW], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not (folder / "begun").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)
    os.killpg(running.pid, signal.SIGINT)
    _, said = running.communicate(timeout=20)
    assert running.returncode == 1
    assert "Interrupted." in said
    assert "Traceback" not in said


@pytest.mark.kernel
def test_verify_really_runs_each_notebook_side_by_side(folder):
    """What the saved file can't prove is proved by running it, for each of several notebooks."""
    finished = prodkit("good.ipynb", "sub", "--verify", "--json", "--jobs", "2", cwd=folder)
    found = json.loads(finished.stdout)
    assert [one["verdict"] for one in found] == ["reproducible", "diverges"]
    assert finished.returncode == 1
