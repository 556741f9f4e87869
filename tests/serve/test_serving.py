"""The service as a process: proved, replaced, stopped, and never anybody else's process."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from served_project import ROWS, Tiny, answers, ask

from jupyter_prodkit.errors import CancelledError, ProjectError, ServeError
from jupyter_prodkit.notebook.document import Cell, Notebook
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.serve.service import Service, process_service, read_service, stop_service, write_service
from jupyter_prodkit.serve.step import SERVE, ServeOptions, stay_until_interrupted


def url_of(tiny: Tiny) -> str:
    service = read_service(tiny.project)
    assert service is not None
    return service.url


def number_of(tiny: Tiny) -> int:
    service = read_service(tiny.project)
    assert service is not None
    return int(service.identity)


def is_gone(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def wait_for(happened: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.05)


def servers(tiny: Tiny) -> list[int]:
    """The processes that serve this project, by what the system says."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and not is_gone(int(entry.name)):
            try:
                command = (entry / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if str(tiny.project.release) in command and "watched" in command:
                found.append(int(entry.name))
    return found


# --- answering ---------------------------------------------------------------------------------------------------


def test_the_pushed_model_answers_on_a_free_port(tiny: Tiny) -> None:
    """One step, and the model answers over HTTP; its golden rows prove it, whatever the model prints."""
    result = tiny.serve()
    url = url_of(tiny)
    assert result.summary == f"Serving at {url}, as a process of this machine."
    facts = {fact.label: fact.value for fact in result.facts}
    assert facts["proof"] == "2 golden predictions answered as in the notebook, to the last bit"
    assert ask(url, body={"inputs": [[1.0, 1.0]]}) == (200, {"predictions": [4.0]})
    assert "a model may talk" in (tiny.project.service / "server.log").read_text()


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ({"inputs": ROWS.tolist()}, "application/json"),
        ({"instances": ROWS.tolist()}, "application/json"),
        ({"dataframe_split": {"columns": ["a", "b"], "data": ROWS.tolist()}}, "application/json"),
        ({"dataframe_records": [{"a": 1.0, "b": 2.0}, {"a": 3.0, "b": 4.5}]}, "application/json"),
        ("a,b\n1.0,2.0\n3.0,4.5\n", "text/csv"),
    ],
)
def test_every_format_of_mlflows_is_answered(tiny: Tiny, body: object, content_type: str) -> None:
    """Clients of `mlflow models serve` need no change, JSON or CSV."""
    tiny.serve()
    assert ask(url_of(tiny), body=body, content_type=content_type) == (200, {"predictions": [6.0, 15.0]})


def test_the_other_routes_answer(tiny: Tiny) -> None:
    """Health, version and metrics are there for whoever watches the service."""
    tiny.serve()
    for path in ("/ping", "/health", "/version", "/metrics"):
        assert ask(url_of(tiny), path)[0] == 200


def test_the_shown_command_works_as_it_stands(tiny: Tiny) -> None:
    """The user can paste the example into a terminal and gets the first golden prediction."""
    result = tiny.serve()
    command = next(fact.value for fact in result.facts if fact.label == "predict")
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {"predictions": [6.0]}


def test_the_settings_of_the_package_are_in_force(tiny: Tiny) -> None:
    """The service works in the package's folder, where config.yaml and .env are."""
    tiny.serve()
    assert Path(f"/proc/{number_of(tiny)}/cwd").readlink() == tiny.project.package


# --- replacing ---------------------------------------------------------------------------------------------------


def test_a_new_service_takes_over_once_it_is_proved(tiny: Tiny) -> None:
    """After a second push the new service answers, and the old one ends; at no time did nobody answer."""
    tiny.serve()
    old, number = url_of(tiny), number_of(tiny)
    silent: list[str] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            current = read_service(tiny.project)
            if current is None or not (answers(current.url) or answers(url_of(tiny))):
                silent.append("nobody answered")
            time.sleep(0.02)

    watcher = threading.Thread(target=watch)
    watcher.start()
    tiny.push("2", factor=3.0)
    tiny.serve()
    done.set()
    watcher.join()
    assert silent == []
    assert url_of(tiny) != old
    assert ask(url_of(tiny), body={"inputs": [[1.0, 1.0]]}) == (200, {"predictions": [6.0]})
    assert is_gone(number)
    assert servers(tiny) == [number_of(tiny)]


def test_a_new_service_that_fails_leaves_the_old_one(tiny: Tiny) -> None:
    """A release that can't be served does not cost the service that runs."""
    tiny.serve()
    url, record = url_of(tiny), tiny.project.record_path.read_bytes()
    (tiny.project.release / "model.pkl").write_bytes(b"another")
    with pytest.raises(ServeError, match="is not the file that was released"):
        tiny.serve()
    assert answers(url)
    assert url_of(tiny) == url
    assert servers(tiny) == [number_of(tiny)]
    assert tiny.project.record_path.read_bytes() == record


def test_the_same_port_is_freed_first(tiny: Tiny) -> None:
    """Where the running service has the wanted port it ends first; if the new one then fails, the user is told so."""
    tiny.serve()
    port, number = int(url_of(tiny).rpartition(":")[2]), number_of(tiny)
    tiny.serve(port=port)
    assert url_of(tiny).endswith(f":{port}")
    assert is_gone(number)
    (tiny.project.release / "schema.json").write_text("{}")
    with pytest.raises(ServeError) as caught:
        tiny.serve(port=port)
    assert f"The service that ran at http://127.0.0.1:{port} was stopped for it." in caught.value.hint
    assert servers(tiny) == []


# --- what goes wrong ---------------------------------------------------------------------------------------------


def test_a_taken_port_is_one_error(tiny: Tiny) -> None:
    """A port that another program has is told with the way out, and no process is left."""
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(ServeError, match="Address already in use") as caught,
    ):
        tiny.serve(port=taken.getsockname()[1])
    assert caught.value.hint == "Leave --port out for a free port."
    assert servers(tiny) == []
    assert read_service(tiny.project) is None


@pytest.mark.parametrize("port", [-1, 65536])
def test_what_is_no_port_is_refused(tiny: Tiny, port: int) -> None:
    """A number outside the range is refused before anything is started."""
    with pytest.raises(ServeError, match=f"{port} is not a port"):
        tiny.serve(port=port)


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        ("model.pkl", b"tampered", "model.pkl is not the file that was released"),
        ("manifest.json", b"{", "manifest.json can't be read"),
        ("golden.json", b"{", "The golden rows of"),
        ("golden.json", None, "The golden rows of"),
        ("schema.json", None, "schema.json is missing"),
    ],
)
def test_a_release_that_was_tampered_with_is_not_served(
    tiny: Tiny, file: str, content: bytes | None, says: str
) -> None:
    """Whatever is not as it was pushed is named, and nothing of it runs."""
    path = tiny.project.release / file
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(ServeError, match=says):
        tiny.serve()
    assert servers(tiny) == []


def test_another_answer_than_the_notebooks_is_not_served(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that answers otherwise here never takes a request."""
    monkeypatch.setenv("TINY_SCALE", "1.5")
    with pytest.raises(ServeError, match=r"predictions\[0\]: expected 6.0, got 9.0"):
        tiny.serve()
    assert servers(tiny) == []


def test_a_crash_shows_the_services_last_words(tiny: Tiny) -> None:
    """If the server can't even start, the reason is the error's text, and the hint the log, not a port."""
    tiny.wheel.write_bytes(b"no wheel")
    with pytest.raises(ServeError, match="The service did not start: ModuleNotFoundError") as caught:
        tiny.serve()
    assert caught.value.hint == f"Its log is {tiny.project.service / 'server.log'}."


def test_nothing_pushed_yet(tiny: Tiny) -> None:
    """Before a push there is nothing to serve; without an image there is no container."""
    with pytest.raises(ServeError, match="There is no image to serve"):
        SERVE.plan(tiny.inputs(), ServeOptions(container=True))
    (tiny.project.release / "manifest.json").unlink()
    with pytest.raises(ServeError, match="There is no released model") as caught:
        SERVE.plan(tiny.inputs(), ServeOptions())
    assert "%prodpush MODEL" in caught.value.hint


def test_a_missing_wheel_is_one_error(tiny: Tiny) -> None:
    """A project folder that somebody thinned out is told how to complete it."""
    tiny.wheel.unlink()
    with pytest.raises(ServeError, match="The package of the released model is gone"):
        tiny.serve()


def test_a_folder_that_cant_be_written_is_one_error(tiny: Tiny) -> None:
    """Where the log can't be written, no service is started."""
    tiny.project.service.write_text("a file")
    with pytest.raises(ProjectError, match="The service can't be started"):
        tiny.serve()
    tiny.project.service.unlink()
    assert servers(tiny) == []


def test_a_cancel_while_it_starts_leaves_no_process(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped while the model loads, nothing runs and nothing is recorded."""
    monkeypatch.setenv("TINY_SLOW", "30")
    progress = Progress()
    threading.Timer(1.5, progress.cancel).start()
    with pytest.raises(CancelledError):
        tiny.serve(progress)
    assert servers(tiny) == []
    assert read_service(tiny.project) is None
    assert tiny.inputs().record.steps.get("serve") is None


# --- ending ------------------------------------------------------------------------------------------------------


def test_stop_ends_the_service(tiny: Tiny) -> None:
    """After --stop nothing runs, and the record says no longer that it does."""
    tiny.serve()
    url, number = url_of(tiny), number_of(tiny)
    assert tiny.serve(stop=True).summary == f"Stopped the service at {url}."
    assert is_gone(number)
    assert read_service(tiny.project) is None
    assert tiny.inputs().record.fact("serve", "url") is None
    assert SERVE.stale(tiny.inputs().record, tiny.notebook) is None


def test_stop_without_a_service_is_no_error(tiny: Tiny) -> None:
    """Stopping what does not run says so and changes nothing."""
    before = tiny.project.record_path.read_bytes()
    assert tiny.serve(stop=True).summary == "No service was running."
    assert tiny.project.record_path.read_bytes() == before


def in_another_process(tiny: Tiny, code: str) -> subprocess.Popen[str]:
    head = f"""
        import os, sys, time
        from pathlib import Path
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from jupyter_prodkit.release import ProjectFolder
        from jupyter_prodkit.serve.step import SERVE, ServeOptions, stay_until_interrupted
        from jupyter_prodkit.serve.service import read_service, stop_service
        from jupyter_prodkit.notebook.document import Cell, Notebook
        from jupyter_prodkit.progress import Progress
        from jupyter_prodkit.step import Inputs, perform
        notebook = Notebook(Path({str(tiny.notebook.path)!r}), (Cell("c0", 0, "code", "A = 1"),))
        project = ProjectFolder.of(notebook.path)
        def serve(**options):
            inputs, chosen = Inputs(notebook, project, project.read_record(notebook.path)), ServeOptions(**options)
            return perform(SERVE, SERVE.plan(inputs, chosen), inputs, chosen, Progress())
    """
    script = textwrap.dedent(head) + textwrap.dedent(code)
    return subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)


def test_another_process_can_stop_it(tiny: Tiny) -> None:
    """A service started in the notebook can be stopped from a terminal."""
    tiny.serve()
    number = number_of(tiny)
    said, _ = in_another_process(tiny, "print(serve(stop=True).summary)").communicate(timeout=60)
    assert said.startswith("Stopped the service at ")
    assert is_gone(number)
    assert read_service(tiny.project) is None


@pytest.mark.parametrize("end", ["exit", "sigterm", "sigkill"])
def test_the_service_ends_with_whoever_started_it(tiny: Tiny, end: str) -> None:
    """A kernel that exits, is terminated or is killed leaves no service behind."""
    wait = "" if end == "exit" else "time.sleep(600)"
    starter = in_another_process(tiny, f"serve()\nprint('served', flush=True)\n{wait}")
    assert starter.stdout is not None
    assert starter.stdout.readline() == "served\n"
    number = int((json.loads((tiny.project.service / "service.json").read_bytes()))["identity"])
    if end != "exit":
        assert answers(url_of(tiny))
        starter.send_signal(signal.SIGTERM if end == "sigterm" else signal.SIGKILL)
    starter.communicate(timeout=30)
    wait_for(lambda: is_gone(number))
    assert read_service(tiny.project) is None


def test_requests_in_flight_are_answered_before_the_end(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stop lets a prediction that has begun come to its end."""
    monkeypatch.setenv("TINY_SLOW", "1")
    tiny.serve()
    url, said = url_of(tiny), []
    asking = threading.Thread(target=lambda: said.append(ask(url, body={"inputs": [[1.0, 1.0]]})))
    asking.start()
    time.sleep(0.5)
    tiny.serve(stop=True)
    asking.join()
    assert said == [(200, {"predictions": [4.0]})]


def test_a_number_that_is_somebody_elses_is_never_killed(tiny: Tiny) -> None:
    """Where the service has ended and the system gave its number to another process, that one is left alone."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as innocent:
        try:
            service = process_service("http://127.0.0.1:1", innocent.pid)
            write_service(
                tiny.project, Service(url=service.url, where="process", identity=service.identity, started="1")
            )
            assert read_service(tiny.project) is None
            assert stop_service(tiny.project) is None
            tiny.serve()
            assert innocent.poll() is None
        finally:
            innocent.kill()


def test_a_service_that_ignores_the_end_is_killed(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that does not end when it is asked is ended."""
    monkeypatch.setattr("jupyter_prodkit.serve.service._GRACE_SECONDS", 0.5)
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(600)"
    deaf = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert deaf.stdout is not None
    deaf.stdout.readline()
    write_service(tiny.project, process_service("http://127.0.0.1:1", deaf.pid))
    assert stop_service(tiny.project) is not None
    assert is_gone(deaf.pid)
    deaf.communicate()


def test_what_was_written_down_and_damaged_is_one_error(tiny: Tiny) -> None:
    """A broken service.json is named with what to do about it."""
    tiny.project.service.mkdir()
    path = tiny.project.service / "service.json"
    path.write_text("{")
    with pytest.raises(ServeError, match=r"service\.json can't be read") as caught:
        tiny.serve()
    assert caught.value.hint == "Remove the file."
    path.unlink()


def test_the_command_line_stays_until_the_service_ends(tiny: Tiny) -> None:
    """`prodkit serve` stays in the foreground; when the service is stopped elsewhere, it returns."""
    tiny.serve()
    staying = threading.Thread(target=stay_until_interrupted, args=(tiny.project,))
    staying.start()
    time.sleep(0.3)
    assert staying.is_alive()
    tiny.serve(stop=True)
    staying.join(5)
    assert not staying.is_alive()


# --- the record --------------------------------------------------------------------------------------------------


def test_serving_is_stale_once_the_model_was_pushed_again(tiny: Tiny) -> None:
    """The panel says that the running service is not the newest, even if all happened within a second."""
    tiny.serve()
    assert SERVE.stale(tiny.inputs().record, tiny.notebook) is None
    tiny.push("2")
    assert SERVE.stale(tiny.inputs().record, tiny.notebook) == "the model was pushed again since"
    tiny.serve()
    assert SERVE.stale(tiny.inputs().record, tiny.notebook) is None
    other = Notebook(tiny.notebook.path, (Cell("c0", 0, "code", "A = 2"),))
    assert SERVE.stale(tiny.inputs().record, other) == "the code has changed since"
