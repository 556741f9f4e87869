"""From a cell's text to plain Python, as IPython itself understands it; the only place that imports IPython's transformer."""

from __future__ import annotations

import re

from IPython.core.inputtransformer2 import TransformerManager

__all__ = ["OWN_MAGICS", "own_magics_only", "to_python"]

OWN_MAGICS = ("prodcheck", "prodlock", "prodexport", "prodpush", "prodbuild", "prodserve")

_OWN_LINE = re.compile(rf"%(?:{'|'.join(OWN_MAGICS)})\b|%(?:re)?load_ext\s+jupyter_prodkit\s*$")
# Only timing wrappers: the body of other cell magics is not this kernel's Python.
_TIMED_BODY = re.compile(r"\A\s*%%(?:time|capture|prun)\b[^\n]*\n(?P<body>.*)\Z", re.DOTALL)
_TIMED_LINE = re.compile(r"^(?P<indent>\s*)%time\s+(?P<code>.*)$", re.MULTILINE)


def to_python(source: str) -> str:
    """Return `source` as Python, magics and shell lines turned into the calls IPython makes of them.

    The bodies of `%%time` and `%time` stand as code of the cell, as they bind names in the notebook.
    Returns the text unchanged where IPython can't transform it.
    """
    timed = _TIMED_BODY.match(source)
    if timed is not None:
        source = timed["body"]
    source = _TIMED_LINE.sub(r"\g<indent>\g<code>", source)
    if "%" not in source and "!" not in source and "?" not in source and not source[:1].isspace():
        return source  # nothing IPython would touch: most cells, and 20 times faster
    try:
        return str(TransformerManager().transform_cell(source))
    except Exception:  # noqa: BLE001 - IPython's transformers raise what they like on half-typed cells
        return source


def own_magics_only(source: str) -> bool:
    """Return whether a cell consists of nothing but our own magics and comments; such a cell is not part of the notebook."""
    lines = [line.strip() for line in source.splitlines()]
    code = [line for line in lines if line and not line.startswith("#")]
    return bool(code) and all(_OWN_LINE.match(line) for line in code)
