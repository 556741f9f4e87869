"""From the modules that the user's code loaded to the distributions it needs, exactly as they are installed here."""

from __future__ import annotations

import os
import platform
import sys
import sysconfig
from collections.abc import Collection, Mapping
from pathlib import Path

from packaging.markers import default_environment

from jupyter_prodkit.environment.closure import closure
from jupyter_prodkit.environment.cuda import cuda_facts
from jupyter_prodkit.environment.facts import DistributionFact, EnvironmentFacts
from jupyter_prodkit.environment.in_memory import process_started, version_in_memory
from jupyter_prodkit.environment.installed import Installed, installed_distributions
from jupyter_prodkit.environment.owners import find_owners
from jupyter_prodkit.environment.provenance import provenance
from jupyter_prodkit.environment.roots import Places, Roots, find_roots, own_files

__all__ = ["capture"]


def capture(
    modules: Mapping[str, str | None], imported: Collection[str], folder: Path | None = None
) -> EnvironmentFacts:
    """Return this environment's facts for code that loaded `modules` (name → file) and whose text imports `imported`.

    Call it in the kernel's process. It reads metadata files only: nothing is imported, no code of a package runs.
    `folder` is the notebook's, where helper modules of the user's own may lie.
    """
    installed = installed_distributions()
    places = _places(installed, folder)
    files = own_files(modules, places)
    owners = find_owners(files, set(imported), installed.values(), places.search_path)
    roots = find_roots(files, imported, owners, places)
    names, unmet = closure(roots.why.keys(), installed, {k: str(v) for k, v in default_environment().items()})
    started = process_started()
    return EnvironmentFacts(
        python=platform.python_version(),
        implementation=sys.implementation.name,
        platform=sys.platform,
        machine=platform.machine(),
        glibc=_glibc(),
        distributions=tuple(_fact(installed[name], roots, started) for name in sorted(names)),
        cuda=cuda_facts(dict(sys.modules), installed),
        local_modules=roots.local,
        unowned=roots.unowned,
        unmet=unmet,
    )


def _fact(one: Installed, roots: Roots, started: float | None) -> DistributionFact:
    source, url = provenance(one)
    modules = roots.modules.get(one.name, ())
    loaded = [sys.modules.get(name) for name in modules]
    return DistributionFact(
        name=one.name,
        version=one.version,
        in_memory=version_in_memory(loaded, one.version, one.written_at, started),
        source=source,
        url=url,
        why=roots.why.get(one.name, "required"),
        modules=modules,
    )


def _places(installed: Mapping[str, Installed], folder: Path | None) -> Places:
    standard = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib")}
    # A module's file may name the real folder where the interpreter was reached through a link.
    standard |= {os.path.realpath(path) for path in standard}
    return Places(
        search_path=tuple(dict.fromkeys(os.path.normpath(Path(entry).absolute()) for entry in sys.path)),
        standard=tuple(sorted(standard)),
        site=frozenset(str(one.base) for one in installed.values() if not one.developed),
        folder=None if folder is None else str(folder.resolve()),
    )


def _glibc() -> str | None:
    name, version = platform.libc_ver()
    return version if name == "glibc" else None
