"""An `environment.yml` for kernels of conda: its own packages at their exact builds, the rest by pip."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name

from jupyter_prodkit.environment.facts import EnvironmentFacts
from jupyter_prodkit.release import without_credentials

__all__ = ["CondaPackage", "conda_packages", "environment_yml"]


@dataclass(frozen=True, slots=True)
class CondaPackage:
    """One package that conda installed, by its own record."""

    name: str
    version: str
    build: str
    channel: str


def conda_packages(prefix: Path = Path(sys.prefix)) -> tuple[CondaPackage, ...]:
    """Return what conda installed into `prefix`, by name; nothing where it is no conda environment."""
    return tuple(sorted(_records((prefix / "conda-meta").glob("*.json")), key=lambda one: one.name))


def environment_yml(facts: EnvironmentFacts, packages: Sequence[CondaPackage]) -> str:
    """Return the text of an `environment.yml`: exact versions and builds of conda's, and `requirements.lock` for pip.

    It covers Python, what the kernel's code uses of conda's, and what conda alone has (libraries that are no Python).
    """
    used = {fact.name for fact in facts.distributions if fact.source == "conda"}
    listed = {str(canonicalize_name(fact.name)) for fact in facts.distributions}
    ours = [one for one in packages if _counts(one, used, listed)]
    channels = list(dict.fromkeys(one.channel for one in ours if one.channel)) or ["conda-forge"]
    lines = ["name: locked-notebook", "channels:", *(f"  - {channel}" for channel in channels), "dependencies:"]
    lines += [f"  - {one.name}={one.version}={one.build}" for one in ours]
    rest = [fact for fact in facts.distributions if fact.source != "conda"]
    if rest:
        lines += ["  - pip", "  - pip:", *(f"      - {fact.name}=={fact.version}" for fact in rest)]
    return "\n".join(lines) + "\n"


def _counts(one: CondaPackage, used: set[str], listed: set[str]) -> bool:
    name = str(canonicalize_name(one.name))
    return name == "python" or name in used or (name not in listed and one.name.startswith(("lib", "_lib", "openssl")))


def _records(files: Iterable[Path]) -> list[CondaPackage]:
    return [found for file in files if (found := _record(file)) is not None]


def _record(file: Path) -> CondaPackage | None:
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        channel = _channel_name(without_credentials(str(record.get("channel", ""))).rstrip("/"))
        return CondaPackage(str(record["name"]), str(record["version"]), str(record.get("build", "")), channel)
    except (OSError, ValueError, KeyError, AttributeError):
        return None  # conda would not read it either


def _channel_name(channel: str) -> str:
    """Return a channel without the platform that conda's records put behind it."""
    head, _, last = channel.rpartition("/")
    return head if head and last.partition("-")[0] in ("linux", "osx", "win", "noarch") else channel
