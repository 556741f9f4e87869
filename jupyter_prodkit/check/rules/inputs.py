"""Rules on what a cell read when it ran, and a clean run would not give it.

Each such reading has one cause, told by the run that the value came from; each rule takes the readings of its cause.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath
from typing import Literal

from jupyter_prodkit.check.evidence import Evidence
from jupyter_prodkit.check.judged import Judged, Mismatch
from jupyter_prodkit.check.report import Finding, Severity
from jupyter_prodkit.check.rules.wording import elsewhere, put_back, restorable, run_number, values
from jupyter_prodkit.session.record import Execution

__all__ = [
    "before_defined",
    "changed_around",
    "deleted_cell",
    "out_of_order",
    "run_twice",
    "stale_input",
    "unknown_origin",
]

_AROUND = {
    "random": "the stream of `random`",
    "numpy.random": "NumPy’s random stream",
    "torch.random": "PyTorch’s random stream",
    "numpy options": "NumPy’s print options",
    "pandas options": "the pandas options",
    "matplotlib options": "Matplotlib’s settings",
    "cwd": "the working directory",
    "environ": "the environment",
    "sys.path": "`sys.path`",
    "python settings": "Python’s own settings or builtins",
    "packages": "the installed packages",
    "history": "what `_`, `Out` or `In` hold",
    "pyplot figures": "what figures are open in pyplot",
    "identities": "which objects belong together",
    "what no record tells": "something that no record tells",
}


def _around(name: str) -> str:
    if name.startswith("class "):
        return f"another class `{name.removeprefix('class ')}` than the objects it uses"
    return _AROUND.get(name) or f"the file `{PurePath(name).name}`"


Origin = Literal["absent", "unknown", "elsewhere", "itself", "below", "above"]


def run_twice(evidence: Evidence) -> Iterator[Finding]:
    """A cell changes its own input and ran more than once."""
    for judged, mismatch, run in _readings(evidence, "itself"):
        assert run is not None
        name, times, last = mismatch.name, len(judged.runs), run_number(judged.shown or run)
        yield _finding(
            judged, mismatch, "run-twice", "Run more than once, and it changes its own input",
            f"It ran {times or 'several'} times; {last} started from the `{name}` that {run_number(run)} had left.",
            f"Run the cell that makes `{name}` again, then this one once.",
        )  # fmt: skip


def deleted_cell(evidence: Evidence) -> Iterator[Finding]:
    """A cell read a value that came from a deleted cell, or from code outside the cells."""
    for judged, mismatch, run in _readings(evidence, "elsewhere"):
        assert run is not None
        name = mismatch.name
        yield _finding(
            judged, mismatch, "deleted-cell", f"It used a `{name}` that the page does not explain",
            f"`{name}` was last set or changed by {elsewhere(run)}.",
            f"{put_back(evidence, run)}, or run again what makes `{name}`, then this cell.",
            restores=restorable(evidence, run),
        )  # fmt: skip


def out_of_order(evidence: Evidence) -> Iterator[Finding]:
    """A cell read a value from a cell that stands below it."""
    for judged, mismatch, run in _readings(evidence, "below"):
        assert run is not None
        producer, name = evidence.on_page(run), mismatch.name
        assert producer is not None
        yield _finding(
            judged, mismatch, "out-of-order", "Run out of order",
            f"It read `{name}` as {producer.label}, further down, had left it in {run_number(run)}.",
            f"Run the cells above that make `{name}` again, then this one."
            if mismatch.writer is not None else f"Move what makes `{name}` above this cell.",
        )  # fmt: skip


def before_defined(evidence: Evidence) -> Iterator[Finding]:
    """A cell last ran before a name that it reads existed."""
    for judged, mismatch, _ in _readings(evidence, "absent"):
        if mismatch.writer is not None:
            yield _finding(
                judged, mismatch, "out-of-order", "Run out of order",
                f"When it ran, `{mismatch.name}` did not exist; {mismatch.writer.label} above defines it.",
                "Run it again.",
            )  # fmt: skip


def stale_input(evidence: Evidence) -> Iterator[Finding]:
    """A cell read a value from a run of a cell above that no longer counts."""
    for judged, mismatch, run in _readings(evidence, "above"):
        assert run is not None
        producer, writer = evidence.on_page(run), mismatch.writer
        assert producer is not None
        rule, message, since = "out-of-order", "Run out of order", "in page order it is gone by then"
        if writer is not None and writer.cell_id != producer.cell_id:
            since = f"in page order it comes from {writer.label}"
        elif writer is not None:
            rule, message = "stale-input", "Its input has changed since it ran"
            since = "that cell has run again since, or been changed"
        yield _finding(
            judged, mismatch, rule, message,
            f"It read `{mismatch.name}` from {producer.label} ({run_number(run)}); {since}.",
            "Run it again, after the cells above it.",
        )  # fmt: skip


def unknown_origin(evidence: Evidence) -> Iterator[Finding]:
    """A cell read something from before tracking began."""
    for judged, mismatch, _ in _readings(evidence, "unknown"):
        yield _finding(
            judged, mismatch, "unknown-origin", f"Where `{mismatch.name}` came from is not known",
            f"`{mismatch.name}` was made or changed where tracking did not see it.",
            "Run the notebook from the top once.", severity="note",
        )  # fmt: skip


def changed_around(evidence: Evidence) -> Iterator[Finding]:
    """A cell ran with a random stream, an option or a folder that a clean run would not have there."""
    for judged in evidence.clean.cells:
        around = [one.name for one in judged.mismatches if one.is_around]
        if judged.edited or not around or judged.state not in {"diverges", "unverified"}:
            continue
        words = " and ".join(_around(name) for name in around)
        proven = values(judged.differing)
        yield Finding(
            rule="hidden-state/changed-around",
            severity="blocker" if judged.state == "diverges" else "warning",
            cell_id=judged.cell.cell_id,
            names=tuple(around),
            message=f"A clean run has {words} otherwise here",
            because=f"When it ran, {words} stood otherwise. {proven}".strip(),
            fix="Run the cells that set it, in page order, then this one.",
        )


def _readings(evidence: Evidence, wanted: Origin) -> Iterator[tuple[Judged, Mismatch, Execution | None]]:
    for judged, mismatch, run in evidence.root_mismatches():
        if mismatch.is_around:
            continue
        if not judged.edited and _origin(evidence, judged, mismatch, run) == wanted:
            yield judged, mismatch, run


def _origin(evidence: Evidence, judged: Judged, mismatch: Mismatch, run: Execution | None) -> Origin:
    if mismatch.ran_with is None:
        return "absent"
    if run is None:
        return "unknown"
    producer = evidence.on_page(run)
    if producer is None:
        return "elsewhere"
    if producer.index == judged.cell.index:
        return "itself"
    return "below" if producer.index > judged.cell.index else "above"


def _finding(
    judged: Judged, mismatch: Mismatch, rule: str, message: str, cause: str, fix: str, severity: Severity = "warning",
    restores: int | None = None,
) -> Finding:
    proven = values(judged.differing)
    return Finding(
        rule=f"hidden-state/{rule}",
        severity="blocker" if proven else severity,
        cell_id=judged.cell.cell_id,
        names=(mismatch.name,),
        message=message,
        because=f"{cause} {proven}".strip(),
        fix=fix,
        restores=restores,
    )
