"""From the distributions that the code uses to all that these require."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from jupyter_prodkit.environment.installed import Installed

__all__ = ["Closure", "closure"]


@dataclass(frozen=True, slots=True)
class Closure:
    """What some distributions need."""

    names: frozenset[str]
    """They and everything they require."""
    required_by: Mapping[str, tuple[str, ...]]
    """Name → which others of them require it, sorted."""
    unmet: tuple[str, ...]
    """The requirements that the environment doesn't meet, as sentences."""


def closure(roots: Collection[str], installed: Mapping[str, Installed], environment: Mapping[str, str]) -> Closure:
    """Return `roots` with everything they require.

    `environment` holds the values of the markers (PEP 508). Optional dependencies count where a requirement asks for
    their extra; those that the code really uses are among the roots already.
    """
    reached: dict[str, set[str]] = {name: set() for name in roots}
    unmet: set[str] = set()
    required_by: dict[str, set[str]] = defaultdict(set)
    waiting = [(name, "") for name in sorted(reached)]
    while waiting:
        name, extra = waiting.pop()
        for wanted in _requirements(installed[name], {**environment, "extra": extra}):
            target = canonicalize_name(wanted.name)
            problem = _problem(installed[name], wanted, installed.get(target))
            if problem:
                unmet.add(problem)
            if target in installed:
                required_by[target].add(name)
                waiting += [(target, new) for new in _news(reached, target, wanted.extras)]
    wanted_by = {name: tuple(sorted(others)) for name, others in required_by.items()}
    return Closure(frozenset(reached), wanted_by, tuple(sorted(unmet)))


def _requirements(one: Installed, environment: Mapping[str, str]) -> Iterator[Requirement]:
    for text in one.requires:
        try:
            wanted = Requirement(text)
        except InvalidRequirement:
            continue  # from before PEP 508; installers of today ignore these as well
        if wanted.marker is None or wanted.marker.evaluate(dict(environment)):
            yield wanted


def _news(reached: dict[str, set[str]], name: str, extras: set[str]) -> list[str]:
    """Enter `name` with `extras` and return what of it is new; "" stands for the part without an extra."""
    first = name not in reached
    known = reached.setdefault(name, set())
    new = sorted(extras - known)
    known.update(extras)
    return ["", *new] if first else new


def _problem(one: Installed, wanted: Requirement, found: Installed | None) -> str | None:
    asked = f"{one.name} requires {wanted.name}{wanted.specifier}"
    if found is None:
        return f"{asked}, which is not installed."
    if wanted.specifier and found.version and not wanted.specifier.contains(found.version, prereleases=True):
        return f"{asked}, but {found.version} is installed."
    return None
