from __future__ import annotations

import dataclasses
from pathlib import Path, PurePosixPath

import pytest
from tiny_project import write_environment, write_release, write_wheel

from jupyter_prodkit.build.ingredients import gather
from jupyter_prodkit.build.plan import full_tag
from jupyter_prodkit.build.step import BUILD, BuildOptions
from jupyter_prodkit.errors import BuildError
from jupyter_prodkit.notebook.document import Cell, Notebook
from jupyter_prodkit.release import ProjectFolder, ReleaseRecord, StepRecord
from jupyter_prodkit.step import Inputs


def dockerfile_of(inputs: Inputs, options: BuildOptions | None = None) -> str:
    return str(BUILD.plan(inputs, options or BuildOptions()).tree[PurePosixPath("Dockerfile")])


def test_the_plan_says_what_will_be_built_on_what_and_why(inputs: Inputs) -> None:
    plan = BUILD.plan(inputs, BuildOptions())
    assert plan.summary == "Build image tiny:3 on python:3.11-slim-bookworm (no CUDA in the kernel)."
    assert f"docker build -t tiny:3 {inputs.project.image}" in plan.details[-1]
    assert not inputs.project.image.exists(), "planning writes nothing"


def test_the_options_decide_on_tag_and_base(inputs: Inputs) -> None:
    plan = BUILD.plan(inputs, BuildOptions(tag="here:5000/team/credit", base="ours:1"))
    assert plan.summary == "Build image here:5000/team/credit:3 on ours:1 (as --base says)."


def test_a_further_index_is_no_part_of_what_is_written_or_shown(inputs: Inputs) -> None:
    plan = BUILD.plan(inputs, BuildOptions(index="https://me:secret@host/simple"))
    assert plan.arguments == {"UV_INDEX": "https://me:secret@host/simple"}
    assert plan.by_hand.startswith("docker build --build-arg UV_INDEX -t tiny:3 ")
    assert "secret" not in plan.summary + str(plan.details) + str(plan.tree)


@pytest.mark.parametrize(
    ("wanted", "model", "version", "tag"),
    [
        (None, "tiny", "3", "tiny:3"),
        (None, "Credit Risk", "12", "credit-risk:12"),
        (None, "credit_risk", "1", "credit_risk:1"),
        (None, "a__b -- c.", "1", "a-b-c:1"),
        (None, "Größe", "1", "gr-e:1"),
        (None, "日本", "2024/11", "model:2024-11"),
        ("mine", "tiny", "3", "mine:3"),
        ("mine:live", "tiny", "3", "mine:live"),
        ("host:5000/mine", "tiny", "3", "host:5000/mine:3"),
    ],
)
def test_the_tag_is_the_models_name_and_version_in_dockers_few_signs(
    wanted: str | None, model: str, version: str, tag: str
) -> None:
    assert full_tag(wanted, model, version) == tag


@pytest.mark.parametrize(
    ("path", "step"),
    [
        ("lock/environment.json", "%prodlock"),
        ("lock/requirements.lock", "%prodlock"),
        ("lock/serving.lock", "%prodlock"),
        ("lock/wheels/localdep-1.0-py3-none-any.whl", "%prodlock"),
        ("package/config.yaml", "%prodexport"),
        ("dist/tinypkg-0.1.0-py3-none-any.whl", "%prodexport"),
        ("release/manifest.json", "%prodpush MODEL"),
        ("release/model.pkl", "%prodpush MODEL"),
        ("release/golden.json", "%prodpush MODEL"),
    ],
)
def test_what_is_missing_names_the_step_that_makes_it(inputs: Inputs, path: str, step: str) -> None:
    (inputs.project.path / path).unlink()
    with pytest.raises(BuildError) as caught:
        BUILD.plan(inputs, BuildOptions())
    assert step in caught.value.hint


def test_a_file_that_cant_be_read_is_an_error_that_names_it(inputs: Inputs) -> None:
    (inputs.project.lock / "environment.json").write_text('{"python": 3}')
    with pytest.raises(BuildError, match=r"environment\.json") as caught:
        BUILD.plan(inputs, BuildOptions())
    assert "%prodlock" in caught.value.hint


def test_a_model_of_another_python_than_the_locks_is_refused(inputs: Inputs) -> None:
    write_release(inputs.project.release, {"model.pkl": b"", "golden.json": b"{}"}, python="3.9")
    with pytest.raises(BuildError, match=r"Python 3\.9"):
        BUILD.plan(inputs, BuildOptions())


def test_a_model_pushed_with_another_version_of_the_package_is_refused(inputs: Inputs) -> None:
    (inputs.project.dist / "tinypkg-0.1.0-py3-none-any.whl").unlink()
    write_wheel(inputs.project.dist, "tinypkg", "0.2.0", {})
    with pytest.raises(BuildError, match=r"pushed with tinypkg 0\.1\.0; exported is 0\.2\.0") as caught:
        BUILD.plan(inputs, BuildOptions())
    assert "%prodpush" in caught.value.hint


def test_the_kernels_cuda_decides_on_the_base(inputs: Inputs) -> None:
    write_environment(inputs.project, cuda={"framework": "torch", "version": "2.6.0", "cuda": "12.4"})
    assert "FROM nvidia/cuda:12.4.1-cudnn-runtime-ubuntu22.04 AS dependencies" in dockerfile_of(inputs)

    with (inputs.project.lock / "requirements.lock").open("a") as lock:
        lock.write("nvidia-cublas-cu12==12.4.5.8 \\\n    --hash=sha256:" + "0" * 64 + "\n")
    assert "FROM python:3.11-slim-bookworm AS dependencies" in dockerfile_of(inputs), "CUDA comes with the wheels"


def test_distributions_are_read_from_both_locks_and_from_local_wheels(project: ProjectFolder) -> None:
    with (project.lock / "requirements.lock").open("a") as lock:
        lock.write("LightGBM==4.6.0 \\\n    --hash=sha256:" + "0" * 64 + "\n")
        lock.write("torch[cuda] @ https://example.org/torch.whl --hash=sha256:" + "0" * 64 + "\n")
    found = gather(project)
    assert found.distributions == ("lightgbm", "localdep", "six", "torch")
    assert [path.name for path in found.local_wheels] == ["localdep-1.0-py3-none-any.whl"]


def test_a_distribution_that_needs_a_system_library_gets_it(inputs: Inputs) -> None:
    assert "libgomp1" not in dockerfile_of(inputs)
    with (inputs.project.lock / "requirements.lock").open("a") as lock:
        lock.write("lightgbm==4.6.0 \\\n    --hash=sha256:" + "0" * 64 + "\n")
    assert "libgomp1" in dockerfile_of(inputs)


def test_the_labels_lead_back_to_the_cells_and_carry_no_secret(inputs: Inputs) -> None:
    record = ReleaseRecord(notebook="https://me:secret@host/tiny.ipynb")
    text = dockerfile_of(dataclasses.replace(inputs, record=record))
    assert 'jupyter-prodkit.notebook="https://host/tiny.ipynb"' in text
    assert f'jupyter-prodkit.notebook-digest="{"1" * 64}"' in text
    assert 'jupyter-prodkit.model-version="3"' in text
    assert 'jupyter-prodkit.package-version="0.1.0"' in text
    assert "jupyter-prodkit.lock-digest=" in text
    assert "secret" not in text


def test_the_same_inputs_plan_the_same_context(inputs: Inputs) -> None:
    assert BUILD.plan(inputs, BuildOptions()).tree == BUILD.plan(inputs, BuildOptions()).tree


def _record(**done_at: str) -> ReleaseRecord:
    page = Notebook(Path("x.ipynb"), ())
    return ReleaseRecord(
        notebook="x.ipynb",
        steps={
            name: StepRecord(done_at=at, notebook_digest=page.code_digest, summary="", facts={})
            for name, at in done_at.items()
        },
    )


@pytest.mark.parametrize(
    ("done_at", "reason"),
    [
        ({}, None),
        ({"push": "2026-01-02T00:00:00+00:00"}, None),
        ({"push": "2026-01-01T00:00:00+00:00", "build": "2026-01-02T00:00:00+00:00"}, None),
        (
            {"push": "2026-01-03T00:00:00+00:00", "build": "2026-01-02T00:00:00+00:00"},
            "the model was pushed again since",
        ),
        (
            {"lock": "2026-01-03T00:00:00+00:00", "build": "2026-01-02T00:00:00+00:00"},
            "the lock was made again since",
        ),
        (
            {"export": "2026-01-03T00:00:00+00:00", "build": "2026-01-02T00:00:00+00:00"},
            "the package was exported again since",
        ),
        ({"serve": "2026-01-03T00:00:00+00:00", "build": "2026-01-02T00:00:00+00:00"}, None),
    ],
)
def test_an_image_is_stale_once_a_step_before_it_was_done_again(done_at: dict[str, str], reason: str | None) -> None:
    notebook = Notebook(Path("x.ipynb"), ())
    stale = BUILD.stale(_record(**done_at), notebook)
    assert stale == reason


def test_an_image_is_stale_once_the_code_has_changed(notebook: Notebook) -> None:
    changed = dataclasses.replace(notebook, cells=(Cell("a", 0, "code", "x = 1"),))
    assert BUILD.stale(_record(build="2026-01-02T00:00:00+00:00"), changed) == ("the code has changed since")


def test_the_step_works_from_files_alone() -> None:
    assert (BUILD.name, BUILD.magic, BUILD.needs_kernel) == ("build", "prodbuild", False)
