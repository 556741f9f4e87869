"""pipreqs as a second opinion: in an environment of its own, cut off from every index."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from jupyter_prodkit.lock.second_opinion import names_by_pipreqs
from jupyter_prodkit.lock.uv import Uv
from jupyter_prodkit.progress import Progress


@pytest.mark.slow
def test_names_of_what_is_installed_here(tmp_path: Path) -> None:
    """Pipreqs names what it finds of what is installed; a name that only an index could know comes to nothing."""
    path = tmp_path / "work.ipynb"
    sources = ["import six, yaml, attr", "from nowhere_else import x"]
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(one) for one in sources]), path)
    named = names_by_pipreqs(path, {"six": "1.17.0", "pyyaml": "6.0.3"}, Uv.here(), Progress())
    assert named == {"six", "pyyaml"}
    assert [one.name for one in tmp_path.iterdir()] == ["work.ipynb"]
