"""What a cell is marked as, by tags in its metadata or by `#|` directives on its first lines."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jupyter_prodkit.errors import NotebookError

__all__ = ["Marks", "is_ignored", "marks_text", "read_marks", "step_of"]

_DIRECTIVE = re.compile(r"#\s*\|\s*(?P<word>[\w:]+)\s*(?P<rest>.*?)\s*$")
_MODULE = re.compile(r"[a-z_][a-z0-9_]*\Z")
_STEP = "step:"


@dataclass(frozen=True, slots=True)
class Marks:
    """The marks of one cell (DESIGN: Marking cells)."""

    export: bool = False
    module: str | None = None
    """The module that an exported cell's definitions go to; None for the package's main module."""
    parameters: bool = False
    ignore: bool = False
    step: str | None = None
    """The step that the cell belongs to."""


def read_marks(source: str, tags: Sequence[str]) -> Marks:
    """Return the marks set by `tags` and by the directives that `source` begins with; both mean the same.

    Raises NotebookError for a module name that is not a Python module's, and a step's that can't be a function's.
    """
    export, module = "export" in tags, None
    parameters, ignore = "parameters" in tags, "prodkit:ignore" in tags
    for word, rest in _directives(source):
        if word == "export":
            export, module = True, rest or module
        elif word == "parameters":
            parameters = True
        elif word == "ignore":
            ignore = True
    if module is not None and not _MODULE.match(module):
        raise NotebookError(
            f"`#| export {module}` does not name a module.",
            "Write lower-case letters, digits and underscores, for example `#| export features`.",
        )
    step = step_of(source, tags)
    if step is not None and not _is_name(step):
        raise NotebookError(
            f"`{_STEP}{step}` does not name a step.",
            "Write a name that a function could have, for example `step:train`.",
        )
    return Marks(export, module, parameters, ignore, step)


def step_of(source: str, tags: Sequence[str]) -> str | None:
    """Return the step that a cell is marked as, by `#| step NAME` or the tag `step:NAME`; never raises."""
    for word, rest in _directives(source):
        if word == "step" or word.startswith(_STEP):
            return word.removeprefix(_STEP) if word.startswith(_STEP) else rest
    return next((tag.removeprefix(_STEP) for tag in tags if tag.startswith(_STEP)), None)


def is_ignored(source: str, tags: Sequence[str]) -> bool:
    """Return whether rules should skip the cell; never raises, whatever its other marks say."""
    return "prodkit:ignore" in tags or any(word == "ignore" for word, _ in _directives(source))


def marks_text(source: str, tags: Sequence[str]) -> str:
    """Return the marks as one text that differs when they do; never raises, whatever they say."""
    known = [tag for tag in tags if tag in {"export", "parameters", "prodkit:ignore"} or tag.startswith(_STEP)]
    return " ".join([*sorted(known), *(f"{word} {rest}".strip() for word, rest in _directives(source))])


def _is_name(text: str) -> bool:
    return text.isidentifier() and text.isascii() and not keyword.iskeyword(text)


def _directives(source: str) -> Iterator[tuple[str, str]]:
    for line in source.splitlines():
        if not line.strip():
            continue
        match = _DIRECTIVE.match(line.strip())
        if match is None:
            return
        yield match["word"], match["rest"]
