"""DVC, run as a program of its own: never imported, with its own settings and remotes left as they are."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jupyter_prodkit.errors import ExportError, MissingDependencyError
from jupyter_prodkit.export.dvc_files import DataProject, Remote, held_digest
from jupyter_prodkit.files import fill_folder
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.release import without_credentials
from jupyter_prodkit.subprocesses import run_program

__all__ = ["Dvc", "dvc_command"]

_QUIET = {"DVC_NO_ANALYTICS": "true", "CI": "true"}  # nothing is sent, and no newer version asked for
_LEADS_THERE = frozenset({"url", "endpointurl", "region", "projectname", "account_name", "allow_anonymous_login"})
"""What of a remote's settings goes into a package: the rest may be secret, or is of this machine."""
_PLUGIN = re.compile(r"(?:requires|install) '?\"?dvc[-\[](?P<name>s3|gs|azure)")
_SHOWN = 300


def dvc_command() -> tuple[str, ...] | None:
    """Return how DVC is called here: as it is on PATH, or in this environment; None where it is not in reach."""
    beside = shutil.which("dvc", path=str(Path(sys.executable).parent))
    found = shutil.which("dvc") or beside
    if found:
        return (found,)
    return (sys.executable, "-m", "dvc") if importlib.util.find_spec("dvc") else None


@dataclass(frozen=True)
class Dvc:
    """DVC as it is called here."""

    command: tuple[str, ...]
    progress: Progress

    @classmethod
    def here(cls, progress: Progress) -> Dvc:
        """Return DVC. Raises MissingDependencyError where it is not in reach."""
        command = dvc_command()
        if command is None:
            missing = MissingDependencyError("dvc", "dvc")
            missing.hint += "; or into an environment of its own: uv tool install dvc"
            raise missing
        return cls(command, progress)

    def remotes(self, repository: Path) -> tuple[dict[str, Remote], str | None]:
        """Return the remotes of a repository by name, without what is secret, and the name of its default.

        Raises ExportError with DVC's reason, CancelledError.
        """
        said = self._run(["config", "--list"], repository, f"read the settings of the repository {repository}")
        settings: dict[str, dict[str, str]] = {}
        default = None
        for line in said.splitlines():
            key, _, value = line.partition("=")
            if key == "core.remote":
                default = value
            elif key.startswith("remote.") and key.rpartition(".")[2] in _LEADS_THERE:
                name = key.removeprefix("remote.").rpartition(".")[0]
                settings.setdefault(name, {})[key.rpartition(".")[2]] = without_credentials(value)
        return {name: Remote(name, found) for name, found in settings.items()}, default

    def add(self, paths: Sequence[Path], repository: Path) -> None:
        """Have a repository track files and folders, by its own settings. Raises ExportError, CancelledError."""
        self._run(["add", "--", *paths], repository, f"track {', '.join(path.name for path in paths)}")

    def push(self, paths: Sequence[Path], repository: Path, remote: str) -> None:
        """Upload what a repository tracks to one of its remotes. Raises ExportError, CancelledError."""
        self._run(["push", "--remote", remote, "--", *paths], repository, f"upload to the remote `{remote}`")

    def upload(self, path: Path, name: str, remote: Remote) -> str:
        """Upload a file or a folder to a remote without touching it, and return DVC's digest of it.

        Raises ExportError with DVC's reason, CancelledError.
        """
        with tempfile.TemporaryDirectory(prefix="prodkit-dvc-") as scratch:
            project = Path(scratch) / "project"
            fill_folder(project, DataProject(remote).tree)
            place = project / name
            place.parent.mkdir(parents=True, exist_ok=True)
            command: list[str | Path] = ["add", "--to-remote", "--out", name, "--", path.resolve()]
            site = {"DVC_SITE_CACHE_DIR": str(Path(scratch) / "site")}
            self._run(command, project, f"upload {name} to {remote.url}", site)
            held = held_digest(place)
            return held[0] if held else ""

    def _run(
        self, command: Sequence[str | Path], folder: Path, what: str, environment: dict[str, str] | None = None
    ) -> str:
        full = {**os.environ, **_QUIET, **(environment or {})}
        done = run_program([*self.command, *command], self.progress, cwd=folder, environment=full)
        if done.status == 0:
            return done.stdout
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR: ")] or done.stderr.splitlines()
        reason = without_credentials(" ".join(" ".join(said).removeprefix("ERROR: ").split()))[:_SHOWN]
        raise ExportError(f"DVC could not {what}: {reason or f'it ended with status {done.status}'}.", _hint(reason))


def _hint(reason: str) -> str:
    plugin = _PLUGIN.search(reason)
    if plugin:
        return f'Install what DVC needs for it where DVC is installed: pip install "dvc[{plugin["name"]}]"'
    if "tracked by SCM" in reason:
        return "Either Git or DVC keeps a file: take it out of Git first (`git rm --cached FILE`), then export again."
    return (
        "The package is as it was. Look at whether the remote can be reached and written; "
        "DVC takes credentials from the environment or from `dvc remote modify --local`."
    )
