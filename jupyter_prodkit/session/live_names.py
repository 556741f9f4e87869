"""The user's names as they are now, and what has become of them since they were last looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from jupyter_prodkit.notebook.names import is_shells_own
from jupyter_prodkit.session.glimpse import glimpse, is_immutable, is_watchable, size
from jupyter_prodkit.session.record import Glimpse

__all__ = ["LiveNames"]

_MOST_WATCHED = 64
_MOST_ELEMENTS = 3000
_MAY_BE_THE_SHELLS = "_IOeqgo"  # first letters


class LiveNames:
    """Looks at the namespace and keeps only addresses and glimpses of it, no value."""

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self._namespace = namespace
        self._ids = self.ids()
        self._glimpses: dict[str, Glimpse] = {}
        self._watched: dict[str, None] = {}  # names whose value may be changed in place, the latest last

    def ids(self) -> dict[str, int]:
        """Return the address of each of the user's names; the shell's own are left out."""
        return {
            name: id(value)
            for name, value in dict(self._namespace).items()  # a copy: threads of the user's may bind meanwhile
            if type(name) is str and not (name[:1] in _MAY_BE_THE_SHELLS and is_shells_own(name))
        }

    def look(self, names: Iterable[str]) -> dict[str, Glimpse]:
        """Return a glimpse of each of `names`, all of which are live."""
        return {name: glimpse(self._namespace[name]) for name in names}

    def rebound(self, ids: Mapping[str, int]) -> set[str]:
        """Return which names hold another object than when `remember` was called."""
        if ids == self._ids:
            return set()
        return {name for name, identity in ids.items() if self._ids.get(name) != identity}

    def gone(self, ids: Mapping[str, int]) -> set[str]:
        """Return which names there were when `remember` was called that are no more."""
        return set(self._ids.keys() - ids.keys())

    def changed(self, seen: Mapping[str, Glimpse]) -> set[str]:
        """Return which of the values in `seen` differ from when they were last remembered."""
        return {name for name, now in seen.items() if name in self._glimpses and self._glimpses[name].differs_from(now)}

    def stirred(self, besides: set[str]) -> dict[str, Glimpse]:
        """Return the watched values that are not as remembered, names `besides` left out: changed unseen, in place.

        Of very many the latest are looked at: each look costs some microseconds.
        """
        seen: dict[str, Glimpse] = {}
        elements = 0
        for name in list(reversed(self._watched))[:_MOST_WATCHED]:
            if name not in besides and name in self._namespace:
                elements += size(self._namespace[name])
                if elements > _MOST_ELEMENTS:
                    break
                seen[name] = glimpse(self._namespace[name])
        return {name: seen[name] for name in self.changed(seen)}

    def aliases(self, names: Iterable[str], ids: Mapping[str, int]) -> set[str]:
        """Return every name of the very objects that `names` stand for; plain values have no aliases."""
        shared = {ids[name] for name in names if name in ids and not is_immutable(self._namespace[name])}
        return {name for name, identity in ids.items() if identity in shared} if shared else set()

    def remember(self, ids: dict[str, int], seen: Mapping[str, Glimpse]) -> None:
        """Take `ids` and the values in `seen` as what is known of the names."""
        for name in self._ids.keys() - ids.keys():
            self._glimpses.pop(name, None)
            self._watched.pop(name, None)
        for name in seen.keys() & ids.keys():
            self._glimpses[name] = seen[name]
            self._watched.pop(name, None)
            if name in self._namespace and is_watchable(self._namespace[name]):
                self._watched[name] = None
        self._ids = ids
