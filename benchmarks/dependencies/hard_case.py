"""The hard notebook: what it imports in which way, what it truly needs, and an environment in which it runs."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

__all__ = ["CELLS", "NEEDS", "make_environment", "write_notebook"]

CELLS = {
    "numbers": "import numpy as np\nimport pandas as pd\nfiles = !ls\n%matplotlib inline",
    "other-names": (
        "import cv2, yaml, attr, dotenv, requests\nfrom PIL import Image\nfrom bs4 import BeautifulSoup\n"
        "from dateutil import parser\nimport sklearn.linear_model"
    ),
    "namespaces": "from google.cloud import storage\nfrom google.protobuf import message",
    "own": "import edpkg, pathpkg, vcspkg, torch\nimport helpers_local",
    "implicit": (
        "df = pd.DataFrame({'a': [1, 2]})\ndf.to_parquet('t.parquet')\ndf.to_excel('t.xlsx')\n"
        "pd.read_parquet('t.parquet'), pd.read_excel('t.xlsx')"
    ),
    "dynamic": (
        "import importlib\nsm = importlib.import_module('statsmodels.api')\n"
        "sns = importlib.import_module('sea' + 'born')"
    ),
    "timed": "%%time\nimport scipy.stats",
    "guarded": "try:\n    import lightgbm\nexcept ImportError:\n    lightgbm = None",
    "dead": "if False:\n    import xgboost",
    "never-run": "import tqdm",
}
"""Cell id → source. `never-run` is tagged to be skipped."""

_FROM_INDEX = (
    "numpy", "pandas", "pyarrow", "openpyxl", "matplotlib", "seaborn", "scipy", "statsmodels", "scikit-learn",
    "opencv-python-headless", "pyyaml", "attrs", "python-dotenv", "requests", "pillow", "beautifulsoup4",
    "python-dateutil", "google-cloud-storage", "protobuf", "lightgbm", "tqdm",
)  # fmt: skip
NEEDS = frozenset({*_FROM_INDEX, "edpkg", "pathpkg", "vcspkg", "torch"})
"""The distributions that the notebook itself uses, by their normalised names."""
_PROJECT = """
[build-system]
requires = ["uv_build>=0.9,<2"]
build-backend = "uv_build"
[project]
name = "{name}"
version = "1.0"
requires-python = ">=3.10"
"""


def write_notebook(folder: Path) -> Path:
    """Write the notebook and the helper beside it, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "helpers_local.py").write_text("X = 1\n", encoding="utf-8")
    cells = [
        {
            "cell_type": "code", "id": name, "source": source, "outputs": [], "execution_count": None,
            "metadata": {"tags": ["skip-execution"]} if name == "never-run" else {},
        }
        for name, source in CELLS.items()
    ]  # fmt: skip
    metadata = {"language_info": {"name": "python"}, "kernelspec": {"name": "python3", "display_name": "Python 3"}}
    path = folder / "hard.ipynb"
    content = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def make_environment(uv: Path, folder: Path, kernel: Sequence[str]) -> str:
    """Return Python of an environment with all that the notebook needs and `kernel`; made where it is missing."""
    python = folder / "venv" / "bin" / "python"
    if (folder / "complete").exists():
        return str(python)
    projects = {name: _project(folder / "projects" / name, name) for name in ("edpkg", "pathpkg", "vcspkg")}
    _commit(projects["vcspkg"])
    wheel = _stand_in(folder / "wheels")
    subprocess.run([uv, "venv", "--clear", "--python", sys.executable, folder / "venv"], check=True)
    install = [uv, "pip", "install", "-p", python]
    subprocess.run([*install, *_FROM_INDEX, *kernel], check=True)
    subprocess.run([*install, "--no-index", "--find-links", wheel.parent, "torch==2.6.0+cu124"], check=True)
    own = ["-e", projects["edpkg"], projects["pathpkg"], f"git+file://{projects['vcspkg']}"]
    subprocess.run([*install, *own], check=True)
    (folder / "complete").touch()
    return str(python)


def _project(folder: Path, name: str) -> Path:
    package = folder / "src" / name
    package.mkdir(parents=True, exist_ok=True)
    (package / "__init__.py").write_text("", encoding="utf-8")
    (folder / "pyproject.toml").write_text(_PROJECT.format(name=name), encoding="utf-8")
    return folder


def _commit(folder: Path) -> None:
    author = ["-c", "user.name=b", "-c", "user.email=b@example.org", "-c", "commit.gpgsign=false"]
    git = ["git", "-C", str(folder), *author]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "--allow-empty", "-m", "one"]):
        subprocess.run([*git, *command], check=True)


def _stand_in(folder: Path) -> Path:
    """Write a wheel that stands for PyTorch's build with CUDA: name, version and label, and no more."""
    folder.mkdir(parents=True, exist_ok=True)
    path, info = folder / "torch-2.6.0+cu124-py3-none-any.whl", "torch-2.6.0+cu124.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("torch/__init__.py", "from torch import version\n__version__ = '2.6.0+cu124'\n")
        archive.writestr("torch/version.py", "cuda = '12.4'\n")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: torch\nVersion: 2.6.0+cu124\n")
        tags = "Root-Is-Purelib: true\nTag: py3-none-any\n"
        archive.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nGenerator: x\n{tags}")
        archive.writestr(f"{info}/RECORD", "torch/__init__.py,,\ntorch/version.py,,\n")
    return path
