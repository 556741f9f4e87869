"""How far a check may go to know."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Effort"]


@dataclass(frozen=True, slots=True)
class Effort:
    """What really running the page may take and do."""

    seconds: float
    allow_effects: bool
