"""The shortest list of cells to re-run, in page order, after which the notebook stands as a clean run would leave it."""

from __future__ import annotations

from collections.abc import Mapping

from jupyter_prodkit.check.report import PlannedRun
from jupyter_prodkit.check.simulation import CleanRun, Judged
from jupyter_prodkit.notebook.dataflow import needs_when_run
from jupyter_prodkit.notebook.names import CodeNames, code_names
from jupyter_prodkit.session.record import Version

__all__ = ["repair_plan"]


def repair_plan(clean: CleanRun, live: Mapping[str, Version]) -> tuple[PlannedRun, ...]:
    """Return the cells to re-run; none where every cell reproduces.

    The list starts at the cell that creates each object which has been changed since: what was changed in place is
    made right only by making it anew.
    """
    chosen = {judged.cell.cell_id for judged in clean.cells if judged.state not in {"reproduced", "failed"}}
    names = {judged.cell.cell_id: code_names(judged.cell.source) for judged in clean.cells}
    while True:
        more = _creators(clean, names, chosen, live) | _later_writers(clean, names, chosen)
        if more <= chosen:
            break
        chosen |= more
    return tuple(
        PlannedRun(cell_id=judged.cell.cell_id, seconds=None if judged.shown is None else round(judged.shown.seconds, 3))
        for judged in clean.cells
        if judged.cell.cell_id in chosen
    )


def _creators(
    clean: CleanRun, names: Mapping[str, CodeNames], chosen: set[str], live: Mapping[str, Version]
) -> set[str]:
    """The cells that make what the chosen ones read, where the kernel holds something else than they would find."""
    found: set[str] = set()
    for place, judged in enumerate(clean.cells):
        if judged.cell.cell_id not in chosen:
            continue
        own = names[judged.cell.cell_id]
        for name in needs_when_run(own, clean.deferred) | (own.mutates - own.binds):
            writers = _chain(clean.cells[:place], names, name)
            if writers and not _holds(writers[-1], name, live):
                found |= {writer.cell.cell_id for writer in writers}
    return found


def _holds(writer: Judged, name: str, live: Mapping[str, Version]) -> bool:
    """Whether the kernel still holds `name` as `writer`'s clean run leaves it."""
    run = writer.clean_run
    return run is not None and live.get(name) == run.outputs.get(name)


def _chain(above: list[Judged], names: Mapping[str, CodeNames], name: str) -> list[Judged]:
    """The cells that make `name`, from the one that creates it to the last that changes it, in page order."""
    chain: list[Judged] = []
    for judged in reversed(above):
        own = names[judged.cell.cell_id]
        if name in own.binds | own.mutates:
            chain.append(judged)
            if name in own.binds and name not in own.needs:
                break
    return chain[::-1]


def _later_writers(clean: CleanRun, names: Mapping[str, CodeNames], chosen: set[str]) -> set[str]:
    """The cells below a chosen one that change further what it makes anew."""
    found: set[str] = set()
    remade: set[str] = set()
    for judged in clean.cells:
        own = names[judged.cell.cell_id]
        if judged.cell.cell_id in chosen or remade & ((own.binds & own.needs) | own.mutates):
            found.add(judged.cell.cell_id)
            remade |= {name for name in own.binds | own.mutates if _several_writers(clean, names, name)}
    return found


def _several_writers(clean: CleanRun, names: Mapping[str, CodeNames], name: str) -> bool:
    writers = [j for j in clean.cells if name in names[j.cell.cell_id].binds | names[j.cell.cell_id].mutates]
    return len(writers) > 1
