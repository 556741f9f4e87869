"""How the environment and the page have moved away from a lock, quickly enough to be asked after each cell."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from importlib.machinery import PathFinder
from pathlib import Path

import msgspec
from packaging.utils import canonicalize_name

from jupyter_prodkit.environment.editables import editable, source_exists
from jupyter_prodkit.environment.facts import EnvironmentFacts
from jupyter_prodkit.environment.installed import all_installed, same_version
from jupyter_prodkit.notebook.imported import CellImport

__all__ = ["differing_versions", "not_importable", "read_lock_facts", "unlocked_imports"]


def read_lock_facts(folder: Path) -> EnvironmentFacts | None:
    """Return the facts of the lock in `folder`, read once as long as it stands; None where this version finds none."""
    path = folder / "environment.json"
    try:
        state = path.stat()
    except OSError:
        return None
    return _read(path, state.st_mtime_ns, state.st_size)


def differing_versions(locked: EnvironmentFacts) -> tuple[tuple[str, str, str | None], ...]:
    """Return name, locked and installed version (None: not installed) of each distribution that is not as locked."""
    here = _versions(_state_of_path())
    found = ((fact.name, fact.version, here.get(fact.name)) for fact in locked.distributions)
    return tuple(one for one in found if one[2] is None or not same_version(one[1], one[2]))


def unlocked_imports(locked: EnvironmentFacts, page: Iterable[CellImport], folder: Path) -> tuple[CellImport, ...]:
    """Return the page's imports that the lock does not know and that are neither Python's own nor the user's files."""
    held = {module.partition(".")[0] for fact in locked.distributions for module in fact.modules}
    held |= set(locked.local_modules) | set(locked.stray) | sys.stdlib_module_names
    held |= {module.partition(".")[0] for module in locked.unowned}
    new = (one for one in page if one.what.top not in held and not one.what.optional)
    return tuple(one for one in new if not source_exists(str(folder), one.what.top))


def not_importable(page: Iterable[CellImport], loaded: Collection[str], folder: Path) -> tuple[CellImport, ...]:
    """Return the page's imports for which nothing is found: not `loaded`, on `sys.path`, or behind an editable.

    Only looks for top-level names, where no package's code has to run, and asks the path alone.
    """
    wanted = [one for one in page if not one.what.optional and one.what.top not in loaded]
    tops = {one.what.top for one in wanted} - sys.stdlib_module_names
    unseen = [top for top in tops if not source_exists(str(folder), top)]
    lacking = frozenset(top for top in unseen if PathFinder.find_spec(top) is None)
    missing = lacking - _behind_editables(lacking, _state_of_path()) if lacking else lacking
    return tuple(one for one in wanted if one.what.top in missing)


def _state_of_path() -> tuple[tuple[str, int], ...]:
    """Return the folders of `sys.path` and when something was added to or removed from each: an install does both."""
    return tuple((entry, _changed(entry)) for entry in dict.fromkeys(sys.path))


def _changed(folder: str) -> int:
    try:
        return Path(folder).stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=4)
def _read(path: Path, _changed: int, _size: int) -> EnvironmentFacts | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=EnvironmentFacts)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None


@lru_cache(maxsize=4)
def _versions(state: Sequence[tuple[str, int]]) -> Mapping[str, str]:
    """Return what is installed by the names of the metadata folders, which hold name and version (PEP 376)."""
    found: dict[str, str] = {}
    for folder, _ in state:
        try:
            names = [entry.name for entry in os.scandir(folder) if entry.name.endswith(".dist-info")]
        except OSError:
            continue
        for stem in (name.removesuffix(".dist-info") for name in names):
            name, separator, version = stem.rpartition("-")
            if separator:
                found.setdefault(canonicalize_name(name), version)
    return found


@lru_cache(maxsize=4)
def _behind_editables(tops: frozenset[str], _state: Sequence[tuple[str, int]]) -> frozenset[str]:
    here = [found for several in all_installed().values() if (found := editable(several[0])) is not None]
    return frozenset(top for top in tops if any(one.provides(top) for one in here))
