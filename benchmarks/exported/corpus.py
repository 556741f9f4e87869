"""The notebooks: the corpus of the accuracy benchmark, and lmfit's gallery as Debian distributes it, uncut."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

__all__ = ["FROM_DEBIAN", "code_cells", "fetch_debian", "notebooks"]

FROM_DEBIAN = "python-lmfit-doc"
FEWEST_CELLS = 4
_NOT_ALONE = re.compile(r"open\(|loadtxt|read_csv|emcee|np\.load|dill|pickle", re.IGNORECASE)
"""What needs files or packages that do not come with the notebook."""


def fetch_debian(folder: Path) -> None:
    """Bring Debian's package of lmfit's documentation into `folder`, once, and write out its notebooks that run alone.

    Raises CalledProcessError where Debian's archive can't be reached.
    """
    if (folder / "complete").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["apt-get", "download", "-qq", FROM_DEBIAN], cwd=folder, check=True, capture_output=True)
    archive = next(folder.glob("*.deb"))
    subprocess.run(["dpkg-deb", "-x", archive.name, "tree"], cwd=folder, check=True)
    for path in sorted((folder / "tree").rglob("*.ipynb*")):
        text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text("utf-8")
        notebook = json.loads(text)
        sources = _sources(notebook)
        if len(sources) >= FEWEST_CELLS and not any(_NOT_ALONE.search(source) for source in sources):
            for number, cell in enumerate(notebook["cells"]):
                cell["id"] = f"c{number:03}"
            notebook |= {"nbformat": 4, "nbformat_minor": 5}
            name = path.name.partition(".")[0]
            (folder / f"lmfit__{name}.ipynb").write_text(json.dumps(notebook, indent=1), encoding="utf-8")
    (folder / "complete").touch()


def notebooks(*folders: Path) -> dict[str, Path]:
    """Return each notebook's name and path."""
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*__*.ipynb"))}


def code_cells(path: Path) -> list[str]:
    """Return the text of each code cell."""
    return _sources(json.loads(path.read_text("utf-8")))


def _sources(notebook: Mapping[str, list[Mapping[str, str]]]) -> list[str]:
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
