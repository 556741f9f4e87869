"""Rules on names that a clean run would not have."""

from __future__ import annotations

from collections.abc import Iterator

from jupyter_prodkit.check.evidence import Evidence
from jupyter_prodkit.check.judged import Judged
from jupyter_prodkit.check.report import Finding
from jupyter_prodkit.check.rules.wording import elsewhere, put_back, restorable, run_number
from jupyter_prodkit.session.record import Execution

__all__ = ["undefined_name"]


def undefined_name(evidence: Evidence) -> Iterator[Finding]:
    """A cell reads a name that no cell above it defines: it would raise NameError."""
    for judged in evidence.clean.cells:
        if judged.state != "failed":
            continue
        for name in judged.missing:
            rule, because, fix = _why(evidence, judged, name)
            yield Finding(
                rule=f"hidden-state/{rule}",
                severity="blocker",
                cell_id=judged.cell.cell_id,
                names=(name,),
                message=f"`{name}` would not exist when this cell runs",
                because=because,
                fix=fix,
                restores=restorable(evidence, _writer(evidence, judged, name)) if rule == "deleted-cell" else None,
            )


def _why(evidence: Evidence, judged: Judged, name: str) -> tuple[str, str, str]:
    """The rule, the cause and what to do."""
    below = evidence.binder_below(name, judged.cell)
    if below is not None:
        held = "; the kernel has it from an earlier run" if name in evidence.timeline.live else ""
        cause = f"Only {below.label}, further down, defines it{held}."
        return "defined-below", cause, f"Move {below.label} above this cell."
    write = f"Write the code that makes `{name}` into a cell above this one, or take the use of `{name}` out."
    writer = _writer(evidence, judged, name)
    if writer is None:
        known = name in evidence.timeline.live
        held = "the kernel has it from before tracking began" if known else "nothing defines it"
        return "undefined-name", f"No cell above defines it: {held}.", write
    home = evidence.on_page(writer)
    if home is None:
        restored = f"{put_back(evidence, writer)}, or take the use of `{name}` out."
        fix = write if restorable(evidence, writer) is None else restored
        return "deleted-cell", f"Only {elsewhere(writer)} defined it.", fix
    if home.index == judged.cell.index:
        return "undefined-name", "Only this cell itself defines it, after reading it.", write
    cause = f"{home.label.capitalize()} defined it in {run_number(writer)}; its code does so no longer."
    return "undefined-name", cause, write


def _writer(evidence: Evidence, judged: Judged, name: str) -> Execution | None:
    """The run that the cell had the name from when it ran, else the last that wrote it."""
    shown = judged.shown
    had = None if shown is None else evidence.producer(name, shown.inputs.get(name), shown)
    return had if had is not None else evidence.last_writer(name)
