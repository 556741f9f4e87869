"""Which program a cell would start, and whether it only looks."""

from __future__ import annotations

import os
import shlex
from pathlib import PurePath
from typing import Any

__all__ = ["only_looks", "program_in"]

_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh"})
_JOINS_COMMANDS = frozenset("|&;<>$`()\n")
# What notebooks show on the way: where they run, and what lies there.
_SHOWS = "ls pwd head tail cat wc echo tree file stat du df free uname whoami nproc lscpu which nvidia-smi true false"
# What libraries ask when they are imported: fonts, shared libraries, the machine.
_TELLS = "fc-list fc-match ldconfig ldconfig.real ld objdump sysctl lsb_release sw_vers system_profiler"
# What libraries hand a text to, and take a picture or a compiled function from.
_TRANSLATES = "dot gcc cc c++ g++"
_ONLY_LOOK = frozenset(f"{_SHOWS} {_TELLS} {_TRANSLATES}".split())


def program_in(program: Any, words: Any) -> str:
    """Return the name of the program that a call would start; of a shell's command, that of its first one."""
    parts, _ = _read(program, words)
    return PurePath(parts[0]).name if parts else "a shell"


def only_looks(program: Any, words: Any) -> bool:
    """Return whether a call starts one program that is known to change nothing outside."""
    parts, is_one = _read(program, words)
    return is_one and bool(parts) and PurePath(parts[0]).name in _ONLY_LOOK


def _read(program: Any, words: Any) -> tuple[list[str], bool]:
    """The words of what would be started, and whether that is surely one program."""
    if isinstance(words, (str, bytes)) or not words:
        words = [words or program]
    given = [os.fsdecode(word) for word in words]
    if PurePath(given[0]).name not in _SHELLS or "-c" not in given[1:-1]:
        return given, True
    command = given[given.index("-c") + 1]
    try:
        return shlex.split(command), not _JOINS_COMMANDS & set(command)
    except ValueError:  # a quote that nothing closes
        return command.split(), False
