"""A page of many cells that has been run with missteps, to time the check with."""

from __future__ import annotations

from pathlib import Path

from jupyter_prodkit.notebook.document import Cell, Notebook
from jupyter_prodkit.session.record import Timeline
from jupyter_prodkit.session.tracker import Tracker

SHAPES = (
    "x{n} = [{n}, x{b}[0]] if {n} > 3 else [{n}]\nlabel{n} = 'cell {n}'",
    "def f{n}(value):\n    return value + len(x{p}) + {n}",
    "for i in range(3):\n    x{p}.append(i)\ntotal{n} = sum(x{p})",
    "y{n} = f{q}(2)\nassert total{r} + y{n}",
)


def played(cells: int) -> tuple[Notebook, Timeline]:
    """Return a page of `cells` cells and the timeline of a kernel in which one in ten was run again."""
    names: dict[str, object] = {}
    tracker = Tracker(names, from_start=True, on_executed=lambda _: None)
    page = [Cell(f"c{n}", n, "code", _source(n), execution_count=n + 1) for n in range(cells)]
    again = [cell for cell in page if cell.index % 10 == 6]
    for count, cell in enumerate([*page, *again], 1):
        tracker.before_run(cell.source)
        error = None
        try:
            exec(compile(cell.source, "cell", "exec"), names)
        except Exception as raised:  # noqa: BLE001 - what cells raise is theirs
            error = raised
        names.pop("__builtins__", None)
        tracker.after_run(cell.cell_id, count, error)
    # A front end pushes its page anew for each check: nothing kept on the cells may make the check quick.
    fresh = tuple(Cell(cell.cell_id, cell.index, "code", cell.source, execution_count=cell.index + 1) for cell in page)
    return Notebook(Path("many.ipynb"), fresh, from_file=False), tracker.timeline


def _source(n: int) -> str:
    block = n - n % 4
    return SHAPES[n % 4].format(n=n, p=block, b=block - 4, q=block + 1, r=block + 2)
