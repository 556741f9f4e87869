"""Running the page, from the top as far as needed, in a kernel of its own and a copy of its folder."""

from __future__ import annotations

import os
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from jupyter_prodkit.check.replay.folder import working_copy
from jupyter_prodkit.check.replay.outcome import CleanOutcome, Replay
from jupyter_prodkit.check.replay.trial import Limits, trial
from jupyter_prodkit.notebook.document import Cell, Notebook
from jupyter_prodkit.progress import Progress, ProgressEvent
from jupyter_prodkit.session.record import Glimpse

__all__ = ["replay", "replaying", "verify"]

_SKIPPED = "skip-execution"
_SEEDS = (1, 2)
_FEW_CORES = 2


def replay(
    notebook: Notebook,
    *,
    until: str | None = None,
    budget: float,
    allow_effects: bool = False,
    hash_seed: int | None = None,
    progress: Progress,
) -> Replay:
    """Run the page from the top to its end, or to the cell `until`, and return what each cell did.

    It takes `budget` seconds at most, and leaves nothing behind. Raises CancelledError on a cancel, NotebookError
    where no kernel can be started.
    """
    run = replaying(
        notebook, until=until, budget=budget, allow_effects=allow_effects, hash_seed=hash_seed, progress=progress
    )
    try:
        while True:
            next(run)
    except StopIteration as end:
        whole: Replay = end.value
        return whole


def replaying(
    notebook: Notebook,
    *,
    until: str | None = None,
    budget: float,
    allow_effects: bool = False,
    hash_seed: int | None = None,
    progress: Progress,
) -> Generator[CleanOutcome, None, Replay]:
    """Yield what each cell did as soon as it has, and return the whole; closing the generator ends the run.

    As `replay`, for a caller who stops when he knows enough.
    """
    limits = Limits(time.monotonic() + budget, allow_effects=allow_effects, hash_seed=hash_seed)
    cells = _wanted(notebook, until)
    if not cells:
        return Replay({})
    outcomes: dict[str, CleanOutcome] = {}
    final: dict[str, Glimpse] = {}
    unfinished = ""
    progress.stage("Copying the notebook's folder")
    with working_copy(notebook.path.parent, notebook=notebook.path) as copy:
        try:
            with trial(notebook, copy, limits, progress) as run:
                for place, cell in enumerate(cells):
                    progress.stage(f"Running {cell.label} of {len(notebook.cells)}", place / len(cells))
                    outcome = outcomes[cell.cell_id] = run.cell(cell)
                    final = {**final, **outcome.written}
                    for name in outcome.deleted:
                        del final[name]
                    yield outcome
                    if run.ended:
                        unfinished = run.ended
                        break
        except TimeoutError:
            unfinished = f"the {budget:.3g} seconds that it may take were over {_where(cells, len(outcomes))}"
    return Replay(outcomes, unfinished, final)


def verify(
    notebook: Notebook, *, budget: float, allow_effects: bool = False, progress: Progress
) -> tuple[Replay, Replay]:
    """Run the whole page twice from the top, with different hash seeds; both runs together take `budget` seconds.

    Raises as `replay` does.
    """
    deadline = time.monotonic() + budget

    def once(number: int) -> Replay:
        left = max(0.0, deadline - time.monotonic())
        part = _half(progress, number)
        return replay(notebook, budget=left, allow_effects=allow_effects, hash_seed=_SEEDS[number], progress=part)

    if (os.cpu_count() or 1) <= _FEW_CORES:
        return once(0), once(1)
    with ThreadPoolExecutor(2) as pool:
        first, second = (pool.submit(once, number) for number in range(2))
        try:
            return first.result(), second.result()
        except BaseException:  # one of them failed, or Ctrl-C: the other need not go on
            progress.cancel()
            raise


def _half(progress: Progress, number: int) -> Progress:
    """The progress of one of two runs; a cancel of the whole reaches it."""

    def listen(event: ProgressEvent) -> None:
        fraction = None if event.fraction is None else (event.fraction + number) / 2
        progress.listener(
            replace(event, message=f"{event.message}, {('first', 'second')[number]} run", fraction=fraction)
        )

    return replace(progress, listener=listen)


def _wanted(notebook: Notebook, until: str | None) -> list[Cell]:
    cells = [cell for cell in notebook.code_cells if _SKIPPED not in cell.tags]
    last = next((place for place, cell in enumerate(cells) if cell.cell_id == until), None)
    return cells if last is None else cells[: last + 1]


def _where(cells: list[Cell], done: int) -> str:
    return f"in {cells[done].label}" if done < len(cells) else "at the end"
