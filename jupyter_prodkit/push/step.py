"""The push as a step of the journey: the live model becomes a version in an MLflow registry."""

from __future__ import annotations

from collections.abc import Iterator

from jupyter_prodkit.files import staged_folder
from jupyter_prodkit.notebook.document import Notebook
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.push.capture import Captured, capture
from jupyter_prodkit.push.handover import register_captured, try_out_captured
from jupyter_prodkit.push.plan import PushOptions, PushPlan, plan_push
from jupyter_prodkit.push.registration import Registered
from jupyter_prodkit.push.trial import TrialVerdict
from jupyter_prodkit.release import ReleaseRecord
from jupyter_prodkit.step import Fact, Result, Step

__all__ = ["PUSH", "PushOptions"]


def _run(plan: PushPlan, progress: Progress) -> Result:
    progress.stage(f"Taking `{plan.model}` from the kernel", 0.05)
    captured = plan.kernel.on_main_thread(lambda: capture(plan.kernel.namespace, plan.model, plan.raw, plan.exported))
    progress.stage("Predicting in a new process, with the exported package", 0.2)
    verdict = try_out_captured(plan, captured, progress)
    progress.stage(f"Logging and registering {plan.name}", 0.4)
    with staged_folder(plan.inputs.project.release) as release:
        done = register_captured(plan, captured, verdict, release, progress)
    return _result(plan, captured, verdict, done)


def _result(plan: PushPlan, captured: Captured, verdict: TrialVerdict, done: Registered) -> Result:
    return Result(
        summary=f"Pushed {done.name} version {done.version}.",
        facts=tuple(_facts(plan, captured, verdict, done)),
        warnings=tuple(_warnings(plan, verdict, done)),
        recorded={
            "model": done.name,
            "model_version": done.version,
            "run_id": done.run_id,
            "tracking_uri": plan.store.shown,
            "model_class": captured.model_class,
            "wheel_digest": plan.inputs.record.fact("export", "wheel_digest"),
        },
    )


def _facts(plan: PushPlan, captured: Captured, verdict: TrialVerdict, done: Registered) -> Iterator[Fact]:
    yield Fact("model", f"{captured.model_class}, {len(captured.model):,} bytes pickled")
    yield Fact("raw rows", f"`{plan.raw.text}` ({plan.raw.why})")
    if verdict.columns:
        yield Fact("columns", ", ".join(map(str, verdict.columns)))
    if verdict.unneeded:
        yield Fact("not needed", f"{', '.join(map(str, verdict.unneeded))} (measured: all comes out the same without)")
    same = "to the last bit" if done.exact else f"within {done.max_difference:.2g}"
    yield Fact("proof", f"loaded back from the store, it predicts {done.compared} values as the notebook does, {same}")
    yield Fact("run", done.run_id)
    yield Fact("store", plan.store.shown)


def _warnings(plan: PushPlan, verdict: TrialVerdict, done: Registered) -> Iterator[str]:
    if plan.exported.features is None:
        yield "The bare model is served: no `features` function is exported, so clients must send its input ready made."
    if verdict.idle:
        names = ", ".join(f"`{name}`" for name in verdict.idle)
        yield (
            f"Clients must send {names}, whose values change nothing: `features` asks for them and drops them. "
            'With drop(columns=…, errors="ignore") they could be left out.'
        )
    if not done.signature:
        yield "MLflow has no signature for such rows; the service checks them by its own schema all the same."


def _stale(record: ReleaseRecord, notebook: Notebook) -> str | None:
    done, export = record.steps.get("push"), record.steps.get("export")
    if done is None:
        return None
    if done.notebook_digest != notebook.code_digest:
        return "the code has changed since"
    if export is not None and export.facts.get("wheel_digest") != done.facts.get("wheel_digest"):
        return "the package was exported again since"
    return None


PUSH: Step[PushOptions, PushPlan] = Step(
    name="push",
    title="Push",
    summary="Registers the live model in MLflow, with the package that makes its features and the lock.",
    options=PushOptions,
    plan=plan_push,
    run=_run,
    stale=_stale,
)
