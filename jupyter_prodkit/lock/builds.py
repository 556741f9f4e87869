"""Whether the files that the lock allows are the very bytes that are installed: RECORD compared with RECORD."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from jupyter_prodkit.environment.edited import recorded_files
from jupyter_prodkit.environment.facts import Build, DistributionFact
from jupyter_prodkit.environment.installed import Installed
from jupyter_prodkit.lock.pylock import LockedFile
from jupyter_prodkit.lock.remote_wheel import WheelRecords
from jupyter_prodkit.progress import Progress

__all__ = ["Compared", "compare_builds", "is_same_build"]

_AT_ONCE = 16
_MOST_TRIED = 4
# What installers write anew, or leave out.
_NOT_COMPARED = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "RECORD.jws", "RECORD.p7s")


@dataclass(frozen=True, slots=True)
class Compared:
    """How what is installed compares with the files of the index."""

    build: Build
    file: str | None = None
    """The name of the file that holds the same bytes."""
    sha256: str | None = None


def compare_builds(
    facts: Iterable[DistributionFact],
    files: Mapping[str, Sequence[LockedFile]],
    installed: Mapping[str, Installed],
    records: WheelRecords,
    progress: Progress,
) -> dict[str, Compared]:
    """Return, for each of `facts`, whether one of its `files` is what is installed; several are fetched at once.

    Raises CancelledError.
    """
    asked = [fact for fact in facts if fact.name in files and fact.name in installed]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        waiting = {f.name: pool.submit(_compared, installed[f.name], files[f.name], records) for f in asked}
        found = {}
        for name, future in waiting.items():
            if progress.cancelled:
                pool.shutdown(wait=False, cancel_futures=True)
            progress.raise_if_cancelled()
            found[name] = future.result()
    return found


def is_same_build(wheel_record: str, installed_record: str, *, with_metadata: bool = True) -> bool:
    """Return whether all that a wheel brings was installed with the same bytes, by both RECORDs.

    Its metadata may be left out: in a wheel that was built anew it names the builder's version.
    """
    held = {file.path: file.digest for file in recorded_files(installed_record) if file.digest}
    files = [file for file in recorded_files(wheel_record) if with_metadata or ".dist-info/" not in file.path]
    brought = {path: file.digest for file in files if file.digest and (path := _installed_as(file.path))}
    return bool(brought) and all(held.get(path) == digest for path, digest in brought.items())


def _compared(one: Installed, files: Sequence[LockedFile], records: WheelRecords) -> Compared:
    wheels = [file for file in files if file.name.endswith(".whl")]
    if not wheels:
        return Compared("built here" if files else "unknown")
    if not any(file.digest for file in recorded_files(one.record_text)):
        return Compared("unknown")  # Debian's packages and old installs don't say what they brought
    tags = _tags(one)
    fitting = [file for file in wheels if file.sha256]
    likely = [file for file in fitting if tags == _file_tags(file.name)]
    for file in likely or fitting[:_MOST_TRIED]:  # some wheels were renamed after they were made
        record = records.record(file.url, str(file.sha256))
        if record is None or not any(one.digest for one in recorded_files(record)):
            return Compared("unknown")
        if is_same_build(record, one.record_text):
            return Compared("same", file.name, file.sha256)
    return Compared("different")


def _installed_as(path: str) -> str | None:
    """Return where a file of a wheel is installed to, relative to site-packages; None where that isn't compared."""
    head, _, below = path.partition("/")
    if head.endswith(".data"):
        kind, _, place = below.partition("/")
        return place if kind in ("purelib", "platlib") else None
    if head.endswith(".dist-info") and path.rpartition("/")[2] in _NOT_COMPARED:
        return None
    return path


def _tags(one: Installed) -> frozenset[str]:
    """Return the tags of the wheel that it was installed from, as its WHEEL file lists them."""
    return frozenset(one.wheel_tags)


def _file_tags(name: str) -> Collection[str]:
    try:
        return frozenset(str(tag) for tag in parse_wheel_filename(name)[3])
    except InvalidWheelFilename:
        return frozenset()
