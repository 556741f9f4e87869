"""The build context as a value: what lies where in `image/`, and the same bytes as a tar for the engine."""

from __future__ import annotations

import os
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from jupyter_prodkit.build.ingredients import Ingredients
from jupyter_prodkit.files import fill_folder

__all__ = ["ContextTree", "fill_context", "plan_context", "tar_stream"]

ContextTree = Mapping[PurePosixPath, str | Path]
"""Relative path → generated text, or the file that is to lie there: models are too large to be read into memory."""

_CHUNK = 1 << 20


def plan_context(dockerfile: str, found: Ingredients) -> ContextTree:
    """Return the whole context, sorted by path."""
    tree: dict[PurePosixPath, str | Path] = {PurePosixPath("Dockerfile"): dockerfile}
    tree.update({PurePosixPath(lock.name): lock for lock in found.locks})
    tree.update({PurePosixPath("wheels", path.name): path for path in found.local_wheels})
    tree[PurePosixPath(found.wheel.name)] = found.wheel
    tree[PurePosixPath("config.yaml")] = found.config
    tree.update({PurePosixPath("release") / path: file for path, file in found.release.items()})
    tree[PurePosixPath(".dockerignore")] = _dockerignore(tree)
    return dict(sorted(tree.items()))


def fill_context(folder: Path, tree: ContextTree) -> None:
    """Put the context into an empty staging folder; files are linked where the disk can, else copied."""
    fill_folder(folder, {path: content for path, content in tree.items() if isinstance(content, str)})
    for path, content in tree.items():
        if isinstance(content, Path):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            _link_or_copy(content, folder / path)
    for below in folder.rglob("*/"):
        below.chmod(0o755)  # whatever the umask: `docker build` by hand copies the modes


def tar_stream(folder: Path) -> Iterator[bytes]:
    """Yield a tar of `folder`, chunk by chunk, that depends on names and contents alone: no owners, no times."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        entry = tarfile.TarInfo(path.relative_to(folder).as_posix())
        entry.size = path.stat().st_size
        entry.mode = 0o644
        yield entry.tobuf(tarfile.PAX_FORMAT)
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk
        yield bytes(-entry.size % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _dockerignore(tree: ContextTree) -> str:
    """Return a list that lets nothing through but what was planned, whatever else gets into the folder."""
    top = sorted({path.parts[0] for path in tree})
    return "\n".join(["*", *(f"!{name}" for name in top)]) + "\n"


def _link_or_copy(source: Path, target: Path) -> None:
    """Link where that can't matter: the service's user must be able to read it, which a link's mode is shared for."""
    if source.stat().st_mode & 0o004:
        try:
            os.link(source, target)
        except OSError:
            pass  # another disk, or one that knows no links
        else:
            return
    shutil.copyfile(source, target)
    target.chmod(0o644)
