"""The import block of a module, in the order and the shape that linters ask for (isort's defaults, 120 columns)."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable

__all__ = ["import_block"]

_COLUMNS = 120
_UNREAD = "  # noqa: F401"


def import_block(lines: Iterable[str], unread: Collection[str]) -> str:
    """Return plain one-name import statements as one text; `unread` are those kept for what they do, not for a name."""
    sections: dict[int, set[str]] = {}
    for line in lines:
        sections.setdefault(_section(line), set()).add(line)
    return "\n\n".join("\n".join(_section_lines(sections[number], unread)) for number in sorted(sections))


def _section(line: str) -> int:
    """`__future__`, the standard library, what is installed, our own modules."""
    module = line.split()[1]
    if module.startswith("."):
        return 3
    root = module.partition(".")[0]
    return 0 if root == "__future__" else 1 if root in sys.stdlib_module_names else 2


def _section_lines(lines: set[str], unread: Collection[str]) -> list[str]:
    plain = sorted((line for line in lines if line.startswith("import ")), key=_by_module)
    alone = sorted((line for line in lines if line.startswith("from ") and " as " in line), key=_by_module)
    merged: dict[str, list[str]] = {}
    for line in lines - set(plain) - set(alone):
        module, _, name = line.removeprefix("from ").partition(" import ")
        merged.setdefault(module, []).append(name)
    found = [f"{line}{_UNREAD}" if line in unread else line for line in (*plain, *alone)]
    for module, names in merged.items():
        found.append(_from(module, names, unread))
    return [*found[: len(plain)], *sorted(found[len(plain) :], key=_by_module)]


def _from(module: str, names: Iterable[str], unread: Collection[str]) -> str:
    ordered = sorted(names, key=_by_kind)
    line = f"from {module} import {', '.join(ordered)}"
    if any(f"from {module} import {name}" in unread for name in ordered):
        return f"{line}{_UNREAD}"
    return line if len(line) <= _COLUMNS else f"from {module} import (\n    {_joined(ordered)},\n)"


def _joined(names: Iterable[str]) -> str:
    return ",\n    ".join(names)


def _by_module(line: str) -> tuple[str, bool, str]:
    module = line.split()[1]
    return module.lower(), " as " in line, line


def _by_kind(name: str) -> tuple[int, str]:
    """Constants, classes, everything else."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2), name
