"""How long looking at values may take: a little for every cell, and a share of the time that the user's code takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter  # bound now: a cell may put another clock there

from jupyter_prodkit.session.walk import Budget

__all__ = ["Credit"]

_SECONDS_PER_CELL = 1.2e-4
_SECONDS_BETWEEN = 5e-5
_SHARE_OF_USERS_TIME = 0.015
_AT_START = 0.002
_MOST = 0.25
_MOST_DEBT = 0.05
"""More is let go: one value that took a second must not blind us for a minute."""


class Credit:
    """The seconds that may be spent on looking at values; what a look took too much, later ones have to do without.

    A walk through a value can be stopped at its next part only, and what is small is looked at in any case, so more
    may be spent than there was.
    """

    def __init__(self, *, unlimited: bool) -> None:
        """With `unlimited` looking may take whatever it takes: in a kernel of ours, where nobody waits for a cell."""
        self._unlimited = unlimited
        self._seconds = _AT_START

    def earn(self, seconds: float) -> None:
        """Add the share of `seconds` of the user's own work."""
        self._seconds = min(_MOST, self._seconds + _SHARE_OF_USERS_TIME * seconds)

    @contextmanager
    def spending(self, free: float = 0.0) -> Iterator[None]:
        """Take off what the block takes, all but `free` seconds."""
        started = perf_counter()
        try:
            yield
        finally:
            self._seconds = max(-_MOST_DEBT, self._seconds - max(0.0, perf_counter() - started - free))

    def for_cell(self) -> Budget | None:
        """Return what looks around one cell may take; None if that does not matter."""
        return None if self._unlimited else Budget(_SECONDS_PER_CELL + max(0.0, self._seconds))

    def between_cells(self) -> Budget | None:
        """Return what may be spent where nothing is known to have happened."""
        return None if self._unlimited else Budget(_SECONDS_BETWEEN)
