"""Serving as a step of the journey: the pushed model answers over HTTP, and its golden rows prove it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec

from jupyter_prodkit.build.container import Running, remove_container, start_container, wait_until_healthy
from jupyter_prodkit.build.engine import connect
from jupyter_prodkit.errors import ProdkitError, ServeError
from jupyter_prodkit.notebook.document import Notebook
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.release import ProjectFolder, ReleaseRecord
from jupyter_prodkit.runtime.golden import Comparison, Golden
from jupyter_prodkit.serve.local import start_process
from jupyter_prodkit.serve.proof import example_call, prove_service, read_golden
from jupyter_prodkit.serve.service import (
    Service,
    end_service,
    process_service,
    read_service,
    still_runs,
    stop_service,
    write_service,
)
from jupyter_prodkit.step import Fact, Inputs, Options, Plan, Result, Step

__all__ = ["SERVE", "ServeOptions", "stay_until_interrupted"]

_POLL_SECONDS = 0.5
_HIGHEST_PORT = 65535


class ServeOptions(Options, frozen=True, kw_only=True):
    """What serving can be told."""

    port: Annotated[int, msgspec.Meta(description="Port on 127.0.0.1; 0 for a free one.")] = 0
    container: Annotated[bool, msgspec.Meta(description="Serve the built image in a container.")] = False
    stop: Annotated[bool, msgspec.Meta(description="Stop the running service and start none.")] = False


@dataclass(frozen=True, kw_only=True)
class ServePlan(Plan):
    """The service that would be started."""

    project: ProjectFolder
    package: str
    wheel: Path
    image: str | None
    """The image to run; None to serve as a process of this machine."""
    port: int
    stop: bool
    run_id: str | None
    """The push that made the release."""


def _plan(inputs: Inputs, options: ServeOptions) -> ServePlan:
    project, record = inputs.project, inputs.record
    if not 0 <= options.port <= _HIGHEST_PORT:
        raise ServeError(f"{options.port} is not a port.", "Ports go from 1 to 65535; 0 takes a free one.")
    image = record.fact("build", "image")
    wheel = project.dist / str(record.fact("export", "wheel"))
    if options.stop:
        summary = "Stop the running service."
    elif not (project.release / "manifest.json").exists():
        raise ServeError("There is no released model to serve.", "Run %prodexport, then %prodpush MODEL.")
    elif options.container:
        if image is None:
            raise ServeError("There is no image to serve.", "Run %prodbuild first, or serve without --container.")
        summary = f"Serve the image {image} in a container on 127.0.0.1."
    else:
        if not wheel.is_file() or not project.package.is_dir():
            raise ServeError("The package of the released model is gone.", "Run %prodexport, then %prodpush MODEL.")
        summary = f"Serve {record.fact('push', 'model')} {record.fact('push', 'model_version')} on 127.0.0.1."
    return ServePlan(
        summary=summary,
        project=project,
        package=str(record.fact("export", "package")),
        wheel=wheel,
        image=str(image) if options.container else None,
        port=options.port,
        stop=options.stop,
        run_id=record.fact("push", "run_id"),
    )


def _run(plan: ServePlan, progress: Progress) -> Result:
    before = read_service(plan.project)
    if plan.stop:
        return _stopped(stop_service(plan.project))
    if before is None or plan.port != before.port:
        return _served(plan, before, progress)
    progress.stage(f"Stopping the service at {before.url}, whose port is wanted", 0.05)
    stop_service(plan.project)
    try:
        return _served(plan, None, progress)
    except ProdkitError as error:
        error.hint = f"{error.hint} The service that ran at {before.url} was stopped for it.".strip()
        raise


def _stopped(service: Service | None) -> Result:
    if service is None:
        return Result(summary="No service was running.")
    return Result(summary=f"Stopped the service at {service.url}.", recorded={"url": None, "where": service.where})


def _served(plan: ServePlan, before: Service | None, progress: Progress) -> Result:
    """Start and prove the new service; only then does the one before it end."""
    golden = read_golden(plan.project.release)
    progress.stage("Starting the service", 0.1)
    service = _start_process(plan, progress) if plan.image is None else _start_container(plan, plan.image, progress)
    try:
        progress.stage("Asking for its golden rows", 0.8)
        outcome = prove_service(service, golden)
        write_service(plan.project, service)
    except BaseException:
        end_service(service)
        raise
    return _result(plan, service, outcome, golden, _ended(before))


def _start_process(plan: ServePlan, progress: Progress) -> Service:
    started = start_process(plan.project, plan.package, plan.wheel, plan.port, progress)
    return process_service(started.url, started.number)


def _start_container(plan: ServePlan, image: str, progress: Progress) -> Service:
    engine = connect()
    container = start_container(engine, image, Running(port=plan.port or None))
    try:
        wait_until_healthy(engine, container.id, progress)
    except BaseException:
        remove_container(engine, container.id, grace=0)
        raise
    return Service(url=container.url, where="container", identity=container.id)


def _ended(before: Service | None) -> tuple[str, ...]:
    """End the service that was replaced; a warning where that can't be done, as the new one answers all the same."""
    try:
        if before is not None:
            end_service(before)
    except ProdkitError as error:
        return (f"The service before it, at {before.url if before else ''}, could not be ended: {error.message}",)
    return ()


def _result(
    plan: ServePlan, service: Service, outcome: Comparison, golden: Golden, warnings: tuple[str, ...]
) -> Result:
    where = f"in a container of {plan.image}" if plan.image else "as a process of this machine"
    same = "to the last bit" if outcome.exact else f"within {outcome.max_difference:.2g}"
    return Result(
        summary=f"Serving at {service.url}, {where}.",
        facts=(
            Fact("proof", f"{outcome.compared} golden predictions answered as in the notebook, {same}"),
            Fact("predict", example_call(service.url, golden)),
            Fact("also", "GET /ping  /health  /version  /metrics"),
            Fact("stop", "%prodserve --stop"),
        ),
        warnings=warnings,
        recorded={"url": service.url, "where": service.where, "image": plan.image, "run_id": plan.run_id},
    )


def stay_until_interrupted(project: ProjectFolder) -> None:
    """Return when the service has ended; Ctrl-C ends it."""
    service = read_service(project)
    try:
        while service is not None and still_runs(service):
            time.sleep(_POLL_SECONDS)
    except KeyboardInterrupt:
        stop_service(project)


def _stale(record: ReleaseRecord, notebook: Notebook) -> str | None:
    done, push = record.steps.get("serve"), record.steps.get("push")
    if done is None or done.facts.get("url") is None:
        return None
    if done.notebook_digest != notebook.code_digest:
        return "the code has changed since"
    again = push is not None and push.facts.get("run_id") != done.facts.get("run_id")
    return "the model was pushed again since" if again else None


SERVE: Step[ServeOptions, ServePlan] = Step(
    name="serve",
    title="Serve",
    summary="Serves the pushed model over HTTP, as a process here or from the image, and proves its answers.",
    options=ServeOptions,
    plan=_plan,
    run=_run,
    stale=_stale,
    needs_kernel=False,
)
