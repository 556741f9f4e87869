"""What a user gets when they install: one version, all files, no Node, and no package they didn't ask for."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import pytest

import jupyter_prodkit
from jupyter_prodkit.faces.journey import STEPS
from jupyter_prodkit.notebook.transform import OWN_MAGICS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
VERSION = json.loads((ROOT / "labextension/package.json").read_text())["version"]
MANIFEST = tomllib.loads((ROOT / "pyproject.toml").read_text())


def run(*command: str | Path, cwd: Path = ROOT, status: int = 0, **environment: str) -> str:
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **environment}, check=False, capture_output=True, text=True,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def tracked_files() -> list[Path]:
    listed = run("git", "ls-files", "-co", "--exclude-standard")
    return [ROOT / name for name in listed.splitlines() if (ROOT / name).is_file()]


# --- what the files say ----------------------------------------------------------------------------------------------


def test_there_is_one_version():
    """The package, its metadata, the panel and the changelog name the same one."""
    panel = Path(sys.prefix) / "share/jupyter/labextensions/jupyter-prodkit/package.json"
    assert jupyter_prodkit.__version__ == VERSION
    assert metadata.version("jupyter-prodkit") == VERSION
    assert json.loads(panel.read_text())["version"] == VERSION
    assert f"\n## {VERSION}" in (ROOT / "CHANGELOG.md").read_text()


def test_every_path_that_the_manifest_names_is_there():
    """A folder that is renamed must be renamed in pyproject.toml, too."""
    tool = MANIFEST["tool"]
    targets = tool["hatch"]["build"]["targets"]
    named = [
        *targets["sdist"]["include"],
        *targets["wheel"]["packages"],
        *targets["wheel"]["shared-data"],
        *(pattern.partition("*")[0] for pattern in tool["ruff"]["lint"]["per-file-ignores"]),
        *(entry["file"].partition("*")[0] for entry in tool["uv"]["cache-keys"]),
        *tool["mypy"]["files"],
        *tool["pytest"]["ini_options"]["testpaths"],
        *MANIFEST["project"]["license-files"],
        MANIFEST["project"]["readme"],
    ]
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_readme_names_only_what_exists():
    """Every command, magic and file that it tells of is there."""
    text = (ROOT / "README.md").read_text()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z-]+)", text)) <= targets
    assert set(re.findall(r"%(prod[a-z]+)", text)) == set(OWN_MAGICS)
    assert set(re.findall(r"`prodkit ([a-z]+)", text)) == {step.name for step in STEPS} | {"doctor"}
    linked = re.findall(r"\]\(([^)#:]+)\)|(?:src|srcset)=\"([^\":]+)\"", text)
    assert [name for names in linked for name in names if name and not (ROOT / name).exists()] == []


def test_extras_named_in_messages_exist():
    """What a message tells to install can be installed."""
    source = "\n".join(path.read_text() for path in (ROOT / "jupyter_prodkit").rglob("*.py"))
    named = {part.split("]")[0] for part in source.split("jupyter-prodkit[")[1:] if part[0].isalpha()}
    assert named <= MANIFEST["project"]["optional-dependencies"].keys()


def test_all_is_all():
    """The extra `all` brings every extra that a user may want; DVC is large, and few keep their data by it."""
    extras = MANIFEST["project"]["optional-dependencies"]
    wanted = extras.keys() - {"all", "demo", "dvc", "test"}
    assert set(extras["all"][0].split("[")[1].rstrip("]").split(",")) == wanted


def registries() -> set[str]:
    """Return the hosts from which packages come here."""
    pip = pytest.importorskip("pip._internal.models.index")
    hosts = {pip.PyPI.netloc, pip.PyPI.file_storage_domain}
    for variable in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX"):
        hosts |= {urlsplit(url).hostname or "" for url in os.environ.get(variable, "").split()}
    hosts.add(urlsplit(run("npm", "config", "get", "registry").splitlines()[0]).hostname or "")
    hosts.add(
        urlsplit(run(BIN / "jlpm", "config", "get", "npmRegistryServer", cwd=ROOT / "labextension").strip()).hostname
        or ""
    )
    return hosts - {""}


def test_no_file_names_a_registry_or_this_machine():
    """Where packages come from, and where this checkout lies, is the business of the machine it is on."""
    forbidden = {str(ROOT), *registries()}
    texts = {path: path.read_text("utf-8", errors="replace") for path in tracked_files()}
    assert [(path.name, word) for path, text in texts.items() for word in forbidden if word in text] == []


# --- what is built ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist of this tree, and the wheel that was built from that sdist."""
    folder = tmp_path_factory.mktemp("built")
    run(BIN / "uv", "build", "--quiet", "--out-dir", folder, ".")
    return folder


@pytest.mark.slow
def test_the_sdist_has_what_it_takes_to_build_and_no_more(built):
    """The TypeScript is in it, what npm installed is not."""
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"labextension/src/index.ts", "labextension/yarn.lock", "jupyter_prodkit/py.typed", "LICENSE"} <= names
    assert not [name for name in names if "node_modules" in name or name.endswith(".pyc")]


@pytest.mark.slow
def test_the_wheel_has_every_part(built):
    """The built panel, the file that loads us in every kernel, the templates, the types, the commands."""
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        names = set(wheel.namelist())
        entries = wheel.read(f"jupyter_prodkit-{VERSION}.dist-info/entry_points.txt").decode()
    data = f"jupyter_prodkit-{VERSION}.data/data"
    extension = f"{data}/share/jupyter/labextensions/jupyter-prodkit"
    assert {
        f"{extension}/package.json",
        f"{extension}/install.json",
        f"{data}/etc/ipython/ipython_config.json",
        "jupyter_prodkit/py.typed",
    } <= names
    assert any(name.startswith(f"{extension}/static/remoteEntry.") for name in names)
    templates = {path.relative_to(ROOT).as_posix() for path in (ROOT / "jupyter_prodkit").glob("*/templates/*.j2")}
    assert templates
    assert templates <= names
    assert "prodkit = jupyter_prodkit.faces.cli:main" in entries
    assert "jupyter-prodkit = jupyter_prodkit.faces.cli:main" in entries


# --- what is installed -----------------------------------------------------------------------------------------------

NOTEBOOK = [
    "import numpy as np",
    "#| export\ndef features(rows):\n    return rows * SCALE",
    "#| parameters\nSCALE = 2.0",
    "#| export\nclass Model:\n    def predict(self, rows):\n        return rows.sum(axis=1)",
    "rows = np.arange(6.0).reshape(3, 2)",
    "model = Model()\nmodel.predict(features(rows))",
]


def write_notebook(folder: Path, sources: list[str]) -> Path:
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    path = folder / "sums.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


@pytest.fixture(scope="module")
def bare(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that has the wheel and its base dependencies, and no tool of this machine."""
    prefix = tmp_path_factory.mktemp("bare") / "environment"
    run(BIN / "uv", "venv", "--quiet", "--python", sys.executable, prefix)
    run(BIN / "uv", "pip", "install", "--quiet", "--python", prefix / "bin/python", next(built.glob("*.whl")))
    return prefix / "bin"


@pytest.mark.slow
def test_base_dependencies_are_enough_to_import_and_check(bare, tmp_path):
    """Who installs us without extras gets the check, and heavy packages only when they ask for them."""
    heavy = "docker, libcst, mlflow, numpy, pandas, pydantic, uvicorn"
    run(
        bare / "python", "-c",
        "import importlib, pkgutil, sys, jupyter_prodkit\n"
        "import jupyter_prodkit.faces.cli, jupyter_prodkit.faces.magics, jupyter_prodkit.faces.channel\n"
        f"assert not set({heavy!r}.split(', ')) & sys.modules.keys()",
        cwd=tmp_path,
    )  # fmt: skip
    notebook = write_notebook(tmp_path, ["total = 1", "total + 1"])
    run(bare / "prodkit", "check", notebook, cwd=tmp_path, PATH=str(bare))


@pytest.mark.slow
@pytest.mark.kernel
@pytest.mark.parametrize(("step", "extra"), [("lock", "lock"), ("push", "mlflow")])
def test_a_step_whose_extra_is_missing_names_it(bare, tmp_path, step, extra):
    """The answer is the line to type."""
    notebook = write_notebook(tmp_path, ["import msgspec", "model = 1"])
    arguments = ["model"] if step == "push" else []
    said = run(bare / "prodkit", step, notebook, *arguments, cwd=tmp_path, status=1, PATH=str(bare))
    assert f'pip install "jupyter-prodkit[{extra}]"' in said


@pytest.fixture(scope="module")
def pushed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A notebook that was locked, exported and pushed where all extras are installed."""
    notebook = write_notebook(tmp_path_factory.mktemp("pushed"), NOTEBOOK)
    for step in (["lock"], ["export"], ["push", "model"]):
        run(BIN / "prodkit", step[0], notebook, *step[1:], cwd=notebook.parent)
    return notebook


@pytest.mark.slow
@pytest.mark.kernel
@pytest.mark.parametrize(("step", "extra"), [("export", "export"), ("build", "docker"), ("serve", "serve")])
def test_a_later_step_whose_extra_is_missing_names_it(bare, pushed, tmp_path, step, extra):
    """A colleague without the extras takes the project folder over, and is told what to install."""
    shutil.copytree(pushed.parent, tmp_path, dirs_exist_ok=True)
    said = run(bare / "prodkit", step, tmp_path / pushed.name, cwd=tmp_path, status=1, PATH=str(bare))
    assert f'pip install "jupyter-prodkit[{extra}]"' in said
