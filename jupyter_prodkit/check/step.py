"""The check as a step of the journey."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from jupyter_prodkit.check.check import check_file, check_session
from jupyter_prodkit.check.effort import Effort
from jupyter_prodkit.check.look_around import look_around
from jupyter_prodkit.check.report import Report, Severity
from jupyter_prodkit.check.settings import Settings, read_settings
from jupyter_prodkit.check.surroundings import Surroundings
from jupyter_prodkit.notebook.document import Notebook
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.release import ReleaseRecord
from jupyter_prodkit.session.kernel import LiveKernel
from jupyter_prodkit.session.record import EMPTY_TIMELINE, Timeline
from jupyter_prodkit.step import Fact, Inputs, Options, Plan, Result, Step

__all__ = ["CHECK", "CheckOptions", "sentence"]


Format = Literal["text", "json", "sarif", "github"]


class CheckOptions(Options, frozen=True, kw_only=True):
    """What the check can be told."""

    fail_on: Annotated[
        Severity | None,
        msgspec.Meta(
            description="Exit with status 1 when there is a finding at least this severe (a blocker, unless "
            "[tool.prodkit] says otherwise).",
            extra={"form": False},
        ),
    ] = None
    ignore: Annotated[
        str | None,
        msgspec.Meta(
            description="Rules to leave out, with commas between: ids, or patterns such as `paths/*`. Takes the place "
            "of `ignore` in [tool.prodkit].",
            extra={"form": False},
        ),
    ] = None
    format: Annotated[
        Format,
        msgspec.Meta(
            description="How the command line prints the report; `--json` is short for json.", extra={"form": False}
        ),
    ] = "text"
    replay: Annotated[
        bool, msgspec.Meta(description="Settle what can't be vouched for by running it in a process of its own.")
    ] = False
    verify: Annotated[
        bool, msgspec.Meta(description="Run the whole notebook twice in new kernels and compare what it gives.")
    ] = False
    budget: Annotated[
        float, msgspec.Meta(description="Seconds that --replay or --verify may take.", gt=0)
    ] = 300.0
    allow_effects: Annotated[
        bool,
        msgspec.Meta(description="Let --replay and --verify use the network, start processes and write elsewhere."),
    ] = False
    fix: Annotated[
        bool,
        msgspec.Meta(
            description="Hand the repair plan to the front end, which runs it after the current cell.",
            extra={"form": False},
        ),
    ] = False


@dataclass(frozen=True, kw_only=True)
class CheckPlan(Plan):
    """What will be judged, and by what."""

    notebook: Notebook
    timeline: Timeline | None
    kernel: LiveKernel | None
    surroundings: Surroundings
    settings: Settings
    options: CheckOptions

    @property
    def effort(self) -> Effort:
        """What really running the page may take and do."""
        return Effort(self.options.budget, self.options.allow_effects)


def sentence(report: Report) -> str:
    """Return the verdict in one sentence."""
    if not report.cells:
        return "There is no code on the page to judge."
    states = [cell.state for cell in report.cells]
    if all(state == "never run" for state in states):
        return "Nothing has run yet."
    changing = sum(state in {"diverges", "failed", "never run"} for state in states)
    doubtful = states.count("unverified")
    if changing:
        return f"{_cells(changing)} would change on Restart & Run All."
    if doubtful:
        return f"{_cells(doubtful)} can’t be vouched for: Restart & Run All may give something else."
    return f"Reproducible: Restart & Run All gives what you see, in all {len(states)} cells."


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"


def _plan(inputs: Inputs, options: CheckOptions) -> CheckPlan:
    kernel = inputs.kernel
    timeline = None if kernel is None else kernel.timeline
    if timeline is not None and timeline.earlier and not timeline.executions:
        basis = "what is known from before this kernel"
    elif timeline is not None and not timeline.executions and not inputs.notebook.from_file:
        basis = "what ran in this kernel: nothing yet"
    elif timeline is None or not timeline.executions:
        timeline, basis = None, "the saved file alone"
    else:
        basis = f"the {len(timeline.executions)} runs recorded in this kernel"
    if options.verify:
        basis = "running it twice from the top in new kernels"
    elif options.replay:
        basis += ", and run in a process of its own what they can't vouch for"
    return CheckPlan(
        summary=f"Judge {inputs.notebook.path.name} by {basis}.",
        notebook=inputs.notebook,
        timeline=timeline,
        kernel=kernel,
        surroundings=look_around(inputs.notebook, kernel),
        settings=_settings(read_settings(inputs.notebook.path.parent), options),
        options=options,
    )


def _settings(project: Settings, options: CheckOptions) -> Settings:
    """Return the user's word where there is one, else the project's."""
    ignore = project.ignore if options.ignore is None else tuple(options.ignore.replace(",", " ").split())
    return Settings(ignore=ignore, fail_on=options.fail_on or project.fail_on)


def _run(plan: CheckPlan, progress: Progress) -> Result:
    report = _report(plan, progress)
    counts = {s: sum(f.severity == s for f in report.findings) for s in ("blocker", "warning", "note")}
    return Result(
        summary=sentence(report),
        facts=tuple(Fact(f.severity, f"{f.message}: {f.because}") for f in report.findings),
        recorded={"verdict": report.verdict, "cells": len(report.cells), **counts},
        document=report,
        exit_code=1 if report.at_or_above(plan.settings.fail_on or "blocker") else 0,
    )


def _report(plan: CheckPlan, progress: Progress) -> Report:
    notebook, timeline = plan.notebook, plan.timeline
    if not (plan.options.replay or plan.options.verify):
        progress.stage("Walking the page as a clean run would")
        if timeline is None:
            return check_file(notebook, surroundings=plan.surroundings, settings=plan.settings)
        return check_session(notebook, timeline, surroundings=plan.surroundings, settings=plan.settings)
    from jupyter_prodkit.check.settling import settle, verified, with_closer_look  # heavy, and seldom asked for

    if timeline is not None and plan.kernel is not None:
        unknown = {name for run in timeline.executions for name, seen in run.after.items() if seen.digest is None}
        timeline = with_closer_look(timeline, plan.kernel.look_closely(sorted(unknown & timeline.live.keys())))
    recorded = timeline or EMPTY_TIMELINE
    if plan.options.verify:
        really = verified(notebook, recorded, plan.effort, progress)
    else:
        really = settle(notebook, recorded, plan.effort, progress)
    return check_session(
        notebook, recorded, surroundings=plan.surroundings, settings=plan.settings, really=really
    )


def _stale(record: ReleaseRecord, notebook: Notebook) -> str | None:
    done = record.steps.get("check")
    return "the code has changed since" if done and done.notebook_digest != notebook.code_digest else None


CHECK: Step[CheckOptions, CheckPlan] = Step(
    name="check",
    title="Check",
    summary="Says whether Restart & Run All would give what the page shows and the kernel holds.",
    options=CheckOptions,
    plan=_plan,
    run=_run,
    stale=_stale,
    needs_kernel=False,
    needs_project=False,
)
