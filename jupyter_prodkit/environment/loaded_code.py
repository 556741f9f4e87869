"""Whether a loaded module still runs the code that its file holds, without running any of it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

__all__ = ["runs_other_code"]

_LARGEST_FILE = 2_000_000


def runs_other_code(module: ModuleType | None) -> bool:
    """Return whether a function of `module` differs from every function that its file holds now.

    Compiles the file and compares; nothing is executed. A module whose source can't be read is not doubted.
    """
    file = vars(module).get("__file__") if isinstance(module, ModuleType) else None
    if module is None or not isinstance(file, str) or not file.endswith(".py"):
        return False
    live = list(_functions(module, file))
    if not live:
        return False
    on_disk = _compiled(Path(file))
    return on_disk is not None and any(code not in on_disk for code in live)


def _functions(module: ModuleType, file: str) -> Iterator[CodeType]:
    held = list(vars(module).values())
    # Looked up in the dictionaries alone: an attribute access may run code of the user's or the package's.
    members = [value for one in held if type(one) is type and one.__module__ == module.__name__ for value in _own(one)]
    for value in (*held, *members):
        if type(value) is FunctionType and value.__code__.co_filename == file:
            yield value.__code__


def _own(one: type) -> list[object]:
    return list(type.__getattribute__(one, "__dict__").values())


def _compiled(path: Path) -> set[CodeType] | None:
    """Return every piece of code in a file, or None where it can't be read or is no Python."""
    try:
        source = path.read_bytes()
        if len(source) > _LARGEST_FILE:
            return None
        filters = warnings.filters
        warnings.filters = [("ignore", None, Warning, None, 0)]  # as in notebook.syntax: the user's stay unshown
        try:
            whole = compile(source, str(path), "exec", dont_inherit=True)
        finally:
            warnings.filters = filters
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return set(_pieces(whole))


def _pieces(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _pieces(constant)
