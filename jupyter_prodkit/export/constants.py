"""Which constants beside the definitions become settings, and which paths, URLs and seeds have to stay in the code.

This module is imported only where an export runs: libcst comes with the extra `export`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from jupyter_prodkit.export.literals import kind_of, path_made
from jupyter_prodkit.notebook.document import Cell

__all__ = ["Constants", "constants_of"]


@dataclass(frozen=True)
class Constants:
    """The constants and defaults of some cells that are paths, URLs or seeds."""

    liftable: set[str] = field(default_factory=set)
    """Names that one statement binds and that functions alone read: they may become settings."""
    stay: dict[str, None] = field(default_factory=dict)
    """What stays in the code, as sentences that say why."""


def constants_of(cells: Iterable[Cell], bound: Mapping[str, int]) -> Constants:
    """Return what is known of the constants of cells that become modules; `bound` counts who binds each name."""
    trees = [(cell, cell.tree) for cell in cells if cell.tree is not None]
    early = {name for _, tree in trees for name in _read_on_import(tree)}
    texts = "\n".join(cell.source for cell, _ in trees)
    found = Constants()
    for cell, tree in trees:
        for name, value in (one for statement in tree.body for one in _plain_values(statement)):
            kind = "path" if value is None else kind_of(name, value)
            if kind is None or bound.get(name, 0) > 1:
                continue
            if name in early or f"@{name}" in texts:
                found.stay[f"The {kind} `{name}` ({cell.label}) stays in the code, as it is read on import."] = None
            else:
                found.liftable.add(name)
        for name, value in (one for node in ast.walk(tree) for one in _defaults(node)):
            kind = kind_of(name, value)
            if kind is not None:
                place = f"({cell.label}) stays in the code, as the default of the argument `{name}`."
                found.stay[f"The {kind} {value!r} {place}"] = None
    return found


def _plain_values(statement: ast.stmt) -> Iterator[tuple[str, Any]]:
    """The name and the literal of `NAME = literal`; None in place of the literal where it makes a `Path` of one."""
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    targets = [statement.target] if isinstance(statement, ast.AnnAssign) else targets
    value = getattr(statement, "value", None)
    if len(targets) != 1 or not isinstance(targets[0], ast.Name):
        return
    if path_made(value) is not None:
        yield targets[0].id, None
    elif isinstance(value, ast.Constant) and value.value is not None:
        yield targets[0].id, value.value


def _defaults(node: ast.AST) -> Iterator[tuple[str, Any]]:
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return
    plain = [*node.args.posonlyargs, *node.args.args]
    pairs = list(zip(reversed(plain), reversed(node.args.defaults), strict=False))
    pairs += [(one, value) for one, value in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True) if value]
    for argument, default in pairs:
        if isinstance(default, ast.Constant):
            yield argument.arg, default.value


def _read_on_import(tree: ast.Module) -> Iterator[str]:
    """Names that are read outside of functions: at the top, in class bodies, defaults and decorators."""
    pending: list[ast.AST] = list(tree.body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            defaults = [one for one in (*node.args.defaults, *node.args.kw_defaults) if one is not None]
            pending += [*node.decorator_list, *defaults]
        elif isinstance(node, ast.Lambda):
            pending += [one for one in (*node.args.defaults, *node.args.kw_defaults) if one is not None]
        else:
            pending.extend(ast.iter_child_nodes(node))
