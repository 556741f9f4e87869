"""The proof of a lock, its audit, and the further files; each against the real thing."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest
from lock_bench import Environment, Index, fact, facts_of, make_wheel

from jupyter_prodkit.check.report import CellState, CellVerdict, Finding, Report
from jupyter_prodkit.environment.facts import DistributionFact
from jupyter_prodkit.errors import CancelledError, LockError
from jupyter_prodkit.lock import compiling
from jupyter_prodkit.lock.locking import Wishes
from jupyter_prodkit.lock.notebook_proof import verdict_in
from jupyter_prodkit.lock.report import LockReport
from jupyter_prodkit.lock.step import plan_for, run
from jupyter_prodkit.progress import Progress, ProgressEvent
from jupyter_prodkit.step import Result

STATES: tuple[CellState, ...] = ("reproduced", "diverges", "failed", "never run")


@pytest.fixture(autouse=True)
def small_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "SERVER", ())


@pytest.fixture
def named(index: Index, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Index:
    monkeypatch.setenv("PIP_INDEX_URL", index.url)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    return index


def lock(folder: Path, *facts: DistributionFact, progress: Progress | None = None, **wishes: object) -> Result:
    asked = plan_for(facts_of(*facts), folder, sys.executable, wishes=Wishes(**wishes))
    return run(asked, progress or Progress())


def report(result: Result) -> LockReport:
    assert isinstance(result.document, LockReport)
    return result.document


def test_proven(named: Index, tmp_path: Path) -> None:
    """A proven lock says what was done in the clean environment, and how long each took; the record keeps it."""
    make_wheel(named.folder, "alpha", "1.0", requires=["beta"])
    make_wheel(named.folder, "beta", "1.0")
    asked = [fact("alpha", modules=("alpha",)), fact("beta", why="required")]
    result = lock(tmp_path / "lock", *asked, prove=True)
    steps = report(result).proof or ()
    assert [step.what for step in steps] == [
        "A new environment was made from the lock alone",
        "It holds the same 2 distributions",
        "`pylock.toml` installs the same",
        "1 module could be imported in it",
        "`pip check` finds all requirements met",
    ]
    assert all(step.seconds >= 0 for step in steps)
    assert "proved them in a clean environment in" in result.summary
    assert result.recorded is not None
    assert [one["what"] for one in result.recorded["proven"]] == [step.what for step in steps]
    assert "prodkit-proof" not in str([path.read_bytes() for path in (tmp_path / "lock").iterdir() if path.is_file()])


@pytest.mark.parametrize(
    ("code", "requires", "reason"),
    [
        ("raise ImportError('needs an older scipy')", [], "`import alpha` raises ImportError: needs an older scipy"),
        ("import sys; sys.exit(3)", [], "`import alpha` raises SystemExit: 3"),
        ("import os; os._exit(3)", [], "importing ended the process with status 3"),
        ("", ["beta>=2"], "`pip check` complains: .*beta"),
    ],
)
def test_not_proven(named: Index, tmp_path: Path, code: str, requires: list[str], reason: str) -> None:
    """A lock that installs but does not import, or does not fit together, is refused with the reason; nothing is left."""
    make_wheel(named.folder, "alpha", "1.0", code, requires=requires)
    with pytest.raises(LockError, match=f"The lock was not proven: {reason}"):
        lock(tmp_path / "lock", fact("alpha", modules=("alpha",)), prove=True)
    assert not (tmp_path / "lock").exists()


def test_merely_loaded_modules(named: Index, tmp_path: Path) -> None:
    """A module that no cell imports and that can't be imported by itself is told, and refuses nothing."""
    make_wheel(named.folder, "alpha", "1.0", "raise ImportError('only from inside')")
    result = lock(tmp_path / "lock", fact("alpha", why="loaded", modules=("alpha",)), prove=True)
    assert "In a clean environment `import alpha` by itself raises ImportError: only from inside" in result.warnings


def test_proof_can_be_stopped(named: Index, tmp_path: Path) -> None:
    """A stop in the midst of the proof leaves no lock."""
    make_wheel(named.folder, "alpha", "1.0")

    def stop(event: ProgressEvent) -> None:
        if event.message == "Importing":
            progress.cancel()

    progress = Progress(stop)
    with pytest.raises(CancelledError):
        lock(tmp_path / "lock", fact("alpha", modules=("alpha",)), progress=progress, prove=True)
    assert not (tmp_path / "lock").exists()


def test_changes_since_the_last_lock(named: Index, tmp_path: Path) -> None:
    """What was added, removed and changed since the last lock is said; the first lock has nothing to compare with."""
    for name, version in (("alpha", "1.0"), ("alpha", "2.0"), ("beta", "1.0"), ("gamma", "1.0")):
        make_wheel(named.folder, name, version)
    first = lock(tmp_path / "lock", fact("alpha"), fact("beta"))
    assert report(first).changes is None
    again = lock(tmp_path / "lock", fact("alpha"), fact("beta"))
    assert report(again).changes == ()
    changed = lock(tmp_path / "lock", fact("alpha", "2.0"), fact("gamma"))
    shown = {row.label: row.value for row in changed.facts}
    assert shown["Since the last lock"] == "alpha 1.0 → 2.0; beta 1.0 removed; gamma 1.0 added"


class Advisories:
    """A service on loopback that answers as OSV's does, with one advisory on `alpha`."""

    def __init__(self) -> None:
        detail = {
            "id": "GHSA-test", "modified": "2024-01-01T00:00:00Z", "published": "2024-01-01T00:00:00Z",
            "summary": "It lies.", "aliases": ["CVE-1"],
            "affected": [{"package": {"name": "alpha", "ecosystem": "PyPI"}, "ranges": [
                {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.1"}]}]}],
        }  # fmt: skip

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
                hit = {"vulns": [{"id": "GHSA-test", "modified": "2024-01-01T00:00:00Z"}]}
                self.reply({"results": [hit if one["package"]["name"] == "alpha" else {} for one in asked]})

            def do_GET(self) -> None:
                self.reply(detail)

            def reply(self, content: object) -> None:
                body = json.dumps(content).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Keep the test's output clean."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def advisories() -> Iterator[Advisories]:
    made = Advisories()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_audit(named: Index, advisories: Advisories, tmp_path: Path) -> None:
    """Known vulnerabilities are named with the version that mends them, and licences are counted."""
    make_wheel(named.folder, "alpha", "1.0")
    make_wheel(named.folder, "beta", "1.0")
    asked = [fact("alpha", licence="MIT"), fact("beta")]
    result = lock(tmp_path / "lock", *asked, audit=True, advisories=advisories.url)
    assert "alpha 1.0: GHSA-test It lies. Fixed in 1.1." in result.warnings
    shown = {row.label: row.value for row in result.facts}
    assert (shown["Vulnerabilities"], shown["Licences"]) == ("1 known", "MIT: 1; unknown: 1")


def test_audit_without_network(named: Index, tmp_path: Path) -> None:
    """Where advisories can't be had, that is said, and the lock is made."""
    make_wheel(named.folder, "alpha", "1.0")
    result = lock(tmp_path / "lock", fact("alpha"), audit=True, advisories="http://127.0.0.1:9/")
    (said,) = [line for line in result.warnings if "not looked up" in line]
    assert said.startswith("Known vulnerabilities were not looked up: ")
    assert "Vulnerabilities" not in {row.label for row in result.facts}
    assert (tmp_path / "lock" / "requirements.lock").exists()


def test_further_files(named: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`uv.lock` and a script's metadata (PEP 723) hold the same pins, install them, and name no password."""
    patch = f">={'.'.join(map(str, sys.version_info[:3]))}"  # some are not for the first releases of a Python
    make_wheel(named.folder, "alpha", "1.0", "WHO = 1\n", requires=["beta>=5"], python=patch)  # beta is what ran
    make_wheel(named.folder, "beta", "1.0")
    make_wheel(tmp_path / "links", "gamma", "1.0")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "links"))
    lock(tmp_path / "lock", fact("alpha"), fact("beta"), fact("gamma"), uv_lock=True, script=True)
    folder = tmp_path / "lock"
    for name in ("uv.lock", "pyproject.toml", "script.txt", "pylock.toml"):
        assert not {"s3cr", "alice"} & set((folder / name).read_text().replace(":", " ").replace("@", " ").split())
        assert str(tmp_path) not in (folder / name).read_text()
    monkeypatch.setenv("UV_DEFAULT_INDEX", named.url)
    environment = Environment(tmp_path / "clean")
    monkeypatch.setenv("UV_PROJECT_ENVIRONMENT", str(environment.folder))
    _uv_as_configured("sync", "--frozen", "--project", folder, "-p", environment.python)
    assert environment.freeze()[:2] == ["alpha==1.0", "beta==1.0"]
    assert any(line.startswith("gamma") for line in environment.freeze())
    assert '#   "beta==1.0",' in (folder / "script.txt").read_text()
    assert '# gamma = { path = "wheels/gamma-1.0-py3-none-any.whl" }' in (folder / "script.txt").read_text()


def _uv_as_configured(*arguments: str | Path) -> None:
    import subprocess

    from jupyter_prodkit.lock.uv import find_uv

    done = subprocess.run([find_uv(), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_why_the_notebook_proves_nothing() -> None:
    """What a notebook gives in the clean environment is told with its reasons: findings, else the cells."""
    cells = [CellVerdict(cell_id=state, index=at, state=state, executions=1) for at, state in enumerate(STATES)]
    report = Report(notebook="n.ipynb", verdict="diverges", cells=tuple(cells), findings=())
    said = ["cell 2 shows something else", "cell 3 raises", "cell 4 has shown nothing yet in the saved file"]
    assert verdict_in(msgspec.json.encode(report).decode()) == ("diverges", said)
    finding = Finding(rule="r", severity="blocker", message="It differs", because="chance")
    report = msgspec.structs.replace(report, findings=(finding,))
    assert verdict_in("noise\n" + msgspec.json.encode(report).decode()) == ("diverges", ["It differs: chance"])
    assert verdict_in("Traceback") == verdict_in("") == ("not judged", [])
