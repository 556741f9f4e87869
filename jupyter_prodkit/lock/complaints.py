"""From what uv printed when it failed to one sentence with uv's own reason, and what to do about it."""

from __future__ import annotations

import re

from jupyter_prodkit.errors import LockError
from jupyter_prodkit.release import without_credentials

__all__ = ["UnreachableIndexError", "complaint"]


class UnreachableIndexError(LockError):
    """An index could not be asked at all."""


_LIMIT = 300
_FRAME = re.compile(r"[×├╰│▶─]+|\berror:|\bcause:|\s+")
_MISSING = re.compile(r"no version of (?P<name>[\w.-]+)(?:\[[^\]]*\])?==(?P<version>[\w.+!-]*\w)")
_UNKNOWN = re.compile(r"Because (?P<name>[\w.-]+) was not found in the (?:package registry|provided package locations)")
_REFUSED = re.compile(
    r"could not be queried due to|40[13] (?:Unauthorized|Forbidden)|Missing credentials", re.IGNORECASE
)
_UNREACHABLE = re.compile(
    r"Failed to fetch|error sending request|dns error|Connection refused|timed out|Could not connect", re.IGNORECASE
)
_NO_CACHE = re.compile("Failed to initialize cache", re.IGNORECASE)
_CONCLUSION = re.compile(r",? (?:and you require [^,]*, )?we can conclude that .*", re.DOTALL)

_LABEL_HINT = (
    "Versions with the label +{label} stand on an index of their own. Name that index to pip, by "
    "`pip config set global.extra-index-url URL` or PIP_EXTRA_INDEX_URL, and lock again."
)
_INDEX_HINT = (
    "If it comes from another index, name that to pip, by `pip config set global.extra-index-url URL` or "
    "PIP_EXTRA_INDEX_URL, and lock again. If it is named, check its user and password: uv passes over an extra index "
    "that refuses them."
)
_ACCESS_HINT = "Check the user and password of the index in pip's or uv's configuration."
_CACHE_HINT = "Name a folder that can be written for what uv keeps, by UV_CACHE_DIR."
_NETWORK_HINT = "Check the network and the index that pip or uv is configured with, and lock again."


def complaint(what: str, stderr: str) -> LockError:
    """Return the error for a run of uv that failed to do `what`; it names no credentials."""
    said = " ".join(_FRAME.sub(" ", without_credentials(stderr)).split())
    missing, unknown = _MISSING.search(said), _UNKNOWN.search(said)
    if _REFUSED.search(said):
        return _error(what, _after(said, "hint:"), _ACCESS_HINT)
    if missing:
        label = missing["version"].partition("+")[2]
        hint = _LABEL_HINT.format(label=label) if label else _INDEX_HINT
        return _error(what, f"the index has no {missing['name']} {missing['version']}", hint)
    if unknown:
        return _error(what, f"the index does not know {unknown['name']}", _INDEX_HINT)
    if _NO_CACHE.search(said):
        return _error(what, said, _CACHE_HINT)
    if _UNREACHABLE.search(said):
        told = _error(what, said, _NETWORK_HINT)
        return UnreachableIndexError(told.message, told.hint)
    return _error(what, _shortened(said), "")


def _error(what: str, reason: str, hint: str) -> LockError:
    reason = reason if len(reason) <= _LIMIT else reason[: _LIMIT - 1].rstrip() + "…"
    return LockError(f"uv could not {what}: {reason.rstrip('.') or 'it gave no reason'}.", hint)


def _after(text: str, word: str) -> str:
    return text.partition(word)[2].strip() or text


def _shortened(said: str) -> str:
    """Return the first reason of uv's chain of conclusions."""
    because = said.partition("Because ")[2]
    return _CONCLUSION.sub("", because or said)
