"""What is known of the environment that a kernel runs in, as values that go into `environment.json` as they stand."""

from __future__ import annotations

from typing import Literal

import msgspec

__all__ = [
    "Build",
    "CudaFacts",
    "DistributionFact",
    "EnvironmentFacts",
    "Source",
    "SystemLibrary",
    "UnknownImport",
    "Why",
]

Source = Literal["index", "extra index", "local", "editable", "vcs", "archive", "conda", "system"]
Why = Literal["loaded", "imported", "required"]
Build = Literal["same", "different", "built here", "vendored", "unknown"]


class DistributionFact(msgspec.Struct, frozen=True, kw_only=True):
    """One installed distribution that the user's code needs."""

    name: str
    """Normalised (PEP 503)."""
    version: str
    """As its installed metadata says."""
    module_version: str | None = None
    """`__version__` of its module where that says something else: PyTorch's `2.6.0+cu124` of a wheel `2.6.0`."""
    in_memory: str | None = None
    """What the kernel still holds, where the distribution was replaced on disk after it was loaded."""
    source: Source = "index"
    """Where it was installed from, by its `direct_url.json` (PEP 610) and its installer."""
    url: str | None = None
    """That place, without credentials: `file:///src/lib`, `git+https://host/lib@COMMIT#subdirectory=py`."""
    edited: tuple[str, ...] = ()
    """Its files whose bytes are no longer those that were installed, by its RECORD (PEP 376)."""
    requested: bool | None = None
    """Whether a user asked for it by name, and not only another distribution; None where nobody can know."""
    why: Why
    """`imported` by the text of a cell, `loaded` by what cells did, or `required` by another distribution."""
    cells: tuple[str, ...] = ()
    """The ids of the cells whose text imports it, in page order."""
    required_by: tuple[str, ...] = ()
    """Which of the other distributions require it."""
    modules: tuple[str, ...] = ()
    """The topmost modules of its own that are loaded or imported: `numpy`, `google.cloud.storage`."""
    licence: str | None = None
    """As its metadata states it: an SPDX expression where there is one."""
    requires_python: str | None = None
    """The Pythons that its metadata says it is for (PEP 440); None where it says nothing."""
    index: str | None = None
    """The index that has it, without credentials; None where no index was found to."""
    file: str | None = None
    """The file on that index that was proven, by its own RECORD, to hold what is installed here."""
    sha256: str | None = None
    """That file's digest."""
    build: Build = "unknown"
    """How what is installed compares with what the lock installs.

    `same`: proven to be the bytes of `file`. `different`: the index has this version, but no file with these bytes.
    `built here`: from an sdist, as no wheel fits. `vendored`: the wheel stands in the lock. `unknown`: not compared.
    """


class CudaFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a loaded framework says about the GPU libraries it was built for."""

    framework: str
    version: str
    """`__version__`, with its local label (PEP 440) where it has one."""
    installed: str | None = None
    """The version in the installed metadata, which may lack the label."""
    cuda: str | None = None
    """The CUDA version; None for a build without."""
    cudnn: str | None = None
    driver: str | None = None
    """The version of NVIDIA's kernel driver; None where none is loaded."""
    wheels: tuple[str, ...] = ()
    """The installed distributions of NVIDIA's libraries."""

    @property
    def label(self) -> str | None:
        """The version's local label: `cu124`."""
        return self.version.partition("+")[2] or None


class SystemLibrary(msgspec.Struct, frozen=True, kw_only=True):
    """One shared library from outside the Python environment that is mapped into the kernel's process."""

    file: str
    """Its name: `libgomp.so.1.0.0`."""
    package: str | None = None
    """The Debian package that owns it; None where none does."""
    version: str | None = None
    """That package's version."""


class UnknownImport(msgspec.Struct, frozen=True, kw_only=True):
    """A module that a cell imports and nothing installed provides."""

    module: str
    cells: tuple[str, ...] = ()
    optional: bool = False
    """Whether every cell that imports it says what to do without it."""
    candidates: tuple[str, ...] = ()
    """What may be meant, from this machine alone: `pandas` for `pandsa`, `xgboost (an extra of shap)`."""


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
    """The first loaded framework that can use a GPU."""
    frameworks: tuple[CudaFacts, ...] = ()
    """All of them."""
    system_libraries: tuple[SystemLibrary, ...] = ()
    local_modules: tuple[str, ...] = ()
    """Top-level modules that came from files of the user's own, which no distribution owns."""
    unknown: tuple[UnknownImport, ...] = ()
    """What cells import and nothing installed provides."""
    stray: tuple[str, ...] = ()
    """Loaded modules that lie among the installed ones and that no distribution owns."""
    gone: tuple[str, ...] = ()
    """Loaded modules whose distribution has been uninstalled since."""
    doubles: tuple[str, ...] = ()
    """Distributions that `sys.path` holds more than once, as sentences that say which one counts."""
    broken: tuple[str, ...] = ()
    """Distributions whose metadata has no version, or none as PEP 440 has them."""
    unmet: tuple[str, ...] = ()
    """Requirements between these distributions that the environment doesn't meet, as sentences."""

    @property
    def unowned(self) -> tuple[str, ...]:
        """The modules that cells import and nothing installed provides."""
        return tuple(one.module for one in self.unknown)

    @property
    def python_minor(self) -> str:
        """Python's version as wheels know it: `3.11`."""
        return ".".join(self.python.split(".")[:2])

    @property
    def python_range(self) -> str:
        """The Pythons that the distributions are good for: some need the very patch release, later ones change nothing.

        `>=3.11.7,<3.12`
        """
        major, minor = self.python.split(".")[:2]
        return f">={self.python},<{major}.{int(minor) + 1}"

    @property
    def target(self) -> str:
        """What the distributions are exact for: `Python 3.11 on linux x86_64`."""
        return f"Python {self.python_minor} on {self.platform} {self.machine}"
