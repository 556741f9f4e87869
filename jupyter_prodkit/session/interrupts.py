"""An interrupt that comes while one of our hooks runs is meant for the user's cell: it is handed on, never let out."""

from __future__ import annotations

import _thread
import threading
from collections.abc import Callable

__all__ = ["HandedOn", "until_done"]

_AFTER_SECONDS = 0.05
_MOST_TRIES = 20  # keys that are held down interrupt again and again


def until_done(step: Callable[[], None]) -> None:
    """Call `step` until it comes to its end, however often it is interrupted."""
    for _ in range(_MOST_TRIES):
        try:
            step()
        except KeyboardInterrupt:  # noqa: PERF203 - this is what it is for
            continue
        else:
            return


class HandedOn:
    """An interrupt that the cell which is about to begin will get, unless it is over by then."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def begin(self) -> None:
        """Interrupt the main thread in a moment."""
        self._timer = threading.Timer(_AFTER_SECONDS, self._interrupt)
        self._timer.daemon = True
        self._timer.start()

    def cancel(self) -> None:
        """Interrupt no more: what would be hit now is the kernel, which has to answer."""
        if self._timer is None:
            return
        with self._lock:
            self._timer.cancel()
            self._timer = None

    def _interrupt(self) -> None:
        with self._lock:
            if self._timer is not None:
                _thread.interrupt_main()
