"""Fixtures of the lock's tests; what they are made of stands in lock_bench.py."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from lock_bench import Environment, Index, make_project

from jupyter_prodkit.lock.remote_wheel import WheelRecords


@pytest.fixture(autouse=True)
def plain_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever pip and uv are configured with on the machine that runs the tests, it is not in force here."""
    for name in list(os.environ):
        if name.startswith(("PIP_", "UV_")) and name != "UV_CACHE_DIR":
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("UV_NO_CONFIG", "1")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")


@pytest.fixture(autouse=True)
def own_records(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """What is remembered of wheels between locks stays out of the user's cache."""
    folder = tmp_path_factory.getbasetemp() / "records"
    monkeypatch.setattr(WheelRecords, "cached", classmethod(lambda cls, environment: cls(environment, folder)))


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    made = Index(tmp_path / "index")
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture(scope="session")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """One project of each kind that no index has."""
    folder = tmp_path_factory.mktemp("projects")
    return {
        "edproj": make_project(folder / "edproj", "edproj", "edproj"),
        "pathproj": make_project(folder / "pathproj", "pathproj", "pathproj"),
        "acme-left": make_project(folder / "left", "acme-left", "acme.left"),
        "acme-right": make_project(folder / "right", "acme-right", "acme.right"),
    }


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory, projects: Mapping[str, Path]) -> Environment:
    """A small environment as a user may have: from the index, from folders, editable, and a namespace in two parts."""
    made = Environment(tmp_path_factory.mktemp("kernel") / "venv")
    paths = [projects[name] for name in ("pathproj", "acme-left", "acme-right")]
    made.install(
        "msgspec", "packaging", "six==1.17.0", "python-dateutil==2.9.0.post0", *paths, "-e", projects["edproj"]
    )
    return made


@pytest.fixture(scope="session")
def new_environment(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Environment]:
    return lambda: Environment(tmp_path_factory.mktemp("clean") / "venv")
