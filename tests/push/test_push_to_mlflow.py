"""Pushes into real MLflow stores: what is there afterwards, and that nothing is where a push failed."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import textwrap
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml
from live import FLOWERS, RunNotebook

from jupyter_prodkit.errors import CancelledError, PushError
from jupyter_prodkit.faces.display import as_json
from jupyter_prodkit.progress import Progress, ProgressEvent
from jupyter_prodkit.push.step import PUSH
from jupyter_prodkit.release import ProjectFolder
from jupyter_prodkit.step import Result

pytestmark = pytest.mark.slow
Ready = Callable[..., RunNotebook]
PASSWORD = "hunter2"


class Pushed:
    """A notebook pushed twice into its own store."""

    def __init__(self, path: Path) -> None:
        self.notebook = RunNotebook(path, *FLOWERS)
        self.seen: list[str] = []
        progress = Progress(lambda event: self.seen.append(event.message))
        self.results = [self.notebook.push(), self.notebook.push(progress=progress)]


@pytest.fixture(scope="module")
def pushed(tmp_path_factory: pytest.TempPathFactory, exported: Callable[..., Path]) -> Pushed:
    folder = tmp_path_factory.mktemp("my work")  # MLflow's addresses are URLs: a space must not matter
    shutil.copytree(exported(*FLOWERS), folder / "flowers-prod")
    return Pushed(folder / "flowers.ipynb")


def rows_of(project: ProjectFolder, query: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(project.registry / "mlflow.db") as database:
        return database.execute(query).fetchall()


def model_folder(project: ProjectFolder, version: int) -> Path:
    """Where the store keeps the files of a version."""
    ((location,),) = rows_of(project, f"SELECT storage_location FROM model_versions WHERE version = {version}")
    path = Path(urllib.request.url2pathname(location.removeprefix("file://")))
    return path if path.exists() else Path(location)


def recorded(result: Result) -> dict[str, Any]:
    return dict(result.recorded or {})


def test_each_push_is_a_version_more(pushed: Pushed) -> None:
    """The first push is version 1, the second version 2; the record names the last with its run."""
    assert [result.summary for result in pushed.results] == ["Pushed flowers version 1.", "Pushed flowers version 2."]
    found = rows_of(
        pushed.notebook.project, "SELECT name, version, run_id, status FROM model_versions ORDER BY version"
    )
    runs = [recorded(result)["run_id"] for result in pushed.results]
    assert found == [("flowers", 1, runs[0], "READY"), ("flowers", 2, runs[1], "READY")]
    assert rows_of(pushed.notebook.project, "SELECT DISTINCT status FROM runs") == [("FINISHED",)]
    assert pushed.notebook.inputs().record.fact("push", "model_version") == "2"


def test_only_our_own_lines_are_shown(pushed: Pushed) -> None:
    """Progress is what happens, not what libraries chat about."""
    shown = [line for line in pushed.seen if "Warning" in line or "type hints" in line or "http" in line]
    assert shown == []
    assert any(line.startswith("Logging flowers to run ") for line in pushed.seen)


def test_the_version_leads_back_to_the_cells(pushed: Pushed) -> None:
    """Its tags name the notebook, its code, the lock, the wheel and the check's verdict."""
    tags = dict(rows_of(pushed.notebook.project, "SELECT key, value FROM model_version_tags WHERE version = 2"))
    record = pushed.notebook.inputs().record
    assert tags == {
        "prodkit.notebook": "flowers.ipynb",
        "prodkit.notebook_digest": pushed.notebook.page.code_digest,
        "prodkit.lock_digest": "l" * 64,
        "prodkit.wheel_digest": record.fact("export", "wheel_digest"),
        "prodkit.verdict": "not checked",
    }
    source = rows_of(pushed.notebook.project, "SELECT value FROM tags WHERE key = 'mlflow.source.name'")
    assert set(source) == {("flowers.ipynb",)}


def test_signature_example_and_lock_are_with_it(pushed: Pushed) -> None:
    """MLflow's users find what they expect: signature, input example, exact requirements, the lock's files."""
    project = pushed.notebook.project
    folder = model_folder(project, 2)
    described = yaml.safe_load((folder / "MLmodel").read_text())
    inputs = json.loads(described["signature"]["inputs"])
    assert [(column["name"], column["type"]) for column in inputs] == [("length", "double"), ("width", "double")]
    assert "outputs" in described["signature"]
    example = json.loads((folder / "input_example.json").read_text())
    assert example["columns"] == ["length", "width"]
    assert len(example["data"]) == 10
    pins = (folder / "requirements.txt").read_text().split()
    assert f"scikit-learn=={__import__('sklearn').__version__}" in pins
    assert all(re.fullmatch(r"[a-z0-9-]+==\S+", pin) for pin in pins)
    run = next(
        path
        for path in (project.registry / "artifacts").iterdir()
        if path.name == recorded(pushed.results[1])["run_id"]
    )
    logged = {path.name for path in (run / "artifacts" / "lock").iterdir()}
    assert logged == {path.name for path in project.lock.iterdir()}


def test_the_registry_holds_the_very_release_that_is_served(pushed: Pushed) -> None:
    """The release folder of the project and the one in the registry are the same, byte for byte, under a plain name."""
    project = pushed.notebook.project
    kept = model_folder(project, 2) / "artifacts" / "release"
    assert {path.name: path.read_bytes() for path in kept.iterdir()} == {
        path.name: path.read_bytes() for path in project.release.iterdir()
    }
    assert json.loads((project.release / "manifest.json").read_text())["version"] == "2"


ALONE = """
import sys
class NoProdkit:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "jupyter_prodkit":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, NoProdkit())
import json
import mlflow, pandas as pd
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model("models:/flowers/2")
rows = pd.DataFrame({"length": [0.0, 3.0], "width": [0.1, 0.2]})
print(json.dumps([str(value) for value in model.predict(rows)]))
assert not [name for name in sys.modules if name.startswith("jupyter_prodkit")]
"""


def test_it_loads_anywhere_without_us(pushed: Pushed, tmp_path: Path) -> None:
    """Plain MLflow loads and predicts in a process that can't import jupyter-prodkit, and does not grumble: no lock-in.

    A config.yaml or .env of another program in that folder does not matter.
    """
    (tmp_path / "config.yaml").write_text("someone: else\n")
    (tmp_path / ".env").write_text("AWS_REGION=eu-1\n")
    uri = f"sqlite:///{pushed.notebook.project.registry / 'mlflow.db'}"
    done = subprocess.run([sys.executable, "-c", ALONE, uri], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["small", "large"]
    assert "Add type hints" not in done.stderr


def test_a_push_is_stale_when_code_or_package_is_another(pushed: Pushed) -> None:
    """The panel says why to push again."""
    record, page = pushed.notebook.inputs().record, pushed.notebook.page
    assert PUSH.stale(record, page) is None
    other = RunNotebook(pushed.notebook.path, *FLOWERS, "1").page
    assert PUSH.stale(record, other) == "the code has changed since"
    export = record.steps["export"]
    again = type(export)(
        **{**{f: getattr(export, f) for f in export.__struct_fields__}, "facts": {"wheel_digest": "x"}}
    )
    assert PUSH.stale(record.with_step("export", again), page) == "the package was exported again since"


# --- failures leave nothing --------------------------------------------------------------------------------------


@pytest.fixture
def once(pushed: Pushed, tmp_path: Path) -> RunNotebook:
    """The notebook with its store, in a copy that a test may break."""
    shutil.copytree(pushed.notebook.project.path, tmp_path / "flowers-prod")
    path = tmp_path / "flowers-prod" / "mlflow" / "mlflow.db"
    old = f"file://{urllib.request.pathname2url(str(pushed.notebook.project.registry))}"
    with sqlite3.connect(path) as database:  # the store knows where its files are: they were moved
        database.execute(
            "UPDATE experiments SET artifact_location = replace(artifact_location, ?, ?)",
            (old, f"file://{path.parent}"),
        )
    return RunNotebook(tmp_path / "flowers.ipynb", *FLOWERS)


def state_of(project: ProjectFolder) -> dict[str, Any]:
    """What a user of the store sees, its files, and the project's own; a deleted version is seen by nobody."""
    tables = ("experiments", "runs", "logged_models", "registered_models", "model_versions")
    rows = {table: sorted(map(str, rows_of(project, f"SELECT * FROM {table}"))) for table in tables}
    rows["model_versions"] = [row for row in rows["model_versions"] if "Deleted_Internal" not in row]
    rows["registered_models"] = [
        re.sub(r"\d{13}", "T", row) for row in rows["registered_models"]
    ]  # when it was touched
    files = sorted(str(path) for path in (project.registry / "artifacts").rglob("*") if path.is_file())
    release = {path.name: path.read_bytes() for path in project.release.iterdir()}
    return {**rows, "files": files, "release": release, "record": project.record_path.read_bytes()}


def test_a_failure_of_the_registry_leaves_nothing(once: RunNotebook) -> None:
    """Where the registry refuses the version, the run, the logged model and their files are gone again."""
    before = state_of(once.project)
    with sqlite3.connect(once.project.registry / "mlflow.db") as database:
        database.execute(
            "CREATE TRIGGER full BEFORE INSERT ON model_versions BEGIN SELECT RAISE(ABORT, 'no more'); END"
        )
    with pytest.raises(PushError, match="MLflow refused"):
        once.push()
    assert state_of(once.project) == before


def test_a_failed_first_push_leaves_no_store(notebook: Ready) -> None:
    """If the very first push fails, not even an empty store is left."""
    flowers = notebook(*FLOWERS)
    progress = Progress(lambda event: progress.cancel() if event.message.startswith("Logging flowers to") else None)
    with pytest.raises(CancelledError):
        flowers.push(progress=progress)
    assert not flowers.project.registry.exists()
    assert not flowers.project.release.exists()


def test_settings_changed_by_hand_are_tried_as_they_will_be_served(notebook: Ready) -> None:
    """Where config.yaml says something else than the notebook, the trial shows it, as the service would."""
    flowers = notebook(*FLOWERS)
    (flowers.project.package / "config.yaml").write_text("cut: 2.9\n")
    with pytest.raises(PushError, match="predicts otherwise than in the notebook"):
        flowers.push()


@pytest.mark.parametrize("moment", ["Logging flowers to", "Loading the logged model", "Registering flowers"])
def test_an_interrupted_push_leaves_nothing(once: RunNotebook, moment: str) -> None:
    """Stopped while the model is logged, tried or registered, store, release and record are as they were.

    A stop that comes after the last moment finds a push that is whole.
    """
    before = state_of(once.project)
    progress = Progress(lambda event: progress.cancel() if event.message.startswith(moment) else None)
    try:
        result = once.push(progress=progress)
    except CancelledError:
        assert state_of(once.project) == before
    else:
        assert moment == "Registering flowers"
        given = recorded(result)["model_version"]
        assert json.loads((once.project.release / "manifest.json").read_text())["version"] == given
        assert once.inputs().record.fact("push", "model_version") == given
    assert not list(once.project.path.glob(".prodkit-*"))


def test_a_killed_push_is_taken_back(once: RunNotebook) -> None:
    """Where the process that pushes is killed, for want of memory say, the user is told, and nothing of it is left."""
    before = state_of(once.project)

    def kill(event: ProgressEvent) -> None:
        if event.message.startswith("Loading the logged model"):
            (pushing,) = [
                one
                for one in psutil.Process().children()
                if one.status() != psutil.STATUS_ZOMBIE and any("mlflow_registry" in part for part in one.cmdline())
            ]
            pushing.kill()

    with pytest.raises(PushError, match="The process that pushes ended without an answer"):
        once.push(progress=Progress(kill))
    assert state_of(once.project) == before


def test_a_version_that_was_deleted_is_no_hindrance(once: RunNotebook) -> None:
    """A registry never gives a number twice and does not tell of deleted ones: the manifest names the number given."""
    with sqlite3.connect(once.project.registry / "mlflow.db") as database:
        database.execute("UPDATE model_versions SET current_stage = 'Deleted_Internal' WHERE version = 2")
    given = recorded(once.push())["model_version"]
    assert int(given) > 2
    assert json.loads((once.project.release / "manifest.json").read_text())["version"] == given
    visible = rows_of(once.project, "SELECT version FROM model_versions WHERE current_stage != 'Deleted_Internal'")
    assert visible == [(1,), (int(given),)]
    assert len(rows_of(once.project, "SELECT * FROM runs")) == 3


# --- servers -----------------------------------------------------------------------------------------------------


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real MLflow server on this machine."""
    folder, port = tmp_path_factory.mktemp("server"), free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
         "--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", str(folder / "files")],
        cwd=folder, env={**environment, "MLFLOW_DISABLE_TELEMETRY": "true", "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 120
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2):
                    break
            except OSError:
                assert time.monotonic() < deadline, "the MLflow server did not start"
                time.sleep(0.3)
        yield f"127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def everything_said(result: Result, seen: list[str], project: ProjectFolder) -> str:
    files = [path.read_text(errors="replace") for path in (project.record_path, *project.release.iterdir())]
    return "\n".join([as_json(PUSH, result), str(result), *seen, *files])


def test_a_server_is_pushed_to_and_the_password_stays_away(notebook: Ready, server: str) -> None:
    """--tracking-uri names a server; a password in it is used, and reaches neither screen, record nor release."""
    flowers, seen = notebook(*FLOWERS), []
    uri = f"http://me:{PASSWORD}@{server}"
    result = flowers.push(tracking_uri=uri, progress=Progress(lambda event: seen.append(event.message)))
    assert result.summary == "Pushed flowers version 1."
    assert recorded(result)["tracking_uri"] == f"http://{server}"
    assert PASSWORD not in everything_said(result, seen, flowers.project)
    assert not flowers.project.registry.exists()
    with urllib.request.urlopen(f"http://{server}/api/2.0/mlflow/model-versions/search", timeout=10) as answer:
        (version,) = json.load(answer)["model_versions"]
    assert (version["name"], version["version"], version["status"]) == ("flowers", "1", "READY")
    assert PASSWORD not in json.dumps(version)


def test_an_interrupted_push_to_a_server_is_taken_back(notebook: Ready, server: str) -> None:
    """A server keeps what is deleted for a while, but shows it no more."""
    flowers = notebook(*FLOWERS)
    progress = Progress(lambda event: progress.cancel() if event.message.startswith("Loading the logged") else None)
    with pytest.raises(CancelledError):
        flowers.push(name="interrupted", tracking_uri=f"http://{server}", progress=progress)
    with urllib.request.urlopen(f"http://{server}/api/2.0/mlflow/registered-models/search", timeout=10) as answer:
        names = [model["name"] for model in json.load(answer).get("registered_models", [])]
    assert "interrupted" not in names
    body = json.dumps({"max_results": 100}).encode()
    request = urllib.request.Request(
        f"http://{server}/api/2.0/mlflow/experiments/search", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert "interrupted" not in [one["name"] for one in json.load(answer)["experiments"]]


def test_a_server_that_is_not_there_is_missed_soon(notebook: Ready) -> None:
    """A wrong address is told within seconds, not after minutes of retries, and without the password."""
    flowers, port = notebook(*FLOWERS), free_port()
    began = time.monotonic()
    with pytest.raises(PushError) as caught:
        flowers.push(tracking_uri=f"http://me:{PASSWORD}@127.0.0.1:{port}")
    assert (
        time.monotonic() - began < 60
    )  # most of it is importing MLflow on a busy machine; its own retries take minutes
    assert caught.value.message.startswith(f"No MLflow store answers at http://127.0.0.1:{port}: ")
    assert "--tracking-uri names another" in caught.value.hint
    assert PASSWORD not in str(caught.value)


def test_a_relative_store_is_found_beside_the_notebook(notebook: Ready) -> None:
    """`--tracking-uri sqlite:///store.db` makes a store where the user means it, though MLflow runs elsewhere."""
    flowers = notebook(*FLOWERS)
    flowers.push(tracking_uri="sqlite:///store.db")
    assert (flowers.path.parent / "store.db").exists()


def test_the_kernel_never_loads_mlflow(notebook: Ready) -> None:
    """A push does not slow down or change the user's kernel: MLflow runs in a process of its own."""
    script = f"""
        import sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from pathlib import Path
        from live import FLOWERS, RunNotebook
        RunNotebook(Path({str(notebook(*FLOWERS).path)!r}), *FLOWERS).push()
        print([name for name in sys.modules if name.partition(".")[0] == "mlflow"])
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False)
    assert done.stdout.strip().splitlines()[-1:] == ["[]"], done.stderr
