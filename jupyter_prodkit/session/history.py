"""Everything that ran so far, as one version: what `_`, `Out[3]` and `In` hold depends on nothing less."""

from __future__ import annotations

import hashlib

from jupyter_prodkit.notebook.names import CodeNames
from jupyter_prodkit.session.record import Version

__all__ = ["HISTORY", "History"]

HISTORY = "history"


class History:
    """The code that ran, in its order, as a chain of digests."""

    def __init__(self) -> None:
        self._chain = ""

    def add(self, digest: str) -> None:
        """Take it that code with this digest has run."""
        self._chain = hashlib.sha256(f"{self._chain}{digest}".encode()).hexdigest()[:32]

    @property
    def version(self) -> Version:
        """The version of all that ran so far."""
        return f"= {self._chain}"

    def asked_for(self, names: CodeNames) -> dict[str, Version]:
        """Return the history, if code reads what it leaves, else nothing."""
        return {HISTORY: self.version} if names.reads_history else {}
