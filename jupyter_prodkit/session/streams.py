"""The random streams that a draw moves on though no name shows it: Python's and NumPy's own, shared ones."""

from __future__ import annotations

import hashlib
import random
import sys
from typing import Any

__all__ = ["Streams", "moved_streams", "random_streams"]

Streams = dict[str, str]
"""Stream → a digest of its state."""


def random_streams() -> Streams:
    """Return a digest of the state of each shared stream there is; takes about 0.05 ms."""
    found = {"random": f"{hash(random.getstate()):x}"}  # numbers only: no hash seed plays a part
    numpy: Any = sys.modules.get("numpy.random")
    state = None if numpy is None else getattr(numpy, "get_state", None)
    if callable(state):
        _, keys, position, has_gauss, gauss = state()
        digest = hashlib.blake2b(keys.tobytes() + repr((position, has_gauss, gauss)).encode(), digest_size=8)
        found["numpy"] = digest.hexdigest()
    return found


def moved_streams(before: Streams, after: Streams, earlier: Streams) -> Streams:
    """Return the streams that a run moved on and where it left them; `earlier` is the same of that code's last run.

    What a run drew is told by where it left the stream. A run that seeds first leaves it in the same place each time,
    and so may find it there already; a run that draws from an unseeded stream never does.
    """
    moved = {name for name, state in before.items() if after.get(name, state) != state}
    again = {name for name, state in earlier.items() if after.get(name) == state}
    return {name: after[name] for name in sorted(moved | again)}
