"""A new environment made from the lock alone, in which the built package is installed and run."""

from __future__ import annotations

import json
import pickle
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_prodkit.check.replay.folder import working_copy
from jupyter_prodkit.errors import CancelledError, ExportError
from jupyter_prodkit.export import observing
from jupyter_prodkit.export.package import Package
from jupyter_prodkit.lock.uv import Uv
from jupyter_prodkit.notebook.document import Notebook
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.subprocesses import another_pythons_environment, run_program, venv_python

__all__ = ["CleanEnvironment", "PackageRun"]

_POLL_SECONDS = 0.1

# Runs step by step and looks at what each gives at once, as the notebook's values were looked at.
_RUN = """
import importlib, json, runpy, sys
package, place, observer, wanted, golden = json.loads(sys.argv[1])
summary = runpy.run_path(golden)["summary"]
record = runpy.run_path(observer)["record"]
pipeline = importlib.import_module(f"{package}.pipeline")
values = {}
for step in pipeline.STEPS:
    values.update(pipeline.step(step, values))
    record(values, wanted.get(step, []), f"{place}/{step}.pickle", package)
    kept = {name: summary(values[name]) for name in wanted.get(step, [])}
    with open(f"{place}/{step}.json", "w", encoding="utf-8") as file:
        json.dump(kept, file)
"""


@dataclass(frozen=True)
class PackageRun:
    """What the installed package gave."""

    values: Mapping[tuple[str, str], Any]
    golden: Mapping[tuple[str, str], Any] = field(default_factory=dict)
    """What the golden tests keep of each value."""
    error: str = ""
    """The error that a step raised; empty where all ran."""


@dataclass(frozen=True)
class CleanEnvironment:
    """An environment that holds what the lock says, and the package."""

    uv: Uv
    venv: Path
    progress: Progress

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return venv_python(self.venv)

    def install_lock(self, lock: Path) -> None:
        """Make it from the lock in a folder. Raises ExportError with uv's reason, CancelledError."""
        self._ask(["venv", "--python", self.uv.python, self.venv], "make a new environment", lock)
        for name in ("requirements.lock", "serving.lock"):
            command = ["pip", "install", "--no-deps", "--require-hashes", *self.uv.flags, "-p", self.python, "-r", name]
            self._ask(command, f"install {name} into a new environment", lock)

    def install_package(self, wheel: Path) -> None:
        """Install the wheel, and nothing with it. Raises ExportError with uv's reason, CancelledError."""
        command = ["pip", "install", "--no-deps", "--reinstall", "--no-index", "-p", self.python, wheel]
        self._ask(command, "install the wheel into a new environment", wheel.parent)

    def run(
        self,
        package: Package,
        source: Path,
        wanted: Mapping[str, list[str]],
        notebook: Notebook,
        deadline: float,
    ) -> PackageRun:
        """Run the package's steps in a copy of the notebook's folder, and return the values that were `wanted`.

        `source` is the package's folder, for its config.yaml and for what its tests keep of values. Settings in the
        environment count for nothing, as the notebook knew none of them; secrets come from nowhere else.

        Raises CancelledError, and TimeoutError where the deadline passes.
        """
        environment = package.without_settings(another_pythons_environment(), but_secrets=True)
        environment |= {"PYTHONHASHSEED": "1", f"{package.name.upper()}_CONFIG": str(source / "config.yaml")}
        summary = str(source / "tests" / "golden_values.py")
        with working_copy(notebook.path.parent, notebook=notebook.path) as copy:
            request = json.dumps([package.name, str(copy.temporary), observing.__file__, wanted, summary])
            environment["TMPDIR"] = str(copy.temporary)
            command: list[str | Path] = [self.python, "-W", "ignore", "-c", _RUN, request]
            with _until(self.progress, deadline) as limited:
                finished = run_program(command, limited, cwd=copy.folder, environment=environment)
            values = {
                (step, name): tree
                for step in wanted
                if (place := copy.temporary / f"{step}.pickle").is_file()
                for name, (_, tree) in pickle.loads(place.read_bytes()).items()  # noqa: S301 - written by our own code
            }
            golden = {
                (step, name): kept
                for step in wanted
                if (place := copy.temporary / f"{step}.json").is_file()
                for name, kept in json.loads(place.read_text("utf-8")).items()
            }
        if finished.status == 0:
            return PackageRun(values, golden)
        said = [line for line in finished.stderr.strip().splitlines() if line and not line.startswith(" ")]
        ended = f"the process ended with status {finished.status}"
        return PackageRun(values, golden, said[-1][:300] if said else ended)

    def _ask(self, command: list[Any], what: str, folder: Path) -> None:
        finished = self.uv.ask(command, self.progress, folder)
        if finished.status != 0:
            said = " ".join(finished.stderr.split())[-400:]
            raise ExportError(
                f"The package was not proven: uv could not {what}: {said}",
                "Nothing was written. Run %prodlock again, or export without the proof: --no-verify.",
            )


@contextmanager
def _until(progress: Progress, deadline: float) -> Iterator[Progress]:
    """Yield a progress that stops with the given one and when the deadline passes; then raises TimeoutError."""
    limited, over = Progress(progress.listener), threading.Event()

    def watch() -> None:
        while not over.wait(_POLL_SECONDS):
            if progress.cancelled or time.monotonic() >= deadline:
                limited.cancel()
                return

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield limited
    except CancelledError:
        progress.raise_if_cancelled()
        raise TimeoutError from None
    finally:
        over.set()
        watcher.join()
