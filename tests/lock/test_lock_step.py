"""The step: what it plans, when it refuses, when it is stale."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import packaging
import pytest
from lock_bench import fact, facts_of

from jupyter_prodkit.environment import capture as capture_module
from jupyter_prodkit.errors import LockError, MissingDependencyError
from jupyter_prodkit.faces.arguments import step_form
from jupyter_prodkit.lock import uv
from jupyter_prodkit.lock.step import LOCK, LockOptions, plan_for
from jupyter_prodkit.notebook.document import Cell, Notebook
from jupyter_prodkit.release import ProjectFolder, ReleaseRecord, StepRecord
from jupyter_prodkit.session.record import EMPTY_TIMELINE, Timeline
from jupyter_prodkit.step import Inputs

T = TypeVar("T")


class Kernel:
    """A kernel that loaded what it is told it did; it answers on its main thread only."""

    def __init__(self, modules: Mapping[str, str | None], imported: set[str]) -> None:
        self.modules, self.imported = modules, imported
        self.namespace: Mapping[str, Any] = {}
        self.timeline: Timeline = EMPTY_TIMELINE
        self.on_main = False

    def on_main_thread(self, function: Callable[[], T]) -> T:
        self.on_main = True
        try:
            return function()
        finally:
            self.on_main = False

    def user_modules(self) -> Mapping[str, str | None]:
        assert self.on_main
        return self.modules

    def imported_names(self) -> frozenset[str]:
        assert self.on_main
        return frozenset(self.imported)


def inputs(folder: Path, kernel: Kernel | None, source: str = "import packaging") -> Inputs:
    path = folder / "nb.ipynb"
    notebook = Notebook(path, (Cell(cell_id="a", index=0, kind="code", source=source),))
    return Inputs(notebook, ProjectFolder.of(path), ReleaseRecord(notebook="nb.ipynb"), kernel)


PACKAGING = {"packaging": packaging.__file__}


def test_plan(tmp_path: Path) -> None:
    """The plan says in one sentence what is locked, for which Python and system, and changes nothing."""
    given = inputs(tmp_path, Kernel(PACKAGING, {"packaging"}))
    plan = LOCK.plan(given, LockOptions())
    python = ".".join(map(str, sys.version_info[:2]))
    assert plan.summary == f"Lock 1 distribution for Python {python} on {plan.facts.platform} {plan.facts.machine}."
    assert plan.details == ("1 imported.",)
    assert plan.folder == tmp_path / "nb-prod" / "lock"
    assert not given.project.path.exists()


def test_plan_names_what_must_be_built(tmp_path: Path) -> None:
    """The plan says of which distributions a wheel will be built."""
    facts = facts_of(fact("six"), fact("mine", source="editable", url="file:///x"), fact("dep", why="required"))
    plan = plan_for(facts, tmp_path)
    assert plan.summary.startswith("Lock 3 distributions for ")
    assert plan.details == ("2 imported, 1 required.", "Builds the wheels of mine (editable).")


def test_without_kernel(tmp_path: Path) -> None:
    """Without a kernel the lock refuses and says how to get one."""
    with pytest.raises(LockError, match="needs the kernel") as caught:
        LOCK.plan(inputs(tmp_path, None), LockOptions())
    assert "%prodlock" in caught.value.hint


@pytest.mark.parametrize("modules", [{}, {"json": json.__file__, "math": None}])
def test_nothing_imported(tmp_path: Path, modules: dict[str, str | None]) -> None:
    """A kernel that uses no installed distribution gives a clear error, not an empty lock."""
    with pytest.raises(LockError, match="nothing to lock") as caught:
        LOCK.plan(inputs(tmp_path, Kernel(modules, set(modules)), "import json, math"), LockOptions())
    assert "Run the notebook's cells" in caught.value.hint


def test_replaced_after_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package upgraded after its import stops the plan and asks for a restart."""
    monkeypatch.setattr(capture_module, "held_in_memory", lambda *_: "0.1")
    with pytest.raises(LockError, match=r"packaging 0\.1 \(on disk: ") as caught:
        LOCK.plan(inputs(tmp_path, Kernel(PACKAGING, set())), LockOptions())
    assert "Restart the kernel" in caught.value.hint


def test_uv_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without uv the plan says what to install, before anything is done."""

    def absent(_: str) -> None:
        raise ImportError

    monkeypatch.setattr(uv, "import_module", absent)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingDependencyError) as caught:
        LOCK.plan(inputs(tmp_path, Kernel(PACKAGING, set())), LockOptions())
    assert 'pip install "jupyter-prodkit[lock]"' in caught.value.hint


def test_stale(tmp_path: Path) -> None:
    """A lock is stale once the code on the page differs from what it was when locked; never locked is not stale."""
    notebook = inputs(tmp_path, None).notebook
    done = StepRecord(done_at="", notebook_digest=notebook.code_digest, summary="", facts={})
    record = ReleaseRecord(notebook="nb.ipynb").with_step("lock", done)
    assert LOCK.stale(ReleaseRecord(notebook="nb.ipynb"), notebook) is None
    assert LOCK.stale(record, notebook) is None
    assert LOCK.stale(record, inputs(tmp_path, None, "import packaging  # a comment").notebook) is None
    assert LOCK.stale(record, inputs(tmp_path, None, "import six").notebook) == "the code has changed since"


def test_names() -> None:
    """The step has the name and the magic that every face derives from it."""
    assert (LOCK.name, LOCK.magic, LOCK.title, LOCK.needs_kernel) == ("lock", "prodlock", "Lock", True)


def test_a_calm_form() -> None:
    """The panel asks for what proves more and no further; the rest of the options is for a prompt."""
    asked = [field.name for field in step_form(LOCK).options]
    assert asked == ["verify", "with_notebook", "audit", "force"]
