"""The proof: a new environment made from the lock alone holds the same, passes its own check, and imports the roots."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from packaging.utils import canonicalize_name

from jupyter_prodkit.environment.facts import EnvironmentFacts
from jupyter_prodkit.errors import LockError
from jupyter_prodkit.lock.complaints import complaint
from jupyter_prodkit.lock.notebook_proof import run_notebook_in
from jupyter_prodkit.lock.pins import Pin
from jupyter_prodkit.lock.report import ProofStep, things
from jupyter_prodkit.lock.uv import Uv
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.subprocesses import another_pythons_environment, run_program, venv_python

__all__ = ["Proof", "prove"]

_IMPORTS = """
import importlib, json, sys, warnings
warnings.simplefilter("ignore")
said = {}
for name in json.load(sys.stdin):
    try:
        importlib.import_module(name)
    except BaseException as error:
        said[name] = f"{type(error).__name__}: {error}".splitlines()[0][:300]
print("\\n" + json.dumps(said))
"""


@dataclass
class Proof:
    """What was proven, and what there is to say besides."""

    steps: list[ProofStep] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @contextmanager
    def step(self, progress: Progress, doing: str, what: Callable[[], str] | str, fraction: float) -> Iterator[None]:
        """Enter `what` with the seconds that the block took; nothing where it raises."""
        progress.stage(doing, fraction)
        started = time.monotonic()
        yield
        said = what if isinstance(what, str) else what()
        self.steps.append(ProofStep(what=said, seconds=round(time.monotonic() - started, 2)))


def prove(
    facts: EnvironmentFacts, pins: Sequence[Pin], folder: Path, uv: Uv, progress: Progress, notebook: Path | None = None
) -> Proof:
    """Install the lock in `folder` into a new environment and show that it is what the kernel has.

    With `notebook`, also run that twice from the top there. Raises LockError with what was not so, CancelledError.
    """
    proof = Proof()
    with tempfile.TemporaryDirectory(prefix="prodkit-proof-") as scratch:
        clean = _Clean(uv, Path(scratch, "venv"), folder, progress)
        with proof.step(progress, "Making a new environment", "A new environment was made from the lock alone", 0.1):
            clean.install()
        with proof.step(progress, "Comparing", f"It holds the same {things(len(pins), 'distribution')}", 0.4):
            clean.compare(pins)
        with proof.step(progress, "Comparing", "`pylock.toml` installs the same", 0.5):
            clean.agree_on_pylock()
        roots = {module: fact.why for fact in facts.distributions for module in fact.modules}
        with proof.step(progress, "Importing", f"{things(len(roots), 'module')} could be imported in it", 0.6):
            proof.warnings += clean.import_roots(roots)
        with proof.step(progress, "Checking", clean.what_check_said, 0.8):
            clean.check(facts.unmet)
        if notebook is not None:
            said = f"{notebook.name} ran in it, twice, and showed the same"
            with proof.step(progress, f"Running {notebook.name} in the new environment", said, 0.85):
                run_notebook_in(clean.python, notebook, folder, uv, progress)
    return proof


@dataclass
class _Clean:
    """The new environment."""

    uv: Uv
    venv: Path
    folder: Path
    progress: Progress
    what_check_said_is: str = ""

    @property
    def python(self) -> str:
        return str(venv_python(self.venv))

    def what_check_said(self) -> str:
        return self.what_check_said_is

    def install(self) -> None:
        self._ask(["venv", "--python", self.uv.python, self.venv], "make a new environment")
        command = ["pip", "sync", "--require-hashes", *self.uv.flags, "-p", self.python, "requirements.lock"]
        self._ask(command, "install the lock into a new environment")

    def compare(self, pins: Sequence[Pin]) -> None:
        listed = json.loads(self._ask(["pip", "list", "--format", "json", "-p", self.python], "list what it installed"))
        there = {str(canonicalize_name(one["name"])): str(one["version"]) for one in listed}
        wanted = {pin.name: pin.version for pin in pins}
        if there != wanted:
            other = sorted(name for name in there.keys() | wanted.keys() if there.get(name) != wanted.get(name))
            told = [f"{name}: {wanted.get(name, 'none')} locked, {there.get(name, 'none')} there" for name in other]
            raise _unproven(f"a clean install gives other distributions ({'; '.join(told)})")

    def agree_on_pylock(self) -> None:
        command = ["pip", "sync", "--dry-run", *self.uv.flags, "-p", self.python, "pylock.toml"]
        finished = self.uv.ask(command, self.progress, self.folder)
        if finished.status != 0:
            raise complaint("install pylock.toml", finished.stderr)
        if "Would make no changes" not in finished.stderr:
            raise _unproven("pylock.toml installs something else than requirements.lock")

    def import_roots(self, roots: Mapping[str, str]) -> list[str]:
        """Import each module; what a cell imports must succeed, what was merely loaded is told where it fails."""
        with tempfile.TemporaryDirectory(prefix="prodkit-empty-") as empty:
            finished = run_program(
                [self.python, "-I", "-c", _IMPORTS], self.progress, cwd=Path(empty),
                environment=another_pythons_environment(), stdin=json.dumps(sorted(roots)),
            )  # fmt: skip
        try:
            failed: dict[str, str] = json.loads(finished.stdout.splitlines()[-1])
        except (ValueError, IndexError):
            raise _unproven(f"importing ended the process with status {finished.status}") from None
        fatal = [f"`import {name}` raises {why}" for name, why in failed.items() if roots[name] == "imported"]
        if fatal:
            raise _unproven("; ".join(fatal))
        return [f"In a clean environment `import {name}` by itself raises {why}" for name, why in failed.items()]

    def check(self, unmet: Sequence[str]) -> None:
        """Run `pip check`; what the kernel's own environment doesn't meet either is no fault of the lock."""
        finished = self.uv.ask(["pip", "check", "-p", self.python], self.progress, self.folder)
        if finished.status == 0:
            self.what_check_said_is = "`pip check` finds all requirements met"
        elif unmet:
            self.what_check_said_is = f"`pip check` complains as it does of the kernel: {' '.join(unmet)}"
        else:
            said = " ".join(finished.stderr.split())[:400]
            raise _unproven(f"`pip check` complains: {said}")

    def _ask(self, command: Sequence[str | Path], what: str) -> str:
        finished = self.uv.ask(command, self.progress, self.folder)
        if finished.status != 0:
            raise complaint(what, finished.stderr)
        return finished.stdout


def _unproven(reason: str) -> LockError:
    return LockError(
        f"The lock was not proven: {reason}.",
        "Nothing was written. Without --verify the lock is made all the same"
        f"{'' if sys.platform == 'linux' else ', for this platform'}; mend the environment first if you can.",
    )
