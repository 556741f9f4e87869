"""How a long step tells what it is doing, and learns that it should stop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from jupyter_prodkit.errors import CancelledError

__all__ = ["Progress", "ProgressEvent"]


@dataclass(frozen=True, slots=True)
class ProgressEvent:
    """One thing that happened: a `stage` (what the step does now) or a `log` line (what a tool said)."""

    kind: Literal["stage", "log"]
    message: str
    fraction: float | None = None
    """Share of the step that is done, 0 to 1; None where it can't be known."""


def _ignore(_: ProgressEvent) -> None:
    """Listen to nothing."""


@dataclass(slots=True)
class Progress:
    """Carries events from a step to whoever shows them, and a request to stop back to the step.

    A step calls `stage` between pieces of work; that is also where it notices a cancel.
    """

    listener: Callable[[ProgressEvent], None] = _ignore
    _cancel: threading.Event = field(default_factory=threading.Event)
    _above: Progress | None = None

    def stage(self, message: str, fraction: float | None = None) -> None:
        """Say what begins now. Raises CancelledError if the user asked to stop."""
        self.raise_if_cancelled()
        self.listener(ProgressEvent("stage", message, fraction))

    def log(self, line: str) -> None:
        """Pass on one line that an outside tool printed. Raises CancelledError if the user asked to stop."""
        self.raise_if_cancelled()
        self.listener(ProgressEvent("log", line))

    def silent(self) -> Progress:
        """Return one that tells nobody, for work beside what is told; it stops with this one, or by itself."""
        return Progress(_above=self)

    def cancel(self) -> None:
        """Ask the step to stop at its next chance; safe from any thread."""
        self._cancel.set()

    @property
    def cancelled(self) -> bool:
        """Whether the user asked to stop."""
        return self._cancel.is_set() or (self._above is not None and self._above.cancelled)

    def raise_if_cancelled(self) -> None:
        """Raise CancelledError if the user asked to stop."""
        if self.cancelled:
            raise CancelledError("Stopped before it was done.", "Nothing was changed. Run the step again when ready.")
