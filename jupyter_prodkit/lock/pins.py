"""Pins as values: from facts to the lines given to uv, from uv's answer to the lines of `requirements.lock`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from jupyter_prodkit.environment.facts import DistributionFact
from jupyter_prodkit.errors import LockError

__all__ = [
    "WHEELS",
    "Pin",
    "check_unchanged",
    "index_line",
    "parse_requirements",
    "render_requirements",
    "wheel_line",
]

WHEELS = PurePosixPath("wheels")

_PIN = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)==(?P<version>\S+)")
_INDEX = re.compile(r"^\s*# from (?P<index>\S+)\s*$", re.MULTILINE)
_HASH = re.compile(r"--hash=(?P<hash>sha256:[0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Pin:
    """One distribution at one version, by the hashes of the files that it may be installed from."""

    name: str
    version: str
    hashes: tuple[str, ...] = ()
    """Each as `sha256:…`."""
    wheel: str | None = None
    """The wheel's file name, where it stands in the lock's own folder because no index has it."""
    index: str | None = None
    """The index that answered, without credentials."""


def index_line(fact: DistributionFact) -> str:
    """Return the requirement that an index must meet exactly, the version's local label included (PEP 440)."""
    return f"{fact.name}=={fact.version}"


def wheel_line(file_name: str) -> str:
    """Return the requirement for a wheel that stands in the lock's folder."""
    return f"./{WHEELS / file_name}"


def parse_requirements(text: str) -> dict[str, Pin]:
    """Return the pins by name in a requirements file that uv wrote; comments and wheels given by path don't count."""
    pins: dict[str, Pin] = {}
    for block in re.split(r"\n(?=\S)", text):
        match = _PIN.match(block)
        if match:
            name = canonicalize_name(match["name"])
            index = _INDEX.search(block)
            hashes = tuple(sorted(set(_HASH.findall(block))))
            pins[name] = Pin(name, match["version"], hashes, index=index["index"] if index else None)
    return pins


def check_unchanged(asked: Collection[DistributionFact], pins: Mapping[str, Pin]) -> None:
    """Raise LockError where uv, by its own configuration, answered with other pins than it was asked for."""
    expected = {fact.name: _same(fact.version) for fact in asked}
    answered = {name: _same(pin.version) for name, pin in pins.items()}
    other = sorted(name for name in expected.keys() | answered.keys() if expected.get(name) != answered.get(name))
    if other:
        raise LockError(
            f"uv answered with other versions than the kernel has: {', '.join(other)}.",
            "Look for overrides and constraints in uv.toml or under [tool.uv] in a pyproject.toml above this folder.",
        )


def render_requirements(pins: Iterable[Pin], heading: str) -> str:
    """Return the text of a requirements file with hashes (pip's user guide, Secure installs), sorted by name."""
    lines = [f"# {line}" for line in heading.splitlines()]
    for pin in sorted(pins, key=lambda one: one.name):
        requirement = wheel_line(pin.wheel) if pin.wheel else f"{pin.name}=={pin.version}"
        lines += [" \\\n".join([requirement, *(f"    --hash={digest}" for digest in sorted(pin.hashes))])]
    return "\n".join(lines) + "\n"


def _same(version: str) -> str:
    try:
        return str(Version(version))
    except InvalidVersion:
        return version
