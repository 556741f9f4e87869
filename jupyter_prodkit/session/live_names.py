"""The user's names as they are now, and what has become of them since they were last looked at."""

from __future__ import annotations

import re
import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from time import perf_counter  # bound now: a cell may put another clock there
from typing import Any

from jupyter_prodkit.notebook.names import is_shells_own
from jupyter_prodkit.session.classes import derives, qualified_name
from jupyter_prodkit.session.glimpse import glimpse_and_parts, is_immutable
from jupyter_prodkit.session.record import Glimpse
from jupyter_prodkit.session.walk import Budget

__all__ = ["LiveNames"]

_QUICKLY_TOLD = frozenset({"builtins", "numpy", "pandas"})
_MAY_BE_THE_SHELLS = "_IOeqgo"  # first letters
_TRY_AGAIN = 4.0
_IN_FORMULA = re.compile(r"@([^\W\d]\w*)")
_LONGEST_FORMULA = 1000
_NO_PARTS: frozenset[int] = frozenset()
_NO_NAMES: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Seen:
    """What the last look at a name's value found."""

    glimpse: Glimpse
    parts: frozenset[int]
    seconds: float
    """What it took; of a look that was given up a multiple of that, so that it is tried again when it may succeed."""
    is_small: bool
    """Whether it is looked at however little time there is."""
    reads: frozenset[str]
    """The names that functions which it holds read when they are called."""


class LiveNames:
    """Looks at the namespace and keeps only addresses and glimpses of it, no value."""

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self._namespace = namespace
        self._met: set[Any] = set()
        self._not_the_users: set[Any] = set()  # of the names that were met
        self._ids = self.ids()
        self._seen: dict[str, _Seen] = {}
        self.passed_over: set[str] = set()
        """Names that the last code could reach, and that there was no time to look at since."""
        self._holders: dict[int, set[str]] = {}  # which names' values are made of which object

    def ids(self) -> dict[str, int]:
        """Return the address of each of the user's names; the shell's own are left out."""
        names = dict(self._namespace)  # a copy: threads of the user's may bind meanwhile
        if not self._met.issuperset(names):
            self._meet(names.keys() - self._met)
        ids = dict(zip(names, map(id, names.values()), strict=True))
        for name in self._not_the_users:
            ids.pop(name, None)
        return ids

    def _meet(self, names: Iterable[Any]) -> None:
        """Tell whose names these are."""
        self._met.update(names)
        self._not_the_users.update(
            name for name in names
            if type(name) is not str or (name[:1] in _MAY_BE_THE_SHELLS and is_shells_own(name))
        )  # fmt: skip

    def known(self, name: str) -> Glimpse | None:
        """Return what the last look at `name` found, None where there was none since it was bound."""
        seen = self._seen.get(name)
        return None if seen is None or name not in self._ids else seen.glimpse

    def is_unsure(self, name: str) -> bool:
        """Return whether nobody can say that the value is as it was when last looked at."""
        seen = self._seen.get(name)
        return seen is None or seen.glimpse.digest is None or name in self.passed_over

    def parts_of(self, name: str) -> frozenset[int]:
        """Return the addresses of the objects that the value of `name` is made of, as far as they are kept."""
        seen = self._seen.get(name)
        return _NO_PARTS if seen is None else seen.parts

    def reached(self, names: Iterable[str]) -> set[str]:
        """Return what functions read that the values of `names` hold, and those in turn."""
        found: set[str] = set()
        pending = [seen.reads for name in names if (seen := self._seen.get(name)) is not None and seen.reads]
        while pending:
            new = pending.pop() - found
            found |= new
            pending += [seen.reads for name in new if (seen := self._seen.get(name)) is not None and seen.reads]
        return found

    def look(self, names: Iterable[str], budget: Budget | None) -> dict[str, Glimpse]:
        """Look at each of `names`, all of which are live; values that `budget` does not allow for get no digest.

        Numbers, texts, arrays and frames come first: they take little, and objects of libraries may use up the rest.
        """
        return {name: self._look(name, budget) for name in sorted(names, key=self._is_dear)}

    def _is_dear(self, name: str) -> tuple[bool, str]:
        root = qualified_name(type(self._namespace.get(name))).partition(".")[0]
        return root not in _QUICKLY_TOLD, name

    def look_again(
        self, names: Iterable[str], budget: Budget | None, *, surely: frozenset[str], opaque: frozenset[str]
    ) -> tuple[dict[str, Glimpse], dict[str, frozenset[str]]]:
        """Return those of `names` that are not as they were when last looked at, and who shared objects with each then.

        A value that takes longer to look at than `budget` allows is passed over, unless it is in `surely`: what the
        code says it changes. If it can't be told by its content, it counts as changed if it is in `surely`, or in
        `opaque` and no look helps.
        """
        looked: dict[str, _Seen] = {}
        for name in names:
            seen = self._seen.get(name)
            if seen is None or name not in self._namespace:
                continue
            dear = budget is not None and not seen.is_small and seen.seconds > budget.left()
            if dear and name not in surely and seen.glimpse.digest is not None:
                self.passed_over.add(name)
                continue
            now = self._examined(name, budget)
            unknown = now.glimpse.digest is None or seen.glimpse.digest is None
            touched = unknown and (name in surely or (now.glimpse.is_opaque and name in opaque))
            if touched or now.glimpse.was_changed(seen.glimpse):
                looked[name] = now
            elif now.glimpse.digest is None and seen.glimpse.digest is not None:  # the look was given up
                self.passed_over.add(name)
                seen.seconds = now.seconds
        groups = {name: frozenset(self.sharing([name]) - {name}) for name in looked}
        for name, now in looked.items():
            self._keep(name, now)
        return {name: now.glimpse for name, now in looked.items()}, groups

    def _look(self, name: str, budget: Budget | None) -> Glimpse:
        seen = self._examined(name, budget)
        self._keep(name, seen)
        return seen.glimpse

    def _examined(self, name: str, budget: Budget | None) -> _Seen:
        value = self._namespace.get(name)  # a thread of the user's may have taken it away meanwhile
        before = self._seen.get(name)
        if before is not None and budget is not None and before.seconds > budget.left():
            budget = Budget(0.0)  # small values are looked at all the same
        started = perf_counter()
        glimpse, found = glimpse_and_parts(value, budget)
        took = perf_counter() - started
        parts = found.parts if found.parts is not None else frozenset({id(value)})
        seconds = took if found.in_time else max(_TRY_AGAIN * took, before.seconds if before is not None else 0.0)
        kept = _NO_PARTS if is_immutable(value) else parts
        # What a function or class reads by itself, its text tells more precisely.
        reads = _NO_NAMES if type(value) is types.FunctionType or derives(type(value), type) else found.reads
        if type(value) is str and "@" in value:  # a formula, for `df.query` or `df.eval`
            reads = frozenset(_IN_FORMULA.findall(value[:_LONGEST_FORMULA]))
        return _Seen(glimpse, kept, seconds, is_small=found.is_small, reads=reads)

    def _keep(self, name: str, seen: _Seen) -> None:
        self.passed_over.discard(name)
        self._drop(name)
        self._seen[name] = seen
        for part in seen.parts:
            self._holders.setdefault(part, set()).add(name)

    def _drop(self, name: str) -> None:
        old = self._seen.pop(name, None)
        for part in old.parts if old is not None else ():
            holders = self._holders.get(part)
            if holders is not None:
                holders.discard(name)
                if not holders:
                    del self._holders[part]

    def rebound(self, ids: Mapping[str, int]) -> set[str]:
        """Return which names hold another object than when `remember` was called."""
        if ids == self._ids:
            return set()
        return {name for name, identity in ids.items() if self._ids.get(name) != identity}

    def gone(self, ids: Mapping[str, int]) -> set[str]:
        """Return which names there were when `remember` was called that are no more."""
        return set(self._ids.keys() - ids.keys())

    def sharing(self, names: Iterable[str]) -> set[str]:
        """Return every name whose value shares an object with that of one of `names`, those included."""
        found: set[str] = set()
        for name in names:
            seen = self._seen.get(name)
            for part in seen.parts if seen is not None else ():
                found |= self._holders.get(part, set())
        return found

    def groups(self, names: Iterable[str]) -> dict[str, frozenset[str]]:
        """Return for each of `names` that shares objects with others which those are."""
        found = {name: frozenset(self.sharing([name]) - {name}) for name in names}
        return {name: others for name, others in found.items() if others}

    def forget(self, names: Iterable[str]) -> None:
        """Drop what is known of names that hold another object now."""
        for name in names:
            self._drop(name)

    def remember(self, ids: dict[str, int]) -> None:
        """Take `ids` as what is known of the names."""
        for name in self._ids.keys() - ids.keys():
            self._drop(name)
        self._ids = ids
