"""From facts to everything that the lock's folder holds, as pins and texts; the order in which uv is asked."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from jupyter_prodkit.environment.facts import DistributionFact
from jupyter_prodkit.errors import LockError
from jupyter_prodkit.lock.pins import Pin, check_unchanged, index_line, parse_requirements, wheel_line
from jupyter_prodkit.lock.pylock import LockedFile, locked_files
from jupyter_prodkit.lock.uv import Form, Uv
from jupyter_prodkit.lock.wheels import add_wheel, doubts, wheel_of
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


@dataclass(frozen=True, slots=True)
class Locked:
    """What a lock consists of."""

    kernel: tuple[Pin, ...]
    """The kernel's distributions."""
    serving: tuple[Pin, ...]
    """What the server needs on top of them."""
    pylock: str
    """The kernel's distributions as PEP 751 has them."""
    warnings: tuple[str, ...] = ()


def compile_lock(facts: Sequence[DistributionFact], folder: Path, uv: Uv, progress: Progress) -> Locked:
    """Return pins with hashes for `facts` and for the server; wheels that no index has are put into `folder`/wheels.

    Raises LockError naming what can't be locked, CancelledError.
    """
    wheels = folder / "wheels"
    built, warnings = _build(facts, wheels, uv, progress)
    progress.stage(f"Pinning {len(facts)} distributions", 0.3)
    asked = [fact for fact in facts if fact.source == "index"]
    answer = _pin([index_line(fact) for fact in asked], lambda lines, form: uv.pin(lines, form, folder, progress))
    check_unchanged(asked, answer.pins)
    kernel = [*built, *_portable(answer, wheels, uv, progress)]
    lines = [wheel_line(pin.wheel) if pin.wheel else f"{pin.name}=={pin.version}" for pin in kernel]
    pylock = uv.pin(lines, "pylock.toml", folder, progress)
    progress.stage("Fitting the server's distributions", 0.7)
    serving = _serving(kernel, folder, uv, progress)
    return Locked(tuple(kernel), serving, pylock, warnings)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What uv said in its two forms: all hashes of each version, and the files that fit this interpreter."""

    pins: Mapping[str, Pin]
    files: Mapping[str, tuple[LockedFile, ...]]


def _pin(lines: Sequence[str], ask: Callable[[Sequence[str], Form], str]) -> _Answer:
    if not lines:
        return _Answer({}, {})
    return _Answer(parse_requirements(ask(lines, "requirements.txt")), locked_files(ask(lines, "pylock.toml")))


def _build(
    facts: Sequence[DistributionFact], wheels: Path, uv: Uv, progress: Progress
) -> tuple[list[Pin], tuple[str, ...]]:
    pins: list[Pin] = []
    warnings: list[str] = []
    for fact in facts:
        if fact.source != "index":
            progress.stage(f"Building the wheel of {fact.name}", 0.1)
            pin = wheel_of(fact, wheels, uv, progress)
            pins.append(pin)
            warnings += doubts(fact, pin, wheels)
    return pins, tuple(warnings)


def _portable(answer: _Answer, wheels: Path, uv: Uv, progress: Progress) -> list[Pin]:
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


def _serving(kernel: Sequence[Pin], folder: Path, uv: Uv, progress: Progress) -> tuple[Pin, ...]:
    wheels = folder / "wheels"
    with tempfile.TemporaryDirectory(prefix="prodkit-lock-") as scratch:
        constraints = Path(scratch, "constraints.txt")
        constraints.write_text("".join(f"{_constraint(pin, wheels)}\n" for pin in kernel), encoding="utf-8")
        answer = _pin(SERVER, lambda lines, form: uv.resolve(lines, constraints, form, folder, progress))
    held = {pin.name for pin in kernel}
    new = {name: pin for name, pin in answer.pins.items() if name not in held}
    return tuple(_portable(_Answer(new, answer.files), wheels, uv, progress))


def _constraint(pin: Pin, wheels: Path) -> str:
    return f"{pin.name} @ {(wheels / pin.wheel).as_uri()}" if pin.wheel else f"{pin.name}=={pin.version}"
