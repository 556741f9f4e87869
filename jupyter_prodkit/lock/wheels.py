"""Wheels for what no index has, built or copied into the lock's folder, so that hashes cover every distribution."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

from packaging.utils import canonicalize_name, parse_wheel_filename

from jupyter_prodkit.environment.facts import DistributionFact
from jupyter_prodkit.files import file_digest
from jupyter_prodkit.lock.fetch import source_of
from jupyter_prodkit.lock.pins import Pin
from jupyter_prodkit.lock.uv import Uv
from jupyter_prodkit.progress import Progress

__all__ = ["add_wheel", "doubts", "wheel_of"]


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


def _module(path: str) -> str:
    head, _, name = path.rpartition("/")
    stem = name.partition(".")[0]
    folder = head.replace("/", ".")
    return folder if stem == "__init__" else f"{folder}.{stem}" if folder else stem
