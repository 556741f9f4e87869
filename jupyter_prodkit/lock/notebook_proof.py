"""Running the notebook in the clean environment: the kernel and we are put in beside the lock, and change no pin."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import msgspec

from jupyter_prodkit.check.report import Report
from jupyter_prodkit.errors import LockError
from jupyter_prodkit.lock.complaints import complaint
from jupyter_prodkit.lock.uv import Uv
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.subprocesses import run_program

__all__ = ["run_notebook_in", "verdict_in"]

_WORDS = {"diverges": "gives something else than it shows", "unverified": "can’t be vouched for"}
_STATES = {
    "diverges": "shows something else",
    "failed": "raises",
    "never run": "has shown nothing yet in the saved file",
    "unverified": "is not vouched for",
}
_SHOWN = 3
_ELSE = "could not be judged"
_PACKAGE = Path(__file__).parents[1]


def run_notebook_in(python: str, notebook: Path, lock: Path, uv: Uv, progress: Progress) -> None:
    """Run `notebook` twice in the environment of `python` by `prodkit check --verify`, beside the pins of `lock`.

    Raises LockError with the check's verdict where the notebook does not give what it shows, CancelledError.
    """
    _add_ourselves(python, lock, uv, progress)
    command = [python, "-m", "jupyter_prodkit.faces.cli", "check", str(notebook), "--verify", "--json"]
    command += ["--output", str(Path(python).parents[2] / "check")]  # the notebook's own record is not for this run
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    finished = run_program(command, progress, cwd=notebook.parent, environment=environment)
    verdict, reasons = verdict_in(finished.stdout)
    if verdict != "reproducible":
        said = "; ".join(reasons) or " ".join(finished.stderr.split())[-300:] or "it gave no reason"
        judged = f"{notebook.name} {_WORDS.get(verdict, _ELSE)}: {said.rstrip('.')}"
        raise LockError(
            f"The lock was not proven: in a clean environment made from it, {judged}.",
            "`prodkit check NOTEBOOK --verify` shows more. Save the notebook first, so that what it shows is on disk.",
        )


def _add_ourselves(python: str, lock: Path, uv: Uv, progress: Progress) -> None:
    """Install what we require, within the lock's pins, and a copy of our own code, however we came here."""
    ourselves = metadata.distribution("jupyter-prodkit")
    wanted = [line for line in ourselves.requires or [] if "extra ==" not in line]
    constraints = [line.partition(" \\")[0] for line in (lock / "requirements.lock").read_text("utf-8").splitlines()]
    pins = [line for line in constraints if "==" in line and line[:1] not in ("#", " ")]
    beside = Path(python).parents[1] / "constraints.txt"
    beside.write_text("\n".join(pins) + "\n", encoding="utf-8")
    command = ["pip", "install", "-p", python, "-c", str(beside), *uv.flags, *wanted]
    finished = uv.ask(command, progress)
    if finished.status != 0:
        raise complaint("put a kernel beside the lock", finished.stderr)
    venv = Path(python).parents[1]
    site = next(venv.glob("lib/python*/site-packages"), venv / "Lib" / "site-packages")
    info = site / f"jupyter_prodkit-{ourselves.version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(ourselves.read_text("METADATA") or "", encoding="utf-8")
    shutil.copytree(_PACKAGE, site / "jupyter_prodkit", ignore=shutil.ignore_patterns("__pycache__", "labextension"))


def verdict_in(text: str) -> tuple[str, Sequence[str]]:
    """Return the verdict of the check that printed `text`, with a few reasons; without a report there is none."""
    try:
        report = msgspec.json.decode(text.strip().splitlines()[-1].encode(), type=Report)
    except (msgspec.DecodeError, IndexError):
        return "not judged", []
    found = [f"{one.message}: {one.because}" for one in report.findings if one.severity == "blocker"]
    cells = [
        f"cell {cell.index + 1} {_STATES[cell.state]}{f', as {cell.reason}' if cell.reason else ''}"
        for cell in report.cells
        if cell.state in _STATES
    ]
    return report.verdict, (found or cells)[:_SHOWN]
