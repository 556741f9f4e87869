"""Finding out what is true around a notebook now; the rules get it as plain facts."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from jupyter_prodkit.check.rules.file_reads import files_read
from jupyter_prodkit.check.surroundings import ChangedPackage, LockDrift, Surroundings
from jupyter_prodkit.environment.drift import differing_versions, not_importable, read_lock_facts, unlocked_imports
from jupyter_prodkit.environment.in_memory import held_in_memory, process_started
from jupyter_prodkit.environment.installed import Installed, installed_distributions
from jupyter_prodkit.notebook.document import Notebook
from jupyter_prodkit.notebook.imported import CellImport
from jupyter_prodkit.notebook.imports import imports_of
from jupyter_prodkit.release import ProjectFolder
from jupyter_prodkit.session.kernel import LiveKernel

__all__ = ["look_around"]

_SITE_FOLDERS = ("site-packages", "dist-packages")


def look_around(notebook: Notebook, kernel: LiveKernel | None = None) -> Surroundings:
    """Return what is so around `notebook` now; with `kernel`, also what of its modules has changed on disk.

    Takes a few milliseconds at most: it looks at times of files, and at more only where those have changed.
    """
    page = () if kernel is None else imports_of(notebook)
    return Surroundings(
        changed_packages=() if kernel is None else _changed_packages(kernel),
        edited_modules=() if kernel is None else kernel.edited_modules(),
        not_installed=() if kernel is None else _not_installed(page, kernel, notebook.path.parent),
        drift=LockDrift() if kernel is None else _drift(page, notebook.path),
        missing_files=_missing_files(notebook, None if kernel is None else Path.cwd()),
    )


def _missing_files(notebook: Notebook, working: Path | None) -> frozenset[str]:
    """What the cells read by a relative path and is not beside the notebook, nor where the kernel works.

    Nothing where the notebook's folder isn't known.
    """
    beside = notebook.path.parent
    if not notebook.path.is_absolute() or not beside.is_dir():
        return frozenset()
    folders = [beside] if working is None else [beside, working]
    return frozenset(path for path in files_read(notebook) if not any(os.path.lexists(f / path) for f in folders))


# -- the lock -------------------------------------------------------------------------------------------------------


def _not_installed(page: Sequence[CellImport], kernel: LiveKernel, folder: Path) -> tuple[tuple[str, str], ...]:
    loaded = {name.partition(".")[0] for name in kernel.user_modules()} | sys.modules.keys()
    return tuple((one.cell_id, one.what.module) for one in not_importable(page, loaded, folder))


def _drift(page: Sequence[CellImport], path: Path) -> LockDrift:
    locked = read_lock_facts(ProjectFolder.of(path).lock) if path.is_absolute() else None
    if locked is None:
        return LockDrift()
    new = unlocked_imports(locked, page, path.parent)
    return LockDrift(differing_versions(locked), tuple((one.cell_id, one.what.module) for one in new))


# -- packages ---------------------------------------------------------------------------------------------------------


def _changed_packages(kernel: LiveKernel) -> tuple[ChangedPackage, ...]:
    started = _started()
    changed = _folders_changed_since(started) if started is not None else ()
    if not changed or started is None:
        return ()
    loaded = {name.partition(".")[0] for name in kernel.user_modules()}
    return _replaced(changed, frozenset(loaded), started)


def _folders_changed_since(started: float) -> tuple[tuple[str, int], ...]:
    """The folders of installed distributions in which something was added or removed; an install does both."""
    found = []
    for entry in dict.fromkeys(sys.path):
        if entry.rstrip(os.sep).endswith(_SITE_FOLDERS):
            try:
                changed = Path(entry).stat()
            except OSError:
                continue
            if changed.st_mtime > started:
                found.append((entry, changed.st_mtime_ns))
    return tuple(found)


@lru_cache(maxsize=4)
def _replaced(
    _folders: tuple[tuple[str, int], ...], loaded: frozenset[str], started: float
) -> tuple[ChangedPackage, ...]:
    found = []
    for one in installed_distributions().values():
        if one.written_at <= started:
            continue
        modules = sorted(_top_level(one) & loaded)
        found_modules = {name: module for name in modules if (module := sys.modules.get(name)) is not None}
        held = held_in_memory(one, found_modules, started, ())
        if held is not None:
            found.append(ChangedPackage(one.name, tuple(modules), held, one.version))
    return tuple(found)


def _top_level(one: Installed) -> set[str]:
    heads = {path.partition("/")[0] for path in one.record if path.endswith((".py", ".so", ".pyd"))}
    return {head.partition(".")[0] for head in heads} | set(one.top_level)


@lru_cache(maxsize=1)
def _started() -> float | None:
    return process_started()
