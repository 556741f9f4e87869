"""Steps planned and run in threads of their own, so that the kernel stays usable; what comes of them is pushed."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from jupyter_prodkit.check.formats.wording import cell_names
from jupyter_prodkit.errors import CancelledError, ExportError, ProdkitError, UsageError
from jupyter_prodkit.faces import protocol as wire
from jupyter_prodkit.faces.links import link_of
from jupyter_prodkit.notebook.document import Notebook
from jupyter_prodkit.progress import Progress, ProgressEvent
from jupyter_prodkit.session.session import Session
from jupyter_prodkit.step import Inputs, Options, Result, Step

__all__ = ["Jobs"]

_log = logging.getLogger("jupyter_prodkit")
_BUG = "This is a bug of ours."


@dataclass(frozen=True, slots=True)
class _Job:
    number: int
    step: Step[Any, Any]
    options: Options
    inputs: Inputs


class Jobs:
    """Responsibilities: run at most one step at a time, plan any, and push how each fares."""

    def __init__(self, session: Session, push: Callable[[wire.Event], None]) -> None:
        self._session = session
        self._push = push
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._running: tuple[_Job, Progress] | None = None
        self._asked: dict[str, str] = {}

    @property
    def running(self) -> str | None:
        """The name of the step that is running."""
        running = self._running
        return None if running is None else running[0].step.name

    def plan(self, step: str, options: Mapping[str, Any], page: Notebook) -> int:
        """Begin to find out what a step would do, and return the job's number. Raises UsageError for a wrong option."""
        job = self._job(step, options, page)
        threading.Thread(target=self._plan, args=(job,), daemon=True).start()
        return job.number

    def run(self, step: str, options: Mapping[str, Any], page: Notebook) -> int:
        """Begin to run a step, and return the job's number. Raises UsageError while another one is running."""
        job = self._job(step, options, page)
        progress = Progress(lambda event: self._push(_progress(job, event)))
        with self._lock:
            if self._running is not None:
                raise UsageError(f"{self._running[0].step.title} is still running.", "Wait for it, or cancel it.")
            self._running = (job, progress)
        threading.Thread(target=self._work, args=(job, progress), daemon=True).start()
        return job.number

    def cancel(self, number: int) -> None:
        """Stop the running step, if it is that job."""
        with self._lock:
            if self._running is not None and self._running[0].number == number:
                self._running[1].cancel()

    def _job(self, name: str, given: Mapping[str, Any], page: Notebook) -> _Job:
        from jupyter_prodkit.faces.arguments import options_from_mapping
        from jupyter_prodkit.faces.journey import gather, step_named

        step = step_named(name)
        options = options_from_mapping(step.options, given)
        with self._lock:
            number = next(self._numbers)
        return _Job(number, step, options, gather(page, options, self._session))

    def _plan(self, job: _Job) -> None:
        from jupyter_prodkit.export.previewing import ExportPreview

        try:
            plan = job.step.plan(job.inputs, job.options)
            event = wire.StepPlanned(
                job=job.number,
                step=job.step.name,
                summary=plan.summary,
                details=plan.details,
                question=None if job.options.yes else plan.question,
                files=plan.document.files if isinstance(plan.document, ExportPreview) else (),
            )
        except Exception as error:  # noqa: BLE001 - the edge: the panel must hear of every failure
            message, hint = _told(error, job)
            event = wire.StepPlanned(
                job=job.number, step=job.step.name, summary=message, blocked=True, hint=hint,
                marking=_marking(error, job.inputs.notebook),
            )  # fmt: skip
        self._push(event)

    def _work(self, job: _Job, progress: Progress) -> None:
        event = self._outcome(job, progress)
        with self._lock:
            self._running = None
        self._push(event)

    def _outcome(self, job: _Job, progress: Progress) -> wire.Event:
        from jupyter_prodkit.faces.journey import carry_out

        asked: list[str] = []
        before = self._asked.pop(job.step.name, None) if job.options.yes else None

        def ask(question: str) -> bool:
            if question == before:
                return True
            asked.append(question)
            return False

        # A yes is one to the question that was asked; another one is asked anew.
        options = job.options if before is None else msgspec.structs.replace(job.options, yes=False)
        try:
            return _done(job, carry_out(job.step, job.inputs, options, progress, agree=ask))
        except Exception as error:  # noqa: BLE001 - the edge: the panel must hear of every failure
            if asked:
                self._asked[job.step.name] = asked[0]
                return wire.StepAsks(job=job.number, step=job.step.name, question=asked[0])
            message, hint = _told(error, job)
            cancelled = isinstance(error, CancelledError)
            return wire.StepFailed(
                job=job.number, step=job.step.name, message=message, hint=hint, cancelled=cancelled,
                marking=_marking(error, job.inputs.notebook),
            )  # fmt: skip


def _told(error: Exception, job: _Job) -> tuple[str, str]:
    if isinstance(error, ProdkitError):
        return error.message, error.hint
    _log.error("the step %s failed", job.step.name, exc_info=error)
    return f"{type(error).__name__}: {error}", _BUG


def _marking(error: Exception, page: Notebook) -> wire.Marking | None:
    """Return the marks that would mend it, in the words of a button."""
    if not isinstance(error, ExportError) or not error.to_mark:
        return None
    which = cell_names([cell.label for cell in page.cells if cell.cell_id in error.to_mark])
    return wire.Marking(label=f"Mark {which} `export`", mark="export", cell_ids=error.to_mark)


def _progress(job: _Job, event: ProgressEvent) -> wire.StepProgress:
    return wire.StepProgress(
        job=job.number, step=job.step.name, message=event.message, fraction=event.fraction, log=event.kind == "log"
    )


def _done(job: _Job, result: Result) -> wire.StepDone:
    from jupyter_prodkit.check.report import Report
    from jupyter_prodkit.faces.mending import fixes_of

    report = result.document if isinstance(result.document, Report) else None
    fixes = () if report is None else fixes_of(report, job.inputs.notebook)
    return wire.StepDone(job=job.number, result=_result(job, result), report=report, fixes=fixes)


def _result(job: _Job, result: Result) -> wire.StepResult:
    folder = job.inputs.notebook.path.parent
    told = () if result.document is not None else result.facts  # else the panel shows the whole outcome itself
    facts = tuple(wire.Fact(label=fact.label, value=fact.value, link=link_of(fact.value, folder)) for fact in told)
    return wire.StepResult(
        step=job.step.name,
        summary=result.summary,
        facts=facts,
        warnings=result.warnings,
        ready=result.exit_code == 0,
    )
