"""From the modules that the user's code loaded to the distributions it needs, exactly as they are installed here."""

from __future__ import annotations

import os
import platform
import sys
import sysconfig
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.markers import default_environment
from packaging.version import InvalidVersion, Version

from jupyter_prodkit.environment.candidates import candidates
from jupyter_prodkit.environment.closure import closure
from jupyter_prodkit.environment.cuda import gpu_driver, gpu_frameworks
from jupyter_prodkit.environment.doubles import settled
from jupyter_prodkit.environment.facts import DistributionFact, EnvironmentFacts, UnknownImport
from jupyter_prodkit.environment.in_memory import held_in_memory, module_version, process_started
from jupyter_prodkit.environment.installed import Installed, all_installed
from jupyter_prodkit.environment.owners import find_owners
from jupyter_prodkit.environment.provenance import provenance
from jupyter_prodkit.environment.requested import Requested
from jupyter_prodkit.environment.roots import Places, Roots, find_roots, own_files
from jupyter_prodkit.environment.system_libraries import mapped_libraries, replaced_libraries
from jupyter_prodkit.notebook.imported import CellImport

__all__ = ["capture", "maps_text"]


def capture(
    modules: Mapping[str, str | None],
    imported: Collection[str],
    folder: Path | None = None,
    page: Sequence[CellImport] = (),
) -> EnvironmentFacts:
    """Return this environment's facts for code that loaded `modules` (name → file) and imports `imported` and `page`.

    Call it in the kernel's process. It reads metadata files only: nothing is imported, no code of a package runs.
    `imported` are top-level names from code that ran, `page` the imports of the cells, run or not. `folder` is the
    notebook's, where helper modules of the user's own may lie.
    """
    everything = all_installed()
    places = _places([one for several in everything.values() for one in several], folder)
    files = own_files(modules, places)
    installed, doubles = settled(everything, frozenset(files.values()))
    tops = set(imported) | {one.what.top for one in page}
    owners = find_owners(files, tops, installed.values(), places.search_path)
    fileless = {name for name, file in modules.items() if file is None and "." not in name}
    roots = find_roots(files, fileless, imported, page, owners, installed, places)
    reached = closure(roots.why.keys(), installed, {k: str(v) for k, v in default_environment().items()})
    requested = Requested(tuple(installed.values()), folder, Path(sys.prefix))
    replaced = replaced_libraries(mapped_libraries(maps_text()))
    facts = _Facts(roots, reached.required_by, requested, process_started(), replaced)
    versions = {name: (lambda one=one: one.version) for name, one in installed.items()}
    frameworks = gpu_frameworks(dict(sys.modules), versions, gpu_driver())
    return EnvironmentFacts(
        python=platform.python_version(),
        implementation=sys.implementation.name,
        platform=sys.platform,
        machine=platform.machine(),
        glibc=_glibc(),
        distributions=tuple(facts.of(installed[name]) for name in sorted(reached.names)),
        cuda=next(iter(frameworks), None),
        frameworks=frameworks,
        local_modules=roots.local,
        unknown=_unknown(roots, installed),
        stray=roots.stray,
        gone=roots.gone,
        doubles=tuple(doubles[name] for name in sorted(doubles.keys() & reached.names)),
        broken=tuple(name for name in sorted(reached.names) if not _is_version(installed[name].version)),
        unmet=reached.unmet,
    )


def maps_text() -> str:
    """Return proc(5)'s `maps` of this process; empty where the system has none."""
    try:
        return Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is said of each distribution."""

    roots: Roots
    required_by: Mapping[str, tuple[str, ...]]
    requested: Requested
    started: float | None
    replaced: Collection[str]

    def of(self, one: Installed) -> DistributionFact:
        source, url = provenance(one)
        modules = self.roots.modules.get(one.name, ())
        loaded = {name: found for name in modules if (found := sys.modules.get(name)) is not None}
        return DistributionFact(
            name=one.name,
            version=one.version,
            module_version=module_version(loaded.values(), one.version),
            in_memory=held_in_memory(one, loaded, self.started, self.replaced),
            source=source,
            url=url,
            requested=self.requested.of(one),
            why=self.roots.why.get(one.name, "required"),
            cells=self.roots.cells.get(one.name, ()),
            required_by=self.required_by.get(one.name, ()),
            modules=modules,
            licence=one.licence,
            requires_python=one.requires_python,
        )


def _unknown(roots: Roots, installed: Mapping[str, Installed]) -> tuple[UnknownImport, ...]:
    if not roots.unknown:
        return ()
    importable: dict[str, None] = defaultdict()
    for one in installed.values():
        importable.update(dict.fromkeys(_tops(one)))
    return tuple(
        UnknownImport(
            module=module,
            cells=tuple(dict.fromkeys(one.cell_id for one in where)),
            # Where no cell on the page imports it any more, the code that did has ended one way or the other.
            optional=all(one.what.optional for one in where),
            candidates=candidates(module, installed, importable),
        )
        for module, where in roots.unknown.items()
    )


def _tops(one: Installed) -> set[str]:
    heads = {path.partition("/")[0] for path in one.record if path.endswith(".py")}
    return {head.removesuffix(".py") for head in heads if "." not in head.removesuffix(".py")} | set(one.top_level)


def _places(installed: Sequence[Installed], folder: Path | None) -> Places:
    standard = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib")}
    # A module's file may name the real folder where the interpreter was reached through a link.
    standard |= {os.path.realpath(path) for path in standard}
    return Places(
        search_path=tuple(dict.fromkeys(os.path.normpath(Path(entry).absolute()) for entry in sys.path)),
        standard=tuple(sorted(standard)),
        site=frozenset(str(one.base) for one in installed if not one.developed),
        folder=None if folder is None else str(folder.resolve()),
    )


def _is_version(text: str) -> bool:
    try:
        return bool(Version(text))
    except InvalidVersion:
        return False


def _glibc() -> str | None:
    name, version = platform.libc_ver()
    return version if name == "glibc" else None
