"""Which MLflow store a push goes to, and in which environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_prodkit.push.store import Store, choose_store
from jupyter_prodkit.release import ProjectFolder

PROJECT = ProjectFolder(Path("/srv/my flowers-prod"))
FOLDER = Path("/srv")


def test_without_a_word_the_store_is_in_the_project_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody needs a server to begin with."""
    store = choose_store(PROJECT, None, FOLDER)
    assert store.uri == "sqlite:////srv/my flowers-prod/mlflow/mlflow.db"
    assert store.artifact_location == "file:///srv/my%20flowers-prod/mlflow/artifacts"
    assert store.label == "the store in the project folder"


def test_the_option_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """--tracking-uri, else MLFLOW_TRACKING_URI, as with MLflow itself."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://from-environment")
    assert choose_store(PROJECT, None, FOLDER) == Store("http://from-environment")
    assert choose_store(PROJECT, "http://from-option", FOLDER) == Store("http://from-option")


@pytest.mark.parametrize(
    ("wanted", "uri"),
    [
        ("sqlite:///store.db", "sqlite:////srv/store.db"),
        ("sqlite:////data/store.db", "sqlite:////data/store.db"),
        ("./mlruns", "file:///srv/mlruns"),
        ("runs/here", "file:///srv/runs/here"),
        ("/data/mlruns", "file:///data/mlruns"),
        ("file:///data/mlruns", "file:///data/mlruns"),
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("databricks", "databricks"),
        ("databricks://profile", "databricks://profile"),
        ("postgresql://db/mlflow", "postgresql://db/mlflow"),
    ],
)
def test_a_path_in_an_address_is_relative_to_the_notebook(wanted: str, uri: str) -> None:
    """MLflow runs in another process and folder: what the user means by `./mlruns` is found all the same."""
    assert choose_store(PROJECT, wanted, FOLDER) == Store(uri)


def test_credentials_are_not_shown() -> None:
    """What sentences and records name is the address without user and password."""
    store = Store("http://me:hunter2@127.0.0.1:5000")
    assert (store.shown, store.label) == ("http://127.0.0.1:5000", "http://127.0.0.1:5000")


def test_a_run_that_the_notebook_was_started_in_is_left_alone() -> None:
    """MLFLOW_RUN_ID would make MLflow go on with that run, and a failed push would delete it; other settings stay."""
    given = {
        "MLFLOW_RUN_ID": "r",
        "MLFLOW_EXPERIMENT_NAME": "e",
        "MLFLOW_REGISTRY_URI": "u",
        "MLFLOW_S3_ENDPOINT_URL": "s",
    }
    kept = Store("http://h").environment(given)
    assert "MLFLOW_RUN_ID" not in kept
    assert "MLFLOW_EXPERIMENT_NAME" not in kept
    assert (kept["MLFLOW_REGISTRY_URI"], kept["MLFLOW_S3_ENDPOINT_URL"]) == ("u", "s")
    assert "MLFLOW_REGISTRY_URI" not in Store("sqlite:////x", Path("/x")).environment(given)
