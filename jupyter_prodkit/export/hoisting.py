"""Which definitions of the steps' statements stand at the top of a module, and what they get as arguments there."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from jupyter_prodkit.export.closure import Closure
from jupyter_prodkit.export.imports import PageImports
from jupyter_prodkit.export.statements import Statement
from jupyter_prodkit.notebook.document import Cell
from jupyter_prodkit.notebook.names import code_names

__all__ = ["Hoisted", "arguments_of", "hoist"]


@dataclass(frozen=True)
class Hoisted:
    """Definitions that stand beside the step functions."""

    statements: tuple[Statement, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """The names that they define."""
        return frozenset(name for one in self.statements for name in one.binds)

    def rest(self, closure: Closure) -> Closure:
        """Return the closure with the steps' statements that stay in the steps."""
        places = {one.place for one in self.statements}
        steps = {
            step: tuple(one for one in found if one.place not in places) for step, found in closure.steps.items()
        }
        return replace(closure, steps={step: found for step, found in steps.items() if found})


def hoist(closure: Closure, given: Collection[str], imports: PageImports) -> Hoisted:
    """Return the functions, classes and constants among the steps' statements that can stand on their own.

    A function that reads what work makes can, as it can get that as an argument; a class or a decorated function
    can't, and stays in its step.
    """
    kept = sorted((one for found in closure.steps.values() for one in found), key=lambda one: one.place)
    bound = [name for one in kept for name in one.binds]
    changed = {name for one in kept for name in one.changes}
    chosen = [one for one in kept if _may(one, bound, changed, closure)]
    while True:
        known = {*given, *imports.statements, *(name for one in chosen for name in one.binds)}
        left = [one for one in chosen if _stands_alone(one, known)]
        if len(left) == len(chosen):
            return Hoisted(tuple(chosen))
        chosen = left


def _may(one: Statement, bound: Sequence[str], changed: Collection[str], closure: Closure) -> bool:
    if one.role not in ("function", "class", "constant") or not one.binds:
        return False
    if any(bound.count(name) > 1 for name in one.binds):
        return False
    if one.role == "constant":
        unmarked = any(one.place == taken.place for taken in closure.taken)
        return unmarked and all(name.isupper() for name in one.binds) and one.binds.isdisjoint(changed)
    return not (isinstance(one.tree, (ast.FunctionDef, ast.AsyncFunctionDef)) and _writes_globals(one.tree))


def _stands_alone(one: Statement, known: Collection[str]) -> bool:
    if (one.names.needs - one.binds) - set(known):
        return False
    missing = one.deferred - set(known) - one.binds
    return not missing or _can_take(one.tree)


def _can_take(tree: ast.stmt) -> bool:
    return isinstance(tree, ast.FunctionDef) and not tree.decorator_list


def _writes_globals(tree: ast.AST) -> bool:
    return any(isinstance(node, ast.Global) for node in ast.walk(tree))


def arguments_of(
    exported: Sequence[Cell], hoisted: Hoisted, outside: Collection[str], made: Collection[str]
) -> Mapping[str, tuple[str, ...]]:
    """Return, for each function, the values it must get as arguments: those it reads, and those of what it calls.

    `outside` are the names that a module gives; only what the page makes (`made`) can be an argument.
    """
    reads: dict[str, frozenset[str]] = {}
    takes: set[str] = set()
    for tree, deferred in _definitions(exported, hoisted):
        for name, read in deferred.items():
            reads[name] = read
            if isinstance(tree, ast.FunctionDef) and tree.name == name and _can_take(tree):
                takes.add(name)
    own = set(reads) | set(outside) | {name for cell in exported for name in code_names(cell.source).binds}
    needed = {name: {one for one in found - own if one in made} for name, found in reads.items() if name in takes}
    while True:
        before = {name: set(found) for name, found in needed.items()}
        for name in needed:
            needed[name] |= {one for called in reads[name] & needed.keys() - {name} for one in before[called]}
        if before == needed:
            return {name: tuple(sorted(found)) for name, found in sorted(needed.items()) if found}


def _definitions(exported: Sequence[Cell], hoisted: Hoisted) -> list[tuple[ast.stmt, Mapping[str, frozenset[str]]]]:
    found: list[tuple[ast.stmt, Mapping[str, frozenset[str]]]] = []
    for cell in exported:
        deferred = code_names(cell.source).deferred
        for statement in [] if cell.tree is None else cell.tree.body:
            name = str(getattr(statement, "name", ""))
            if name in deferred:
                found.append((statement, {name: deferred[name]}))
    found += [(one.tree, one.names.deferred) for one in hoisted.statements]
    return found
