"""Many notebooks checked at once, each in a process that can't take another one with it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from jupyter_prodkit.check.formats.outcome import Checked, NotChecked, Outcome, place_of
from jupyter_prodkit.check.report import Report, Severity
from jupyter_prodkit.check.settings import Settings, read_settings
from jupyter_prodkit.check.step import CHECK, CheckOptions
from jupyter_prodkit.errors import ProdkitError
from jupyter_prodkit.faces.display import checked
from jupyter_prodkit.faces.journey import carry_out, gather
from jupyter_prodkit.notebook.document import Notebook, read_notebook
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.step import Result

__all__ = ["Finished", "Task", "check_each", "check_one", "check_safely"]

_INTERRUPTED = 130  # how shells report a program that Ctrl-C ended
_at_work = False
"""Whether this process is checking a notebook, rather than waiting for one."""


@dataclass(frozen=True)
class Finished:
    """What came of one notebook, for printing and for the exit status."""

    outcome: Outcome
    result: Result | None = None
    """None where it could not be checked."""

    @property
    def exit_code(self) -> int:
        """1 for findings that the options call for, and for a notebook that could not be checked."""
        return 1 if self.result is None else self.result.exit_code


@dataclass(frozen=True)
class Task:
    """One notebook to check."""

    path: Path
    asked: CheckOptions
    fail_on: Severity | None = None
    """What the command line says of it; None leaves it to the project's settings."""
    ignore: tuple[str, ...] | None = None
    """The same for the rules to leave out."""

    @cached_property
    def settings(self) -> Settings:
        """The command line's word first, then the project's. Raises CheckError where the project's are wrong."""
        project = read_settings(self.path.parent)
        ignore = project.ignore if self.ignore is None else self.ignore
        return Settings(ignore=ignore, fail_on=self.fail_on or project.fail_on or self.asked.fail_on)

    @cached_property
    def options(self) -> CheckOptions:
        """What the step is told. Raises CheckError where the project's settings are wrong."""
        fail_on = self.settings.fail_on or self.asked.fail_on
        return msgspec.structs.replace(self.asked, notebook=str(self.path), fail_on=fail_on)

    def settle(self, result: Result) -> Result:
        """Return the result without what is to be left out, and with the exit status that the rest calls for."""
        assert isinstance(result.document, Report)
        kept = tuple(self.settings.kept(result.document.findings))
        report = msgspec.structs.replace(result.document, findings=kept)
        return replace(result, document=report, exit_code=1 if report.at_or_above(self.options.fail_on) else 0)


def check_each(tasks: Sequence[Task], jobs: int) -> Iterator[Finished]:
    """Check each notebook, as many at once as `jobs` says, and yield what came of them in the order given."""
    if jobs == 1 or len(tasks) == 1:
        yield from (check_safely(task) for task in tasks)
        return
    pool = ProcessPoolExecutor(min(jobs, len(tasks)), initializer=_begin)
    try:
        futures = [pool.submit(_check_at_work, task) for task in tasks]
        for task, future in zip(tasks, futures, strict=True):
            yield _settled(task, future)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def check_one(task: Task, progress: Progress) -> tuple[Notebook, Result]:
    """Return a notebook and its check. Raises ProdkitError where it can't be read or judged.

    The verdict is entered into the project folder where there is one: a check alone makes none.
    """
    notebook = read_notebook(task.path)
    inputs = gather(notebook, task.options, None)
    if task.options.output is not None or inputs.project.record_path.exists():
        return notebook, task.settle(carry_out(CHECK, inputs, task.options, progress))
    plan = CHECK.plan(inputs, task.options)
    progress.stage(plan.summary)
    return notebook, task.settle(CHECK.run(plan, progress))


def check_safely(task: Task) -> Finished:
    """Return what came of a notebook; an error of any kind is its outcome."""
    try:
        notebook, result = check_one(task, Progress())
        assert isinstance(result.document, Report)
        return Finished(_light(checked(result.document, notebook)), result)
    except ProdkitError as error:
        return Finished(NotChecked.because_of(error, task.path, Path.cwd()))
    except Exception as error:  # noqa: BLE001 - the edge: the others' results must not be lost with this one
        said = f"{type(error).__name__}: {error}"
        return Finished(NotChecked(place_of(task.path, Path.cwd()), said, "This is a bug of ours."))


def _light(outcome: Checked) -> Checked:
    """Return the same without the syntax trees that the cells keep: it goes from one process to another."""
    cells = tuple(replace(cell) for cell in outcome.notebook.cells)
    return replace(outcome, notebook=replace(outcome.notebook, cells=cells))


def _settled(task: Task, future: Future[Finished]) -> Finished:
    """Return the outcome; where a process died, of this notebook or of another one's, it is checked again alone."""
    try:
        return future.result()
    except BrokenProcessPool:
        pass
    with ProcessPoolExecutor(1, initializer=_begin) as alone:
        try:
            return alone.submit(_check_at_work, task).result()
        except BrokenProcessPool:
            hint = "Too little memory is the usual cause."
            return Finished(NotChecked(place_of(task.path, Path.cwd()), "Checking it ended its process.", hint))


def _begin() -> None:
    signal.signal(signal.SIGINT, _interrupted)


def _interrupted(*_: Any) -> None:
    """End quietly where there is nothing to stop; else let the work end in order."""
    if not _at_work:
        os._exit(_INTERRUPTED)
    raise KeyboardInterrupt


def _check_at_work(task: Task) -> Finished:
    global _at_work  # noqa: PLW0603 - the signal's handler can be told in no other way
    _at_work = True
    try:
        return check_safely(task)
    finally:
        _at_work = False
