"""One kernel under trial: started where it can't do harm, asked after each cell what has changed."""

from __future__ import annotations

import json
import re
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from jupyter_prodkit.check.replay import inside
from jupyter_prodkit.check.replay.folder import WorkingCopy
from jupyter_prodkit.check.replay.outcome import CleanOutcome
from jupyter_prodkit.check.replay.shown import Display, ShownCell
from jupyter_prodkit.check.replay.surroundings import kernel_environment, writable_places
from jupyter_prodkit.errors import NotebookError
from jupyter_prodkit.notebook.document import Cell, Notebook
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.session.driver import KernelDriver, Message, Outcome
from jupyter_prodkit.session.record import Glimpse
from jupyter_prodkit.session.starting import started

__all__ = ["Limits", "Trial", "trial"]

_ARGUMENTS = ("--HistoryManager.enabled=False",)  # what is run here is no history of the user's
_START_SECONDS = 60.0
# How libraries say that they were kept from something of which no audit event told.
_HELD_BACK = {
    "ask for input": re.compile(r"StdinNotImplementedError"),
    "use the network": re.compile(r"OfflineModeIsEnabled|LocalEntryNotFoundError"),
    "write elsewhere, connect or start a process": re.compile(
        r"EffectRefusedError|Permission denied|Errno 13\b|readonly database|unable to open database file"
    ),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What a trial may do."""

    deadline: float
    """Of `time.monotonic`."""
    allow_effects: bool = False
    hash_seed: int | None = None


@dataclass(slots=True)
class Trial:
    """A kernel in which the page is being run."""

    driver: KernelDriver
    display: Display
    limits: Limits
    progress: Progress
    ended: str = field(default="", init=False)
    """Why no other cell can be run; empty while one can."""

    def cell(self, cell: Cell) -> CleanOutcome:
        """Run one cell and return what it did. Raises TimeoutError and CancelledError."""
        shown, began = ShownCell(self.display), time.monotonic()
        try:
            outcome = self.driver.run_cell(cell, self.progress, shown.take, self.limits.deadline)
            seconds = time.monotonic() - began
            answer = self._ask(cell)
        except NotebookError as error:
            self.ended = f"the kernel died in {cell.label}"
            outcome, seconds, answer = Outcome(success=False, error=error.message), time.monotonic() - began, {}
        if not answer and not self.ended:
            self.ended = f"after {cell.label} the kernel no longer tells what it holds"
        return self._outcome(cell, outcome, seconds, shown, answer)

    def _ask(self, cell: Cell) -> Mapping[str, Any]:
        answers: list[Mapping[str, Any]] = []

        def listen(message: Message) -> None:
            if message["msg_type"] == "display_data" and inside.MIME in message["content"]["data"]:
                answers.append(message["content"]["data"][inside.MIME])

        code = inside.ask("tell", cell.cell_id)
        self.driver.execute(code, self.progress, silent=True, listen=listen, deadline=self.limits.deadline)
        return answers[-1] if answers else {}

    def _outcome(
        self, cell: Cell, outcome: Outcome, seconds: float, shown: ShownCell, answer: Mapping[str, Any]
    ) -> CleanOutcome:
        refused = answer.get("refused") or ([] if self.limits.allow_effects else _held_back(outcome.error))
        taken = answer.get("seconds")
        return CleanOutcome(
            cell_id=cell.cell_id,
            success=outcome.success,
            error=self.display.at_home(outcome.error),
            lacked=answer.get("lacked"),
            seconds=seconds if taken is None else taken,
            shown=shown.outputs(),
            written={name: Glimpse(*seen) for name, seen in answer.get("written", {}).items()},
            deleted=frozenset(answer.get("deleted", ())),
            refused=tuple(map(self.display.at_home, refused)),
        )


@contextmanager
def trial(notebook: Notebook, copy: WorkingCopy, limits: Limits, progress: Progress) -> Iterator[Trial]:
    """Yield a new kernel that works in `copy` and does nothing outside it; it ends with the block, at once.

    Raises TimeoutError where it is not ready in time, NotebookError where it does not start, CancelledError.
    """
    progress.stage("Starting a kernel")
    environment = kernel_environment(copy, allow_effects=limits.allow_effects, hash_seed=limits.hash_seed)
    renamed = {str(copy.top): str(copy.original_top), str(copy.temporary): tempfile.gettempdir()}
    request = {
        "allow_effects": limits.allow_effects,
        "top": str(copy.top),
        "writable": writable_places(copy, environment),
        "renamed": renamed,
    }
    with _kernel(notebook, copy, environment, limits) as (manager, client):
        driver = KernelDriver(client, interrupt=manager.interrupt_kernel, alive=manager.is_alive)
        driver.load_extension(progress, limits.deadline)
        code = inside.ask("begin", json.dumps(request))
        outcome = driver.execute(code, progress, silent=True, deadline=limits.deadline)
        if not outcome.success:
            raise NotebookError(f"The kernel can't be kept from doing harm: {outcome.error}")
        yield Trial(driver, Display(renamed), limits, progress)


@contextmanager
def _kernel(
    notebook: Notebook, copy: WorkingCopy, environment: Mapping[str, str], limits: Limits
) -> Iterator[tuple[Any, Any]]:
    left = limits.deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    kernel = started(
        notebook.path,
        folder=copy.folder,
        environment=environment,
        arguments=_ARGUMENTS,
        within_seconds=min(left, _START_SECONDS),
    )
    try:
        reached = kernel.__enter__()
    except NotebookError as error:
        raise (TimeoutError() if time.monotonic() >= limits.deadline else error) from error
    try:
        yield reached
    finally:
        kernel.__exit__(None, None, None)


def _held_back(error: str) -> list[str]:
    return [words for words, said in _HELD_BACK.items() if said.search(error)]
