"""Plays one session: what really happens on Restart & Run All, and what each tool says of it.

Needs the harness on `sys.path`. Everything is kept in one folder per set of sessions, so that a later run only plays
what is missing: `specs`, `truth`, `clean` (what the clean runs gave) and `runs/<label>`.
"""

from __future__ import annotations

import gzip
import json
import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hsbench import __main__ as harness
from hsbench import adapters, sessions, truth

from hidden_state import grown

__all__ = ["SETS", "kept_session", "play_session"]

Json = dict[str, Any]
SETS: dict[str, Callable[[str, str, str, int], Json]] = {"edited": sessions.make, "grown": grown.make}
"""Sessions that open with one clean run, and notebooks grown cell by cell."""
FROM_RECORD = "%prodcheck --json --notebook {notebook}"
REPLAYED = "%prodcheck --replay --json --notebook {notebook}"
REPORT_SECONDS = 330
SPLIT = "public"


class Prodkit(adapters.Prodkit):
    """Ours: one session, both reports. A cell is flagged by its state in the report that replays."""

    code: Path
    """Folder of the package to import; kernels find it before an installed one."""

    def __init__(self) -> None:
        super().__init__()
        self.env = {"PYTHONPATH": str(self.code)}

    def report(self, k: Any, nb: Json, path: Path) -> Json:  # noqa: ARG002 - the harness's protocol
        """Ask twice: from the record alone, then with replay."""
        answers = {depth: self._ask(k, line, path) for depth, line in (("record", FROM_RECORD), ("replay", REPLAYED))}
        return {"notebook_dirty": False, "cells": [], **answers}

    def _ask(self, k: Any, line: str, path: Path) -> Json:
        reply = k.execute(line.replace("{notebook}", str(path)), timeout=REPORT_SECONDS)
        text = "".join(one.get("text", "") for one in reply["outputs"] if one["output_type"] == "stream")
        try:
            report: Json = self.find_json(text)
        except ValueError:
            errors = [f"{one['ename']}: {one['evalue']}" for one in reply["outputs"] if one["output_type"] == "error"]
            return {"failed": "; ".join(errors) or text[-300:], "seconds": reply["elapsed"]}
        return {**report, "seconds": round(reply["elapsed"], 4)}


def play_session(
    chosen: str, corpus: str, seed: str, number: int, tools: tuple[str, ...], label: str, out: Path, code: Path
) -> Json:
    """Return the session's truth and, by tool, its report; what is kept already is not played again."""
    Prodkit.code = code
    adapters.ADAPTERS["prodkit"] = Prodkit
    spec = kept(out / "specs" / f"{number:04d}.json", lambda: SETS[chosen](corpus, SPLIT, seed, number))
    clean = out / "clean" / f"{number:04d}.json.gz"
    real = kept(out / "truth" / f"{number:04d}.json", lambda: really(spec, corpus, clean))
    reports = {}
    if not real.get("failed"):
        for tool in tools:
            name = label if tool == "prodkit" else tool
            there = out / "runs" / name / f"{number:04d}.json"
            reports[name] = kept(there, lambda tool=tool: said(tool, spec, corpus, real, clean), retry=True)
    return {"number": number, "truth": real, "reports": reports}


def kept_session(out: Path, number: int, names: list[str]) -> Json | None:
    """Return what `play_session` would return of what is kept; None where the session was never played."""
    truth_of = out / "truth" / f"{number:04d}.json"
    if not truth_of.exists():
        return None
    files = {name: out / "runs" / name / f"{number:04d}.json" for name in names}
    reports = {name: json.loads(file.read_text(encoding="utf-8")) for name, file in files.items() if file.exists()}
    return {"number": number, "truth": json.loads(truth_of.read_text(encoding="utf-8")), "reports": reports}


def kept(path: Path, make: Callable[[], Json], *, retry: bool = False) -> Json:
    """Return the object in the file, made and written there where it is missing; on `retry` also where it failed."""
    if path.exists():
        found: Json = json.loads(path.read_text(encoding="utf-8"))
        if not (retry and found.get("failed")):
            return found
    path.parent.mkdir(parents=True, exist_ok=True)
    made = json.dumps(make())
    beside = path.with_suffix(f".{os.getpid()}")
    beside.write_text(made, encoding="utf-8")
    beside.replace(path)
    loaded: Json = json.loads(made)
    return loaded


def really(spec: Json, corpus: str, clean: Path) -> Json:
    """The harness's truth; what its two clean runs gave goes into the file `clean`."""
    runs: list[Any] = []
    try:
        with clean_runs(lambda run: lambda *a: runs.append(run(*a)) or runs[-1]):
            found: Json = truth.ground_truth(spec, corpus)
    except Exception as error:  # noqa: BLE001 - one session that can't be played must not end the others
        facts = {name: spec[name] for name in ("id", "notebook", "category", "kind")}
        return {**facts, "failed": f"{type(error).__name__}: {error}"[:300]}
    clean.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(clean, "wt", encoding="utf-8") as file:
        json.dump([[outs, {c: sorted(n) for c, n in eff.items()}, *rest] for outs, eff, *rest in runs], file)
    return found


@contextmanager
def clean_runs(replaced: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Iterator[None]:
    """Have the harness use another function where it would run the notebook in a fresh kernel."""
    real = truth.clean_run
    truth.clean_run = replaced(real)
    try:
        yield
    finally:
        truth.clean_run = real


def said(tool: str, spec: Json, corpus: str, real: Json, clean: Path) -> Json:
    """What the tool reports, whether it changed what cells show, and for ours what following its plan leads to."""
    try:
        if adapters.ADAPTERS[tool].kernel_free:
            alone: Json = adapters.ADAPTERS[tool]().report(None, real["doc"], None)
            return alone
        report: Json = harness.tool_run(spec, corpus, tool)
        report["interference"] = harness.interference(real, json.loads(json.dumps(report)))
        report.pop("shown")
        plans: dict[tuple[str, ...], Json] = {}
        for depth in ("record", "replay"):
            if tool == "prodkit" and not report[depth].get("failed"):
                plan = tuple(run["cell_id"] for run in report[depth].get("plan", ()))
                if plan not in plans:
                    plans[plan] = repaired(spec, corpus, plan, real, clean)
                report[depth]["repaired"] = plans[plan]
    except Exception as error:  # noqa: BLE001 - counted as failed and shown
        return {"failed": f"{type(error).__name__}: {error}"[:300], "trace": traceback.format_exc()[-2000:]}
    return report


def repaired(spec: Json, corpus: str, plan: tuple[str, ...], real: Json, clean: Path) -> Json:
    """The truth of the session after the plan's cells ran in order too, by the same clean runs.

    Left out are names that were last written by a cell of which the clean runs don't agree: a model without a seed may
    have given the same twice by chance.
    """
    with gzip.open(clean, "rt", encoding="utf-8") as file:
        runs = [(outs, {c: set(n) for c, n in eff.items()}, *rest) for outs, eff, *rest in json.load(file)]
    writers = [writer for _, _, _, writer, _ in runs]
    after = real
    if plan:
        events = [*spec["events"], *({"op": "run", "cell": cell, "cat": "repair"} for cell in plan)]
        with clean_runs(lambda _: lambda *_: runs.pop(0)):
            after = truth.ground_truth({**spec, "events": events}, corpus)
    unsteady = {name for writer in writers for name, cell in writer.items() if cell in after["nondet"]}
    named = {kind: sorted(set(after[kind]) - unsteady) for kind in ("unexplained", "var_diff", "only_live")}
    equal = not (after["cells_state"] or named["unexplained"])
    return {**named, "cells_state": after["cells_state"], "nondet": after["nondet"], "plan": list(plan), "equal": equal}
