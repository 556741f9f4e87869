"""A project folder as export and push leave it: a wheel with the real runtime, and a release of a small model."""

from __future__ import annotations

import http.client
import importlib
import json
import pickle
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from jupyter_prodkit import runtime
from jupyter_prodkit.notebook.document import Cell, Notebook
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.release import ProjectFolder, ReleaseRecord, StepRecord
from jupyter_prodkit.runtime import Facts, infer_schema, release_files
from jupyter_prodkit.serve.step import SERVE, ServeOptions
from jupyter_prodkit.step import Inputs, Result, perform

MODEL = """
import os
import time

print("a model may talk when it is imported")


class Scaling:
    def __init__(self, factor):
        self.factor = factor

    def predict(self, rows):
        print("or when it predicts", flush=True)
        time.sleep(float(os.environ.get("TINY_SLOW", "0")))
        return rows.sum(axis=1) * self.factor * float(os.environ.get("TINY_SCALE", "1"))
"""
ROWS = np.array([[1.0, 2.0], [3.0, 4.5]])
PAGE = (Cell("c0", 0, "code", "#| export\nA = 1"),)


class Tiny:
    """One project and the step on it."""

    def __init__(self, folder: Path) -> None:
        self.notebook = Notebook(folder / "tiny.ipynb", PAGE)
        self.project = ProjectFolder.of(self.notebook.path)
        self.project.package.mkdir(parents=True)
        self.wheel = self.project.dist / "tiny-0.1.0-py3-none-any.whl"
        self._write_wheel()
        facts = {"package": "tiny", "wheel": self.wheel.name}
        self.record(ReleaseRecord(notebook="tiny.ipynb").with_step("export", self.done(**facts)))
        self.push("1")

    def done(self, **facts: Any) -> StepRecord:
        return StepRecord(
            done_at="2026-11-23T00:00:00+00:00", notebook_digest=self.notebook.code_digest, summary="", facts=facts
        )

    def record(self, record: ReleaseRecord) -> None:
        self.project.write_record(record)

    def push(self, version: str, *, factor: float = 2.0) -> None:
        """Write the release as a push does."""
        predictions = ROWS.sum(axis=1) * factor
        facts = Facts(name="tiny", version=version, package="tiny", package_version="0.1.0", model_class="Scaling")
        files = release_files(
            facts, model=self._pickled(factor), schema=infer_schema(ROWS), rows=ROWS, predictions=predictions
        )
        self.project.release.mkdir(exist_ok=True)
        for name, content in files.items():
            (self.project.release / name).write_bytes(content)
        pushed = self.done(model="tiny", model_version=version, run_id=f"run-{version}")
        self.record(self.project.read_record(self.notebook.path).with_step("push", pushed))

    def inputs(self) -> Inputs:
        return Inputs(self.notebook, self.project, self.project.read_record(self.notebook.path))

    def serve(self, progress: Progress | None = None, **options: Any) -> Result:
        inputs, chosen = self.inputs(), ServeOptions(**options)
        return perform(SERVE, SERVE.plan(inputs, chosen), inputs, chosen, progress or Progress())

    def _write_wheel(self) -> None:
        sources = {f"tiny/serving/{path.name}": path.read_text() for path in Path(runtime.__file__).parent.glob("*.py")}
        info = {"tiny-0.1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: tiny\nVersion: 0.1.0\n"}
        self.wheel.parent.mkdir()
        with zipfile.ZipFile(self.wheel, "w") as archive:
            for name, text in {"tiny/__init__.py": "", "tiny/model.py": MODEL, **sources, **info}.items():
                archive.writestr(name, text)

    def _pickled(self, factor: float) -> bytes:
        sys.path.insert(0, str(self.wheel))
        try:
            sys.modules.pop("tiny.model", None)
            sys.modules.pop("tiny", None)
            return pickle.dumps(importlib.import_module("tiny.model").Scaling(factor))
        finally:
            sys.path.remove(str(self.wheel))


def ask(
    url: str, path: str = "/invocations", body: Any = None, content_type: str = "application/json"
) -> tuple[int, Any]:
    """One request, spoken plainly; the answer's JSON, or its text."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=20)
    try:
        data = body if isinstance(body, (str, type(None))) else json.dumps(body)
        connection.request(
            "GET" if data is None else "POST", path, data, {"Content-Type": content_type} if data else {}
        )
        response = connection.getresponse()
        text = response.read().decode()
        is_json = "json" in (response.getheader("Content-Type") or "")
        return response.status, json.loads(text) if is_json and text else text
    finally:
        connection.close()


def answers(url: str) -> bool:
    try:
        return ask(url, "/ping")[0] == 200
    except OSError:
        return False
