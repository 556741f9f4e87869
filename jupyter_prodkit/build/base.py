"""Which image to build on: chosen by tables from the Python version and the CUDA that the kernel had loaded."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from jupyter_prodkit.environment.facts import EnvironmentFacts
from jupyter_prodkit.errors import BuildError

__all__ = ["Base", "choose_base", "cuda_version", "python_tag", "slim_image", "system_libraries"]


@dataclass(frozen=True, slots=True)
class Base:
    """The image to build on."""

    image: str
    why: str
    brings_python: bool
    """Whether the image has the wanted Python; else uv brings one."""
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _CudaImage:
    """A published image of CUDA's runtime libraries, with and without cuDNN."""

    version: str
    cudnn: str
    """The part of the tag that stands for cuDNN: NVIDIA named its major version until CUDA 12.3."""
    system: str = "ubuntu22.04"

    @property
    def order(self) -> tuple[int, int]:
        major, minor = _major_minor(self.version)
        return major, minor or 0

    def name(self, *, cudnn: bool) -> str:
        return f"nvidia/cuda:{self.version}-{self.cudnn + '-' if cudnn else ''}runtime-{self.system}"


# The last patch of each minor version: NVIDIA withdraws the earlier ones. Oldest first.
_CUDA_IMAGES = (
    _CudaImage("11.8.0", "cudnn8"),
    _CudaImage("12.1.1", "cudnn8"),
    _CudaImage("12.2.2", "cudnn8"),
    _CudaImage("12.3.2", "cudnn9"),
    _CudaImage("12.4.1", "cudnn"),
    _CudaImage("12.5.1", "cudnn"),
    _CudaImage("12.6.3", "cudnn"),
    _CudaImage("12.8.1", "cudnn"),
    _CudaImage("12.9.1", "cudnn"),
    _CudaImage("13.0.2", "cudnn", "ubuntu24.04"),
)

_BRING_CUDA = ("nvidia-cublas", "nvidia-cuda-runtime")

_NEED_CUDNN = frozenset({"jax", "jaxlib", "onnxruntime-gpu", "paddlepaddle-gpu", "tensorflow", "torch"})

# Distributions whose wheels expect a library that slim images lack. The packages are named so in Debian and Ubuntu.
_SYSTEM_LIBRARIES: Mapping[str, tuple[str, ...]] = {
    "lightgbm": ("libgomp1",),
    "opencv-contrib-python": ("libgl1", "libglib2.0-0"),
    "opencv-python": ("libgl1", "libglib2.0-0"),
}


def choose_base(facts: EnvironmentFacts, locked: Collection[str], override: str | None = None) -> Base:
    """Return the image to build on: the smallest that has what the kernel had, CUDA in it never twice.

    `locked` are the normalized names in the lock. Raises BuildError for a CUDA version that no known image has.
    """
    version = cuda_version(facts)
    if override is not None:
        return Base(override, "as --base says", brings_python=False, environment=_for_gpus(version))
    slim = slim_image(facts.python)
    if version is None or facts.cuda is None:
        return Base(slim, "no CUDA in the kernel", brings_python=True)
    framework = f"{facts.cuda.framework} {facts.cuda.version}"
    bring = [name for name in locked if name.startswith(_BRING_CUDA)]
    if bring:
        why = f"{framework} brings CUDA {version} in locked wheels, so the image need not"
        return Base(slim, why, brings_python=True, environment=_for_gpus(version))
    image = _cuda_image(version, cudnn=facts.cuda.framework in _NEED_CUDNN)
    return Base(image, f"{framework} uses CUDA {version} and brings none of its own", brings_python=False)


def cuda_version(facts: EnvironmentFacts) -> str | None:
    """Return the CUDA version that the kernel's framework was built for, or None: no framework, or one without."""
    return None if facts.cuda is None else facts.cuda.cuda


def slim_image(python: str) -> str:
    """Return the name of Python's own image without compilers and the like."""
    return f"python:{python_tag(python)}-slim-bookworm"


def python_tag(python: str) -> str:
    """Return `3.11` for `3.11.7`: patch releases don't change what a lock holds, and bring repairs.

    Raises BuildError for what is not a version.
    """
    match = re.match(r"\d+\.\d+(?=\.|$)", python)
    if match is None:
        raise BuildError(f"The lock names no version of Python: {python!r}.", "Make it again: %prodlock")
    return match[0]


def system_libraries(distributions: Iterable[str]) -> tuple[str, ...]:
    """Return the system packages that the wheels of these distributions (normalized names) expect to find."""
    wanted = (library for name in distributions for library in _SYSTEM_LIBRARIES.get(name, ()))
    return tuple(sorted(set(wanted)))


def _for_gpus(cuda: str | None) -> dict[str, str]:
    """Return what NVIDIA's own images set; without it a container runtime gives no GPU and checks no driver."""
    if cuda is None:
        return {}
    major, minor = _major_minor(cuda)
    return {
        "NVIDIA_VISIBLE_DEVICES": "all",
        "NVIDIA_DRIVER_CAPABILITIES": "compute,utility",
        "NVIDIA_REQUIRE_CUDA": f"cuda>={major}.{minor or 0}",
    }


def _cuda_image(cuda: str, *, cudnn: bool) -> str:
    """Return the nearest image that is not older: within a major version newer libraries serve older programs.

    Where only the major version is known it is the newest, for the same reason.
    """
    major, minor = _major_minor(cuda)
    same = [image for image in _CUDA_IMAGES if image.order[0] == major]
    fit = same[-1:] if minor is None else [image for image in same if image.order >= (major, minor)]
    if not fit:
        raise BuildError(
            f"The kernel's framework uses CUDA {cuda}, for which we know no base image.",
            "Name one with --base, for example an `nvidia/cuda:…-cudnn-runtime-ubuntu24.04` of that version.",
        )
    return fit[0].name(cudnn=cudnn)


def _major_minor(version: str) -> tuple[int, int | None]:
    match = re.match(r"(\d+)(?:\.(\d+))?", version)
    if match is None:
        raise BuildError(f"The lock names no version of CUDA: {version!r}.", "Make it again, or choose with --base.")
    return int(match[1]), int(match[2]) if match[2] else None
