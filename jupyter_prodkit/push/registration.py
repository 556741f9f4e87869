"""What the push hands to the process that talks to MLflow, and what that answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from jupyter_prodkit.runtime.release import Facts
from jupyter_prodkit.runtime.schema import Schema

__all__ = ["JOURNAL", "Journal", "Registered", "Registration"]

JOURNAL = "journal.json"
"""Where the journal is written, beside the answer."""


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
    push_id: str
    """Marks the run, so that whatever was made can be found again."""
    tags: dict[str, str] = field(default_factory=dict)


class Journal(msgspec.Struct, frozen=True, kw_only=True):
    """What there was not before the push; written before anything is made, so that it can be undone after any end."""

    experiment: bool
    name: bool
    """Whether the registered model is new."""


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
