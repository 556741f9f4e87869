"""Notebooks as values, and a lock as the lock step leaves it, for the tests of the export."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import msgspec

from jupyter_prodkit.environment.facts import DistributionFact, EnvironmentFacts
from jupyter_prodkit.notebook.document import Cell, Notebook

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"


def page(*sources: str, name: str = "flowers.ipynb", tags: dict[int, tuple[str, ...]] | None = None) -> Notebook:
    """A page of code cells; `tags` gives the tags of the cells at these places, from 0."""
    cells = [
        Cell(f"c{index}", index, "code", textwrap.dedent(source).strip("\n"), (tags or {}).get(index, ()))
        for index, source in enumerate(sources)
    ]
    return Notebook(Path(name), tuple(cells))


def distribution(name: str, version: str, *modules: str) -> DistributionFact:
    return DistributionFact(name=name, version=version, why="imported", modules=modules or (name,))


FACTS = EnvironmentFacts(
    python=f"{PYTHON}.0",
    implementation="cpython",
    platform="linux",
    machine="x86_64",
    distributions=(
        distribution("google-cloud-bigquery", "3.1", "google.cloud.bigquery"),
        distribution("google-cloud-storage", "2.0", "google.cloud.storage"),
        distribution("numpy", "2.4.6"),
        distribution("pandas", "3.1.1"),
        distribution("scikit-learn", "1.9.1", "sklearn"),
    ),
    local_modules=("helpers",),
)
REQUIREMENTS = """# Locked for the tests
google-cloud-bigquery==3.1 \\
    --hash=sha256:00
google-cloud-storage==2.0 \\
    --hash=sha256:00
./wheels/numpy-2.4.6-cp311-cp311-manylinux_2_28_x86_64.whl \\
    --hash=sha256:00
pandas==3.1.1 \\
    --hash=sha256:00
./wheels/scikit_learn-1.9.1-cp311-cp311-manylinux_2_28_x86_64.whl \\
    --hash=sha256:00
"""
SERVING = """msgspec==0.22.0 \\
    --hash=sha256:00
prometheus-client==0.26.0 \\
    --hash=sha256:00
pydantic-settings==2.16.3 \\
    --hash=sha256:00
./wheels/pyyaml-6.0.3-cp311-cp311-manylinux2014_x86_64.whl \\
    --hash=sha256:00
tenacity==9.1.2 \\
    --hash=sha256:00
uvicorn==0.54.0 \\
    --hash=sha256:00
"""


def write_lock(folder: Path, facts: EnvironmentFacts = FACTS) -> None:
    """The lock's folder, as the lock step writes it."""
    (folder / "wheels").mkdir(parents=True)
    (folder / "wheels" / "numpy-2.4.6-cp311-cp311-manylinux_2_28_x86_64.whl").write_bytes(b"a wheel")
    (folder / "requirements.lock").write_text(REQUIREMENTS)
    (folder / "serving.lock").write_text(SERVING)
    (folder / "environment.json").write_bytes(msgspec.json.encode(facts))
