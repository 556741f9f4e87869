"""What a cell is marked as, by tags in its metadata or by `#|` directives on its first lines.

The one place that knows the words, ours and those of other tools; `labextension/src/marks.ts` reads the same table of
cases in its tests (`tests/notebook/marks.json`).
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from jupyter_prodkit.errors import NotebookError

__all__ = [
    "Kind",
    "Marks",
    "check_module",
    "check_step",
    "default_module",
    "directive_of",
    "is_exported",
    "is_ignored",
    "is_parameters",
    "marks_text",
    "read_marks",
    "step_of",
    "tag_of",
    "void_marks",
]

Kind = Literal["step", "export", "parameters", "ignore"]
"""The marks that a user sets, from every face."""

_DIRECTIVE = re.compile(r"#\s*\|\s*(?P<word>[\w:]+)\s*(?P<rest>.*?)\s*$")
_OTHER_TEXT = re.compile(r"%%(writefile|file|html|HTML|svg|SVG|latex|markdown|javascript|js)\b")
"""Cell magics whose text is no code of the notebook's: a `#|` line in it is that text's."""
_MODULE = re.compile(r"[a-z_][a-z0-9_]*\Z")
_STEP, _EXPORT, _RETURNS = "step:", "export:", "returns:"
_EXPORTS = frozenset({"export", "exporti", "exports", "exportd"})
"""nbdev's words: public, private, with its source in the documentation, without."""
_PARAMETERS = frozenset({"parameters", "pipeline-parameters"})  # papermill's and Kale's
_DEFINITIONS = frozenset({"imports", "functions", "active-py"})  # Kale's and Jupytext's
_LEFT_OUT = frozenset({"skip", "active-ipynb"})
_TAGS = _PARAMETERS | _DEFINITIONS | _LEFT_OUT | {"export", "prodkit:ignore"}


@dataclass(frozen=True, slots=True)
class Marks:
    """The marks of one cell (DESIGN: Marking cells)."""

    export: bool = False
    module: str | None = None
    """The module that an exported cell's definitions go to; None for the package's main module."""
    parameters: bool = False
    ignore: bool = False
    step: str | None = None
    """The step that the cell is part of."""
    returns: tuple[str, ...] = ()
    """Names of the cell that its step returns, whatever else it does."""
    left_out: str | None = None
    """The word that keeps the cell out of modules and steps, whatever else it is marked."""


def read_marks(source: str, tags: Sequence[str]) -> Marks:
    """Return the marks set by `tags` and by the directives that `source` begins with; both mean the same.

    What other tools mark is understood as well: nbdev's `exporti` and `eval: false`, papermill's, Kale's and Jupytext's
    tags. Raises NotebookError for a module or step name that is none, and for marks that exclude each other.
    """
    parameters, ignore = is_parameters(source, tags), is_ignored(source, tags)
    left_out = next(_left_out(source, tags), None)
    if left_out is not None:
        return Marks(parameters=parameters, ignore=ignore, left_out=left_out)
    modules = list(_modules(source, tags))
    module = next((name for name in reversed(modules) if name), None)
    if module is not None:
        check_module(module)
    step = _one_step(list(_steps(source, tags)), export=bool(modules), parameters=parameters)
    returned = _returned(list(_returns(source, tags)), step)
    return Marks(bool(modules), module, parameters, ignore, step, returned)


def _returned(names: Sequence[str], step: str | None) -> tuple[str, ...]:
    """What the cell's step is to return. Raises NotebookError where it is part of none, and for what is no name."""
    if names and step is None:
        raise NotebookError(
            f"A cell is marked `returns:{names[0]}`, and is not part of a step.",
            "Mark it as one as well: `#| step load`.",
        )
    for name in names:
        if not name.isidentifier() or keyword.iskeyword(name):
            raise NotebookError(f"`returns:{name}` does not name a value.", "Write names: `#| returns rows, labels`.")
    return tuple(dict.fromkeys(names))


def tag_of(kind: Kind, name: str = "") -> str:
    """Return the tag that marks a cell, as the panel sets it and as the mark is spoken of."""
    if kind == "ignore":
        return "prodkit:ignore"
    return f"{kind}:{name}" if name else kind


def directive_of(kind: Kind, name: str = "") -> str:
    """Return the line that marks the cell which begins with it."""
    return f"#| {kind} {name}".rstrip()


def check_module(module: str) -> None:
    """Raise NotebookError where an exported cell's module can't have that name."""
    if not _MODULE.match(module):
        raise NotebookError(
            f"`{module}` does not name a module.",
            "Write lower-case letters, digits and underscores, for example `#| export features`.",
        )


def check_step(name: str) -> None:
    """Raise NotebookError where a step can't have that name: that of a function."""
    if not _MODULE.match(name) or keyword.iskeyword(name):
        raise NotebookError(
            f"`step:{name}` does not name a step.",
            "Write lower-case letters, digits and underscores, for example `#| step train`.",
        )


def _one_step(names: Sequence[str], *, export: bool, parameters: bool) -> str | None:
    """The one step that a cell is part of. Raises NotebookError for several, for a bad name, and beside `export`."""
    if not names:
        return None
    if len(set(names)) > 1 or export or parameters:
        others = [*("export" for _ in [0] if export), *("parameters" for _ in [0] if parameters)]
        marks = ", ".join(f"`{mark}`" for mark in [*(f"step:{name}" for name in dict.fromkeys(names)), *others])
        raise NotebookError(f"A cell is marked {marks}, which can't all be meant.", "Keep one of the marks.")
    check_step(names[0])
    return names[0]


# --- what never raises, whatever the marks say -------------------------------------------------------------------


def is_exported(source: str, tags: Sequence[str]) -> bool:
    """Return whether the cell's code is to run in production: exported or part of a step, and not left out."""
    if not tags and "|" not in source:
        return False
    marked = any(True for _ in _modules(source, tags)) or step_of(source, tags) is not None
    return marked and next(_left_out(source, tags), None) is None


def is_parameters(source: str, tags: Sequence[str]) -> bool:
    """Return whether the cell's literals are settings."""
    return not _PARAMETERS.isdisjoint(tags) or any(word == "parameters" for word, _ in _directives(source))


def default_module(sources: Iterable[str]) -> str | None:
    """Return the module that nbdev's `#| default_exp NAME` names for a notebook's cells, dots as underscores, or None.

    A page has one at most that counts: the first.
    """
    for source in sources:
        if "default_exp" in source:
            for word, rest in _directives(source):
                if word == "default_exp" and rest:
                    return rest.lower().replace(".", "_")
    return None


def _left_out(source: str, tags: Sequence[str]) -> Iterator[str]:
    """The words that leave the cell out, a directive before a tag."""
    yield from (f"{word} {rest}" for word, rest in _directives(source) if (word, rest) == ("eval:", "false"))
    yield from (tag for tag in tags if tag in _LEFT_OUT)


def _modules(source: str, tags: Sequence[str]) -> Iterator[str]:
    """The module of each mark that exports the cell, empty where it names none; a directive counts before a tag."""
    yield from (tag.removeprefix(_EXPORT) for tag in tags if tag.startswith(_EXPORT))
    yield from ("" for tag in tags if tag == "export" or tag in _DEFINITIONS)
    yield from (rest for word, rest in _directives(source) if word in _EXPORTS)


def step_of(source: str, tags: Sequence[str]) -> str | None:
    """Return the step that a cell is marked as, a directive before a tag; never raises, whatever its name."""
    return next(iter(_steps(source, tags)), None)


def _steps(source: str, tags: Sequence[str]) -> Iterator[str]:
    for word, rest in _directives(source):
        if word == "step" or word.startswith(_STEP):
            yield rest if word == "step" else word.removeprefix(_STEP)
    yield from (tag.removeprefix(_STEP) for tag in tags if tag.startswith(_STEP))


def _returns(source: str, tags: Sequence[str]) -> Iterator[str]:
    for word, rest in _directives(source):
        if word == "returns":
            yield from rest.replace(",", " ").split()
    yield from (tag.removeprefix(_RETURNS) for tag in tags if tag.startswith(_RETURNS))


def is_ignored(source: str, tags: Sequence[str]) -> bool:
    """Return whether rules should skip the cell; never raises, whatever its other marks say."""
    return "prodkit:ignore" in tags or any(word == "ignore" for word, _ in _directives(source))


def void_marks(source: str, tags: Sequence[str]) -> tuple[str, ...]:
    """Return, as tags, our marks that stand below a `%%` line, where no `#|` line is one; never raises.

    Those that `tags` hold already are none of them, nor are other tools' words and lines of the text of a file.
    """
    first, _, rest = source.lstrip().partition("\n")
    if _OTHER_TEXT.match(first):
        return ()
    while first.startswith("%%") and rest.lstrip().startswith("%%"):
        first, _, rest = rest.lstrip().partition("\n")
    found = [tag for word, said in _directives(rest) for tag in _as_tags(word, said)] if first.startswith("%%") else []
    return tuple(dict.fromkeys(tag for tag in found if tag not in tags))


def _as_tags(word: str, rest: str) -> Iterator[str]:
    """A directive of ours as the tags that say the same."""
    if word in _EXPORTS:
        yield tag_of("export", rest)
    elif word == "step" or word.startswith(_STEP):
        yield tag_of("step", rest if word == "step" else word.removeprefix(_STEP))
    elif word == "returns":
        yield from (f"{_RETURNS}{name}" for name in rest.replace(",", " ").split())
    elif word == "parameters":
        yield tag_of("parameters")
    elif word == "ignore":
        yield tag_of("ignore")


def marks_text(source: str, tags: Sequence[str]) -> str:
    """Return the marks as one text that differs when they do; never raises, whatever they say."""
    known = [tag for tag in tags if tag in _TAGS or tag.startswith((_STEP, _EXPORT, _RETURNS))]
    return " ".join([*sorted(known), *(f"{word} {rest}".strip() for word, rest in _directives(source))])


def _directives(source: str) -> Iterator[tuple[str, str]]:
    for line in source.splitlines():
        if not line.strip():
            continue
        match = _DIRECTIVE.match(line.strip())
        if match is None:
            return
        yield match["word"], match["rest"]
