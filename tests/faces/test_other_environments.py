"""The command line for notebooks whose kernel runs in another environment than the one we were called in."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import nbformat
import pytest

from jupyter_prodkit.faces.cli import main
from jupyter_prodkit.lock.uv import find_uv

ROOT = Path(__file__).parents[2]


def register(folder: Path, name: str, *argv: str | Path) -> None:
    """Write a kernelspec below `folder`, which stands on JUPYTER_PATH."""
    place = folder / "kernels" / name
    place.mkdir(parents=True)
    spec = {"argv": [*map(str, argv), "-f", "{connection_file}"], "display_name": name, "language": "python"}
    (place / "kernel.json").write_text(json.dumps({**spec, "env": {"FROM_THE_KERNELSPEC": "yes"}}))


def notebook_for(folder: Path, kernel: str, *sources: str) -> Path:
    path = folder / "work.ipynb"
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    spec = {"name": kernel, "display_name": kernel, "language": "python"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": spec}), path)
    return path


def prodkit(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "jupyter_prodkit.faces.cli", *map(str, arguments)],
        capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of a second environment, in which we are installed beside another version of six."""
    folder = tmp_path_factory.mktemp("other") / "venv"
    subprocess.run([find_uv(), "venv", "-q", "--python", sys.executable, folder], check=True)
    python = folder / "bin" / "python"
    needed = [one for one in metadata.requires("jupyter-prodkit") or [] if "extra ==" not in one]
    install = [find_uv(), "pip", "install", "-q", "-p", python]
    subprocess.run([*install, *needed, "packaging>=26", "tomli-w", "six==1.16.0"], check=True)
    site = next(folder.glob("lib/python*/site-packages"))
    info = site / "jupyter_prodkit-0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: jupyter-prodkit\nVersion: 0\n")
    (site / "prodkit.pth").write_text(f"{ROOT}\n")
    return python


@pytest.mark.kernel
@pytest.mark.parametrize("options", [[], ["--static"]])
def test_the_kernels_own_environment_is_locked(
    other: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    """A notebook of another environment's kernel is run and locked there: its six, not the one beside us."""
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    register(tmp_path, "analysis", other, "-m", "ipykernel_launcher")
    sources = ["import six", "import os\nassert os.environ['FROM_THE_KERNELSPEC'] == 'yes'"]
    finished = prodkit("lock", notebook_for(tmp_path, "analysis", *sources), *options)
    assert finished.returncode == 0, finished.stderr
    assert f"in the environment of the notebook's kernel: {other}" in finished.stderr
    facts = json.loads((tmp_path / "work-prod" / "lock" / "environment.json").read_text())
    assert {one["name"]: one["version"] for one in facts["distributions"]} == {"six": "1.16.0"}
    assert prodkit("lock", tmp_path / "work.ipynb", "--check").returncode == 0


def test_not_installed_beside_the_kernel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where we are not installed in the kernel's environment, that is said, and nothing is locked from here instead."""
    subprocess.run([find_uv(), "venv", "-q", "--python", sys.executable, tmp_path / "bare"], check=True)
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    register(tmp_path, "analysis", tmp_path / "bare" / "bin" / "python", "-m", "ipykernel_launcher")
    assert main(["lock", str(notebook_for(tmp_path, "analysis", "import six"))]) == 1
    said = capsys.readouterr().err
    assert f"runs on {tmp_path / 'bare' / 'bin' / 'python'}, where jupyter-prodkit isn't installed" in said
    assert not (tmp_path / "work-prod").exists()


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("conda", "run", "-n", "x", "python"), "isn't known: it starts conda run -n"),
        (("/gone/bin/python", "-m", "ipykernel_launcher"), "runs on /gone/bin/python, which is not there"),
    ],
)
def test_kernelspecs_that_name_no_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], argv: list[str], said: str
) -> None:
    """A kernel whose Python can't be known, or has gone, is an error that says so."""
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    register(tmp_path, "analysis", *argv)
    assert main(["lock", str(notebook_for(tmp_path, "analysis", "import six")), "--static"]) == 1
    assert said in capsys.readouterr().err


def test_kernels_that_are_not_registered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A name that nobody knows here is said, and this environment taken: notebooks travel, their kernels don't."""
    path = notebook_for(tmp_path, "somebody-elses", "import nothing_like_it")
    assert main(["lock", str(path), "--static"]) == 1
    said = capsys.readouterr().err
    assert "No kernel 'somebody-elses' is registered here: this environment is taken" in said
    assert "nothing_like_it (cell 1)" in said
