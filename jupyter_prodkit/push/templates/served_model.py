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

    # Without type hints: MLflow would take them for the model's signature.
    def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201, ARG002
        """Return the predictions for raw rows."""
        return self._release.predict(model_input)


mlflow.models.set_model(ServedModel())
