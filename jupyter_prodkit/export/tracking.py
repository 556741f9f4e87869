"""Having DVC keep the data, where the user asks for it: what is looked at before, what is done, what can be pulled."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_prodkit.errors import CancelledError, ExportError
from jupyter_prodkit.export.data_files import DataSource
from jupyter_prodkit.export.dvc import Dvc
from jupyter_prodkit.export.dvc_files import DataProject, Pointer, Remote, pointer_of, repository_of, tracked_pointer
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.release import without_credentials

__all__ = ["Tracking", "plan_tracking", "recorded_project"]

_SCHEMES = ("s3", "gs", "azure")
_URL = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<place>[^\s'\"#?@,]+)\Z", re.IGNORECASE)
_NAME = re.compile(r"[\w-]+\Z")
_SECRET = re.compile(r"://[^/]*@|[?&]\w+=|(key|secret|signature|token|password)\w*=", re.IGNORECASE)
"""What stands in a URL, or in a connection string of Azure's, beside the place."""
_PLACES = "a folder, s3://BUCKET/PATH, gs://BUCKET/PATH or azure://CONTAINER/PATH"


@dataclass(frozen=True)
class Tracking:
    """What DVC is to do for one export."""

    folder: Path
    """The notebook's."""
    project: DataProject
    """What the package will be, with the digests of the data as it is now."""
    repository: Path | None
    """The DVC repository around the notebook."""
    added: tuple[str, ...] = ()
    """What that repository does not track yet, or not as it is."""
    push_to: str | None = None
    """The remote of that repository to upload to."""
    upload: bool = False
    """Whether to upload to a remote that the user named by its place."""

    @property
    def sentence(self) -> str:
        """What would be done, for the plan."""
        names = ", ".join(one.path for one in self.project.pointers)
        to = f"remote `{self.push_to}`" if self.push_to else self.project.remote.url if self.project.remote else ""
        return f"DVC tracks {names}" + (f" and uploads to {to}" if self.push_to or self.upload else "")

    def carry_out(self, progress: Progress) -> None:
        """Track, then upload. Raises ExportError with DVC's reason or where data changed meanwhile, CancelledError."""
        try:
            self._track_and_upload(progress)
        except CancelledError as error:
            stays = "The package is as it was; what DVC has tracked or uploaded by now stays so. Export again then."
            raise CancelledError(error.message, stays) from None

    def _track_and_upload(self, progress: Progress) -> None:
        dvc = Dvc.here(progress)
        if self.added and self.repository is not None:
            progress.stage(f"Tracking {', '.join(self.added)} with DVC", 0.96)
            dvc.add([self.folder / name for name in self.added], self.repository)
            for one in self.project.pointers:
                found = tracked_pointer(self.folder / one.path, one.path)
                _check_same(one, found.digest if found is not None else "")
        for one in self.project.pointers if self.upload else ():
            assert self.project.remote is not None
            progress.stage(f"Uploading {one.path}", 0.97)
            _check_same(one, dvc.upload(self.folder / one.path, one.path, self.project.remote))
        if self.push_to and self.repository is not None:
            progress.stage(f"Uploading to the remote {self.push_to}", 0.97)
            dvc.push([self.folder / one.path for one in self.project.pointers], self.repository, self.push_to)


def plan_tracking(
    sources: Sequence[DataSource], folder: Path, remote: str | None, before: DataProject | None
) -> Tracking:
    """Return what DVC is to do; nothing is changed. `remote` is a place or a name, `before` the last export's project.

    The place that was named for the last export is where this one uploads to, unless another is named.

    Raises ExportError where data lies outside the folder or is Git's, and for a remote that can't be one;
    MissingDependencyError without DVC.
    """
    dvc = Dvc.here(Progress())
    inside = _inside(sources)
    repository = repository_of(folder)
    tracked = {name: tracked_pointer(folder / name, name) for name in inside} if repository is not None else {}
    pointers = tuple(tracked.get(name) or pointer_of(folder / name, name) for name in inside)
    known, default = dvc.remotes(repository) if repository is not None else ({}, None)
    place = (
        None if remote in known else _named_before(before, known) if remote is None else _place(remote, folder, known)
    )
    if repository is None and place is None:
        raise ExportError(
            "DVC has nowhere to keep the data: the notebook lies in no DVC repository, and no remote is named.",
            f"Say where with --data-remote: {_PLACES}.",
        )
    push_to = remote if remote in known else None
    chosen = place or known.get(push_to or default or "")
    added = tuple(name for name, found in tracked.items() if found is None)
    _check_not_in_git(added, folder)
    return Tracking(folder, DataProject(chosen, pointers), repository, added, push_to, upload=place is not None)


def recorded_project(facts: Mapping[str, Any]) -> DataProject | None:
    """Return the project without its pointers, as the release record has it; None where data was never tracked."""
    remote = facts.get("data_remote")
    if facts.get("data_tracked") is None:
        return None
    if not isinstance(remote, dict):
        return DataProject()
    settings = {str(name): str(value) for name, value in remote.items() if name != "name"}
    return DataProject(Remote(str(remote.get("name", "storage")), settings))


def _check_same(pointer: Pointer, digest: str) -> None:
    """Raise ExportError where DVC holds something else than what the package will point to."""
    if digest != pointer.digest:
        raise ExportError(
            f"DVC did not track {pointer.path} as it was when the export began.",
            "Export again when nothing writes it any more. DVC also leaves out what .dvcignore names.",
        )


def _inside(sources: Sequence[DataSource]) -> list[str]:
    outside = [one.path for one in sources if not one.inside]
    if outside:
        raise ExportError(
            f"{', '.join(outside)} lies outside the notebook's folder, and DVC could not put it there elsewhere.",
            "Copy it below the notebook's folder and read it from there, by a relative path.",
        )
    if not sources:
        raise ExportError(
            "There is no data to track: the exported code names no file that is there.",
            "Files are known by literal paths in steps, and by parameters: `#| parameters`, `ROWS = 'data/rows.csv'`.",
        )
    return [one.path for one in sources]


def _named_before(before: DataProject | None, known: Mapping[str, Remote]) -> Remote | None:
    """The place that the last export uploaded to, where it was named as one."""
    remote = before.remote if before is not None else None
    return remote if remote is not None and remote.url not in {one.url for one in known.values()} else None


def _place(remote: str, folder: Path, known: Mapping[str, Remote]) -> Remote:
    """The remote at a place. Raises ExportError; what may be secret is not repeated."""
    names = f" The repository has the remotes {', '.join(sorted(known))}." if known else ""
    if without_credentials(remote) != remote or _SECRET.search(remote):
        raise ExportError(
            "The remote's URL holds credentials, which would stand in the package.",
            "Give the URL without them; DVC takes them from the environment, or from `dvc remote modify --local`.",
        )
    url = _URL.match(remote)
    if url is not None and url["scheme"].lower() in _SCHEMES:
        return Remote("storage", {"url": remote})
    if "://" in remote or not remote.strip() or re.search(r"[\n'\"#,]", remote):
        raise ExportError(f"`{remote}` is no place for data.", f"It is {_PLACES}.{names}")
    path = Path(remote).expanduser().resolve()
    if not path.is_dir():
        known_as = f" or the name of a remote.{names}" if _NAME.match(remote) else "."
        raise ExportError(f"The remote {path} is no folder.", f"Make it first, or name {_PLACES}{known_as}")
    if path == folder.resolve() or path in folder.resolve().parents:
        raise ExportError(f"The remote {path} holds the notebook itself.", "Choose a folder of its own.")
    return Remote("storage", {"url": str(path)})


def _check_not_in_git(names: Sequence[str], folder: Path) -> None:
    """Raise ExportError where Git tracks a file that the repository's DVC would have to track."""
    if not names:
        return
    command = ["git", "ls-files", "--", *names]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:  # no Git here, so none that tracks anything
        return
    tracked = done.stdout.splitlines()
    if tracked:
        raise ExportError(
            f"Git tracks {', '.join(tracked[:5])}, and DVC can't track what Git does.",
            f"Take it out of Git first, the file stays: `git rm -r --cached {' '.join(names)}`; then export again.",
        )
