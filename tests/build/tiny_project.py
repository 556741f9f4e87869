"""A package small enough to build in seconds, and what the earlier steps would write of it."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

from jupyter_prodkit import runtime
from jupyter_prodkit.release import ProjectFolder

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"

SUMMING_SERVER = """
import http.server, json, sys

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(200 if self.path == "/ping" else 404, b"")
    def do_POST(self):
        rows = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["inputs"]
        import localdep, six  # what the lock brings
        self.answer(200, json.dumps({"predictions": [float(sum(row)) for row in rows]}).encode())
    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

_, command, _, release, _, host, _, port = sys.argv
json.load(open(release + "/manifest.json"))
http.server.HTTPServer((host, int(port)), Handler).serve_forever()
"""


SCALING_MODEL = """
class Scaling:
    def __init__(self, factor):
        self.factor = factor

    def predict(self, rows):
        return rows.sum(axis=1) * self.factor
"""

RUNTIME_MAIN = """
import argparse
from tinypkg.serving.__main__ import main

parser = argparse.ArgumentParser()
parser.add_argument("command", choices=["serve"])
for name in ("--release", "--host", "--port"):
    parser.add_argument(name)
chosen = parser.parse_args()
raise SystemExit(main([chosen.release, "--host", chosen.host, "--port", chosen.port]))
"""


def runtime_sources() -> dict[str, str]:
    """The real runtime, copied into a package as the export step does, and a model of that package."""
    folder = Path(runtime.__file__).parent
    return {
        "tinypkg/__init__.py": "",
        "tinypkg/__main__.py": RUNTIME_MAIN,
        "tinypkg/model.py": SCALING_MODEL,
        **{f"tinypkg/serving/{path.name}": path.read_text() for path in folder.glob("*.py")},
    }


def lock_text(*requirements: str) -> str:
    """Exact pins with hashes, as uv finds them on the machine's own index."""
    uv = Path(sys.executable).with_name("uv")
    command = [uv, "pip", "compile", "--generate-hashes", "--no-header", "--python-version", PYTHON, "-"]
    done = subprocess.run(command, check=True, input="\n".join(requirements), capture_output=True, text=True)
    return done.stdout


def write_wheel(folder: Path, name: str, version: str, files: Mapping[str, str]) -> Path:
    """A pure wheel by the book (PEP 427), without a build tool."""
    info = f"{name}-{version}.dist-info"
    content = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    lines = [f"{path},sha256={_record_hash(text)},{len(text.encode())}" for path, text in content.items()]
    content[f"{info}/RECORD"] = "\n".join([*lines, f"{info}/RECORD,,"]) + "\n"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for inside, text in content.items():
            archive.writestr(zipfile.ZipInfo(inside), text)
    return path


def _record_hash(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_environment(project: ProjectFolder, **facts: object) -> None:
    """`environment.json`, as the lock step writes it."""
    known = {"python": f"{PYTHON}.7", "implementation": "cpython", "platform": "linux", "machine": "x86_64", **facts}
    (project.lock / "environment.json").write_text(json.dumps(known))


def write_release(folder: Path, files: Mapping[str, bytes], **facts: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    manifest = {
        "name": "tiny",
        "version": "3",
        "package": "tinypkg",
        "package_version": "0.1.0",
        "model_class": "builtins.dict",
        "notebook_digest": "1" * 64,
        "format": 1,
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
        "python": PYTHON,
        **facts,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
