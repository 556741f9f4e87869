"""The Docker Engine: finding one that answers, and its errors in our words. The only module that imports `docker`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from jupyter_prodkit.errors import BuildError, MissingDependencyError, ProdkitError

__all__ = ["Engine", "Image", "connect"]

_TO_ANSWER_SECONDS = 5
_TO_WORK_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Image:
    """An image that the engine holds."""

    digest: str
    """`sha256:…`, by which the engine knows it."""
    size: int
    """Bytes, with all its layers."""
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine that answered."""

    api: Any
    """`docker.APIClient`; its stubs know little of what it returns."""

    @contextmanager
    def asked_to(self, do: str, error: type[ProdkitError] = BuildError) -> Iterator[None]:
        """Turn whatever the engine or the way to it raises into `error`, naming what it was asked to do."""
        from docker.errors import APIError, DockerException
        from requests import RequestException
        from urllib3.exceptions import HTTPError

        try:
            yield
        except APIError as refusal:
            raise error(f"The Docker engine could not {do}: {refusal.explanation or refusal}") from refusal
        except (DockerException, RequestException, HTTPError, OSError) as failure:
            raise error(f"The Docker engine went away while it was to {do}: {failure}", _START_IT) from failure

    def image(self, name: str) -> Image:
        """Return what the engine knows of an image. Raises BuildError where it has none of that name."""
        with self.asked_to(f"look at the image {name}"):
            facts = self.api.inspect_image(name)
        return Image(facts["Id"], facts["Size"], tuple(facts.get("RepoTags") or ()))

    def tag(self, image: str, name: str) -> None:
        """Let `name` stand for the image. Raises BuildError."""
        repository, _, version = name.rpartition(":")
        with self.asked_to(f"tag the image as {name}"):
            self.api.tag(image, repository, version)

    def forget(self, image: str) -> None:
        """Remove an image that no tag stands for, but not the layers that the next build can use. Raises BuildError."""
        if not self.image(image).tags:
            with self.asked_to("remove the image"):
                self.api.remove_image(image, noprune=True)

    def gives_gpus(self) -> bool:
        """Return whether containers can get at GPUs of NVIDIA's."""
        with self.asked_to("describe itself"):
            return "nvidia" in (self.api.info().get("Runtimes") or {})


def connect(otherwise: str = "") -> Engine:
    """Return the engine of DOCKER_HOST, else of Docker's current context, else of the usual socket.

    Raises MissingDependencyError without the `docker` package, BuildError where no engine answers within a few
    seconds; `otherwise` is the hint's last sentence: what can be done without one.
    """
    try:
        import docker
        from docker.errors import DockerException
    except ImportError:
        raise MissingDependencyError("docker", "docker") from None
    try:
        api = docker.from_env(timeout=_TO_ANSWER_SECONDS).api
    except DockerException as error:
        raise BuildError(f"No Docker engine answers ({_cause(error)}).", f"{_START_IT} {otherwise}".strip()) from error
    api.timeout = _TO_WORK_SECONDS
    return Engine(api)


_START_IT = "Start Docker, or point DOCKER_HOST at an engine."


def _cause(error: BaseException) -> str:
    """Return where and why: the address, and the innermost message, without the layers of wrapping around it."""
    import os

    while error.__context__ is not None:
        error = error.__context__
    reason = getattr(error, "strerror", None) or str(error)
    return f"{os.environ.get('DOCKER_HOST', 'the usual socket')}: {reason}"
