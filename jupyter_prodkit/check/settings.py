"""What a project says about the check, in the table `[tool.prodkit]` of its `pyproject.toml`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

from jupyter_prodkit.check.report import Finding, Severity
from jupyter_prodkit.check.rules.catalogue import CATALOGUE
from jupyter_prodkit.errors import CheckError

__all__ = ["DEFAULTS", "Settings", "read_settings"]

_SEVERITIES: tuple[Severity, ...] = get_args(Severity)
_KEYS = ("fail-on", "ignore")
_OF_EXPORTS = "data"


@dataclass(frozen=True, slots=True)
class Settings:
    """How the check is to be done in one project."""

    ignore: tuple[str, ...] = ()
    """Rules that say nothing: ids, or patterns of them such as `paths/*`."""
    fail_on: Severity | None = None
    """From which severity a finding fails the command line; None where the project doesn't say."""

    def kept(self, findings: Iterable[Finding]) -> list[Finding]:
        """Return the findings of the rules that are not switched off."""
        return [one for one in findings if not any(fnmatchcase(one.rule, pattern) for pattern in self.ignore)]


DEFAULTS = Settings()


def read_settings(folder: Path) -> Settings:
    """Return what the nearest `pyproject.toml` with a table `[tool.prodkit]` says, at or above `folder`.

    Raises CheckError where the file is no TOML, or the table holds what we don't know.
    """
    here = folder.absolute()
    for place in (here, *here.parents):
        file = place / "pyproject.toml"
        try:
            state = file.stat()
        except OSError:
            continue
        found = _read(file, state.st_mtime_ns, state.st_size)
        if found is not None:
            return found
    return DEFAULTS


@lru_cache(maxsize=64)
def _read(file: Path, _changed: int, _size: int) -> Settings | None:
    toml: Any = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    try:
        table = toml.loads(file.read_text(encoding="utf-8")).get("tool", {})
    except (OSError, ValueError) as error:  # what both say of broken TOML, and of bytes that are no text
        raise CheckError(f"{file} can't be read: {error}", "Mend the file: it may say how to check.") from error
    if not isinstance(table, Mapping) or "prodkit" not in table:
        return None
    said = table["prodkit"]
    if isinstance(said, Mapping) and set(said) == {_OF_EXPORTS}:
        return None  # an exported package says which data it was made with, and nothing of the check
    return _settings(said, file)


def _settings(table: Any, file: Path) -> Settings:
    if not isinstance(table, Mapping):
        raise CheckError(f"`tool.prodkit` in {file} is no table.", "Begin it with the line `[tool.prodkit]`.")
    unknown = sorted(set(table) - {*_KEYS, _OF_EXPORTS})
    if unknown:
        raise CheckError(f"`{unknown[0]}` in [tool.prodkit] of {file} is not known.", _known(unknown[0], _KEYS))
    ignore = table.get("ignore", [])
    if not isinstance(ignore, list) or not all(isinstance(one, str) for one in ignore):
        raise CheckError(
            f"`ignore` in [tool.prodkit] of {file} is no list of rules.", 'For example: ignore = ["paths/*"].'
        )
    for pattern in ignore:
        if not any(fnmatchcase(rule, pattern) for rule in CATALOGUE):
            raise CheckError(f"`{pattern}` in [tool.prodkit] of {file} is no rule.", _known(pattern, list(CATALOGUE)))
    fail_on = table.get("fail-on")
    if fail_on is not None and fail_on not in _SEVERITIES:
        raise CheckError(
            f"`fail-on` in [tool.prodkit] of {file} is {fail_on!r}.", f"It is one of {', '.join(_SEVERITIES)}."
        )
    return Settings(tuple(ignore), fail_on)


def _known(word: str, words: Iterable[str]) -> str:
    near = get_close_matches(word, list(words), n=1)
    return f"Do you mean `{near[0]}`?" if near else "All that there is stands in docs/rules/README.md."
