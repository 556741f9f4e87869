"""The whole step against a real Docker Engine: built, locked down, healthy, and answering as the notebook did."""

from __future__ import annotations

import importlib
import json
import os
import pickle
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
from tiny_project import (
    SUMMING_SERVER,
    lock_text,
    runtime_sources,
    write_environment,
    write_release,
    write_wheel,
)

from jupyter_prodkit.build.base import choose_base
from jupyter_prodkit.build.context import tar_stream
from jupyter_prodkit.build.engine import connect
from jupyter_prodkit.build.image_build import Recipe, build_image
from jupyter_prodkit.build.step import BUILD, BuildOptions
from jupyter_prodkit.environment.facts import CudaFacts, EnvironmentFacts
from jupyter_prodkit.errors import BuildError, CancelledError
from jupyter_prodkit.progress import Progress, ProgressEvent
from jupyter_prodkit.runtime import Facts, infer_schema, release_files
from jupyter_prodkit.step import Inputs, Result

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.usefixtures("engine")]

Docker = Callable[..., str]
SHIPPED = "--filter=label=jupyter-prodkit.model"
BASE = "python:3.11-slim-bookworm"


@pytest.fixture(autouse=True)
def nothing_left_running(docker: Docker) -> Iterator[None]:
    """Every test, the failing builds among them, leaves no container behind, or one that the engine is just ending."""
    before = docker("ps", "-aq")
    yield
    deadline = time.monotonic() + 10
    while docker("ps", "-aq") != before and time.monotonic() < deadline:
        time.sleep(0.1)
    assert docker("ps", "-aq") == before


@pytest.fixture(scope="module", autouse=True)
def no_images_left(engine: str) -> Iterator[None]:
    """What the tests tagged goes at the end; until then each build finds the layers of the one before."""
    yield
    tags = subprocess.run(
        ["docker", "images", "-q", "tiny"], check=False, capture_output=True, text=True
    ).stdout.split()
    subprocess.run(["docker", "rmi", "-f", *set(tags)], check=False, capture_output=True)


def images(docker: Docker, *arguments: str) -> set[str]:
    return set(docker("images", "-q", *arguments).split())


def build(inputs: Inputs, options: BuildOptions | None = None) -> tuple[Result, list[ProgressEvent]]:
    events: list[ProgressEvent] = []
    plan = BUILD.plan(inputs, options or BuildOptions())
    return BUILD.run(plan, Progress(events.append)), events


def fact(result: Result, label: str) -> str:
    (value,) = [fact.value for fact in result.facts if fact.label == label]
    return value


def with_server(inputs: Inputs, source: str) -> None:
    write_wheel(inputs.project.dist, "tinypkg", "0.1.0", {"tinypkg/__init__.py": "", "tinypkg/__main__.py": source})


def test_the_image_is_built_and_proved_with_the_golden_rows(inputs: Inputs, docker: Docker) -> None:
    result, events = build(inputs, BuildOptions(tag="tiny:built"))
    assert fact(result, "Golden rows") == "2 of 2 answered as in the notebook, max difference 0"
    assert fact(result, "Base") == f"{BASE}: no CUDA in the kernel"
    assert result.warnings == ()

    known = json.loads(docker("image", "inspect", "tiny:built"))[0]
    assert result.recorded == {
        "image": "tiny:built",
        "image_digest": known["Id"],
        "base": BASE,
        "size_bytes": known["Size"],
        "golden": fact(result, "Golden rows"),
    }
    assert known["Config"]["User"] == "10001:10001"
    assert known["Config"]["Labels"]["jupyter-prodkit.notebook-digest"] == "1" * 64
    assert known["Config"]["Labels"]["jupyter-prodkit.model-version"] == "3"

    fractions = [event.fraction for event in events if event.fraction is not None]
    assert fractions == sorted(fractions)
    assert any(event.message.startswith("Step 2/") for event in events)


def test_the_real_runtime_serves_a_real_release(inputs: Inputs, monkeypatch: pytest.MonkeyPatch) -> None:
    project = inputs.project
    server = ("uvicorn", "httptools", "uvloop", "msgspec", "prometheus-client")
    (project.lock / "requirements.lock").write_text(lock_text("numpy"))
    (project.lock / "serving.lock").write_text(lock_text(*server))
    wheel = write_wheel(project.dist, "tinypkg", "0.1.0", runtime_sources())
    monkeypatch.syspath_prepend(wheel)
    model = importlib.import_module("tinypkg.model").Scaling(0.1)
    rows = np.random.default_rng(0).normal(size=(5, 3))
    facts = Facts(
        name="tiny", version="1", package="tinypkg", package_version="0.1.0", model_class="tinypkg.model.Scaling"
    )
    files = release_files(
        facts, model=pickle.dumps(model), schema=infer_schema(rows), rows=rows, predictions=model.predict(rows)
    )
    for name, content in files.items():
        (project.release / name).write_bytes(content)

    result, _ = build(inputs, BuildOptions(tag="tiny:real"))
    assert fact(result, "Golden rows").startswith("5 of 5 answered as in the notebook, max difference ")

    golden = json.loads(files["golden.json"])
    golden["predictions"][3] += 0.5
    changed = {**files, "golden.json": json.dumps(golden).encode()}
    del changed["manifest.json"]
    write_release(project.release, changed, version="1")
    with pytest.raises(BuildError, match=r"predictions\[3\]"):
        build(inputs, BuildOptions(tag="tiny:real"))


def test_the_service_is_a_user_who_can_write_only_to_tmp(inputs: Inputs, docker: Docker) -> None:
    build(inputs, BuildOptions(tag="tiny:user"))
    run = ("run", "--rm", "tiny:user")
    assert docker(*run, "id", "-u") == "10001"
    assert "Permission denied" in docker(*run, "touch", "/app/release/model.pkl", fails=True)
    assert "Permission denied" in docker(*run, "touch", "/app/.venv/x", fails=True)
    assert docker(*run, "cat", "/app/config.yaml") == "rate: 0.5"
    versions = "from importlib.metadata import version as v; print(v('six'), v('localdep'), v('tinypkg'))"
    assert docker(*run, "python", "-c", versions) == "1.17.0 1.0 0.1.0"


def test_neither_uv_nor_any_cache_is_shipped(inputs: Inputs, docker: Docker) -> None:
    build(inputs, BuildOptions(tag="tiny:lean"))
    assert (
        docker(
            "run",
            "--rm",
            "tiny:lean",
            "sh",
            "-c",
            "command -v uv || ls -A /build /tmp /root/.cache 2>/dev/null || true",
        )
        == "/tmp:"
    )
    added = docker("history", "--format", "{{.Size}}", "--human=false", "tiny:lean").split()
    assert sum(map(int, added[:-1])) < 3_000_000, (
        "what stands on the base: an empty environment and three small packages"
    )


def test_a_new_model_makes_only_its_own_layer(inputs: Inputs, docker: Docker) -> None:
    def layers(tag: str) -> list[str]:
        known: list[str] = json.loads(docker("image", "inspect", tag))[0]["RootFS"]["Layers"]
        return known

    build(inputs, BuildOptions(tag="tiny:first"))
    golden = (inputs.project.release / "golden.json").read_bytes()
    write_release(inputs.project.release, {"model.pkl": b"better", "golden.json": golden}, version="4")
    build(inputs, BuildOptions(tag="tiny:second"))
    first, second = layers("tiny:first"), layers("tiny:second")
    assert first[:-1] == second[:-1]
    assert first[-1] != second[-1]


def test_wrong_answers_are_an_error_that_names_the_first_and_leave_the_tag_as_it_was(
    inputs: Inputs, docker: Docker
) -> None:
    good, _ = build(inputs, BuildOptions(tag="tiny:golden"))
    with_server(inputs, SUMMING_SERVER.replace("float(sum(row))", "float(max(row))"))
    before = images(docker, SHIPPED)
    with pytest.raises(BuildError, match=r"predictions\[0\]: expected 3\.0, got 2\.0"):
        build(inputs, BuildOptions(tag="tiny:golden"))
    assert docker("image", "inspect", "-f", "{{.Id}}", "tiny:golden") == fact(good, "Digest")
    assert images(docker, SHIPPED) == before, "only layers for the next build are left"


def test_a_service_that_ends_is_an_error_with_its_last_words(inputs: Inputs, docker: Docker) -> None:
    with_server(inputs, "raise SystemExit('the model is not for this Python')")
    with pytest.raises(BuildError, match="the model is not for this Python"):
        build(inputs, BuildOptions(tag="tiny:ends"))
    assert docker("images", "-q", "tiny:ends") == ""


def test_a_service_that_refuses_its_golden_rows_is_an_error_with_its_answer(inputs: Inputs) -> None:
    with_server(inputs, SUMMING_SERVER.replace("import localdep", "return self.answer(500, b'no such column')"))
    with pytest.raises(BuildError, match="status 500, no such column"):
        build(inputs, BuildOptions(tag="tiny:refuses"))


def test_a_cuda_base_is_built_on_and_a_service_that_needs_a_gpu_is_not_held_against_it(
    inputs: Inputs, docker: Docker
) -> None:
    cuda = {"framework": "torch", "version": "2.6.0", "cuda": "12.4", "wheels": []}
    write_environment(inputs.project, cuda=cuda)
    result, _ = build(inputs, BuildOptions(tag="tiny:cuda"))
    assert fact(result, "Base").startswith("nvidia/cuda:12.4.1-cudnn-runtime-ubuntu22.04: torch 2.6.0 uses CUDA 12.4")
    assert fact(result, "Golden rows").startswith("2 of 2")

    if "nvidia" in docker("info", "-f", "{{.Runtimes}}"):
        pytest.skip("this engine has GPUs")
    with_server(inputs, "raise SystemExit('no CUDA device')")
    result, _ = build(inputs, BuildOptions(tag="tiny:cuda"))
    assert fact(result, "Golden rows") == "not asked"
    assert "no CUDA device" in result.warnings[0]


def test_the_stand_ins_of_the_test_engine_are_what_the_tables_choose() -> None:
    script = (Path(__file__).parents[1] / "engine" / "engine.sh").read_text()
    plain = EnvironmentFacts(python="3.11.2", implementation="cpython", platform="linux", machine="x86_64")
    cuda = CudaFacts(framework="torch", version="2.6.0", cuda="12.4")
    for facts in (plain, msgspec.structs.replace(plain, cuda=cuda)):
        assert choose_base(facts, ()).image in script


def test_a_failing_install_names_the_instruction_and_what_uv_said(inputs: Inputs, docker: Docker) -> None:
    lock = inputs.project.lock / "serving.lock"
    lock.write_text(lock.read_text().replace("sha256:4", "sha256:5"))
    with pytest.raises(BuildError) as caught:
        build(inputs, BuildOptions(tag="tiny:fails"))
    assert "RUN uv pip install --python /app/.venv/bin/python --no-deps --require-hashes" in caught.value.message
    assert "Hash mismatch for `six==1.17.0`" in caught.value.message
    assert docker("images", "-q", "tiny:fails") == ""
    assert (inputs.project.image / "Dockerfile").exists()


def test_a_base_that_does_not_exist_is_an_error(inputs: Inputs) -> None:
    with pytest.raises(BuildError, match="localhost:1/none:1"):
        build(inputs, BuildOptions(base="localhost:1/none:1"))


@pytest.mark.parametrize("buildkit", ["0", "1"], ids=["classic", "buildkit"])
def test_without_an_engine_the_context_is_complete_and_builds_by_hand(
    inputs: Inputs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, buildkit: str, docker: Docker
) -> None:
    answering = os.environ["DOCKER_HOST"]
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    began = time.monotonic()
    with pytest.raises(BuildError, match="No Docker engine answers") as caught:
        build(inputs, BuildOptions(tag="tiny:hand"))
    assert time.monotonic() - began < 5
    assert "none.sock" in caught.value.message
    command = caught.value.hint.partition("docker build ")[2].split()
    assert command == ["-t", "tiny:hand", str(inputs.project.image)]

    monkeypatch.setenv("DOCKER_HOST", answering)
    monkeypatch.setenv("DOCKER_BUILDKIT", buildkit)
    (inputs.project.image / "stray.txt").write_text("not in the list that .dockerignore lets through")
    client = "/usr/bin/docker" if Path("/usr/bin/docker").exists() else shutil.which("docker")
    done = subprocess.run([str(client), "build", *command], check=False, capture_output=True, text=True)
    if "buildx component is missing" in done.stderr:
        pytest.skip("this docker command has no BuildKit")
    assert done.returncode == 0, done.stderr
    assert docker("run", "--rm", "tiny:hand", "cat", "/app/config.yaml") == "rate: 0.5"


def slow_build(tmp_path: Path, base: str = BASE) -> Path:
    (tmp_path / "Dockerfile").write_text(f"FROM {base}\nRUN echo begun && sleep 55\n")
    return tmp_path


def test_a_cancel_ends_the_build_in_the_middle_of_a_silent_instruction(tmp_path: Path, docker: Docker) -> None:
    begun = threading.Event()
    progress = Progress(lambda event: begun.set() if event.message == "begun" else None)
    threading.Thread(target=lambda: begun.wait(30) and progress.cancel(), daemon=True).start()
    before = images(docker)
    began = time.monotonic()
    with pytest.raises(CancelledError):
        build_image(connect(), Recipe(tar_stream(slow_build(tmp_path))), progress)
    assert begun.is_set()
    assert time.monotonic() - began < 20
    assert images(docker) == before


def test_ctrl_c_ends_the_build_too(tmp_path: Path) -> None:
    def interrupt(event: ProgressEvent) -> None:
        if event.message == "begun":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_image(connect(), Recipe(tar_stream(slow_build(tmp_path))), Progress(interrupt))


def test_a_cancel_during_the_proof_leaves_neither_container_nor_tag(inputs: Inputs, docker: Docker) -> None:
    progress = Progress()
    progress.listener = lambda event: progress.cancel() if event.message.startswith("Prove") else None
    with pytest.raises(CancelledError):
        BUILD.run(BUILD.plan(inputs, BuildOptions(tag="tiny:cancelled")), progress)
    assert docker("images", "-q", "tiny:cancelled") == ""
