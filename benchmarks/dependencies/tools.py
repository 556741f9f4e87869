"""The tools that find a notebook's dependencies, each in an environment of its own, and what each of them names."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from checkout import ROOT
from packaging.utils import canonicalize_name

from jupyter_prodkit.lock.name_index import name_index

__all__ = ["Named", "by_freeze", "by_pigar", "by_pipreqs", "by_prodkit"]

_LINE = re.compile(r"^(?P<name>[A-Za-z0-9][\w.-]*)\s*(?:==\s*(?P<version>\S+)|@\s*(?P<url>\S+))?")
_EDITABLE = re.compile(r"^-e\s+(?P<url>\S+)")
_LATEST = "999"
"""The newest version of everything, as the index for pipreqs has it: not the installed one."""


@dataclass(frozen=True)
class Named:
    """What a tool names, and how long it took."""

    lines: Mapping[str, str]
    """Distribution, normalised → its version, or the place it is to be installed from."""
    seconds: float
    failed: str = ""


def by_pipreqs(uv: Path, python: str, notebook: Path, scratch: Path) -> Named:
    """Run `pipreqs --scan-notebooks` with the kernel's packages on its path; its index is a stub: latest is 999."""
    out = scratch / "pipreqs.txt"
    with name_index(lambda _: _LATEST) as address:
        command = [
            str(uv), "tool", "run", "--isolated", "--from", "pipreqs>=0.5", "--python", sys.executable, "pipreqs",
            "--scan-notebooks", "--pypi-server", address, "--force", "--savepath", str(out), str(notebook.parent),
        ]  # fmt: skip
        return _run(command, notebook.parent, out, _with_site(python))


def by_pigar(uv: Path, python: str, notebook: Path, scratch: Path) -> Named:
    """Run `pigar generate` with the kernel's packages on its path; it asks nothing of any index."""
    out = scratch / "pigar.txt"
    command = [
        str(uv), "tool", "run", "--isolated", "--from", "pigar>=2.2", "--python", sys.executable, "pigar",
        "generate", "-f", str(out), "--question-answer", "no", "--auto-select", str(notebook.parent),
    ]  # fmt: skip
    return _run(command, notebook.parent, out, _with_site(python))


def by_freeze(uv: Path, python: str, notebook: Path, scratch: Path) -> Named:  # noqa: ARG001 - one signature for all
    """Run `uv pip freeze` on the kernel's environment."""
    started = time.perf_counter()
    done = subprocess.run([uv, "pip", "freeze", "-p", python], capture_output=True, text=True, check=True)
    (scratch / "freeze.txt").write_text(done.stdout, encoding="utf-8")
    lines = {name: line for name, line in _read(done.stdout).items() if not line.endswith(str(ROOT))}  # we, editable
    return Named(lines, time.perf_counter() - started)


def by_prodkit(uv: Path, python: str, notebook: Path, scratch: Path) -> Named:  # noqa: ARG001 - one signature for all
    """Run `prodkit lock` in the kernel's environment; its seconds include running the notebook."""
    started = time.perf_counter()
    command = [python, "-m", "jupyter_prodkit.faces.cli", "lock", str(notebook), "--output", str(scratch / "p")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=notebook.parent)
    seconds = time.perf_counter() - started
    if done.returncode:
        return Named({}, seconds, done.stderr.strip()[-300:])
    facts = json.loads((scratch / "p" / "lock" / "environment.json").read_text(encoding="utf-8"))
    lines = {one["name"]: _place(one) for one in facts["distributions"]}
    return Named(lines, seconds)


def _place(fact: Mapping[str, str]) -> str:
    return f"wheels/{fact['file']}" if fact["build"] == "vendored" else fact["version"]


def _run(command: list[str], folder: Path, out: Path, environment: Mapping[str, str]) -> Named:
    subprocess.run([*command[: command.index("--python") + 2], "python", "-c", ""], capture_output=True, check=False)
    started = time.perf_counter()  # the tool's own environment is there by now
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    if done.returncode or not out.exists():
        return Named({}, seconds, done.stderr.strip()[-300:])
    return Named(_read(out.read_text(encoding="utf-8")), seconds)


def _with_site(python: str) -> dict[str, str]:
    site = next(Path(python).parents[1].glob("lib/python*/site-packages"))
    return {**os.environ, "PYTHONPATH": str(site), "NO_PROXY": "127.0.0.1"}


def _read(text: str) -> dict[str, str]:
    found = {}
    for line in text.splitlines():
        editable, match = _EDITABLE.match(line), _LINE.match(line)
        if editable:
            found[canonicalize_name(editable["url"].rstrip("/").rpartition("/")[2])] = editable["url"]
        elif match:
            found[canonicalize_name(match["name"])] = match["version"] or match["url"] or "?"
    return found
