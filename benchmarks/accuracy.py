"""How right the check is: sessions played through real kernels, judged against really restarting and running all.

    python benchmarks/accuracy.py [--sets edited,grown] [--sessions 60] [--seed 1] [--out FILE] [--wrong FILE]

The first run makes an environment and a corpus of public notebooks outside the repository (a quarter of an hour).
What was played is kept, so that a second run with another `--label` plays only our own part again. `--wrong` lists
every wrong cell with what led to it. docs/benchmarks.md says what the figures mean.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from checkout import copied_package, described, write_docs
from hidden_state.setting import DEFAULT_HARNESS, DEFAULT_WORK, Setting

Json = dict[str, Any]
DEPTHS = (("record", True), ("replay", False))
"""From the record alone an unverified cell is no mistake; after replay it is."""


def main() -> None:
    options = parse()
    setting = Setting(options.harness.resolve(), options.work.resolve())
    python = setting.prepare()
    if Path(sys.prefix) != setting.environment:
        os.execv(python, [str(python), "-B", __file__, *sys.argv[1:]])
    sys.path.insert(0, str(setting.harness))
    os.environ.setdefault("HSB_MPLCONFIG", str(Path(tempfile.gettempdir()) / "hsb-mplcache"))
    tables, mistakes = [about(options)], ["# What is wrong"]
    for chosen in options.sets.split(","):
        out = setting.results / f"{chosen}-{options.seed}"
        sessions = known(out, options) if options.table else play(setting, out, options, chosen)
        tables.append(figures(chosen, sessions, options))
        mistakes += wrong(out, options, chosen, sessions)
    text = "\n\n".join(tables) + "\n"
    print(text)
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    if options.docs:
        write_docs("accuracy", text)
    if options.wrong:
        options.wrong.write_text("\n\n".join(mistakes), encoding="utf-8")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--harness", type=Path, default=DEFAULT_HARNESS, help="folder of hsbench")
    parser.add_argument("--work", type=Path, default=DEFAULT_WORK, help="folder of environment, corpus and results")
    parser.add_argument("--sets", default="edited,grown", help="edited (open with a clean run), grown (don't)")
    parser.add_argument("--sessions", type=int, default=60, help="how many of each set")
    parser.add_argument("--first", type=int, default=0, help="number of the first session")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--tools", default="exec_count,prodkit", help="also: exec_count_strict, ipyflow, always, never")
    parser.add_argument("--label", default="prodkit", help="name of our run; another name plays it again")
    parser.add_argument("--fresh", action="store_true", help="play our part again under the same label")
    parser.add_argument("--table", action="store_true", help="play nothing; show what is kept")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, help="write the tables to this file too")
    parser.add_argument("--docs", action="store_true", help="write the tables into docs/benchmarks.md")
    parser.add_argument("--wrong", type=Path, help="write every wrong cell to this file")
    return parser.parse_args()


def about(options: argparse.Namespace) -> str:
    return f"Seed {options.seed}; jupyter-prodkit {described()}, {time.strftime('%Y-%m-%d')}."


def play(setting: Setting, out: Path, options: argparse.Namespace, chosen: str) -> list[Json]:
    """Play the sessions that aren't kept yet, and return all of them in order."""
    from hidden_state.play import play_session

    numbers = range(options.first, options.first + options.sessions)
    if options.fresh:
        for number in numbers:
            (out / "runs" / options.label / f"{number:04d}.json").unlink(missing_ok=True)
    tools = tuple(options.tools.split(","))
    played, began = [], time.monotonic()
    with copied_package() as code, ProcessPoolExecutor(options.jobs, mp_context=get_context("fork")) as pool:
        futures = [
            pool.submit(play_session, chosen, str(setting.corpus), options.seed, n, tools, options.label, out, code)
            for n in numbers
        ]
        for future in as_completed(futures):
            session = future.result()
            played.append(session)
            truth = session["truth"]
            state = truth.get("failed") or f"{len(truth['cells_state'])} of {len(truth['cells'])} cells change"
            line = f"{len(played):4} {time.monotonic() - began:5.0f} s {truth['id']} {truth['category']}: {state}"
            print(line, file=sys.stderr, flush=True)
    return sorted(played, key=lambda session: session["number"])


def known(out: Path, options: argparse.Namespace) -> list[Json]:
    """The sessions that were played already."""
    from hidden_state.play import kept_session

    names = [options.label if tool == "prodkit" else tool for tool in options.tools.split(",")]
    numbers = range(options.first, options.first + options.sessions)
    return [session for number in numbers if (session := kept_session(out, number, names)) is not None]


def figures(chosen: str, sessions: list[Json], options: argparse.Namespace) -> str:
    from hidden_state import tables

    good = [session for session in sessions if not session["truth"].get("failed")]
    truths = [session["truth"] for session in good]
    tools = options.tools.split(",")
    others, ours = [tool for tool in tools if tool != "prodkit"], [options.label] * ("prodkit" in tools)
    head = (
        f"## Sessions: {chosen}\n\n{len(good)} sessions ({len(sessions) - len(good)} couldn't be played); "
        f"{sum(t['dirty_state'] for t in truths)} notebooks would change; "
        f"{sum(len(t['cells_state']) for t in truths)} of {sum(len(t['cells']) for t in truths)} cells."
    )
    parts = [head, tables.accuracy(good, others, ours)]
    if ours:
        parts += [tables.repairs(good, ours), tables.by_category(good, ours)]
    return "\n\n".join(parts)


def wrong(out: Path, options: argparse.Namespace, chosen: str, sessions: list[Json]) -> Iterator[str]:
    """What our run got wrong, as Markdown, part by part."""
    from hidden_state.wrong import wrong_cells

    for depth, decided_only in DEPTHS:
        yield f"## {chosen}: {depth}{', of what is decided' if decided_only else ''}"
        for session in sessions:
            report = session["reports"].get(options.label)
            if report is None:
                continue
            failed = report.get("failed") or report[depth].get("failed")
            if failed:
                yield f"### {session['truth']['id']} · no report: {failed}\n\n{report.get('trace', '')}"
                continue
            spec = json.loads((out / "specs" / f"{session['number']:04d}.json").read_text(encoding="utf-8"))
            said = wrong_cells(session, spec, report[depth], decided_only=decided_only)
            if said:
                yield said


if __name__ == "__main__":
    main()
