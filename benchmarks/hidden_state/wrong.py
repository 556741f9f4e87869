"""Lists what a tool got wrong, with what is needed to see why."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hidden_state.scoring import flagged, undecided

__all__ = ["wrong_cells"]

Json = dict[str, Any]
SOURCE_LENGTH, OUTPUT_LENGTH, EVENT_LENGTH = 700, 300, 220


def wrong_cells(session: Json, spec: Json, report: Json, *, decided_only: bool) -> str:
    """Return Markdown about the session's wrong cells, their findings and what happened; empty where all is right."""
    truth = session["truth"]
    cells = set(truth["cells"]) - set(truth["nondet"])
    states = {cell["cell_id"]: cell for cell in report["cells"]}
    named = {cell: verdict["state"] for cell, verdict in states.items()}
    judged = cells - undecided(named) if decided_only else cells
    dirty = set(truth["cells_state"]) & judged
    alarms = flagged(named, unverified=not decided_only) & judged
    notebook_wrong = notebook_error(truth, named, decided_only=decided_only)
    mend = not_mended(report, runs_through=not truth["raises"])
    if dirty == alarms and not notebook_wrong and not mend:
        return ""
    lines = [f"### {truth['id']} · {truth['kind']}/{truth['category']} · {truth['notebook']}{notebook_wrong}", ""]
    for kind, ids in (("false alarm", alarms - dirty), ("missed", dirty - alarms)):
        for cell in sorted(ids):
            lines += [*about(cell, kind, truth, states.get(cell, {}), report["findings"]), ""]
    lines += mend
    lines += ["What happened:", "```", *happened(spec), "```", ""]
    return "\n".join(lines)


def notebook_error(truth: Json, states: dict[str, str], *, decided_only: bool) -> str:
    if truth["nondet_only"] or truth["kind"] == "nondet":
        return ""
    alarm = bool(flagged(states, unverified=not decided_only))
    left_open = decided_only and bool(undecided(states)) and not alarm
    if left_open or alarm == truth["dirty_state"]:
        return ""
    return f" · NOTEBOOK {'false alarm' if alarm else 'missed'} (unexplained: {truth['unexplained']})"


def not_mended(report: Json, *, runs_through: bool) -> list[str]:
    """What still differs when the plan has been followed, as `tables.repairs` counts it."""
    after = report["repaired"]
    if not after["unexplained"] and (after["equal"] or not runs_through):
        return []
    left = f"cells {after['cells_state']}, names {after['var_diff']} (unexplained {after['unexplained']})"
    return [f"- **not mended** by the plan {after['plan']}: still differ {left}", ""]


def about(cell: str, kind: str, truth: Json, verdict: Json, findings: list[Json]) -> Iterator[str]:
    document = {one["id"]: one for one in truth["doc"]["cells"]}
    how = [level for level in ("raises", "out_diff", "effect_diff", "final_writers") if cell in truth[level]]
    values = truth["why"].get(cell, [])
    yield f"- **{kind}** `{cell}`: said *{verdict.get('state')}* {verdict.get('reason', '')}"
    yield f"  truth: {', '.join(how) or 'same'} {values or ''}; unexplained {truth['unexplained']}"
    for finding in findings:
        if finding.get("cell_id") == cell:
            yield f"  finding {finding['rule']}: {finding['message']} — {finding.get('because', '')}"
    yield "```python"
    yield "".join(document[cell]["source"])[:SOURCE_LENGTH]
    yield "```"
    yield f"shown: `{json.dumps(truth['shown'][cell])[:OUTPUT_LENGTH]}`"


def happened(spec: Json) -> Iterator[str]:
    """The session's events; runs one after the other in one line."""
    runs: list[str] = []
    for event in spec["events"]:
        if event["op"] == "run" and event["cat"] != "open":
            runs.append(event["cell"])
            continue
        if runs:
            yield f"run {' '.join(runs)}"
            runs = []
        if event["op"] != "run":
            source = repr(event["source"])[:EVENT_LENGTH] if "source" in event else ""
            yield f"{event['op']} {event.get('cell', '')} ({event['cat']}) after={event.get('after')} {source}"
    if runs:
        yield f"run {' '.join(runs)}"
