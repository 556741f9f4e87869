"""What the package does where production goes wrong: reads that fail, frames that are not as they should be."""

from __future__ import annotations

import importlib
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Any

import httpx
import pandas as pd
import pytest
import requests
from pages import FACTS, REQUIREMENTS, SERVING, page

from jupyter_prodkit.export.locked import Locked
from jupyter_prodkit.export.modules import module_text
from jupyter_prodkit.export.package import Package, package_tree
from jupyter_prodkit.export.selection import select
from jupyter_prodkit.files import write_tree

CELLS = (
    "from pathlib import Path\nimport pandas as pd",
    "#| step load\nrows = pd.read_csv('https://example.org/rows.csv')\nmore = pd.read_csv('rows.csv')",
    "#| step train\ntotal = rows.w.sum() + more.w.sum()",
    "#| parameters\nAPI_KEY = ''",
    "#| step report\nsent = Path(API_KEY + '?key=' + API_KEY).read_text()",
)
FRAME = {"type": "DataFrame", "shape": [1, 2], "columns": {"w": {"dtype": "float64"}, "name": {"dtype": "object"}}}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "package"
    golden = {("load", "more"): FRAME, ("train", "total"): 1.0}
    lock = Locked(REQUIREMENTS, SERVING, FACTS)
    write_tree(folder, package_tree(Package("handled", "0.1.0", "x.ipynb", select(page(*CELLS)), lock, "0.13.9", golden)))
    return folder


@pytest.fixture
def module(source: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], ModuleType]]:
    monkeypatch.syspath_prepend(str(source / "src"))
    monkeypatch.setattr(time, "sleep", lambda _: None)
    yield lambda name: importlib.import_module(f"handled.{name}")
    for name in [name for name in sys.modules if name.partition(".")[0] == "handled"]:
        del sys.modules[name]


def http(status: int) -> Exception:
    return urllib.error.HTTPError("u", status, "said", None, None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "tries"),
    [
        (ConnectionResetError(), 4), (TimeoutError(), 4), (urllib.error.URLError("no route"), 4), (http(503), 4), (http(429), 4),
        (sqlite3.OperationalError(), 4), (httpx.ConnectTimeout("slow"), 4), (sqlite3.IntegrityError(), 1),
        (urllib.error.URLError(FileNotFoundError()), 1), (http(404), 1), (http(401), 1), (FileNotFoundError(), 1), (PermissionError(), 1), (ValueError(), 1),
    ],
)  # fmt: skip
def test_what_may_pass_is_tried_again(module: Callable[[str], ModuleType], error: Exception, tries: int) -> None:
    """A network that fails gets three more chances; what another try can't mend is raised at once."""
    seen: list[Any] = []

    def read(*given: Any) -> None:
        seen.append(given)
        raise error

    with pytest.raises(type(error)):
        module("loading").retried(read, "url")
    assert seen == [("url",)] * tries


@pytest.mark.parametrize("fetch", [requests.get, httpx.get])
def test_a_server_that_asks_for_another_try_gets_it(
    module: Callable[[str], ModuleType], fetch: Callable[[str], Any]
) -> None:
    """Libraries that return a refusal rather than raise it are asked again too; the last refusal is the answer."""
    statuses = [503, 429, 200, 404, *[500] * 4]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(statuses.pop(0))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        retried = module("loading").retried
        assert [retried(fetch, url).status_code for _ in range(3)] == [200, 404, 500]
        server.shutdown()
    assert statuses == []


def test_a_server_that_says_nothing_is_given_up(
    module: Callable[[str], ModuleType],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The command waits for a silent server for a time, tries again, and then ends with 3."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module("loading"), "TIMEOUT_SECONDS", 0.2)
    before = socket.getdefaulttimeout()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("HANDLED_ROWS_CSV_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        try:
            assert module("__main__").main(["load", "--quiet"]) == 3
        finally:
            socket.setdefaulttimeout(before)
    assert "timed out" in capsys.readouterr().err


def test_a_read_that_succeeds_at_last_is_a_read(module: Callable[[str], ModuleType]) -> None:
    """The caller does not notice that it took two tries."""
    answers = iter([ConnectionError(), "rows"])

    def read() -> str:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert module("loading").retried(read) == "rows"


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        ({"w": [1.0]}, "load: the frame `more` lacks 'name'"),
        ({"w": ["1"], "name": ["a"]}, "load: column 'w' of `more` holds texts or objects, and should hold numbers"),
        ([[1.0, "a", "b"]], "load: the frame `more` has 'name' more than once"),
    ],
)
def test_a_frame_that_is_not_as_it_was_is_named(
    module: Callable[[str], ModuleType], frame: Any, says: str
) -> None:
    """A column that is missing or holds something else is told by name, before anything is computed with it."""
    validation = module("validation")
    with pytest.raises(validation.InputError, match=says):
        columns = ["w", "name", "name"] if isinstance(frame, list) else None
        validation.check("load", {"more": pd.DataFrame(frame, columns=columns)})
    validation.check("load", {"more": pd.DataFrame({"w": [1], "name": ["a"], "besides": [True]})})
    validation.check("load", {"more": pd.DataFrame({"w": [1], "name": [None]}, dtype="float64")})  # a column without values
    validation.check("train", {"total": 1.0})


def test_columns_without_names_are_checked_too(source: Path, tmp_path: Path) -> None:
    """A file without a header has numbers for names; the schema has them as texts."""
    lock, cells = Locked(REQUIREMENTS, SERVING, FACTS), ("import pandas as pd", "#| step load\nmore = pd.read_csv('a', header=None)")
    golden = {("load", "more"): {**FRAME, "columns": {"0": {"dtype": "int64"}}}}
    tree = package_tree(Package("numbered", "0.1.0", "x.ipynb", select(page(*cells)), lock, "0.13.9", golden))
    names: dict[str, Any] = {}
    exec(str(tree[PurePosixPath("src/numbered/validation.py")]), names)
    names["check"]("load", {"more": pd.DataFrame([[1]])})
    with pytest.raises(names["InputError"], match="lacks '0'"):
        names["check"]("load", {"more": pd.DataFrame({"a": [1]})})


def test_each_kind_of_failure_has_its_status(source: Path, tmp_path: Path) -> None:
    """A missing file ends with 3 and one line, settings that can't be read with 2: a scheduler can tell them apart."""

    def status(config: str) -> tuple[int, str]:
        (tmp_path / "config.yaml").write_text(config)
        command = [sys.executable, "-m", "handled", "train", "--config", "config.yaml", "--quiet"]
        done = subprocess.run(
            command, cwd=tmp_path, env={"PYTHONPATH": str(source / "src")}, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stderr.strip().splitlines()[-1]

    missing = status("rows_csv_url: file:///nowhere/rows.csv")
    assert missing[0] == 3
    assert missing[1].startswith("error: URLError")
    assert status("rows_csv_url: [1]")[0] == 2
    (tmp_path / "other.csv").write_text("w\n1\n")
    (tmp_path / "rows.csv").write_text("w\n1\n")
    lacking = status(f"rows_csv_url: file://{tmp_path}/other.csv")
    assert lacking == (3, "error: InputError: load: the frame `more` lacks 'name'")


def test_a_secret_is_asked_for_and_never_told(
    module: Callable[[str], ModuleType],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Without the secret the command ends with 2 and its variable's name; an error that holds it is told without it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text("w,name\n1,a\n")
    monkeypatch.setenv("HANDLED_ROWS_CSV_URL", (tmp_path / "rows.csv").as_uri())
    assert module("__main__").main(["report", "--quiet"]) == 2
    assert "HANDLED_API_KEY is not set" in capsys.readouterr().err
    module("config").settings.cache_clear()
    monkeypatch.setenv("HANDLED_API_KEY", "hunter 2")
    assert module("__main__").main(["report", "--quiet"]) == 3
    said = capsys.readouterr().err
    assert "FileNotFoundError" in said
    assert "hunter" not in said
    module("config").settings.cache_clear()
    monkeypatch.delenv("HANDLED_API_KEY")
    (tmp_path / "config.yaml").write_text("api_key: [hunter 2]\npassword: hunter 2\n")
    assert module("__main__").main(["config"]) == 2
    said = capsys.readouterr().err
    assert "password" in said
    assert "hunter" not in said


def test_the_package_is_clean_for_linter_and_type_checker(source: Path) -> None:
    """Steps, pipeline, checks and retries pass ruff and mypy as they are."""
    tools = Path(sys.executable).parent
    for command in (["ruff", "check", "--extend-select", "B,C4,UP,PIE,RET,SIM,W", "."], ["mypy", "src/handled"]):
        done = subprocess.run([tools / command[0], *command[1:]], cwd=source, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("call", "becomes"),
    [
        ("urllib.request.urlopen(u)", "retried(urllib.request.urlopen, u, timeout=30)"),
        ("requests.get(u, params={})", "retried(requests.get, u, params={}, timeout=30)"),
        ("requests.post(u, timeout=5)", "requests.post(u, timeout=5)"),
        ("requests.post(u, json={})", "requests.post(u, json={}, timeout=30)"),
        ("requests.patch(u)", "requests.patch(u, timeout=30)"),
        ("requests.put(u)", "retried(requests.put, u, timeout=30)"),
        ("requests.delete(u)", "retried(requests.delete, u, timeout=30)"),
        ("requests.head(u)", "retried(requests.head, u, timeout=30)"),
        ("requests.options(u)", "retried(requests.options, u, timeout=30)"),
        ("requests.request('GET', u)", "retried(requests.request, 'GET', u, timeout=30)"),
        ("requests.request('POST', u)", "requests.request('POST', u, timeout=30)"),
        ("requests.request(u, u)", "requests.request(u, u, timeout=30)"),
        ("requests.request(url=u, method='PUT')", "retried(requests.request, url=u, method='PUT', timeout=30)"),
        ("requests.Session().post('https://a.b/c')", "requests.Session().post(settings().c_url)"),
        ("requests.Session().get('https://a.b/c')", "retried(requests.Session().get, settings().c_url)"),
        ("urllib.request.urlopen(u, b'x')", "urllib.request.urlopen(u, b'x', timeout=30)"),
        ("urllib.request.urlopen(u, data=None)", "retried(urllib.request.urlopen, u, data=None, timeout=30)"),
        (
            "urllib.request.urlopen(urllib.request.Request(u, method='POST'))",
            "urllib.request.urlopen(urllib.request.Request(u, method='POST'), timeout=30)",
        ),
        ("pd.read_sql('select 1', u)", "retried(pd.read_sql, 'select 1', u)"),
        ("store.download_file('a', u)", "retried(store.download_file, 'a', u)"),
        ("pd.read_csv(u)", "pd.read_csv(u)"),
    ],
)
def test_reads_from_elsewhere_are_wrapped(call: str, becomes: str) -> None:
    """Network, databases and object stores get retries, and a time-out where they would wait for ever.

    What a server may have done already is not sent again: only reads and idempotent methods are.
    """
    found = select(page("import requests, urllib.request, store\nimport pandas as pd", f"#| export\ndef f(u):\n    return {call}"))
    assert f"    return {becomes}\n" in module_text("core", found, "x.ipynb")
