"""What is known of the world around a notebook when it is judged: files, modules, packages, as plain facts."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["NOTHING_KNOWN", "ChangedPackage", "LockDrift", "Surroundings"]


@dataclass(frozen=True, slots=True)
class ChangedPackage:
    """A distribution that was replaced on disk after the kernel loaded it."""

    name: str
    modules: tuple[str, ...]
    """Its top-level modules that the user's code loaded."""
    in_memory: str
    on_disk: str


@dataclass(frozen=True, slots=True)
class LockDrift:
    """How the environment and the page have moved away from the notebook's lock; empty where there is none."""

    versions: tuple[tuple[str, str, str | None], ...] = ()
    """Name, locked and installed version (None: not installed) of each distribution that is not as locked."""
    imports: tuple[tuple[str, str], ...] = ()
    """Cell and module of each import that the lock says nothing of."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Facts that neither the page nor the timeline holds; empty where nothing is known."""

    changed_packages: tuple[ChangedPackage, ...] = ()
    edited_modules: tuple[str, ...] = ()
    """Modules of the user's own whose files were edited after the kernel loaded them."""
    not_installed: tuple[tuple[str, str], ...] = ()
    """Cell and module of each import that nothing here provides."""
    drift: LockDrift = LockDrift()
    missing_files: frozenset[str] = frozenset()
    """Paths, as the cells write them, of files that they read and that are not there."""


NOTHING_KNOWN = Surroundings()
