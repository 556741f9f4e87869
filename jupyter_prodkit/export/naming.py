"""The names a package goes by, none of which may break something that is installed beside it."""

from __future__ import annotations

import keyword
import re
import sys
from collections.abc import Collection

from packaging.version import InvalidVersion, Version

from jupyter_prodkit.errors import ExportError

__all__ = ["is_command", "package_name", "package_version", "title_of", "why_no_module"]

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*\Z")
_HINT = "Choose another with --name: lower-case letters, digits and single underscores."
# What the standard library's list leaves out, and what every package has beside it.
_ALSO_TAKEN = frozenset({"test", "tests", "src", "site", "pip", "setuptools", "wheel", "yaml", "dotenv"})
_MODULES = frozenset({"config", "serving", "pipeline", "artifacts", "loading", "validation", "__init__", "__main__"})
_COMMANDS = frozenset({"config", "serve"})


def why_no_module(name: str) -> str:
    """Return why the marked cells' code can't stand in a module of that name; empty where it can."""
    if keyword.iskeyword(name):
        return "a word of Python"
    return "a name the package needs itself" if name in _MODULES else ""


def is_command(step: str) -> bool:
    """Return whether every package has a command of that name, which a step would be in the way of."""
    return step in _COMMANDS


def package_name(notebook_name: str, wanted: str | None, taken: Collection[str]) -> str:
    """Return the import name of the package: the wanted one, else the notebook's without leading digits.

    Raises ExportError where it is no name, or would hide a module of the standard library or one in `taken`.
    """
    name = wanted or re.sub(r"[\W_]+", "_", notebook_name).lower().lstrip("_0123456789").rstrip("_")
    if not _NAME.match(name):
        raise ExportError(f"{name or notebook_name!r} can't be the name of a package.", _HINT)
    if keyword.iskeyword(name):
        raise ExportError(f"{name!r} is a word of Python and can't be the name of a package.", _HINT)
    if name in sys.stdlib_module_names or name in _ALSO_TAKEN or name in taken:
        raise ExportError(f"A package named {name!r} would hide the module of that name.", _HINT)
    return name


def package_version(wanted: str) -> str:
    """Return the version as PEP 440 spells it.

    Raises ExportError where it is none, or has an epoch or a local label.
    """
    try:
        version = Version(wanted)
    except InvalidVersion:
        version = None
    if version is None or version.epoch or version.local:
        raise ExportError(f"{wanted!r} is not a version.", "Write it as PEP 440 says, for example 0.2.0.")
    return str(version)


def title_of(file_name: str) -> str:
    """Return a notebook's file name as it can stand in any of the package's texts."""
    return re.sub(r"[\\\"'`|\x00-\x1f\x7f]", "_", file_name)
