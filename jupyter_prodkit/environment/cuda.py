"""What a framework that is already loaded says about CUDA; we never load one to ask."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any

from jupyter_prodkit.environment.facts import CudaFacts

__all__ = ["cuda_facts"]

_JAX_PLUGIN = re.compile(r"jax_cuda(\d+)_plugin\Z")


def cuda_facts(loaded: Mapping[str, ModuleType | None], installed: Iterable[str]) -> CudaFacts | None:
    """Return what the first of PyTorch, TensorFlow and JAX in `loaded` says; None where none of them is loaded."""
    wheels = tuple(sorted(name for name in installed if name.startswith("nvidia-")))
    if "torch" in loaded:
        cuda = _value(loaded, "torch.version", "cuda")
        return CudaFacts(framework="torch", version=_version(loaded, "torch"), cuda=cuda, wheels=wheels)
    if "tensorflow" in loaded:
        info = _attribute(loaded, "tensorflow.python.platform.build_info", "build_info")
        cuda = str(info["cuda_version"]) if isinstance(info, Mapping) and "cuda_version" in info else None
        return CudaFacts(framework="tensorflow", version=_version(loaded, "tensorflow"), cuda=cuda, wheels=wheels)
    if "jaxlib" in loaded:
        cuda = next((match[1] for name in loaded if (match := _JAX_PLUGIN.match(name))), None)
        return CudaFacts(framework="jax", version=_version(loaded, "jaxlib"), cuda=cuda, wheels=wheels)
    return None


def _version(loaded: Mapping[str, ModuleType | None], name: str) -> str:
    return _value(loaded, name, "__version__") or ""


def _value(loaded: Mapping[str, ModuleType | None], module: str, name: str) -> str | None:
    value = _attribute(loaded, module, name)
    return str(value) if isinstance(value, str) else None  # torch's versions are a subclass of str


def _attribute(loaded: Mapping[str, ModuleType | None], module: str, name: str) -> Any:
    found = loaded.get(module)
    return vars(found).get(name) if isinstance(found, ModuleType) else None
