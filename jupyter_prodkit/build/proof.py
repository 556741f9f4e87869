"""The proof that an image serves what the notebook had: its golden rows, asked of a running container."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_prodkit.build.container import Running, remove_container, start_container, wait_until_healthy
from jupyter_prodkit.build.engine import Engine
from jupyter_prodkit.errors import BuildError, ServeError
from jupyter_prodkit.progress import Progress

if TYPE_CHECKING:
    from jupyter_prodkit.runtime.golden import Comparison, Golden

__all__ = ["NotServedError", "Proof", "golden_difference", "prove"]

_TO_ANSWER_SECONDS = 60


class NotServedError(BuildError):
    """The image's service did not come to answer at all."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What the service answered, against what the notebook had."""

    rows: int
    max_difference: float

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{self.rows} of {self.rows} answered as in the notebook, max difference {self.max_difference:g}"


def prove(engine: Engine, image: str, golden: Golden, progress: Progress, *, gpus: bool = False) -> Proof:
    """Start the image, send its golden rows once it is healthy, and remove the container whatever comes of it.

    Raises NotServedError where the service does not get healthy, BuildError where it answers anything else than the
    notebook's predictions (naming the first difference), CancelledError.
    """
    try:
        container = start_container(engine, image, Running(gpus=gpus))
        try:
            wait_until_healthy(engine, container.id, progress)
            comparison = golden_difference(container.port, golden)
        finally:
            remove_container(engine, container.id, grace=0)
    except ServeError as error:
        raise NotServedError(f"The image was built, but it does not serve. {error.message}", error.hint) from error
    if not comparison.equal:
        raise BuildError(
            f"The image answers otherwise than the notebook. {comparison.first_difference}",
            "No tag stands for this image. Was the model pushed before the code was last changed? %prodpush MODEL",
        )
    return Proof(len(golden.predictions), comparison.max_difference)


def golden_difference(port: int, golden: Golden) -> Comparison:
    """Return how the service on this port of 127.0.0.1 answers the golden rows, against what the notebook had.

    Raises BuildError where it gives no answer that can be read.
    """
    from jupyter_prodkit.runtime.golden import compare

    return compare(golden.predictions, _ask(port, golden.request))


def _ask(port: int, request: dict[str, Any]) -> Any:
    """Return the predictions for a request; spoken plainly, so that no proxy setting gets in between."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TO_ANSWER_SECONDS)
    try:
        connection.request("POST", "/invocations", json.dumps(request), {"Content-Type": "application/json"})
        response = connection.getresponse()
        body = response.read()
        if response.status != http.client.OK:
            said = body[:500].decode(errors="replace")
            raise BuildError(f"The image does not answer its golden rows: status {response.status}, {said}")
        return json.loads(body)["predictions"]
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
        raise BuildError(f"The image's answer to its golden rows can't be read: {error!r}") from error
    finally:
        connection.close()
