"""Which distribution a loaded file or an imported name belongs to, by the installers' own records of files (RECORD)."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from jupyter_prodkit.environment.editables import Editable, editable
from jupyter_prodkit.environment.installed import Installed

__all__ = ["Owners", "find_owners", "providers_of"]

_MODULE_ENDINGS = (".py", ".so", ".pyd")


@dataclass(frozen=True, slots=True)
class Owners:
    """The answer for one set of modules and names."""

    by_module: Mapping[str, str]
    """Loaded module → normalised name of the distribution that owns its file; modules that none owns are absent."""
    by_name: Mapping[str, tuple[str, ...]]
    """Top-level name → the distributions that provide it; several for a namespace (PEP 420)."""


def find_owners(
    files: Mapping[str, str], names: Collection[str], installed: Iterable[Installed], search_path: Collection[str]
) -> Owners:
    """Return who owns each of `files` (module → absolute path) and who provides each of the top-level `names`.

    Reads the records in one pass and imports nothing: `find_spec` on a dotted name would execute its parents.
    """
    here = list(installed)
    developed = [found for one in here if (found := editable(one)) is not None]
    by_module: dict[str, str] = {}
    by_name: dict[str, set[str]] = defaultdict(set)
    wanted = _by_folder(files, {str(one.base) for one in here})
    for one in here:
        provided = _claim(one, wanted[str(one.base)], names, by_module)
        for name in provided:
            by_name[name].add(one.name)
    for module, file in files.items():
        owner = None if module in by_module else _developer(module, file, developed, search_path)
        if owner:
            by_module[module] = owner
    for found in developed:
        for name in names:
            if found.provides(name):
                by_name[name].add(found.name)
    return Owners(by_module, {name: tuple(sorted(owners)) for name, owners in by_name.items()})


def providers_of(dotted: str, among: Iterable[Installed]) -> tuple[str, ...]:
    """Return who, `among` distributions that share a top-level name, provides the module `dotted` by its own files.

    A mere namespace (PEP 420) is provided by none: `google.cloud` by nobody, `google.cloud.storage` by one.
    """
    path = dotted.replace(".", "/")
    found = []
    for one in among:
        starts = {file[len(path) :] for file in one.record if file.startswith(path)}
        if any(_is_module(rest) for rest in starts):
            found.append(one.name)
    return tuple(sorted(found))


def _is_module(rest: str) -> bool:
    """Whether what follows a module's path in a file's makes it that module: `.py`, `/__init__.py`, `.abi3.so`."""
    own = rest.removeprefix("/__init__")
    return own[:1] == "." and "/" not in own and own.endswith(_MODULE_ENDINGS)


def _by_folder(files: Mapping[str, str], folders: Collection[str]) -> Mapping[str, Mapping[str, list[str]]]:
    """Return, for each folder with records, the wanted files below it: path relative to the folder → modules."""
    aliases = {os.path.realpath(folder): folder for folder in folders}  # `lib64` is often a link to `lib`
    wanted: dict[str, dict[str, list[str]]] = {folder: defaultdict(list) for folder in folders}
    real: dict[str, str] = {}
    for module, file in files.items():
        directory, name = os.path.split(file)
        if directory not in real:
            real[directory] = os.path.realpath(directory)
        for path in {file, f"{real[directory]}{os.sep}{name}"}:
            for prefix, folder in (*((f, f) for f in folders), *aliases.items()):
                if path.startswith(prefix + os.sep):
                    wanted[folder][path[len(prefix) + 1 :].replace(os.sep, "/")].append(module)
    return wanted


def _claim(
    one: Installed, wanted: Mapping[str, list[str]], names: Collection[str], by_module: dict[str, str]
) -> set[str]:
    """Enter the wanted files that `one` installed and return the wanted top-level names that it provides."""
    provided = set()
    for path in one.record:
        for module in wanted.get(path, ()):
            by_module.setdefault(module, one.name)
        head, below, _ = path.partition("/")
        top = head if below else head.partition(".")[0] if head.endswith(_MODULE_ENDINGS) else ""
        if top in names:
            provided.add(top)
    if not one.record:  # Debian's own packages, and the oldest installs, have no RECORD
        provided = {name for name in one.top_level if name in names}
        for path, modules in wanted.items():
            if path.partition("/")[0].partition(".")[0] in one.top_level:
                by_module.update((module, one.name) for module in modules if module not in by_module)
    return provided


def _developer(module: str, file: str, developed: Iterable[Editable], search_path: Collection[str]) -> str | None:
    owning = [one for one in developed if one.owns(module, file, search_path)]
    return max(owning, key=lambda one: len(one.root)).name if owning else None
