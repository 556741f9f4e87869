"""pipreqs as a second opinion: in an environment of its own, cut off from every index."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from lock_bench import fact, facts_of

from jupyter_prodkit.lock.report import SecondOpinion
from jupyter_prodkit.lock.second_opinion import names_by_pipreqs, second_opinion
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


@pytest.mark.slow
def test_only_said(tmp_path: Path) -> None:
    """What pipreqs names beyond the lock is said and told apart; the lock is none the larger for it."""
    path = tmp_path / "work.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("import six, yaml")]), path)
    found = second_opinion(path, facts_of(fact("six")), {"six": "1.17.0", "pyyaml": "6"}, Uv.here(), Progress())
    assert found == SecondOpinion(named=("pyyaml", "six"), not_locked=("pyyaml",))


def test_not_to_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pipreqs there is no second opinion, which is said; the lock is not refused for that."""
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    path = tmp_path / "work.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("import six")]), path)
    found = second_opinion(path, facts_of(fact("six")), {"six": "1.17.0"}, Uv.here(), Progress())
    assert (found.named, found.not_locked) == ((), ())
    assert "pipreqs" in str(found.failed)
