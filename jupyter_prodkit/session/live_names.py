"""The user's names as they are now, and what has become of them since they were last looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from jupyter_prodkit.notebook.names import is_shells_own
from jupyter_prodkit.session.glimpse import glimpse, is_immutable, is_watchable
from jupyter_prodkit.session.record import Glimpse

__all__ = ["LiveNames"]

_MOST_WATCHED = 64


class LiveNames:
    """Looks at the namespace and keeps only addresses and glimpses of it, no value."""

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self._namespace = namespace
        self._ids = self.ids()
        self._glimpses: dict[str, Glimpse] = {}

    def ids(self) -> dict[str, int]:
        """Return the address of each of the user's names; the shell's own are left out."""
        return {
            name: id(value)
            for name, value in dict(self._namespace).items()  # a copy: threads of the user's may bind meanwhile
            if type(name) is str and not is_shells_own(name)
        }

    def look(self, names: Iterable[str]) -> dict[str, Glimpse]:
        """Return a glimpse of each of `names`, all of which are live."""
        return {name: glimpse(self._namespace[name]) for name in names}

    def rebound(self, ids: Mapping[str, int]) -> set[str]:
        """Return which names hold another object than when `remember` was called."""
        return {name for name, identity in ids.items() if self._ids.get(name) != identity}

    def gone(self, ids: Mapping[str, int]) -> set[str]:
        """Return which names there were when `remember` was called that are no more."""
        return set(self._ids.keys() - ids.keys())

    def changed(self, seen: Mapping[str, Glimpse]) -> set[str]:
        """Return which of the values in `seen` differ from when they were last remembered."""
        return {name for name, now in seen.items() if name in self._glimpses and self._glimpses[name].differs_from(now)}

    def stirred(self, besides: set[str]) -> dict[str, Glimpse]:
        """Return the watched values that are not as remembered, names `besides` left out: changed unseen, in place."""
        watched = [name for name in self._glimpses if name not in besides and name in self._namespace]
        seen = self.look(name for name in watched[-_MOST_WATCHED:] if is_watchable(self._namespace[name]))
        return {name: seen[name] for name in self.changed(seen)}

    def aliases(self, names: Iterable[str], ids: Mapping[str, int]) -> set[str]:
        """Return every name of the very objects that `names` stand for; plain values have no aliases."""
        shared = {ids[name] for name in names if name in ids and not is_immutable(self._namespace[name])}
        return {name for name, identity in ids.items() if identity in shared} if shared else set()

    def remember(self, ids: dict[str, int], seen: Mapping[str, Glimpse]) -> None:
        """Take `ids` and the values in `seen` as what is known of the names."""
        self._ids = ids
        kept = {name: known for name, known in self._glimpses.items() if name in ids and name not in seen}
        self._glimpses = {**kept, **seen}  # the latest last: those are watched
