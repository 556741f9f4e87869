"""Real environments, an index of our own, and processes that say what they loaded."""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
from packaging.utils import canonicalize_name

from jupyter_prodkit.environment.facts import DistributionFact, EnvironmentFacts
from jupyter_prodkit.environment.installed import Installed
from jupyter_prodkit.lock.uv import find_uv

ROOT = Path(__file__).parents[2]
PROJECT = """
[build-system]
requires = ["uv_build>=0.9,<2"]
build-backend = "uv_build"
[project]
name = "{name}"
version = "{version}"
requires-python = ">=3.10"
[tool.uv.build-backend]
module-name = "{module}"
"""


def run_uv(*arguments: str | Path, cwd: Path | None = None) -> str:
    """Run uv as a user would, without any machine's configuration."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_", "VIRTUAL_ENV"))}
    finished = subprocess.run(
        [find_uv(), *arguments], cwd=cwd, env={**kept, "UV_NO_CONFIG": "1"}, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def make_project(folder: Path, name: str, module: str, version: str = "1.0") -> Path:
    """Write a project that uv's own backend builds, without a download."""
    package = folder / "src" / Path(*module.split("."))
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(f"__version__ = '{version}'\n")
    (folder / "pyproject.toml").write_text(PROJECT.format(name=name, version=version, module=module))
    return folder


def make_wheel(
    folder: Path,
    name: str,
    version: str,
    code: str = "",
    *,
    files: Mapping[str, str] | None = None,
    requires: Sequence[str] = (),
    python: str = "",
    tag: str = "py3-none-any",
    entry_points: str = "",
) -> Path:
    """Write a wheel by hand."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-{tag}.whl"
    info = f"{name}-{version}.dist-info"
    required = "".join(f"Requires-Dist: {one}\n" for one in requires)
    required += f"Requires-Python: {python}\n" if python else ""
    texts = {
        f"{name}.py": f"__version__ = '{version}'\n{code}",
        **(files or {}),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nLicense: MIT\n{required}",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n",
        **({f"{info}/entry_points.txt": entry_points} if entry_points else {}),
    }
    lines = [f"{file},sha256={digest(text)},{len(text)}\n" for file, text in texts.items()]
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in texts.items():
            archive.writestr(file, text)
        archive.writestr(f"{info}/RECORD", "".join([*lines, f"{info}/RECORD,,\n"]))
    return path


def digest(text: str) -> str:
    """Return a text's SHA-256 as RECORD writes it."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def facts_of(*facts: DistributionFact, **others: Any) -> EnvironmentFacts:
    given = {"python": ".".join(map(str, sys.version_info[:3])), "implementation": "cpython", "platform": sys.platform}
    return EnvironmentFacts(**{**given, "machine": "x86_64", "distributions": facts, **others})


def fact(name: str, version: str = "1.0", **others: Any) -> DistributionFact:
    return DistributionFact(name=name, version=version, **{"why": "imported", **others})


class Environment:
    """A virtual environment of its own, with a Python in which code runs as in a kernel."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        run_uv("venv", "--quiet", "--python", sys.executable, folder)
        self.python = str(folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))

    def install(self, *what: str | Path, cwd: Path | None = None) -> None:
        run_uv("pip", "install", "--quiet", "-p", self.python, *what, cwd=cwd)

    @property
    def site(self) -> Path:
        """Its site-packages."""
        return next(self.folder.glob("lib/python*/site-packages"), self.folder / "Lib" / "site-packages")

    def installed(self) -> dict[str, Installed]:
        """Return what it holds, as the lock sees it."""
        infos = self.site.glob("*.dist-info")
        return {name: Installed(name, info) for info in infos if (name := canonicalize_name(info.name.split("-")[0]))}

    def freeze(self) -> list[str]:
        return run_uv("pip", "freeze", "-p", self.python).split("\n")[:-1]

    def run(self, code: str, cwd: Path) -> str:
        finished = subprocess.run(
            [self.python, "-c", code], cwd=cwd, capture_output=True, text=True, check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert finished.returncode == 0, finished.stderr
        return finished.stdout

    def capture(self, code: str, imported: set[str], cwd: Path) -> EnvironmentFacts:
        """Run `code` in a fresh process and return what was captured of what it loaded."""
        script = f"""
import sys
before = set(sys.modules)
exec({code!r}, {{}})
modules = {{k: getattr(m, "__file__", None) for k, m in list(sys.modules.items()) if k not in before}}
from pathlib import Path
from jupyter_prodkit.environment.capture import capture
import msgspec
print(msgspec.json.encode(capture(modules, {imported!r}, Path.cwd())).decode())
"""
        return msgspec.json.decode(self.run(script, cwd), type=EnvironmentFacts)


def part(wanted: str, size: int) -> tuple[int, int]:
    """Return where a range begins and ends (RFC 9110)."""
    first, _, last = wanted.partition("-")
    return (int(first), int(last) + 1) if first and last else (max(0, size - int(last)), size)


class Index:
    """A package index on loopback that asks for user and password (PEP 503)."""

    user, password = "alice", "s3cr%t@pw"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.hashes = True
        self.ranges = False
        self.yanked: dict[str, str] = {}
        self.bytes_sent = 0
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server.server_address[1]}"

    @property
    def url(self) -> str:
        return f"http://{self.user}:s3cr%25t%40pw@{self.host}/simple"

    def handler(self) -> type[BaseHTTPRequestHandler]:  # noqa: C901 - one small server
        index = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, kind, body = index.answer(self.path, self.headers.get("Authorization", ""))
                wanted = self.headers.get("Range", "").removeprefix("bytes=")
                if index.ranges and wanted and status == 200:
                    start, end = part(wanted, len(body))
                    self.do(206, kind, body[start:end], f"bytes {start}-{end - 1}/{len(body)}")
                else:
                    self.do(status, kind, body)

            def do_HEAD(self) -> None:
                self.do_GET()

            def do(self, status: int, kind: str, body: bytes, content_range: str = "") -> None:
                self.send_response(status)
                index.bytes_sent += len(body)
                if content_range:
                    self.send_header("Content-Range", content_range)
                if status == 401:
                    self.send_header("WWW-Authenticate", "Basic realm=index")
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Keep the test's output clean."""

        return Handler

    def answer(self, path: str, authorization: str) -> tuple[int, str, bytes]:
        expected = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        if authorization != f"Basic {expected}":
            return 401, "text/plain", b""
        kind, _, name = path.strip("/").partition("/")
        if kind == "files":
            return 200, "application/octet-stream", (self.folder / name).read_bytes()
        files = [
            file for file in sorted(self.folder.iterdir()) if file.name.partition("-")[0] == name.replace("-", "_")
        ]
        links = "".join(
            f'<a href="/files/{file.name}{self.fragment(file)}"{self.mark(file)}>{file.name}</a>' for file in files
        )
        return (200, "text/html", links.encode()) if files else (404, "text/plain", b"")

    def mark(self, file: Path) -> str:
        reason = self.yanked.get(file.name)
        return "" if reason is None else f' data-yanked="{reason}"'

    def fragment(self, file: Path) -> str:
        return f"#sha256={hashlib.sha256(file.read_bytes()).hexdigest()}" if self.hashes else ""
