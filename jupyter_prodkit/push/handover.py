"""What becomes of a captured model in processes of their own: it is tried out, then registered."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jupyter_prodkit.errors import PushError
from jupyter_prodkit.export.locked import read_lock
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.push.capture import Captured
from jupyter_prodkit.push.new_process import ask_in_new_process
from jupyter_prodkit.push.plan import PushPlan
from jupyter_prodkit.push.registration import Registered, Registration
from jupyter_prodkit.push.store import Store
from jupyter_prodkit.push.trial import Trial, TrialVerdict
from jupyter_prodkit.release import without_credentials
from jupyter_prodkit.runtime import Facts

__all__ = ["register_captured", "try_out_captured"]


def try_out_captured(plan: PushPlan, captured: Captured, progress: Progress) -> TrialVerdict:
    """Return which columns the model needs.

    Raises PushError where a new process with the exported package can't predict, or predicts otherwise.
    """
    features, predict = plan.exported.features, plan.exported.predict
    trial = Trial(captured.model, captured.rows, captured.sample, captured.predictions, features, predict)
    verdict = ask_in_new_process(
        "jupyter_prodkit.push.trial",
        trial,
        TrialVerdict,
        project=plan.inputs.project,
        package=plan.exported.package,
        environment=os.environ,
        progress=progress,
    )
    if verdict.error:
        raise PushError(
            f"In a new process, with the exported package, the model fails: {without_credentials(verdict.error)}",
            "What it needs must come from exported cells, from the lock, or from the environment, then export again.",
        )
    if verdict.difference:
        raise PushError(
            f"With the exported package the model predicts otherwise than in the notebook: {verdict.difference}",
            "The package is out of date or the kernel is: run %prodcheck, then %prodexport, then push again.",
        )
    return verdict


def register_captured(
    plan: PushPlan, captured: Captured, verdict: TrialVerdict, release: Path, progress: Progress
) -> Registered:
    """Register the model and write its release folder into the staging folder `release`.

    Raises PushError, CancelledError; the store is then as it was.
    """
    with _no_empty_store(plan.store):
        done = ask_in_new_process(
            "jupyter_prodkit.push.mlflow_registry",
            _registration(plan, captured, verdict, release),
            Registered,
            project=plan.inputs.project,
            package=plan.exported.package,
            environment=plan.store.environment(os.environ),
            progress=progress,
            can_undo=True,
        )
        if done.error:
            raise PushError(without_credentials(done.error), without_credentials(done.hint))
    return done


def _registration(plan: PushPlan, captured: Captured, verdict: TrialVerdict, release: Path) -> Registration:
    project, record, exported = plan.inputs.project, plan.inputs.record, plan.exported
    return Registration(
        tracking_uri=plan.store.uri,
        artifact_location=plan.store.artifact_location,
        experiment=plan.name,
        facts=Facts(
            name=plan.name,
            version="",
            package=exported.package,
            package_version=str(record.fact("export", "package_version")),
            model_class=captured.model_class,
            features=exported.features,
            predict=exported.predict,
            notebook_digest=plan.inputs.notebook.code_digest,
            lock_digest=record.fact("lock", "lock_digest"),
        ),
        model=captured.model,
        schema=captured.schema.of(verdict.columns),
        rows=captured.rows[list(verdict.columns)] if verdict.columns else captured.rows,
        predictions=captured.predictions,
        package_source=str(project.package / "src" / exported.package),
        config=str(project.package / "config.yaml"),
        lock_folder=str(project.lock),
        release_folder=str(release),
        requirements=tuple(f"{name}=={version}" for name, version in read_lock(project.lock).pins.items()),
        push_id=uuid.uuid4().hex,
        tags=_tags(plan),
    )


def _tags(plan: PushPlan) -> dict[str, str]:
    """What leads from the registry back to the cells."""
    record = plan.inputs.record
    return {
        "prodkit.notebook": plan.inputs.notebook.path.name,
        "prodkit.notebook_digest": plan.inputs.notebook.code_digest,
        "prodkit.lock_digest": str(record.fact("lock", "lock_digest")),
        "prodkit.wheel_digest": str(record.fact("export", "wheel_digest")),
        "prodkit.verdict": str(record.fact("check", "verdict") or "not checked"),
    }


@contextmanager
def _no_empty_store(store: Store) -> Iterator[None]:
    """Make the folder of the embedded store, and take it away again where the first push into it fails."""
    folder = store.embedded
    fresh = folder is not None and not folder.exists()
    try:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        if folder is not None and fresh:
            shutil.rmtree(folder, ignore_errors=True)
        raise
