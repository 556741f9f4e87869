"""From marked cells to the text of a module: verbatim with their comments, but for what docs/export.md lists."""

from __future__ import annotations

import ast
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from jupyter_prodkit.errors import ExportError, MissingDependencyError
from jupyter_prodkit.export.import_block import import_block
from jupyter_prodkit.export.imports import imported_names
from jupyter_prodkit.export.naming import title_of
from jupyter_prodkit.export.parameters import Parameter
from jupyter_prodkit.export.selection import Selection
from jupyter_prodkit.export.wholeness import needs_of_module
from jupyter_prodkit.notebook.document import Cell
from jupyter_prodkit.notebook.names import code_names

if TYPE_CHECKING:
    from jupyter_prodkit.export.rewriting import Rewritten

__all__ = ["module_text"]

_SETTINGS, _DATA_PATH, _RETRIED = "settings", "data_path", "retried"


def module_text(module: str, selection: Selection, title: str, *, with_cells: bool = False) -> str:
    """Return the text of one module of the package; `title` names the notebook in its docstring.

    With `with_cells`, a comment says of each piece of code which cell it came from.

    Raises ExportError where a parameter is read on import, and MissingDependencyError without libcst.
    """
    try:
        from jupyter_prodkit.export.rewriting import Edits, rewrite
    except ImportError as error:
        raise MissingDependencyError("libcst", "export") from error
    cells = selection.modules[module]
    bound = {name for cell in cells for name in code_names(cell.source).binds}
    logger = "logger" if "logger" not in bound else "_logger"
    replacements = {parameter.name: _setting_code(parameter) for parameter in selection.parameters}
    edits = Edits(replacements, selection.arguments, logger)
    rewritten = [rewrite(cell.python, edits, cell.label) for cell in cells]
    if any(one.reads_settings for one in rewritten):
        _check_settings_free(cells)
    bodies = [one.code for one in rewritten if one.code]
    origins = [cell.cell_id for cell, one in zip(cells, rewritten, strict=True) if one.code]
    extra = _own_imports(rewritten)
    blocks = _import_blocks(module, cells, selection, bodies, extra)
    head = "\n\n".join([f'"""{selection.purpose(module)} the notebook {title}."""', *blocks])
    if with_cells:
        bodies = [f"# cell: {title_of(origin)}\n{body}" for origin, body in zip(origins, bodies, strict=True)]
    if any(one.logs for one in rewritten):
        bodies = [f"{logger} = logging.getLogger(__name__)", *bodies]
    bodies = _joined(bodies)
    gap = "\n\n\n" if not bodies or _begins_with_definition(bodies[0]) else "\n\n"  # as isort leaves it
    return gap.join([head, "\n\n\n".join(bodies)]).rstrip("\n") + "\n"


def _own_imports(rewritten: Sequence[Rewritten]) -> set[str]:
    """The imports of what the edits brought in."""
    found = set()
    if any(one.reads_settings for one in rewritten):
        found.add(f"from .config import {_SETTINGS}")
    if any(f"{_DATA_PATH}({_SETTINGS}()" in one.code for one in rewritten):
        found.add(f"from .config import {_DATA_PATH}")
    if any(f"{_RETRIED}(" in one.code for one in rewritten):
        found.add(f"from .loading import {_RETRIED}")
    if any(one.binds_arguments for one in rewritten):
        found.add("from functools import partial")
    if any(one.logs for one in rewritten):
        found.add("import logging")
    return found


def _joined(bodies: Sequence[str]) -> list[str]:
    """Bodies that only assign, one after the other, as one block."""
    blocks: list[str] = []
    for body in bodies:
        assigns = all(isinstance(one, (ast.Assign, ast.AnnAssign)) for one in ast.parse(body).body)
        if assigns and blocks:
            last = ast.parse(blocks[-1]).body
            if all(isinstance(one, (ast.Assign, ast.AnnAssign)) for one in last):
                blocks[-1] = f"{blocks[-1]}\n{body}"
                continue
        blocks.append(body)
    return blocks


def _setting_code(parameter: Parameter) -> str:
    code = f"{_SETTINGS}().{parameter.field}"
    if parameter.is_path:
        place = f"{_DATA_PATH}({code})"
        return f"{parameter.made_by}({place})" if parameter.made_by else place
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
    module: str, cells: Sequence[Cell], selection: Selection, bodies: Sequence[str], extra: Collection[str]
) -> list[str]:
    """The imports: plain ones in a block, then those that stand in a `try` or `if`."""
    makers = {one.made_by.partition(".")[0] for one in selection.parameters}
    needs = set(needs_of_module(cells)) | (makers & _names_read(bodies))
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
    future = {f"from __future__ import {feature}" for feature in selection.imports.future}
    block = import_block({*plain, *own, *future, *extra}, {line for line, name in plain.items() if name not in read})
    return [text for text in (block, *guarded) if text]


def _begins_with_definition(body: str) -> bool:
    first = next(iter(ast.parse(body).body), None)
    return isinstance(first, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))


def _names_read(texts: Sequence[str]) -> set[str]:
    trees = [ast.parse(text) for text in texts]
    return {node.id for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _is_plain(statement: str) -> bool:
    return statement.startswith(("import ", "from "))
