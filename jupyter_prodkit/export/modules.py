"""From marked cells to the text of a module: statements verbatim with their comments, and three changes.

1. Import statements move to the top; those that the module's names need come along from anywhere on the page.
2. A parameter's name, where a function reads it, becomes the setting: `TEST_SIZE` → `settings().test_size`.
3. The `#|` directives are left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from jupyter_prodkit.errors import MissingDependencyError
from jupyter_prodkit.export.parameters import Parameter
from jupyter_prodkit.export.selection import Selection, imported_names
from jupyter_prodkit.notebook.dataflow import needs_of_cells
from jupyter_prodkit.notebook.document import Cell

__all__ = ["module_text"]

_NOT_CODE = re.compile(r"\A\s*%%(?:time|capture|prun)\b[^\n]*\n|^\s*#\s*\|.*\n?", re.MULTILINE)


def module_text(module: str, selection: Selection, notebook_name: str) -> str:
    """Return the text of one module of the package.

    Raises ExportError where a parameter is read on import, and MissingDependencyError without libcst.
    """
    try:
        from jupyter_prodkit.export.rewriting import rewrite
    except ImportError as error:
        raise MissingDependencyError("libcst", "export") from error
    cells = selection.modules[module]
    replacements = {parameter.name: _setting_code(parameter) for parameter in selection.parameters}
    rewritten = [rewrite(_NOT_CODE.sub("", cell.source), replacements, cell.label) for cell in cells]
    bodies = [body for body, _ in rewritten if body]
    reads_settings = any(replaced for _, replaced in rewritten)
    imports = _imports(module, cells, selection, bodies, reads_settings=reads_settings)
    head = f'"""Definitions from the notebook {notebook_name}."""\n' + (f"\n{imports}\n" if imports else "")
    return "\n\n".join([head, *(f"{body}\n" for body in bodies)])


def _setting_code(parameter: Parameter) -> str:
    code = f"settings().{parameter.field}"
    return f"{code}.get_secret_value()" if parameter.secret else code


def _imports(
    module: str, cells: Sequence[Cell], selection: Selection, bodies: Sequence[str], *, reads_settings: bool
) -> str:
    """The import lines: the standard library and other distributions first, then the package's own modules."""
    needs = set(needs_of_cells(cells))
    imported_here = {name for cell in cells for name in imported_names(cell)}
    outside: set[str] = set()
    for name in (needs | imported_here) & selection.imports.keys():
        unread = "" if name in needs or _mentions(bodies, name) else "  # noqa: F401"
        outside |= {line + unread for line in selection.imports[name]}
    inside = {
        f"from .{selection.owners[name]} import {name}"
        for name in needs & selection.owners.keys()
        if selection.owners[name] != module
    }
    if reads_settings:
        inside.add("from .config import settings")
    blocks = [sorted(outside, key=_import_order), sorted(inside)]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def _mentions(bodies: Sequence[str], name: str) -> bool:
    return any(re.search(rf"\b{re.escape(name)}\b", body) for body in bodies)


def _import_order(line: str) -> tuple[bool, str]:
    return line.startswith("from "), line
