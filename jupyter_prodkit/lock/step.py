"""The step `lock`: the exact distributions that the live kernel's code uses, with hashes."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import msgspec

from jupyter_prodkit.environment.capture import capture
from jupyter_prodkit.environment.facts import EnvironmentFacts
from jupyter_prodkit.errors import LockError
from jupyter_prodkit.files import FileTree, fill_folder, staged_folder, text_digest
from jupyter_prodkit.lock.compiling import Locked, compile_lock
from jupyter_prodkit.lock.pins import check_in_memory, render_requirements
from jupyter_prodkit.lock.uv import Uv, find_uv
from jupyter_prodkit.notebook.document import Notebook
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.release import ReleaseRecord
from jupyter_prodkit.step import Fact, Inputs, Options, Plan, Result, Step

__all__ = ["LOCK", "LockOptions", "LockPlan", "lock_files"]

_SHOWN_DIGITS = 12


class LockOptions(Options, frozen=True, kw_only=True):
    """What the lock can be told."""


@dataclass(frozen=True, kw_only=True)
class LockPlan(Plan):
    """What would be locked, and where."""

    facts: EnvironmentFacts
    folder: Path
    """Where the lock goes, replacing the one that is there."""
    python: str = sys.executable
    """The kernel's interpreter."""


def plan(inputs: Inputs, options: LockOptions) -> LockPlan:  # noqa: ARG001 - the lock has no options of its own yet
    """Return the plan for the kernel's modules as they are loaded now.

    Raises LockError without a kernel, where it imported nothing, and where a package was replaced after its import;
    MissingDependencyError without uv.
    """
    kernel = inputs.kernel
    if kernel is None:
        raise LockError(
            "Locking needs the kernel in which the notebook ran: it takes the versions that were really loaded.",
            "Open the notebook, run it and use %prodlock there, or let `prodkit lock NOTEBOOK` run it first.",
        )
    modules, imported = kernel.on_main_thread(lambda: (kernel.user_modules(), kernel.imported_names()))
    facts = capture(modules, imported, inputs.notebook.path.parent)
    if not facts.distributions:
        raise LockError(
            "There is nothing to lock: the code that ran in this kernel uses no installed distribution.",
            "Run the notebook's cells, the imports at least, then lock.",
        )
    check_in_memory(facts.distributions)
    find_uv()
    return plan_for(facts, inputs.project.lock)


def plan_for(facts: EnvironmentFacts, folder: Path, python: str = sys.executable) -> LockPlan:
    """Return the plan to lock `facts` into `folder`."""
    built = [f"{fact.name} ({fact.source})" for fact in facts.distributions if fact.source != "index"]
    details = [f"{_whys(facts)}.", *([f"Builds the wheels of {', '.join(built)}."] if built else [])]
    return LockPlan(
        summary=f"Lock {_count(len(facts.distributions))} for {facts.target}.",
        details=tuple(details),
        facts=facts,
        folder=folder,
        python=python,
    )


def run(plan: LockPlan, progress: Progress) -> Result:
    """Write the lock's folder in one swap. Raises LockError, ProjectError, MissingDependencyError, CancelledError."""
    uv = Uv.here(plan.python)
    facts = plan.facts
    with staged_folder(plan.folder) as staging:
        locked = compile_lock(facts.distributions, staging, uv, progress)
        progress.stage("Writing the lock", 0.95)
        files = lock_files(facts, locked)
        fill_folder(staging, files)
        progress.raise_if_cancelled()  # the last chance before the old lock is replaced
    return _result(plan, locked, text_digest(str(files[PurePosixPath("requirements.lock")])))


def stale(record: ReleaseRecord, notebook: Notebook) -> str | None:
    """Return why to lock again, or None: the code may use other distributions since."""
    done = record.steps.get("lock")
    changed = done is not None and done.notebook_digest != notebook.code_digest
    return "the code has changed since" if changed else None


def lock_files(facts: EnvironmentFacts, locked: Locked) -> FileTree:
    """Return the lock's texts by name: the same facts and pins give the same bytes."""
    heading = f"Exact for {facts.target}. Install from this folder, as wheels are named relative to it:"
    install = "python -m pip install --no-deps --require-hashes -r"
    return {
        PurePosixPath("requirements.lock"): render_requirements(
            locked.kernel, f"The distributions that the notebook's kernel used. {heading}\n{install} requirements.lock"
        ),
        PurePosixPath("serving.lock"): render_requirements(
            locked.serving, f"What the server needs beside requirements.lock. {heading}\n{install} serving.lock"
        ),
        PurePosixPath("pylock.toml"): locked.pylock,
        PurePosixPath("environment.json"): msgspec.json.format(msgspec.json.encode(facts), indent=2) + b"\n",
    }


def _result(plan: LockPlan, locked: Locked, digest: str) -> Result:
    facts = plan.facts
    hashes = sum(len(pin.hashes) for pin in locked.kernel)
    own = sorted(pin.name for pin in locked.kernel if pin.wheel)
    cuda = facts.cuda is not None and facts.cuda.cuda is not None
    rows = [
        Fact("Distributions", f"{len(locked.kernel)} ({_whys(facts)})"),
        Fact("Python", facts.python),
        Fact("Platform", f"{facts.platform} {facts.machine}" + (f", glibc {facts.glibc}" if facts.glibc else "")),
        *([Fact("CUDA", str(facts.cuda.cuda))] if cuda and facts.cuda else []),
        *([Fact("Wheels in the lock", ", ".join(own))] if own else []),
        Fact("For the server", f"{len(locked.serving)} more"),
        Fact("Lock", f"{plan.folder / 'requirements.lock'} ({digest[:_SHOWN_DIGITS]})"),
    ]
    return Result(
        summary=f"Locked {_count(len(locked.kernel))} with {hashes:,} hashes for {facts.target}.",
        facts=tuple(rows),
        warnings=(*_warnings(facts), *locked.warnings),
        recorded={
            "lock_digest": digest,
            "distributions": len(locked.kernel),
            "python": facts.python,
            "platform": f"{facts.platform} {facts.machine}",
            "cuda": cuda,
        },
    )


def _warnings(facts: EnvironmentFacts) -> Sequence[str]:
    found = [*facts.unmet]
    if facts.local_modules:
        names = ", ".join(facts.local_modules)
        found.append(f"Not in the lock, as these modules are files of your own: {names}.")
    if facts.unowned:
        names = ", ".join(facts.unowned)
        found.append(f"Not in the lock, as nothing installed provides what the cells import: {names}.")
    return found


def _count(number: int) -> str:
    return "1 distribution" if number == 1 else f"{number} distributions"


def _whys(facts: EnvironmentFacts) -> str:
    """Return how many there are of each kind: `5 imported, 12 loaded, 10 required`."""
    counted = Counter(fact.why for fact in facts.distributions)
    return ", ".join(f"{counted[why]} {why}" for why in ("imported", "loaded", "required") if counted[why])


LOCK = Step(
    name="lock",
    title="Lock",
    summary="Pins the exact distributions that the live kernel's code uses, with hashes.",
    options=LockOptions,
    plan=plan,
    run=run,
    stale=stale,
)
