"""What the panel's map draws between cells."""

from __future__ import annotations

import pytest

from jupyter_prodkit.faces.flowing import drawn_flows
from jupyter_prodkit.notebook.document import Cell


@pytest.mark.parametrize(
    ("sources", "flows", "strays"),
    [
        (["x = 1", "y = x", "x + y"], [(0, 1, "x"), (0, 2, "x"), (1, 2, "y")], []),
        (["import math", "x = math.pi", "x"], [(1, 2, "x")], []),
        (["print(x)", "x = 1"], [(1, 0, "x")], []),
        (["print(gone, len([]))"], [], [("gone", 0)]),
        (["def f(): return later", "later = 2", "f()"], [(0, 2, "f"), (1, 2, "later")], []),
    ],
    ids=["down the page", "imports are tools", "up the page", "from no cell", "through a function"],
)
def test_values_flow(sources, flows, strays):
    """Each arrow has its writer, its reader and its names; reads of what no cell makes stand apart."""
    cells = [Cell(str(place), place, "code", source) for place, source in enumerate(sources)]
    drawn, stray = drawn_flows(cells)
    assert sorted((int(f.writer), int(f.reader), *f.names) for f in drawn) == flows
    assert [(one.name, int(one.reader)) for one in stray] == strays
