"""Asking uv for pins, all hashes and all files of each; by what it has kept, where an index does not answer."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from jupyter_prodkit.errors import LockError
from jupyter_prodkit.lock.complaints import UnreachableIndexError
from jupyter_prodkit.lock.pins import Pin, parse_requirements
from jupyter_prodkit.lock.pylock import LockedFile, locked_files
from jupyter_prodkit.lock.uv import Answer, Form, Uv
from jupyter_prodkit.progress import Progress

__all__ = ["Pinned", "beside", "pinned", "pinned_within"]

Ask = Callable[[Sequence[str], Form, Progress, bool], Answer]
"""A question to uv: the requirements, the form of the answer, and whether to look only at what uv has kept."""


@dataclass(frozen=True, slots=True)
class Pinned:
    """What uv said in its two forms: all hashes of each version, and the files that fit this interpreter."""

    pins: Mapping[str, Pin]
    files: Mapping[str, tuple[LockedFile, ...]]
    yanked: Mapping[str, str]
    is_kept: bool = False
    """Whether the index did not answer, so that this is what uv has kept of it."""


@contextmanager
def beside(progress: Progress) -> Iterator[tuple[ThreadPoolExecutor, Progress]]:
    """Yield threads for what is asked meanwhile, and the progress it must use: it ends where the block fails."""
    quiet = progress.silent()
    with ThreadPoolExecutor() as pool:
        try:
            yield pool, quiet
        except BaseException:
            quiet.cancel()
            raise


def _pin(lines: Sequence[str], ask: Ask, progress: Progress, *, offline: bool = False) -> Pinned:
    if not lines:
        return Pinned({}, {}, {})
    text = ask(lines, "requirements.txt", progress, offline)
    try:
        files = ask(lines, "pylock.toml", progress, True)  # uv has just kept all that this needs
    except LockError:
        files = ask(lines, "pylock.toml", progress, offline)  # unless it was told to keep nothing
    return Pinned(parse_requirements(text.text), locked_files(files.text), text.yanked)


def pinned(lines: Sequence[str], ask: Ask, progress: Progress) -> Pinned:
    """Return the pins of `lines`; where an index does not answer, by what uv has kept of it.

    Raises LockError: UnreachableIndexError with what hashes are missing of, where uv has not kept all; CancelledError.
    """
    try:
        return _pin(lines, ask, progress)
    except UnreachableIndexError as error:
        progress.stage("The index does not answer: looking at what uv has kept", 0.35)
        with beside(progress) as (pool, quiet):
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


def pinned_within(
    requirements: Sequence[str], constraints: Sequence[str], folder: Path, uv: Uv, progress: Progress
) -> Pinned:
    """Return pins of `requirements` and all they require that fit the lines of `constraints`; else as `pinned`."""
    with tempfile.TemporaryDirectory(prefix="prodkit-lock-") as scratch:
        file = Path(scratch, "constraints.txt")
        file.write_text("".join(f"{line}\n" for line in constraints), encoding="utf-8")
        return pinned(requirements, lambda *question: uv.resolve(*question, constraints=file, folder=folder), progress)
