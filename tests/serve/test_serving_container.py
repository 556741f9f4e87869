"""The service in a container of a real Docker Engine: started, proved, replaced, stopped, and never left behind."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Iterator

import pytest
from served_project import Tiny, answers, ask

from jupyter_prodkit.build.context import tar_stream
from jupyter_prodkit.build.engine import Engine, connect
from jupyter_prodkit.build.image_build import Recipe, build_image
from jupyter_prodkit.errors import BuildError, CancelledError, ServeError
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.serve.service import read_service
from jupyter_prodkit.serve.step import SERVE, stay_until_interrupted

pytestmark = [pytest.mark.engine, pytest.mark.slow]

SERVER = """
import http.server, json, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.say({})
    def do_POST(self):
        rows = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["inputs"]
        self.say({"predictions": [sum(row) * 2 for row in rows]})
    def say(self, answer):
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
http.server.HTTPServer(("0.0.0.0", 8080), Handler).serve_forever()
"""
DOCKERFILE = """
FROM python:3.11-slim-bookworm
COPY server.py /server.py
HEALTHCHECK --interval=1h CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080')"]
CMD ["python", "-u", "/server.py"]
"""


@pytest.fixture(scope="module")
def docker(engine: str) -> Engine:
    return connect()


@pytest.fixture(scope="module")
def image(docker: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An image that answers as the pushed model does."""
    folder = tmp_path_factory.mktemp("image")
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "server.py").write_text(SERVER)
    made = build_image(docker, Recipe(tar_stream(folder)), Progress())
    yield made
    docker.forget(made)


def built(tiny: Tiny, image: str) -> None:
    """Enter the image as the build step does."""
    record = tiny.project.read_record(tiny.notebook.path)
    tiny.record(record.with_step("build", tiny.done(image=image)))


def containers(docker: Engine, image: str) -> list[str]:
    return [one["Id"] for one in docker.api.containers(all=True, filters={"ancestor": image})]


def test_the_image_is_served_and_stopped(tiny: Tiny, docker: Engine, image: str) -> None:
    """--container serves the built image, proves it, and --stop removes the container."""
    built(tiny, image)
    result = tiny.serve(container=True)
    service = read_service(tiny.project)
    assert service is not None
    assert result.summary == f"Serving at {service.url}, in a container of {image}."
    assert ask(service.url, body={"inputs": [[1.0, 1.0]]}) == (200, {"predictions": [4.0]})
    assert containers(docker, image) == [service.identity]
    assert tiny.serve(stop=True).summary == f"Stopped the service at {service.url}."
    assert containers(docker, image) == []


def test_process_and_container_replace_each_other(tiny: Tiny, docker: Engine, image: str) -> None:
    """There is one service of a project, wherever it runs: the new one takes over, the old one ends."""
    built(tiny, image)
    tiny.serve()
    before = read_service(tiny.project)
    tiny.serve(container=True)
    assert before is not None
    assert not answers(before.url)
    assert len(containers(docker, image)) == 1
    tiny.serve()
    assert containers(docker, image) == []
    service = read_service(tiny.project)
    assert service is not None
    assert service.where == "process"


def test_an_older_image_is_found_out(tiny: Tiny, docker: Engine, image: str) -> None:
    """Where the model was pushed again since the build, the image answers otherwise: it is not served, the old service is."""
    built(tiny, image)
    tiny.serve()
    tiny.push("2", factor=3.0)
    with pytest.raises(ServeError, match=r"predictions\[0\]: expected 9.0, got 6.0") as caught:
        tiny.serve(container=True)
    assert caught.value.hint.startswith("Build the image again")
    assert containers(docker, image) == []
    service = read_service(tiny.project)
    assert service is not None
    assert answers(service.url)


def test_a_taken_port_leaves_no_container(tiny: Tiny, docker: Engine, image: str) -> None:
    """A port that another program has is one error."""
    built(tiny, image)
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ServeError, match=str(taken.getsockname()[1])):
        tiny.serve(container=True, port=taken.getsockname()[1])
    assert containers(docker, image) == []


def test_a_cancel_leaves_no_container(tiny: Tiny, docker: Engine, image: str) -> None:
    """Stopped before the container is healthy, it is removed."""
    built(tiny, image)
    progress = Progress(lambda event: progress.cancel() if event.message == "Starting the service" else None)
    with pytest.raises(CancelledError):
        tiny.serve(progress, container=True)
    assert containers(docker, image) == []


def test_a_container_that_somebody_removed_is_no_hindrance(tiny: Tiny, docker: Engine, image: str) -> None:
    """After `docker rm -f` the foreground command returns, and serving again works."""
    built(tiny, image)
    tiny.serve(container=True)
    staying = threading.Thread(target=stay_until_interrupted, args=(tiny.project,))
    staying.start()
    (found,) = containers(docker, image)
    docker.api.remove_container(found, force=True)
    staying.join(10)
    assert not staying.is_alive()
    tiny.serve()
    tiny.serve(stop=True)


def test_without_an_engine_the_way_on_is_told(tiny: Tiny, image: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """--container without an engine is one error; an old container that can't be reached doesn't stop a process from serving."""
    built(tiny, image)
    tiny.serve(container=True)
    with monkeypatch.context() as away:
        away.setenv("DOCKER_HOST", "unix:///nowhere.sock")
        with pytest.raises(BuildError, match="No Docker engine answers"):
            tiny.serve(container=True)
        old = read_service(tiny.project)
        result = tiny.serve()
        assert old is not None
        assert any(f"at {old.url}, could not be ended" in warning for warning in result.warnings)
    subprocess.run(["docker", "rm", "-f", old.identity], check=True, capture_output=True)
    assert SERVE.stale(tiny.inputs().record, tiny.notebook) is None
