"""What the push hands to the process that talks to MLflow, and what that answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from jupyter_prodkit.runtime.release import Facts
from jupyter_prodkit.runtime.schema import Schema

__all__ = ["Registered", "Registration"]


@dataclass(frozen=True, slots=True)
class Registration:
    """One model to be logged and registered."""

    tracking_uri: str
    artifact_location: str | None
    """Where the embedded store keeps artefacts; None where a server decides."""
    experiment: str
    facts: Facts
    """With an empty version: the registry gives it."""
    model: bytes
    schema: Schema
    rows: Any
    predictions: Any
    package_source: str
    """Folder of the package's import name."""
    config: str
    """The package's config.yaml."""
    lock_folder: str
    release_folder: str
    """Where to put the release folder's files."""
    requirements: tuple[str, ...]
    tags: dict[str, str] = field(default_factory=dict)


class Registered(msgspec.Struct, frozen=True, kw_only=True):
    """The model version that was made, or why none was."""

    error: str = ""
    hint: str = ""
    name: str = ""
    version: str = ""
    run_id: str = ""
    compared: int = 0
    exact: bool = False
    max_difference: float = 0.0
    signature: bool = True
    """Whether MLflow could write the model's signature."""
