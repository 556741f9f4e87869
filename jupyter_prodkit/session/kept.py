"""What is kept of a kernel's record beyond its end: of each cell's runs digests, never a value, a text or the code.

A run is kept only if all it depended on and made is known by versions that mean the same in every process. What else
it depended on is written into what is around it: the installed packages, the user's own modules, the surroundings at
the kernel's start. So a kept run counts in another kernel only where all of that is as it was.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

import msgspec

from jupyter_prodkit.session.ambient import AT_START
from jupyter_prodkit.session.history import HISTORY
from jupyter_prodkit.session.record import Execution, Timeline, Version
from jupyter_prodkit.session.setting import PACKAGES, Setting
from jupyter_prodkit.session.user_files import place_version

__all__ = ["LARGEST", "KeptShown", "kept", "restored", "with_earlier"]

LARGEST = 64_000
"""Bytes of JSON that the record of one notebook takes at most."""
_VERSION = 1
_PORTABLE = ("= ", "def ", "from ")
_AROUND_PORTABLE = ("= ", "start ", "stamp ", "absent")
_NAMED_AROUND = {*AT_START, HISTORY, PACKAGES}
_START = "start "
_AS_AT_START = AT_START["cwd"]
_MAY_TELL = re.compile(
    r"getpass|\binput\s*\(|keyring|environ|getenv|dotenv|secret|token|passw|credential|api_?key", re.IGNORECASE
)
"""Code whose values had better leave no digest: a short secret could be found by trying."""

Names = tuple[str, ...]
Versions = dict[str, int]
"""By name, the place of its version in the record's list of versions."""


class KeptShown(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a run showed, as far as it is kept; a `session.record.Shown`."""

    digest: str | None = None
    is_empty: bool = False
    has_image: bool = False


class _Kept(msgspec.Struct, frozen=True, omit_defaults=True):
    """One run."""

    order: int
    digest: str
    count: int | None = None
    seconds: float = 0.0
    success: bool = True
    lacked: str | None = None
    inputs: Versions = msgspec.field(default_factory=dict)
    absent: Names = ()
    outputs: Versions = msgspec.field(default_factory=dict)
    deleted: Names = ()
    mutated: dict[str, Names] = msgspec.field(default_factory=dict)
    sharing: dict[str, Names] = msgspec.field(default_factory=dict)
    around: Versions = msgspec.field(default_factory=dict)
    moved: Versions = msgspec.field(default_factory=dict)
    unseeded: Names = ()
    shown: KeptShown | None = None


class _Record(msgspec.Struct, frozen=True):
    version: int
    versions: tuple[str, ...]
    runs: dict[str, tuple[_Kept, ...]]
    """By the cell's id."""


# -- keeping -----------------------------------------------------------------------------------------------------


def kept(timeline: Timeline, setting: Setting, cell_ids: Collection[str]) -> dict[str, Any] | None:
    """Return what to keep of the runs of these cells, as JSON of at most `LARGEST` bytes.

    None where this kernel ran none of them: what was kept before stands. Of each cell it is the last run, and the
    first of the same code. Where that is too much the longest go, of equally long ones the oldest.
    """
    modules = setting.module_files()
    if not timeline.from_start or modules is None or not any(run.cell_id in cell_ids for run in timeline.executions):
        return None
    needs = {PACKAGES: setting.packages(), **modules}
    secret = {
        version for run in timeline.executions if _MAY_TELL.search(run.source) for version in run.outputs.values()
    }
    runs: dict[str, list[Execution]] = {}
    for run in (*timeline.earlier, *timeline.executions):
        if run.cell_id in cell_ids:
            runs.setdefault(run.cell_id or "", []).append(run)
    chosen = [
        _portable(run, needs if run.number > 0 else {}, setting)
        for one in runs.values()
        for run in _first_and_last(one)
        if not (secret.intersection(run.inputs.values()) | secret.intersection(run.outputs.values()))
    ]
    return _within(sorted((run for run in chosen if run is not None), key=lambda run: run.number))


def _first_and_last(runs: list[Execution]) -> Iterator[Execution]:
    last = runs[-1]
    first = next(run for run in runs if run.digest == last.digest)
    if first is not last:
        yield first
    yield last


def _portable(run: Execution, needs: Mapping[str, Version], setting: Setting) -> Execution | None:
    """The run in terms that hold in every process; None where there are none."""
    versions = (*run.inputs.values(), *run.outputs.values())
    if run.interrupted or not all(version.startswith(_PORTABLE) for version in versions):
        return None
    around = _around({**needs, **run.around}, setting)
    moved = _around(run.moved, setting)
    return None if around is None or moved is None else replace(run, around=around, moved=moved)


def _around(around: Mapping[str, Version], setting: Setting) -> dict[str, Version] | None:
    found: dict[str, Version] = {}
    for name, version in around.items():
        digest = setting.at_start.get(name) if version == _AS_AT_START else None
        said = version if digest is None else f"{_START}{digest}"
        known = said.startswith(_AROUND_PORTABLE) or said == AT_START.get(name)
        told = name if name in _NAMED_AROUND else setting.relative(name)
        if not known or told is None:
            return None
        found[told] = said
    return found


def _within(runs: list[Execution]) -> dict[str, Any]:
    """The record of `runs`, the longest left out where it would be too long."""
    sizes: dict[int, int] = {}
    while (excess := _length(record := _record(runs)) - LARGEST) > 0:
        sizes = sizes or {run.number: _length(_record([run])) for run in runs}
        gone = set()
        for run in sorted(runs, key=lambda run: (-sizes[run.number], run.number)):
            if excess <= 0:
                break
            gone.add(run.number)
            excess -= sizes[run.number]  # or less, as runs share versions: then once more
        runs = [run for run in runs if run.number not in gone]
    return dict(msgspec.to_builtins(record))


def _record(runs: list[Execution]) -> _Record:
    places: dict[Version, int] = {}

    def placed(versions: Mapping[str, Version]) -> Versions:
        return {name: places.setdefault(version, len(places)) for name, version in sorted(versions.items())}

    cells: dict[str, list[_Kept]] = {}
    for order, run in enumerate(runs):
        cells.setdefault(run.cell_id or "", []).append(
            _Kept(
                order=order, digest=run.digest, count=run.count, seconds=round(run.seconds, 3), success=run.success,
                lacked=run.lacked, inputs=placed(run.inputs), absent=_sorted(run.absent), outputs=placed(run.outputs),
                deleted=_sorted(run.deleted), mutated=_groups(run.mutated), sharing=_groups(run.sharing),
                around=placed(run.around), moved=placed(run.moved), unseeded=_sorted(run.drew_unseeded),
                shown=None if run.shown is None
                else KeptShown(run.shown.digest, run.shown.is_empty, run.shown.has_image),
            )
        )  # fmt: skip
    return _Record(_VERSION, tuple(places), {name: tuple(cells[name]) for name in sorted(cells)})


def _sorted(names: Collection[str]) -> Names:
    return tuple(sorted(names))


def _groups(groups: Mapping[str, Collection[str]]) -> dict[str, Names]:
    return {name: _sorted(others) for name, others in sorted(groups.items())}


def _length(record: _Record) -> int:
    return len(msgspec.json.encode(record))


# -- and taking it up again --------------------------------------------------------------------------------------


def restored(data: object, setting: Setting, unchanged: Collection[str] | None = None) -> tuple[Execution, ...]:
    """Return the runs in a record, oldest first, numbered below those of this kernel; none where it makes no sense.

    `unchanged` are the cells that still show what they did when it was kept; of others the page does not show the
    kept run's outcome. None says that all do.
    """
    try:
        record = msgspec.convert(data, _Record)
        if record.version != _VERSION or _length(record) > 2 * LARGEST:
            return ()
        found = [(one.order, cell_id, one) for cell_id, runs in record.runs.items() for one in runs]
        found.sort(key=lambda one: one[:2])
        return tuple(
            _execution(number, cell_id, one, record.versions, setting, unchanged)
            for number, (_, cell_id, one) in enumerate(found, 1 - len(found))
        )
    except (msgspec.ValidationError, ValueError, IndexError, RecursionError):
        return ()


def with_earlier(timeline: Timeline, earlier: tuple[Execution, ...], setting: Setting) -> Timeline:
    """Return `timeline` with the runs of kernels before, and with what they depended on as it is now."""
    if not earlier:
        return timeline
    files = {name for run in earlier for name in run.around if name not in _NAMED_AROUND}
    now = {PACKAGES: setting.packages(), **{name: place_version(name) for name in sorted(files)}}
    return replace(timeline, earlier=earlier, around={**now, **timeline.around})


def _execution(
    number: int, cell_id: str, one: _Kept, versions: tuple[str, ...], setting: Setting,
    unchanged: Collection[str] | None,
) -> Execution:  # fmt: skip
    def read(places: Versions) -> dict[str, Version]:
        if min(places.values(), default=0) < 0:
            raise ValueError("no such place")
        return {name: versions[place] for name, place in places.items()}

    def around(places: Versions) -> dict[str, Version]:
        return {
            name if name in _NAMED_AROUND else _absolute(name, setting): _AS_AT_START
            if version == f"{_START}{setting.at_start.get(name)}" else version
            for name, version in read(places).items()
        }  # fmt: skip

    inputs, outputs = read(one.inputs), read(one.outputs)
    if not all(version.startswith(_PORTABLE) for version in (*inputs.values(), *outputs.values())):
        raise ValueError("not a version that we keep")
    return Execution(
        number=number, cell_id=cell_id, source="", digest=one.digest,
        count=one.count if unchanged is None or cell_id in unchanged else None,
        success=one.success, seconds=one.seconds, lacked=one.lacked, inputs=inputs, absent=frozenset(one.absent),
        outputs=outputs, deleted=frozenset(one.deleted),
        mutated={name: frozenset(others) for name, others in one.mutated.items()},
        sharing={name: frozenset(others) for name, others in one.sharing.items()},
        around=around(one.around), moved=around(one.moved), drew_unseeded=frozenset(one.unseeded), shown=one.shown,
    )  # fmt: skip


def _absolute(name: str, setting: Setting) -> str:
    path = os.path.normpath(setting.folder / name)
    if setting.relative(path) is None:
        raise ValueError("not in the notebook's folder")
    return path
