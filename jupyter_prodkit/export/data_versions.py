"""Which version of the data a package is for, from one export to the next."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec

from jupyter_prodkit.export.data_files import data_files, data_revision, data_sources, tracked_pointers, untracked
from jupyter_prodkit.export.dvc_files import repository_of
from jupyter_prodkit.export.merging import BASE
from jupyter_prodkit.export.package import Package
from jupyter_prodkit.export.tracking import Tracking, plan_tracking, recorded_project
from jupyter_prodkit.files import fill_folder, text_or_empty
from jupyter_prodkit.lock.locked_data import DATA, DataRemote, LockedData, LockedDataFile
from jupyter_prodkit.release import without_credentials
from jupyter_prodkit.step import Inputs

__all__ = ["carry_data_over", "commit_of", "data_apart", "data_warnings", "fill_lock", "locked_data", "with_data"]


def with_data(package: Package, inputs: Inputs, *, remote: str | None, asked: bool) -> tuple[Package, Tracking | None]:
    """Return the package with the data that it reads, and what DVC is to do where that was `asked` for.

    Raises as `plan_tracking` does.
    """
    folder, target = inputs.notebook.path.parent, inputs.project.package
    sources = data_sources(package.selection.parameters, folder)
    done = inputs.record.steps.get("export")
    before = recorded_project(done.facts) if done is not None else None
    if asked:
        tracking = plan_tracking(sources, folder, remote, before)
        files = data_files(sources, folder, tracking.project.pointers)
        return replace(package, data=files, data_project=tracking.project), tracking
    pointers = tracked_pointers(sources, folder, target)
    files = data_files(sources, folder, pointers)
    inside = {one.path for one in sources if one.inside}
    kept = tuple(one for one in pointers if one.path in inside)
    project = replace(before, pointers=kept) if before is not None else None
    return replace(package, data=files, data_project=project), None


def locked_data(package: Package) -> str | None:
    """Return what the lock's `data.json` has to say of the package's data; None where it reads none.

    No place of this machine goes into it: absolute paths that the code names, and remotes that are folders.
    """
    revision = data_revision(package.data)
    if revision is None:
        return None
    files = tuple(
        LockedDataFile(
            path=Path(one.path).name if is_elsewhere else one.path,
            size=one.size,
            sha256=one.sha256,
            dvc=one.dvc or None,
            is_elsewhere=is_elsewhere,
        )
        for one in package.data
        for is_elsewhere in [Path(one.path).is_absolute()]
    )
    remote = package.data_project.remote if package.data_project is not None else None
    kept = None
    if remote is not None:
        kept = DataRemote(name=remote.name, url=without_credentials(remote.url) if "://" in remote.url else None)
    return LockedData.of(revision, files, kept).text


def data_apart(package: Package, lock: Path) -> Iterator[str]:
    """Say how the data that the package would be exported with now differs from the data in the lock."""
    now, kept = locked_data(package), text_or_empty(lock / DATA)
    if (now or "") == kept:
        return
    here, held = (_digests(text) for text in (now, kept))
    if here is None or held is None or here == held:
        yield "lock/data.json is not what the export would write"
        return
    for path in sorted(here.keys() | held.keys()):
        if path not in here:
            yield f"{path} is in the lock, and not here or not read any more"
        elif path not in held:
            yield f"{path} is not in the lock"
        elif here[path] != held[path]:
            yield f"{path} is not the file that the lock has"


def _digests(text: str | None) -> dict[str, list[str]] | None:
    """The digests of the files of one name; None where the text is not that of a lock."""
    found: dict[str, list[str]] = {}
    try:
        data = msgspec.json.decode(text or "", type=LockedData)
    except msgspec.DecodeError:
        return {} if not text else None
    for one in data.files:
        found.setdefault(one.path, []).append(one.sha256)
    return found


def fill_lock(old: Path, new: Path, data: str | None) -> None:
    """Make `new` the lock in `old` with this `data.json`, or without one."""
    shutil.copytree(old, new, symlinks=True, copy_function=_link, dirs_exist_ok=True)
    (new / DATA).unlink(missing_ok=True)
    if data is not None:
        fill_folder(new, {DATA: data})


def data_warnings(package: Package, folder: Path) -> list[str]:
    """Say what DVC does not keep of the data, where it keeps data at all."""
    tracked = package.data_project is not None
    missing = tuple(one.path for one in package.data if not one.dvc) if tracked else untracked(package.data, folder)
    if not missing:
        return []
    said = f"DVC does not track {', '.join(missing)}{' as it is now' if tracked else ''}"
    by_hand = "" if repository_of(folder) is None else f", or `dvc add {' '.join(missing)}`,"
    return [f"{said}: export with --track-data{by_hand} keeps the version that was used."]


def commit_of(folder: Path) -> str | None:
    """Return the commit that Git has around `folder`, with `-dirty` where tracked files differ; None without one."""
    command = ["git", "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout.strip() or None


def carry_data_over(old: Path, new: Path) -> None:
    """Bring what `dvc pull` left in an exported package, and its settings for this machine alone, into the next."""
    pointers = [one for one in new.rglob("*.dvc") if one.is_file() and BASE.name not in one.relative_to(new).parts]
    pulled = [one.with_suffix("").relative_to(new) for one in pointers]
    for name in (*pulled, Path(".dvc/config.local"), Path(".dvc/cache")):
        if not (old / name).exists() or (new / name).exists():
            continue
        (new / name).parent.mkdir(parents=True, exist_ok=True)
        if (old / name).is_dir():
            shutil.copytree(old / name, new / name, symlinks=True, copy_function=_link)
        else:
            _link(old / name, new / name)


def _link(old: str | Path, new: str | Path) -> None:
    """One more name for the same bytes, which may be many; a copy where the disk has no such thing."""
    try:
        os.link(old, new, follow_symlinks=False)
    except OSError:
        shutil.copy2(old, new, follow_symlinks=False)
