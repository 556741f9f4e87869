"""What really running the page gave, and how two such runs compare."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from jupyter_prodkit.notebook.outputs import same_outputs
from jupyter_prodkit.session.record import Glimpse

__all__ = ["CleanOutcome", "Replay", "made_alike", "nondeterministic"]

_ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]+")


@dataclass(frozen=True, slots=True)
class CleanOutcome:
    """What one cell did when the page was really run."""

    cell_id: str
    success: bool
    error: str = ""
    """`NameError: name 'x' is not defined`; empty where it ended well."""
    lacked: str | None = None
    """The name that it failed for, with a NameError."""
    seconds: float = 0.0
    shown: Sequence[Mapping[str, Any]] = ()
    """Its outputs in nbformat's shape; a later cell may still update a display."""
    written: Mapping[str, Glimpse] = field(default_factory=lambda: MappingProxyType({}))
    """Each name that it bound or changed in place, and the value since."""
    deleted: frozenset[str] = frozenset()
    refused: tuple[str, ...] = ()
    """What it tried and was not allowed to do: `connect to example.org:443`. Its outcome then proves nothing."""


@dataclass(frozen=True, slots=True)
class Replay:
    """A run of the page from a clean start, as far as it got."""

    outcomes: Mapping[str, CleanOutcome]
    """By cell id, in page order."""
    unfinished: str = ""
    """Why it ended before its last cell; empty where it did not."""
    final: Mapping[str, Glimpse] = field(default_factory=lambda: MappingProxyType({}))
    """Every name that there was at the end, and its value."""


def nondeterministic(first: Replay, second: Replay) -> Mapping[str, str]:
    """Return the cells that two runs of one page disagree about, each with the reason in words.

    Both runs began clean, so hidden state can't be why. A cell that was refused something in either is left out.
    """
    both = [(one, second.outcomes[cell_id]) for cell_id, one in first.outcomes.items() if cell_id in second.outcomes]
    reasons = {one.cell_id: _disagreement(one, other) for one, other in both if not one.refused and not other.refused}
    return {cell_id: reason for cell_id, reason in reasons.items() if reason}


def made_alike(first: Replay, second: Replay) -> Mapping[str, frozenset[str]]:
    """Return for each cell that both runs came to the names to which both gave the same value."""
    found: dict[str, frozenset[str]] = {}
    for cell_id, one in first.outcomes.items():
        again = second.outcomes[cell_id].written if cell_id in second.outcomes else {}
        both = one.written.keys() & again.keys()
        found[cell_id] = frozenset(name for name in both if one.written[name].equals(again[name]))
    return found


def _disagreement(one: CleanOutcome, other: CleanOutcome) -> str:
    if one.success != other.success:
        return f"one of two clean runs raised {(one.error or other.error)}, the other did not"
    if _told(one.error) != _told(other.error):
        return f"two clean runs raised different errors: {one.error}, and {other.error}"
    for name, value in one.written.items():
        again = other.written.get(name)
        if again is None:
            return f"one of two clean runs wrote `{name}`, the other did not"
        # A number is told to its last digits: that of a clock differs in the ninth.
        if value.differs_from(again) or (value.digest != again.digest and value.text != again.text):
            return _two_values(name, value, again)
    extra = next((name for name in other.written if name not in one.written), None)
    if extra is not None:
        return f"one of two clean runs wrote `{extra}`, the other did not"
    return "" if same_outputs(one.shown, other.shown) else "two clean runs showed different outputs"


def _two_values(name: str, value: Glimpse, again: Glimpse) -> str:
    if value.text == again.text:
        return f"two clean runs gave `{name}` different contents ({value.text})"
    return f"`{name}` was {value.text} in one clean run and {again.text} in the other"


def _told(error: str) -> str:
    return _ADDRESS.sub("", error)
