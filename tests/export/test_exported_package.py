"""The exported package as its users have it: installed with its lock in a clean environment, by its own README."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from jupyter_prodkit.faces.remote import carry_out_there
from jupyter_prodkit.lock.uv import find_uv
from jupyter_prodkit.notebook.document import read_notebook
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.release import ProjectFolder
from jupyter_prodkit.session.driver import fresh_kernel

pytestmark = [pytest.mark.slow, pytest.mark.kernel]

CELLS = (
    "import numpy as np\nimport pandas as pd",
    '#| parameters\nCUT = 1.5  # cm\nNAMES = ("small", "large")\nAPI_KEY = "sk-not-a-real-one"',
    "raw = pd.DataFrame({'length': np.linspace(0, 3, 30), 'colour': ['red', 'blue', 'red'] * 10})",
    """
    #| export features
    def features(rows):
        # only the length counts
        return rows[["length"]].assign(long=rows["length"] > CUT)
    """,
    """
    #| export
    class Threshold:
        '''Says whether a flower is long.'''

        def fit(self, inputs, target):
            self.share = float(np.mean(target))
            return self

        def predict(self, inputs):
            return np.where(inputs["long"], NAMES[1], NAMES[0])


    def train(rows):
        return Threshold().fit(features(rows), rows["length"])
    """,
    "model = train(raw)\nmodel.predict(features(raw.head(3)))",
)
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}


def run(*command: str | Path, cwd: Path, status: int = 0, **environment: str) -> str:
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env={**ENVIRONMENT, **environment},
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + (done.stderr if status else "")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> ProjectFolder:
    """A small notebook, run in a real kernel, then locked, exported and pushed there."""
    path = tmp_path_factory.mktemp("work") / "blooms.ipynb"
    cells = [nbformat.v4.new_code_cell(textwrap.dedent(cell).strip("\n"), id=f"c{n}") for n, cell in enumerate(CELLS)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    progress, notebook = Progress(), read_notebook(path)
    with fresh_kernel(path, progress) as driver:
        driver.run_notebook(notebook, progress)
        for step, options in (("lock", {}), ("export", {}), ("push", {"model": "model"})):
            carry_out_there(driver, step, {"notebook": str(path), **options}, progress)
    return ProjectFolder.of(path)


@pytest.fixture(scope="module")
def package(project: ProjectFolder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package, as it would be checked out elsewhere."""
    return Path(shutil.copytree(project.package, tmp_path_factory.mktemp("checkout") / "blooms"))


@pytest.fixture(scope="module")
def installed(package: Path, project: ProjectFolder) -> Path:
    """The `bin` of a clean environment with the locks, by uv with hashes, and the wheel."""
    uv, venv = find_uv(), package.parent / "venv"
    run(uv, "venv", "--python", sys.executable, venv, cwd=package)
    install = (uv, "pip", "install", "--python", venv / "bin" / "python", "--no-deps")
    for lock in ("requirements.lock", "serving.lock"):
        run(*install, "--require-hashes", "-r", lock, cwd=package)
    run(*install, next(project.dist.glob("*.whl")), cwd=package)
    return venv / "bin"


@pytest.fixture(scope="module")
def rows(package: Path) -> Path:
    path = package.parent / "rows.csv"
    path.write_text("length,colour\n0.5,red\n2.5,blue\n")
    return path


def test_its_locks_are_all_it_needs(installed: Path, package: Path) -> None:
    """Installed with nothing but its locks, the environment is complete and consistent."""
    run(find_uv(), "pip", "check", "--python", installed / "python", cwd=package)


def test_its_own_tests_pass(installed: Path, package: Path) -> None:
    """The tests that were exported pass against the installed wheel."""
    uv = find_uv()
    target = package.parent / "pytest"
    run(uv, "pip", "install", "--python", installed / "python", "--target", target, "pytest", cwd=package)
    said = run(installed / "python", "-m", "pytest", "-q", cwd=package, PYTHONPATH=str(target))
    assert re.search(r"\b7 passed", said), said


@pytest.mark.parametrize("command", [("config", "--help"), ("predict", "--help"), ("serve", "--help"), ("--help",)])
def test_every_command_explains_itself(installed: Path, package: Path, command: tuple[str, ...]) -> None:
    """`python -m blooms COMMAND --help` works with nothing but the locks."""
    assert run(installed / "python", "-m", "blooms", *command, cwd=package).startswith("usage: blooms")


def test_the_settings_are_shown_and_secrets_masked(installed: Path, package: Path) -> None:
    """`config` shows what is in force: the environment over .env over config.yaml; a secret's value is never shown."""
    (package / ".env").write_text("BLOOMS_CUT=7\nAWS_REGION=eu-1\nBLOOMS_API_KEY=from-dotenv\n")
    try:
        said = json.loads(run(installed / "blooms", "config", cwd=package))
        assert said == {"cut": 7.0, "names": ["small", "large"], "api_key": "**********"}
        said = json.loads(run(installed / "blooms", "config", cwd=package, BLOOMS_CUT="8", BLOOMS_NAMES='["a", "b"]'))
        assert (said["cut"], said["names"]) == (8.0, ["a", "b"])
    finally:
        (package / ".env").unlink()
    assert json.loads(run(installed / "blooms", "config", cwd=package))["api_key"] == "not set"


@pytest.mark.parametrize(
    ("variables", "yaml", "says"),
    [
        ({"BLOOMS_CUT": "wide"}, "", "cut"),
        ({"BLOOMS_NAMES": "not json"}, "", "names"),
        ({"BLOOMS_CONFIG": "/nowhere.yaml"}, "", "BLOOMS_CONFIG names /nowhere.yaml, which is not a file"),
        ({}, "cutt: 3\n", "cutt"),
        ({}, "cut: [\n", "expected the node content"),
    ],
)
def test_wrong_settings_are_one_error(
    installed: Path, tmp_path: Path, variables: dict[str, str], yaml: str, says: str
) -> None:
    """A wrong value, an unknown name or a broken file is told by name, without a traceback."""
    (tmp_path / "config.yaml").write_text(yaml)
    said = run(installed / "blooms", "config", cwd=tmp_path, status=2, **variables)
    assert says in said
    assert "Traceback" not in said


def test_it_predicts_as_the_notebook_did(installed: Path, project: ProjectFolder, rows: Path, tmp_path: Path) -> None:
    """`predict` gives the notebook's answers anywhere, with the release folder that was pushed."""
    said = run(installed / "blooms", "predict", rows, "--release", project.release, cwd=tmp_path)
    assert said == '"small"\n"large"\n'


def test_a_file_that_cant_be_predicted_is_one_error(installed: Path, project: ProjectFolder, tmp_path: Path) -> None:
    """A missing file or column is told in one line."""
    (tmp_path / "rows.csv").write_text("width\n1\n")
    for name, says in (("rows.csv", "length"), ("none.csv", "none.csv")):
        said = run(installed / "blooms", "predict", name, "--release", project.release, cwd=tmp_path, status=3)
        assert said.startswith("error: ")
        assert says in said
        assert len(said.splitlines()) == 1


def test_it_is_clean_for_linter_and_type_checker(package: Path) -> None:
    """What was exported passes ruff (its defaults and more) and mypy, so that it can join a team's repository as it is."""
    tools = Path(sys.executable).parent
    run(tools / "ruff", "check", "--extend-select", "B,C4,UP,PIE,RET,SIM,W", ".", cwd=package)
    run(tools / "mypy", "src/blooms", "tests", "--ignore-missing-imports", cwd=package, MYPYPATH="src")


@pytest.fixture
def readme(package: Path) -> Callable[[str], list[str]]:
    text = (package / "README.md").read_text()

    def commands(heading: str) -> list[str]:
        section = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
        return re.findall(r"```sh\n(.*?)```", section, re.DOTALL)[0].splitlines()

    return commands


def test_the_readme_is_true(
    package: Path, project: ProjectFolder, rows: Path, readme: Callable[[str], list[str]], tmp_path: Path
) -> None:
    """Every command of the README, typed as it stands, does what it says: install with pip, use, test."""
    checkout = Path(shutil.copytree(package, tmp_path / "blooms", ignore=shutil.ignore_patterns(".venv", ".env")))
    shutil.copy2(rows, checkout / "rows.csv")
    search = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    config, predict, serve = readme("Use")
    for command in [*readme("Install"), config, predict.replace("RELEASE", str(project.release)), *readme("Test")]:
        run("bash", "-ec", command, cwd=checkout, PATH=search, PIP_DISABLE_PIP_VERSION_CHECK="1")
    line = serve.replace("RELEASE", str(project.release)).replace("8080", "0").partition("#")[0]
    process = subprocess.Popen(
        ["bash", "-ec", f"exec {line}"], cwd=checkout, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT
    )
    try:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["url"].startswith("http://127.0.0.1:")
    finally:
        process.terminate()
        assert process.wait(20) == 0


def test_an_export_without_the_proof_keeps_what_the_last_one_found(project: ProjectFolder, tmp_path: Path) -> None:
    """Types and golden values stay as they are, and the check agrees; nothing counts as proven that wasn't."""
    notebook = Path(shutil.copy2(project.path.parent / "blooms.ipynb", tmp_path))
    again = ProjectFolder(Path(shutil.copytree(project.path, tmp_path / project.path.name)))
    exported = [Path(sys.executable).with_name("prodkit"), "export", notebook]
    run(*exported, "--no-verify", "--yes", "--quiet", cwd=tmp_path)
    before, after = (
        {one.relative_to(side.package): one.read_bytes() for one in (side.package / "src").rglob("*.py")}
        for side in (project, again)
    )
    assert after == before
    run(*exported, "--check", "--quiet", cwd=tmp_path)
    assert again.read_record(notebook).steps["export"].facts["proof"] is None
