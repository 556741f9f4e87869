"""From facts to everything that the lock's folder holds, as pins and texts; the order in which uv is asked."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from jupyter_prodkit.environment.facts import DistributionFact, EnvironmentFacts
from jupyter_prodkit.environment.installed import Installed
from jupyter_prodkit.errors import LockError
from jupyter_prodkit.lock.builds import Compared, compare_builds
from jupyter_prodkit.lock.complaints import UnreachableIndexError
from jupyter_prodkit.lock.pins import Pin, check_unchanged, index_line, parse_requirements
from jupyter_prodkit.lock.pylock import LockedFile, locked_files, render_pylock
from jupyter_prodkit.lock.remote_wheel import WheelRecords
from jupyter_prodkit.lock.uv import Answer, Form, Uv
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
)
"""What the server of an exported package imports beside the package itself."""

_FROM_KEPT = (
    "The index does not answer: hashes, and whether a release was withdrawn, are as uv has kept them from before."
)

Ask = Callable[[Sequence[str], Form, Progress, bool], Answer]
"""A question to uv: the requirements, the form of the answer, and whether to look only at what uv has kept."""


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


@dataclass(frozen=True, slots=True)
class _Pinned:
    """What uv said in its two forms: all hashes of each version, and the files that fit this interpreter."""

    pins: Mapping[str, Pin]
    files: Mapping[str, tuple[LockedFile, ...]]
    yanked: Mapping[str, str]
    is_kept: bool = False
    """Whether the index did not answer, so that this is what uv has kept of it."""


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
    with _beside(progress) as (pool, quiet):
        fitting = pool.submit(_for_server, [*lines, *_constraints(built, wheels)], folder, uv, quiet)
        try:
            answer = _pinned(lines, lambda *asked: uv.pin(*asked, folder=folder), progress)
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


@contextmanager
def _beside(progress: Progress) -> Iterator[tuple[ThreadPoolExecutor, Progress]]:
    """Yield threads for what uv is asked meanwhile, and the progress it must use: it ends where the block fails."""
    quiet = progress.silent()
    with ThreadPoolExecutor() as pool:
        try:
            yield pool, quiet
        except BaseException:
            quiet.cancel()
            raise


def _pin(lines: Sequence[str], ask: Ask, progress: Progress, *, offline: bool = False) -> _Pinned:
    if not lines:
        return _Pinned({}, {}, {})
    text = ask(lines, "requirements.txt", progress, offline)
    try:
        files = ask(lines, "pylock.toml", progress, True)  # uv has just kept all that this needs
    except LockError:
        files = ask(lines, "pylock.toml", progress, offline)  # unless it was told to keep nothing
    return _Pinned(parse_requirements(text.text), locked_files(files.text), text.yanked)


def _pinned(lines: Sequence[str], ask: Ask, progress: Progress) -> _Pinned:
    """Ask uv for pins; where an index does not answer, by what uv has kept of it, and else say of what hashes lack."""
    try:
        return _pin(lines, ask, progress)
    except UnreachableIndexError as error:
        progress.stage("The index does not answer: looking at what uv has kept", 0.35)
        with _beside(progress) as (pool, quiet):
            kept = list(pool.map(lambda line: _is_kept(line, ask, quiet), lines))
        missing = [line for line, is_kept in zip(lines, kept, strict=True) if not is_kept]
        if missing:
            named = ", ".join(line.partition(";")[0].replace("==", " ") for line in missing)
            raise UnreachableIndexError(f"{error.message} Hashes are missing of {named}.", error.hint) from error
        return replace(_pin(lines, ask, progress, offline=True), is_kept=True)


def _is_kept(line: str, ask: Ask, progress: Progress) -> bool:
    try:
        return bool(parse_requirements(ask([line], "requirements.txt", progress, True).text))
    except LockError:
        return False


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


def _for_server(constraints: Sequence[str], folder: Path, uv: Uv, progress: Progress) -> _Pinned:
    with tempfile.TemporaryDirectory(prefix="prodkit-lock-") as scratch:
        file = Path(scratch, "constraints.txt")
        file.write_text("".join(f"{line}\n" for line in constraints), encoding="utf-8")
        return _pinned(SERVER, lambda *asked: uv.resolve(*asked, constraints=file, folder=folder), progress)


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


def _portable(answer: _Pinned, wheels: Path, uv: Uv, progress: Progress) -> list[Pin]:
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
