"""What tracking costs: plain ipykernel, jupyter-prodkit, FlowBook and ipyflow side by side on the same cells.

    python benchmarks/overhead.py [--rounds 5] [--corpus DIR] [--out FILE]

The first run makes an environment for each kernel outside the repository. Kernels take turns, forwards and backwards,
so that a noisy machine disturbs all alike; of each cell the least of the rounds counts. `--parts` chooses what to
measure: `workloads`, `notebooks`, `own`. docs/benchmarks.md says what the figures mean.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from checkout import CACHE, copied_package, described, write_docs
from cost.kernels import CONTENDERS, Costs, install, measure
from cost.own import Spent, check_times, hook_times, loading
from cost.workloads import WORKLOADS, Workload, notebooks

OTHERS_GIVE_UP_AFTER = 120.0
"""Seconds that a tool other than ours may need for one workload before it is measured only once."""
SIZES = (100, 1000, 2000)


@dataclass
class Measured:
    """One workload in all kernels: the rounds of each."""

    workload: Workload
    rounds: dict[str, list[Costs]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    def least(self, name: str, kind: str) -> float:
        """Seconds of the whole workload, each cell as quick as it ever was."""
        return sum(min(times) for times in zip(*(getattr(one, kind) for one in self.rounds[name]), strict=True))

    def ratio(self, name: str, kind: str) -> float:
        """Of `wall` or `cpu` seconds to the plain kernel's."""
        return self.least(name, kind) / self.least("plain", kind)

    def ratio_with_imports(self, name: str) -> float:
        """Of wall seconds, with the cells that import what the workload needs: as a notebook that begins there."""
        ours, plain = (self.least(one, "wall") + self.least(one, "imports") for one in (name, "plain"))
        return ours / plain

    def spread(self, name: str) -> tuple[float, float]:
        """The least and the greatest ratio of wall seconds within one round."""
        pairs = zip(self.rounds[name], self.rounds["plain"], strict=False)
        ratios = [sum(tool.wall) / sum(plain.wall) for tool, plain in pairs]
        return min(ratios), max(ratios)

    def megabytes(self, name: str) -> float:
        """Of the rounds the middle one's peak."""
        return median(one.megabytes for one in self.rounds[name])

    def memory(self, name: str) -> float:
        """Ratio of the peaks."""
        return self.megabytes(name) / self.megabytes("plain")


def main() -> None:
    options = parse()
    pythons = environments(options.work.resolve(), options.kernels.split(","))
    texts = [about(options)]
    with copied_package() as code:
        for part in options.parts.split(","):
            texts += PARTS[part](pythons, code, options)
            if options.out:
                options.out.write_text("\n\n".join(texts) + "\n", encoding="utf-8")
    print("\n\n".join(texts))
    if options.docs:
        write_docs("overhead", "\n\n".join(texts))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=CACHE / "overhead", help="folder of the environments")
    parser.add_argument("--kernels", default=",".join(CONTENDERS), help="which to compare; plain is needed")
    parser.add_argument("--parts", default="workloads,notebooks,own")
    parser.add_argument("--rounds", type=int, default=5, help="of the plain kernel and ours")
    parser.add_argument("--other-rounds", type=int, default=2, help="of the other tools")
    parser.add_argument("--only", default="", help="only workloads and notebooks with this in their name")
    parser.add_argument(
        "--corpus", type=Path, default=CACHE / "accuracy" / "corpus", help="notebooks that benchmarks/accuracy.py made"
    )
    parser.add_argument("--notebooks", type=int, default=None, help="how many of them; all if not said")
    parser.add_argument("--out", type=Path, help="write the tables to this file too")
    parser.add_argument("--docs", action="store_true", help="write the tables into docs/benchmarks.md")
    return parser.parse_args()


def environments(work: Path, names: list[str]) -> dict[str, Path]:
    """Python of each kernel's environment; a tool that can't be installed is left out, and that is said."""
    found = {}
    for name in ["plain", *(name for name in names if name != "plain")]:
        try:
            found[name] = install(CONTENDERS[name], work)
        except subprocess.CalledProcessError as error:  # noqa: PERF203 - there are four
            if name in {"plain", "prodkit"}:
                raise
            print(f"{name} is left out: it can't be installed ({error}).", file=sys.stderr)
    return found


def about(options: argparse.Namespace) -> str:
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}"
    return (
        f"jupyter-prodkit {described()}, {time.strftime('%Y-%m-%d')}; {machine}; {options.rounds} rounds "
        f"({options.other_rounds} of the other tools)."
    )


def measured(
    workloads: list[Workload], pythons: dict[str, Path], code: Path, options: argparse.Namespace
) -> Iterator[Measured]:
    """Run each workload in all kernels in turn, forwards and backwards."""
    for workload in workloads:
        result, began = Measured(workload), time.monotonic()
        for number in range(options.rounds):
            for name in list(pythons)[:: 1 if number % 2 == 0 else -1]:
                run_once(result, name, number, pythons, code, options)
        print(f"{workload.name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
        yield result


def run_once(
    result: Measured, name: str, number: int, pythons: dict[str, Path], code: Path, options: argparse.Namespace
) -> None:
    other = name not in {"plain", "prodkit"}
    known = result.rounds.setdefault(name, [])
    slow = bool(known) and sum(known[0].wall) > OTHERS_GIVE_UP_AFTER
    if name in result.failed or (other and (number >= options.other_rounds or slow)):
        return
    path = code if name == "prodkit" else None
    try:
        known.append(measure(pythons[name], CONTENDERS[name], result.workload, path))
    except Exception as error:
        if not other:
            raise
        result.failed[name] = f"{type(error).__name__}: {error}"


def workload_tables(pythons: dict[str, Path], code: Path, options: argparse.Namespace) -> list[str]:
    chosen = [workload for workload in WORKLOADS if options.only in workload.name]
    results = list(measured(chosen, pythons, code, options))
    return ["## Small cells that strain one thing each", table(results, list(pythons), "workload", imports=True)]


def notebook_tables(pythons: dict[str, Path], code: Path, options: argparse.Namespace) -> list[str]:
    books = [book for book in notebooks(options.corpus, options.notebooks) if options.only in book.name]
    results = list(measured(books, pythons, code, options))
    return ["## Whole notebooks", totals(results, list(pythons)), table(results, list(pythons), "notebook")]


def table(results: list[Measured], names: list[str], first: str, *, imports: bool = False) -> str:
    """By workload the plain kernel's seconds and megabytes, and the tools' ratios to them."""
    tools = [name for name in names if name != "plain"]
    titles = [first, "plain s", "plain MB"]
    for name in tools:
        titles += [f"{name} time ×", *(["with its imports ×"] if imports else []), "CPU ×", "memory ×"]
    rows = [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|"]
    for one in results:
        cells = [one.workload.name, f"{one.least('plain', 'wall'):.3f}", f"{one.megabytes('plain'):.0f}"]
        for name in tools:
            cells += ratios(one, name, imports=imports)
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def ratios(one: Measured, name: str, *, imports: bool) -> list[str]:
    if name in one.failed or not one.rounds.get(name):
        return [f"failed: {one.failed.get(name, '')}"[:60], *([""] if imports else []), "", ""]
    low, high = one.spread(name)
    more = one.rounds[name][0].raised - one.rounds["plain"][0].raised
    note = f"; {more} cells raise" if more > 0 else ""
    time_ratio = f"{one.ratio(name, 'wall'):.2f} ({low:.2f}–{high:.2f}{note})"
    whole = [f"{one.ratio_with_imports(name):.2f}"] if imports else []
    return [time_ratio, *whole, f"{one.ratio(name, 'cpu'):.2f}", f"{one.memory(name):.2f}"]


def totals(results: list[Measured], names: list[str]) -> str:
    """All notebooks together."""
    rows = ["| kernel | notebooks | time × (sum) | time × (median) | time × (worst) | CPU × (sum) | memory × (median) "]
    rows = [f"{rows[0]}| start s | cells that raise only here |", "|---" * 9 + "|"]
    for name in names:
        good = [one for one in results if one.rounds.get(name) and name not in one.failed]
        if not good:
            continue
        by_book = [one.ratio(name, "wall") for one in good]
        sums = {
            kind: sum(one.least(name, kind) for one in good) / sum(one.least("plain", kind) for one in good)
            for kind in ("wall", "cpu")
        }
        start = min(costs.start_wall for one in good for costs in one.rounds[name])
        raised = sum(max(0, one.rounds[name][0].raised - one.rounds["plain"][0].raised) for one in good)
        figures = [sums["wall"], median(by_book), max(by_book), sums["cpu"], median(one.memory(name) for one in good)]
        cells = [name, str(len(good)), *(f"{figure:.3f}" for figure in figures), f"{start:.2f}", str(raised)]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def own_tables(pythons: dict[str, Path], code: Path, options: argparse.Namespace) -> list[str]:
    python, small = pythons["prodkit"], WORKLOADS[0]
    both = {name: pythons[name] for name in ("plain", "prodkit")}
    cost = next(measured([small], both, code, options))
    extra = 1000 * (cost.least("prodkit", "cpu") - cost.least("plain", "cpu")) / len(small.cells)
    hooks = hook_times(python, code, small.cells, options.rounds)
    loaded = loading(python, code, options.rounds)
    checks = check_times(python, code, SIZES, max(2, options.rounds // 2))
    middle, worst = (
        Spent(choose(one.wall for one in hooks), choose(one.cpu for one in hooks)) for choose in (median, max)
    )
    rows = [
        "| what | ms | of it CPU |",
        "|---|---|---|",
        f"| our hooks around a one-line cell, median of {len(hooks)} | {milliseconds(middle)} |",
        f"| the worst of them | {milliseconds(worst)} |",
        f"| a one-line cell more than in the plain kernel, all threads | – | {extra:.2f} |",
        f"| loading the extension (median {1000 * loaded.middle:.0f} ms) | {milliseconds(loaded.spent)} |",
    ]
    for one in checks:
        rows += [
            f"| `%prodcheck` on {one.cells} cells ({one.verdict}), first in a kernel | {milliseconds(one.first)} |",
            f"| the same again | {milliseconds(one.again)} |",
        ]
    smallest, largest = checks[0], checks[-1]
    growth = (largest.again.cpu / largest.cells) / (smallest.again.cpu / smallest.cells)
    notes = (
        f"Loading brings {loaded.modules} modules; packages not ours that weren't there: {', '.join(loaded.others)}. "
        f"CPU time per cell of `%prodcheck` on {largest.cells} cells ÷ on {smallest.cells} (linear: 1): {growth:.2f}."
    )
    return ["## Ours alone", "\n".join(rows), notes]


def milliseconds(spent: Spent) -> str:
    """Two cells of a table."""
    return f"{1000 * spent.wall:.2f} | {1000 * spent.cpu:.2f}"


PARTS = {"workloads": workload_tables, "notebooks": notebook_tables, "own": own_tables}

if __name__ == "__main__":
    main()
