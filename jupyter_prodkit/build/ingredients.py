"""What the earlier steps left in the project folder; what is missing names the step that makes it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, TypeVar

import msgspec
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from jupyter_prodkit.build.base import python_tag
from jupyter_prodkit.environment.facts import EnvironmentFacts
from jupyter_prodkit.errors import BuildError
from jupyter_prodkit.release import ProjectFolder

if TYPE_CHECKING:
    from jupyter_prodkit.runtime.golden import Golden
    from jupyter_prodkit.runtime.release import Manifest

__all__ = ["Ingredients", "gather"]

_REQUIREMENT = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*(?:==|@)", re.MULTILINE)
_LOCAL_WHEEL = re.compile(r"(?:^|[\s@/])wheels/([A-Za-z0-9_.+!-]+\.whl)\b", re.MULTILINE)

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Ingredients:
    """Everything that goes into the image."""

    environment: EnvironmentFacts
    manifest: Manifest
    golden: Golden
    locks: tuple[Path, ...]
    local_wheels: tuple[Path, ...]
    """The files that the locks refer to as `./wheels/NAME.whl`."""
    distributions: tuple[str, ...]
    """The normalized names in the locks, sorted."""
    wheel: Path
    config: Path
    release: Mapping[PurePosixPath, Path]


def gather(project: ProjectFolder) -> Ingredients:
    """Return what the earlier steps left behind.

    Raises BuildError where something is missing, can't be read, or does not belong together.
    """
    from jupyter_prodkit.runtime.golden import Golden
    from jupyter_prodkit.runtime.release import FORMAT, Manifest

    environment = _decoded(_there(project.lock / "environment.json", _LOCK), EnvironmentFacts, _LOCK)
    locks = tuple(_there(project.lock / name, _LOCK) for name in ("requirements.lock", "serving.lock"))
    text = "\n".join(lock.read_text(encoding="utf-8") for lock in locks)
    local = sorted(set(_LOCAL_WHEEL.findall(text)))
    names = [*_REQUIREMENT.findall(text), *(name.partition("-")[0] for name in local)]
    config = _there(project.package / "config.yaml", _EXPORT)
    manifest = _decoded(_there(project.release / "manifest.json", _PUSH), Manifest, _PUSH)
    if manifest.format != FORMAT:
        raise BuildError(f"The release has format {manifest.format}, not {FORMAT}.", f"Make it again: {_PUSH}")
    if manifest.python != python_tag(environment.python):
        raise BuildError(
            f"The model was pushed from Python {manifest.python}, the lock is for Python {environment.python}.",
            f"Do both in the same kernel: {_LOCK}, then {_PUSH}",
        )
    files = sorted({"manifest.json", *manifest.files})
    return Ingredients(
        environment=environment,
        manifest=manifest,
        golden=_decoded(_there(project.release / "golden.json", _PUSH), Golden, _PUSH),
        locks=locks,
        local_wheels=tuple(_there(project.lock / "wheels" / name, _LOCK) for name in local),
        distributions=tuple(sorted({canonicalize_name(name) for name in names})),
        wheel=_wheel_of(project, manifest),
        config=config,
        release={PurePosixPath(name): _there(project.release / name, _PUSH) for name in files},
    )


_LOCK, _EXPORT, _PUSH = "%prodlock", "%prodexport", "%prodpush MODEL"


def _there(path: Path, step: str) -> Path:
    if not path.is_file():
        raise BuildError(f"{path.parent.name}/{path.name} is missing in the project folder.", f"Make it first: {step}")
    return path


def _decoded(path: Path, kind: type[T], step: str) -> T:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except msgspec.DecodeError as error:
        raise BuildError(f"{path} can't be read: {error}", f"Make it again: {step}") from error


def _wheel_of(project: ProjectFolder, manifest: Manifest) -> Path:
    """Return the wheel of the very version that the model was pushed with: the service takes no other."""
    found: list[str] = []
    for path in sorted(project.dist.glob("*.whl")):
        try:
            name, version, _, _ = parse_wheel_filename(path.name)
        except InvalidWheelFilename:
            continue
        if name == canonicalize_name(manifest.package):
            if str(version) == manifest.package_version:
                return path
            found.append(str(version))
    if found:
        raise BuildError(
            f"The model was pushed with {manifest.package} {manifest.package_version}; exported is {', '.join(found)}.",
            f"Push it again: {_PUSH}",
        )
    raise BuildError(f"There is no wheel of {manifest.package} in {project.dist}.", f"Make it first: {_EXPORT}")
