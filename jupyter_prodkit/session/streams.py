"""The random streams that a draw moves on though no name shows it: Python's and NumPy's own, shared ones."""

from __future__ import annotations

import hashlib
import random
import sys
from contextlib import suppress
from typing import Any

__all__ = ["Streams", "moved_streams", "random_streams"]

Streams = dict[str, str]
"""Stream → a digest of its state."""


def random_streams() -> Streams:
    """Return a digest of the state of each shared stream there is; takes about 0.05 ms."""
    found = {"random": f"{hash(random.getstate()):x}"}  # numbers only: no hash seed plays a part
    numpy: Any = sys.modules.get("numpy.random")
    if numpy is not None:
        with suppress(Exception):  # a user's own generator may have no state to ask for; then it is not followed
            found["numpy"] = _numpy_state(numpy.get_state(legacy=False))
    return found


def _numpy_state(state: Any) -> str:
    keys = state["state"].get("key")
    rest = state["state"]["pos"] if keys is not None else state["state"]
    text = repr((state["bit_generator"], rest, state.get("has_gauss"), state.get("gauss")))
    content = (b"" if keys is None else keys.tobytes()) + text.encode()
    return hashlib.blake2b(content, digest_size=8).hexdigest()


def moved_streams(before: Streams, after: Streams, earlier: Streams) -> Streams:
    """Return the streams that a run moved on and where it left them; `earlier` is the same of that code's last run.

    What a run drew is told by where it left the stream. A run that seeds first leaves it in the same place each time,
    and so may find it there already; a run that draws from an unseeded stream never does.
    """
    moved = {name for name, state in before.items() if after.get(name, state) != state}
    again = {name for name, state in earlier.items() if after.get(name) == state}
    return {name: after[name] for name in sorted(moved | again)}
