"""Many notebooks checked at once, each in a process that can't take another one with it."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jupyter_prodkit.check.formats.outcome import Checked, NotChecked, Outcome, place_of
from jupyter_prodkit.check.report import Report
from jupyter_prodkit.check.step import CHECK, CheckOptions
from jupyter_prodkit.errors import ProdkitError
from jupyter_prodkit.faces.display import checked
from jupyter_prodkit.faces.journey import carry_out, gather
from jupyter_prodkit.notebook.document import Notebook, read_notebook
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.step import Result

__all__ = ["Finished", "check_each", "check_one", "check_safely"]

_at_work = False
"""Whether this process is checking a notebook, rather than waiting for one."""
_interrupted = False
"""Whether Ctrl-C reached this process: it takes up nothing more."""


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


def check_each(paths: Sequence[Path], options: CheckOptions, jobs: int) -> Iterator[Finished]:
    """Check each notebook, as many at once as `jobs` says, and yield what came of them in the order given."""
    if jobs == 1 or len(paths) == 1:
        yield from (check_safely(path, options) for path in paths)
        return
    pool = ProcessPoolExecutor(min(jobs, len(paths)), initializer=_begin)
    try:
        futures = [pool.submit(_check_at_work, path, options) for path in paths]
        for path, future in zip(paths, futures, strict=True):
            yield _settled(future, path, options)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def check_one(path: Path, options: CheckOptions, progress: Progress) -> tuple[Notebook, Result]:
    """Return a notebook and its check. Raises ProdkitError where it can't be read or judged.

    The verdict is entered into the project folder where there is one: a check alone makes none.
    """
    notebook = read_notebook(path)
    inputs = gather(notebook, options, None)
    if options.output is not None or inputs.project.record_path.exists():
        return notebook, carry_out(CHECK, inputs, options, progress)
    plan = CHECK.plan(inputs, options)
    progress.stage(plan.summary)
    return notebook, CHECK.run(plan, progress)


def check_safely(path: Path, options: CheckOptions) -> Finished:
    """Return what came of a notebook; an error of any kind is its outcome."""
    try:
        notebook, result = check_one(path, options, Progress())
        assert isinstance(result.document, Report)
        return Finished(_light(checked(result.document, notebook)), result)
    except ProdkitError as error:
        return Finished(NotChecked.because_of(error, path, Path.cwd()))
    except Exception as error:  # noqa: BLE001 - the edge: the others' results must not be lost with this one
        said = f"{type(error).__name__}: {error}"
        return Finished(NotChecked(place_of(path, Path.cwd()), said, "This is a bug of ours."))


def _light(outcome: Checked) -> Checked:
    """Return the same without the syntax trees that the cells keep: it goes from one process to another."""
    cells = tuple(replace(cell) for cell in outcome.notebook.cells)
    return replace(outcome, notebook=replace(outcome.notebook, cells=cells))


def _settled(future: Future[Finished], path: Path, options: CheckOptions) -> Finished:
    """Return the outcome; where a process died, of this notebook or of another one's, it is checked again alone."""
    try:
        return future.result()
    except BrokenProcessPool:
        pass
    with ProcessPoolExecutor(1, initializer=_begin) as alone:
        try:
            return alone.submit(_check_at_work, path, options).result()
        except BrokenProcessPool:
            hint = "Too little memory is the usual cause."
            return Finished(NotChecked(place_of(path, Path.cwd()), "Checking it ended its process.", hint))


def _begin() -> None:
    signal.signal(signal.SIGINT, _interrupt)


def _interrupt(*_: Any) -> None:
    """Interrupt a check, and nothing else: who waits for work holds the pool's lock, and must give it back."""
    global _interrupted  # noqa: PLW0603 - a signal's handler has no other way to tell
    _interrupted = True
    if _at_work:
        raise KeyboardInterrupt


def _check_at_work(path: Path, options: CheckOptions) -> Finished:
    global _at_work  # noqa: PLW0603 - the signal's handler can be told in no other way
    _at_work = True
    try:
        if _interrupted:
            raise KeyboardInterrupt
        return check_safely(path, options)
    finally:
        _at_work = False
