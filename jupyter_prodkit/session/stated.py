"""Versions that a cell's text alone settles: imports, definitions, literal constants.

They are the same wherever the text stands, so that editing a neighbour of a function in its cell makes nothing stale.
"""

from __future__ import annotations

import ast
import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from jupyter_prodkit.notebook.dataflow import writes
from jupyter_prodkit.notebook.names import names_in
from jupyter_prodkit.notebook.syntax import shared_tree, structure
from jupyter_prodkit.notebook.transform import to_python
from jupyter_prodkit.session.glimpse import glimpse, module_digest
from jupyter_prodkit.session.record import Version

__all__ = ["Stated", "settle", "short", "stated_names", "valued"]


@dataclass(frozen=True, slots=True)
class Stated:
    """A name whose value the text of one top-level statement settles, given the values of what that reads."""

    name: str
    version: Version
    reads: tuple[str, ...] = ()
    first: bool = True
    """Whether only such statements stand above it in the cell: nothing can have raised before."""


def settle(stated: tuple[Stated, ...], known: Mapping[str, Version]) -> dict[str, Version]:
    """Return the versions of the `stated` names, where `known` gives those of the names that they read."""
    settled: dict[str, Version] = {}
    for one in stated:
        versions = [settled.get(name) or known.get(name) for name in one.reads]
        if None not in versions:
            read = [f"{name} {version}" for name, version in zip(one.reads, versions, strict=True)]
            settled[one.name] = short(one.version, *read) if read else one.version
    return settled


@lru_cache(maxsize=4096)
def stated_names(source: str) -> tuple[Stated, ...]:
    """Return the names that the top-level statements of a cell settle, in their order."""
    tree = shared_tree(to_python(source))
    if tree is None:
        return ()
    try:
        parts = [_part(statement) for statement in tree.body]
        times = Counter(name for part in parts for name in part.touches)
        return tuple(one for one in _stated(parts) if times[one.name] == 1)
    except RecursionError:
        return ()


def short(*parts: str) -> Version:
    """Return a digest of `parts` that is short enough to keep many."""
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def valued(digest: str) -> Version:
    """Return the version of a value that is known by itself, wherever it came from."""
    return f"= {digest}"


class _Part(NamedTuple):
    """One top-level statement of a cell, and the names that it has to do with."""

    statement: ast.stmt
    reads: frozenset[str]
    writes: frozenset[str]
    touches: frozenset[str]
    """Those that it writes or deletes."""


def _part(statement: ast.stmt) -> _Part:
    if isinstance(statement, (ast.Import, ast.ImportFrom)):  # most often: no need to ask for all that code may do
        bound = frozenset(alias.asname or alias.name.partition(".")[0] for alias in statement.names) - {"*"}
        return _Part(statement, frozenset(), bound, bound)
    names = names_in(ast.Module([statement], []))
    return _Part(statement, names.needs, writes(names), writes(names) | names.deletes)


def _stated(parts: list[_Part]) -> Iterator[Stated]:
    first, unsettled = True, set[str]()
    for part in parts:
        versions = None if unsettled & part.reads else _versions(part.statement)
        if versions is None:
            first = False
            unsettled |= part.writes
            continue
        reads = tuple(sorted(part.reads))
        for name, version in versions.items():
            yield Stated(name, version, reads, first)


def _versions(statement: ast.stmt) -> dict[str, Version] | None:
    """What one statement binds and to which version; None where its text doesn't settle that."""
    if isinstance(statement, ast.Import):
        return {
            alias.asname or alias.name.partition(".")[0]: valued(
                module_digest(alias.name if alias.asname else alias.name.partition(".")[0])
            )
            for alias in statement.names
        }
    if isinstance(statement, ast.ImportFrom):
        origin = f"from {'.' * statement.level}{statement.module or ''} import"
        return {alias.asname or alias.name: f"{origin} {alias.name}" for alias in statement.names}
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {statement.name: f"def {short(structure(statement))}"}
    if isinstance(statement, ast.Assign):
        return _literal(statement)
    return {} if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant) else None


def _literal(statement: ast.Assign) -> dict[str, Version] | None:
    target = statement.targets[0]
    if len(statement.targets) > 1 or not isinstance(target, ast.Name):
        return None
    try:
        digest = glimpse(ast.literal_eval(statement.value)).digest
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    return None if digest is None else {target.id: valued(digest)}
