"""The steps in their order, and how every face brings one about: gather the inputs, plan, ask, run, record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

import msgspec

from jupyter_prodkit.build.step import BUILD
from jupyter_prodkit.check.step import CHECK
from jupyter_prodkit.errors import UsageError
from jupyter_prodkit.export.step import EXPORT
from jupyter_prodkit.faces.protocol import StepDrift, StepState
from jupyter_prodkit.lock.step import LOCK
from jupyter_prodkit.notebook.document import Notebook
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.push.step import PUSH
from jupyter_prodkit.release import ProjectFolder
from jupyter_prodkit.serve.step import SERVE
from jupyter_prodkit.session.kernel import LiveKernel
from jupyter_prodkit.step import Inputs, Options, Plan, Result, Step, perform

__all__ = ["STEPS", "carry_out", "gather", "step_named", "step_states"]

STEPS: tuple[Step[Any, Any], ...] = (CHECK, LOCK, EXPORT, PUSH, BUILD, SERVE)


def step_named(name: str) -> Step[Any, Any]:
    """Return the step of that name. Raises UsageError where there is none."""
    for step in STEPS:
        if step.name == name:
            return step
    raise UsageError(f"There is no step {name!r}.", f"Steps: {', '.join(step.name for step in STEPS)}.")


def gather(notebook: Notebook, options: Options, kernel: LiveKernel | None) -> Inputs:
    """Return everything a step may know before it plans. Raises ProjectError where the release record is broken."""
    project = ProjectFolder.of(notebook.path, options.output)
    return Inputs(notebook=notebook, project=project, record=project.read_record(notebook.path), kernel=kernel)


def carry_out(
    step: Step[Any, Any],
    inputs: Inputs,
    options: Options,
    progress: Progress,
    *,
    agree: Callable[[str], bool] = lambda _: False,
    show: Callable[[Plan], None] = lambda _: None,
) -> Result:
    """Plan a step, show the plan, ask its question if it has one, run it and record it.

    Raises ProdkitError: UsageError where the user does not agree, and whatever the step raises.
    """
    plan: Plan = step.plan(inputs, options)
    progress.stage(plan.summary)
    show(plan)
    if plan.question and not options.yes:
        if not agree(plan.question):
            raise UsageError(plan.question, plan.otherwise)
        if plan.agreed:
            options = msgspec.structs.replace(options, yes=True, **plan.agreed)
            plan = step.plan(inputs, options)
    result = perform(step, plan, inputs, options, progress)
    return _with_drift(result, inputs) if step is CHECK else result


def _with_drift(result: Result, inputs: Inputs) -> Result:
    """The check's result, with what it says of the notebook beside what the steps have made of it."""
    found = ((step, step.drift(inputs.project, inputs.record, inputs.notebook)) for step in STEPS)
    lines = [
        f"Package and notebook have drifted apart: {drift.sentence}. `%prod{step.name} --preview` shows how."
        for step, drift in found
        if drift is not None
    ]
    return replace(result, warnings=(*result.warnings, *lines))


def step_states(notebook: Notebook, output: str | None = None) -> tuple[StepState, ...]:
    """Return where each step stands by the release record. Raises ProjectError where the record is broken."""
    project = ProjectFolder.of(notebook.path, output)
    record = project.read_record(notebook.path)
    states = []
    for step in STEPS:
        done = record.steps.get(step.name)
        if done is None:
            states.append(StepState(name=step.name, state="never", text="not done yet"))
            continue
        reason = step.stale(record, notebook)
        text = f"out of date: {reason}" if reason else done.summary
        found = step.drift(project, record, notebook)
        drift = None if found is None else StepDrift(cells=found.cells, files=found.files)
        state: Literal["stale", "done"] = "stale" if reason else "done"
        states.append(StepState(name=step.name, state=state, text=text, done_at=done.done_at, drift=drift))
    return tuple(states)
