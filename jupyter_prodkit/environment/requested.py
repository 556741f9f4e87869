"""Whether a user asked for a distribution by name, by what installers and the project's own files keep of it."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from jupyter_prodkit.environment.installed import Installed
from jupyter_prodkit.files import text_or_empty

__all__ = ["Requested"]

# In the standard library from Python 3.11 on; here and not where it is used, so that a capture loads nothing.
_TOML: Any = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
_NAME = re.compile(r"\s*(?P<name>[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)")
_REQUIRES = re.compile(r"^Requires-Dist:\s*(?P<name>[\w.-]*\w)", re.MULTILINE)
_CONDA_SPECS = re.compile(r"^# (?P<act>update|install|remove|neutered) specs: *(?P<specs>\[.*\])", re.MULTILINE)
_FOLDERS_UP = 8


@dataclass(frozen=True)
class Requested:
    """Answers for the distributions of one environment."""

    installed: Collection[Installed]
    folder: Path | None
    """The notebook's folder, in or above which the project may state its requirements."""
    prefix: Path
    """`sys.prefix`"""

    def of(self, one: Installed) -> bool | None:
        """Return whether a user asked for `one`, as opposed to another distribution; None where nobody can know.

        pip marks it (REQUESTED, PEP 376), conda keeps its history. uv marks whatever it installs: there the project's
        requirements count, or that nothing installed requires it; an environment that uv keeps for a project has
        nothing beside these.
        """
        if one.installer == "pip":
            return (one.info / "REQUESTED").exists()
        if one.installer == "conda":
            return self._by_conda(one)
        if one.installer != "uv":
            return None
        if one.name in self._stated or one.name not in self._required:
            return True
        return False if self._is_kept_by_uv else None

    def _by_conda(self, one: Installed) -> bool | None:
        if one.name in self._conda_specs:
            return True
        # Where conda has a package of that very name, its history would have it.
        is_known = next((self.prefix / "conda-meta").glob(f"{one.name}-{one.version}-*.json"), None) is not None
        return False if is_known and self._conda_specs else None

    @cached_property
    def _stated(self) -> frozenset[str]:
        folders = [self.prefix.parent, *([] if self.folder is None else _up(self.folder))]
        return frozenset(canonicalize_name(name) for folder in folders for name in _names_in(folder))

    @cached_property
    def _required(self) -> frozenset[str]:
        """What any of the others may have brought along, by an extra, too."""
        texts = (text_or_empty(one.info / "METADATA").partition("\n\n")[0] for one in self.installed)
        return frozenset(canonicalize_name(match["name"]) for text in texts for match in _REQUIRES.finditer(text))

    @cached_property
    def _is_kept_by_uv(self) -> bool:
        return (self.prefix.parent / "uv.lock").is_file() and (self.prefix.parent / "pyproject.toml").is_file()

    @cached_property
    def _conda_specs(self) -> frozenset[str]:
        wanted: set[str] = set()
        for match in _CONDA_SPECS.finditer(text_or_empty(self.prefix / "conda-meta" / "history")):
            try:
                specs = {_conda_name(str(spec)) for spec in ast.literal_eval(match["specs"])}
            except (ValueError, SyntaxError):
                continue
            wanted = wanted - specs if match["act"] in ("remove", "neutered") else wanted | specs
        return frozenset(wanted)


def _conda_name(spec: str) -> str:
    """Return the name in a spec: `conda-forge::numpy=2.1`, `numpy[version='>=2']`."""
    named = _NAME.match(spec.rpartition("::")[2])
    return canonicalize_name(named["name"]) if named else ""


def _up(folder: Path) -> Iterator[Path]:
    """Return the folder and those above it, up to the root of a repository."""
    for place in [folder, *folder.parents][:_FOLDERS_UP]:
        yield place
        if (place / ".git").exists():
            return


def _names_in(folder: Path) -> Iterator[str]:
    yield from _names(_project_requirements(folder / "pyproject.toml"))
    for file in sorted(folder.glob("requirements*.txt")) + sorted(folder.glob("requirements*.in")):
        yield from _names(text_or_empty(file).splitlines())


def _project_requirements(file: Path) -> Iterator[str]:
    try:
        content = _TOML.loads(text_or_empty(file))
    except ValueError:
        return
    project = _table(content.get("project"))
    for listed in (project.get("dependencies"), *_table(project.get("optional-dependencies")).values(),
                   *_table(content.get("dependency-groups")).values()):  # fmt: skip
        yield from (one for one in listed or () if isinstance(one, str))


def _names(lines: Iterable[str]) -> Iterator[str]:
    """Return the names in requirement lines; options, comments, paths and URLs have none."""
    for line in lines:
        named = _NAME.match(line)
        if named and "://" not in line.partition("@")[0]:
            yield named["name"]


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
