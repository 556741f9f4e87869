"""The benchmark's figures as Markdown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from statistics import median
from typing import Any

from hidden_state.scoring import Score, Truth, Verdicts, score

__all__ = ["accuracy", "by_category", "repairs", "states_of"]

Json = dict[str, Any]
Pairs = list[tuple[Truth, Verdicts | None]]
DEPTHS = (("record", "from the record"), ("replay", "with `--replay`"))


def states_of(report: Json | None, truth: Truth) -> Verdicts | None:
    """The states that a tool gives to cells; what others flag counts as `diverges`. None where it failed."""
    if report is None or report.get("failed"):
        return None
    if report["cells"] and isinstance(report["cells"][0], dict):
        return {cell["cell_id"]: cell["state"] for cell in report["cells"]}
    return {cell: "diverges" if cell in report["cells"] else "reproduced" for cell in truth["cells"]}


def pairs_of(sessions: Iterable[Json], name: str, depth: str | None = None) -> Pairs:
    """The truths, and what the tool said, of the sessions it saw."""
    found: Pairs = []
    for session in sessions:
        report = session["reports"].get(name)
        if report is not None:
            said = report if depth is None or report.get("failed") else report[depth]
            found.append((session["truth"], states_of(said, session["truth"])))
    return found


def accuracy(sessions: list[Json], others: Iterable[str], ours: Iterable[str]) -> str:
    """One row per tool and depth: precision and recall of notebooks and of cells."""
    rows = head(
        "tool", "sessions", "notebook P", "notebook R", "cell P", "cell R", "undecided cells", "undecided notebooks",
        "no report",
    )  # fmt: skip
    for name in others:
        rows.append(row(name, score(pairs_of(sessions, name))))
    for name in ours:
        for depth, words in DEPTHS:
            pairs = pairs_of(sessions, name, depth)
            rows.append(row(f"{name}, {words}", score(pairs)))
            rows.append(row(f"{name}, {words}, of what is decided", score(pairs, decided_only=True)))
    return "\n".join(rows)


def head(*titles: str) -> list[str]:
    """The first two lines of a table."""
    return [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|"]


def row(name: str, figures: Score) -> str:
    counts = [f"{one.precision:.3f} | {one.recall:.3f}" for one in (figures.notebooks, figures.cells)]
    shares = f"{figures.undecided_share:.1%} | {figures.undecided_notebook_share:.1%}"
    return f"| {name} | {figures.sessions} | {' | '.join(counts)} | {shares} | {figures.failed} |"


def repairs(sessions: list[Json], ours: Iterable[str]) -> str:
    """What following the plan leads to, how long the reports take, and whether tracking changed what cells show.

    Where a cell raises in a clean run without showing that, re-running cells can't mend the page: the kernel still has
    what the cell lacks. So whether the kernel equals a clean run's is told for pages that a clean run gets through.
    """
    rows = head(
        "after the plan", "sessions", "every value explained", "pages that run through",
        "of them, every value explained", "and nothing else differs",
        "cells of a plan (median)", "plans of all cells", "report s (median, worst)", "changed outputs",
    )  # fmt: skip
    for name in ours:
        reports = [(one["truth"], one["reports"][name]) for one in sessions if name in one["reports"]]
        reports = [(truth, report) for truth, report in reports if not report.get("failed")]
        for depth, words in DEPTHS:
            known = [(truth, report, report[depth]) for truth, report in reports if "repaired" in report[depth]]
            if known:
                rows.append(f"| {name}, {words} | {len(known)} | {' | '.join(after_the_plan(known))} |")
    return "\n".join(rows)


def after_the_plan(known: list[tuple[Truth, Json, Json]]) -> tuple[str, ...]:
    """One row's figures, of truths, reports and what they say at one depth."""
    whole = [said for truth, _, said in known if not truth["raises"]]
    plans = [len(said["repaired"]["plan"]) for _, _, said in known]
    seconds = [said["seconds"] for _, _, said in known]
    return (
        share(not said["repaired"]["unexplained"] for _, _, said in known),
        f"{len(whole)}",
        share(not said["repaired"]["unexplained"] for said in whole),
        share(said["repaired"]["equal"] for said in whole),
        f"{median([size for size in plans if size] or [0]):.0f}",
        f"{sum(len(said['repaired']['plan']) >= len(said['cells']) for _, _, said in known)}",
        f"{median(seconds):.3f}, {max(seconds):.2f}",
        f"{sum(bool(report['interference']) for _, report, _ in known)}",
    )


def share(answers: Iterable[bool]) -> str:
    known = list(answers)
    return f"{sum(known)}/{len(known)} ({sum(known) / len(known):.1%})" if known else "none"


def by_category(sessions: list[Json], ours: Iterable[str]) -> str:
    """Where the wrong ones are: notebooks and cells, false alarms and misses, by what the generator meant to do."""
    names = [(name, depth) for name in ours for depth, _ in DEPTHS]
    rows = head("kind", "category", "sessions", "dirty", *(f"{name} {depth}" for name, depth in names))
    groups: dict[tuple[str, str], list[Json]] = defaultdict(list)
    for session in sessions:
        groups[session["truth"]["kind"], session["truth"]["category"]].append(session)
    for (kind, category), group in sorted(groups.items()):
        cells = [wrong(score(pairs_of(group, name, depth))) for name, depth in names]
        dirty = sum(one["truth"]["dirty_state"] for one in group)
        rows.append(f"| {kind} | {category} | {len(group)} | {dirty} | {' | '.join(cells)} |")
    return "\n".join(rows)


def wrong(figures: Score) -> str:
    parts: list[tuple[str, Callable[[Score], Any]]] = [("nb", lambda s: s.notebooks), ("cells", lambda s: s.cells)]
    said = [
        f"{name} {read(figures).false_alarms} false {read(figures).misses} missed"
        for name, read in parts
        if read(figures).false_alarms or read(figures).misses
    ]
    return ", ".join([*said, *([f"{figures.failed} failed"] if figures.failed else [])]) or "–"
