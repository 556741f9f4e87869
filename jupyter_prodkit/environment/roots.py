"""Which distributions the user's code itself uses, and which of its modules no distribution owns."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jupyter_prodkit.environment.editables import import_root, is_below, source_exists
from jupyter_prodkit.environment.facts import Why
from jupyter_prodkit.environment.installed import Installed
from jupyter_prodkit.environment.owners import Owners, providers_of
from jupyter_prodkit.environment.tooling import is_tooling
from jupyter_prodkit.notebook.imported import CellImport

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
    cells: Mapping[str, tuple[str, ...]]
    """Distribution → the cells whose text imports it."""
    local: tuple[str, ...]
    unknown: Mapping[str, tuple[CellImport, ...]]
    """Module that nothing provides → who imports it; empty where only code that is no longer on the page does."""
    gone: tuple[str, ...]
    """Loaded modules of distributions that are no longer installed."""
    stray: tuple[str, ...]
    """Loaded modules that lie among the installed ones and belong to no distribution."""


@dataclass(slots=True)
class _Findings:
    why: dict[str, Why] = field(default_factory=dict)
    modules: dict[str, set[str]] = field(default_factory=dict)
    cells: dict[str, dict[str, None]] = field(default_factory=dict)
    local: set[str] = field(default_factory=set)
    unknown: dict[str, list[CellImport]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    stray: set[str] = field(default_factory=set)

    def root(self, name: str, why: Why, modules: Iterable[str], cell: str | None = None) -> None:
        self.why[name] = why
        self.modules.setdefault(name, set()).update(modules)
        if cell is not None:
            self.cells.setdefault(name, {})[cell] = None


def own_files(modules: Mapping[str, str | None], places: Places) -> dict[str, str]:
    """Return the modules that may belong to a distribution or to the user: none of the standard library."""
    return {
        name: os.path.normpath(file)
        for name, file in modules.items()
        # Some modules claim a file that never was: torch.ops says `_ops.py`.
        if file and name != "__main__" and Path(file).is_absolute() and not places.is_standard(os.path.normpath(file))
    }


@dataclass(frozen=True, slots=True)
class _Settling:
    """Finds out what loaded files and imported names come down to."""

    files: Mapping[str, str]
    fileless: Collection[str]
    owners: Owners
    installed: Mapping[str, Installed]
    places: Places
    has_page: bool
    found: _Findings = field(default_factory=_Findings)

    def loaded(self) -> None:
        for module, file in self.files.items():
            owner = self.owners.by_module.get(module)
            if owner is not None and not is_tooling(owner):
                self.found.root(owner, "loaded", [module] if self.places.importable(module, file) else [])
            elif owner is None:
                self._unowned(module, file)

    def _unowned(self, module: str, file: str) -> None:
        top, origin = module.partition(".")[0], import_root(module, file)
        if origin in self.places.own:
            self.found.local.add(top)
        elif origin in self.places.site and not Path(file).exists():
            self.found.gone.add(module)
        elif origin in self.places.site:
            self.found.stray.add(top)

    def on_page(self, one: CellImport) -> None:
        """Enter an import of a cell: what was loaded under its name decides, else what is installed."""
        targets = [*(f"{one.what.module}.{name}" for name in one.what.names), one.what.module]
        loaded = [(self.owners.by_module[target], target) for target in targets if target in self.owners.by_module]
        if not loaded and self._elsewhere(one.what.top):
            if one.what.top in self.found.stray:  # it lies here, but no install would bring it
                self.found.unknown.setdefault(one.what.module, []).append(one)
            return
        providers = loaded or self._providers(targets)
        for name, module in providers:
            # `%load_ext jupyter_prodkit` doesn't make us a part of what the notebook needs.
            if not (one.what.optional and is_tooling(name)):
                self.found.root(name, "imported", [module], one.cell_id)
        if not providers:
            self.found.unknown.setdefault(one.what.module, []).append(one)

    def named(self, name: str) -> None:
        """Enter a top-level name that code imported which may no longer be on the page."""
        owned = [m for m in self.files if (m == name or m.startswith(f"{name}.")) and m in self.owners.by_module]
        if owned:
            first = [module for module in owned if module == name] or owned  # a namespace has no file of its own
            for module in first:
                self.found.root(self.owners.by_module[module], "imported", [module])
        elif not self._elsewhere(name):
            providers = self._providers([name])
            for owner, module in providers:
                self.found.root(owner, "imported", [module])
            # With a page at hand, its own text says what is wanted; a name it lacks is a deleted or a dead cell's.
            if not providers and not self.owners.by_name.get(name) and not self.has_page:
                self.found.unknown.setdefault(name, [])

    def _elsewhere(self, top: str) -> bool:
        """Whether a name is the user's own file, Python's own, or gone; enters a file that was not loaded yet."""
        if top in sys.stdlib_module_names:
            return True
        if top in self.found.local or top in self.fileless or any(_top(module) == top for module in self.found.gone):
            return True
        if self.owners.by_name.get(top) or not any(source_exists(folder, top) for folder in self.places.own):
            return top in self.found.stray
        self.found.local.add(top)
        return True

    def _providers(self, targets: Sequence[str]) -> list[tuple[str, str]]:
        """Return who provides the first of `targets` that anybody does, and under which module."""
        owners = self.owners.by_name.get(_top(targets[0]), ())
        if len(owners) == 1:
            return [(owners[0], _top(targets[0]))]
        among = [self.installed[name] for name in owners]
        found: list[tuple[str, str]] = []
        for target in targets[:-1]:
            found += [(name, target) for name in providers_of(target, among)]
        steps = targets[-1].split(".")
        for count in range(len(steps), 0, -1):
            target = ".".join(steps[:count])
            found = found or [(name, target) for name in providers_of(target, among)]
        return found


def find_roots(
    files: Mapping[str, str],
    fileless: Collection[str],
    imported: Collection[str],
    page: Sequence[CellImport],
    owners: Owners,
    installed: Mapping[str, Installed],
    places: Places,
) -> Roots:
    """Return what `files` (module → file, as loaded) and what cells import, on the page or before, come down to.

    `fileless` are top-level modules that are loaded without a file.
    """
    settling = _Settling(files, fileless, owners, installed, places, bool(page))
    settling.loaded()
    for one in page:
        settling.on_page(one)
    tops = {one.what.top for one in page}
    for name in sorted(set(imported) - tops):
        settling.named(name)
    found = settling.found
    return Roots(
        why=found.why,
        modules={name: _topmost(found.modules[name]) for name in found.why},
        cells={name: tuple(cells) for name, cells in found.cells.items()},
        local=tuple(sorted(found.local)),
        unknown={module: tuple(found.unknown[module]) for module in sorted(found.unknown)},
        gone=_topmost(found.gone),
        stray=tuple(sorted(found.stray)),
    )


def _top(module: str) -> str:
    return module.partition(".")[0]


def _topmost(modules: Collection[str]) -> tuple[str, ...]:
    """Return the modules of which no parent is among `modules`."""
    held = set(modules)

    def has_parent(module: str) -> bool:
        steps = module.split(".")
        return any(".".join(steps[:count]) in held for count in range(1, len(steps)))

    return tuple(sorted(module for module in held if not has_parent(module)))
