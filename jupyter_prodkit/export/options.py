"""What the export can be told, and what of it can't be told together."""

from __future__ import annotations

from typing import Annotated

import msgspec

from jupyter_prodkit.errors import UsageError
from jupyter_prodkit.step import Options

__all__ = ["ExportOptions", "check_combination"]


class ExportOptions(Options, frozen=True, kw_only=True):
    """What the export can be told."""

    name: Annotated[str | None, msgspec.Meta(description="Name of the package; the notebook's if not given.")] = None
    version: Annotated[str, msgspec.Meta(description="Version of the package (PEP 440).")] = "0.1.0"
    verify: Annotated[
        bool, msgspec.Meta(description="Run notebook and package and compare the values; takes as long as they do.")
    ] = True
    with_needed: Annotated[
        bool, msgspec.Meta(description="Take along what the marked cells need and nobody marked, without asking.")
    ] = False
    allow_effects: Annotated[
        bool, msgspec.Meta(description="Let the proof use the network, start programs and write outside a copy.")
    ] = False
    budget: Annotated[float, msgspec.Meta(description="Seconds that the proof may take.", gt=0)] = 900.0
    overwrite: Annotated[bool, msgspec.Meta(description="Give up edits that were made in the package by hand.")] = False
    track_data: Annotated[
        bool, msgspec.Meta(description="Have DVC track the files that the steps read, so that `dvc pull` brings them.")
    ] = False
    data_remote: Annotated[
        str | None,
        msgspec.Meta(
            description="Upload them with DVC: to a folder, s3://…, gs://…, azure://…, or a remote of the repository."
        ),
    ] = None
    preview: Annotated[
        bool,
        msgspec.Meta(description="Show what would be written, as tree and diff; write nothing.", extra={"form": False}),
    ] = False
    check: Annotated[
        bool,
        msgspec.Meta(
            description="Say whether package and notebook agree; write nothing, fail where they don't (for CI).",
            extra={"form": False},
        ),
    ] = False
    update_notebook: Annotated[
        bool,
        msgspec.Meta(
            description="Take edits of exported definitions back into the notebook's file.", extra={"form": False}
        ),
    ] = False


def check_combination(options: ExportOptions) -> None:
    """Raise UsageError for options of which one would be left out in silence."""
    instead = {"--check": options.check, "--update-notebook": options.update_notebook, "--preview": options.preview}
    data = {"--track-data": options.track_data, "--data-remote": options.data_remote is not None}
    given = [name for name, is_given in {**instead, **data}.items() if is_given]
    several = sum(instead.values()) > 1
    if several or (any(data.values()) and (options.check or options.update_notebook)):
        raise UsageError(f"{given[0]} does not go with {given[1]}.", "Give one of them, then the other.")
