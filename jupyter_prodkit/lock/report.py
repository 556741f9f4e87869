"""What the lock has to say, as a value: the table of distributions, what changed, what was proven, what was audited."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from jupyter_prodkit.environment.facts import DistributionFact, EnvironmentFacts

__all__ = [
    "Advisory",
    "Audit",
    "Change",
    "LockReport",
    "LockedRow",
    "ProofStep",
    "SecondOpinion",
    "changes",
    "rows",
    "things",
]

_FEW = 3


class LockedRow(msgspec.Struct, frozen=True, kw_only=True):
    """One distribution of the lock, in words."""

    name: str
    version: str
    source: str
    """`index`, `editable`, …; `unknown index` where none was proven to have it."""
    why: str
    """`imported in cell 3`, `loaded`, `required by pandas`."""
    status: str
    """How it compares with what the lock installs: `same bytes`, `wheel in the lock`, `built here`, …"""
    requested: bool | None = None
    licence: str | None = None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What is otherwise than in the last lock."""

    name: str
    kind: Literal["added", "removed", "changed"]
    before: str | None = None
    after: str | None = None


class ProofStep(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was proven by doing it."""

    what: str
    seconds: float


class Advisory(msgspec.Struct, frozen=True, kw_only=True):
    """A known vulnerability of a locked version."""

    name: str
    version: str
    id: str
    summary: str = ""
    fixed_in: str | None = None


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """What is known against the locked distributions."""

    advisories: tuple[Advisory, ...] | None = None
    """None where the source of advisories could not be asked."""
    unreachable: str | None = None
    """Why it could not."""
    yanked: dict[str, str] = {}
    """Withdrawn releases (PEP 592) and the reason."""
    licences: dict[str, tuple[str, ...]] = {}
    """Licence → the distributions under it; `unknown` for those that state none."""


class SecondOpinion(msgspec.Struct, frozen=True, kw_only=True):
    """What pipreqs makes of the saved notebook. It changes no lock: it only says where to look again."""

    named: tuple[str, ...] = ()
    """The installed distributions that it names."""
    not_locked: tuple[str, ...] = ()
    """Those of them that the lock lacks."""
    failed: str | None = None
    """Why it could not be had."""


class LockReport(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of the lock, version 1."""

    version: int = 1
    target: str
    """All that it is exact for: `Python 3.11 on linux x86_64`."""
    distributions: tuple[LockedRow, ...] = ()
    changes: tuple[Change, ...] | None = None
    """Since the last lock; None where there was none."""
    proof: tuple[ProofStep, ...] | None = None
    """None where nothing was asked to be proven."""
    audit: Audit | None = None
    second_opinion: SecondOpinion | None = None
    """None where none was asked for."""
    out_of_date: tuple[str, ...] | None = None
    """What `--check` found: why to lock or to export again; None where it was not asked."""


_STATUS = {
    "same": "same bytes",
    "different": "other bytes than installed",
    "built here": "built from its sdist",
    "vendored": "wheel in the lock",
    "unknown": "not compared",
}


def rows(facts: EnvironmentFacts, labels: Mapping[str, str], yanked: Mapping[str, str]) -> tuple[LockedRow, ...]:
    """Return the table: what cells import first, then what was loaded, then what these require; each by name."""
    order = ("imported", "loaded", "required")
    ordered = sorted(facts.distributions, key=lambda fact: (order.index(fact.why), fact.name))
    return tuple(
        LockedRow(
            name=fact.name,
            version=_version(fact),
            source=_source(fact),
            why=_why(fact, labels),
            status="; ".join([*_edited(fact), _STATUS[fact.build], *(["yanked"] if fact.name in yanked else [])]),
            requested=fact.requested,
            licence=fact.licence,
        )
        for fact in ordered
    )


def changes(before: EnvironmentFacts | None, now: EnvironmentFacts) -> tuple[Change, ...] | None:
    """Return what differs from the last lock, by name; None where there was none."""
    if before is None:
        return None
    old = {fact.name: fact for fact in before.distributions}
    new = {fact.name: fact for fact in now.distributions}
    found = [Change(name=name, kind="added", after=new[name].version) for name in new.keys() - old.keys()]
    found += [Change(name=name, kind="removed", before=old[name].version) for name in old.keys() - new.keys()]
    for name in old.keys() & new.keys():
        first, second = _identity(old[name]), _identity(new[name])
        if first != second:
            told = first[0] != second[0]
            before_text, after_text = (first[0], second[0]) if told else (" ".join(first), " ".join(second))
            found.append(Change(name=name, kind="changed", before=before_text, after=after_text))
    if before.python != now.python:
        found.append(Change(name="Python", kind="changed", before=before.python, after=now.python))
    return tuple(sorted(found, key=lambda one: one.name))


def things(number: int, thing: str) -> str:
    """Return `1 hash`, `1,344 hashes`."""
    plural = f"{thing}es" if thing.endswith("h") else f"{thing}s"
    return f"1 {thing}" if number == 1 else f"{number:,} {plural}"


def _identity(fact: DistributionFact) -> tuple[str, ...]:
    return (fact.version, fact.source, *([fact.url] if fact.url else []), *([fact.sha256[:12]] if fact.sha256 else []))


def _version(fact: DistributionFact) -> str:
    is_label = fact.module_version is not None and "+" in fact.module_version
    return f"{fact.version} ({fact.module_version} by its module)" if is_label else fact.version


def _source(fact: DistributionFact) -> str:
    return "unknown index" if fact.source == "index" and fact.index is None else fact.source


def _why(fact: DistributionFact, labels: Mapping[str, str]) -> str:
    if fact.cells:
        return f"imported in {_some(labels.get(cell, cell) for cell in fact.cells)}"
    return {"imported": "imported", "loaded": "loaded"}.get(fact.why) or f"required by {_some(fact.required_by)}"


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - _FEW} more" if len(listed) > _FEW else ""
    return ", ".join(listed[:_FEW]) + more


def _edited(fact: DistributionFact) -> list[str]:
    return ["edited by hand"] if fact.edited else []
