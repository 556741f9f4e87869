"""The releases of Python that code on top of locked distributions can be installed for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from jupyter_prodkit.environment.facts import EnvironmentFacts

__all__ = ["supported_python"]

_PATCHES = range(100)
"""More than any minor version of Python has had."""


def supported_python(facts: EnvironmentFacts) -> str:
    """Return, as a specifier (PEP 440), the patch releases of the lock's Python that no distribution excludes.

    `>=3.11,<3.12` mostly; `>=3.11.4,<3.12,!=3.11.6` where distributions say so. Installers that resolve for all of a
    project's Pythons refuse a dependency that excludes one of them.
    """
    minor = facts.python_minor
    demands = list(_demands(facts))
    allowed = [patch for patch in _PATCHES if all(f"{minor}.{patch}" in demand for demand in demands)]
    first, last = allowed[0], allowed[-1]
    major, number = minor.split(".")
    low = f">={minor}" if first == 0 else f">={minor}.{first}"
    high = f"<{major}.{int(number) + 1}" if last == _PATCHES[-1] else f"<{minor}.{last + 1}"
    return ",".join([low, high, *(f"!={minor}.{one}" for one in range(first, last) if one not in allowed)])


def _demands(facts: EnvironmentFacts) -> Iterator[SpecifierSet]:
    """What the distributions ask of Python; not what this very Python contradicts: it was installed all the same."""
    patch = re.match(r"\d+", facts.python.removeprefix(f"{facts.python_minor}."))
    here = f"{facts.python_minor}.{patch[0] if patch else 0}"
    for asked in {fact.requires_python for fact in facts.distributions} - {None}:
        try:
            demand = SpecifierSet(str(asked))
        except InvalidSpecifier:
            continue
        if here in demand:
            yield demand
