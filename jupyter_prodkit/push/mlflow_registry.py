"""The one module that knows MLflow; it runs in a process of its own, so that the user's kernel never loads it.

Run as `python -m jupyter_prodkit.push.mlflow_registry REQUEST ANSWER`: reads a pickled `Registration`, writes a JSON
`Registered`. A push that fails takes back what it made; with `--undo` as a third argument this module takes back what
a process left behind that was stopped or killed. Nothing is taken back from within a signal: that would leave a
database locked in the middle of what it was doing.
"""

from __future__ import annotations

import logging
import os
import pickle
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import mlflow
import msgspec
from mlflow import MlflowClient
from mlflow.entities import ViewType
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature

from jupyter_prodkit.files import write_file
from jupyter_prodkit.push.registration import JOURNAL, Journal, Registered, Registration
from jupyter_prodkit.push.release_folder import RefusedError, write_proved_release
from jupyter_prodkit.runtime.golden import Comparison, compare
from jupyter_prodkit.runtime.predictions import to_jsonable

__all__ = ["main", "register", "undo"]

_ATTEMPTS = 3
_PUSH = "prodkit.push"
# For the first question only: a server that isn't there should not take minutes to be missed.
_IMPATIENT = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
}


def register(wanted: Registration, journal: Path) -> Registered:
    """Log the model, load it back and compare, then register it; undo everything where any of that fails.

    What there was not before is written to `journal` first. Raises RefusedError, and whatever MLflow raises.
    """
    client, name = _client(wanted), wanted.facts.name
    _reach(client)
    before = Journal(experiment=_experiment(client, wanted) is None, name=not _is_registered(client, name))
    journal.write_bytes(msgspec.json.encode(before))
    version = _next_version(client, name)
    for _ in range(_ATTEMPTS):
        try:
            write_proved_release(wanted, version)
            logged = _log_and_prove(client, wanted, version)
            given = _register(client, wanted, logged.model_id)
        except Exception:
            undo(wanted, before)
            raise
        if given == version:
            return Registered(
                name=name,
                version=version,
                run_id=logged.run_id,
                compared=logged.outcome.compared,
                exact=logged.outcome.exact,
                max_difference=logged.outcome.max_difference,
                signature=logged.signature,
            )
        # A registry gives no number twice, and does not tell of versions that were deleted.
        undo(wanted, before)
        version = str(int(given) + 1)
    raise RefusedError(f"Others register {name} at the same time.", "Push again.")


def _client(wanted: Registration) -> MlflowClient:
    mlflow.set_tracking_uri(wanted.tracking_uri)
    return MlflowClient()


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


def _experiment(client: MlflowClient, wanted: Registration) -> str | None:
    found = client.get_experiment_by_name(wanted.experiment)
    return str(found.experiment_id) if found is not None and found.lifecycle_stage == "active" else None


def _is_registered(client: MlflowClient, name: str) -> bool:
    return bool(client.search_registered_models(f"name = '{name}'", max_results=1))


def _next_version(client: MlflowClient, name: str) -> str:
    """The number that the registry will most likely give."""
    versions = [int(found.version) for found in client.search_model_versions(f"name = '{name}'")]
    return str(max(versions, default=0) + 1)


# --- in the store ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Logged:
    run_id: str
    model_id: str
    signature: bool
    outcome: Comparison


def _log_and_prove(client: MlflowClient, wanted: Registration, version: str) -> _Logged:
    experiment = _experiment(client, wanted) or client.create_experiment(wanted.experiment, wanted.artifact_location)
    source = {"mlflow.source.name": wanted.tags["prodkit.notebook"], "mlflow.source.type": "NOTEBOOK"}
    tags = {**wanted.tags, **source, _PUSH: wanted.push_id}
    with mlflow.start_run(experiment_id=experiment, run_name=f"{wanted.facts.name} {version}", tags=tags) as run:
        _say(f"Logging {wanted.facts.name} to run {run.info.run_id}")
        info = _log(wanted)
        mlflow.log_artifacts(wanted.lock_folder, "lock")
        _say("Loading the logged model back and predicting the example")
        given = to_jsonable(mlflow.pyfunc.load_model(info.model_uri).predict(wanted.rows))
        outcome = compare(wanted.predictions, given)
        if not outcome.equal:
            raise RefusedError(
                f"The model that the store gives back predicts otherwise: {outcome.first_difference}.",
                "Look for state that the pickle does not carry: caches, global variables, files.",
            )
    return _Logged(run.info.run_id, info.model_id, info.signature is not None, outcome)


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


def _register(client: MlflowClient, wanted: Registration, model_id: str) -> str:
    name = wanted.facts.name
    _say(f"Registering {name}")
    if not _is_registered(client, name):
        client.create_registered_model(name, description="Pushed from a notebook by jupyter-prodkit.")
    return str(mlflow.register_model(f"models:/{model_id}", name, tags=wanted.tags).version)


# --- if it fails -------------------------------------------------------------------------------------------------


def undo(wanted: Registration, before: Journal) -> None:
    """Take back what the push made, files included; what can't be taken back is not worth a second error."""
    client, name = _client(wanted), wanted.facts.name
    # The client only marks as deleted; what deletes for good, where a store can, is what `mlflow gc` calls.
    store: Any = mlflow.tracking._tracking_service.utils._get_store()  # type: ignore[no-untyped-call]  # noqa: SLF001
    experiment = _experiment(client, wanted)
    if experiment is not None:
        _undo_runs(client, store, experiment, wanted.push_id)
    with suppress(Exception):
        if before.name and not client.search_model_versions(f"name = '{name}'"):
            client.delete_registered_model(name)
    with suppress(Exception):
        if before.experiment and experiment is not None and not client.search_runs([experiment]):
            client.delete_experiment(experiment)
            store._hard_delete_experiment(experiment)  # noqa: SLF001


def _undo_runs(client: MlflowClient, store: Any, experiment: str, push_id: str) -> None:
    for run in client.search_runs([experiment], f"tags.`{_PUSH}` = '{push_id}'", ViewType.ALL):
        run_id = run.info.run_id
        for version in client.search_model_versions(f"run_id = '{run_id}'"):
            with suppress(Exception):
                client.delete_model_version(version.name, version.version)
        for model in client.search_logged_models([experiment], filter_string=f"source_run_id = '{run_id}'"):
            with suppress(Exception):
                _remove_files(model.artifact_location)
                client.delete_logged_model(model.model_id)
                store._hard_delete_logged_model(model.model_id)  # noqa: SLF001
        with suppress(Exception):
            _remove_files(run.info.artifact_uri)
            client.delete_run(run_id)
            store._hard_delete_run(run_id)  # noqa: SLF001


def _remove_files(uri: str) -> None:
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    repository: Any = get_artifact_repository(uri)
    repository.delete_artifacts()


# --- the process -------------------------------------------------------------------------------------------------


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - read line by line as progress


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def main() -> int:
    """Register what the first file holds and answer in the second, or take back what an earlier process made."""
    request, answer = map(Path, sys.argv[1:3])
    journal = answer.with_name(JOURNAL)
    for library in ("mlflow", "alembic"):
        logging.getLogger(library).setLevel(logging.ERROR)
    wanted: Registration = pickle.loads(request.read_bytes())  # noqa: S301 - made by our own kernel
    if sys.argv[3:] == ["--undo"]:
        undo(wanted, msgspec.json.decode(journal.read_bytes(), type=Journal))
        return 0
    try:
        outcome = register(wanted, journal)
    except RefusedError as error:
        outcome = Registered(error=str(error), hint=error.hint)
    except MlflowException as error:
        outcome = Registered(error=f"MLflow refused: {_first_line(error)}")
    except Exception as error:  # noqa: BLE001 - told to the user by the parent process
        outcome = Registered(error=f"{type(error).__name__}: {_first_line(error)}")
    write_file(answer, msgspec.json.encode(outcome))
    return 0


if __name__ == "__main__":
    sys.exit(main())
