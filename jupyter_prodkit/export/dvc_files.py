"""DVC's own text files: the pointers that say which content a path has, and a project's settings. Nothing is run."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from jupyter_prodkit.errors import MissingDependencyError
from jupyter_prodkit.files import FileTree

__all__ = [
    "DataProject",
    "Pointer",
    "Remote",
    "held_digest",
    "pointer_of",
    "repository_of",
    "tracked_pointer",
]

_DIGEST = re.compile(r"^[- ]+md5: *(?P<digest>[0-9a-f]{32}(?:\.dir)?)\s*$", re.MULTILINE)
_MD5 = "md5"  # DVC's own choice; it says which content it is, and guards nothing
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Remote:
    """Where a DVC project keeps its content."""

    name: str
    settings: Mapping[str, str]
    """`url` and what else leads there; never anything secret."""

    @property
    def url(self) -> str:
        """The folder, or the URL of the bucket."""
        return self.settings.get("url", "")


@dataclass(frozen=True, slots=True)
class Pointer:
    """One file or folder as DVC knows it."""

    path: str
    """Relative to the notebook's folder, and to the package's."""
    digest: str
    size: int
    count: int | None = None
    """How many files a folder has; None for a file."""
    is_legacy: bool = False
    """Whether DVC before 3.0 made it, which keeps the content at another place of a remote."""

    @property
    def text(self) -> str:
        """The content of its `.dvc` file, as DVC writes it. Raises MissingDependencyError without pyyaml."""
        try:
            import yaml
        except ImportError as error:
            raise MissingDependencyError("pyyaml", "export") from error
        count = {} if self.count is None else {"nfiles": self.count}
        kind = {} if self.is_legacy else {"hash": "md5"}
        out = {"md5": self.digest, "size": self.size, **count, **kind, "path": PurePosixPath(self.path).name}
        return str(yaml.safe_dump({"outs": [out]}, sort_keys=False, allow_unicode=True))


@dataclass(frozen=True, slots=True)
class DataProject:
    """The DVC project that a package is, so that `dvc pull` in any copy of it brings its data."""

    remote: Remote | None = None
    pointers: tuple[Pointer, ...] = field(default=())

    @property
    def tree(self) -> FileTree:
        """Every file of the project but the content; it needs no version control around it."""
        return {
            PurePosixPath(".dvc/config"): self.config,
            PurePosixPath(".dvc/.gitignore"): "/config.local\n/tmp\n/cache\n",
            PurePosixPath(".dvcignore"): "# The last export as it was, to tell edits from.\n.exported\n",
            **{PurePosixPath(f"{one.path}.dvc"): one.text for one in self.pointers},
        }

    @property
    def config(self) -> str:
        """The text of `.dvc/config`."""
        if self.remote is None:
            return "[core]\n    no_scm = true\n"
        lines = "".join(f"    {name} = {value}\n" for name, value in sorted(self.remote.settings.items()))
        name = self.remote.name
        return f"[core]\n    no_scm = true\n    remote = {name}\n['remote \"{name}\"']\n{lines}"


def repository_of(folder: Path) -> Path | None:
    """Return the nearest folder, from `folder` upwards, that is a DVC repository."""
    here = folder.resolve()
    return next((place for place in (here, *here.parents) if (place / ".dvc").is_dir()), None)


def pointer_of(path: Path, name: str) -> Pointer:
    """Return what DVC would say of a file or folder as it is now. Raises OSError where it can't be read."""
    return _pointers(path, name)[0]


def _pointers(path: Path, name: str) -> tuple[Pointer, ...]:
    """What DVC would say of it now; of a file, what DVC before 3.0 would as well."""
    if path.is_file():
        size = path.stat().st_size
        return tuple(Pointer(name, digest, size) for digest in _file_digests(path))
    files = [one for one in sorted(path.rglob("*")) if one.is_file()]
    listed = [{"md5": _file_digests(one)[0], "relpath": one.relative_to(path).as_posix()} for one in files]
    listed.sort(key=lambda one: one["relpath"])
    digest = hashlib.new(_MD5, json.dumps(listed, sort_keys=True).encode(), usedforsecurity=False).hexdigest()
    return (Pointer(name, f"{digest}.dir", sum(one.stat().st_size for one in files), len(files)),)


def tracked_pointer(path: Path, name: str, *beside: Path) -> Pointer | None:
    """Return what a `.dvc` or `dvc.lock` file says of a file or a folder, where its content is still that; else None.

    Looked for beside `path` and at the places `beside`, where its pointer may stand as well.
    """
    held = [found for place in (path, *beside) for found in (held_digest(place), _locked(place)) if found is not None]
    if not held or not path.exists():
        return None
    now = {one.digest: one for one in _pointers(path, name)}
    return next((replace(now[digest], is_legacy=old) for digest, old in held if digest in now), None)


def held_digest(path: Path) -> tuple[str, bool] | None:
    """Return the digest in the `.dvc` file of a path, and whether DVC before 3.0 wrote it; None without one."""
    try:
        text = path.with_name(f"{path.name}.dvc").read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    found = _DIGEST.search(text)
    return None if found is None else (found["digest"], "hash: md5" not in text)


def _locked(path: Path) -> tuple[str, bool] | None:
    """The digest of an output of a stage of a pipeline, and whether it is an old one."""
    repository = repository_of(path.parent) if path.parent.is_dir() else None
    for folder in path.parents if repository else ():
        if (folder / "dvc.lock").is_file():
            for name, digest, old in _outputs(folder / "dvc.lock"):
                if folder / name == path:
                    return digest, old
        if folder == repository:
            break
    return None


def _outputs(lock: Path) -> list[tuple[str, str, bool]]:
    import yaml

    try:
        stages = (yaml.safe_load(lock.read_text("utf-8")) or {}).get("stages") or {}
        outs = [out for stage in stages.values() for out in stage.get("outs", [])]
        return [(str(out["path"]), str(out["md5"]), out.get("hash") != "md5") for out in outs]
    except (OSError, UnicodeDecodeError, yaml.YAMLError, AttributeError, KeyError, TypeError):
        return []  # whatever DVC would say of it, it says nothing of the data


def _file_digests(path: Path) -> list[str]:
    """The digest of a file's bytes, and that by which DVC before 3.0 knew texts: with the line ends of Unix."""
    plain, unix = (hashlib.new(_MD5, usedforsecurity=False) for _ in range(2))
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            plain.update(chunk)
            unix.update(chunk.replace(b"\r\n", b"\n"))
    return [plain.hexdigest(), unix.hexdigest()]
