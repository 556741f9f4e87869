"""Which MLflow store a push goes to, and the environment in which MLflow then runs."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jupyter_prodkit.errors import MissingDependencyError
from jupyter_prodkit.release import ProjectFolder, without_credentials

__all__ = ["Store", "check_installed", "choose_store"]

_RELATIVE_SQLITE = re.compile(r"sqlite:///(?!/)(?P<path>.+)")
# A run that the notebook itself was started in is not ours to continue, let alone to delete when a push fails.
_NOT_OURS = frozenset({"MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME"})
_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


@dataclass(frozen=True, slots=True)
class Store:
    """One MLflow store."""

    uri: str
    """May hold credentials; show `shown` instead."""
    embedded: Path | None = None
    """The folder of the store in the project folder; None where the user named a store."""

    @property
    def shown(self) -> str:
        """The address without credentials."""
        return without_credentials(self.uri)

    @property
    def label(self) -> str:
        """How sentences name it."""
        return self.shown if self.embedded is None else "the store in the project folder"

    @property
    def artifact_location(self) -> str | None:
        """Where a new experiment keeps its files; None where the store decides."""
        return None if self.embedded is None else (self.embedded / "artifacts").as_uri()

    def environment(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return `environ` for a process that uses this store: its own settings stay, another run's identity goes."""
        kept = {name: value for name, value in environ.items() if name not in _NOT_OURS}
        if self.embedded is not None:
            kept.pop("MLFLOW_REGISTRY_URI", None)
        return {**kept, **_QUIET}


def choose_store(project: ProjectFolder, wanted: str | None, folder: Path) -> Store:
    """Return the store `wanted`, else that of MLFLOW_TRACKING_URI, else one in the project folder.

    Paths in an address are relative to `folder`, the notebook's, wherever MLflow will run.
    """
    uri = wanted or os.environ.get("MLFLOW_TRACKING_URI")
    if not uri:
        return Store(f"sqlite:///{project.registry / 'mlflow.db'}", project.registry)
    sqlite = _RELATIVE_SQLITE.fullmatch(uri)
    if sqlite is not None:
        return Store(f"sqlite:///{(folder / sqlite['path']).absolute()}")
    if ("/" in uri and ":" not in uri) or uri.startswith("."):
        return Store((folder / uri).absolute().as_uri())
    return Store(uri)


def check_installed() -> None:
    """Raise MissingDependencyError where MLflow is not installed."""
    try:
        found = importlib.util.find_spec("mlflow") is not None
    except (ImportError, ValueError):  # something else stands in its place
        found = False
    if not found:
        raise MissingDependencyError("mlflow", "mlflow")
