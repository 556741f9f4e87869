"""Python's garbage collector, kept from noticing us: when it looks at the user's objects is not ours to change."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["held_back", "unmoved"]


@contextmanager
def held_back() -> Iterator[None]:
    """Hold the collector back: what the user's code has made is collected in the user's code."""
    collects = gc.isenabled()
    try:
        gc.disable()
        yield
    finally:
        if collects:
            gc.enable()


@contextmanager
def unmoved() -> Iterator[None]:
    """Hold the collector back, and have it count as old whatever is there at the end.

    For loading what stays. Otherwise our objects bring the next walk over all objects forward: a tenth of a second in
    a notebook with scientific libraries. Only for a time before the user's code has made anything: young garbage there
    waits for the next such walk.
    """
    with held_back():
        yield
        if not gc.get_freeze_count():  # what somebody froze stays frozen
            gc.freeze()
            gc.unfreeze()
