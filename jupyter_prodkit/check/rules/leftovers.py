"""Rules on what lives in the kernel and on the page has no explanation."""

from __future__ import annotations

from collections.abc import Iterator

from jupyter_prodkit.check.evidence import Evidence
from jupyter_prodkit.check.report import Finding
from jupyter_prodkit.check.rules.wording import elsewhere, place_of, put_back, restorable, values
from jupyter_prodkit.session.record import Execution

__all__ = ["changed_elsewhere", "orphaned", "orphans"]


def changed_elsewhere(evidence: Evidence) -> Iterator[Finding]:
    """Code that a clean run would not run, or not then, has changed what a cell left, after all cells that use it."""
    changes = {name: run for run in evidence.timeline.executions for name in (*run.outputs, *run.deleted)}
    for judged in evidence.clean.cells:
        for name in judged.changed_since:
            run = changes[name]
            on_page = evidence.on_page(run) is not None
            done = "changed" if name in evidence.timeline.live else "deleted"
            proven = values([one for one in judged.differing if one[0] == name])
            again = "un this one again, with the cells it depends on."
            yield Finding(
                rule="hidden-state/out-of-order" if on_page else "hidden-state/deleted-cell",
                severity="blocker" if judged.state == "diverges" else "warning",
                cell_id=judged.cell.cell_id,
                names=(name,),
                message=f"The kernel's `{name}` is not the one this cell makes",
                because=f"It was {done} by {place_of(evidence, run)}. {proven}".strip(),
                fix=f"R{again}" if on_page else f"{put_back(evidence, run)}, or r{again}",
                restores=restorable(evidence, run),
            )


def orphans(evidence: Evidence) -> Iterator[Finding]:
    """The kernel holds names that no cell on the page would define."""
    read = {name for judged in evidence.clean.cells for name in judged.missing}
    for name in orphaned(evidence):
        writer = evidence.last_writer(name)
        if writer is None or name in read or name.startswith("_"):
            continue  # a cell that reads it has a finding of its own
        yield Finding(
            rule="hidden-state/orphan",
            severity="note",
            names=(name,),
            message=f"`{name}` lives in the kernel only",
            because=f"It was made by {elsewhere(writer)}; no cell on the page makes it.",
            fix=f"`del {name}`, or restart the kernel, to be rid of it. {_to_keep(evidence, writer)}".strip(),
            restores=restorable(evidence, writer),
        )


def _to_keep(evidence: Evidence, writer: Execution) -> str:
    return f"{put_back(evidence, writer)} to keep it." if restorable(evidence, writer) is not None else ""


def orphaned(evidence: Evidence) -> tuple[str, ...]:
    """Return the names that live in the kernel, and that a clean run of the page would not make."""
    if evidence.clean.any_may_exist:
        return ()
    found = []
    for name in sorted(evidence.timeline.live.keys() - evidence.clean.state.keys() - evidence.clean.may_exist):
        writer = evidence.last_writer(name)
        if writer is None or evidence.on_page(writer) is None:
            found.append(name)
    return tuple(found)
