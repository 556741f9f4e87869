"""What the lock step left behind, as the export and the push need it."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import msgspec
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from jupyter_prodkit.environment.facts import EnvironmentFacts
from jupyter_prodkit.errors import ExportError

__all__ = ["Locked", "provides", "read_lock"]

_REQUIREMENT = re.compile(r"^(?P<requirement>[^\s#][^\s;\\]*)", re.MULTILINE)


@dataclass(frozen=True)
class Locked:
    """Exact versions: the notebook's, and what the server needs beside them."""

    requirements: str
    serving: str
    facts: EnvironmentFacts

    @cached_property
    def pins(self) -> Mapping[str, str]:
        """Each distribution's name (PEP 503) and version, those included whose wheel the lock holds itself."""
        lines = _REQUIREMENT.findall(f"{self.requirements}\n{self.serving}")
        return dict(sorted(pin for line in lines for pin in _pin(line)))

    @cached_property
    def modules(self) -> Mapping[str, tuple[str, ...]]:
        """Each of the notebook's distributions and the topmost modules of its own."""
        return {fact.name: fact.modules for fact in self.facts.distributions}

    def has(self, imported: str) -> bool:
        """Return whether an import of a dotted name is Python's own, or finds a distribution of the lock."""
        root = imported.partition(".")[0]
        owned = (module for modules in self.modules.values() for module in modules)
        pinned = {name.replace("-", "_") for name in self.pins}
        return root in sys.stdlib_module_names | pinned or any(provides(module, imported) for module in owned)

    def advice(self, imported: str) -> str:
        """Return what to do about an import of a module that the lock does not have."""
        if imported in self.facts.local_modules:
            own = "It is a file of your own"
            return f"{own}: move its code into an exported cell, or make it a package and install that."
        return "Run the cell that imports it, then %prodlock."


def provides(module: str, imported: str) -> bool:
    """Return whether a distribution that owns `module` is what an import of `imported` finds."""
    return imported == module or imported.startswith(f"{module}.") or module.startswith(f"{imported}.")


def read_lock(folder: Path) -> Locked:
    """Return the lock in `folder`. Raises ExportError where there is none, or none that this version reads."""
    path = folder / "environment.json"
    if not path.exists():
        raise ExportError("There is no lock to pin the package with.", "Run %prodlock first.")
    try:
        facts = msgspec.json.decode(path.read_bytes(), type=EnvironmentFacts)
        requirements = (folder / "requirements.lock").read_text("utf-8")
        serving = (folder / "serving.lock").read_text("utf-8")
    except (msgspec.DecodeError, OSError, UnicodeDecodeError) as error:
        raise ExportError(f"The lock in {folder} can't be read: {error}.", "Run %prodlock again.") from error
    return Locked(requirements, serving, facts)


def _pin(line: str) -> list[tuple[str, str]]:
    if line.endswith(".whl"):
        try:
            distribution, release, _, _ = parse_wheel_filename(line.rpartition("/")[2])
        except InvalidWheelFilename:
            return []
        return [(distribution, str(release))]
    name, separator, version = line.partition("==")
    return [(canonicalize_name(name), version)] if separator else []
