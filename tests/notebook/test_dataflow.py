"""How names flow from cell to cell."""

from __future__ import annotations

import pytest

from jupyter_prodkit.notebook.dataflow import flows, needs_of_cells
from jupyter_prodkit.notebook.document import Cell


def cells_of(*sources: str) -> list[Cell]:
    return [Cell(f"c{place}", place, "code", source) for place, source in enumerate(sources)]


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        (["x = 1", "y = x", "print(x, y)"], ["0-x->1", "0-x->2", "1-y->2"]),
        (["x = 1", "x = x + 1", "print(x)"], ["0-x->1", "1-x->2"]),
        (["l = []", "l.append(1)", "print(l)"], ["0-l->1", "1-l->2"]),
        (["k = 1", "def f(): return k", "f()"], ["0-k->2", "1-f->2"]),
        (["def f(): return g()", "def g(): return k", "k = 1", "f()"], ["0-f->3", "1-g->3", "2-k->3"]),
        (["import os", "os.remove('x')", "os.listdir()"], ["0-os->1", "0-os->2"]),
        (["x = 1", "del x", "x"], ["0-x->1"]),
        (["x = 1", "x = 2\nprint(x)"], []),
        (["x = 1", "%prodcheck", "# x", "x"], ["0-x->3"]),
        (["class A:\n    def m(self): return k", "k = 1", "a = A()", "A().m()"], ["0-A->2", "0-A->3", "1-k->3"]),
        (["x", "x = 1"], []),
    ],
)
def test_flows(sources, expected):
    found = [
        f"{flow.writer.index}-{','.join(sorted(flow.names))}->{flow.reader.index}" for flow in flows(cells_of(*sources))
    ]
    assert sorted(found) == sorted(expected)


def test_markdown_takes_no_part():
    cells = [Cell("a", 0, "code", "x = 1"), Cell("m", 1, "markdown", "x = 2"), Cell("b", 2, "code", "x")]
    assert [(flow.writer.cell_id, flow.reader.cell_id) for flow in flows(cells)] == [("a", "b")]


@pytest.mark.parametrize(
    ("sources", "needs"),
    [
        (["def f(x): return x + k"], {"k": 0}),
        (["def f(): return g()", "def g(): return f()"], {}),
        (["class A(B):\n    def m(self): return k"], {"B": 0, "k": 0}),
        (["x = y", "z = y"], {"y": 0}),
        (["import a", "b = a.c"], {}),
        (["print(len([]))"], {}),
    ],
)
def test_what_cells_need_from_outside(sources, needs):
    assert {name: cell.index for name, cell in needs_of_cells(cells_of(*sources)).items()} == needs
