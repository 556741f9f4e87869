"""What is exported: the marked cells by module, with everything that their code needs from the page."""

from __future__ import annotations

import ast
import keyword
from collections.abc import Mapping
from dataclasses import dataclass

from jupyter_prodkit.errors import ExportError
from jupyter_prodkit.export.exportable import can_be_exported, check_cell
from jupyter_prodkit.export.imports import PageImports, imported_names, read_imports
from jupyter_prodkit.export.parameters import Parameter, read_parameters
from jupyter_prodkit.export.wholeness import check_selection, names_changed_elsewhere
from jupyter_prodkit.notebook.document import Cell, Notebook
from jupyter_prodkit.notebook.names import code_names

__all__ = ["DEFAULT_MODULE", "Selection", "select"]

DEFAULT_MODULE = "core"
_RESERVED = frozenset({"config", "serving", "__init__", "__main__"})


@dataclass(frozen=True)
class Selection:
    """Everything that goes into the package."""

    modules: Mapping[str, tuple[Cell, ...]]
    """Module name → its cells in page order."""
    parameters: tuple[Parameter, ...]
    imports: PageImports
    owners: Mapping[str, str]
    """Name → the module that defines it."""
    warnings: tuple[str, ...] = ()


def select(notebook: Notebook) -> Selection:
    """Return what the marks on the page select.

    Raises ExportError where no cell is marked, where a marked cell is not valid Python, uses a magic or does something
    when it is imported, and where the marked cells don't make a whole: a name that they need is not given, or is
    something else by the end of the page.
    """
    exported = [cell for cell in notebook.code_cells if cell.marks.export and not cell.marks.parameters]
    if not exported:
        raise ExportError(
            f"No cell of {notebook.path.name} is marked `export`.",
            "Begin the cells that define your functions with `#| export`, or tag them `export` in the sidebar.",
            to_mark=tuple(cell.cell_id for cell in notebook.code_cells if _defines(cell) and can_be_exported(cell)),
        )
    for cell in exported:
        check_cell(cell)
    parameters = read_parameters(cell for cell in notebook.code_cells if cell.marks.parameters)
    modules: dict[str, tuple[Cell, ...]] = {}
    owners: dict[str, str] = {}
    for cell in exported:
        module = _module_of(cell)
        modules[module] = (*modules.get(module, ()), cell)
        for name in sorted(code_names(cell.source).binds - imported_names(cell)):
            if owners.setdefault(name, module) != module:
                raise ExportError(
                    f"`{name}` is defined for the module `{owners[name]}` and again, in {cell.label}, for `{module}`.",
                    "Rename one of them, or send both to one module: in the notebook the later one counts everywhere.",
                )
    imports = read_imports(notebook.code_cells)
    check_selection(notebook, modules, owners, imports, {parameter.name for parameter in parameters})
    return Selection(modules, parameters, imports, owners, names_changed_elsewhere(notebook, owners))


def _defines(cell: Cell) -> bool:
    """Return whether the cell is of functions and classes."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return cell.tree is not None and any(isinstance(statement, kinds) for statement in cell.tree.body)


def _module_of(cell: Cell) -> str:
    module = cell.marks.module or DEFAULT_MODULE
    if module in _RESERVED or keyword.iskeyword(module):
        why = "a word of Python" if keyword.iskeyword(module) else "a name the package needs itself"
        raise ExportError(
            f"{cell.label.capitalize()} goes to the module `{module}`, {why}.",
            "Choose another, for example `#| export features`.",
        )
    return module
