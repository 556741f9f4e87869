"""What a step is: one value with typed options, a plan to look at, a run that can be stopped, a reason to run again.

Magics, CLI and sidebar are derived from it, so that the three have the same names, defaults and messages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Generic, TypeVar

import msgspec

from jupyter_prodkit.errors import ProjectError
from jupyter_prodkit.notebook.document import Notebook
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.release import ProjectFolder, ReleaseRecord, StepRecord, clean_facts, now
from jupyter_prodkit.session.kernel import LiveKernel

__all__ = ["Drift", "Fact", "Inputs", "Options", "Plan", "Result", "Step", "perform"]


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What every step can be told, in every face."""

    notebook: Annotated[str | None, msgspec.Meta(description="The notebook, where it is not the one at hand.")] = None
    output: Annotated[
        str | None, msgspec.Meta(description="The project folder; NAME-prod beside the notebook if not given.")
    ] = None
    json: Annotated[bool, msgspec.Meta(description="Print the result as JSON and nothing else.")] = False
    force: Annotated[bool, msgspec.Meta(description="Use a folder that was not made by jupyter-prodkit.")] = False
    yes: Annotated[bool, msgspec.Meta(description="Answer yes to what the step would ask.")] = False
    quiet: Annotated[bool, msgspec.Meta(description="Show no progress.")] = False


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything a step may know before it plans."""

    notebook: Notebook
    project: ProjectFolder
    record: ReleaseRecord
    kernel: LiveKernel | None = None
    """The kernel this runs in; None where a step works from files alone."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a step would do, shown before anything is done. Each step has a subclass with what its run needs."""

    summary: str
    """One sentence in the future: `Lock 27 distributions for Python 3.11 on linux x86_64.`"""
    details: tuple[str, ...] = ()
    question: str | None = None
    """What the user should say yes to first; None where the step may just run."""
    agreed: Mapping[str, Any] = field(default_factory=dict)
    """Options that a yes to this very question sets; `--yes` alone, given beforehand, sets none."""
    otherwise: str = "Give --yes to go on all the same."
    """What to do where nobody can be asked."""
    document: msgspec.Struct | None = None
    """The whole of what would come of it, for faces that show it before it is done; None where the lines suffice."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a result: a label and a value, both for reading."""

    label: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a step did."""

    summary: str
    """One sentence: `Locked 27 distributions with 1,344 hashes in 1.2 s.`"""
    facts: tuple[Fact, ...] = ()
    warnings: tuple[str, ...] = ()
    recorded: Mapping[str, Any] | None = None
    """What goes into the release record; None where the step leaves nothing behind."""
    document: msgspec.Struct | None = None
    """The whole outcome for `--json` and rich display, where lines of facts are not enough (the check's report)."""
    exit_code: int = 0


@dataclass(frozen=True, slots=True)
class Drift:
    """How the notebook, and what a step left of it, have moved apart since."""

    cells: tuple[str, ...] = ()
    """What has changed in the notebook: `cell 3`."""
    files: tuple[str, ...] = ()
    """Files that were edited by hand in what the step left."""

    @property
    def sentence(self) -> str:
        """Which side has changed, and what: `cell 3 has changed; src/a.py was edited by hand`."""
        return "; ".join(
            f"{_listed(names)} {one if len(names) == 1 else several}"
            for names, one, several in (
                (self.cells, "has changed", "have changed"),
                (self.files, "was edited by hand", "were edited by hand"),
            )
            if names
        )


def _listed(names: tuple[str, ...]) -> str:
    shown = [*names[:3], *([f"{len(names) - 3} more"] if len(names) > 3 else [])]  # noqa: PLR2004 - a line's worth
    return ", ".join(shown[:-1]) + f" and {shown[-1]}" if len(shown) > 1 else shown[0]


OptionsT = TypeVar("OptionsT", bound=Options)
PlanT = TypeVar("PlanT", bound=Plan)


@dataclass(frozen=True, kw_only=True)
class Step(Generic[OptionsT, PlanT]):
    """One step of the journey."""

    name: str
    title: str
    summary: str
    """One sentence in the present: what the step does."""
    options: type[OptionsT]
    plan: Callable[[Inputs, OptionsT], PlanT]
    """Looks at the inputs and changes nothing. Raises ProdkitError where the step can't be done."""
    run: Callable[[PlanT, Progress], Result]
    """Does what the plan says. Raises ProdkitError; what was there before is then untouched."""
    stale: Callable[[ReleaseRecord, Notebook], str | None]
    """Why the step should be done again (never done is no reason), or None. `Notebook` is the page now."""
    drift: Callable[[ProjectFolder, ReleaseRecord, Notebook], Drift | None] = lambda *_: None
    """How notebook and result have moved apart, by digests alone: it is asked for after each run and edit."""
    needs_kernel: bool = True
    """Whether the step needs the objects of a kernel in which the notebook has run."""
    from_files: Callable[[OptionsT], bool] = lambda _: False
    """Whether the step, told these options, works from files alone all the same."""
    needs_project: bool = True
    """Whether the step is nothing without its project folder; else it is done where that can't be written, too."""

    @property
    def magic(self) -> str:
        """The name of the line magic."""
        return f"prod{self.name}"


def perform(step: Step[OptionsT, PlanT], plan: PlanT, inputs: Inputs, options: OptionsT, progress: Progress) -> Result:
    """Run `plan` and enter what it did into the release record; the one way in which every face runs a step.

    Raises ProdkitError; the project folder is then as it was.
    """
    if step.needs_project:
        inputs.project.claim(force=options.force)
    result = step.run(plan, progress)
    try:
        _enter(step, result, inputs, options)
    except ProjectError as error:
        if step.needs_project:
            raise
        return replace(result, warnings=(*result.warnings, f"Not entered into the release record: {error.message}"))
    return result


def _enter(step: Step[OptionsT, PlanT], result: Result, inputs: Inputs, options: OptionsT) -> None:
    if result.recorded is None:
        return
    if not step.needs_project:
        inputs.project.claim(force=options.force)
    done = StepRecord(
        done_at=now(),
        notebook_digest=inputs.notebook.code_digest,
        summary=result.summary,
        facts=clean_facts(result.recorded),
    )
    record = inputs.project.read_record(inputs.notebook.path)
    inputs.project.write_record(record.with_step(step.name, done))
