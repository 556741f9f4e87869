"""What the kernel did, as immutable values: executions, the versions of the names they read and wrote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

__all__ = ["EMPTY_TIMELINE", "Execution", "Glimpse", "Shown", "Timeline", "Version", "thinned"]

Version = str
"""Where a value comes from, as a digest: of the code that made it and, in turn, the versions of what that code read.

Two runs of the same code on the same inputs make the same version: running an import again makes nothing stale.
"""


@dataclass(frozen=True, slots=True)
class Glimpse:
    """The little we keep of a value: enough to show that two differ and, of small plain values, that they are equal."""

    text: str
    """For reading: `891 rows × 12 columns`, `0.25`, `a list of 3`; never what a text says: it may be a secret."""
    digest: str | None = None
    """Equal digests mean equal values, others most often other values; None where only the text is known."""
    sample: str | None = None
    """Of a value too large for a digest: a digest of a few of its elements, to be compared within one process."""
    is_opaque: bool = False
    """Whether no look, however long, would tell its content: an iterator, a figure."""
    hidden: str = ""
    """Digest of what a library keeps to itself: tells that a value was changed, not that it is another."""
    coarse: str | None = None
    """As `digest`, of floats the first seven digits: what two computations of one value have in common."""
    tells_apart: bool = True
    """Whether another digest means another value; else one of the two may only have been used more."""

    def was_changed(self, before: Glimpse) -> bool:
        """Return whether the one value, looked at twice, was surely changed in between."""
        if self.digest is not None and before.digest is not None:
            return (self.digest, self.hidden) != (before.digest, before.hidden)
        return self.differs_from(before)

    def differs_from(self, other: Glimpse) -> bool:
        """Return whether the two values are surely different."""
        if self.digest is not None and other.digest is not None:
            if self.equals(other):
                return False
            if self.tells_apart and other.tells_apart:
                return True
        if self.sample is not None and other.sample is not None and self.sample != other.sample:
            return True
        return self.text != other.text

    def equals(self, other: Glimpse) -> bool:
        """Return whether the two values are surely equal, last-bit noise aside."""
        if self.coarse is not None and self.coarse == other.coarse:
            return True
        return self.digest is not None and self.digest == other.digest


class Shown(Protocol):
    """What one run showed, complete once the kernel has sent everything."""

    @property
    def digest(self) -> str | None:
        """Digest of the outputs, noise normalised away; None where they were not all seen."""

    @property
    def is_empty(self) -> bool:
        """Whether it showed nothing."""

    @property
    def has_image(self) -> bool:
        """Whether it showed a picture."""


@dataclass(frozen=True, slots=True)
class Execution:
    """One run of a piece of code in the kernel."""

    number: int
    """Order in this kernel, from 1."""
    cell_id: str | None
    """None for code outside cells: a console, a widget's callback."""
    source: str
    """Empty for what was changed between cells, by code that no one saw."""
    digest: str
    """Digest of the code; comments and white space don't count."""
    count: int | None
    """The number in the cell's prompt."""
    success: bool
    seconds: float
    interrupted: bool = False
    """Whether the user stopped it: what it then left behind, no other run will."""
    lacked: str | None = None
    """The name that it failed for, with a NameError."""
    inputs: Mapping[str, Version] = field(default_factory=lambda: MappingProxyType({}))
    """Each name it may have read, and the version that name had; a name that did not exist is in `absent`."""
    absent: frozenset[str] = frozenset()
    """Names it may have read that did not exist."""
    outputs: Mapping[str, Version] = field(default_factory=lambda: MappingProxyType({}))
    """Each name it bound, rebound or may have changed in place, and the version that name has since."""
    deleted: frozenset[str] = frozenset()
    before: Mapping[str, Glimpse] = field(default_factory=lambda: MappingProxyType({}))
    """A glimpse of each input before the run."""
    after: Mapping[str, Glimpse] = field(default_factory=lambda: MappingProxyType({}))
    """A glimpse of each output after the run."""
    mutated: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    """Each name whose object it changed in place, and the names that shared objects with it before."""
    unlooked: frozenset[str] = frozenset()
    """Names whose objects it may have changed in place, taken as unchanged: there was no time to look, or no use."""
    sharing: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    """Each output that shares objects with other names after the run, and those names."""
    around: Mapping[str, Version] = field(default_factory=lambda: MappingProxyType({}))
    """What it may have depended on besides names: `numpy.random`, `cwd`, `file data.csv`."""
    moved: Mapping[str, Version] = field(default_factory=lambda: MappingProxyType({}))
    """What it changed besides names, and the version since."""
    drew_unseeded: frozenset[str] = frozenset()
    """The random streams that it drew from though nothing had seeded them."""
    shown: Shown | None = None
    """What it showed; None where that was not seen."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """Everything that ran in this kernel since tracking began, in order, and what the kernel holds now."""

    executions: tuple[Execution, ...] = ()
    live: Mapping[str, Version] = field(default_factory=lambda: MappingProxyType({}))
    """The user's names as they are now."""
    around: Mapping[str, Version] = field(default_factory=lambda: MappingProxyType({}))
    """What there is besides names, as it is now: random streams, options, the working directory."""
    models: frozenset[str] = frozenset()
    """Live names whose value has a `predict` method."""
    from_start: bool = True
    """Whether tracking began before any code ran; else earlier names are of unknown origin."""
    earlier: tuple[Execution, ...] = ()
    """What is known of runs in kernels before this one, oldest first: digests only, numbered from 0 downwards."""

    def runs_of(self, cell_id: str) -> tuple[Execution, ...]:
        """Return the runs of one cell, oldest first."""
        return tuple(e for e in self.executions if e.cell_id == cell_id)


EMPTY_TIMELINE = Timeline()

_MANY_RUNS = 4000
_FIRST_KEPT, _LAST_KEPT = 5, 20


def thinned(executions: tuple[Execution, ...]) -> tuple[Execution, ...]:
    """Return `executions`, of very many only the first and the latest runs of each code in each cell.

    A loop of re-runs or a widget's callbacks would otherwise fill the memory in a long session.
    """
    if len(executions) < _MANY_RUNS or len(executions) % _LAST_KEPT:
        return executions
    runs: dict[tuple[str | None, str], list[Execution]] = {}
    for run in executions:
        runs.setdefault((run.cell_id, run.digest), []).append(run)
    kept = [run for same in runs.values() for run in (*same[:_FIRST_KEPT], *same[_FIRST_KEPT:][-_LAST_KEPT:])]
    return tuple(sorted(kept, key=lambda run: run.number))
