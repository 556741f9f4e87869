"""The distributions installed for this interpreter, as their metadata folders tell (PEP 376, PEP 610, PEP 627)."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.parser import HeaderParser
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from jupyter_prodkit.files import text_or_empty

__all__ = ["Installed", "all_installed", "installed_distributions", "same_version"]

_SHORT = 60  # some put the licence's whole text there
_DASHES_IN_TAG = 2
_SITE_FOLDERS = ("site-packages", "dist-packages")


@dataclass(frozen=True)
class Installed:
    """One installed distribution; each file of its metadata folder is read when it is first asked for."""

    name: str
    info: Path
    """Its metadata folder, or file in the case of the oldest kind."""

    @property
    def base(self) -> Path:
        """The folder that its RECORD is relative to."""
        return self.info.parent

    @cached_property
    def headers(self) -> Mapping[str, list[str]]:
        """The fields of its metadata by lower-case name."""
        text = self._read("METADATA") or self._read("PKG-INFO") or text_or_empty(self.info)
        parsed = HeaderParser().parsestr(text.partition("\n\n")[0])  # what follows is the long description
        return {key.lower(): [str(value) for value in parsed.get_all(key, [])] for key in set(parsed.keys())}

    @property
    def version(self) -> str:
        """Its version, or an empty text where its metadata is broken."""
        return next(iter(self.headers.get("version", [])), "").strip()

    @property
    def requires(self) -> tuple[str, ...]:
        """Its requirements (PEP 508), markers included."""
        if self.info.suffix == ".egg-info":
            return tuple(metadata.Distribution.at(self.info).requires or ())  # from its requires.txt
        return tuple(self.headers.get("requires-dist", []))

    @property
    def requires_python(self) -> str | None:
        """The Pythons that its metadata says it is for (PEP 440)."""
        return next((stated for one in self.headers.get("requires-python", []) if (stated := one.strip())), None)

    @cached_property
    def record_text(self) -> str:
        """Its RECORD as it stands; empty where it has none."""
        return self._read("RECORD")

    @cached_property
    def record(self) -> tuple[str, ...]:
        """The files it installed, relative to `base`, with `/`; empty where it has no RECORD."""
        lines = self.record_text.splitlines()
        return tuple(line[1:].partition('"')[0] if line[:1] == '"' else line.partition(",")[0] for line in lines)

    @cached_property
    def installer(self) -> str:
        """The program that installed it (PEP 376): `pip`, `uv`, `conda`; empty where none said so."""
        return self._read("INSTALLER").strip()

    @cached_property
    def wheel_tags(self) -> tuple[str, ...]:
        """The tags of the wheel that it was installed from (PEP 427): `cp311-cp311-manylinux_2_17_x86_64`."""
        lines = self._read("WHEEL").splitlines()
        tags = (line.partition(":")[2].strip() for line in lines if line.startswith("Tag:"))
        return tuple(tag for tag in tags if tag.count("-") == _DASHES_IN_TAG)

    @property
    def entry_points(self) -> str:
        """Its `entry_points.txt` as it stands."""
        return self._read("entry_points.txt")

    @property
    def licence(self) -> str | None:
        """What its metadata says of its licence: an SPDX expression (PEP 639), a short text, or its classifiers."""
        expression = next(iter(self.headers.get("license-expression", [])), "")
        stated = next(iter(self.headers.get("license", [])), "").strip()
        classifiers = [c for c in self.headers.get("classifier", []) if c.startswith("License ::")]
        named = [classifier.rpartition("::")[2].strip() for classifier in classifiers]
        short = stated if stated and len(stated) <= _SHORT and "\n" not in stated and stated != "UNKNOWN" else ""
        return expression or short or ", ".join(named) or None

    @cached_property
    def top_level(self) -> tuple[str, ...]:
        """The top-level modules that setuptools' own file lists."""
        return tuple(self._read("top_level.txt").split())

    @cached_property
    def direct_url(self) -> Mapping[str, Any]:
        """Its `direct_url.json` (PEP 610); empty where it came from an index or by conda."""
        if self.installer == "conda":
            return {}  # names a folder of the machine that built the conda package
        try:
            content = json.loads(self._read("direct_url.json") or "{}")
        except (ValueError, RecursionError):
            return {}
        return content if _is_direct_url(content) else {}

    @property
    def developed(self) -> bool:
        """Whether it is used from its source folder the old way: by an egg-info beside the source."""
        return self.info.suffix == ".egg-info" and self.base.name not in _SITE_FOLDERS

    @property
    def by_system(self) -> bool:
        """Whether it is one of the operating system's own packages (Debian's layout), which no index has."""
        return self.base.name == "dist-packages" and "local" not in self.base.parts and not self.record_text

    @property
    def written_at(self) -> float:
        """When it was installed. Installers keep the times of most files, but make the folder and the RECORD anew."""
        times = [path.stat().st_mtime for path in (self.info, self.info / "RECORD") if path.exists()]
        return max(times, default=0.0)

    def _read(self, name: str) -> str:
        return text_or_empty(self.info / name)


def same_version(one: str, other: str) -> bool:
    """Return whether two texts name one version (PEP 440), `1.0` and `1.0.0`; as they stand where one names none."""
    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return one == other


def installed_distributions() -> dict[str, Installed]:
    """Return what is installed on `sys.path` by normalised name; of two of one name, the one that imports find."""
    return {name: several[0] for name, several in all_installed().items()}


def all_installed() -> dict[str, tuple[Installed, ...]]:
    """Return every installation on `sys.path` by normalised name, the one that imports find first."""
    found: dict[str, list[Installed]] = {}
    for one in _on_path():
        known = found.setdefault(one.name, [])
        # A source folder on the path often holds an egg-info that nobody maintains beside the real one.
        if known and known[0].info.suffix == ".egg-info" and one.info.suffix == ".dist-info":
            known[:] = [one]
        elif not known or one.info.suffix == ".dist-info":
            known.append(one)
    return {name: tuple(several) for name, several in found.items()}


def _on_path() -> Iterator[Installed]:
    for one in metadata.distributions():
        info = getattr(one, "_path", None)  # the standard library has no public name for the folder
        if not isinstance(info, Path) or info.suffix not in (".dist-info", ".egg-info"):
            continue
        # `name-version.dist-info`: reading every METADATA for its name would take most of the time we have
        stem = info.name.removesuffix(info.suffix).partition("-")[0]
        yield Installed(canonicalize_name(stem), Path(os.path.normpath(info.absolute())))


def _is_direct_url(content: object) -> bool:
    """Whether it has the shape that PEP 610 gives it; what was written by hand may have any."""
    if not isinstance(content, dict) or not isinstance(content.get("url"), str):
        return False
    parts = [content.get(key, {}) for key in ("dir_info", "vcs_info", "archive_info")]
    return all(isinstance(part, dict) for part in parts) and isinstance(parts[2].get("hashes", {}), dict)
