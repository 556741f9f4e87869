"""From a cell's text to plain Python, as IPython understands it; only here is IPython's transformer imported."""

from __future__ import annotations

import ast
import re
from functools import lru_cache

from IPython.core.inputtransformer2 import TransformerManager

from jupyter_prodkit.notebook.syntax import shared_tree

__all__ = ["OWN_MAGICS", "cell_capture", "own_magics_in", "own_magics_only", "to_python"]

OWN_MAGICS = ("prodcheck", "prodlock", "prodexport", "prodpush", "prodbuild", "prodserve", "prodmark")

_OWN_LINE = re.compile(rf"%(?:{'|'.join(OWN_MAGICS)})\b|%(?:re)?load_ext\s+jupyter_prodkit\s*$")
# Only wrappers that run the body in the notebook's names: the body of other cell magics is not this kernel's Python.
_WRAPPED_BODY = re.compile(r"\A\s*%%(?P<magic>time|capture|prun)\b(?P<line>[^\n]*)(?:\n(?P<body>.*))?\Z", re.DOTALL)
_TIMED_LINE = re.compile(
    r"^(?P<indent>[ \t]*)get_ipython\(\)\.run_line_magic\('time', (?P<code>'.*'|\".*\")\)$", re.MULTILINE
)
# What `str.splitlines` takes for the end of a line, and Python doesn't: IPython would warn of lines without an end.
# Rare signs that can be printed stand in for it meanwhile.
_HIDDEN = {ord(sign): 0x28A0 + place for place, sign in enumerate("\x1c\x1d\x1e\x85\u2028\u2029")}
_SHOWN = {hidden: sign for sign, hidden in _HIDDEN.items()}


@lru_cache(maxsize=4096)
def to_python(source: str) -> str:
    """Return `source` as Python, magics and shell lines turned into the calls IPython makes of them.

    The bodies of `%%time`, `%%capture` and `%time` stand as code of the cell, as they bind names in the notebook.
    Returns the text unchanged where IPython can't transform it.
    """
    wrapped = _WRAPPED_BODY.match(source)
    if wrapped is not None:
        return to_python(wrapped["body"] or "")
    if _is_plain(source):
        return source
    try:
        hidden = str(TransformerManager().transform_cell(source.translate(_HIDDEN)))  # type: ignore[no-untyped-call]
        transformed = hidden.translate(_SHOWN)
    except Exception:  # noqa: BLE001 - IPython's transformers raise what they like on half-typed cells
        return source
    return _TIMED_LINE.sub(_timed_code, transformed)


def cell_capture(source: str) -> str | None:
    """Return the name that `%%capture NAME` on the cell's first line binds, or None."""
    wrapped = _WRAPPED_BODY.match(source)
    if wrapped is None:
        return None
    names = [word for word in wrapped["line"].split() if word.isidentifier()]
    if wrapped["magic"] == "capture" and names:
        return names[0]
    return cell_capture(wrapped["body"] or "")


def own_magics_only(source: str) -> bool:
    """Return whether a cell is nothing but our own magics and comments; such a cell is not part of the notebook."""
    code = _code_lines(source)
    return bool(code) and all(_OWN_LINE.match(line) for line in code)


def own_magics_in(source: str) -> bool:
    """Return whether a line of a cell is one of our own magics."""
    return "%" in source and any(_OWN_LINE.match(line) for line in _code_lines(source))


def _code_lines(source: str) -> list[str]:
    lines = [line.strip() for line in source.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def _is_plain(source: str) -> bool:
    """Whether IPython would leave the text alone: most cells, and far quicker to see than to transform."""
    if source.startswith((" ", "\t", "\n", ">>>", "In [")):
        return False
    if not any(sign in source for sign in "%!?"):
        return True
    return shared_tree(source) is not None  # a line of magic is no valid Python; a remainder or `!=` is


def _timed_code(line: re.Match[str]) -> str:
    return line["indent"] + str(ast.literal_eval(line["code"]))
