"""A release folder on disk and the service that serves it, in a process of its own, spoken to over real HTTP."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from served_process import HERE, ROOT, SECONDS, Launch, Release, Service, Start, Trained, passengers
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from jupyter_prodkit.runtime import Facts, infer_schema, release_files


@pytest.fixture(scope="session")
def launch() -> Iterator[Launch]:
    """Start `python -m MODULE FOLDER …`; whatever still runs at the end is killed."""
    running: list[subprocess.Popen[str]] = []

    def launched(folder: Path, *arguments: str, module: str = "jupyter_prodkit.runtime", path: Path = ROOT) -> Any:
        command = [sys.executable, "-m", module, str(folder), *arguments]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(path), str(HERE)])}
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=folder
        )
        running.append(process)
        return process

    yield launched
    for process in running:
        if process.poll() is None:
            process.kill()
            process.communicate()


@pytest.fixture(scope="session")
def start(launch: Launch) -> Start:
    """Start the service on a free port and wait until it says that it answers."""

    def started(folder: Path, *arguments: str, **where: Any) -> Service:
        process = launch(folder, "--port", "0", *arguments, **where)
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            pytest.fail(f"the service did not start: {process.communicate()[1]}")
        return Service(process, int(json.loads(line)["url"].rsplit(":", 1)[1]))

    return started


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """Write a release folder of `model`, whose example rows are its golden rows."""

    def written(model: Any, rows: Any, *, predictions: Any = None, schema: Any = None, **facts: Any) -> Path:
        said = model.predict(rows) if predictions is None else predictions
        known = {"name": "demo", "version": "3", "package": "served_models", "package_version": "0.1.0"}
        files = release_files(
            Facts(**{**known, "model_class": type(model).__name__, **facts}),
            model=pickle.dumps(model, protocol=5),
            schema=schema or infer_schema(rows),
            rows=rows,
            predictions=said,
        )
        folder = tmp_path_factory.mktemp("release")
        for name, content in files.items():
            (folder / name).write_bytes(content)
        return folder

    return written


@pytest.fixture
def refused(launch: Launch) -> Callable[..., str]:
    """Start a service that must not start; return the one line that says why."""

    def said(folder: Path, *arguments: str) -> str:
        out, err = launch(folder, *arguments).communicate(timeout=SECONDS)
        assert out == ""
        assert len(err.splitlines()) == 1, err
        return err

    return said


@pytest.fixture(scope="session")
def trained() -> Trained:
    """A real pipeline, fitted on the passengers."""
    rows = passengers()
    target = (rows["fare"] > 25) ^ rows["crew"]
    model = make_pipeline(
        make_column_transformer(
            (make_pipeline(SimpleImputer(), StandardScaler()), ["age", "fare", "cabins"]),
            (make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")), ["port"]),
            remainder="passthrough",
        ),
        LogisticRegression(),
    )
    return Trained(model.fit(rows, target), rows)


@pytest.fixture(scope="session")
def folder(release: Release, trained: Trained) -> Path:
    """The release folder of the pipeline."""
    return release(trained.model, trained.rows.head(5), notebook_digest="n" * 64, lock_digest="l" * 64)


@pytest.fixture(scope="session")
def service(start: Start, folder: Path) -> Service:
    """The pipeline, served."""
    return start(folder, "--body-limit", "100000")
