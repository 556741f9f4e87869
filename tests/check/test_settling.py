"""What a replay gave, in the terms of the record."""

from __future__ import annotations

import nbformat
from playing import Player

from jupyter_prodkit.check.effort import Effort
from jupyter_prodkit.check.settling import settle
from jupyter_prodkit.notebook.document import read_notebook
from jupyter_prodkit.progress import Progress


def test_a_replayed_value_has_the_version_of_the_recorded_value_that_equals_it(tmp_path):
    """Not the version of what the next cell made of it."""
    page = {"a": "x = 3 - 2", "b": "x += 1"}
    nodes = [nbformat.v4.new_code_cell(source, id=cell_id) for cell_id, source in page.items()]
    nbformat.write(nbformat.v4.new_notebook(cells=nodes), tmp_path / "page.ipynb")
    player = Player()
    try:
        player.load()
        player.run("x = 1", "a")
        player.run(page["b"], "b")
        timeline = player.timeline
    finally:
        player.close()
    really = settle(read_notebook(tmp_path / "page.ipynb"), timeline, Effort(60, allow_effects=False), Progress())
    one, two = (run.outputs["x"] for run in timeline.executions)
    assert [really.runs[cell_id].outputs["x"] for cell_id in page] == [one, two]
