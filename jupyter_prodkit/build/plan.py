"""What a build would do: base, tag, labels and the whole context, settled before anything is written."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from jupyter_prodkit.build.base import Base, choose_base, cuda_version, system_libraries
from jupyter_prodkit.build.context import ContextTree, plan_context
from jupyter_prodkit.build.dockerfile import Facts, render_dockerfile
from jupyter_prodkit.build.ingredients import Ingredients, gather
from jupyter_prodkit.files import file_digest
from jupyter_prodkit.release import ProjectFolder, clean_facts
from jupyter_prodkit.step import Inputs, Options, Plan

if TYPE_CHECKING:
    from jupyter_prodkit.runtime.golden import Golden

__all__ = ["BuildOptions", "BuildPlan", "full_tag", "plan_build"]

_TESTED_UV = "0.13.9"
"""The uv that installs inside the image where none is known here."""


class BuildOptions(Options, frozen=True, kw_only=True):
    """What the build step can be told."""

    tag: Annotated[str | None, msgspec.Meta(description="The image's name; MODEL:VERSION if not given.")] = None
    base: Annotated[str | None, msgspec.Meta(description="The image to build on, in place of the one chosen.")] = None
    index: Annotated[
        str | None, msgspec.Meta(description="One more package index, for what the usual one lacks: torch==2.6.0+cpu.")
    ] = None
    no_cache: Annotated[bool, msgspec.Meta(description="Build every layer anew.")] = False


@dataclass(frozen=True, kw_only=True)
class BuildPlan(Plan):
    """A build that can run."""

    project: ProjectFolder
    tree: ContextTree
    tag: str
    base: Base
    golden: Golden
    uses_gpus: bool
    arguments: Mapping[str, str]
    """Docker's build arguments; they reach no layer that is shipped."""
    no_cache: bool
    by_hand: str
    """The command that builds the same image without us."""


def plan_build(inputs: Inputs, options: BuildOptions) -> BuildPlan:
    """Plan an image of what was locked, exported and pushed. Raises BuildError where one of the three is missing."""
    found = gather(inputs.project)
    manifest = found.manifest
    base = choose_base(found.environment, found.distributions, options.base)
    tag = full_tag(options.tag, manifest.name, manifest.version)
    arguments = {} if options.index is None else {"UV_INDEX": options.index}
    # A name alone: Docker takes the value, which may hold a password, from the environment.
    given = "".join(f" --build-arg {name}" for name in arguments)
    by_hand = f"docker build{given} -t {tag} {shlex.quote(str(inputs.project.image))}"
    return BuildPlan(
        summary=f"Build image {tag} on {base.image} ({base.why}).",
        details=(
            f"Model {manifest.name} {manifest.version} with {manifest.package} {manifest.package_version}.",
            f"{len(found.distributions)} locked distributions.",
            f"The same by hand: {by_hand}",
        ),
        project=inputs.project,
        tree=_context(found, base, tag, inputs.record.notebook),
        tag=tag,
        base=base,
        golden=found.golden,
        uses_gpus=cuda_version(found.environment) is not None,
        arguments=arguments,
        no_cache=options.no_cache,
        by_hand=by_hand,
    )


def full_tag(wanted: str | None, model: str, model_version: str) -> str:
    """Return the image's name with a version: as wanted, else the model's, in the few signs Docker takes."""
    version_part = re.sub(r"[^A-Za-z0-9_.-]+", "-", model_version).lstrip(".-") or "1"
    if wanted is None:
        plain = re.sub(r"[^a-z0-9]+", lambda other: "_" if other[0] == "_" else "-", model.lower())
        return f"{plain.strip('-_') or 'model'}:{version_part}"
    has_version = ":" in wanted.rpartition("/")[2]  # a colon further left is a registry's port
    return wanted if has_version else f"{wanted}:{version_part}"


def _context(found: Ingredients, base: Base, tag: str, notebook: str) -> ContextTree:
    dockerfile = render_dockerfile(
        Facts(
            package=found.manifest.package,
            wheel=found.wheel.name,
            python=found.environment.python,
            uv=_installed_uv(),
            base=base,
            tag=tag,
            model=f"{found.manifest.name} {found.manifest.version}",
            local_wheels=bool(found.local_wheels),
            libraries=system_libraries(found.distributions),
            labels=_labels(found, base, notebook),
        )
    )
    return plan_context(dockerfile, found)


def _labels(found: Ingredients, base: Base, notebook: str) -> dict[str, str]:
    """Return from where the image comes, so that whoever holds it finds the way back to the cells."""
    manifest = found.manifest
    facts: dict[str, Any] = {
        "org.opencontainers.image.title": manifest.name,
        "org.opencontainers.image.version": manifest.version,
        "org.opencontainers.image.base.name": base.image,
        "jupyter-prodkit.notebook": notebook,
        "jupyter-prodkit.notebook-digest": manifest.notebook_digest,
        "jupyter-prodkit.lock-digest": manifest.lock_digest or file_digest(found.locks[0]),
        "jupyter-prodkit.package": manifest.package,
        "jupyter-prodkit.package-version": manifest.package_version,
        "jupyter-prodkit.model": manifest.name,
        "jupyter-prodkit.model-version": manifest.version,
    }
    return clean_facts({name: value for name, value in facts.items() if value})


def _installed_uv() -> str:
    try:
        return version("uv")
    except PackageNotFoundError:
        return _TESTED_UV
