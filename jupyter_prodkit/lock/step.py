"""The step `lock`: the exact distributions that the live kernel's code uses, with hashes."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import msgspec

from jupyter_prodkit.environment.facts import EnvironmentFacts
from jupyter_prodkit.environment.installed import Installed
from jupyter_prodkit.errors import LockError
from jupyter_prodkit.lock.blockers import check_lockable
from jupyter_prodkit.lock.gathering import facts_here, installed_here
from jupyter_prodkit.lock.locked_data import compare_data
from jupyter_prodkit.lock.locking import Wishes, make_lock
from jupyter_prodkit.lock.outcome import FROM_TEXT, checked_result, count_of, whys
from jupyter_prodkit.lock.outdated import out_of_date
from jupyter_prodkit.lock.uv import find_uv
from jupyter_prodkit.notebook.document import Notebook
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.release import ReleaseRecord
from jupyter_prodkit.step import Inputs, Options, Plan, Result, Step

__all__ = ["LOCK", "LockOptions", "LockPlan", "plan_for"]


class LockOptions(Options, frozen=True, kw_only=True):
    """What the lock can be told."""

    verify: Annotated[
        bool, msgspec.Meta(description="Prove the lock: install it into a new environment and import from there.")
    ] = False
    with_notebook: Annotated[
        bool, msgspec.Meta(description="With --verify: also run the notebook, twice, in that environment.")
    ] = False
    audit: Annotated[
        bool, msgspec.Meta(description="Ask for known vulnerabilities; list licences and withdrawn releases.")
    ] = False
    advisories: Annotated[
        str | None,
        msgspec.Meta(description="With --audit: the URL of an OSV service to ask.", extra={"form": False}),
    ] = None
    static: Annotated[
        bool,
        msgspec.Meta(
            description="Lock from the notebook's text and what is installed, without running anything.",
            extra={"form": False},
        ),
    ] = False
    # The panel asks for what proves more; what only adds files or opinions is for a prompt.
    cross_check: Annotated[
        bool,
        msgspec.Meta(
            description="Ask pipreqs for a second opinion on what the cells import; it is said and changes no pin.",
            extra={"form": False},
        ),
    ] = False
    uv_lock: Annotated[
        bool, msgspec.Meta(description="Also write pyproject.toml and uv.lock.", extra={"form": False})
    ] = False
    script: Annotated[
        bool,
        msgspec.Meta(
            description="Also write script.txt: the pins as a script's own metadata (PEP 723).", extra={"form": False}
        ),
    ] = False
    check: Annotated[
        bool,
        msgspec.Meta(
            description="Write nothing; exit with status 1 where the lock is out of date.", extra={"form": False}
        ),
    ] = False


@dataclass(frozen=True, kw_only=True)
class LockPlan(Plan):
    """What would be locked, and where."""

    facts: EnvironmentFacts
    folder: Path
    """Where the lock goes, replacing the one that is there."""
    python: str = sys.executable
    """The kernel's interpreter."""
    installed: Mapping[str, Installed] = field(default_factory=dict, repr=False)
    """What is installed for that interpreter, to compare files; nothing where it is another one's."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """How to call each cell, by its id."""
    wishes: Wishes = field(default_factory=Wishes)
    compared: Inputs | None = None
    """What the lock is to be compared with, where nothing is to be written."""


def plan(inputs: Inputs, options: LockOptions) -> LockPlan:
    """Return the plan for the kernel's modules as they are loaded now and for the imports on the page.

    Raises LockError without a kernel, where nothing is imported, and where kernel, page and disk contradict each other;
    MissingDependencyError without uv.
    """
    kernel = inputs.kernel
    by_text = options.static or (options.check and kernel is None)
    if kernel is None and not by_text:
        raise LockError(
            "Locking needs the kernel in which the notebook ran: it takes the versions that were really loaded.",
            "Open the notebook, run it and use %prodlock there, or let `prodkit lock NOTEBOOK` run it first.",
        )
    facts = facts_here(inputs.notebook, None if by_text else kernel)
    labels = {cell.cell_id: cell.label for cell in inputs.notebook.cells}
    if options.check:
        return LockPlan(
            summary="Compare the lock with the notebook and what is installed.",
            facts=facts,
            folder=inputs.project.lock,
            labels=labels,
            compared=inputs,
        )
    if not facts.distributions and not facts.unknown and not facts.gone:
        raise LockError(
            "There is nothing to lock: the code that ran in this kernel uses no installed distribution.",
            "Run the notebook's cells, the imports at least, then lock.",
        )
    check_lockable(facts, labels)
    find_uv()
    wishes = Wishes(
        prove=options.verify or options.with_notebook,
        notebook=inputs.notebook.path if options.with_notebook else None,
        audit=options.audit,
        advisories=options.advisories,
        second_opinion=inputs.notebook.path if options.cross_check else None,
        uv_lock=options.uv_lock,
        script=options.script,
        from_text=by_text,
    )
    return plan_for(facts, inputs.project.lock, labels=labels, wishes=wishes, installed=installed_here())


def plan_for(
    facts: EnvironmentFacts,
    folder: Path,
    python: str = sys.executable,
    *,
    labels: Mapping[str, str] | None = None,
    wishes: Wishes | None = None,
    installed: Mapping[str, Installed] | None = None,
) -> LockPlan:
    """Return the plan to lock `facts` into `folder`."""
    built = [f"{fact.name} ({fact.source})" for fact in facts.distributions if fact.url or fact.source == "editable"]
    details = [f"{whys(facts)}.", *([f"Builds the wheels of {', '.join(built)}."] if built else [])]
    if wishes is not None and wishes.from_text:
        details.append(FROM_TEXT)
    return LockPlan(
        summary=f"Lock {count_of(len(facts.distributions))} for {facts.target}.",
        details=tuple(details),
        facts=facts,
        folder=folder,
        python=python,
        labels=labels or {},
        wishes=wishes or Wishes(),
        installed=installed or {},
    )


def run(plan: LockPlan, progress: Progress) -> Result:
    """Write the lock's folder in one swap, or compare it.

    Raises LockError, ProjectError, MissingDependencyError, CancelledError; the old lock is then as it was.
    """
    if plan.compared is not None:
        project, record, home = plan.compared.project, plan.compared.record, plan.compared.notebook.path.parent
        outdated = out_of_date(plan.facts, plan.folder, record, plan.labels)
        return checked_result(plan.facts, outdated, compare_data(project, record, home))
    return make_lock(plan.facts, plan.installed, plan.folder, plan.python, plan.labels, plan.wishes, progress)


def stale(record: ReleaseRecord, notebook: Notebook) -> str | None:
    """Return why to lock again, or None: the code may use other distributions since."""
    done = record.steps.get("lock")
    changed = done is not None and done.notebook_digest != notebook.code_digest
    return "the code has changed since" if changed else None


LOCK = Step(
    name="lock",
    title="Lock",
    summary="Pins the exact distributions that the live kernel's code uses, with hashes.",
    options=LockOptions,
    plan=plan,
    run=run,
    stale=stale,
    from_files=lambda options: options.static or options.check,
)
