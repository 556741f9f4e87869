"""The model as MLflow loads it: the release folder, opened by the exported package's own reader."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import mlflow


class ServedModel(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """Predicts raw rows just as the service does."""

    def load_context(self, context: Any) -> None:
        """Open the release folder that was logged with the model."""
        folder = Path(context.artifacts["release"])
        package = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["package"]
        self._release = importlib.import_module(f"{package}.serving").load_release(folder)

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:  # noqa: ARG002 - MLflow's signature
        """Return the predictions for raw rows."""
        return self._release.predict(model_input)


mlflow.models.set_model(ServedModel())
