"""What the tests of the push share."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent)]

from live import RunNotebook


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever MLflow is configured with on the machine that runs the tests, it is not in force here."""
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return the project folder of these cells, locked and exported; each page is exported once."""
    known: dict[tuple[str, ...], Path] = {}

    def project(*cells: str) -> Path:
        if cells not in known:
            path = tmp_path_factory.mktemp("exported") / "flowers.ipynb"
            known[cells] = RunNotebook(path, *cells).locked().export().project.path
        return known[cells]

    return project


@pytest.fixture
def notebook(tmp_path: Path, exported: Callable[..., Path]) -> Callable[..., RunNotebook]:
    """Run these cells as flowers.ipynb; its project folder is locked and exported."""

    def ready(*cells: str) -> RunNotebook:
        shutil.copytree(exported(*cells), tmp_path / "flowers-prod")
        return RunNotebook(tmp_path / "flowers.ipynb", *cells)

    return ready
