"""What a cell shows, as a value to compare: the same code on the same values shows the same, noise apart."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

__all__ = ["same_outputs", "shown_digest"]

Output = Mapping[str, Any]
"""One output of a cell in nbformat's shape, or as the kernel's message has it."""

_WIDGET = "application/vnd.jupyter.widget-view+json"
_HTML = ("text/html", "application/javascript")
_RICHEST_FIRST = (
    "image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "image/svg+xml",
    "application/vnd.plotly.v1+json", *_HTML[:1], "text/latex", "text/markdown", "text/plain",
    "application/json", *_HTML[1:],
)  # fmt: skip
_BINARY = frozenset(_RICHEST_FIRST[:5])
_TOLERANCE = 1e-6
_NOTHING = 1e-15  # what is left of a sum that ought to be nought
_PIXEL_TOLERANCE = 1e-3
_SKLEARN_WITHIN = 4000
_MARK = "\0"  # stands where a number stood

# A decimal number has a point or an exponent; integers are compared as they stand. The pattern begins with one set of
# characters, which makes the search fast, and never within a run of digits, which keeps it linear.
_DECIMAL = re.compile(
    r"""([-+.0-9]
         (?: (?<=[-+]) (?: [0-9]+\.[0-9]* | \.[0-9]+ | [0-9]+(?=[eE][-+]?[0-9]) )
           | (?<=[0-9]) (?<![0-9A-Za-z_].) [0-9]* (?: \.[0-9]* | (?=[eE][-+]?[0-9]) )
           | (?<=\.) [0-9]+ )
         (?: [eE][-+]?[0-9]+ )? )""",
    re.VERBOSE,
)
_NUMBER = re.compile(r"((?<![0-9A-Za-z_])[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)")
_WHOLE = re.compile(r"(?<=[0-9])\.0(?![0-9])")
_CELL_IN_TABLE = r"(?:</th>\s*<td>|\}\s*&)?\s*"

# (a text without which the pattern can't match, the pattern, what stands in its place): a search for a plain text
# costs a tenth of one for a pattern. No pattern may look ahead from every place of a long text.
_NOISE = (
    ("\x1b", r"\x1b\[[0-9;?]*[A-Za-z]", ""),
    ("\r", r"(?<!\r)\r+$", ""),
    ("\r", r"^.*\r(?=[^\r\n])", ""),  # a progress bar: only the last of what overwrote each other is seen
    ("\b", r"^.*\x08(?=[^\x08\n])", ""),
    ("\b", r"\x08+", ""),
    ("0x", r"\bat 0x[0-9a-fA-F]+|\b0x[0-9a-fA-F]{9,}", "at 0x"),
    ("-", r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", "uuid"),
    ("sk-", r"sk-(?:container|estimator)-id-[0-9]+", "sk"),
    ("T_", r"\bT_[0-9a-f]{5,32}(?=_|\b)", "T"),
    ("ipykernel_", r"\bipykernel_[0-9]+[/\\][0-9]+\.py", "cell"),
    ("<ipython-input-", r"<ipython-input-[^>\s]*>", "cell"),
    ("CPU times: ", r"^CPU times: .*$", "timing"),
    ("Wall time: ", r"^Wall time: .*$", "timing"),
    ("The slowest run took ", r"^The slowest run took .*\n.*$", ""),
    (" per loop", r"^.* per loop.*$", "timing"),
    ("s/", r"\b[0-9.]{1,12}[mun]?s [0-9.]{1,12}[mun]?s/(?:step|epoch|sample)\b", "timing"),
    ("it", r"\[[0-9:?]+<[0-9:?]+, [^\]\n]{0,60}\]", "timing"),
    ("elapsed: ", r"\belapsed: +[0-9.]+ ?(?:s|min)\b", "timing"),
    ("time=", r"\btime= *[0-9.]+(?:s|min)\b", "timing"),
    ("Date:", rf"\bDate:{_CELL_IN_TABLE}[A-Z][a-z]{{2}}, [0-9]{{2}} [A-Z][a-z]{{2}} [0-9]{{4}}", "date"),
    ("Time:", rf"\bTime:{_CELL_IN_TABLE}[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}", "time"),
)
_UUID_WITHIN = re.compile(r"-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-")
_PAGE_NOISE = re.compile(r"(?<=[-_])[0-9a-f]{32}(?![0-9a-f])")  # the ids of Altair's and Folium's elements
_DRAWING_NOISE = re.compile(r"<dc:date>.*?</dc:date>|(?<=[\"#])[a-z][0-9a-f]{10}(?=[\")])")  # Matplotlib's
_PLACE = re.compile(r"\([^()]*,? ?\bline [0-9]+\)|\bline [0-9]+")


@dataclass(slots=True)
class _Shown:
    """One thing that counts: printed text, an error, or the richest form of a displayed object."""

    kind: str
    mime: str
    content: str


def shown_digest(outputs: Sequence[Output]) -> str:
    """Return a digest of what a cell shows, the same in every process for what any reader would call the same.

    Left out: stderr, memory addresses, ids made up anew at each run, timings, what a progress bar overwrote, white
    space, and what follows the sixth digit of decimal numbers.
    """
    digest = hashlib.sha256()
    for one in _what_counts(outputs):
        text, numbers = _rounded(one)
        # The numbers stand apart from the text: where each stood is marked in the text.
        part = "\x1f".join((one.kind, one.mime, str(len(text)), text, numbers))
        digest.update(part.encode("utf-8", "surrogatepass"))
        digest.update(b"\x1e")
    return digest.hexdigest()[:32]


def same_outputs(one: Sequence[Output], other: Sequence[Output]) -> bool:
    """Return whether two runs of a cell show the same, up to noise.

    As `shown_digest`, and more tolerant: decimal numbers may differ by a millionth, images by what no eye sees.
    """
    first, second = list(_what_counts(one)), list(_what_counts(other))
    return len(first) == len(second) and all(map(_same, first, second))


def _what_counts(outputs: Sequence[Output]) -> Iterator[_Shown]:
    """What counts, the errors last: figures that are still open are shown before or after one."""
    printed: list[str] = []
    errors: list[_Shown] = []
    for output in outputs:
        kind = output.get("output_type")
        if kind == "stream":
            if output.get("name") != "stderr":
                printed.append(_text(output.get("text")))
            continue
        if any(printed):
            yield _Shown("stream", "", "".join(printed))
        printed = []
        if kind == "error":
            said = f"{_text(output.get('ename'))}: {_text(output.get('evalue'))}"
            errors.append(_Shown("error", "", _PLACE.sub("", said)))
        elif isinstance(data := output.get("data"), Mapping) and data:
            mime = _richest(data)
            yield _Shown("data", mime, _text(data[mime]))
    if any(printed):
        yield _Shown("stream", "", "".join(printed))
    yield from errors


def _richest(data: Mapping[str, Any]) -> str:
    """The form that counts. A widget's and an estimator's page is full of ids, and its text says what it is."""
    if "text/plain" in data and (_WIDGET in data or "sk-" in _text(data.get("text/html"))[:_SKLEARN_WITHIN]):
        return "text/plain"
    return next((mime for mime in _RICHEST_FIRST if mime in data), min(data))


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, (list, tuple)) and all(isinstance(line, str) for line in content):
        return "".join(content)
    # A front end is JavaScript, which has no `1.0`.
    return "" if content is None else _WHOLE.sub("", json.dumps(content, sort_keys=True, default=str))


def _rounded(shown: _Shown) -> tuple[str, str]:
    """The text with a mark for each decimal number, and these numbers to six digits."""
    if shown.mime in _BINARY:
        return "".join(shown.content.split()), ""
    parts = _DECIMAL.split(_without_noise(shown))
    numbers = [x if x >= _NOTHING or x <= -_NOTHING else 0.0 for x in map(float, parts[1::2])]
    return " ".join(_MARK.join(parts[::2]).split()), ("%.6g " * len(numbers)) % tuple(numbers)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of `_NOISE`, compiled when a text first may match it: all of them take longer than a check does."""
    return re.compile(pattern, re.MULTILINE)


def _without_noise(shown: _Shown) -> str:
    text = shown.content
    for needle, pattern, instead in _NOISE:
        if needle in text and (needle != "-" or _UUID_WITHIN.search(text)):
            text = _compiled(pattern).sub(instead, text)
    if shown.mime in _HTML:
        return _PAGE_NOISE.sub("", text)
    return _DRAWING_NOISE.sub("", text) if shown.mime == "image/svg+xml" else text


def _same(one: _Shown, other: _Shown) -> bool:
    if (one.kind, one.mime) != (other.kind, other.mime):
        return False
    if one.content == other.content:
        return True
    if one.mime in _BINARY:
        return "".join(one.content.split()) == "".join(other.content.split()) or _same_pixels(one, other)
    first, second = (_NUMBER.split(_without_noise(shown)) for shown in (one, other))
    if len(first) != len(second) or not all(map(_same_number, first[1::2], second[1::2])):
        return False
    return _MARK.join(first[::2]).split() == _MARK.join(second[::2]).split()


def _same_number(one: str, other: str) -> bool:
    if one == other:
        return True
    if not any(sign in one + other for sign in ".eE"):
        return False
    a, b = float(one), float(other)
    return a == b or abs(a - b) <= _TOLERANCE * max(abs(a), abs(b), _NOTHING / _TOLERANCE)


def _same_pixels(one: _Shown, other: _Shown) -> bool:
    """Whether two images look alike; taken as different where Pillow and NumPy are not there to see them."""
    try:
        import numpy as np
        from PIL import Image
    except ImportError:
        return False
    try:
        first, second = (
            np.asarray(Image.open(io.BytesIO(base64.b64decode(shown.content))).convert("RGBA"), dtype="i2")
            for shown in (one, other)
        )
    except (OSError, ValueError, SyntaxError, binascii.Error):  # no image, or one that Pillow doesn't know
        return False
    return first.shape == second.shape and float(np.abs(first - second).mean()) < _PIXEL_TOLERANCE
