"""Which version of the data a package is for, from one export to the next."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

from jupyter_prodkit.export.data_files import data_files, data_sources, tracked_pointers, untracked
from jupyter_prodkit.export.dvc_files import repository_of
from jupyter_prodkit.export.merging import BASE
from jupyter_prodkit.export.package import Package
from jupyter_prodkit.export.tracking import Tracking, plan_tracking, recorded_project
from jupyter_prodkit.step import Inputs

__all__ = ["carry_data_over", "commit_of", "data_warnings", "with_data"]


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
