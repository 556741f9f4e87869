"""What frameworks that are already loaded say about CUDA; we never load one to ask, and never call into one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from jupyter_prodkit.environment.facts import CudaFacts
from jupyter_prodkit.files import text_or_empty

__all__ = ["gpu_driver", "gpu_frameworks"]

Loaded = Mapping[str, ModuleType | None]

_JAX_PLUGIN = re.compile(r"jax_cuda(\d+)_plugin\Z")
_DRIVER = re.compile(r"Kernel Module(?: for \S+)?\s+(\d[\d.]+)")


def gpu_frameworks(
    loaded: Loaded, installed: Mapping[str, Callable[[], str]], driver: str | None = None
) -> tuple[CudaFacts, ...]:
    """Return what PyTorch, TensorFlow, JAX and CuPy say, those of them that are in `loaded`, in this order.

    `installed` has the version of each installed distribution, by normalised name, for when it is asked for.
    """
    return tuple(_Seen(loaded, installed, driver).frameworks())


def gpu_driver(proc: Path = Path("/proc"), sys_fs: Path = Path("/sys")) -> str | None:
    """Return the version of NVIDIA's kernel driver, None where it is not loaded."""
    stated = text_or_empty(sys_fs / "module" / "nvidia" / "version").strip()
    match = _DRIVER.search(text_or_empty(proc / "driver" / "nvidia" / "version"))
    return stated or (match[1] if match else None)


@dataclass(frozen=True, slots=True)
class _Seen:
    loaded: Loaded
    installed: Mapping[str, Callable[[], str]]
    driver: str | None

    def frameworks(self) -> Iterator[CudaFacts]:
        if "torch" in self.loaded:
            yield self._facts("torch", "torch", self._word("torch.version", "cuda"), self._torch_cudnn())
        if "tensorflow" in self.loaded:
            info = self._attribute("tensorflow.python.platform.build_info", "build_info")
            said = info if isinstance(info, Mapping) else {}
            cuda, cudnn = (str(said[key]) if key in said else None for key in ("cuda_version", "cudnn_version"))
            yield self._facts("tensorflow", "tensorflow", cuda, cudnn)
        if "jaxlib" in self.loaded:
            cuda = next((match[1] for name in self.loaded if (match := _JAX_PLUGIN.match(name))), None)
            yield self._facts("jax", "jaxlib", cuda, self._wheel("nvidia-cudnn-") if cuda else None)
        if "cupy" in self.loaded:
            said = self._cupy_wheel()
            stated = re.match(r"\d+(\.\d+)*", str(said.get("cuda", "")))  # `12.x`: any of that major version
            cuda = stated[0] if stated else None
            yield self._facts("cupy", "cupy", cuda, self._wheel("nvidia-cudnn-") if cuda else None)

    def _facts(self, framework: str, module: str, cuda: str | None, cudnn: str | None) -> CudaFacts:
        versions = [self.installed[name]() for name in sorted(self.installed) if _is_of(name, framework)]
        return CudaFacts(
            framework=framework,
            version=self._word(module, "__version__") or "",
            installed=versions[0] if versions else None,
            cuda=cuda,
            cudnn=cudnn,
            driver=self.driver,
            wheels=tuple(sorted(name for name in self.installed if name.startswith("nvidia-"))),
        )

    def _torch_cudnn(self) -> str | None:
        number = self._attribute("torch.backends.cudnn", "__cudnn_version")  # 90100, once torch itself has asked
        if isinstance(number, int):
            major, rest = divmod(number, 10000 if number >= 90000 else 1000)  # noqa: PLR2004 - cuDNN 9 counts otherwise
            return f"{major}.{rest // 100}.{rest % 100}"
        return self._wheel("nvidia-cudnn-") if self._word("torch.version", "cuda") else None

    def _cupy_wheel(self) -> Mapping[str, Any]:
        file = self._word("cupy", "__file__")
        try:
            said = json.loads(text_or_empty(Path(file).parent / ".data" / "_wheel.json")) if file else {}
        except ValueError:
            return {}
        return said if isinstance(said, Mapping) else {}

    def _wheel(self, prefix: str) -> str | None:
        return next((self.installed[name]() for name in sorted(self.installed) if name.startswith(prefix)), None)

    def _word(self, module: str, name: str) -> str | None:
        value = self._attribute(module, name)
        return str(value) if isinstance(value, str) else None  # torch's versions are a subclass of str

    def _attribute(self, module: str, name: str) -> Any:
        found = self.loaded.get(module)
        return vars(found).get(name) if isinstance(found, ModuleType) else None


def _is_of(distribution: str, framework: str) -> bool:
    """Whether a distribution is the framework under one of its names: `cupy-cuda12x`, `tensorflow-cpu`."""
    return re.fullmatch(rf"{framework}(-(cuda\w+|cpu|gpu|rocm\w*))?", distribution) is not None
