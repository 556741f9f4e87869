"""Rules on hidden state: what the kernel holds and the page doesn't say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jupyter_prodkit.check.evidence import Evidence
from jupyter_prodkit.check.report import Finding, Severity
from jupyter_prodkit.check.simulation import Judged, Mismatch
from jupyter_prodkit.notebook.names import code_names
from jupyter_prodkit.session.record import Execution

__all__ = [
    "before_defined",
    "deleted_cell",
    "edited_since_run",
    "interrupted",
    "never_run",
    "orphans",
    "out_of_order",
    "run_twice",
    "stale_input",
    "undefined_name",
    "unknown_origin",
]


def undefined_name(evidence: Evidence) -> Iterator[Finding]:
    """A cell reads a name that no cell above it defines: it would raise NameError."""
    for judged in evidence.clean.cells:
        if judged.state != "failed":
            continue
        for name in judged.missing:
            yield Finding(
                rule=f"hidden-state/{_why_missing(evidence, judged, name)}",
                severity="blocker",
                cell_id=judged.cell.cell_id,
                names=(name,),
                message=f"`{name}` would not exist when this cell runs",
                because=_missing_because(evidence, judged, name),
                fix=_missing_fix(evidence, judged, name),
            )


def _why_missing(evidence: Evidence, judged: Judged, name: str) -> str:
    writer = evidence.last_writer(name)
    if _defined_below(evidence, judged, name):
        return "defined-below"
    return "deleted-cell" if writer is not None and evidence.on_page(writer) is None else "undefined-name"


def _missing_because(evidence: Evidence, judged: Judged, name: str) -> str:
    below, writer = _defined_below(evidence, judged, name), evidence.last_writer(name)
    if below:
        return f"{below} defines it, further down the page; the kernel has it from an earlier run."
    if writer is None:
        held = "the kernel holds it from before tracking began" if name in evidence.timeline.live else "nothing defines it"
        return f"No cell above defines it: {held}."
    if writer.cell_id is None:
        return "Only code run outside the cells (a console, a widget) defined it."
    now = evidence.on_page(writer)
    if now is not None:
        return f"{now.label.capitalize()} defined it when it ran {_prompt(writer)}; its code has changed since."
    return f"Only a cell that is no longer on the page defined it, when it ran {_prompt(writer)}."


def _missing_fix(evidence: Evidence, judged: Judged, name: str) -> str:
    below = _defined_below(evidence, judged, name)
    if below:
        return f"Move {below} above this cell."
    return f"Write the code that makes `{name}` into a cell above this one, or take the use of `{name}` out."


def _defined_below(evidence: Evidence, judged: Judged, name: str) -> str:
    for below in evidence.clean.cells:
        if below.cell.index > judged.cell.index and name in code_names(below.cell.source).binds:
            return below.cell.label
    return ""


def never_run(evidence: Evidence) -> Iterator[Finding]:
    """A cell that Restart & Run All will run has not run."""
    if evidence.clean.cells and all(judged.state == "never run" for judged in evidence.clean.cells):
        yield Finding(
            rule="hidden-state/never-run",
            severity="note",
            message="Nothing has run yet",
            because="No cell of this notebook has run, so there is nothing to compare a clean run with.",
            fix="Run the cells.",
        )
        return
    for judged in evidence.clean.cells:
        if judged.state == "never run":
            yield Finding(
                rule="hidden-state/never-run",
                severity="blocker",
                cell_id=judged.cell.cell_id,
                names=tuple(sorted(code_names(judged.cell.source).binds)),
                message="This cell has not run",
                because="Restart & Run All will run it; what it does is not known.",
                fix="Run it, or delete it.",
            )


def edited_since_run(evidence: Evidence) -> Iterator[Finding]:
    """What a cell shows was made by other code than stands in it now."""
    for judged in evidence.clean.cells:
        if judged.edited and judged.shown is not None and judged.state != "failed":
            yield Finding(
                rule="hidden-state/edited-since-run",
                severity="warning",
                cell_id=judged.cell.cell_id,
                names=tuple(sorted(judged.shown.outputs)),
                message="Edited since it ran",
                because=f"What it shows and left in the kernel comes from its earlier code {_prompt(judged.shown)}.",
                fix="Run it again, then what depends on it.",
            )


def run_twice(evidence: Evidence) -> Iterator[Finding]:
    """A cell changes its own input and ran more than once."""
    for judged, mismatch, run in _read_from(evidence):
        if run is not None and run.cell_id == judged.cell.cell_id:
            times = len([one for one in judged.runs if one.success])
            yield _finding(
                judged, mismatch, "run-twice", "Run more than once, and it changes its own input",
                f"It ran {times} times; each run started from the `{mismatch.name}` that the run before had left.",
                f"Run the cell that makes `{mismatch.name}` again, then this one once.",
            )  # fmt: skip


def deleted_cell(evidence: Evidence) -> Iterator[Finding]:
    """A cell read a value that came from a deleted cell, or from code outside the cells."""
    for judged, mismatch, run in _read_from(evidence):
        if run is not None and evidence.on_page(run) is None:
            where = "code run outside the cells" if run.cell_id is None else "a cell that is no longer on the page"
            yield _finding(
                judged, mismatch, "deleted-cell", f"`{mismatch.name}` came from elsewhere",
                f"`{mismatch.name}` was set by {where} {_prompt(run)}.",
                f"Put what changed `{mismatch.name}` back on the page, or run again what makes it, then this cell.",
            )  # fmt: skip


def out_of_order(evidence: Evidence) -> Iterator[Finding]:
    """A cell read a value from a cell that stands below it."""
    for judged, mismatch, run in _read_from(evidence):
        producer = None if run is None else evidence.on_page(run)
        if run is not None and producer is not None and producer.index > judged.cell.index:
            yield _finding(
                judged, mismatch, "out-of-order", "Run out of order",
                f"It read `{mismatch.name}` as {producer.label}, further down, had left it {_prompt(run)}.",
                f"Run the cells above that make `{mismatch.name}` again, then this one.",
            )  # fmt: skip


def before_defined(evidence: Evidence) -> Iterator[Finding]:
    """A cell last ran before a name that it reads existed."""
    for judged, mismatch in evidence.root_mismatches():
        if mismatch.ran_with is None and mismatch.writer is not None:
            yield _finding(
                judged, mismatch, "out-of-order", "Run out of order",
                f"When it ran, `{mismatch.name}` did not exist; {mismatch.writer.label} above defines it.",
                "Run it again.",
            )  # fmt: skip


def interrupted(evidence: Evidence) -> Iterator[Finding]:
    """A cell's last run was stopped part-way."""
    for judged in evidence.clean.cells:
        if judged.shown is not None and judged.shown.interrupted and not judged.edited:
            yield Finding(
                rule="hidden-state/interrupted",
                severity="warning",
                cell_id=judged.cell.cell_id,
                message="Its last run was stopped part-way",
                because=f"What it left in the kernel {_prompt(judged.shown)} depends on when it was stopped.",
                fix="Run it to its end.",
            )


def stale_input(evidence: Evidence) -> Iterator[Finding]:
    """A cell read a value from a run of a cell above that no longer counts."""
    for judged, mismatch, run in _read_from(evidence):
        producer = None if run is None else evidence.on_page(run)
        if run is None or producer is None or producer.index >= judged.cell.index:
            continue
        writer = evidence.clean.writers.get(mismatch.name)
        since = "it has run again or changed since"
        if writer is not None and writer.cell_id != producer.cell_id:
            since = f"in page order it comes from {writer.label}"
        yield _finding(
            judged, mismatch, "stale-input", "Run out of order",
            f"It read `{mismatch.name}` from {producer.label} {_prompt(run)}; {since}.",
            "Run it again, after the cells above it.",
        )  # fmt: skip


def unknown_origin(evidence: Evidence) -> Iterator[Finding]:
    """A cell read, or is, something from before tracking began."""
    for judged, mismatch, run in _read_from(evidence):
        if run is None:
            yield _finding(
                judged, mismatch, "unknown-origin", f"Where `{mismatch.name}` came from is not known",
                f"`{mismatch.name}` was there, or was changed, where tracking did not see it.",
                "Run the notebook from the top once.", severity="note",
            )  # fmt: skip
    for judged in evidence.clean.cells:
        if judged.shown is None and judged.state == "unverified":
            yield Finding(
                rule="hidden-state/unknown-origin",
                severity="note",
                cell_id=judged.cell.cell_id,
                message="What it shows is from before tracking began",
                because="This cell has not run in this kernel since jupyter-prodkit watches it.",
                fix="Run it.",
            )


def orphans(evidence: Evidence) -> Iterator[Finding]:
    """The kernel holds names that no cell on the page would define."""
    for name in sorted(evidence.timeline.live.keys() - evidence.clean.state.keys()):
        if "*" in evidence.clean.state or _is_read(evidence, name):
            continue  # the cell that reads it has a finding of its own
        writer = evidence.last_writer(name)
        if writer is None or evidence.on_page(writer) is not None:
            continue
        where = "code run outside the cells" if writer.cell_id is None else "a cell that is no longer on the page"
        yield Finding(
            rule="hidden-state/orphan",
            severity="note",
            names=(name,),
            message=f"`{name}` lives in the kernel only",
            because=f"It was made by {where} {_prompt(writer)}; no cell reads it.",
            fix=f"`del {name}`, or restart the kernel, to be rid of it.",
        )


def _is_read(evidence: Evidence, name: str) -> bool:
    return any(name in judged.missing for judged in evidence.clean.cells)


def _read_from(evidence: Evidence) -> Iterator[tuple[Judged, Mismatch, Execution | None]]:
    for judged, mismatch in evidence.root_mismatches():
        if mismatch.clean is not None and mismatch.ran_with is not None:
            yield judged, mismatch, evidence.producer(mismatch.name, mismatch.ran_with)


def _finding(
    judged: Judged, mismatch: Mismatch, rule: str, message: str, cause: str, fix: str, severity: Severity = "warning"
) -> Finding:
    proven = _values(judged.differing)
    return Finding(
        rule=f"hidden-state/{rule}",
        severity="blocker" if proven else severity,
        cell_id=judged.cell.cell_id,
        names=(mismatch.name,),
        message=message,
        because=f"{cause} {proven}".strip(),
        fix=fix,
    )


def _values(differing: Sequence[tuple[str, object, object]]) -> str:
    said = []
    for name, now, clean in differing[:3]:
        texts = getattr(now, "text", ""), getattr(clean, "text", "")
        said.append(f"`{name}` is {texts[0]}; a clean run gives {texts[1] if texts[0] != texts[1] else 'another value'}.")
    return " ".join(said)


def _prompt(run: Execution) -> str:
    return f"(run [{run.count}])" if run.count is not None else "(run without a number)"
