"""What code depends on besides its names: random streams, working directory, environment, options of libraries."""

from __future__ import annotations

import builtins
import operator
import os
import re
import sys
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import xxhash

from jupyter_prodkit.session.classes import instance_attributes, loaded
from jupyter_prodkit.session.random_streams import STREAMS, RandomStreams, numpy_has_drawn
from jupyter_prodkit.session.record import Version

__all__ = ["AT_START", "OPTIONS", "UNSEEDED", "Ambient", "Observed", "may_depend_on"]

OPTIONS = ("numpy options", "pandas options", "matplotlib options")
FIGURES = "pyplot figures"
UNTOLD = "what no record tells"
UNSEEDED = "unseeded"
_DEFAULT = "as the library has them"
_START = "as at the start"
AT_START: Mapping[str, Version] = {
    **dict.fromkeys(STREAMS, UNSEEDED),
    **dict.fromkeys(OPTIONS, _DEFAULT),
    **dict.fromkeys(("cwd", "environ", "sys.path", "python settings", FIGURES), _START),
}
"""What is around the code when a kernel starts."""

# Keys that matplotlib settles by itself when the first figure is made.
_SETTLED_LATE = frozenset({"backend", "backend_fallback", "interactive", "toolbar", "savefig.directory"})
_SEEDS = re.compile(r"seed|set_state|setstate|set_rng_state|manual_seed")
_CALLS_SEED = re.compile(r"(?:seed\w*|set_?state|set_rng_state) *\(")
_SETS_OPTIONS = {
    "numpy options": re.compile(r"printoptions|set_string_function"),
    "pandas options": re.compile(r"set_option|\boptions\b|option_context"),
    "matplotlib options": re.compile(r"rcParams|style|\brc\(|rcdefaults|set_theme|\bset_\w*\(|\.set\("),
}
_READS = {
    "cwd": re.compile(r"getcwd|\bcwd\b|Path\(|open\(|read_|load|glob|listdir|exists|[!%]"),
    "environ": re.compile(r"environ|getenv|[!%]|subprocess|Popen"),
    "sys.path": re.compile(r"\bimport\b|sys\.path"),
    FIGURES: re.compile(r"plt\.|pyplot|pylab|\.plot\("),
}
_UNTOLD = re.compile(r"%store\s+-r|\b__subclasses__\b|\bgc\.get_(?:objects|referrers)\b")


@dataclass(frozen=True, slots=True)
class Observed:
    """What a run has done to what is around it."""

    moved: dict[str, Version]
    """What it changed, and the version since."""
    drawn_from: dict[str, Version]
    """The seeded random streams that it drew from, as they were before."""
    unseeded: dict[str, str]
    """The random streams that it drew from and nothing had seeded, and where it left them."""


class Ambient:
    """Keeps the last observation of each surrounding, so that looking again costs little."""

    def __init__(self, *, from_start: bool) -> None:
        start = UNSEEDED if from_start else "of unknown origin"
        self._streams = RandomStreams()
        self._snapshots: dict[str, Any] = {}
        self.now: dict[str, Version] = dict.fromkeys(STREAMS, start)
        self._streams.observe()
        self._observe_places()
        for name in OPTIONS:
            self._observe_options(name, "")

    def observe(self, source: str, called: Callable[[], str]) -> Observed:
        """Return what has changed since the last observation.

        `source` is the code that ran meanwhile; `called` gives the names that functions it may have called use. A
        stream counts as seeded once code that says so has moved it.
        """
        before = dict(self.now)
        moved: dict[str, Version] = {}
        unseeded: dict[str, str] = {}
        known = set(self._streams.states)
        says_so = _SEEDS.search(source) is not None
        streams = self._streams.observe(by_memory=not says_so)
        states = self._streams.states
        new = [stream for stream in states if stream not in known]
        seeds = bool(streams) and (says_so or _SEEDS.search(called()) is not None)
        if new and (_CALLS_SEED.search(source) or _SEEDS.search(called())):  # in one cell with the import
            streams += new
            seeds = True
        elif "numpy.random" in new and numpy_has_drawn():
            streams.append("numpy.random")
        for stream in streams:
            if seeds or before[stream].startswith("="):
                moved[stream] = f"= {states[stream]}"
            else:
                unseeded[stream] = states[stream]
        drawn_from = {} if seeds else {stream: before[stream] for stream in moved}
        for name in self._observe_places():
            moved[name] = f"= {xxhash.xxh3_64_hexdigest(repr(self._snapshots[name]).encode('utf-8', 'replace'))}"
        for name in OPTIONS:
            version = self._observe_options(name, source)
            if version is not None:
                moved[name] = version
        self.now.update(moved)
        return Observed(moved, drawn_from, unseeded)

    def between_runs(self, *, disturbed: bool = True) -> None:
        """Take what has moved since the last observation as nobody's: the kernel draws random numbers, too.

        Without other code that may have run, these are Python's own: to ask a library for its state takes time.
        """
        for stream in self._streams.observe(of_libraries=disturbed):
            if self.now[stream].startswith("="):
                self.now[stream] = f"= {self._streams.states[stream]}"

    def _observe_places(self) -> list[str]:
        changed = []
        for name, look in _PLACES.items():
            held = self._snapshots.get(name)
            with suppress(Exception):  # the working directory may have been removed
                now = look()
                if held is None:
                    self.now[name] = _START
                    self._snapshots[name] = _copied(now)
                elif now != held:
                    self._snapshots[name] = _copied(now)
                    changed.append(name)
        return changed

    def _observe_options(self, name: str, source: str) -> Version | None:
        now = _options_of(name)
        held = self._snapshots.get(name)
        if now is None or (held is not None and dict.__eq__(now, held)):
            return None
        self._snapshots[name] = _copied(now)
        if held is None and not _SETS_OPTIONS[name].search(source):
            self.now[name] = _DEFAULT
            return None
        told = _told(now)
        if held is not None and told == _told(held):
            return None
        return f"= {xxhash.xxh3_64_hexdigest(repr(_flat(told)).encode('utf-8', 'replace'))}"


def may_depend_on(source: str, around: Mapping[str, Version]) -> dict[str, Version]:
    """Return those of the surroundings that code may depend on, as far as its text tells."""
    found = {name: around[name] for name in (*OPTIONS, "python settings") if name in around}
    for name, pattern in _READS.items():
        if name in around and pattern.search(source):
            found[name] = around[name]
    if _UNTOLD.search(source):  # equal to nothing that a clean run has
        found[UNTOLD] = "as it was then"
    return found


def _options_of(name: str) -> Any:
    """The options of a library that is loaded, to compare with; not a copy."""
    try:
        if name == "numpy options":
            numpy: Any = loaded("numpy")
            return None if numpy is None else numpy.get_printoptions()
        if name == "pandas options":
            config: Any = loaded("pandas._config.config")
            return None if config is None else config._global_config  # noqa: SLF001 - no public dump
        parameters = getattr(loaded("matplotlib"), "rcParams", None)
        return parameters if issubclass(type(parameters), dict) else None
    except Exception:  # noqa: BLE001 - half imported, or another version than we know
        return None


def _told(options: dict[str, Any]) -> dict[str, Any]:
    """The options without those that matplotlib settles by itself, and without what reading them sets off."""
    return {key: value for key, value in dict.items(options) if key not in _SETTLED_LATE}


def _copied(held: Any) -> Any:
    if type(held) is list:
        return list(held)
    if not isinstance(held, dict):
        return held
    return {key: _copied(value) if type(value) is dict else value for key, value in dict.items(held)}


def _flat(options: Mapping[str, Any], prefix: str = "") -> list[str]:
    found: list[str] = []
    for key, value in options.items():
        if type(value) is dict:
            found += _flat(value, f"{prefix}{key}.")
        else:
            found.append(f"{prefix}{key} = {_ADDRESS.sub('', repr(value))}")
    return sorted(found)


_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
def _settings() -> Any:
    """What of Python's own settings changes results; a library that is not loaded has its defaults."""
    decimal: Any = loaded("decimal")
    numpy: Any = loaded("numpy")
    context = None if decimal is None else decimal.getcontext()
    return (
        sys.getrecursionlimit(),
        _DECIMAL_DEFAULTS if context is None else (context.prec, context.rounding),
        _NUMPY_DEFAULTS if not hasattr(numpy, "geterr") else tuple(sorted(numpy.geterr().items())),
        _builtins_now(),
        [id(kind) for action, _, kind, *_ in warnings.filters if action == "error"],
    )


def _builtins_now() -> Any:
    """The builtins by address, where one was replaced; empty where all are Python's own."""
    now = vars(builtins)
    with suppress(KeyError):
        if all(map(operator.is_, _all_builtins(now), _BUILTINS.values())):
            return ()
    return tuple(map(id, map(now.get, _BUILTINS)))


def _figures() -> Any:
    """What pyplot has open: the next cell draws on it. The kernel shows and closes it all, most often."""
    pyplot: Any = loaded("matplotlib._pylab_helpers")
    managers = {} if pyplot is None else pyplot.Gcf.figs
    return [(number, [len(_held(one, "_children")) for one in _axes(held)]) for number, held in managers.items()]


def _axes(manager: Any) -> Any:
    return _held(_held(_held(manager, "canvas"), "figure"), "_localaxes")


def _held(value: Any, name: str) -> Any:
    """An attribute, whatever the class does when it is asked: the user's figures may be of a class of theirs."""
    return dict(instance_attributes(value, type(value)) or ()).get(name, ())


_DECIMAL_DEFAULTS = (28, "ROUND_HALF_EVEN")
_NUMPY_DEFAULTS = (("divide", "warn"), ("invalid", "warn"), ("over", "warn"), ("under", "ignore"))
# The kernel itself sets some anew for each request.
_BUILTINS = {
    name: value for name, value in vars(builtins).items()
    if not name.startswith("_") and name not in {"input", "help", "exit", "quit", "display", "get_ipython", "copyright"}
}  # fmt: skip
_all_builtins = operator.itemgetter(*_BUILTINS)
_PLACES: dict[str, Callable[[], Any]] = {
    "python settings": _settings,
    FIGURES: _figures,
    "cwd": os.getcwd,
    "environ": lambda: os.environ._data,  # type: ignore[attr-defined]  # noqa: SLF001 - without decoding each
    "sys.path": lambda: sys.path,
}
