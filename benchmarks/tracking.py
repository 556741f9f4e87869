"""What tracking costs: the same cells in a plain kernel and in one with jupyter-prodkit, side by side.

Run `python benchmarks/tracking.py`; it takes about three minutes and prints one table. `--rounds 1` is quicker.
Times are of whole round trips, the best of the rounds for each cell, kernels taking turns; the hooks' own time is
measured inside the kernel. Memory is the kernel's at its peak.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from jupyter_prodkit.notebook.document import Cell
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.session.driver import KernelDriver, fresh_kernel

FIB = "def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)"
FRAME = "import numpy as np, pandas as pd\ndf = pd.DataFrame(np.ones((2_000_000, 10)), columns=list('abcdefghij'))"
WORKLOADS = {
    "50 one-line cells": [f"x{n} = {n}" for n in range(50)],
    "1e6 steps at top level": ["total = 0\nfor i in range(1_000_000):\n    total += i", "print(total)"],
    "fib(24)": [FIB, "y = fib(24)", "y"],
    "200k dicts alive": ["rows = [{'a': i, 'b': str(i)} for i in range(200_000)]", *(f"x{n} = {n}" for n in range(20))],
    "DataFrame 2M × 10": [FRAME, *(f"m{n} = df['{c}'].mean()" for n, c in enumerate("abc")), "df['a'] = 0", "df.shape"],
    "ndarray 400 MB": [
        "import numpy as np\na = np.ones(50_000_000)", *(f"v{n} = a[{n}]" for n in range(10)), "a[0] = 2", "a[0]",
    ],
    "1M texts in a column": [
        "import pandas as pd\ns = pd.DataFrame({'t': [f'text {n}' for n in range(1_000_000)]})",
        "s['u'] = s['t']", "n = len(s)", "s.head(2)",
    ],
    "200 small containers alive": [
        "\n".join(f"l{n} = list(range(100))" for n in range(200)), *(f"x{n} = {n}" for n in range(20)),
    ],
}  # fmt: skip
UNLOAD = "get_ipython().run_line_magic('unload_ext', 'jupyter_prodkit')"
TIMED = """
def timed(shell):
    import time
    from jupyter_prodkit.faces.extension import session_of
    from jupyter_prodkit.session.tracker import Tracker
    spent = Tracker.spent = []
    for name in ("before_run", "after_run"):
        def hook(*a, real=getattr(Tracker, name), **k):
            started = time.perf_counter()
            try:
                return real(*a, **k)
            finally:
                spent.append(time.perf_counter() - started)
        setattr(Tracker, name, hook)
timed(get_ipython())
del timed
"""
MEASURE = """
import resource as _r
from jupyter_prodkit.session.tracker import Tracker as _T
print(_r.getrusage(_r.RUSAGE_SELF).ru_maxrss / 1024, *getattr(_T, "spent", ()))
del _r, _T
"""


@dataclass(frozen=True)
class Figures:
    """Of one workload in one kind of kernel."""

    seconds: list[float]
    """Of each cell."""
    megabytes: float
    hooks: list[float]
    """Seconds spent in our hooks, of each cell."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    row = "{:<28} {:>6} {:>10} {:>10} {:>8} {:>8} {:>8} {:>9} {:>10}"
    print(
        row.format(
            "workload", "cells", "plain s", "tracked s", "ratio", "hook ms", "worst ms", "plain MB", "tracked MB"
        )
    )
    for name, sources in WORKLOADS.items():
        runs = [(run(sources, tracked=False), run(sources, tracked=True)) for _ in range(rounds)]
        plain, tracked = ([pair[kind] for pair in runs] for kind in (0, 1))
        before, after = best(plain), best(tracked)
        hooks = [min(times) * 1000 for times in zip(*(one.hooks for one in tracked), strict=True)]
        memory = [median(one.megabytes for one in kind) for kind in (plain, tracked)]
        times = [f"{before:.3f}", f"{after:.3f}", f"{after / before:.2f}", f"{median(hooks):.2f}", f"{max(hooks):.2f}"]
        print(row.format(name, len(sources), *times, *(f"{one:.0f}" for one in memory)), flush=True)


def best(runs: list[Figures]) -> float:
    """The whole workload, each cell as quick as it ever was."""
    return sum(min(times) for times in zip(*(run.seconds for run in runs), strict=True))


def run(sources: list[str], *, tracked: bool) -> Figures:
    with kernel(tracked=tracked) as driver:
        seconds = []
        for place, source in enumerate(sources):
            started = time.perf_counter()
            driver.run_cell(Cell(f"c{place}", place, "code", source), Progress())
            seconds.append(time.perf_counter() - started)
        said: list[str] = []
        driver.execute(MEASURE, Progress(), silent=True, listen=lambda message: said.append(text_of(message)))
    megabytes, *hooks = map(float, "".join(said).split())
    return Figures(seconds, megabytes, [before + after for before, after in zip(hooks[::2], hooks[1::2], strict=True)])


@contextmanager
def kernel(*, tracked: bool) -> Iterator[KernelDriver]:
    with tempfile.TemporaryDirectory() as folder, fresh_kernel(Path(folder) / "bench.ipynb", Progress()) as driver:
        driver.execute(TIMED if tracked else UNLOAD, Progress(), silent=True)
        yield driver


def text_of(message: dict[str, object]) -> str:
    content = message["content"]
    return str(content["text"]) if message["msg_type"] == "stream" and isinstance(content, dict) else ""


if __name__ == "__main__":
    main()
