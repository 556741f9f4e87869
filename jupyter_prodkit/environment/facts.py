"""What is known of the environment that a kernel runs in, as values that go into `environment.json` as they stand."""

from __future__ import annotations

from typing import Literal

import msgspec

__all__ = ["CudaFacts", "DistributionFact", "EnvironmentFacts", "Source", "Why"]

Source = Literal["index", "local", "editable", "vcs", "archive"]
Why = Literal["loaded", "imported", "required"]


class DistributionFact(msgspec.Struct, frozen=True, kw_only=True):
    """One installed distribution that the user's code needs."""

    name: str
    """Normalised (PEP 503)."""
    version: str
    """As its installed metadata says."""
    in_memory: str | None = None
    """The version that the kernel still holds, where the distribution was replaced on disk after it was loaded."""
    source: Source = "index"
    """Where it was installed from, by its `direct_url.json` (PEP 610)."""
    url: str | None = None
    """That place, without credentials: `file:///src/lib`, `git+https://host/lib@COMMIT#subdirectory=py`."""
    why: Why
    """`imported` by the text of a cell, `loaded` by what cells did, or `required` by another distribution."""
    modules: tuple[str, ...] = ()
    """The topmost modules of its own that are loaded or imported: `numpy`, `google.cloud.storage`."""


class CudaFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the loaded framework says about the GPU libraries it was built for."""

    framework: str
    version: str
    cuda: str | None = None
    """The CUDA version; None for a build without."""
    wheels: tuple[str, ...] = ()
    """The installed distributions of NVIDIA's libraries."""


class EnvironmentFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The interpreter, the system, and the distributions that the user's code needs, sorted by name."""

    python: str
    """`3.11.7`"""
    implementation: str
    """`cpython`"""
    platform: str
    """`linux`, `darwin`, `win32`"""
    machine: str
    """`x86_64`"""
    glibc: str | None = None
    """`2.36`; None on systems without glibc."""
    distributions: tuple[DistributionFact, ...] = ()
    cuda: CudaFacts | None = None
    local_modules: tuple[str, ...] = ()
    """Top-level modules that came from files of the user's own, which no distribution owns."""
    unowned: tuple[str, ...] = ()
    """Top-level modules that a cell imports and nothing installed provides."""
    unmet: tuple[str, ...] = ()
    """Requirements between these distributions that the environment doesn't meet, as sentences."""

    @property
    def python_minor(self) -> str:
        """Python's version as wheels know it: `3.11`."""
        return ".".join(self.python.split(".")[:2])

    @property
    def target(self) -> str:
        """What the distributions are exact for: `Python 3.11 on linux x86_64`."""
        return f"Python {self.python_minor} on {self.platform} {self.machine}"
