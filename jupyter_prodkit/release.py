"""A notebook's project folder and its release record, from which an image can be walked back to the cells."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import msgspec

from jupyter_prodkit.errors import ProjectError
from jupyter_prodkit.files import STAGING, write_file

__all__ = ["ProjectFolder", "ReleaseRecord", "StepRecord", "clean_facts", "now", "without_credentials"]

RECORD_VERSION = 1


class StepRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What one step did, last time it was done."""

    done_at: str
    """UTC, ISO 8601."""
    notebook_digest: str
    """Digest of the code on the page when the step ran; see `Notebook.code_digest`."""
    summary: str
    facts: dict[str, Any]
    """What the step leaves behind, by name: lock hash, wheel hash, model version, image digest, …"""


class ReleaseRecord(msgspec.Struct, frozen=True, kw_only=True):
    """`release.json`: what each step did, beside the wheel and the image and never inside them."""

    version: int = RECORD_VERSION
    notebook: str
    """File name of the notebook the project folder belongs to."""
    steps: dict[str, StepRecord] = {}

    def with_step(self, name: str, record: StepRecord) -> ReleaseRecord:
        """Return a record in which step `name` was done as `record` says; the other steps are as they were."""
        return msgspec.structs.replace(self, steps={**self.steps, name: record})

    def fact(self, step: str, name: str) -> Any:
        """Return one fact that a step left behind, or None if that step was never done or left no such fact."""
        record = self.steps.get(step)
        return None if record is None else record.facts.get(name)


@dataclass(frozen=True, slots=True)
class ProjectFolder:
    """The one folder that the steps of a notebook write to."""

    path: Path

    @classmethod
    def of(cls, notebook: Path, output: str | None = None) -> ProjectFolder:
        """Return the folder `output`, or `NAME-prod` beside the notebook."""
        if output:
            return cls(Path(output).expanduser().resolve())
        return cls(notebook.resolve().parent / f"{notebook.stem}-prod")

    @property
    def record_path(self) -> Path:
        """Where `release.json` stands."""
        return self.path / "release.json"

    @property
    def lock(self) -> Path:
        """Where the lock step writes."""
        return self.path / "lock"

    @property
    def package(self) -> Path:
        """Where the export step writes the package's source."""
        return self.path / "package"

    @property
    def dist(self) -> Path:
        """Where the export step writes the package's wheel."""
        return self.path / "dist"

    @property
    def release(self) -> Path:
        """The release folder that the server reads: model, schema, golden rows."""
        return self.path / "release"

    @property
    def image(self) -> Path:
        """The build context of the image."""
        return self.path / "image"

    @property
    def service(self) -> Path:
        """What is known of the running service, and its log."""
        return self.path / "service"

    @property
    def registry(self) -> Path:
        """The embedded MLflow store, where no tracking server is named."""
        return self.path / "mlflow"

    @property
    def parts(self) -> tuple[Path, ...]:
        """The folders in it that steps write."""
        return (self.lock, self.package, self.dist, self.release, self.image, self.service, self.registry)

    def is_of(self, notebook: Path) -> bool:
        """Return whether it is the project folder of `notebook`, whatever it is called; never raises."""
        if self.path == self.of(notebook).path:
            return True
        try:
            return self.record_path.is_file() and self._decoded().notebook == notebook.name
        except (OSError, ProjectError):
            return False

    def read_record(self, notebook: Path) -> ReleaseRecord:
        """Return the release record, an empty one where no step was done yet.

        Raises ProjectError where `release.json` is not a record that this version reads, or another notebook's.
        """
        if not self.record_path.exists():
            return ReleaseRecord(notebook=notebook.name)
        record = self._decoded()
        if record.version != RECORD_VERSION:
            raise ProjectError(
                f"{self.record_path} has version {record.version}; this jupyter-prodkit reads {RECORD_VERSION}.",
                "Upgrade jupyter-prodkit, or choose another folder with --output.",
            )
        if record.notebook != notebook.name:
            raise ProjectError(
                f"{self.path} is the project folder of {record.notebook}, not of {notebook.name}.",
                "Choose another folder with --output. If the notebook was renamed, rename it in release.json as well.",
            )
        return record

    def _decoded(self) -> ReleaseRecord:
        try:
            return msgspec.json.decode(self.record_path.read_bytes(), type=ReleaseRecord)
        except (msgspec.DecodeError, UnicodeDecodeError, OSError) as error:
            raise ProjectError(
                f"{self.record_path} is not a release record: {error}",
                "Move the file away to start a new record, or choose another folder with --output.",
            ) from error

    def write_record(self, record: ReleaseRecord) -> None:
        """Replace `release.json` in a single step. Raises ProjectError where the disk refuses."""
        write_file(self.record_path, msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")

    def claim(self, *, force: bool) -> None:
        """Make the folder ours to write.

        Raises ProjectError where it holds something that we didn't make; `force` lets us in beside it, but never
        where a step would replace it.
        """
        held = self._held()
        if self.record_path.exists() or not held:
            return
        if not force:
            raise ProjectError(
                f"{self.path} exists and was not made by jupyter-prodkit.",
                "Choose another folder with --output, or let it be used with --force (what is in it stays).",
            )
        in_the_way = sorted(held & {folder.name for folder in self.parts})
        if in_the_way:
            raise ProjectError(
                f"{self.path} holds {', '.join(in_the_way)}, which jupyter-prodkit did not make and would replace.",
                "Choose another folder with --output, or move that away.",
            )

    def _held(self) -> set[str]:
        """What is in the folder, but for what a killed run leaves: half a step, or a lock without its record."""
        try:
            found = {entry.name for entry in self.path.iterdir() if not entry.name.startswith(STAGING)}
            return found - {self.lock.name} if (self.lock / "environment.json").is_file() else found
        except FileNotFoundError:
            return set()
        except OSError as error:
            raise ProjectError(
                f"{self.path} can't be used as a project folder: {error.strerror or error}.",
                "Choose another folder with --output.",
            ) from error


def now() -> str:
    """Return the time now, in UTC, ISO 8601 to the second."""
    return datetime.now(timezone.utc).replace(microsecond=0).isoformat()


_USERINFO = re.compile(r"(?<=://)[^/\s\"'<>]*@")
_IN_QUERY = re.compile(r"(?P<name>[?&](?:\w*(?:password|secret|token|key))=)[^&\s\"'<>]+", re.IGNORECASE)


def without_credentials(text: str) -> str:
    """Return `text` with the user, the password and the tokens of every URL in it taken out."""
    return _IN_QUERY.sub(r"\g<name>…", _USERINFO.sub("", text))


def clean_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return `facts` with the credentials of every URL in their texts taken out, however deep they stand."""
    return {name: _clean(value) for name, value in facts.items()}


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return without_credentials(value)
    if isinstance(value, Mapping):
        return clean_facts(value)
    return [_clean(one) for one in value] if isinstance(value, (list, tuple)) else value
