"""An `environment.yml` for kernels of conda: its own packages at their exact builds, the rest by pip."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from packaging.utils import canonicalize_name

from jupyter_prodkit.environment.facts import EnvironmentFacts
from jupyter_prodkit.lock.pins import Pin, wheel_line
from jupyter_prodkit.release import without_credentials

__all__ = ["CondaPackage", "conda_packages", "environment_yml"]

_TOKEN = re.compile(r"/t/[^/]+/")
"""Where conda puts a channel's token."""


@dataclass(frozen=True, slots=True)
class CondaPackage:
    """One package that conda installed, by its own record."""

    name: str
    version: str
    build: str
    channel: str
    depends: tuple[str, ...] = ()
    """The names of the packages it depends on."""
    distributions: tuple[str, ...] = ()
    """The Python distributions it brought, normalised: `torch` of the package `pytorch`."""
    requested: bool = False
    """Whether a user asked for it by name."""


def conda_packages(prefix: Path = Path(sys.prefix)) -> tuple[CondaPackage, ...]:
    """Return what conda installed into `prefix`, by name; nothing where it is no conda environment."""
    return tuple(sorted(_records((prefix / "conda-meta").glob("*.json")), key=lambda one: one.name))


def environment_yml(facts: EnvironmentFacts, packages: Sequence[CondaPackage], pins: Iterable[Pin]) -> str:
    """Return the text of an `environment.yml`: exact versions and builds of conda's, and the rest by pip, with hashes.

    Of conda's it has Python, what the kernel's code uses, what was asked for and is no Python (graphviz, a JDK), and
    all that these depend on.
    """
    by_conda = {fact.name for fact in facts.distributions if fact.source == "conda"}
    ours = _needed(packages, by_conda)
    channels = list(dict.fromkeys(one.channel for one in ours if one.channel)) or ["conda-forge"]
    lines = ["name: locked-notebook", "channels:", *(f"  - {channel}" for channel in channels), "dependencies:"]
    lines += [f"  - {one.name}={one.version}={one.build}" for one in ours]
    rest = [pin for pin in sorted(pins, key=lambda pin: pin.name) if pin.name not in by_conda]
    if rest:
        lines += ["  - pip", "  - pip:", *(f'      - "{_on_one_line(pin)}"' for pin in rest)]
    return "\n".join(lines) + "\n"


def _needed(packages: Sequence[CondaPackage], distributions: AbstractSet[str]) -> list[CondaPackage]:
    known = {one.name: one for one in packages}
    waiting = [
        one.name
        for one in packages
        if one.name == "python"
        or not distributions.isdisjoint(one.distributions)
        or (one.requested and not one.distributions)
    ]
    needed: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in known and name not in needed:
            needed.add(name)
            waiting += known[name].depends
    return [one for one in packages if one.name in needed]


def _on_one_line(pin: Pin) -> str:
    """Return a pin as pip reads it from a file that conda writes, beside the `environment.yml`, of these lines."""
    wanted = wheel_line(pin.wheel) if pin.wheel else f"{pin.name}=={pin.version}"
    return " ".join([wanted, *(f"--hash={digest}" for digest in sorted(pin.hashes))])


def _records(files: Iterable[Path]) -> list[CondaPackage]:
    return [found for file in files if (found := _record(file)) is not None]


def _record(file: Path) -> CondaPackage | None:
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        channel = _TOKEN.sub("/", without_credentials(str(record.get("channel", ""))))
        asked = record.get("requested_specs") or record.get("requested_spec")
        return CondaPackage(
            name=str(record["name"]),
            version=str(record["version"]),
            build=str(record.get("build", "")),
            channel=_channel_name(channel.rstrip("/")),
            depends=tuple(str(spec).split()[0] for spec in record.get("depends", ()) if str(spec).strip()),
            distributions=tuple(sorted(_distributions(record.get("files", ())))),
            requested=asked not in (None, [], "", "None"),
        )
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return None  # conda would not read it either


def _distributions(files: Iterable[str]) -> Iterator[str]:
    for file in files:
        folder, _, last = str(file).rpartition("/")
        info = PurePosixPath(folder if last in ("METADATA", "PKG-INFO") else str(file))
        if info.suffix in (".dist-info", ".egg-info"):
            yield str(canonicalize_name(info.name.removesuffix(info.suffix).partition("-")[0]))


def _channel_name(channel: str) -> str:
    """Return a channel without the platform that conda's records put behind it."""
    head, _, last = channel.rpartition("/")
    return head if head and last.partition("-")[0] in ("linux", "osx", "win", "noarch") else channel
