"""What an export would write, file by file, before anything is written."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Literal, get_args

import msgspec

from jupyter_prodkit.export.merging import on_disk, outlook
from jupyter_prodkit.files import FileTree

__all__ = ["Change", "ExportPreview", "PreviewedFile", "preview"]

Change = Literal["new", "changed", "kept", "removed", "pending", "conflict"]
_OF_THE_PROOF = frozenset({"golden.json", "golden_values.py", "test_golden.py", "validation.py"})
_LONGEST_DIFF = 400


class PreviewedFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of the package: as it stands, against what would be written."""

    path: str
    change: Change
    """`kept` is as it stands, `pending` what only the proof can tell, `conflict` what would stop the export."""
    by_hand: bool = False
    """Whether an edit by hand is in it, or it is the user's own file."""
    added: int = 0
    """Lines."""
    removed: int = 0
    diff: str = ""
    """Unified; of a changed file only, and cut where it is very long."""


class ExportPreview(msgspec.Struct, frozen=True, kw_only=True):
    """All that an export would write, and what would come along."""

    package: str
    files: tuple[PreviewedFile, ...]
    """Sorted by path."""
    taken: tuple[str, ...] = ()
    """Statements that nobody marked and the marked cells need, each with its cell."""
    with_proof: bool = False
    """Whether the proof comes first, which may change types, golden tests and how much comes along."""

    @property
    def counts(self) -> str:
        """How many files fare how, in words: `3 new, 1 changed`."""
        changes = [one.change for one in self.files]
        return ", ".join(f"{changes.count(change)} {change}" for change in get_args(Change) if change in changes)


def preview(tree: FileTree, folder: Path, *, overwrite: bool, with_proof: bool) -> tuple[PreviewedFile, ...]:
    """Return what an export of `tree` would do to each file in `folder`; `overwrite` gives up edits by hand."""
    found = outlook(tree, folder, overwrite=overwrite)
    by_hand = {*found.edited, *found.added, *found.conflicts}
    paths = {*found.tree, *found.before}
    return tuple(
        _file(path, found.tree.get(path), folder, found.conflicts, by_hand=str(path) in by_hand, with_proof=with_proof)
        for path in sorted(paths)
    )


def _file(
    path: PurePosixPath,
    new: str | bytes | None,
    folder: Path,
    conflicts: tuple[str, ...],
    *,
    by_hand: bool,
    with_proof: bool,
) -> PreviewedFile:
    name, now = str(path), on_disk(folder / path)
    if name in conflicts:
        return PreviewedFile(path=name, change="conflict", by_hand=True)
    if with_proof and path.name in _OF_THE_PROOF:
        return PreviewedFile(path=name, change="pending", by_hand=by_hand)
    if new is None:
        return PreviewedFile(path=name, change="removed")
    text = new.decode("utf-8", "replace") if isinstance(new, bytes) else new
    if now is None:
        return PreviewedFile(path=name, change="new", added=len(text.splitlines()))
    if now == text:
        return PreviewedFile(path=name, change="kept", by_hand=by_hand)
    lines = list(_diff(name, now, text))
    counts = {sign: sum(line.startswith(sign) for line in lines[2:]) for sign in "+-"}
    if len(lines) > _LONGEST_DIFF:
        lines[_LONGEST_DIFF:] = [f"… {len(lines) - _LONGEST_DIFF} more lines"]
    diff = "\n".join(lines)
    return PreviewedFile(
        path=name, change="changed", by_hand=by_hand, added=counts["+"], removed=counts["-"], diff=diff
    )


def _diff(name: str, now: str, text: str) -> Iterator[str]:
    return difflib.unified_diff(
        now.splitlines(), text.splitlines(), f"{name} (as it stands)", f"{name} (exported)", lineterm="", n=2
    )
