"""CUDA facts from frameworks that are loaded already."""

from __future__ import annotations

from types import ModuleType

import pytest

from jupyter_prodkit.environment.cuda import cuda_facts
from jupyter_prodkit.environment.facts import CudaFacts


def loaded(**attributes: dict[str, object]) -> dict[str, ModuleType | None]:
    modules: dict[str, ModuleType | None] = {}
    for name, values in attributes.items():
        made = ModuleType(name.replace("__", "."))
        vars(made).update(values)
        modules[made.__name__] = made
    return modules


INSTALLED = ["numpy", "nvidia-cudnn-cu12", "nvidia-cublas-cu12"]
WHEELS = ("nvidia-cublas-cu12", "nvidia-cudnn-cu12")
TORCH = {"__version__": "2.6.0+cu124"}


@pytest.mark.parametrize(
    ("modules", "expected"),
    [
        ({}, None),
        (loaded(numpy={"__version__": "2"}), None),
        (
            loaded(torch=TORCH, torch__version={"cuda": "12.4"}),
            CudaFacts(framework="torch", version="2.6.0+cu124", cuda="12.4", wheels=WHEELS),
        ),
        (
            loaded(torch={"__version__": "2.6.0+cpu"}, torch__version={"cuda": None}),
            CudaFacts(framework="torch", version="2.6.0+cpu", cuda=None, wheels=WHEELS),
        ),
        (
            loaded(
                tensorflow={"__version__": "2.19"},
                tensorflow__python__platform__build_info={"build_info": {"cuda_version": "12.5"}},
            ),
            CudaFacts(framework="tensorflow", version="2.19", cuda="12.5", wheels=WHEELS),
        ),
        (
            loaded(jaxlib={"__version__": "0.5"}, jax_cuda12_plugin={}),
            CudaFacts(framework="jax", version="0.5", cuda="12", wheels=WHEELS),
        ),
        ({"torch": None}, CudaFacts(framework="torch", version="", cuda=None, wheels=WHEELS)),
    ],
)
def test_cuda(modules: dict[str, ModuleType | None], expected: CudaFacts | None) -> None:
    """The loaded framework's own word on CUDA is taken; nothing is loaded to ask."""
    assert cuda_facts(modules, INSTALLED) == expected
