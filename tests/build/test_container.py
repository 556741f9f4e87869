"""Containers as the proof and the serve step run them, and what is said where the engine can't."""

from __future__ import annotations

import socket
import sys

import pytest
import urllib3.exceptions

from jupyter_prodkit.build.container import (
    Running,
    container_logs,
    container_state,
    remove_container,
    start_container,
    wait_until_healthy,
)
from jupyter_prodkit.build.context import tar_stream
from jupyter_prodkit.build.engine import Engine, connect
from jupyter_prodkit.build.image_build import Recipe, build_image
from jupyter_prodkit.errors import BuildError, CancelledError, MissingDependencyError, ServeError
from jupyter_prodkit.progress import Progress

ANSWERING = """
FROM python:3.11-slim-bookworm
WORKDIR /tmp
HEALTHCHECK --interval=1h CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080')"]
CMD ["python", "-u", "-c", "print('here I am'); import http.server as h; h.test(h.SimpleHTTPRequestHandler, port=8080)"]
"""


@pytest.fixture(scope="module")
def service(engine: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Engine, str]:
    folder = tmp_path_factory.mktemp("image")
    (folder / "Dockerfile").write_text(ANSWERING)
    engine_ = connect()
    return engine_, build_image(engine_, Recipe(tar_stream(folder)), Progress())


@pytest.mark.engine
def test_a_container_is_locked_down_and_published_on_this_machine_only(service: tuple[Engine, str]) -> None:
    engine, image = service
    container = start_container(engine, image, Running(labels={"purpose": "test"}, environment={"A": "b"}))
    try:
        wait_until_healthy(engine, container.id, Progress(), seconds=30)
        state = container_state(engine, container.id)
        host = state["HostConfig"]
        assert host["ReadonlyRootfs"]
        assert host["CapDrop"] == ["ALL"]
        assert host["SecurityOpt"] == ["no-new-privileges"]
        assert list(host["Tmpfs"]) == ["/tmp"]
        assert [bound["HostIp"] for bound in state["NetworkSettings"]["Ports"]["8080/tcp"]] == ["127.0.0.1"]
        assert state["Config"]["Labels"]["purpose"] == "test"
        assert "A=b" in state["Config"]["Env"]
        assert container.url == f"http://127.0.0.1:{container.port}"
        socket.create_connection(("127.0.0.1", container.port), timeout=5).close()
        assert "here I am" in container_logs(engine, container.id)
    finally:
        remove_container(engine, container.id, grace=0)
    remove_container(engine, container.id)  # once more: nothing there, no error
    with pytest.raises(ServeError):
        container_state(engine, container.id)


@pytest.mark.engine
def test_a_taken_port_is_an_error_that_leaves_no_container(service: tuple[Engine, str]) -> None:
    engine, image = service
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ServeError, match=str(port)):
            start_container(engine, image, Running(name="prodkit-test-taken", port=port))
    with pytest.raises(ServeError):
        container_state(engine, "prodkit-test-taken")


@pytest.mark.engine
def test_a_service_that_never_gets_healthy_is_an_error_with_its_last_lines(service: tuple[Engine, str]) -> None:
    engine, image = service
    container = start_container(engine, image, Running())
    try:
        engine.api.pause(container.id)  # it runs and can't answer
        with pytest.raises(ServeError, match=r"within 1 seconds.*\n.*here I am"):
            wait_until_healthy(engine, container.id, Progress(), seconds=1)
        cancelled = Progress()
        cancelled.cancel()
        with pytest.raises(CancelledError):
            wait_until_healthy(engine, container.id, cancelled)
    finally:
        engine.api.unpause(container.id)
        remove_container(engine, container.id, grace=0)


def test_without_the_docker_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "docker", None)
    with pytest.raises(MissingDependencyError) as caught:
        connect()
    assert "jupyter-prodkit[docker]" in caught.value.hint


@pytest.mark.parametrize("host", ["tcp://127.0.0.1:1", "unix:///none/docker.sock", "nonsense://"])
def test_an_engine_that_does_not_answer_is_an_error_that_names_it(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)
    with pytest.raises(BuildError, match=host) as caught:
        connect("Or do without.")
    assert caught.value.hint == "Start Docker, or point DOCKER_HOST at an engine. Or do without."


@pytest.mark.parametrize("failure", [urllib3.exceptions.ProtocolError("cut off"), ConnectionResetError("cut off")])
def test_an_engine_that_goes_away_is_an_error_in_our_words(failure: Exception) -> None:
    with (
        pytest.raises(ServeError, match=r"went away while it was to sing: .*cut off"),
        Engine(None).asked_to("sing", ServeError),
    ):
        raise failure
