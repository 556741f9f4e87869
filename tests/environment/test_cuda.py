"""CUDA facts from frameworks that are loaded already."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import pytest

from jupyter_prodkit.environment.cuda import gpu_driver, gpu_frameworks
from jupyter_prodkit.environment.facts import CudaFacts


def loaded(**attributes: dict[str, object]) -> dict[str, ModuleType | None]:
    modules: dict[str, ModuleType | None] = {}
    for name, values in attributes.items():
        made = ModuleType(name.replace("__", "."))
        vars(made).update(values)
        modules[made.__name__] = made
    return modules


VERSIONS = {"numpy": "2.0", "nvidia-cudnn-cu12": "9.1.0.70", "nvidia-cublas-cu12": "12.4", "torch": "2.6.0"}
INSTALLED = {name: (lambda version=version: version) for name, version in VERSIONS.items()}
WHEELS = ("nvidia-cublas-cu12", "nvidia-cudnn-cu12")
TORCH = {"__version__": "2.6.0+cu124"}


def said(framework: str, version: str, **others: object) -> CudaFacts:
    return CudaFacts(**{"framework": framework, "version": version, "wheels": WHEELS, **others})


@pytest.mark.parametrize(
    ("modules", "expected"),
    [
        ({}, []),
        (loaded(numpy={"__version__": "2"}), []),
        (
            loaded(torch=TORCH, torch__version={"cuda": "12.4"}),
            [said("torch", "2.6.0+cu124", cuda="12.4", cudnn="9.1.0.70", installed="2.6.0")],
        ),
        (
            {
                **loaded(torch=TORCH, torch__version={"cuda": "12.4"}),
                **loaded(torch__backends__cudnn={"__cudnn_version": 90100}),
            },
            [said("torch", "2.6.0+cu124", cuda="12.4", cudnn="9.1.0", installed="2.6.0")],
        ),
        (
            loaded(torch=TORCH, torch__version={"cuda": "11.8"}, torch__backends__cudnn={"__cudnn_version": 8902}),
            [said("torch", "2.6.0+cu124", cuda="11.8", cudnn="8.9.2", installed="2.6.0")],
        ),
        (
            loaded(torch={"__version__": "2.6.0+cpu"}, torch__version={"cuda": None}),
            [said("torch", "2.6.0+cpu", installed="2.6.0")],
        ),
        (
            loaded(
                tensorflow={"__version__": "2.19"},
                tensorflow__python__platform__build_info={
                    "build_info": {"cuda_version": "12.5", "cudnn_version": "9"}
                },
            ),
            [said("tensorflow", "2.19", cuda="12.5", cudnn="9")],
        ),
        (
            loaded(jaxlib={"__version__": "0.5"}, jax_cuda12_plugin={}, torch=TORCH),
            [
                said("torch", "2.6.0+cu124", installed="2.6.0"),
                said("jax", "0.5", cuda="12", cudnn="9.1.0.70"),
            ],
        ),
        ({"torch": None}, [said("torch", "", installed="2.6.0")]),
    ],
)
def test_frameworks(modules: dict[str, ModuleType | None], expected: list[CudaFacts]) -> None:
    """Each loaded framework's own word on CUDA is taken, beside its metadata's; nothing is loaded to ask."""
    assert list(gpu_frameworks(modules, INSTALLED)) == expected


def test_label() -> None:
    """The local label is kept apart, as it names the index that a build comes from."""
    assert (said("torch", "2.6.0+cu124").label, said("torch", "2.6.0").label) == ("cu124", None)


def test_cupy(tmp_path: Path) -> None:
    """CuPy's CUDA version stands in a file of its wheel; CuPy is not asked."""
    (tmp_path / ".data").mkdir()
    (tmp_path / ".data" / "_wheel.json").write_text(json.dumps({"cuda": "12.x"}))
    modules = loaded(cupy={"__version__": "13.4", "__file__": str(tmp_path / "__init__.py")})
    versions = {**INSTALLED, "cupy-cuda12x": lambda: "13.4.0"}
    (found,) = gpu_frameworks(modules, versions)
    assert (found.framework, found.installed, found.cuda, found.cudnn) == ("cupy", "13.4.0", "12", "9.1.0.70")


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, None),
        ({"sys/module/nvidia/version": "550.54.15\n"}, "550.54.15"),
        (
            {"proc/driver/nvidia/version": "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar 5\n"},
            "550.54.15",
        ),
        (
            {"proc/driver/nvidia/version": "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.1.2  Rel\n"},
            "570.1.2",
        ),
    ],
)
def test_driver(tmp_path: Path, files: dict[str, str], expected: str | None) -> None:
    """The driver's version is the kernel module's own word."""
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert gpu_driver(tmp_path / "proc", tmp_path / "sys") == expected
