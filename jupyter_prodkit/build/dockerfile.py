"""The Dockerfile as a value: its text is a template, and every fact in it is checked or quoted here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from jupyter_prodkit.build.base import Base, python_tag, slim_image
from jupyter_prodkit.errors import BuildError

if TYPE_CHECKING:
    from jinja2 import Template

__all__ = ["Facts", "render_dockerfile"]

# As Docker's reference grammar has it, without the registry's digest.
_IMAGE = re.compile(r"[a-z0-9]+[a-zA-Z0-9._:/@-]*\Z")
_MODULE = re.compile(r"[A-Za-z_]\w*\Z", re.ASCII)
_WHEEL = re.compile(r"[A-Za-z0-9_.+!-]+\.whl\Z")
_VERSION = re.compile(r"[A-Za-z0-9.+!]+\Z")


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything the Dockerfile depends on."""

    package: str
    """The import name of the exported package."""
    wheel: str
    python: str
    uv: str
    base: Base
    tag: str
    model: str
    """The model's name and version, for reading."""
    local_wheels: bool = False
    """Whether a lock refers to files below `wheels/`."""
    libraries: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


def render_dockerfile(facts: Facts) -> str:
    """Return the text of the Dockerfile, for the classic builder and BuildKit alike.

    Raises BuildError where a name could not stand in it as it is.
    """
    for what, value, shape in (
        ("base image", facts.base.image, _IMAGE),
        ("tag", facts.tag, _IMAGE),
        ("package", facts.package, _MODULE),
        ("wheel", facts.wheel, _WHEEL),
        ("version of uv", facts.uv, _VERSION),
    ):
        if not shape.match(value):
            raise BuildError(f"{value!r} can't be the {what} of an image.", "Letters, digits and a few signs only.")
    return _template().render(
        package=facts.package,
        wheel=facts.wheel,
        wheels=facts.local_wheels,
        python=python_tag(facts.python),
        uv=facts.uv,
        uv_image=slim_image(facts.python),
        base=facts.base,
        tag=facts.tag,
        model=_one_line(facts.model),
        libraries=facts.libraries,
        labels=facts.labels,
    )


@cache
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # every step is imported with the first magic

    environment = Environment(
        loader=PackageLoader("jupyter_prodkit.build"),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - a Dockerfile is no HTML; `assignments` quotes what needs it
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["assignments"] = _assignments
    return environment.get_template("Dockerfile.j2")


def _assignments(values: Mapping[str, str]) -> str:
    """Return what follows ENV or LABEL, one value a line."""
    return " \\\n    ".join(f"{name}={_quoted(values[name])}" for name in sorted(values))


def _quoted(text: str) -> str:
    """Return `text` as one double-quoted word of a Dockerfile, in which nothing is expanded."""
    escaped = re.sub(r'([\\"$])', r"\\\1", _one_line(text))
    return f'"{escaped}"'


def _one_line(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+", " ", text)
