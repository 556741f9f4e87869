"""From facts to everything that the lock's folder holds, as pins and texts; the order in which uv is asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from jupyter_prodkit.environment.facts import DistributionFact, EnvironmentFacts
from jupyter_prodkit.environment.installed import Installed
from jupyter_prodkit.errors import LockError
from jupyter_prodkit.lock.builds import Compared, compare_builds
from jupyter_prodkit.lock.complaints import UnreachableIndexError
from jupyter_prodkit.lock.pinning import Pinned, beside, pinned, pinned_within
from jupyter_prodkit.lock.pins import Pin, check_unchanged, index_line
from jupyter_prodkit.lock.pylock import LockedFile, render_pylock
from jupyter_prodkit.lock.remote_wheel import WheelRecords
from jupyter_prodkit.lock.uv import Uv
from jupyter_prodkit.lock.wheels import add_wheel, own_wheels, vendored
from jupyter_prodkit.progress import Progress

__all__ = ["SERVER", "Locked", "compile_lock"]

SERVER = (
    "uvicorn",
    "httptools",
    "uvloop; sys_platform != 'win32'",
    "msgspec",
    "numpy",
    "prometheus-client",
    "pydantic-settings",
    "pyyaml",
    "tenacity",
)
"""What an exported package imports beside what its notebook does: for its server, its settings and its retries."""

_FROM_KEPT = (
    "The index does not answer: hashes, and whether a release was withdrawn, are as uv has kept them from before."
)


@dataclass(frozen=True, slots=True)
class Locked:
    """What a lock consists of."""

    facts: EnvironmentFacts
    """With what was found out of each distribution's index and build."""
    kernel: tuple[Pin, ...]
    """The kernel's distributions."""
    serving: tuple[Pin, ...]
    """What the server needs on top of them."""
    pylock: str
    """The kernel's distributions as PEP 751 has them."""
    yanked: Mapping[str, str] = field(default_factory=dict)
    """Those whose release was withdrawn (PEP 592), and the reason."""
    warnings: tuple[str, ...] = ()


def compile_lock(
    facts: EnvironmentFacts, installed: Mapping[str, Installed], folder: Path, uv: Uv, progress: Progress
) -> Locked:
    """Return pins with hashes for `facts` and for the server; wheels that no index has are put into `folder`/wheels.

    `installed` has the distributions of the kernel's environment, to compare their files. Raises LockError naming what
    can't be locked, CancelledError.
    """
    wheels = folder / "wheels"
    built, warnings = own_wheels(facts.distributions, installed, wheels, uv, progress)
    held = {pin.name for pin in built}
    asked = [fact for fact in facts.distributions if fact.name not in held]
    lines = [index_line(fact) for fact in asked]
    progress.stage(f"Pinning {len(facts.distributions)} distributions", 0.3)
    with beside(progress) as (pool, quiet):
        fitting = pool.submit(pinned_within, SERVER, [*lines, *_constraints(built, wheels)], folder, uv, quiet)
        try:
            answer = pinned(lines, lambda *question: uv.pin(*question, folder=folder), progress)
        except LockError as error:
            raise _by_conda_alone(error, asked) from error
        check_unchanged(asked, answer.pins)
        progress.stage("Comparing what is installed with the index", 0.5)
        compared = compare_builds(asked, answer.files, installed, WheelRecords.cached(uv.environment), progress)
        others, doubts = _other_builds(asked, compared, installed, wheels)
        from_index = {name: pin for name, pin in answer.pins.items() if name not in others}
        kernel = [*built, *others.values(), *_portable(replace(answer, pins=from_index), wheels, uv, progress)]
        progress.stage("Fitting the server's distributions", 0.7)
        server = fitting.result()
    names = {pin.name for pin in kernel}
    more = {name: pin for name, pin in server.pins.items() if name not in names}
    serving = tuple(_portable(replace(server, pins=more), wheels, uv, progress))
    known = _with_builds(facts, {pin.name: pin for pin in kernel}, compared, uv)
    return Locked(
        facts=known,
        kernel=tuple(kernel),
        serving=serving,
        pylock=render_pylock(kernel, answer.files, facts, folder),
        yanked={name: answer.yanked[name] for name in sorted(answer.yanked)},
        warnings=(*warnings, *doubts, *([_FROM_KEPT] if answer.is_kept or server.is_kept else [])),
    )


def _by_conda_alone(error: LockError, asked: Sequence[DistributionFact]) -> LockError:
    """Return the error with what to do where the index lacks what conda installed; else as it is."""
    blamed = [fact.name for fact in asked if fact.source == "conda" and f" {fact.name}" in error.message]
    if not blamed or isinstance(error, UnreachableIndexError):
        return error
    return LockError(
        f"{error.message} conda installed {', '.join(blamed)}.",
        "A lock of wheels can't hold compiled code that conda alone has. Install it from an index that pip is "
        "configured with, or hand over the environment as conda has it: `conda list --explicit --md5`.",
    )


def _constraints(built: Iterable[Pin], wheels: Path) -> Iterator[str]:
    return (f"{pin.name} @ {(wheels / str(pin.wheel)).as_uri()}" for pin in built)


def _other_builds(
    asked: Sequence[DistributionFact],
    compared: Mapping[str, Compared],
    installed: Mapping[str, Installed],
    wheels: Path,
) -> tuple[dict[str, Pin], list[str]]:
    """Return wheels of what is installed where the index has that version with other bytes, and what to say of it."""
    pins, said = {}, []
    for fact in asked:
        if fact.name in compared and compared[fact.name].build == "different":
            what = f"{fact.name} {fact.version} is installed with other bytes than the index has for that version"
            pin = None if fact.source == "conda" else vendored(installed[fact.name], wheels)
            if pin is not None:
                pins[fact.name] = pin
            said.append(
                f"{what}: the lock holds a wheel of what is installed."
                if pin
                else f"{what}: the lock installs the index's{' build, not conda’s' if fact.source == 'conda' else ''}."
            )
    return pins, said


def _with_builds(
    facts: EnvironmentFacts, pins: Mapping[str, Pin], compared: Mapping[str, Compared], uv: Uv
) -> EnvironmentFacts:
    def known(fact: DistributionFact) -> DistributionFact:
        pin, found = pins[fact.name], compared.get(fact.name, Compared("unknown"))
        if fact.edited and found.build == "same":  # as its RECORD has it, and that is no longer so
            found = Compared("different")
        if pin.wheel:
            return msgspec.structs.replace(fact, build="vendored", file=pin.wheel, sha256=pin.hashes[0][7:])
        is_proven = found.build in ("same", "built here")
        is_extra = is_proven and fact.source == "index" and pin.index in uv.extra_indexes
        return msgspec.structs.replace(
            fact,
            source="extra index" if is_extra else fact.source,
            index=pin.index if is_proven else None,
            build=found.build,
            file=found.file,
            sha256=found.sha256,
        )

    return msgspec.structs.replace(facts, distributions=tuple(known(fact) for fact in facts.distributions))


def _portable(answer: Pinned, wheels: Path, uv: Uv, progress: Progress) -> list[Pin]:
    """Return the pins, each with hashes; files of an index that only this machine has are copied into `wheels`."""
    return [_one(pin, answer.files.get(name, ()), wheels, uv, progress) for name, pin in answer.pins.items()]


def _one(pin: Pin, files: Sequence[LockedFile], wheels: Path, uv: Uv, progress: Progress) -> Pin:
    local = next((file.local for file in files if file.local), None)
    if local is not None:
        return add_wheel(pin.name, local, wheels, uv, progress)
    # An index may list no hashes; uv then fetched the files that fit here and made its own.
    hashes = pin.hashes or tuple(sorted({digest for file in files for digest in file.hashes}))
    if not hashes:
        raise LockError(
            f"{pin.name} {pin.version} can't be locked: its index gives no sha256 of its files.",
            "Install it from another index, or build its wheel into a folder that pip's find-links names.",
        )
    return replace(pin, hashes=hashes)
