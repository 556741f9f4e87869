"""The proof of a running service: it answers its golden rows as the notebook did, over HTTP."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import msgspec

from jupyter_prodkit.build.proof import golden_difference
from jupyter_prodkit.errors import BuildError, ServeError
from jupyter_prodkit.runtime.golden import Comparison, Golden
from jupyter_prodkit.serve.service import Service

__all__ = ["example_call", "prove_service", "read_golden"]


def read_golden(release: Path) -> Golden:
    """Return the golden rows of a release folder. Raises ServeError where they can't be read."""
    try:
        return msgspec.json.decode((release / "golden.json").read_bytes(), type=Golden)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ServeError(f"The golden rows of {release} can't be read: {error}.", "Push the model again.") from error


def prove_service(service: Service, golden: Golden) -> Comparison:
    """Return how the service answers its golden rows. Raises ServeError where that is not as in the notebook."""
    again = (
        "Push the model again." if service.where == "process" else "Build the image again: the model is another now."
    )
    try:
        outcome = golden_difference(service.port, golden)
    except BuildError as error:
        raise ServeError(f"The service gives no answer to its golden rows: {error.message}", again) from error
    if not outcome.equal:
        raise ServeError(f"The service answers otherwise than the notebook: {outcome.first_difference}.", again)
    return outcome


def example_call(url: str, golden: Golden) -> str:
    """Return a shell command that asks for the first golden row."""
    name, content = next(iter(golden.request.items()))
    one = {**content, "data": content["data"][:1]} if isinstance(content, dict) else content[:1]
    return f"curl -s {url}/invocations -H 'Content-Type: application/json' -d {shlex.quote(json.dumps({name: one}))}"
