"""Making the lock: compare, pin, write beside, prove, audit; then, and only if all of it went well, swap it in."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import msgspec

from jupyter_prodkit.environment.drift import read_lock_facts
from jupyter_prodkit.environment.facts import EnvironmentFacts
from jupyter_prodkit.environment.installed import Installed
from jupyter_prodkit.files import FileTree, fill_folder, staged_folder, text_digest
from jupyter_prodkit.lock.audit import audited
from jupyter_prodkit.lock.compiling import Locked, compile_lock
from jupyter_prodkit.lock.conda import conda_packages, environment_yml
from jupyter_prodkit.lock.gathering import with_files_compared
from jupyter_prodkit.lock.locked_data import kept_data
from jupyter_prodkit.lock.outcome import Made, locked_result
from jupyter_prodkit.lock.pins import render_requirements
from jupyter_prodkit.lock.project import make_uv_lock, script_block
from jupyter_prodkit.lock.proof import Proof, prove
from jupyter_prodkit.lock.second_opinion import second_opinion
from jupyter_prodkit.lock.uv import Uv
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.step import Result

__all__ = ["Wishes", "lock_files", "make_lock"]


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What the lock is to do besides."""

    prove: bool = False
    notebook: Path | None = None
    """The notebook to run in the clean environment."""
    audit: bool = False
    advisories: str | None = None
    second_opinion: Path | None = None
    """The notebook that pipreqs is to read."""
    uv_lock: bool = False
    script: bool = False
    from_text: bool = False
    """Whether the facts come from text and disk alone, which the result then says."""


def make_lock(
    facts: EnvironmentFacts,
    installed: Mapping[str, Installed],
    folder: Path,
    python: str,
    labels: Mapping[str, str],
    wishes: Wishes,
    progress: Progress,
) -> Result:
    """Write the lock of `facts` into `folder` in one swap and return what to say of it.

    Raises LockError, ProjectError, MissingDependencyError, CancelledError; what stood in `folder` is then as it was.
    """
    started = time.monotonic()
    uv = Uv.here(python)
    before = read_lock_facts(folder)
    if installed:
        progress.stage("Comparing the installed files with their records", 0.05)
        facts = with_files_compared(facts, installed)
    opinion = None
    if wishes.second_opinion is not None:
        progress.stage("Asking pipreqs for a second opinion", 0.1)
        versions = {name: one.version for name, one in installed.items()}
        opinion = second_opinion(wishes.second_opinion, facts, versions, uv, progress)
    proof = audit = None
    with staged_folder(folder) as staging:
        locked = compile_lock(facts, installed, staging, uv, progress)
        progress.stage("Writing the lock", 0.85)
        files = lock_files(locked, wishes)
        fill_folder(staging, {**files, **kept_data(folder)})
        if wishes.uv_lock:
            make_uv_lock(locked.facts, locked.kernel, staging, uv, progress)
        if wishes.prove:
            proof = prove(locked.facts, locked.kernel, staging, uv, progress, wishes.notebook)
        if wishes.audit:
            audit = audited(locked, uv, progress, wishes.advisories)
        progress.raise_if_cancelled()  # the last chance before the old lock is replaced
    digest = text_digest(str(files[PurePosixPath("requirements.lock")]))
    made = Made(
        locked=locked,
        folder=folder,
        digest=digest,
        seconds=time.monotonic() - started,
        before=before,
        proof=proof or (Proof() if wishes.prove else None),
        audit=audit,
        opinion=opinion,
        from_text=wishes.from_text,
    )
    return locked_result(made, labels)


def lock_files(locked: Locked, wishes: Wishes | None = None) -> FileTree:
    """Return the lock's texts by name: the same facts and pins give the same bytes."""
    facts = locked.facts
    heading = f"Exact for {facts.target}. Install from this folder, as wheels are named relative to it:"
    install = "python -m pip install --no-deps --require-hashes -r"
    files: dict[PurePosixPath, str | bytes] = {
        PurePosixPath("requirements.lock"): render_requirements(
            locked.kernel, f"The distributions that the notebook's kernel used. {heading}\n{install} requirements.lock"
        ),
        PurePosixPath("serving.lock"): render_requirements(
            locked.serving, f"What the server needs beside requirements.lock. {heading}\n{install} serving.lock"
        ),
        PurePosixPath("pylock.toml"): locked.pylock,
        PurePosixPath("environment.json"): msgspec.json.format(msgspec.json.encode(facts), indent=2) + b"\n",
    }
    if wishes is not None and wishes.script:
        files[PurePosixPath("script.txt")] = script_block(facts, locked.kernel)
    if any(fact.source == "conda" for fact in facts.distributions):
        files[PurePosixPath("environment.yml")] = environment_yml(facts, conda_packages(), locked.kernel)
    return files
