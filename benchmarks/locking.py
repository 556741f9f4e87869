"""Who finds what a notebook really needs: pipreqs, pigar, `uv pip freeze` and the lock; and what the lock costs.

    python benchmarks/locking.py [--docs] [--rounds 3]

The first run makes the kernel's environment and those of the tools, outside the repository. docs/benchmarks.md says
what the figures mean.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median

from checkout import CACHE, ROOT, described, needed_packages, write_docs
from dependencies.hard_case import NEEDS, make_environment, write_notebook
from dependencies.tools import Named, by_freeze, by_pigar, by_pipreqs, by_prodkit

from jupyter_prodkit.lock.uv import find_uv

TOOLS = {
    "`pipreqs --scan-notebooks`": by_pipreqs,
    "`pigar generate`": by_pigar,
    "`uv pip freeze`": by_freeze,
    "`prodkit lock`": by_prodkit,
}
OWN = ("edpkg", "pathpkg", "vcspkg", "torch")
"""What no public index has: a line `name==version` would install somebody else's, or nothing."""
FACTS = """
import importlib.metadata as m, json, re, sys
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name as c
here = {c(d.metadata["Name"]): d for d in m.distributions()}
names, waiting = set(), list(json.loads(sys.argv[1]))
while waiting:
    name = waiting.pop()
    if name in here and name not in names:
        names.add(name)
        wanted = [Requirement(r) for r in here[name].requires or []]
        waiting += [c(r.name) for r in wanted if r.marker is None or r.marker.evaluate({"extra": ""})]
print(json.dumps({"closure": sorted(names), "versions": {n: d.version for n, d in here.items()}}))
"""
TIMES = """
import json, sys, time
before = set(sys.modules)
for name in json.loads(sys.argv[1]):
    __import__(name)
modules = {k: getattr(m, "__dict__", {}).get("__file__") for k, m in list(sys.modules.items()) if k not in before}
copies = dict(modules)
while len(copies) < 3000:
    copies.update({f"{k}.again{len(copies)}": f for k, f in list(modules.items())[: 3000 - len(copies)]})
from pathlib import Path
from jupyter_prodkit.environment.capture import capture
capture({}, set())
loaded = set(sys.modules)
spent = []
for _ in range(5):
    started, before = time.perf_counter(), time.process_time()
    facts = capture(copies, set(), Path.cwd())
    spent.append((time.perf_counter() - started, time.process_time() - before))
assert set(sys.modules) == loaded
print(json.dumps({"modules": len(copies), "seconds": sorted(spent)[2][0], "busy": sorted(spent)[2][1]}))
"""
LOCKED = """
import json, os, sys, time, tempfile
for name in json.loads(sys.argv[1]):
    __import__(name)
from pathlib import Path
from jupyter_prodkit.environment.capture import capture
from jupyter_prodkit.environment.installed import installed_distributions
from jupyter_prodkit.lock.locking import Wishes
from jupyter_prodkit.lock.step import plan_for, run
from jupyter_prodkit.progress import Progress
import msgspec
from jupyter_prodkit.environment.facts import DistributionFact
from jupyter_prodkit.environment.provenance import provenance
here = installed_distributions()
keep = [one for one in here.values() if provenance(one)[0] == "index" and one.name != "torch"]
asked = [(one.name, one.version) for one in keep]
modules = {k: getattr(m, "__dict__", {}).get("__file__") for k, m in list(sys.modules.items())}
known = {f.name: f for f in capture(modules, set(), Path.cwd()).distributions}
facts = tuple(known.get(n) or DistributionFact(name=n, version=v, why="required") for n, v in sorted(asked))
facts = msgspec.structs.replace(capture({}, set()), distributions=facts)
out = {"distributions": len(keep)}
with tempfile.TemporaryDirectory() as folder:
    for kind, wishes in (("first", {}), ("again", {}), ("third", {}), ("proven", {"prove": True})):
        started, before = time.perf_counter(), sum(os.times()[:4])
        plan = plan_for(facts, Path(folder, "l"), installed=here, wishes=Wishes(**wishes))
        result = run(plan, Progress())
        out[kind], out[f"{kind} busy"] = time.perf_counter() - started, sum(os.times()[:4]) - before
    out["proof"] = sum(step.seconds for step in result.document.proof)
print(json.dumps(out))
"""
IMPORTS = (
    "numpy", "pandas", "sklearn.linear_model", "scipy.stats", "matplotlib.pyplot", "statsmodels.api", "seaborn", "cv2",
    "lightgbm", "google.cloud.storage", "openpyxl", "bs4", "yaml", "dotenv", "tqdm", "attr", "PIL.Image",
)  # fmt: skip


def main() -> None:
    """Measure, print, and with `--docs` write into docs/benchmarks.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=CACHE / "dependencies", help="where environments are kept")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--docs", action="store_true", help="write the tables into docs/benchmarks.md")
    given = parser.parse_args()
    uv = find_uv()
    kernel = [*needed_packages(), "uv>=0.9", "packaging>=26", "tomli-w>=1"]
    python = make_environment(uv, given.work / "kernel", kernel)
    subprocess.run([uv, "pip", "install", "-q", "-p", python, "--no-deps", "-e", ROOT], check=True)
    os.environ["PIP_CONFIG_FILE"] = os.devnull  # indexes of this machine's own are no part of what is measured
    os.environ["PIP_FIND_LINKS"] = str(given.work / "kernel" / "wheels")  # where the stand-in for PyTorch came from
    text = "\n".join([f"At {described()}.", "", *_found(uv, python, given.rounds), "", *_costs(python)]) + "\n"
    print(text)
    if given.docs:
        write_docs("locking", text)


def _found(uv: Path, python: str, rounds: int) -> Iterator[str]:
    """Yield the table of what each tool finds."""
    truth = _asked(python, FACTS, sorted(NEEDS))
    yield f"| tool | right (of {len(NEEDS)}) | wrong | missed | not needed at all | seconds |"
    yield "|---|---|---|---|---|---|"
    for name, tool in TOOLS.items():
        with tempfile.TemporaryDirectory() as scratch:
            notebook = write_notebook(Path(scratch, "nb"))
            answers = [tool(uv, python, notebook, Path(scratch)) for _ in range(rounds)]
        yield _row(name, answers, truth)


def _row(name: str, answers: list[Named], truth: Mapping[str, Mapping[str, str]]) -> str:
    named = answers[-1]
    if named.failed:
        return f"| {name} | failed: {' '.join(named.failed.split())[-80:]} | | | | |"
    good = {one for one, version in named.lines.items() if _is_right(one, version, truth["versions"])}
    wrong = sorted(named.lines.keys() - good)
    missed = sorted(NEEDS - named.lines.keys())
    beyond = good - set(truth["closure"])
    seconds = median(one.seconds for one in answers)
    told = [f"{len(found)}{f': {_some(found)}' if found else ''}" for found in (wrong, missed)]
    return f"| {name} | {len(good & NEEDS)} | {told[0]} | {told[1]} | {len(beyond)} | {seconds:.1f} |"


def _is_right(name: str, line: str, versions: Mapping[str, str]) -> bool:
    """Whether a line installs what the kernel has: the version, or a place where no index has it."""
    if name in OWN:
        return "/" in line
    return line == versions.get(name) or line.startswith("wheels/")


def _costs(python: str) -> Iterator[str]:
    """Yield the table of what the lock costs."""
    captured, locked = _asked(python, TIMES, IMPORTS), _asked(python, LOCKED, IMPORTS)
    warm = min(("again", "third"), key=lambda kind: locked[kind])
    yield "| what | measured | of it busy | at most |"
    yield "|---|---|---|---|"
    times = f"{captured['seconds']:.2f} s | {captured['busy']:.2f} s"
    yield f"| capture of {captured['modules']:,} modules | {times} | 0.5 s |"
    for kind, said, most in (("first", "nothing known yet", ""), (warm, "again", "3 s (of 100)")):
        times = f"{locked[kind]:.1f} s | {locked[f'{kind} busy']:.1f} s"
        yield f"| lock of {locked['distributions']} distributions, {said} | {times} | {most} |"
    yield f"| proof of these in a clean environment | {locked['proof']:.1f} s | | 60 s (the demo) |"
    load = os.getloadavg()[0]
    yield ""
    yield f"Busy: seconds of processors. While this ran, {load:.0f} processes wanted the {os.cpu_count()} processors."


def _asked(python: str, code: str, names: object) -> dict:
    command = [python, "-c", code, json.dumps(list(names))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def _some(names: list[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")


if __name__ == "__main__":
    main()
