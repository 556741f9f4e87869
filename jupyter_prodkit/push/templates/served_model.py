"""The model as MLflow loads it: the release folder, opened by the exported package's own reader."""  # noqa: INP001 - MLflow copies this file

from __future__ import annotations

import importlib
import json
import os
from pathlib import Path
from typing import Any

import mlflow
import numpy as np


class ServedModel(mlflow.pyfunc.PythonModel):  # type: ignore[misc, name-defined]
    """Predicts raw rows just as the service does."""

    def load_context(self, context: Any) -> None:
        """Open the release folder, with the settings that were logged beside it unless the environment names others."""
        folder = Path(context.artifacts["release"])
        package = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["package"]
        os.environ.setdefault(f"{package.upper()}_CONFIG", context.artifacts["config"])
        self._release = importlib.import_module(f"{package}.serving").load_release(folder)

    # MLflow warns of a missing hint and takes most others for the signature; this one says no more than "a table".
    def predict(self, context: Any, model_input: np.ndarray, params: Any = None) -> Any:  # type: ignore[type-arg]  # noqa: ARG002
        """Return the predictions for raw rows, a DataFrame or an array."""
        return self._release.predict(model_input)


mlflow.models.set_model(ServedModel())
