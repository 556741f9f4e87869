"""From marked cells to the text of a module: statements verbatim with their comments, and three changes.

1. Import statements move to the top; those that the module's names need come along from anywhere on the page.
2. A parameter's name, where a function reads it, becomes the setting: `TEST_SIZE` → `settings().test_size`.
3. The `#|` directives are left out.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from jupyter_prodkit.errors import ExportError, MissingDependencyError
from jupyter_prodkit.export.import_block import import_block
from jupyter_prodkit.export.imports import imported_names
from jupyter_prodkit.export.parameters import Parameter
from jupyter_prodkit.export.selection import Selection
from jupyter_prodkit.export.wholeness import needs_of_module
from jupyter_prodkit.notebook.document import Cell
from jupyter_prodkit.notebook.names import code_names

__all__ = ["module_text"]

_SETTINGS = "settings"


def module_text(module: str, selection: Selection, title: str) -> str:
    """Return the text of one module of the package; `title` names the notebook in its docstring.

    Raises ExportError where a parameter is read on import, and MissingDependencyError without libcst.
    """
    try:
        from jupyter_prodkit.export.rewriting import rewrite
    except ImportError as error:
        raise MissingDependencyError("libcst", "export") from error
    cells = selection.modules[module]
    replacements = {parameter.name: _setting_code(parameter) for parameter in selection.parameters}
    rewritten = [rewrite(cell.python, replacements, cell.label) for cell in cells]
    reads_settings = any(replaced for _, replaced in rewritten)
    if reads_settings:
        _check_settings_free(cells)
    bodies = [body for body, _ in rewritten if body]
    blocks = _import_blocks(module, cells, selection, bodies, reads_settings=reads_settings)
    head = "\n\n".join([f'"""Definitions from the notebook {title}."""', *blocks])
    gap = "\n\n\n" if not bodies or _begins_with_definition(bodies[0]) else "\n\n"  # as isort leaves it
    return gap.join([head, "\n\n\n".join(bodies)]).rstrip("\n") + "\n"


def _setting_code(parameter: Parameter) -> str:
    code = f"{_SETTINGS}().{parameter.field}"
    return f"{code}.get_secret_value()" if parameter.secret else code


def _check_settings_free(cells: Sequence[Cell]) -> None:
    for cell in cells:
        nodes = list(ast.walk(cell.tree)) if cell.tree is not None else []
        bound = {node.id for node in nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
        bound |= {node.arg for node in nodes if isinstance(node, ast.arg)} | code_names(cell.source).binds
        if _SETTINGS in bound:
            raise ExportError(
                f"{cell.label.capitalize()} binds `{_SETTINGS}`, the name by which its module reads the parameters.",
                "Give it another name.",
            )


def _import_blocks(
    module: str, cells: Sequence[Cell], selection: Selection, bodies: Sequence[str], *, reads_settings: bool
) -> list[str]:
    """The imports: plain ones in a block, then those that stand in a `try` or `if`."""
    needs = set(needs_of_module(cells))
    imported_here = {name for cell in cells for name in imported_names(cell)}
    statements = selection.imports.needed_for(sorted((needs | imported_here) - selection.owners.keys()))
    guarded = sorted(text for text in statements if not _is_plain(text))
    read = needs | _names_read([*bodies, *guarded])
    plain = {line: name for line, name in statements.items() if _is_plain(line)}
    own = {
        f"from .{selection.owners[name]} import {name}"
        for name in needs & selection.owners.keys()
        if selection.owners[name] != module
    }
    if reads_settings:
        own.add(f"from .config import {_SETTINGS}")
    future = {f"from __future__ import {feature}" for feature in selection.imports.future}
    block = import_block({*plain, *own, *future}, {line for line, name in plain.items() if name not in read})
    return [text for text in (block, *guarded) if text]


def _begins_with_definition(body: str) -> bool:
    first = next(iter(ast.parse(body).body), None)
    return isinstance(first, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))


def _names_read(texts: Sequence[str]) -> set[str]:
    trees = [ast.parse(text) for text in texts]
    return {node.id for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _is_plain(statement: str) -> bool:
    return statement.startswith(("import ", "from "))
