"""Records what each piece of code read and changed, from IPython's own events; the user's code runs as it would without."""

from __future__ import annotations

import ast
import hashlib
import inspect
import logging
import re
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_prodkit.notebook.dataflow import needs_when_run
from jupyter_prodkit.notebook.document import source_digest
from jupyter_prodkit.notebook.names import CodeNames, code_names
from jupyter_prodkit.notebook.transform import own_magics_only, to_python
from jupyter_prodkit.session.glimpse import glimpse
from jupyter_prodkit.session.record import Execution, Glimpse, Timeline, Version

__all__ = ["Tracker"]

_log = logging.getLogger("jupyter_prodkit")
_PROMPT_NAMES = re.compile(r"_+(i+|\d+|i\d+|ih|oh|dh|sh)?\Z|(In|Out|exit|quit|get_ipython|open|__\w+__)\Z")
_UNKNOWN = "of unknown origin"


@dataclass(slots=True)
class _Running:
    """What was seen just before a piece of code began."""

    source: str
    names: CodeNames
    ids: dict[str, int]
    inputs: dict[str, Version]
    absent: frozenset[str]
    before: dict[str, Glimpse]
    started: float


class Tracker:
    """Keeps the timeline of one kernel.

    Responsibilities: turn IPython's before/after events into executions; give every live name a version; know which
    modules the user's code loaded. It never raises into a cell and holds no reference to a user's object.
    """

    def __init__(self, namespace: Mapping[str, Any], *, from_start: bool, on_executed: Callable[[str | None], None]) -> None:
        self._namespace = namespace
        self._on_executed = on_executed
        self._lock = threading.Lock()
        self._running: _Running | None = None
        self._deferred: dict[str, frozenset[str]] = {}
        self._seen_modules = set(sys.modules) if from_start else set()
        self._user_modules: set[str] = set()
        self._imported: set[str] = set()
        self._glimpsed: dict[str, Glimpse] = {}
        live = dict.fromkeys(self._user_names(), _UNKNOWN)
        self._timeline = Timeline(live=live, from_start=from_start)

    @property
    def timeline(self) -> Timeline:
        """What has run, as an immutable snapshot; safe from any thread."""
        with self._lock:
            return self._timeline

    def user_modules(self) -> Mapping[str, str | None]:
        """Return the modules that the user's code loaded, with their files."""
        loaded = {name: sys.modules.get(name) for name in sorted(self._user_modules)}
        return {name: getattr(module, "__file__", None) for name, module in loaded.items() if module is not None}

    def imported_names(self) -> frozenset[str]:
        """Return the top-level modules that executed code names in its imports."""
        return frozenset(self._imported)

    # -- events ---------------------------------------------------------------------------------------------------

    def before_run(self, source: str) -> None:
        """Note what `source` may read, just before it runs."""
        self._running = None
        self._seen_modules.update(sys.modules)  # loaded outside the user's cells: by us, or by the kernel
        if not source.strip() or own_magics_only(source):
            return
        try:
            self._running = self._look(source)
        except Exception:  # noqa: BLE001 - tracking must never disturb a cell
            _log.debug("could not look at the cell before it ran", exc_info=True)

    def after_run(self, cell_id: str | None, count: int | None, error: BaseException | None) -> None:
        """Record what the code that `before_run` saw has done; `error` is what it raised."""
        running, self._running = self._running, None
        if running is None:
            return
        seconds = time.perf_counter() - running.started
        try:
            self._record(running, cell_id, count, error, seconds)
        except Exception:  # noqa: BLE001 - tracking must never disturb a cell
            _log.debug("could not record the cell after it ran", exc_info=True)
        self._on_executed(cell_id)

    # -- before ---------------------------------------------------------------------------------------------------

    def _look(self, source: str) -> _Running:
        names = code_names(source)
        ids = self._ids()
        reads = set(ids) if names.is_opaque else needs_when_run(names, self._deferred) | names.mutates
        inputs, before = {}, {}
        for name in reads & ids.keys():
            before[name] = glimpse(self._namespace[name])
            inputs[name] = self._current_version(name, before[name])
        absent = frozenset(names.needs - ids.keys() - {"*"})
        return _Running(source, names, ids, inputs, absent, before, time.perf_counter())

    def _current_version(self, name: str, seen: Glimpse) -> Version:
        """The version of a live name; a new one where the value was changed behind our back (a thread, an alias)."""
        known = self._glimpsed.get(name)
        version = self._timeline.live.get(name, _UNKNOWN)
        if seen.digest is not None:
            return f"= {seen.digest}"
        return version if known is None or not known.differs_from(seen) else f"{version} then changed to {seen.text}"

    # -- after ----------------------------------------------------------------------------------------------------

    def _record(
        self, running: _Running, cell_id: str | None, count: int | None, error: BaseException | None, seconds: float
    ) -> None:
        after_ids = self._ids()
        changed = self._changed(running, after_ids)
        after = {name: glimpse(self._namespace[name]) for name in changed}
        digest = source_digest(running.source)
        outputs = self._versions(running, digest, after)
        deleted = frozenset(running.ids.keys() - after_ids.keys())
        self._note_modules(running.names)
        self._note_definitions(running.names, changed, deleted)
        execution = Execution(
            number=len(self._timeline.executions) + 1, cell_id=cell_id, source=running.source, digest=digest,
            count=count, success=error is None, seconds=seconds, interrupted=isinstance(error, KeyboardInterrupt), inputs=running.inputs, absent=running.absent,
            outputs=outputs, deleted=deleted, before=running.before, after=after,
        )  # fmt: skip
        live = {name: version for name, version in {**self._timeline.live, **outputs}.items() if name not in deleted}
        self._glimpsed = {name: seen for name, seen in {**self._glimpsed, **after}.items() if name in live}
        with self._lock:
            self._timeline = Timeline(
                (*self._timeline.executions, execution), live, self._models(changed, live), self._timeline.from_start
            )

    def _changed(self, running: _Running, after_ids: dict[str, int]) -> set[str]:
        changed = {name for name, identity in after_ids.items() if running.ids.get(name) != identity}
        changed |= (running.names.binds | running.names.mutates) & after_ids.keys()
        for name, seen in running.before.items():
            if name in after_ids and glimpse(self._namespace[name]).differs_from(seen):
                changed.add(name)
        mutated = {after_ids[name] for name in changed & running.names.mutates}
        return changed | {name for name, identity in after_ids.items() if identity in mutated}

    def _versions(self, running: _Running, digest: str, after: Mapping[str, Glimpse]) -> dict[str, Version]:
        definitions = _definitions(running.source)
        base = [digest, *(f"{name} {version}" for name, version in sorted(running.inputs.items()))]
        versions: dict[str, Version] = {}
        for name, seen in after.items():
            if seen.digest is not None:
                versions[name] = f"= {seen.digest}"
            else:
                versions[name] = definitions.get(name) or _short(*base, name)
        return versions

    def _note_modules(self, names: CodeNames) -> None:
        self._user_modules |= sys.modules.keys() - self._seen_modules
        self._seen_modules.update(sys.modules)
        self._imported |= names.imports

    def _note_definitions(self, names: CodeNames, changed: Iterable[str], deleted: Iterable[str]) -> None:
        for name in {*changed, *deleted} - names.deferred.keys():
            self._deferred.pop(name, None)
        self._deferred.update(names.deferred)

    def _models(self, changed: set[str], live: Mapping[str, Version]) -> frozenset[str]:
        # The class is asked, not the object: a `__getattr__` of the user's is not ours to call.
        new = {name for name in changed if inspect.getattr_static(type(self._namespace[name]), "predict", None)}
        return frozenset(((self._timeline.models - changed) | new) & live.keys())

    # -- the namespace --------------------------------------------------------------------------------------------

    def _user_names(self) -> list[str]:
        return [name for name in list(self._namespace) if not _PROMPT_NAMES.match(name)]

    def _ids(self) -> dict[str, int]:
        return {name: id(self._namespace[name]) for name in self._user_names()}


def _definitions(source: str) -> dict[str, Version]:
    """Versions of functions and classes by their own text, so that editing a neighbour in the cell changes nothing.

    Definitions whose decorators, defaults or bases read names are left out: what they are depends on those.
    """
    try:
        tree = ast.parse(to_python(source))
    except (SyntaxError, ValueError):
        return {}
    found: dict[str, Version] = {}
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            evaluated = [*node.decorator_list, *node.args.defaults, *node.args.kw_defaults]
            if not any(isinstance(part, ast.Name) for one in evaluated if one for part in ast.walk(one)):
                found[node.name] = f"def {_short(ast.dump(node))}"
    return found


def _short(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
