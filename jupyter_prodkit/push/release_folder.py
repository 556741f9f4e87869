"""The release folder of a push, and the proof that the service will answer from it as the notebook does."""

from __future__ import annotations

from pathlib import Path

import msgspec

from jupyter_prodkit.push.registration import Registration
from jupyter_prodkit.runtime.errors import ServingError
from jupyter_prodkit.runtime.golden import replay
from jupyter_prodkit.runtime.release import load_release, release_files

__all__ = ["RefusedError", "write_proved_release"]


class RefusedError(Exception):
    """The model can't be pushed, for the reason given."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def write_proved_release(wanted: Registration, version: str) -> None:
    """Write the release folder, and have its rows predicted as the service will do it, from JSON on.

    Raises RefusedError where that fails or gives another answer.
    """
    folder = Path(wanted.release_folder)
    try:
        files = release_files(
            msgspec.structs.replace(wanted.facts, version=version),
            model=wanted.model,
            schema=wanted.schema,
            rows=wanted.rows,
            predictions=wanted.predictions,
        )
        for file, content in files.items():
            (folder / file).write_bytes(content)
        outcome = replay(load_release(folder))
    except ServingError as error:
        raise RefusedError(error.message, error.hint) from error
    if not outcome.equal:
        raise RefusedError(
            f"Sent to the service as a request, the rows give another answer: {outcome.first_difference}.",
            "Look for values that JSON can't carry as they are: mixed types, special objects in a column.",
        )
