"""The service, in a process of its own, over real HTTP."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from served_models import Fixed, Moody, Sleepy
from served_process import Launch, Release, Reply, Service, Start, Trained

from jupyter_prodkit.runtime import infer_schema, request_for

JSON = "application/json"


def _bodies(trained: Trained) -> list[tuple[str, bytes]]:
    rows = trained.rows.head(20)
    request = request_for(infer_schema(trained.rows), rows)
    split = json.loads(json.dumps(request))["dataframe_split"]
    records = [dict(zip(split["columns"], row, strict=True)) for row in split["data"]]
    columns = {name: [record[name] for record in records] for name in split["columns"]}
    documents = [request, {"dataframe_records": records}, {"instances": records}, {"inputs": columns}]
    return [
        *((JSON, json.dumps(document).encode()) for document in documents),
        ("text/csv", rows.to_csv(index=False).encode()),
    ]


@pytest.mark.parametrize("place", range(5), ids=["split", "records", "instances", "inputs", "csv"])
def test_every_format_gives_the_notebooks_predictions(service: Service, trained: Trained, place: int) -> None:
    """Rows with gaps and text, sent in any format, get exactly the predictions that the notebook's model gives."""
    media, body = _bodies(trained)[place]
    reply = service.ask("POST", "/invocations", body, content_type=media)
    assert (reply.status, reply.headers["content-type"]) == (200, JSON)
    assert reply.json == {"predictions": trained.model.predict(trained.rows.head(20)).tolist()}


@pytest.mark.parametrize("path", ["/ping", "/health"])
def test_a_load_balancer_can_ask_whether_it_lives(service: Service, path: str) -> None:
    """GET and HEAD say 200 as long as the model is loaded."""
    assert (service.ask("GET", path).status, service.ask("GET", path).json) == (200, {"status": "ok"})
    head = service.ask("HEAD", path)
    assert (head.status, head.body) == (200, b"")


def test_the_version_can_be_walked_back_to_the_notebook(service: Service, folder: Path) -> None:
    """Whoever asks reads which model of which package answers, made from which notebook and lock; no path, no secret."""
    version = service.ask("GET", "/version").json
    manifest = json.loads((folder / "manifest.json").read_text())
    inside = {"format", "files", "features", "predict"}
    assert version == {key: value for key, value in manifest.items() if key not in inside}
    assert version["notebook_digest"] == "n" * 64
    assert str(folder) not in json.dumps(version)


GOOD = {"age": 30.0, "fare": 12.5, "cabins": 1, "port": "Oslo", "crew": False}


@pytest.mark.parametrize(
    ("method", "path", "body", "media", "status", "code", "message"),
    [
        ("GET", "/", None, None, 404, "ENDPOINT_NOT_FOUND", "Served: /invocations, /ping"),
        ("POST", "/invocations/", b"{}", JSON, 404, "ENDPOINT_NOT_FOUND", "Nothing is served"),
        ("GET", "/invocations", None, None, 405, "BAD_REQUEST", "Allowed: POST."),
        ("POST", "/ping", b"", JSON, 405, "BAD_REQUEST", "Allowed: GET, HEAD."),
        ("POST", "/invocations", b"{", JSON, 400, "BAD_REQUEST", "not JSON"),
        ("POST", "/invocations", b"{}", JSON, 400, "BAD_REQUEST", "none of them"),
        ("POST", "/invocations", b"x", "text/plain", 415, "BAD_REQUEST", "application/json or text/csv"),
        ("POST", "/invocations", b"x", None, 415, "BAD_REQUEST", "no content type"),
        ("POST", "/invocations", b" " * 100_001, JSON, 413, "BAD_REQUEST", "larger than 100000 bytes"),
        ("POST", "/invocations", b" " * 3_000_000, JSON, 413, "BAD_REQUEST", "larger than 100000 bytes"),
        (
            *("POST", "/invocations", json.dumps({"dataframe_records": [{**GOOD, "age": "old"}]}).encode(), JSON, 422),
            *("INVALID_PARAMETER_VALUE", "Column 'age', row 0: 'old', but a number is needed."),
        ),
        (
            *(
                "POST",
                "/invocations",
                json.dumps({"dataframe_records": [{**GOOD, "cabins": None}]}).encode(),
                JSON,
                422,
            ),
            *("INVALID_PARAMETER_VALUE", "Column 'cabins', row 0: null"),
        ),
        (
            *("POST", "/invocations", json.dumps({"dataframe_records": [{"age": 1}]}).encode(), JSON, 422),
            *("INVALID_PARAMETER_VALUE", "does not have: fare, cabins, port, crew"),
        ),
    ],
)
def test_a_bad_request_is_answered_like_mlflow_does(
    service: Service,
    method: str,
    path: str,
    body: bytes | None,
    media: str | None,
    *,
    status: int,
    code: str,
    message: str,
) -> None:
    """A client at fault gets the right status and a JSON body with a code of MLflow's and a sentence."""
    headers = {} if media is None else {"content_type": media}
    reply = service.ask(method, path, body, **headers)
    assert (reply.status, reply.headers["content-type"]) == (status, JSON)
    assert reply.json.keys() == {"error_code", "message"}
    assert reply.json["error_code"] == code
    assert message in reply.json["message"]
    assert ("allow" in reply.headers) == (status == 405)
    assert service.ask("GET", "/ping").status == 200


def test_a_compressed_body_is_refused(service: Service) -> None:
    """A body that the service would have to unpack is refused, not misread."""
    assert service.ask("POST", "/invocations", b"\x1f\x8b", content_type=JSON, content_encoding="gzip").status == 415


def test_a_body_in_pieces_is_read(service: Service) -> None:
    """A client that streams its body, with no length given, is served; above the limit it is refused."""
    for padding, status in ((b"", 200), (b" " * 200_000, 413)):
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
        parts = [json.dumps({"dataframe_records": [GOOD]}).encode(), padding]
        connection.request("POST", "/invocations", iter(parts), {"content-type": JSON}, encode_chunked=True)
        assert connection.getresponse().status == status
        connection.close()


def test_one_connection_serves_many_requests(service: Service) -> None:
    """A keep-alive connection stays usable, after errors as well."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
    statuses = []
    for body in (
        json.dumps({"dataframe_records": [GOOD]}).encode(),
        b"{",
        json.dumps({"dataframe_records": [GOOD]}).encode(),
    ):
        connection.request("POST", "/invocations", body, {"content-type": JSON})
        response = connection.getresponse()
        response.read()
        statuses.append(response.status)
    connection.close()
    assert statuses == [200, 400, 200]


def test_what_happens_is_counted(start: Start, release: Release, trained: Trained) -> None:
    """Requests, rows, errors and time are at /metrics, the release too, and no client can add a series of its own."""
    service = start(release(trained.model, trained.rows.head(3)))
    service.post({"dataframe_records": [GOOD, GOOD]})
    service.post({"dataframe_records": [{**GOOD, "age": "old"}]})
    for path in ("/a", "/b"):
        service.ask("GET", path)
    assert service.metric('prodkit_requests_total{code="200",route="/invocations"}') == 1
    assert service.metric('prodkit_requests_total{code="422",route="/invocations"}') == 1
    assert service.metric('prodkit_requests_total{code="404",route="other"}') == 2
    assert service.metric("prodkit_predicted_rows_total") == 2
    assert service.metric('prodkit_errors_total{kind="rows"}') == 1
    assert service.metric("prodkit_request_seconds_count") == 2
    assert service.metric('prodkit_request_seconds_bucket{le="10.0"}') == 2
    assert service.metric('prodkit_request_seconds_bucket{le="0.0005"}') <= 2
    assert service.metric("prodkit_in_flight") == 0
    assert service.metric('prodkit_release_info{name="demo",package_version="0.1.0",version="3"}') == 1
    assert b"_created" not in service.ask("GET", "/metrics").body


@pytest.fixture(scope="module")
def plain(release: Release) -> Path:
    """The release folder of a model that loads quickly."""
    return release(Moody(), pd.DataFrame({"value": [1.0]}))


@pytest.fixture
def moody(start: Start, plain: Path) -> Service:
    return start(plain)


@pytest.mark.parametrize(("value", "kind"), [(-7.25, "ValueError"), (1000.0, "SystemExit")])
def test_a_model_that_raises_does_not_tell_the_client_why(moody: Service, value: float, kind: str) -> None:
    """The client reads 500 and the type of the exception, the log has the traceback, and the service goes on."""
    reply = moody.post({"inputs": {"value": [value]}})
    assert reply.status == 500
    assert reply.json == {
        "error_code": "INTERNAL_ERROR",
        "message": f"The model raised {kind}. The service's log says where.",
    }
    assert moody.post({"inputs": {"value": [2.0]}}).json == {"predictions": [2.0]}
    assert moody.metric('prodkit_errors_total{kind="model"}') == 1
    status, _, log = moody.end()
    assert status == 0
    assert "Traceback" in log
    assert kind in log
    assert "served_models.py" in log


def test_predictions_that_json_can_not_carry_are_a_500(start: Start, release: Release) -> None:
    """A model that returns an object of its own is said to be at fault, not the request."""
    service = start(release(Fixed([Fixed(1)]), pd.DataFrame({"a": [1.0]}), predictions=[1]), "--no-golden")
    reply = service.post({"inputs": {"a": [1]}})
    assert reply.status == 500
    assert "which JSON can't carry: Fixed" in reply.json["message"]


@pytest.fixture
def sleepy(start: Start, release: Release) -> Service:
    return start(release(Sleepy(), pd.DataFrame({"seconds": [0.0]})), "--grace", "2")


def _in_background(service: Service, seconds: float) -> tuple[threading.Thread, list[Reply]]:
    replies: list[Reply] = []

    def ask() -> None:
        with contextlib.suppress(OSError, http.client.HTTPException):  # the service may end before it answers
            replies.append(service.post({"inputs": {"seconds": [seconds]}}))

    thread = threading.Thread(target=ask)
    thread.start()
    deadline = time.monotonic() + 10
    while service.metric("prodkit_in_flight") == 0 and time.monotonic() < deadline:
        time.sleep(0.01)
    return thread, replies


def test_it_lives_while_a_model_is_busy(sleepy: Service) -> None:
    """A slow prediction does not keep /ping from answering, so that nobody restarts a service that only works."""
    thread, replies = _in_background(sleepy, 1.5)
    began = time.monotonic()
    assert sleepy.ask("GET", "/ping").status == 200
    assert time.monotonic() - began < 1
    assert replies == []
    thread.join()
    assert replies[0].json == {"predictions": [1.5]}


def test_it_ends_cleanly_and_finishes_what_it_began(sleepy: Service) -> None:
    """On SIGTERM a request in flight is still answered, idle connections are closed, and the exit status is 0."""
    idle = http.client.HTTPConnection("127.0.0.1", sleepy.port, timeout=30)
    idle.request("GET", "/ping")
    idle.getresponse().read()
    thread, replies = _in_background(sleepy, 1.0)
    status, out, err = sleepy.end()
    thread.join()
    idle.close()
    assert (status, out, err) == (0, "", "")
    assert replies[0].json == {"predictions": [1.0]}


def test_a_model_that_never_ends_does_not_keep_the_process(sleepy: Service) -> None:
    """After the grace period the process ends all the same."""
    thread, replies = _in_background(sleepy, 3600)
    began = time.monotonic()
    status, _, _ = sleepy.end()
    thread.join()
    assert status == 0
    assert time.monotonic() - began < 10
    assert [reply.status for reply in replies if reply.status == 200] == []


def test_the_ready_line_is_json(launch: Launch, plain: Path) -> None:
    """Whoever starts the service reads its URL and release from one line, even when it chose the port itself."""
    process = launch(plain, "--port", "0")
    assert process.stdout is not None
    line = json.loads(process.stdout.readline())
    assert (line["name"], line["version"]) == ("demo", "3")
    with socket.create_connection(("127.0.0.1", int(line["url"].rsplit(":", 1)[1])), timeout=10):
        pass


def test_a_taken_port_is_said_in_one_line(refused: Callable[..., str], service: Service, plain: Path) -> None:
    """A port that is taken is one line and exit status 1, not a traceback."""
    said = refused(plain, "--port", str(service.port))
    assert said.startswith(f"error: Can't listen on 127.0.0.1 port {service.port}: ")
    assert "Choose another port" in said


def test_a_host_that_is_not_ours_is_said_in_one_line(refused: Callable[..., str], plain: Path) -> None:
    """An address that this machine does not have is one line as well."""
    assert "Can't listen on 203.0.113.1 port 8080" in refused(plain, "--host", "203.0.113.1")


def _port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_broken_release_never_answers(refused: Callable[..., str], release: Release) -> None:
    """A release that was tampered with is refused before the port is bound."""
    folder = release(Moody(), pd.DataFrame({"value": [1.0]}))
    (folder / "model.pkl").write_bytes(b"other")
    port = _port()
    assert "model.pkl is not the file that was released" in refused(folder, "--port", str(port))
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_a_model_that_predicts_otherwise_is_not_served(refused: Callable[..., str], release: Release) -> None:
    """A model that does not say here what it said in the notebook never answers a client."""
    folder = release(Moody(), pd.DataFrame({"value": [1.0]}), predictions=[1.5])
    assert "predictions[0]: expected 1.5, got 1.0" in refused(folder, "--port", "0")


@pytest.mark.parametrize(
    ("arguments", "model", "predictions"), [(["--no-golden"], Fixed([2]), [1]), ([], Fixed([1.0 + 1e-12]), [1.0])]
)
def test_a_model_that_may_differ_is_served(
    start: Start, release: Release, arguments: Any, model: Any, predictions: Any
) -> None:
    """A model that is random by design is served when told so, and rounding of another processor is no difference."""
    service = start(release(model, pd.DataFrame({"a": [1.0]}), predictions=predictions), *arguments)
    assert service.ask("GET", "/ping").status == 200
