"""The one module that knows MLflow; it runs in a process of its own, so that the user's kernel never loads it.

Run as `python -m jupyter_prodkit.push.mlflow_registry FILE`, where FILE is a pickled `Registration`; prints a JSON
`Registered`. An interrupted or failed push leaves no run and no model version behind.
"""

from __future__ import annotations

import logging
import pickle
import signal
import sys
import warnings
from contextlib import suppress
from importlib import resources
from pathlib import Path
from types import FrameType
from typing import Any

import mlflow
import msgspec
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature

from jupyter_prodkit.push.registration import Registered, Registration
from jupyter_prodkit.runtime.golden import Comparison, compare
from jupyter_prodkit.runtime.predictions import to_jsonable
from jupyter_prodkit.runtime.release import release_files

__all__ = ["main"]


class _RefusedError(Exception):
    """The model can't be pushed, for the reason given."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def register(wanted: Registration) -> Registered:
    """Log the model, register it, load it back and compare; undo everything where any of that fails."""
    mlflow.set_tracking_uri(wanted.tracking_uri)
    client = MlflowClient()
    name = wanted.facts.name
    fresh_name = _ensure_name(client, name)
    experiment = _experiment(client, wanted)
    expected = _next_version(client, name)
    release = _write_release(wanted, expected)
    run_id = version = ""
    try:
        with mlflow.start_run(experiment_id=experiment, run_name=f"{name} {expected}") as run:
            run_id = run.info.run_id
            _say(f"Logging {name} to run {run_id}")
            info = _log(wanted, release)
            _say(f"Registering {name}")
            version = str(mlflow.register_model(info.model_uri, name, tags=wanted.tags).version)
        if version != expected:
            raise _RefusedError(f"Somebody else registered {name} {expected} at the same time.", "Push again.")
        _say(f"Loading {name} {version} back and predicting the example")
        outcome = _load_back(wanted, name, version)
    except BaseException:
        _undo(client, name, version, run_id, fresh_name=fresh_name)
        raise
    return Registered(
        name=name, version=version, run_id=run_id,
        compared=outcome.compared, exact=outcome.exact, max_difference=outcome.max_difference,
    )  # fmt: skip


def _ensure_name(client: MlflowClient, name: str) -> bool:
    """Create the registered model; return whether it is new."""
    try:
        client.get_registered_model(name)
    except MlflowException:
        client.create_registered_model(name, description="Pushed from a notebook by jupyter-prodkit.")
        return True
    return False


def _experiment(client: MlflowClient, wanted: Registration) -> str:
    found = client.get_experiment_by_name(wanted.experiment)
    if found is not None and found.lifecycle_stage == "active":
        return str(found.experiment_id)
    return str(client.create_experiment(wanted.experiment, artifact_location=wanted.artifact_location))


def _next_version(client: MlflowClient, name: str) -> str:
    """The number that the registry will give: it never gives one twice, so that deleted ones count as well."""
    versions = [int(found.version) for found in client.search_model_versions(f"name = '{name}'")]
    return str(max(versions, default=0) + 1)


def _write_release(wanted: Registration, version: str) -> Path:
    facts = msgspec.structs.replace(wanted.facts, version=version)
    folder = Path(wanted.release_folder)
    folder.mkdir(parents=True, exist_ok=True)
    files = release_files(
        facts, model=wanted.model, schema=wanted.schema, rows=wanted.rows, predictions=wanted.predictions
    )
    for file, content in files.items():
        (folder / file).write_bytes(content)
    return folder


def _log(wanted: Registration, release: Path) -> Any:
    code = resources.files("jupyter_prodkit.push") / "templates" / "served_model.py"
    with resources.as_file(code) as python_model, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on integer columns and type hints: our own schema says what may be missing
        info = mlflow.pyfunc.log_model(
            name="model",
            python_model=str(python_model),
            artifacts={"release": str(release)},
            code_paths=[wanted.package_source],
            signature=infer_signature(wanted.rows, _shown(wanted.predictions)),
            input_example=wanted.rows,
            pip_requirements=list(wanted.requirements),
        )
    mlflow.log_artifacts(wanted.lock_folder, "lock")
    return info


def _shown(predictions: Any) -> Any:
    """Predictions as MLflow's signature wants them."""
    import numpy as np
    import pandas as pd

    if isinstance(predictions, list) and predictions and isinstance(predictions[0], dict):
        return pd.DataFrame(predictions)
    return np.asarray(predictions)


def _load_back(wanted: Registration, name: str, version: str) -> Comparison:
    model = mlflow.pyfunc.load_model(f"models:/{name}/{version}")
    outcome = compare(wanted.predictions, to_jsonable(model.predict(wanted.rows)))
    if not outcome.equal:
        raise _RefusedError(
            f"The model that the registry gives back predicts otherwise: {outcome.first_difference}.",
            "Look for state that the pickle does not carry: caches, global variables, files.",
        )
    return outcome


def _undo(client: MlflowClient, name: str, version: str, run_id: str, *, fresh_name: bool) -> None:
    """Take back what was made; what can't be taken back is not worth a second error."""
    with suppress(Exception):
        if version:
            client.delete_model_version(name, version)
    with suppress(Exception):
        if run_id:
            client.delete_run(run_id)
    with suppress(Exception):
        if fresh_name:
            client.delete_registered_model(name)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - read line by line as progress


def _stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a signal handler's signature
    raise KeyboardInterrupt  # so that the push is undone before the process ends


def main() -> int:
    """Register what the named file holds; what libraries print goes to stderr, out of the answer's way."""
    signal.signal(signal.SIGTERM, _stop)
    answer, sys.stdout = sys.stdout, sys.stderr
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    logging.getLogger("alembic").setLevel(logging.ERROR)
    wanted: Registration = pickle.loads(Path(sys.argv[1]).read_bytes())  # noqa: S301 - made by our own kernel
    try:
        outcome = register(wanted)
    except _RefusedError as error:
        outcome = Registered(error=str(error), hint=error.hint)
    except MlflowException as error:
        outcome = Registered(error=f"MLflow refused: {str(error).splitlines()[0]}", hint="")
    except Exception as error:  # noqa: BLE001 - told to the user by the parent process
        outcome = Registered(error=f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}")
    answer.write(msgspec.json.encode(outcome).decode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
