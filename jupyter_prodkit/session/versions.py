"""The versions of what a run left: by its content where it could be looked at, else by the code and what that read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_prodkit.notebook.names import CodeNames
from jupyter_prodkit.session.classes import users_module_of
from jupyter_prodkit.session.record import Glimpse, Version
from jupyter_prodkit.session.stated import settle, short, stated_names, valued

__all__ = ["Versions"]


class Versions:
    """Remembers what each code made on which inputs, so that the same made again is the same."""

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self._namespace = namespace
        self._outputs_of: dict[str, Mapping[str, Version]] = {}  # of the last run of each code, by how it ended
        self._value_of: dict[Version, Version] = {}  # the versions of values that could be looked at, by their origin

    def left(
        self,
        source: str,
        names: CodeNames,
        inputs: Mapping[str, Version],
        made_by: str,
        after: Mapping[str, Glimpse],
        live: Mapping[str, Version],
    ) -> dict[str, Version]:
        """Return the version of each name that a run has bound or changed.

        `made_by` tells the code, what it depended on besides names, and how it ended; `after` is what was seen of the
        names that it surely wrote, `live` are the versions that names had before; some may be gone.
        """
        unsettled = any(seen.digest is None for seen in after.values())
        by_text = unsettled or names.deferred or names.imports
        settled = settle(stated_names(source), inputs) if by_text else {}
        base = [made_by, *(f"{name} {version}" for name, version in sorted(inputs.items()))]
        made = self._made_again(made_by, live)
        for name, seen in after.items():
            origin = short(*base, name)
            if name in settled and not (seen.digest is not None and users_module_of(self._namespace[name]) is not None):
                made[name] = settled[name]
            elif seen.digest is not None:
                made[name] = self._value_of[origin] = valued(seen.digest + seen.hidden)
            else:  # what was looked at when the same was made before is known now
                made[name] = self._value_of.get(origin, origin)
        self._outputs_of[made_by] = made
        return made

    def _made_again(self, made_by: str, live: Mapping[str, Version]) -> dict[str, Version]:
        """What the same code made before and is still there: a star import binds the same objects again, unseen."""
        made = self._outputs_of.get(made_by, {})
        return {name: version for name, version in made.items() if live.get(name) == version}
