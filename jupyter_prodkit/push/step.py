"""The push as a step of the journey: the live model becomes a version in an MLflow registry."""

from __future__ import annotations

import importlib.util
import os
import pickle
import random
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec

from jupyter_prodkit.errors import MissingDependencyError, PushError
from jupyter_prodkit.files import staged_folder
from jupyter_prodkit.notebook.document import Notebook
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.push.pickling import pickle_model
from jupyter_prodkit.push.raw_rows import RawRows, find_raw_rows, some_rows
from jupyter_prodkit.push.registration import Registered, Registration
from jupyter_prodkit.push.trial import Trial, TrialVerdict
from jupyter_prodkit.release import ReleaseRecord, without_credentials
from jupyter_prodkit.runtime import Facts, Schema, ServingError
from jupyter_prodkit.session.kernel import LiveKernel
from jupyter_prodkit.step import Fact, Inputs, Options, Plan, Result, Step
from jupyter_prodkit.subprocesses import Finished, run_program

__all__ = ["PUSH", "PushOptions"]

_PIN = re.compile(r"^(?P<pin>[A-Za-z0-9][\w.-]*==[^\s;\\]+)", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*\Z")
StructT = TypeVar("StructT", bound=msgspec.Struct)


class PushOptions(Options, frozen=True, kw_only=True):
    """What the push can be told."""

    model: Annotated[
        str, msgspec.Meta(description="Name of the model in the kernel.", extra={"model": True})
    ]
    name: Annotated[str | None, msgspec.Meta(description="Name in the registry; the package's if not given.")] = None
    tracking_uri: Annotated[
        str | None,
        msgspec.Meta(description="MLflow server; MLFLOW_TRACKING_URI, else a store in the project folder, if not given."),
    ] = None
    example: Annotated[
        str | None, msgspec.Meta(description="Name of a table of raw rows in the kernel, where no cell's call shows it.")
    ] = None


@dataclass(frozen=True, slots=True)
class _Captured:
    """What is taken from the kernel, all at one moment."""

    model: bytes
    model_class: str
    table_schema: Any
    rows: Any
    predictions: Any


@dataclass(frozen=True, kw_only=True)
class PushPlan(Plan):
    """The model that would be pushed, from where, and to where."""

    inputs: Inputs
    kernel: LiveKernel
    model: str
    raw: RawRows
    name: str
    tracking_uri: str
    embedded: bool


def _plan(inputs: Inputs, options: PushOptions) -> PushPlan:
    kernel = inputs.kernel
    if kernel is None:
        raise PushError("Pushing needs the kernel that holds the model.", "Use %prodpush MODEL in the notebook.")
    if importlib.util.find_spec("mlflow") is None:
        raise MissingDependencyError("mlflow", "mlflow")
    package = inputs.record.fact("export", "package")
    if package is None or not inputs.project.package.is_dir():
        raise PushError("There is no package to serve the model with.", "Run %prodexport first.")
    if not options.model.isidentifier():
        raise PushError(f"{options.model!r} is not a name.", "Give the model's name in the kernel: %prodpush model.")
    name = options.name or package
    if not _NAME.match(name):
        raise PushError(f"{name!r} can't be a model's name.", "Use letters, digits, dots, dashes and underscores.")
    features = inputs.record.fact("export", "features") is not None
    raw = kernel.on_main_thread(lambda: _look(inputs, kernel, options, features=features))
    uri, embedded = _store(inputs, options.tracking_uri)
    where = "the store in the project folder" if embedded else without_credentials(uri)
    return PushPlan(
        summary=f"Push `{options.model}` as {name} to {where}.",
        details=(f"Raw rows: `{raw.name}` ({raw.why}).", "Served: model.predict(features(raw rows))."),
        question=_question(inputs),
        inputs=inputs, kernel=kernel, model=options.model, raw=raw, name=name, tracking_uri=uri, embedded=embedded,
    )  # fmt: skip


def _question(inputs: Inputs) -> str | None:
    if inputs.record.fact("check", "verdict") != "diverges":
        return None
    return "The last check says that a clean run gives something else than this kernel holds. Push the model all the same?"


def _look(inputs: Inputs, kernel: LiveKernel, options: PushOptions, *, features: bool) -> RawRows:
    namespace = kernel.namespace
    if options.model not in namespace:
        models = ", ".join(f"`{name}`" for name in sorted(kernel.timeline.models)) or "none"
        raise PushError(f"There is no `{options.model}` in the kernel.", f"Names with a `predict` method: {models}.")
    if not callable(getattr(namespace[options.model], "predict", None)):
        kind = type(namespace[options.model]).__name__
        raise PushError(f"`{options.model}` is a {kind}, which has no `predict` method.", "Name a fitted model.")
    if features and not callable(namespace.get("features")):
        raise PushError("The function `features` is exported, but the kernel does not hold it.", "Run its cell.")
    cells = inputs.notebook.code_cells
    return find_raw_rows(cells, namespace, model=options.model, wanted=options.example, features=features)


def _store(inputs: Inputs, wanted: str | None) -> tuple[str, bool]:
    uri = wanted or os.environ.get("MLFLOW_TRACKING_URI")
    if uri:
        return uri, False
    return f"sqlite:///{inputs.project.registry / 'mlflow.db'}", True


# --- run ----------------------------------------------------------------------------------------------------------


def _run(plan: PushPlan, progress: Progress) -> Result:
    project, record = plan.inputs.project, plan.inputs.record
    progress.stage(f"Taking `{plan.model}` from the kernel", 0.05)
    captured = plan.kernel.on_main_thread(lambda: _capture(plan))
    progress.stage("Predicting in a new process, with the exported package", 0.2)
    verdict = _try_out(plan, captured, progress)
    rows, schema = captured.rows, captured.table_schema
    if verdict.unneeded:
        rows = rows[list(verdict.columns)]
        schema = plan.kernel.on_main_thread(lambda: _schema(plan.kernel.namespace[plan.raw.name][list(verdict.columns)]))
    with staged_folder(project.release) as release:
        progress.stage(f"Logging and registering {plan.name}", 0.4)
        done = _register(plan, captured, schema, rows, release, progress)
    return Result(
        summary=f"Pushed {done.name} version {done.version}.",
        facts=tuple(_facts(plan, captured, verdict, done)),
        warnings=_warnings(plan),
        recorded={
            "model": done.name,
            "model_version": done.version,
            "run_id": done.run_id,
            "tracking_uri": plan.tracking_uri,
            "model_class": captured.model_class,
            "wheel_digest": record.fact("export", "wheel_digest"),
        },
    )


def _facts(plan: PushPlan, captured: _Captured, verdict: TrialVerdict, done: Registered) -> Iterator[Fact]:
    yield Fact("model", f"{captured.model_class}, {len(captured.model):,} bytes pickled")
    yield Fact("raw rows", f"`{plan.raw.name}` ({plan.raw.why})")
    if verdict.columns:
        yield Fact("columns", ", ".join(map(str, verdict.columns)))
    if verdict.unneeded:
        yield Fact("not needed", f"{', '.join(map(str, verdict.unneeded))} (measured: same predictions without)")
    same = "to the last bit" if done.exact else f"within {done.max_difference:.2g}"
    yield Fact("proof", f"loaded back from the registry, it predicts {done.compared} values as the notebook does, {same}")
    yield Fact("run", done.run_id)
    yield Fact("store", without_credentials(plan.tracking_uri))


def _warnings(plan: PushPlan) -> tuple[str, ...]:
    if plan.inputs.record.fact("export", "features") is None:
        return ("The bare model is served: no `features` function is exported, so clients must send its input ready made.",)
    return ()


def _capture(plan: PushPlan) -> _Captured:
    """Take model, schema, rows and predictions; runs between the user's cells and leaves random streams as they were."""
    from jupyter_prodkit.runtime.predictions import to_jsonable

    namespace, record = plan.kernel.namespace, plan.inputs.record
    model, table = namespace[plan.model], namespace[plan.raw.name]
    rows = some_rows(table)
    modules = {
        name: f"{record.fact('export', 'package')}.{module}"
        for module, name in _exported_names(plan.inputs.notebook)
    }
    with _random_streams_kept():
        try:
            inputs = rows.copy() if record.fact("export", "features") is None else namespace["features"](rows.copy())
            predict = namespace["predict"] if record.fact("export", "predict") else None
            predictions = to_jsonable(model.predict(inputs) if predict is None else predict(model, inputs))
        except Exception as error:
            raise PushError(
                f"The model can't predict rows of `{plan.raw.name}` in this kernel: {type(error).__name__}: {error}",
                "Is it fitted, and are these its raw rows? --example NAME names others.",
            ) from error
    return _Captured(pickle_model(model, modules), type(model).__name__, _schema(table), rows, predictions)


def _exported_names(notebook: Notebook) -> Iterator[tuple[str, str]]:
    from jupyter_prodkit.export.selection import select

    for name, module in select(notebook).owners.items():
        yield module, name


def _schema(table: Any) -> Schema:
    from jupyter_prodkit.runtime import infer_schema

    try:
        return infer_schema(table)
    except ServingError as error:
        raise PushError(error.message, error.hint) from error


@contextmanager
def _random_streams_kept() -> Iterator[None]:
    numpy: Any = sys.modules.get("numpy")
    python_state, numpy_state = random.getstate(), numpy.random.get_state() if numpy is not None else None
    try:
        yield
    finally:
        random.setstate(python_state)
        if numpy is not None:
            numpy.random.set_state(numpy_state)


def _try_out(plan: PushPlan, captured: _Captured, progress: Progress) -> TrialVerdict:
    record = plan.inputs.record
    trial = Trial(
        captured.model, captured.rows, captured.predictions, record.fact("export", "features"), record.fact("export", "predict")
    )
    verdict = _in_new_process("jupyter_prodkit.push.trial", trial, TrialVerdict, plan, progress)
    if verdict.error:
        raise PushError(
            f"In a new process, with the exported package, the model fails: {verdict.error}",
            "Mark the cells that define what it needs `export`, then run %prodexport again.",
        )
    if verdict.difference:
        raise PushError(
            f"With the exported package the model predicts otherwise than in the notebook: {verdict.difference}",
            "The package is out of date or the kernel is: run %prodcheck, then %prodexport, then push again.",
        )
    return verdict


def _register(
    plan: PushPlan, captured: _Captured, schema: Schema, rows: Any, release: Path, progress: Progress
) -> Registered:
    project, record = plan.inputs.project, plan.inputs.record
    package = str(record.fact("export", "package"))
    locks = [(project.lock / name).read_text("utf-8") for name in ("requirements.lock", "serving.lock")]
    wanted = Registration(
        tracking_uri=plan.tracking_uri,
        artifact_location=(project.registry / "artifacts").as_uri() if plan.embedded else None,
        experiment=plan.name,
        facts=Facts(
            name=plan.name, version="", package=package, package_version=str(record.fact("export", "package_version")),
            model_class=captured.model_class, features=record.fact("export", "features"),
            predict=record.fact("export", "predict"), notebook_digest=plan.inputs.notebook.code_digest,
            lock_digest=record.fact("lock", "lock_digest"),
        ),
        model=captured.model, schema=schema, rows=rows, predictions=captured.predictions,
        package_source=str(project.package / "src" / package), lock_folder=str(project.lock),
        release_folder=str(release),
        requirements=tuple(match["pin"] for text in locks for match in _PIN.finditer(text)),
        tags=_tags(plan),
    )  # fmt: skip
    if plan.embedded:
        project.registry.mkdir(parents=True, exist_ok=True)
    done = _in_new_process("jupyter_prodkit.push.mlflow_registry", wanted, Registered, plan, progress)
    if done.error:
        raise PushError(done.error, done.hint or "Is the server at --tracking-uri reachable, and may you write there?")
    return done


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


def _in_new_process(module: str, request: object, kind: type[StructT], plan: PushPlan, progress: Progress) -> StructT:
    """Have `module` answer a pickled request in a process that knows the exported package and not this kernel."""
    source = plan.inputs.project.package / "src"
    environment = {**os.environ, "PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1", "MLFLOW_DISABLE_TELEMETRY": "1"}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "request.pkl"
        file.write_bytes(pickle.dumps(request, protocol=5))
        command = [sys.executable, "-W", "ignore", "-m", module, str(file)]
        finished = run_program(command, progress, cwd=Path(folder), environment=environment)
    try:
        return msgspec.json.decode(finished.stdout, type=kind)
    except msgspec.DecodeError as error:
        raise PushError(f"The process that pushes ended without an answer: {_last_words(finished)}") from error


def _last_words(finished: Finished) -> str:
    lines = [line for line in finished.stderr.splitlines() if line.strip()]
    return lines[-1] if lines else f"status {finished.status}"


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
    plan=_plan,
    run=_run,
    stale=_stale,
)
