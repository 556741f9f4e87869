"""Exporting again into a package that was edited: three versions of each file become one, or a clear conflict.

What was exported last stands in the folder `.exported` of the package, so that an edit can be told from an old export.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from jupyter_prodkit.errors import ExportError, MissingDependencyError
from jupyter_prodkit.files import FileTree

__all__ = [
    "BASE",
    "Edits",
    "Merge",
    "Outlook",
    "base_of",
    "edited_files",
    "edits_of_code",
    "exported_before",
    "merge",
    "on_disk",
    "outlook",
]

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


def exported_before(folder: Path) -> dict[PurePosixPath, str]:
    """Return the files of a package as the last export wrote them, without locks and server; none before the first."""
    base = folder / BASE
    files = (path for path in sorted(base.rglob("*")) if path.is_file())
    return {PurePosixPath(path.relative_to(base).as_posix()): on_disk(path) or "" for path in files}


def edited_files(folder: Path) -> tuple[str, ...]:
    """Return the files of an exported package that are not as they were exported, deleted ones included."""
    base = exported_before(folder)
    return tuple(sorted(str(path) for path, text in base.items() if on_disk(folder / path) != text))


def merge(tree: FileTree, folder: Path, *, overwrite: bool = False) -> Merge:
    """Return what `tree` becomes in a package's folder: edits by hand are kept, what both changed is put together.

    With `overwrite` edits are given up; files of the user's own stay all the same. Raises ExportError where the same
    lines were changed by hand and in the notebook, MissingDependencyError.
    """
    found = outlook(tree, folder, overwrite=overwrite)
    if found.conflicts:
        raise ExportError(
            f"The same lines were changed by hand and in the notebook: {', '.join(found.conflicts)}.",
            "Take your edit over into the notebook (--update-notebook shows it), or give it up with --overwrite.",
        )
    return Merge(found.tree, found.edited, found.added)


@dataclass(frozen=True)
class Outlook(Merge):
    """What would become of a folder, conflicts included."""

    conflicts: tuple[str, ...] = ()
    """Files of which the same lines were changed on both sides; `tree` has them as they stand."""
    before: tuple[PurePosixPath, ...] = ()
    """The files that the last export wrote and that are still there."""


@dataclass(frozen=True)
class Edits:
    """What was edited by hand in the code of a package."""

    files: tuple[str, ...] = ()
    code: FileTree = field(default_factory=dict)
    """The edited modules, and the user's own beside them, as they will stand."""


def edits_of_code(tree: FileTree, folder: Path) -> Edits:
    """Return the modules of `tree` that edits by hand will change. Raises ExportError for a conflict in one of them."""
    code = {path: text for path, text in tree.items() if path.parts[0] == "src"}
    merged = merge(code, folder)
    changed = {path: text for path, text in merged.tree.items() if path.parts[0] == "src" and code.get(path) != text}
    return Edits(tuple(sorted(map(str, changed))), changed)


def outlook(tree: FileTree, folder: Path, *, overwrite: bool) -> Outlook:
    """Return what an export of `tree` would make of `folder`, refusing nothing. Raises MissingDependencyError."""
    base = exported_before(folder)
    merged: dict[PurePosixPath, str | bytes] = dict(tree)
    edited, conflicts = [], []
    for path, before in base.items() if not overwrite else ():
        now, new = on_disk(folder / path), tree.get(path)
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
            merged[path] = now if joined is None else joined
    added = _added(folder, [*base, *tree]) if base else {}
    return Outlook(
        {**merged, **added},
        tuple(sorted(edited)),
        tuple(sorted(map(str, added))),
        tuple(sorted(conflicts)),
        tuple(path for path in base if (folder / path).is_file()),
    )


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


def on_disk(path: Path) -> str | None:
    """Return a file's text, None where there is none; what is no text is taken for an empty one."""
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError):
        return ""
