"""Asking a module of ours something in a process of its own, that knows the exported package and not this kernel."""

from __future__ import annotations

import pickle
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from jupyter_prodkit.errors import CancelledError, PushError
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.release import ProjectFolder, without_credentials
from jupyter_prodkit.subprocesses import Finished, run_program

__all__ = ["ask_in_new_process"]

_TO_UNDO_SECONDS = 30.0
StructT = TypeVar("StructT", bound=msgspec.Struct)


def ask_in_new_process(
    module: str,
    request: object,
    kind: type[StructT],
    *,
    project: ProjectFolder,
    package: str,
    environment: Mapping[str, str],
    progress: Progress,
) -> StructT:
    """Have `module` answer a pickled request, with the exported package importable and its config.yaml in force.

    Raises PushError where it ends without an answer, and CancelledError; it then has the time to undo what it did.
    Where it had done it all before it was stopped, its answer counts.
    """
    own = {
        "PYTHONPATH": str(project.package / "src"),
        "PYTHONDONTWRITEBYTECODE": "1",
        f"{package.upper()}_CONFIG": str(project.package / "config.yaml"),
    }
    with tempfile.TemporaryDirectory() as folder:
        question, answer = Path(folder) / "request.pkl", Path(folder) / "answer.json"
        question.write_bytes(pickle.dumps(request, protocol=5))
        command = [sys.executable, "-W", "ignore", "-m", module, str(question), str(answer)]
        try:
            finished = run_program(
                command,
                progress,
                cwd=Path(folder),
                environment={**environment, **own},
                grace_seconds=_TO_UNDO_SECONDS,
            )
        except (CancelledError, KeyboardInterrupt):
            if not answer.exists():
                raise
            finished = Finished(0, "", "")
        try:
            return msgspec.json.decode(answer.read_bytes(), type=kind)
        except (OSError, msgspec.DecodeError) as error:
            raise PushError(f"The process that pushes ended without an answer: {_last_words(finished)}") from error


def _last_words(finished: Finished) -> str:
    lines = [line for line in finished.stderr.splitlines() if line.strip()]
    return without_credentials(lines[-1]) if lines else f"status {finished.status}"
