"""A notebook that has run: a real namespace in this process, its project locked and exported, ready to be pushed."""

from __future__ import annotations

import importlib.metadata
import sys
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from jupyter_prodkit.environment.facts import DistributionFact, EnvironmentFacts
from jupyter_prodkit.export.step import EXPORT, ExportOptions
from jupyter_prodkit.notebook.document import Cell, Notebook
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.push.step import PUSH, PushOptions
from jupyter_prodkit.release import ProjectFolder, StepRecord
from jupyter_prodkit.session.record import Timeline
from jupyter_prodkit.step import Inputs, Result, perform

T = TypeVar("T")
USED = {"numpy": "numpy", "pandas": "pandas", "scikit-learn": "sklearn"}
SERVER = ("msgspec", "prometheus-client", "pydantic-settings", "pyyaml", "uvicorn")


class RunNotebook:
    """Runs cells as a kernel does, in a namespace called `__main__`, and can be asked what a kernel can be asked."""

    def __init__(self, path: Path, *sources: str) -> None:
        self.path = path
        self.cells: list[Cell] = []
        self._namespace: dict[str, Any] = {"__name__": "__main__"}
        self.run(*sources)

    def run(self, *sources: str) -> RunNotebook:
        """Add cells to the page and run them."""
        for source in sources:
            place = len(self.cells)
            cell = Cell(f"c{place}", place, "code", textwrap.dedent(source).strip("\n"))
            self.cells.append(cell)
            exec(compile(cell.python, f"<cell {place + 1}>", "exec"), self._namespace)
        return self

    @property
    def page(self) -> Notebook:
        return Notebook(self.path, tuple(self.cells))

    @property
    def project(self) -> ProjectFolder:
        return ProjectFolder.of(self.path)

    def inputs(self) -> Inputs:
        return Inputs(self.page, self.project, self.project.read_record(self.path), self)

    def locked(self) -> RunNotebook:
        """Lock as the lock step does, but without asking an index: these versions, no hashes."""
        write_lock(self.project.lock)
        done = StepRecord(
            done_at="2026-11-23T00:00:00+00:00", notebook_digest="", summary="", facts={"lock_digest": "l" * 64}
        )
        self.project.write_record(self.project.read_record(self.path).with_step("lock", done))
        return self

    def export(self, **options: Any) -> RunNotebook:
        inputs, chosen = self.inputs(), ExportOptions(**{"verify": False, **options})
        perform(EXPORT, EXPORT.plan(inputs, chosen), inputs, chosen, Progress())
        return self

    def push(self, model: str = "model", progress: Progress | None = None, **options: Any) -> Result:
        inputs, chosen = self.inputs(), PushOptions(model=model, **options)
        return perform(PUSH, PUSH.plan(inputs, chosen), inputs, chosen, progress or Progress())

    # -- LiveKernel ---------------------------------------------------------------------------------------------------

    @property
    def namespace(self) -> Mapping[str, Any]:
        return self._namespace

    @property
    def timeline(self) -> Timeline:
        values = self._namespace.items()
        models = {name for name, value in values if hasattr(value, "predict") and not isinstance(value, type)}
        return Timeline(models=frozenset(models))

    def user_modules(self) -> Mapping[str, str | None]:
        return {}

    def imported_names(self) -> frozenset[str]:
        return frozenset()

    def on_main_thread(self, function: Callable[[], T]) -> T:
        return function()


def write_lock(folder: Path) -> None:
    versions = {name: importlib.metadata.version(name) for name in (*USED, *SERVER)}
    facts = EnvironmentFacts(
        python=".".join(map(str, sys.version_info[:3])),
        implementation="cpython",
        platform=sys.platform,
        machine="x86_64",
        distributions=tuple(
            DistributionFact(name=name, version=versions[name], why="imported", modules=(module,))
            for name, module in USED.items()
        ),
    )
    folder.mkdir(parents=True)
    (folder / "environment.json").write_bytes(msgspec.json.encode(facts))
    for file, names in (("requirements.lock", USED), ("serving.lock", SERVER)):
        (folder / file).write_text("".join(f"{name}=={versions[name]}\n" for name in names))


IMPORTS = """
    import numpy as np
    import pandas as pd
    from sklearn.linear_model import LogisticRegression, LinearRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer
"""
RAW = """
    raw = pd.DataFrame({
        "length": np.linspace(0, 3, 60),
        "width": np.tile([0.1, 0.2, 0.3], 20),
        "colour": ["red", "blue", "red"] * 20,
        "grown": [["anything"]] * 60,
        "target": ["small"] * 30 + ["large"] * 30,
    })
"""
FEATURES = """
    #| export features
    def features(rows):
        return rows[["length", "width"]].assign(long=rows["length"] > CUT)
"""
TRAIN = """
    #| export
    def train(rows, target):
        return LogisticRegression().fit(features(rows), target)
"""
FLOWERS = (IMPORTS, "#| parameters\nCUT = 1.5", RAW, FEATURES, TRAIN, "model = train(raw, raw['target'])")
