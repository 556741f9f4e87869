from __future__ import annotations

import pytest

from jupyter_prodkit.build.base import choose_base, python_tag, system_libraries
from jupyter_prodkit.environment.facts import CudaFacts, EnvironmentFacts
from jupyter_prodkit.errors import BuildError

WHEELS = ("nvidia-cublas-cu12", "nvidia-cudnn-cu12", "torch")


def environment(python: str = "3.11.7", framework: str | None = None, cuda: str | None = None) -> EnvironmentFacts:
    facts = CudaFacts(framework=framework, version="2.6.0", cuda=cuda) if framework else None
    return EnvironmentFacts(python=python, implementation="cpython", platform="linux", machine="x86_64", cuda=facts)


@pytest.mark.parametrize(
    ("python", "image"),
    [
        ("3.11.7", "python:3.11-slim-bookworm"),
        ("3.10.0", "python:3.10-slim-bookworm"),
        ("3.13", "python:3.13-slim-bookworm"),
    ],
)
def test_without_cuda_the_base_is_pythons_slim_image_of_the_minor_version(python: str, image: str) -> None:
    base = choose_base(environment(python), WHEELS)
    assert (base.image, base.brings_python, base.environment) == (image, True, {})
    assert base.why == "no CUDA in the kernel"


def test_wheels_that_bring_cuda_need_no_cuda_base_but_nvidias_settings() -> None:
    base = choose_base(environment("3.11.7", "torch", "12.4"), WHEELS)
    assert base.image == "python:3.11-slim-bookworm"
    assert base.brings_python
    assert base.environment == {
        "NVIDIA_VISIBLE_DEVICES": "all",
        "NVIDIA_DRIVER_CAPABILITIES": "compute,utility",
        "NVIDIA_REQUIRE_CUDA": "cuda>=12.4",
    }
    assert "torch 2.6.0" in base.why
    assert "locked wheels" in base.why


def test_a_framework_built_without_cuda_needs_none() -> None:
    base = choose_base(environment("3.11.7", "torch", None), ())
    assert (base.image, base.environment) == ("python:3.11-slim-bookworm", {})


def test_a_locked_tool_of_nvidias_is_not_cuda_itself() -> None:
    base = choose_base(environment("3.11.7", "torch", "12.4"), ("nvidia-ml-py", "torch"))
    assert base.image.startswith("nvidia/cuda:12.4.1")


@pytest.mark.parametrize(
    ("framework", "cuda", "image"),
    [
        ("torch", "12.4", "nvidia/cuda:12.4.1-cudnn-runtime-ubuntu22.04"),
        ("torch", "11.8", "nvidia/cuda:11.8.0-cudnn8-runtime-ubuntu22.04"),
        ("tensorflow", "12.3", "nvidia/cuda:12.3.2-cudnn9-runtime-ubuntu22.04"),
        ("jax", "13.0.1", "nvidia/cuda:13.0.2-cudnn-runtime-ubuntu24.04"),
        ("cupy", "12.4", "nvidia/cuda:12.4.1-runtime-ubuntu22.04"),
        ("jax", "12", "nvidia/cuda:12.9.1-cudnn-runtime-ubuntu22.04"),
        ("cupy", "12.7", "nvidia/cuda:12.8.1-runtime-ubuntu22.04"),
    ],
)
def test_a_framework_without_wheels_of_cuda_gets_the_nearest_cuda_image_that_is_not_older(
    framework: str, cuda: str, image: str
) -> None:
    base = choose_base(environment("3.11.7", framework, cuda), ("numpy",))
    assert (base.image, base.brings_python) == (image, False)
    assert base.environment == {}, "NVIDIA's images have their own settings"


@pytest.mark.parametrize("cuda", ["12.99", "10.2", "99.0"])
def test_a_cuda_version_that_no_image_has_is_an_error_that_says_what_to_do(cuda: str) -> None:
    with pytest.raises(BuildError, match=cuda) as caught:
        choose_base(environment("3.11.7", "torch", cuda), ())
    assert "--base" in caught.value.hint


def test_the_users_own_base_is_taken_and_still_told_about_gpus() -> None:
    base = choose_base(environment("3.11.7", "jax", "12"), WHEELS, "registry:5000/ours:7")
    assert (base.image, base.brings_python) == ("registry:5000/ours:7", False)
    assert base.environment["NVIDIA_REQUIRE_CUDA"] == "cuda>=12.0"
    assert choose_base(environment(), (), "ours").environment == {}


def test_what_is_no_version_is_an_error_that_names_the_lock() -> None:
    for python in ("", "three", "3"):
        with pytest.raises(BuildError) as caught:
            python_tag(python)
        assert "%prodlock" in caught.value.hint
    with pytest.raises(BuildError, match="no version of CUDA"):
        choose_base(environment("3.11.7", "torch", "unknown"), ())
    assert python_tag("3.14.0rc1") == "3.14"


def test_libraries_that_slim_images_lack_are_known_for_the_wheels_that_need_them() -> None:
    assert system_libraries(["numpy", "scikit-learn"]) == ()
    assert system_libraries(["lightgbm", "numpy", "opencv-python"]) == ("libgl1", "libglib2.0-0", "libgomp1")
