"""What a push is told and what it would do: which model, with which rows, to which store."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

import msgspec

from jupyter_prodkit.errors import PushError
from jupyter_prodkit.push.capture import Exported, check_live
from jupyter_prodkit.push.raw_rows import RawRows, find_raw_rows
from jupyter_prodkit.push.store import Store, check_installed, choose_store
from jupyter_prodkit.session.kernel import LiveKernel
from jupyter_prodkit.step import Inputs, Options, Plan

__all__ = ["PushOptions", "PushPlan", "plan_push"]

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*\Z")


class PushOptions(Options, frozen=True, kw_only=True):
    """What the push can be told."""

    model: Annotated[str, msgspec.Meta(description="Name of the model in the kernel.", extra={"model": True})]
    name: Annotated[str | None, msgspec.Meta(description="Name in the registry; the package's if not given.")] = None
    tracking_uri: Annotated[
        str | None,
        msgspec.Meta(description="MLflow server; MLFLOW_TRACKING_URI, else a store in the project folder."),
    ] = None
    example: Annotated[
        str | None, msgspec.Meta(description="Name of a table of raw rows in the kernel, where no call shows it.")
    ] = None


@dataclass(frozen=True, kw_only=True)
class PushPlan(Plan):
    """The model that would be pushed, from where, and to where."""

    inputs: Inputs
    kernel: LiveKernel
    exported: Exported
    model: str
    raw: RawRows
    name: str
    store: Store


def plan_push(inputs: Inputs, options: PushOptions) -> PushPlan:
    """Return the plan. Raises PushError where something that it takes is not there, MissingDependencyError."""
    kernel = inputs.kernel
    if kernel is None:
        raise PushError("Pushing needs the kernel that holds the model.", "Use %prodpush MODEL in the notebook.")
    check_installed()
    exported = _exported(inputs)
    if not options.model.isidentifier():
        raise PushError(f"{options.model!r} is not a name.", "Give the model's name in the kernel: %prodpush model.")
    name = options.name or exported.package
    if not _NAME.match(name):
        raise PushError(f"{name!r} can't be a model's name.", "Use letters, digits, dots, dashes and underscores.")
    raw = kernel.on_main_thread(lambda: _look(inputs, kernel, options, exported))
    store = choose_store(inputs.project, options.tracking_uri, inputs.notebook.path.parent)
    served = "model.predict(features(raw rows))" if exported.features else "model.predict(rows)"
    return PushPlan(
        summary=f"Push `{options.model}` as {name} to {store.label}.",
        details=(f"Raw rows: `{raw.text}` ({raw.why}).", f"Served: {served}."),
        question=_question(inputs),
        inputs=inputs,
        kernel=kernel,
        exported=exported,
        model=options.model,
        raw=raw,
        name=name,
        store=store,
    )


def _exported(inputs: Inputs) -> Exported:
    record = inputs.record
    package = record.fact("export", "package")
    if package is None or not (inputs.project.package / "src" / package).is_dir():
        raise PushError("There is no package to serve the model with.", "Run %prodexport first.")
    return Exported(
        package=package,
        names=record.fact("export", "names") or {},
        features=record.fact("export", "features"),
        predict=record.fact("export", "predict"),
    )


def _question(inputs: Inputs) -> str | None:
    if inputs.record.fact("check", "verdict") != "diverges":
        return None
    return "The last check says that a clean run gives something else than this kernel holds. Push it all the same?"


def _look(inputs: Inputs, kernel: LiveKernel, options: PushOptions, exported: Exported) -> RawRows:
    check_live(kernel.namespace, options.model, kernel.timeline.models, exported)
    return find_raw_rows(
        inputs.notebook.code_cells,
        kernel.namespace,
        model=options.model,
        wanted=options.example,
        features=exported.features is not None,
    )
