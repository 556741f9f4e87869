"""Whether a lock still is what the notebook and the environment ask for; for CI, and without any kernel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from jupyter_prodkit.environment.drift import read_lock_facts
from jupyter_prodkit.environment.facts import DistributionFact, EnvironmentFacts
from jupyter_prodkit.errors import LockError
from jupyter_prodkit.files import file_digest
from jupyter_prodkit.release import ReleaseRecord

__all__ = ["out_of_date"]


def out_of_date(
    now: EnvironmentFacts, folder: Path, record: ReleaseRecord, labels: Mapping[str, str]
) -> tuple[str, ...]:
    """Return why the lock in `folder` has to be made anew, as sentences; nothing where it stands.

    `now` is what the page imports and what is installed here. What is locked and not installed here is no reason: CI
    often has only this tool. Raises LockError where there is no lock that could be compared.
    """
    locked = read_lock_facts(folder)
    if locked is None or not (folder / "requirements.lock").is_file():
        raise LockError(f"There is no lock in {folder} to compare with.", "Run `prodkit lock NOTEBOOK` first.")
    return (*_edited(folder, record, locked), *_imports(now, locked, labels), *_versions(now, locked))


def _edited(folder: Path, record: ReleaseRecord, locked: EnvironmentFacts) -> Iterator[str]:
    expected = record.fact("lock", "lock_digest")
    if expected and file_digest(folder / "requirements.lock") != expected:
        yield "requirements.lock is not as the lock step wrote it."
    for fact in locked.distributions:
        if fact.build == "vendored" and fact.file:
            wheel = folder / "wheels" / fact.file
            if not wheel.is_file() or file_digest(wheel) != fact.sha256:
                yield f"{fact.file} is missing from the lock, or is another file by now."


def _imports(now: EnvironmentFacts, locked: EnvironmentFacts, labels: Mapping[str, str]) -> Iterator[str]:
    known = {fact.name for fact in locked.distributions}
    held = {module.partition(".")[0] for fact in locked.distributions for module in fact.modules}
    for fact in now.distributions:
        if fact.why == "imported" and fact.name not in known:
            modules = ", ".join(fact.modules)
            yield f"{_where(fact.cells, labels)} imports {modules} ({fact.name}), which is not in the lock."
    for one in now.unknown:
        if not one.optional and one.module.partition(".")[0] not in held:
            yield f"{_where(one.cells, labels)} imports {one.module}, which is neither in the lock nor installed here."


def _versions(now: EnvironmentFacts, locked: EnvironmentFacts) -> Iterator[str]:
    here = {fact.name: fact for fact in now.distributions}
    for fact in locked.distributions:
        found = here.get(fact.name)
        if found is not None and found.version != fact.version:
            yield f"{fact.name} is {found.version} here and {fact.version} in the lock."
        elif found is not None and _source(found) != _source(fact):
            yield f"{fact.name} is installed from another place than when it was locked."
    if (now.python_minor, now.platform, now.machine) != (locked.python_minor, locked.platform, locked.machine):
        yield f"The lock is for {locked.target}, and this is {now.target}."


def _source(fact: DistributionFact) -> tuple[str, str | None]:
    return ("index" if fact.source == "extra index" else fact.source), fact.url


def _where(cells: Sequence[str], labels: Mapping[str, str]) -> str:
    return ", ".join(labels.get(cell, cell) for cell in cells).capitalize() or "Code that ran"
