"""What only ours has: the time spent in our hooks, by `%prodcheck`, and by loading the extension."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from cost.kernels import CONTENDERS, running

__all__ = ["Checked", "Loaded", "Spent", "check_times", "hook_times", "loading"]

TIMED = """
def _time_hooks(shell):
    import time
    spent = shell._benchmark_spent = [[0.0, 0.0]]
    for name, callbacks in shell.events.callbacks.items():
        for place, hook in enumerate(callbacks):
            owner = getattr(getattr(hook, "__self__", None), "__class__", hook)
            if not getattr(owner, "__module__", "").startswith("jupyter_prodkit"):
                continue
            def timed(*arguments, _hook=hook, **named):
                began = time.perf_counter(), time.thread_time()
                try:
                    return _hook(*arguments, **named)
                finally:
                    spent[-1][0] += time.perf_counter() - began[0]
                    spent[-1][1] += time.thread_time() - began[1]
            callbacks[place] = timed
    shell.events.callbacks["pre_execute"].insert(0, lambda: spent.append([0.0, 0.0]))
_time_hooks(get_ipython())
del _time_hooks
"""
SPENT = "print(get_ipython()._benchmark_spent)"
LOAD = """
def _load(shell):
    import json, sys, time
    before, began = set(sys.modules), (time.perf_counter(), time.thread_time())
    shell.run_line_magic("load_ext", "jupyter_prodkit")
    spent = time.perf_counter() - began[0], time.thread_time() - began[1]
    print(json.dumps([spent, sorted(set(sys.modules) - before)]))
_load(get_ipython())
del _load
"""
CHECK = """
def _check(shell, notebook):
    import contextlib, io, json, time
    spent = []
    for _ in range(4):
        began, printed = (time.perf_counter(), time.thread_time()), io.StringIO()
        with contextlib.redirect_stdout(printed):
            shell.run_line_magic("prodcheck", f"--json --notebook {notebook}")
        spent.append((time.perf_counter() - began[0], time.thread_time() - began[1]))
    print(json.dumps([spent, json.loads(printed.getvalue())["verdict"]]))
_check(get_ipython(), NOTEBOOK)
del _check
"""


@dataclass(frozen=True)
class Spent:
    """Seconds; where the machine is busy, the CPU's are those to look at."""

    wall: float
    cpu: float
    """Of the thread that runs cells."""

    @classmethod
    def least(cls, measured: Iterable[Sequence[float]]) -> Spent:
        """The least of some pairs, of each kind by itself."""
        return cls(*map(min, zip(*measured, strict=True)))


def hook_times(python: Path, path: Path, cells: tuple[str, ...], rounds: int) -> list[Spent]:
    """Time in our hooks by cell, before and after it together; each the least of the rounds."""
    measured = []
    for _ in range(rounds):
        with running(python, CONTENDERS["prodkit"], path) as kernel:
            kernel.execute(TIMED, silent=True)
            kernel.execute("1", cell_id="warm")
            for place, source in enumerate(cells):
                kernel.execute(source, cell_id=f"c{place}")
            printed, _ = kernel.execute(SPENT, silent=True)
        # before them the requests that set up and warm up, after them the one that asks
        measured.append(json.loads(printed)[-len(cells) - 1 : -1])
    return [Spent.least(times) for times in zip(*measured, strict=True)]


@dataclass(frozen=True)
class Checked:
    """`%prodcheck` on one page."""

    cells: int
    first: Spent
    """The first time in a kernel: it imports what the check needs."""
    again: Spent
    """The least of three more."""
    verdict: str


def page(cells: int) -> Iterator[str]:
    """Cells as people write them: settings, functions, containers that grow, tables of results, looks at them."""
    for place in range(cells):
        group = place // 8
        yield (
            f"factor_{group} = {group} + 1",
            f"def scaled_{group}(values):\n    return [value * factor_{group} for value in values]",
            f"numbers_{group} = list(range(20))",
            f"numbers_{group}.append(factor_{group})",
            f"larger_{group} = scaled_{group}(numbers_{group})",
            f"summary_{group} = {{'sum': sum(larger_{group}), 'count': len(larger_{group})}}",
            f"print(summary_{group}['sum'])",
            f"len(larger_{group})",
        )[place % 8]


def check_times(python: Path, path: Path, sizes: tuple[int, ...], rounds: int) -> list[Checked]:
    """Run pages of these sizes top-down and check each, in kernels of their own; the least of the rounds."""
    found: dict[int, list[tuple[str, list[list[float]]]]] = {size: [] for size in sizes}
    for _ in range(rounds):
        for size in sizes:
            found[size].append(check_once(python, path, size))
    return [
        Checked(
            cells=size,
            first=Spent.least(times[0] for _, times in kernels),
            again=Spent.least(one for _, times in kernels for one in times[1:]),
            verdict=kernels[0][0],
        )
        for size, kernels in found.items()
    ]


def check_once(python: Path, path: Path, size: int) -> tuple[str, list[list[float]]]:
    """The verdict on one page, and the wall and CPU seconds of each time it was asked for."""
    sources = list(page(size))
    with running(python, CONTENDERS["prodkit"], path) as kernel:
        kernel.order = [f"c{place}" for place in range(size)]
        outputs = [kernel.execute(source, cell_id=f"c{place}")[0] for place, source in enumerate(sources)]
        notebook = kernel.cwd / "page.ipynb"
        notebook.write_text(json.dumps(document(sources, outputs)), encoding="utf-8")
        printed, raised = kernel.execute(CHECK.replace("NOTEBOOK", repr(str(notebook))), silent=True)
    if raised:
        raise RuntimeError(f"%prodcheck raised {raised}")
    times, verdict = json.loads(printed)
    return verdict, times


def document(sources: list[str], outputs: list[str]) -> dict[str, object]:
    """The page as it would be saved; what `print` said is there, results of expressions are as if cleared."""
    cells = [
        {
            "cell_type": "code", "id": f"c{place}", "metadata": {}, "source": source, "execution_count": place + 1,
            "outputs": [{"output_type": "stream", "name": "stdout", "text": printed}] if printed else [],
        }
        for place, (source, printed) in enumerate(zip(sources, outputs, strict=True))
    ]  # fmt: skip
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}


@dataclass(frozen=True)
class Loaded:
    """Loading the extension into a kernel that runs already."""

    spent: Spent
    """The least of the rounds."""
    middle: float
    """Wall seconds, the median of the rounds."""
    modules: int
    """How many modules that brings, our own among them."""
    others: tuple[str, ...]
    """Packages that are not ours and weren't there before."""


def loading(python: Path, path: Path, rounds: int) -> Loaded:
    """Load the extension into plain kernels."""
    times, modules = [], []
    for _ in range(rounds):
        with running(python, CONTENDERS["plain"], path) as kernel:
            printed, raised = kernel.execute(LOAD, silent=True)
        if raised:
            raise RuntimeError(f"loading raised {raised}")
        spent, modules = json.loads(printed)
        times.append(spent)
    others = {name.partition(".")[0] for name in modules} - {"jupyter_prodkit"}
    return Loaded(Spent.least(times), median(wall for wall, _ in times), len(modules), tuple(sorted(others)))
