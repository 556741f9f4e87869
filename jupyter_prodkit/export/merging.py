"""Exporting again into a package that was edited: three versions of each file become one, or a clear conflict.

What was exported last stands in the folder `.exported` of the package, so that an edit can be told from an old export.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from jupyter_prodkit.errors import ExportError, MissingDependencyError
from jupyter_prodkit.files import FileTree

__all__ = ["BASE", "Merge", "base_of", "edited_files", "merge", "preview"]

BASE = PurePosixPath(".exported")
_NOT_OURS = frozenset(
    {
        *(".env", ".venv", ".git", ".mypy_cache", ".pytest_cache", ".ruff_cache", "__pycache__", "build", "dist"),
        *("wheels", ".dvc", ".exported"),
    }
)
"""What using the package leaves in its folder, and what is told apart in other ways."""
_AS_THEY_ARE = ("requirements.lock", "serving.lock")


@dataclass(frozen=True)
class Merge:
    """What a new export becomes in a folder that may have been edited."""

    tree: FileTree
    edited: tuple[str, ...] = ()
    """Files in which an edit by hand is kept."""
    added: tuple[str, ...] = ()
    """Files that are the user's own, and stay."""


def base_of(tree: FileTree) -> FileTree:
    """Return the copy of a tree that the next export compares with; locks and server are never merged."""
    return {BASE / path: text for path, text in tree.items() if _is_merged(path)}


def edited_files(folder: Path) -> tuple[str, ...]:
    """Return the files of an exported package that are not as they were exported, deleted ones included."""
    base = _read(folder / BASE)
    return tuple(sorted(str(path) for path, text in base.items() if _text(folder / path) != text))


def preview(tree: FileTree, folder: Path) -> tuple[str, ...]:
    """Return a line about each file that an export would add, change or take away, with how many lines."""
    found = []
    base = _read(folder / BASE)
    for path, text in sorted(tree.items()):
        if not _is_merged(path):
            continue
        before = base.get(path, _text(folder / path) if not base else None)
        if before is None:
            found.append(f"new: {path}")
        elif before != text:
            lines = list(difflib.ndiff(before.splitlines(), str(text).splitlines()))
            more, less = (sum(line.startswith(sign) for line in lines) for sign in ("+ ", "- "))
            found.append(f"changed: {path} (+{more} −{less})")
    return (*found, *(f"no longer made: {path}" for path in sorted(base.keys() - tree.keys())))


def merge(tree: FileTree, folder: Path) -> Merge:
    """Return what `tree` becomes in a package's folder: edits by hand are kept, what both changed is put together.

    Raises ExportError where the same lines were changed by hand and in the notebook, MissingDependencyError.
    """
    base = _read(folder / BASE)
    merged: dict[PurePosixPath, str | bytes] = dict(tree)
    edited, conflicts = [], []
    for path, before in base.items():
        now, new = _text(folder / path), tree.get(path)
        if now in (before, new):
            continue
        edited.append(str(path))
        if now is None:
            if new == before:
                merged.pop(path, None)
        elif new is None or new == before:
            merged[path] = now
        else:
            joined = _joined(before, now, str(new))
            if joined is None:
                conflicts.append(str(path))
            else:
                merged[path] = joined
    if conflicts:
        raise ExportError(
            f"The same lines were changed by hand and in the notebook: {', '.join(conflicts)}.",
            "Take your edit over into the notebook (--update-notebook shows it), or give it up with --overwrite.",
        )
    added = _added(folder, [*base, *tree]) if base else {}
    return Merge({**merged, **added}, tuple(sorted(edited)), tuple(sorted(map(str, added))))


def _joined(base: str, one: str, other: str) -> str | None:
    """Return one text with the changes of both, or None where they touch the same lines."""
    try:
        from merge3 import Merge3
    except ImportError as error:
        raise MissingDependencyError("merge3", "export") from error
    lines = [text.splitlines(keepends=True) for text in (base, one, other)]
    three = Merge3(lines[0], lines[1], lines[2])
    if any(group[0] == "conflict" for group in three.merge_groups()):
        return None
    return "".join(three.merge_lines())


def _added(folder: Path, known: Iterable[PurePosixPath]) -> dict[PurePosixPath, bytes]:
    ours = {*known}
    found: dict[PurePosixPath, bytes] = {}
    for path in sorted(folder.rglob("*")):
        relative = PurePosixPath(path.relative_to(folder).as_posix())
        if relative in ours or path.is_dir() or path.is_symlink() or not _NOT_OURS.isdisjoint(relative.parts):
            continue
        if _is_merged(relative) and not _is_pulled(relative, ours):
            found[relative] = path.read_bytes()
    return found


def _is_pulled(path: PurePosixPath, ours: Collection[PurePosixPath]) -> bool:
    """Whether it is data that DVC brought, by itself or in a folder."""
    return any(one.name and one.with_name(f"{one.name}.dvc") in ours for one in (path, *path.parents))


def _is_merged(path: PurePosixPath) -> bool:
    return path.name not in _AS_THEY_ARE and path.parts[2:3] != ("serving",)


def _read(folder: Path) -> dict[PurePosixPath, str]:
    if not folder.is_dir():
        return {}
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {PurePosixPath(path.relative_to(folder).as_posix()): path.read_text("utf-8") for path in files}


def _text(path: Path) -> str | None:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError):
        return ""
