"""Records what each piece of code read and changed, from IPython's events; the user's code runs as it would without."""

from __future__ import annotations

import logging
import threading
from asyncio import CancelledError
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from time import perf_counter  # bound now: a cell may put another clock there
from typing import Any

from jupyter_prodkit.notebook.document import source_digest
from jupyter_prodkit.notebook.names import NO_NAMES, CodeNames, bound_before, code_names
from jupyter_prodkit.notebook.transform import own_magics_in, own_magics_only
from jupyter_prodkit.session.ambient import OPTIONS, Ambient, may_depend_on
from jupyter_prodkit.session.classes import defines
from jupyter_prodkit.session.code_reach import CodeReach
from jupyter_prodkit.session.collector import held_back
from jupyter_prodkit.session.credit import Credit
from jupyter_prodkit.session.files_used import FilesUsed, texts_of
from jupyter_prodkit.session.generations import Generations
from jupyter_prodkit.session.history import History
from jupyter_prodkit.session.late import entered_late
from jupyter_prodkit.session.live_names import LiveNames
from jupyter_prodkit.session.modules import UserModules
from jupyter_prodkit.session.raised import lacked, line_of
from jupyter_prodkit.session.record import Execution, Glimpse, Shown, Timeline, Version, thinned
from jupyter_prodkit.session.stated import valued
from jupyter_prodkit.session.versions import Versions
from jupyter_prodkit.session.walk import Budget

__all__ = ["Tracker"]

_log = logging.getLogger("jupyter_prodkit")
_UNKNOWN = "of unknown origin"
_INTERRUPTS = (KeyboardInterrupt, CancelledError)  # the second is what a cell that awaits gets
_HOOK_SECONDS = 1.2e-4
"""What noting a cell takes by itself: not paid for with credit."""


@dataclass(slots=True)
class _Running:
    """What was seen just before a piece of code began."""

    source: str
    names: CodeNames = NO_NAMES
    ids: Mapping[str, int] = field(default_factory=dict)
    inputs: dict[str, Version] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    before: dict[str, Glimpse] = field(default_factory=dict)
    around: dict[str, Version] = field(default_factory=dict)
    cell_id: str | None = None
    shown: Shown | None = None
    started: float = field(default_factory=perf_counter)
    inside: int = 0
    """How many pieces of code it runs that it hands to the shell itself: they are part of it."""


class Tracker:
    """Keeps the timeline of one kernel.

    Responsibilities: turn IPython's before/after events into executions; give every live name a version. It never
    raises into a cell and holds no reference to a user's object.
    """

    def __init__(
        self,
        namespace: Mapping[str, Any],
        *,
        from_start: bool,
        on_executed: Callable[[str | None], None],
        earlier: Sequence[str] = (),
        unhurried: bool = False,
    ) -> None:
        """`earlier` is the code that ran before; `from_start` says that there is none but what is running now.

        `unhurried` lets looking at values take whatever it takes: in a kernel of ours, where nobody waits for a cell.
        """
        self._namespace = namespace
        self._on_executed = on_executed
        self._lock = threading.Lock()
        self._running: dict[int, _Running] = {}  # by thread: subshells run code beside the main thread's
        self._live = LiveNames(namespace)
        self._reach = CodeReach(namespace, self._live)
        self._versions = Versions(namespace)
        self._ambient = Ambient(from_start=from_start)
        self._files = FilesUsed()
        self._generations = Generations(namespace, self._live)
        self._history = History()
        self._count = 0
        self._credit = Credit(unlimited=unhurried)
        self._disturbed = True
        self._threads = threading.active_count()
        self.modules = UserModules(earlier)
        live = {} if from_start else dict.fromkeys(self._live.ids(), _UNKNOWN)
        self._timeline = Timeline(live=live, from_start=from_start)

    @property
    def timeline(self) -> Timeline:
        """What has run, as an immutable snapshot; safe from any thread. Files are as they are now."""
        with self._lock:
            known = self._timeline
        return replace(known, around={**known.around, **self._files.now()})

    @property
    def is_running(self) -> bool:
        """Whether a cell is running now."""
        return any(running.source for running in list(self._running.values()))

    # -- events ---------------------------------------------------------------------------------------------------

    def begin_midway(self) -> None:
        """Take it that a cell is running already: the one that loads us. `after_run` will say which."""
        ids = {} if self._timeline.from_start else self._live.ids()
        self._running[threading.get_ident()] = _Running("", ids=ids)

    def disturb(self) -> None:
        """Take it that code which nobody announced may have run, or may be running: values have to be looked at."""
        self._disturbed = True

    def before_run(self, source: str, cell_id: str | None = None, shown: Shown | None = None) -> None:
        """Note what `source` may read, just before it runs; `shown` is where its outputs will be found."""
        thread = threading.get_ident()
        running = self._running.get(thread)
        if running is not None and running.source:
            running.inside += 1
            return
        self._running.pop(thread, None)
        self.modules.before_run()
        if not source.strip() or own_magics_only(source):
            return
        try:
            with held_back(), self._credit.spending(_HOOK_SECONDS):
                self._running[thread] = self._look(source, cell_id, shown)
        except Exception:  # noqa: BLE001 - tracking must never disturb a cell
            _log.debug("could not look at the cell before it ran", exc_info=True)
        except KeyboardInterrupt:
            self._running.pop(thread, None)  # it is asked again
            raise

    def after_run(
        self, cell_id: str | None, count: int | None, error: BaseException | None, source: str | None = None
    ) -> None:
        """Record what the code that `before_run` saw has done; `error` is what it raised.

        `source` is needed only where `begin_midway` stood in for `before_run`.
        """
        thread = threading.get_ident()
        running = self._running.get(thread)
        if running is None:
            return
        if running.inside:
            running.inside -= 1
            return
        seconds = perf_counter() - running.started
        try:
            if self._is_known(running, source):
                self._credit.earn(seconds)
                with held_back(), self._credit.spending(_HOOK_SECONDS):
                    self._add(self._executed(running, cell_id or running.cell_id, count, error, seconds))
        except Exception:  # noqa: BLE001 - tracking must never disturb a cell
            _log.debug("could not record the cell after it ran", exc_info=True)
            self._add_unknown(running, cell_id or running.cell_id, count, seconds)
        except KeyboardInterrupt:  # half of what it did may have been noted: none of that counts
            self._add_unknown(running, cell_id or running.cell_id, count, seconds)
        self._running.pop(thread, None)
        if running.source:
            self._on_executed(cell_id or running.cell_id)

    # -- before ---------------------------------------------------------------------------------------------------

    def _look(self, source: str, cell_id: str | None, shown: Shown | None) -> _Running:
        names = code_names(source)
        ids = self._live.ids()
        reads = self._reach.reads(names, ids)
        disturbed = self._disturbed or threading.active_count() > self._threads
        self._disturbed = False
        self._record_outside(ids, reads, disturbed=disturbed)
        before = self._known(reads)
        inputs = {name: self._version_now(name, seen) for name, seen in before.items()}
        absent = frozenset(names.needs - ids.keys())
        self._ambient.between_runs(disturbed=disturbed)
        called = self._reach.called_text(reads)
        around = {
            **may_depend_on(f"{source} {called}", self._ambient.now), **self._history.asked_for(names, called),
            **self._generations.asked_for(source, reads),
        }  # fmt: skip
        self._files.begin(source, texts_of(map(self._namespace.get, reads)))
        return _Running(source, names, ids, inputs, absent, before, around, cell_id, shown)

    def _known(self, names: Iterable[str]) -> dict[str, Glimpse]:
        known = {name: self._live.known(name) for name in names}
        unknown = [name for name, seen in known.items() if seen is None]
        looked = self._live.look(unknown, self._credit.for_cell()) if unknown else {}
        return {name: seen or looked[name] for name, seen in known.items()}

    def _version_now(self, name: str, seen: Glimpse) -> Version:
        version = self._timeline.live.get(name, _UNKNOWN)
        return valued(seen.digest + seen.hidden) if version == _UNKNOWN and seen.digest is not None else version

    def _is_known(self, running: _Running, source: str | None) -> bool:
        """Whether it is known what ran; the code that began before us is learnt only now."""
        if not running.source and source and not own_magics_only(source):
            running.source, running.names = source, code_names(source)
        return bool(running.source)

    # -- after ----------------------------------------------------------------------------------------------------

    def _executed(
        self, running: _Running, cell_id: str | None, count: int | None, error: BaseException | None, seconds: float
    ) -> Execution:
        ids = self._live.ids()
        bound = self._bound(running, ids, error)
        self._files.loaded(map(self._namespace.get, bound))
        read, rewritten = self._files.end()
        budget = self._credit.for_cell()
        in_place, groups, unlooked = self._changed_in_place(running, ids, bound, budget)
        self._live.forget(name for name in bound if running.ids.get(name) != ids[name])
        after = {**self._live.look(bound, budget), **in_place}
        seen = self._ambient.observe(running.source, lambda: self._reach.called_text(running.before))
        running.around.update(seen.drawn_from)
        running.around.update(read)
        moved = {**seen.moved, **rewritten}
        digest = source_digest(running.source)
        interrupted = error is not None and issubclass(type(error), _INTERRUPTS)
        ending = f"stopped in run {self._count}" if interrupted else "raised" if error is not None else ""
        self._history.add(digest)
        told = {name: version for name, version in running.around.items() if name not in OPTIONS}
        made_by = f"{digest} {ending} {sorted(told.items()) or ''} {seen.unseeded or ''}"
        live = self._timeline.live
        outputs = self._versions.left(running.source, running.names, running.inputs, made_by, after, live)
        outputs = {name: version for name, version in outputs.items() if name in ids}
        self._live.remember(ids)
        self.modules.after_run(running.names.imports, only_named=own_magics_in(running.source))
        self._reach.note(running.names, after)
        sharing = self._live.groups(outputs)
        self._generations.note(outputs, sharing)
        return Execution(
            number=self._count + 1, cell_id=cell_id, source=running.source, digest=digest, count=count,
            success=error is None, seconds=seconds, interrupted=interrupted, lacked=lacked(error),
            inputs=running.inputs, absent=running.absent, outputs=outputs,
            deleted=frozenset(running.ids.keys() - ids.keys()), before=running.before, after=after,
            mutated=groups, unlooked=unlooked, sharing=sharing, around=running.around, moved=moved,
            drew_unseeded=frozenset(seen.unseeded),
            shown=running.shown,
        )  # fmt: skip

    def _add_unknown(self, running: _Running, cell_id: str | None, count: int | None, seconds: float) -> None:
        """Record that code has run of which it isn't known what it did: whatever stood before counts no more."""
        with suppress(Exception):
            number = self._count + 1
            outputs = {name: f"unknown since run {number} {name}" for name in self._live.ids()}
            self._add(
                Execution(
                    number=number, cell_id=cell_id, source=running.source, digest=source_digest(running.source),
                    count=count, success=False, seconds=seconds, interrupted=True, outputs=outputs,
                )
            )  # fmt: skip

    def _bound(self, running: _Running, ids: Mapping[str, int], error: BaseException | None) -> set[str]:
        """The names that the code has made or bound anew."""
        bound = {name for name, identity in ids.items() if running.ids.get(name) != identity}
        if error is None:
            return bound | (running.names.binds_always & ids.keys())
        line = line_of(error, self._namespace)
        return bound | (bound_before(running.source, line) & ids.keys()) if line else bound

    def _changed_in_place(
        self, running: _Running, ids: Mapping[str, int], bound: set[str], budget: Budget | None
    ) -> tuple[dict[str, Glimpse], dict[str, frozenset[str]], frozenset[str]]:
        """What the code has changed without binding it: values that it could reach, by whatever name.

        Also who shared objects with each, and those of which it can't be told whether it has.
        """
        if running.names.is_inert and not running.names.mutates:
            return {}, {}, frozenset()
        read = running.before.keys() | running.names.binds
        reach = [name for name in self._live.sharing(read) | read if name in ids and name not in bound]
        mutates = running.names.mutates | self._reach.arrays_given(running.before, running.names.calls)
        surely = frozenset(mutates | self._live.sharing(mutates))
        changed, groups = self._live.look_again(reach, budget, surely=surely, opaque=frozenset(running.before))
        return changed, groups, frozenset(name for name in reach if name not in changed and self._live.is_unsure(name))

    def _record_outside(self, ids: dict[str, int], reads: frozenset[str], *, disturbed: bool) -> None:
        """Record what was changed since the last cell, by a widget, a thread or a silent request."""
        changed = self._live.rebound(ids)
        gone = self._live.gone(ids)
        self._live.forget(changed)
        nothing = frozenset[str]()
        budget = self._credit.for_cell() if disturbed else self._credit.between_cells()
        passed_over = set(self._live.passed_over)
        in_place, groups = self._live.look_again(reads & ids.keys() - changed, budget, surely=nothing, opaque=nothing)
        in_place = self._seen_late(in_place, passed_over)
        if not changed and not gone and not in_place:
            return
        after = {**self._live.look(changed, self._credit.for_cell()), **in_place}
        number = self._count + 1
        outputs = {
            name: valued(one.digest + one.hidden) if one.digest is not None else f"outside cells {number} {name}"
            for name, one in after.items()
        }
        self._live.remember(ids)
        self._add(
            Execution(
                number=number, cell_id=None, source="", digest="", count=None, success=True, seconds=0.0,
                outputs=outputs, deleted=frozenset(gone), after=after, mutated=groups,
                sharing=self._live.groups(outputs),
            )
        )  # fmt: skip
        self._reach.note(NO_NAMES, after)

    def _seen_late(self, in_place: dict[str, Glimpse], passed_over: set[str]) -> dict[str, Glimpse]:
        """Enter what runs must have changed, and there was no time to see, into their records; return the rest."""
        late = {name: seen for name, seen in in_place.items() if name in passed_over and seen.digest is not None}
        if not late or not self._timeline.executions:
            return in_place
        with self._lock:
            self._timeline = entered_late(self._timeline, late)
        return {name: seen for name, seen in in_place.items() if name not in late}

    def _add(self, execution: Execution) -> None:
        self._count = execution.number
        known = self._timeline
        live = {**known.live, **execution.outputs}
        for name in execution.deleted:
            live.pop(name, None)
        models = self._models(known.models, execution.outputs.keys()) & live.keys()
        runs = thinned((*known.executions, execution))
        with self._lock:
            self._timeline = Timeline(runs, live, dict(self._ambient.now), models, known.from_start)

    def _models(self, known: frozenset[str], changed: Iterable[str]) -> frozenset[str]:
        # The class is asked, not the object: a `__getattr__` of the user's is not ours to call.
        held = {name: self._namespace[name] for name in changed if name in self._namespace}
        new = {name for name, value in held.items() if defines(type(value), "predict")}
        return frozenset((known - held.keys()) | new)
