"""The step: plan, build, prove, replace; and what it leaves alone."""

from __future__ import annotations

import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pages import page

from jupyter_prodkit.errors import CancelledError, ExportError, LockError, UsageError
from jupyter_prodkit.export.previewing import ExportPreview
from jupyter_prodkit.export.step import EXPORT, ExportOptions
from jupyter_prodkit.files import file_digest
from jupyter_prodkit.notebook.document import Notebook
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.release import ProjectFolder, StepRecord
from jupyter_prodkit.step import Inputs, Result, perform

FLOWERS = ("#| parameters\nLIMIT = 3", "#| export\ndef features(rows):\n    return rows[rows > LIMIT]")
Export = Callable[..., Result]
Inputs_of = Callable[[Notebook], Inputs]


@pytest.fixture
def inputs_of(project: ProjectFolder) -> Callable[[Notebook], Inputs]:
    def inputs(notebook: Notebook) -> Inputs:
        return Inputs(notebook, project, project.read_record(notebook.path))

    return inputs


@pytest.fixture
def export(inputs_of: Callable[[Notebook], Inputs]) -> Export:
    """Carry the step out as every face does."""

    def run(*cells: str, progress: Progress | None = None, **given: Any) -> Result:
        inputs, options = inputs_of(page(*cells)), ExportOptions(force=True, verify=False, **given)
        return perform(EXPORT, EXPORT.plan(inputs, options), inputs, options, progress or Progress())

    return run


@pytest.fixture(autouse=True)
def claimed(project: ProjectFolder) -> None:
    """As the lock step leaves the folder."""
    project.write_record(project.read_record(Path("flowers.ipynb")).with_step("lock", locked("l" * 64)))


def locked(digest: str) -> StepRecord:
    return StepRecord(
        done_at="2026-11-23T05:59:46+00:00", notebook_digest="", summary="", facts={"lock_digest": digest}
    )


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_package_and_its_wheel_are_made(export: Export, project: ProjectFolder) -> None:
    """One step gives the package's source with the lock and its wheels, and an installable wheel whose hash is recorded."""
    result = export(*FLOWERS)
    assert result.summary == "Exported flowers 0.1.0: 1 definitions, 1 settings."
    recorded = result.recorded or {}
    wheel = project.dist / "flowers-0.1.0-py3-none-any.whl"
    assert recorded["wheel_digest"] == file_digest(wheel)
    assert recorded["features"] == "flowers.core:features"
    assert recorded["predict"] is None
    assert recorded["names"] == {"features": "core"}
    assert recorded["cells"] == {"core": ["c1"]}
    assert "flowers/core.py" in zipfile.ZipFile(wheel).namelist()
    assert (project.package / "wheels" / "numpy-2.4.6-cp311-cp311-manylinux_2_28_x86_64.whl").read_bytes() == b"a wheel"
    assert sorted(path.name for path in project.path.iterdir()) == ["dist", "lock", "package", "release.json"]


def test_the_plan_changes_nothing(inputs_of: Callable[[Notebook], Inputs], project: ProjectFolder) -> None:
    """What would be done is shown in a sentence before anything is written."""
    before = content(project.path)
    plan = EXPORT.plan(inputs_of(page(*FLOWERS)), ExportOptions())
    assert plan.summary == "Export 1 marked cell as the package flowers 0.1.0."
    assert plan.details[0] == "core: features"
    assert isinstance(plan.document, ExportPreview)
    changes = {file.path: file.change for file in plan.document.files}
    assert (changes["src/flowers/core.py"], changes["config.yaml"]) == ("new", "new")
    assert content(project.path) == before


def test_two_exports_are_equal_byte_for_byte(export: Export, project: ProjectFolder) -> None:
    """The same notebook and lock give the same source and the same wheel, a moment later too."""
    export(*FLOWERS)
    first = content(project.package), content(project.dist)
    time.sleep(2.1)  # longer than the clock of a zip file ticks
    export(*FLOWERS)
    assert (content(project.package), content(project.dist)) == first


def test_nothing_of_an_earlier_export_is_left(export: Export, project: ProjectFolder) -> None:
    """After a rename the old module and the old wheel are gone."""
    export(*FLOWERS)
    export("#| export shapes\nA = 1", name="figures")
    assert [path.name for path in project.dist.iterdir()] == ["figures-0.1.0-py3-none-any.whl"]
    assert not (project.package / "src" / "flowers").exists()
    assert not (project.package / "src" / "figures" / "core.py").exists()


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        (("#| export\nimport functools\n@functools.partial(print)\ndef f(): ...",), "prints something when it is imported: <function f"),
        (("#| export\nimport atexit, sys\n@atexit.register\ndef f():\n    sys.stdout.write('bye')",), "prints something when it is imported: bye"),
        (("#| export\nimport pathlib\n@(lambda f: pathlib.Path('made').touch())\ndef f(): ...",), "writes files when it is imported: made"),
        (("#| export\nimport json\nclass A(json.Missing): ...",), "can't be imported: AttributeError: module 'json' has no attribute 'Missing'"),
    ],
)  # fmt: skip
def test_what_an_import_does_is_found_out(
    export: Export, project: ProjectFolder, cells: tuple[str, ...], says: str
) -> None:
    """The wheel is imported in a new process: one that fails, talks or writes is refused, and the old one stays."""
    export(*FLOWERS)
    before = content(project.path)
    with pytest.raises(ExportError, match="The exported package ") as caught:
        export(*cells)
    assert says in caught.value.message
    assert content(project.path) == before
    assert not list(project.path.glob(".prodkit-*"))


def test_a_cancel_leaves_the_old_package(export: Export, project: ProjectFolder) -> None:
    """Stopped in the middle, the step leaves what was there and nothing else."""
    export(*FLOWERS)
    before = content(project.path)
    progress = Progress(
        lambda event: threading.Thread(target=progress.cancel).start() if event.fraction == 0.9 else None
    )
    with pytest.raises(CancelledError):
        export("#| export\nA = 1", progress=progress)
    assert content(project.path) == before
    assert not list(project.path.glob(".prodkit-*"))


def test_a_failed_build_leaves_the_old_package(
    export: Export, project: ProjectFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the wheel can't be built, the reason is told and the old package and wheel stay together."""
    export(*FLOWERS)
    before = content(project.path)
    monkeypatch.setattr("jupyter_prodkit.export.step._uv_version", lambda: "99.0")  # no such build backend
    monkeypatch.setenv("UV_OFFLINE", "1")
    with pytest.raises(LockError, match="build a wheel"):
        export("#| export\nA = 1")
    assert content(project.path) == before


def test_the_users_own_env_file_outlives_an_export(export: Export, project: ProjectFolder) -> None:
    """The README tells the user to write secrets into .env: exporting again must not lose them."""
    export(*FLOWERS)
    (project.package / ".env").write_text("FLOWERS_LIMIT=4\n")
    export(*FLOWERS, "#| export\nA = 1")
    assert (project.package / ".env").read_text() == "FLOWERS_LIMIT=4\n"


def test_edits_by_hand_are_kept(export: Export, project: ProjectFolder) -> None:
    """An edit in the package outlives the next export, beside what changed in the notebook; so do files of one's own."""
    export(*FLOWERS)
    core, readme = project.package / "src/flowers/core.py", project.package / "README.md"
    core.write_text(core.read_text().replace("    return rows", "    # by hand\n    return rows"))
    readme.write_text(readme.read_text() + "\nMine.\n")
    (project.package / "notes.md").write_text("Mine, too.\n")
    (project.package / ".pre-commit-config.yaml").unlink()
    result = export(*FLOWERS, "#| export\nNAME = 'a'")
    assert "    # by hand\n    return rows" in core.read_text()
    assert "NAME = 'a'" in core.read_text()
    assert "`NAME`" in readme.read_text()
    assert readme.read_text().endswith("\nMine.\n")
    assert (project.package / "notes.md").read_text() == "Mine, too.\n"
    assert not (project.package / ".pre-commit-config.yaml").exists()
    assert "Edits by hand were kept in .pre-commit-config.yaml, README.md, src/flowers/core.py." in result.warnings


def test_the_same_lines_changed_on_both_sides_are_a_conflict(export: Export, project: ProjectFolder) -> None:
    """Nothing is written where an edit and the notebook contradict each other; the user says which counts."""
    export(*FLOWERS)
    core = project.package / "src/flowers/core.py"
    core.write_text(core.read_text().replace("rows[rows >", "rows[rows >="))
    before = content(project.path)
    changed = (FLOWERS[0], FLOWERS[1].replace("rows[rows > LIMIT]", "rows[rows < LIMIT]"))
    with pytest.raises(ExportError, match=r"src/flowers/core\.py") as caught:
        export(*changed)
    assert "--overwrite" in caught.value.hint
    assert content(project.path) == before
    (project.package / "notes.md").write_text("Mine.\n")
    export(*changed, overwrite=True)
    assert "rows[rows < settings().limit]" in core.read_text()
    assert (project.package / "notes.md").read_text() == "Mine.\n"


def test_giving_up_edits_is_asked_about(export: Export, project: ProjectFolder, inputs_of: Inputs_of) -> None:
    """With --overwrite the plan names what would be lost, and asks; what tools leave behind is none of it."""
    export(*FLOWERS)
    (project.package / ".venv").mkdir()
    (project.package / ".venv" / "pyvenv.cfg").touch()
    assert EXPORT.plan(inputs_of(page(*FLOWERS)), ExportOptions(overwrite=True)).question is None
    (project.package / "config.yaml").write_text("limit: 4\n")
    question = EXPORT.plan(inputs_of(page(*FLOWERS)), ExportOptions(overwrite=True)).question
    assert question == "Edits of config.yaml will be lost. Go on?"


def test_ci_learns_whether_package_and_notebook_agree(export: Export, project: ProjectFolder) -> None:
    """`--check` writes nothing and fails where the notebook has moved on or the package was edited."""
    export(*FLOWERS)
    before = content(project.path)
    assert export(*FLOWERS, check=True).exit_code == 0
    moved = export(FLOWERS[0], FLOWERS[1] + "\n", "#| export\nNEW = 1", check=True)
    assert (moved.exit_code, "src/flowers/core.py" in {fact.value for fact in moved.facts}) == (1, True)
    gone = export(FLOWERS[0], FLOWERS[1].replace("#| export", "#| export rows"), check=True)
    assert {"src/flowers/core.py", "src/flowers/rows.py"} <= {fact.value for fact in gone.facts}
    assert content(project.path) == before
    (project.package / "src/flowers/core.py").write_text("")
    edited = export(*FLOWERS, check=True)
    assert [(fact.label, fact.value) for fact in edited.facts] == [("edited by hand", "src/flowers/core.py")]


@pytest.mark.parametrize(
    "given",
    [
        {"preview": True, "update_notebook": True},
        {"check": True, "update_notebook": True},
        {"check": True, "preview": True},
        {"check": True, "track_data": True},
        {"update_notebook": True, "data_remote": "store"},
    ],
)
def test_options_of_which_one_would_be_left_out_are_refused(inputs_of: Inputs_of, given: dict[str, Any]) -> None:
    """Who asks to write nothing and to write gets neither: above all no notebook is changed under `--preview`."""
    with pytest.raises(UsageError, match=r"^--\S+ does not go with --\S+\.\n"):
        EXPORT.plan(inputs_of(page(*FLOWERS)), ExportOptions(**given))


def test_unmarked_code_is_taken_along_only_when_agreed(inputs_of: Inputs_of) -> None:
    """What the marked cells need is named in a question; one option says yes beforehand."""
    notebook = page("rows = [1]", "#| step load\ntotal = sum(rows)")
    asked = EXPORT.plan(inputs_of(notebook), ExportOptions())
    assert asked.question == "The marked cells need what nobody marked (cell 1: `rows = [1]`). Take it along?"
    assert "taken along, cell 1: rows = [1]" in asked.details
    assert asked.otherwise == "--with-needed takes it along; --yes says yes to all that is asked."
    assert EXPORT.plan(inputs_of(notebook), ExportOptions(with_needed=True)).question is None


def test_a_mark_below_a_magic_is_said_to_have_no_effect(inputs_of: Inputs_of) -> None:
    """The rest is exported with a warning; where nothing else is marked, the refusal says why."""
    below = "%%time\n#| export\ndef slow(): ..."
    said = "The mark `export` of cell 1 stands below a `%%` line and has no effect: give the cell the tag instead."
    assert said in EXPORT.plan(inputs_of(page(below, *FLOWERS)), ExportOptions()).warnings
    with pytest.raises(ExportError, match="No cell of flowers") as raised:
        EXPORT.plan(inputs_of(page(below)), ExportOptions())
    assert raised.value.hint.startswith(said)


def test_files_that_no_export_made_are_left_alone(inputs_of: Inputs_of, project: ProjectFolder) -> None:
    """A folder where the package should go, with something else in it, is not replaced."""
    project.package.mkdir()
    (project.package / "thesis.tex").write_text("mine")
    with pytest.raises(ExportError, match="holds files that no export made"):
        EXPORT.plan(inputs_of(page(*FLOWERS)), ExportOptions(force=True))
    assert (project.package / "thesis.tex").read_text() == "mine"


def test_a_notebook_that_diverges_is_not_exported(
    inputs_of: Inputs_of, project: ProjectFolder, export: Export
) -> None:
    """After a check that says so, only --force exports, and the record says that it was forced."""
    notebook = page(*FLOWERS)
    checked = StepRecord(done_at="", notebook_digest=notebook.code_digest, summary="", facts={"verdict": "diverges"})
    project.write_record(project.read_record(notebook.path).with_step("check", checked))
    with pytest.raises(ExportError, match="something else than this notebook shows") as caught:
        EXPORT.plan(inputs_of(notebook), ExportOptions())
    assert "repair plan" in caught.value.hint
    assert (export(*FLOWERS).recorded or {})["forced"] is True


def test_an_installed_package_of_another_name_is_not_hidden(inputs_of: Callable[[Notebook], Inputs]) -> None:
    """`--name pytest` would hide the installed one, `uvicorn` the server's: both are refused."""
    for name in ("pytest", "uvicorn", "scikit_learn", "sklearn", "google"):
        with pytest.raises(ExportError, match="would hide the module of that name"):
            EXPORT.plan(inputs_of(page(*FLOWERS)), ExportOptions(name=name))


def test_an_export_is_stale_when_the_code_or_the_lock_is_another(
    export: Export, inputs_of: Callable[[Notebook], Inputs], project: ProjectFolder
) -> None:
    """The panel says why to export again: the code changed, or the lock did; locking anew with the same result is neither."""
    notebook = page(*FLOWERS)
    assert EXPORT.stale(inputs_of(notebook).record, notebook) is None
    export(*FLOWERS)
    record = inputs_of(notebook).record
    assert EXPORT.stale(record, notebook) is None
    assert (
        EXPORT.stale(record.with_step("lock", msgspec.structs.replace(locked("l" * 64), done_at="2099")), notebook)
        is None
    )
    assert EXPORT.stale(record.with_step("lock", locked("m" * 64)), notebook) == "the lock was made again since"
    assert EXPORT.stale(record, page(*FLOWERS, "1")) == "the code has changed since"
