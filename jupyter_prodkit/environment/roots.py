"""Which distributions the user's code itself uses, and which of its modules no distribution owns."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jupyter_prodkit.environment.editables import import_root, is_below, source_exists
from jupyter_prodkit.environment.facts import Why
from jupyter_prodkit.environment.owners import Owners
from jupyter_prodkit.environment.tooling import is_tooling

__all__ = ["Places", "Roots", "find_roots", "own_files"]


@dataclass(frozen=True, slots=True)
class Places:
    """Where modules come from on this interpreter."""

    search_path: tuple[str, ...]
    """`sys.path`, absolute."""
    standard: tuple[str, ...]
    """The folders of the standard library."""
    site: frozenset[str]
    """The folders that hold installed distributions; they may lie inside the standard library's."""
    folder: str | None = None
    """The notebook's folder, where it is known."""

    def is_standard(self, file: str) -> bool:
        """Return whether `file` is part of the standard library."""
        in_site = any(is_below(file, site) for site in self.site)
        return not in_site and any(is_below(file, standard) for standard in self.standard)

    def importable(self, module: str, file: str) -> bool:
        """Return whether `import module` would find `file`: Cython registers some modules under other names."""
        in_site = any(is_below(file, site) for site in self.site)
        return not in_site or import_root(module, file) in self.search_path

    @property
    def own(self) -> tuple[str, ...]:
        """The folders from which the user's own files are imported."""
        folders = (self.folder, *self.search_path)
        return tuple(f for f in folders if f and f not in self.site and not self.is_standard(f + os.sep))


@dataclass(frozen=True, slots=True)
class Roots:
    """What the user's code uses."""

    why: Mapping[str, Why]
    """Distribution → why it is a root."""
    modules: Mapping[str, tuple[str, ...]]
    """Distribution → the topmost modules of its own that are loaded or imported."""
    local: tuple[str, ...]
    unowned: tuple[str, ...]


@dataclass(slots=True)
class _Findings:
    why: dict[str, Why] = field(default_factory=dict)
    modules: dict[str, set[str]] = field(default_factory=dict)
    local: set[str] = field(default_factory=set)
    unowned: set[str] = field(default_factory=set)

    def root(self, name: str, why: Why, modules: Iterable[str]) -> None:
        self.why[name] = why
        self.modules.setdefault(name, set()).update(modules)


def own_files(modules: Mapping[str, str | None], places: Places) -> dict[str, str]:
    """Return the modules that may belong to a distribution or to the user: none of the standard library."""
    return {
        name: os.path.normpath(file)
        for name, file in modules.items()
        # Some modules claim a file that never was: torch.ops says `_ops.py`.
        if file and name != "__main__" and Path(file).is_absolute() and not places.is_standard(os.path.normpath(file))
    }


def find_roots(files: Mapping[str, str], imported: Collection[str], owners: Owners, places: Places) -> Roots:
    """Return what `files` (module → file, as loaded) and the names `imported` in the cells' text come down to."""
    found = _Findings()
    for module, file in files.items():
        owner = owners.by_module.get(module)
        if owner is None and import_root(module, file) in places.own:
            found.local.add(module.partition(".")[0])
        elif owner is not None and not is_tooling(owner):
            found.root(owner, "loaded", [module] if places.importable(module, file) else [])
    for name in sorted(imported):
        _settle(name, files, owners, places, found)
    modules = {name: _topmost(found.modules[name]) for name in found.why}
    return Roots(found.why, modules, tuple(sorted(found.local)), tuple(sorted(found.unowned)))


def _settle(name: str, files: Mapping[str, str], owners: Owners, places: Places, found: _Findings) -> None:
    """Enter who a name in the cells' text stands for: what was loaded under it decides, else what is installed."""
    loaded = [module for module in files if module == name or module.startswith(f"{name}.")]
    owned = [module for module in loaded if module in owners.by_module]
    if name in found.local or (name in sys.stdlib_module_names and not loaded):
        return
    if owned:
        first = [module for module in owned if module == name] or owned  # a namespace has no file of its own
        for module in first:
            found.root(owners.by_module[module], "imported", [module])
    elif owners.by_name.get(name):
        for owner in owners.by_name[name]:
            found.root(owner, "imported", [name])
    elif any(source_exists(folder, name) for folder in places.own):
        found.local.add(name)
    else:
        found.unowned.add(name)


def _topmost(modules: Collection[str]) -> tuple[str, ...]:
    """Return the modules of which no parent is among `modules`."""
    held = set(modules)

    def has_parent(module: str) -> bool:
        steps = module.split(".")
        return any(".".join(steps[:count]) in held for count in range(1, len(steps)))

    return tuple(sorted(module for module in held if not has_parent(module)))
