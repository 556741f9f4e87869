"""Pages to run in earnest, in folders of their own."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import nbformat

from jupyter_prodkit.check.replay.outcome import CleanOutcome, Replay
from jupyter_prodkit.check.replay.replay import replay
from jupyter_prodkit.notebook.document import Notebook, read_notebook
from jupyter_prodkit.progress import Progress

BUDGET = 240.0


def write_page(folder: Path, *sources: str | tuple[str, list[str]]) -> Notebook:
    """A notebook in `folder` whose cells are called c1, c2 and so on; a pair is a source and its tags."""
    folder.mkdir(parents=True, exist_ok=True)
    cells = []
    for number, source in enumerate(sources, 1):
        text, tags = source if isinstance(source, tuple) else (source, [])
        cells.append(nbformat.v4.new_code_cell(text, id=f"c{number}", metadata={"tags": tags}))
    path = folder / "page.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return read_notebook(path)


def ran(notebook: Notebook, **options) -> Replay:
    """The page, really run."""
    return replay(notebook, **{"budget": BUDGET, "progress": Progress(), **options})


def printed(outcome: CleanOutcome) -> str:
    return "".join(one["text"] for one in outcome.shown if one.get("name") == "stdout")


def folder_state(folder: Path) -> Mapping[str, object]:
    """Everything in a folder: names, contents, times."""
    return {
        str(path.relative_to(folder)): (
            path.lstat().st_mtime_ns,
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
        )
        for path in sorted(folder.rglob("*"))
    }
