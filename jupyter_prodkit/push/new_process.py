"""Asking a module of ours something in a process of its own, that knows the exported package and not this kernel."""

from __future__ import annotations

import pickle
import sys
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec

from jupyter_prodkit.errors import PushError
from jupyter_prodkit.progress import Progress, ProgressEvent
from jupyter_prodkit.push.registration import JOURNAL
from jupyter_prodkit.release import ProjectFolder, without_credentials
from jupyter_prodkit.subprocesses import Finished, run_program

__all__ = ["ask_in_new_process"]

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
    can_undo: bool = False,
) -> StructT:
    """Have `module` answer a pickled request, with the exported package importable and its config.yaml in force.

    Raises PushError where it ends without an answer, and CancelledError; where the module `can_undo`, what the ended
    process had made is then taken back. An answer that was given before the process was stopped counts.
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
        ask = partial(run_program, cwd=Path(folder), environment={**environment, **own})

        def take_back() -> None:
            if can_undo and (Path(folder) / JOURNAL).exists():
                progress.listener(ProgressEvent("stage", "Taking back what was begun"))
                ask([*command, "--undo"], Progress())

        try:
            finished = ask(command, progress)
        except BaseException:
            if not answer.exists():
                take_back()
                raise
        else:
            if not answer.exists():
                take_back()
                raise PushError(f"The process that pushes ended without an answer: {_last_words(finished)}")
        return msgspec.json.decode(answer.read_bytes(), type=kind)


def _last_words(finished: Finished) -> str:
    lines = [line for line in finished.stderr.splitlines() if line.strip()]
    return without_credentials(lines[-1]) if lines else f"status {finished.status}"
