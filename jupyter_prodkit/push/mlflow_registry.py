"""The one module that knows MLflow; it runs in a process of its own, so that the user's kernel never loads it.

Run as `python -m jupyter_prodkit.push.mlflow_registry REQUEST ANSWER`: reads a pickled `Registration`, writes a JSON
`Registered`. An interrupted or failed push leaves no run, no logged model and no model version behind.
"""

from __future__ import annotations

import logging
import os
import pickle
import signal
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
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
from jupyter_prodkit.push.release_folder import RefusedError, write_proved_release
from jupyter_prodkit.runtime.golden import Comparison, compare
from jupyter_prodkit.runtime.predictions import to_jsonable

__all__ = ["main", "register"]

_ATTEMPTS = 3
# For the first question only: a server that isn't there should not take minutes to be missed.
_IMPATIENT = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
}


@dataclass(slots=True)
class _Made:
    """What a push has made in the store so far, and takes back if it fails."""

    name: str = ""
    """The registered model, where it is new."""
    experiment: str = ""
    """The experiment, where it is new."""
    run_id: str = ""
    model_id: str = ""
    version: tuple[str, str] | None = None
    """The registered model's name and the version's number."""


def register(wanted: Registration) -> Registered:
    """Log the model, load it back and compare, then register it; undo everything where any of that fails."""
    mlflow.set_tracking_uri(wanted.tracking_uri)
    client = MlflowClient()
    name, made = wanted.facts.name, _Made()
    _reach(client)
    version = _next_version(client, name)
    for _ in range(_ATTEMPTS):
        try:
            write_proved_release(wanted, version)
            outcome = _log_and_prove(client, wanted, made, version)
            given = _register(client, wanted, made)
            if given == version:
                signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it is done: whoever stops it now comes too late
                return Registered(
                    name=name, version=version, run_id=made.run_id, compared=outcome.compared, exact=outcome.exact,
                    max_difference=outcome.max_difference, signature=_has_signature(made),
                )  # fmt: skip
        except BaseException:
            _undo(client, made)
            raise
        # A registry gives no number twice, and does not tell of versions that were deleted.
        _undo(client, made)
        version, made = str(int(given) + 1), _Made()
    raise RefusedError(f"Others register {name} at the same time.", "Push again.")


# --- before anything is made -------------------------------------------------------------------------------------


def _reach(client: MlflowClient) -> None:
    """Ask the store something that changes nothing. Raises RefusedError where it does not answer."""
    try:
        with _environment(_IMPATIENT):
            client.search_experiments(max_results=1)
    except MlflowException as error:
        raise RefusedError(
            f"No MLflow store answers at {client.tracking_uri}: {_first_line(error)}",
            "Is the server running, and may you use it? --tracking-uri names another.",
        ) from error


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update({name: value for name, value in variables.items() if name not in before})
    try:
        yield
    finally:
        for name in variables.keys() - before.keys():
            del os.environ[name]


def _next_version(client: MlflowClient, name: str) -> str:
    """The number that the registry will most likely give."""
    versions = [int(found.version) for found in client.search_model_versions(f"name = '{name}'")]
    return str(max(versions, default=0) + 1)


# --- in the store ------------------------------------------------------------------------------------------------


def _log_and_prove(client: MlflowClient, wanted: Registration, made: _Made, version: str) -> Comparison:
    experiment = _experiment(client, wanted, made)
    tags = {"mlflow.source.name": wanted.tags["prodkit.notebook"], "mlflow.source.type": "NOTEBOOK", **wanted.tags}
    with mlflow.start_run(experiment_id=experiment, run_name=f"{wanted.facts.name} {version}", tags=tags) as run:
        made.run_id = run.info.run_id
        _say(f"Logging {wanted.facts.name} to run {made.run_id}")
        info = _log(wanted)
        made.model_id = info.model_id or ""
        mlflow.log_artifacts(wanted.lock_folder, "lock")
        _say("Loading the logged model back and predicting the example")
        outcome = compare(
            wanted.predictions, to_jsonable(mlflow.pyfunc.load_model(info.model_uri).predict(wanted.rows))
        )
        if not outcome.equal:
            raise RefusedError(
                f"The model that the store gives back predicts otherwise: {outcome.first_difference}.",
                "Look for state that the pickle does not carry: caches, global variables, files.",
            )
    return outcome


def _experiment(client: MlflowClient, wanted: Registration, made: _Made) -> str:
    found = client.get_experiment_by_name(wanted.experiment)
    if found is not None and found.lifecycle_stage == "active":
        return str(found.experiment_id)
    made.experiment = str(client.create_experiment(wanted.experiment, artifact_location=wanted.artifact_location))
    return made.experiment


def _log(wanted: Registration) -> Any:
    code = resources.files("jupyter_prodkit.push") / "templates" / "served_model.py"
    with resources.as_file(code) as python_model, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on integer columns: our own schema says what may be missing
        return mlflow.pyfunc.log_model(
            name="model",
            python_model=str(python_model),
            artifacts={"release": wanted.release_folder, "config": wanted.config},
            code_paths=[wanted.package_source],
            signature=_signature(wanted),
            input_example=wanted.rows,
            pip_requirements=list(wanted.requirements),
        )


def _signature(wanted: Registration) -> Any:
    """The signature of inputs and outputs, of inputs only, or None: as much as MLflow can say."""
    import numpy as np
    import pandas as pd

    predictions = wanted.predictions
    records = isinstance(predictions, list) and predictions and isinstance(predictions[0], dict)
    with suppress(MlflowException, ValueError, TypeError):
        return infer_signature(wanted.rows, pd.DataFrame(predictions) if records else np.asarray(predictions))
    with suppress(MlflowException, ValueError, TypeError):
        return infer_signature(wanted.rows)
    return None


def _has_signature(made: _Made) -> bool:
    return mlflow.models.get_model_info(f"models:/{made.model_id}").signature is not None


def _register(client: MlflowClient, wanted: Registration, made: _Made) -> str:
    name = wanted.facts.name
    _say(f"Registering {name}")
    try:
        client.get_registered_model(name)
    except MlflowException:
        client.create_registered_model(name, description="Pushed from a notebook by jupyter-prodkit.")
        made.name = name
    given = str(mlflow.register_model(f"models:/{made.model_id}", name, tags=wanted.tags).version)
    made.version = (name, given)
    return given


# --- if it fails -------------------------------------------------------------------------------------------------


def _undo(client: MlflowClient, made: _Made) -> None:
    """Take back what was made, files included; what can't be taken back is not worth a second error."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # The client only marks as deleted; what deletes for good, where a store can, is what `mlflow gc` calls.
    store: Any = mlflow.tracking._tracking_service.utils._get_store()  # type: ignore[no-untyped-call]  # noqa: SLF001
    if made.version is not None:
        with suppress(Exception):
            client.delete_model_version(*made.version)
    if made.name:
        with suppress(Exception):
            client.delete_registered_model(made.name)
    if made.run_id:
        for model in _logged_models(client, made):
            with suppress(Exception):
                _remove_files(model.artifact_location)
                client.delete_logged_model(model.model_id)
                store._hard_delete_logged_model(model.model_id)  # noqa: SLF001
        with suppress(Exception):
            _remove_files(client.get_run(made.run_id).info.artifact_uri)
            client.delete_run(made.run_id)
            store._hard_delete_run(made.run_id)  # noqa: SLF001
    if made.experiment:
        with suppress(Exception):
            client.delete_experiment(made.experiment)
            store._hard_delete_experiment(made.experiment)  # noqa: SLF001


def _logged_models(client: MlflowClient, made: _Made) -> list[Any]:
    """Those of the run: one whose logging was interrupted has not told us its id."""
    with suppress(Exception):
        experiment = client.get_run(made.run_id).info.experiment_id
        found = client.search_logged_models([experiment], filter_string=f"source_run_id = '{made.run_id}'")
        return list(found)
    return []


def _remove_files(uri: str) -> None:
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    repository: Any = get_artifact_repository(uri)
    repository.delete_artifacts()


# --- the process -------------------------------------------------------------------------------------------------


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - read line by line as progress


def _stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a signal handler's signature
    raise KeyboardInterrupt  # so that the push is undone before the process ends


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def main() -> int:
    """Register what the first file holds, and answer in the second."""
    signal.signal(signal.SIGTERM, _stop)
    request, answer = map(Path, sys.argv[1:])
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    logging.getLogger("alembic").setLevel(logging.ERROR)
    wanted: Registration = pickle.loads(request.read_bytes())  # noqa: S301 - made by our own kernel
    try:
        outcome = register(wanted)
    except RefusedError as error:
        outcome = Registered(error=str(error), hint=error.hint)
    except MlflowException as error:
        outcome = Registered(error=f"MLflow refused: {_first_line(error)}")
    except Exception as error:  # noqa: BLE001 - told to the user by the parent process
        outcome = Registered(error=f"{type(error).__name__}: {_first_line(error)}")
    answer.write_bytes(msgspec.json.encode(outcome))
    return 0


if __name__ == "__main__":
    sys.exit(main())
