"""Wheels for what no index has, built, copied or made of what is installed, so that hashes cover every distribution."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from packaging.utils import canonicalize_name, parse_wheel_filename

from jupyter_prodkit.environment.facts import DistributionFact
from jupyter_prodkit.environment.installed import Installed
from jupyter_prodkit.errors import LockError
from jupyter_prodkit.files import file_digest
from jupyter_prodkit.lock.builds import is_same_build
from jupyter_prodkit.lock.fetch import source_of
from jupyter_prodkit.lock.pins import Pin
from jupyter_prodkit.lock.remote_wheel import record_in
from jupyter_prodkit.lock.repacking import can_repack, repacked_wheel
from jupyter_prodkit.lock.uv import Uv
from jupyter_prodkit.progress import Progress

__all__ = ["add_wheel", "doubts", "own_wheels", "vendored", "wheel_of"]

_FROM_SOURCE = ("local", "editable", "vcs", "archive")
_COMPILED = (".so", ".pyd", ".dylib")


def own_wheels(
    facts: Iterable[DistributionFact],
    installed: Mapping[str, Installed],
    wheels: Path,
    uv: Uv,
    progress: Progress,
) -> tuple[list[Pin], list[str]]:
    """Put a wheel into `wheels` for each of `facts` that no index can have, and return their pins and what to say.

    From its source, where it was installed from one; of the files that are installed, where these were edited, where
    its source has moved on, and where conda installed plain Python. Raises LockError, CancelledError.
    """
    pins: list[Pin] = []
    said: list[str] = []
    for fact in facts:
        one = installed.get(fact.name)
        if fact.edited and one is not None:
            pin = vendored(one, wheels)
            said.append(_of_edited(fact, is_held=pin is not None))
        elif fact.source in _FROM_SOURCE:
            progress.stage(f"Building the wheel of {fact.name}", 0.1)
            pin, more = _from_source(fact, one, wheels, uv, progress)
            said += more
        else:
            pin = vendored(one, wheels) if one is not None and fact.source == "conda" and _is_plain(one) else None
        if pin is not None:
            pins.append(pin)
    return pins, said


def vendored(one: Installed, wheels: Path) -> Pin | None:
    """Put a wheel of the files of `one` as they are installed into `wheels`; None where its records don't tell them."""
    if not can_repack(one):
        return None
    wheel = repacked_wheel(one, wheels)
    return Pin(one.name, one.version, (f"sha256:{file_digest(wheel)}",), wheel.name)


def wheel_of(fact: DistributionFact, wheels: Path, uv: Uv, progress: Progress) -> Pin:
    """Put the wheel of a distribution that came from a folder, an archive or a commit into `wheels`.

    Raises LockError naming the distribution and why its wheel can't be had, CancelledError.
    """
    with tempfile.TemporaryDirectory(prefix="prodkit-source-") as fetched:
        return add_wheel(fact.name, source_of(fact, Path(fetched), progress), wheels, uv, progress)


def add_wheel(name: str, source: Path, wheels: Path, uv: Uv, progress: Progress) -> Pin:
    """Put a wheel into `wheels`: `source` itself if it is one, else built from it. Raises LockError, CancelledError."""
    wheels.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="prodkit-wheel-") as built:
        wheel = source if source.suffix == ".whl" else uv.build_wheel(source, Path(built), progress)
        target = wheels / wheel.name
        shutil.copyfile(wheel, target)
    _, version, _, _ = parse_wheel_filename(target.name)
    return Pin(canonicalize_name(name), str(version), (f"sha256:{file_digest(target)}",), target.name)


def doubts(fact: DistributionFact, pin: Pin, wheels: Path) -> Iterable[str]:
    """Return, as sentences, in what the wheel differs from what the kernel runs."""
    if pin.version != fact.version:
        yield f"The source of {fact.name} is at {pin.version} by now; the kernel has it as {fact.version}."
    with zipfile.ZipFile(wheels / str(pin.wheel)) as archive:
        held = {_module(name) for name in archive.namelist()}
    for module in fact.modules:
        if not any(name == module or name.startswith(f"{module}.") for name in held):
            yield f"The wheel built for {fact.name} lacks the module {module}, which the kernel loaded."


def _from_source(
    fact: DistributionFact, one: Installed | None, wheels: Path, uv: Uv, progress: Progress
) -> tuple[Pin, Sequence[str]]:
    is_copy = fact.source != "editable" and one is not None and can_repack(one)
    try:
        pin = wheel_of(fact, wheels, uv, progress)
    except LockError as error:
        held = vendored(one, wheels) if is_copy and one is not None else None
        if held is None:
            raise
        return held, [f"{error.message} The lock holds a wheel of what is installed."]
    if is_copy and one is not None and not _is_of(wheels / str(pin.wheel), one):
        (wheels / str(pin.wheel)).unlink()
        held = vendored(one, wheels)
        if held is not None:
            what = "its source has changed since" if pin.version == fact.version else f"its source is at {pin.version}"
            return held, [f"{fact.name} {fact.version} is locked as it is installed: {what}."]
    return pin, list(doubts(fact, pin, wheels))


def _is_of(wheel: Path, one: Installed) -> bool:
    with zipfile.ZipFile(wheel) as archive:
        return is_same_build(record_in(archive) or "", one.record_text, with_metadata=False)


def _of_edited(fact: DistributionFact, *, is_held: bool) -> str:
    files = ", ".join(fact.edited[:3]) + (f" and {len(fact.edited) - 3} more" if len(fact.edited) > 3 else "")  # noqa: PLR2004
    if is_held:
        return f"{fact.name} {fact.version} was edited by hand ({files}): the lock holds a wheel of it as it is now."
    return f"{fact.name} {fact.version} was edited by hand ({files}), which the lock does not hold."


def _is_plain(one: Installed) -> bool:
    return can_repack(one) and not any(path.endswith(_COMPILED) for path in one.record)


def _module(path: str) -> str:
    head, _, name = path.rpartition("/")
    stem = name.partition(".")[0]
    folder = head.replace("/", ".")
    return folder if stem == "__init__" else f"{folder}.{stem}" if folder else stem
