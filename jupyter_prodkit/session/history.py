"""Everything that ran so far, as one version: what `_`, `Out[3]` and `In` hold depends on nothing less."""

from __future__ import annotations

import hashlib
import re

from jupyter_prodkit.notebook.names import CodeNames
from jupyter_prodkit.session.record import Version

__all__ = ["HISTORY", "History"]

HISTORY = "history"
_READ_IT = re.compile(r"(?:^| )(?:_{1,3}|_oh|_ih|_i{1,3}|Out|In)\(")


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

    def asked_for(self, names: CodeNames, called: str) -> dict[str, Version]:
        """Return the history, if code or the functions `called` read what it leaves, else nothing."""
        return {HISTORY: self.version} if names.reads_history or _READ_IT.search(called) else {}
