"""Serving as a step of the journey: the pushed model answers over HTTP, and its golden rows prove it."""

from __future__ import annotations

import atexit
import json
import shlex
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec

from jupyter_prodkit.build.container import Running, remove_container, start_container, wait_until_healthy
from jupyter_prodkit.build.engine import connect
from jupyter_prodkit.build.proof import golden_difference
from jupyter_prodkit.errors import ProdkitError, ServeError
from jupyter_prodkit.notebook.document import Notebook
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.release import ProjectFolder, ReleaseRecord
from jupyter_prodkit.runtime import ServingError
from jupyter_prodkit.runtime.golden import Comparison, Golden
from jupyter_prodkit.serve.local import start_process
from jupyter_prodkit.serve.service import Service, process_service, read_service, stop_service, write_service
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


def _plan(inputs: Inputs, options: ServeOptions) -> ServePlan:
    project, record = inputs.project, inputs.record
    if not 0 <= options.port <= _HIGHEST_PORT:
        raise ServeError(f"{options.port} is not a port.", "Ports go from 1 to 65535; 0 takes a free one.")
    package, wheel = record.fact("export", "package"), record.fact("export", "wheel")
    image = record.fact("build", "image")
    if options.stop:
        summary = "Stop the running service."
    elif options.container:
        if image is None:
            raise ServeError("There is no image to serve.", "Run %prodbuild first, or serve without --container.")
        summary = f"Serve the image {image} in a container on 127.0.0.1."
    else:
        if package is None or not (project.release / "manifest.json").exists():
            raise ServeError("There is no released model to serve.", "Run %prodexport, then %prodpush MODEL.")
        summary = f"Serve {record.fact('push', 'model')} {record.fact('push', 'model_version')} on 127.0.0.1."
    return ServePlan(
        summary=summary,
        project=project,
        package=str(package),
        wheel=project.dist / str(wheel),
        image=str(image) if options.container else None,
        port=options.port,
        stop=options.stop,
    )


def _run(plan: ServePlan, progress: Progress) -> Result:
    before = stop_service(plan.project)
    if plan.stop:
        said = "No service was running." if before is None else f"Stopped the service at {before.url}."
        return Result(summary=said)
    progress.stage("Starting the service", 0.1)
    service = _start_process(plan, progress) if plan.image is None else _start_container(plan, plan.image, progress)
    try:
        write_service(plan.project, service)
        progress.stage("Asking for its golden rows", 0.8)
        outcome, golden = _proof(plan.project, service)
    except BaseException:
        stop_service(plan.project)
        raise
    return _result(plan, service, outcome, golden)


def _start_process(plan: ServePlan, progress: Progress) -> Service:
    started = start_process(plan.project, plan.package, plan.wheel, plan.port, progress)
    atexit.register(_stop_quietly, plan.project)  # a service started in a kernel ends with it
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


def _stop_quietly(project: ProjectFolder) -> None:
    try:
        service = read_service(project)
        if service is not None and service.where == "process":
            stop_service(project)
    except ProdkitError:
        pass  # the process is ending, and nobody is there to tell


def _proof(project: ProjectFolder, service: Service) -> tuple[Comparison, Golden]:
    golden = msgspec.json.decode((project.release / "golden.json").read_bytes(), type=Golden)
    try:
        outcome = golden_difference(int(service.url.rpartition(":")[2]), golden)
    except ServingError as error:
        raise ServeError(error.message, error.hint) from error
    if not outcome.equal:
        raise ServeError(
            f"The service answers otherwise than the notebook: {outcome.first_difference}.", "Push the model again."
        )
    return outcome, golden


def _result(plan: ServePlan, service: Service, outcome: Comparison, golden: Golden) -> Result:
    where = f"in a container of {plan.image}" if plan.image else "as a process of this machine"
    same = "to the last bit" if outcome.exact else f"within {outcome.max_difference:.2g}"
    return Result(
        summary=f"Serving at {service.url}, {where}.",
        facts=(
            Fact("proof", f"{outcome.compared} golden predictions answered as in the notebook, {same}"),
            Fact("predict", _example_call(service.url, golden)),
            Fact("also", "GET /ping  /health  /version  /metrics"),
            Fact("stop", "%prodserve --stop"),
        ),
        recorded={"url": service.url, "where": service.where, "image": plan.image},
    )


def _example_call(url: str, golden: Golden) -> str:
    """A command that asks for the first golden row."""
    name, content = next(iter(golden.request.items()))
    one = {**content, "index": content["index"][:1]} if isinstance(content, dict) and "index" in content else content
    if isinstance(one, dict) and "data" in one:
        one = {**one, "data": one["data"][:1]}
    elif isinstance(one, list):
        one = one[:1]
    body = json.dumps({name: one})
    return f"curl -s {url}/invocations -H 'Content-Type: application/json' -d {shlex.quote(body)}"


def stay_until_interrupted(project: ProjectFolder) -> None:
    """Return when the service has ended; Ctrl-C ends it."""
    try:
        while read_service(project) is not None:
            time.sleep(_POLL_SECONDS)
    except KeyboardInterrupt:
        stop_service(project)


def _stale(record: ReleaseRecord, notebook: Notebook) -> str | None:
    done, push = record.steps.get("serve"), record.steps.get("push")
    if done is None:
        return None
    if done.notebook_digest != notebook.code_digest:
        return "the code has changed since"
    return "the model was pushed again since" if push is not None and push.done_at > done.done_at else None


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
