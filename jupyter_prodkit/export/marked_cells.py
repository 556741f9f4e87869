"""The cells that the user has marked, each looked at by itself: what they are for, and what is wrong with one."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, replace

from jupyter_prodkit.errors import ExportError
from jupyter_prodkit.export.exportable import can_be_exported, check_cell, check_step_cell, without_magics
from jupyter_prodkit.export.imports import imported_names
from jupyter_prodkit.export.naming import is_command, why_no_module
from jupyter_prodkit.export.parameters import Parameter, read_parameters
from jupyter_prodkit.notebook.document import Cell, Notebook
from jupyter_prodkit.notebook.marks import check_module, void_marks
from jupyter_prodkit.notebook.names import code_names

__all__ = ["MarkedCells", "is_bare_imports", "marked_cells", "marks_without_effect"]

_DEFAULT_MODULE = "core"


@dataclass(frozen=True)
class MarkedCells:
    """The marked cells of the page, checked one by one."""

    exported: tuple[Cell, ...]
    steps: Mapping[str, str]
    """Cell id → the step."""
    parameters: tuple[Parameter, ...]
    default: str
    """The module of exported cells that name none."""

    def modules(self) -> tuple[dict[str, tuple[Cell, ...]], dict[str, str]]:
        """Return the exported cells by module, and the module of each name that they define.

        Raises ExportError for a module's name that can't be had, and for a name that two modules define.
        """
        modules: dict[str, tuple[Cell, ...]] = {}
        owners: dict[str, str] = {}
        for cell in self.exported:
            module = _module_of(cell, self.default)
            modules[module] = (*modules.get(module, ()), cell)
            for name in sorted(code_names(cell.source).binds - imported_names(cell)):
                _check_one_owner(name, owners.setdefault(name, module), cell, module)
        return modules, owners


def marked_cells(notebook: Notebook) -> MarkedCells:
    """Return the marked cells. Raises ExportError where there is none, and where one can't stand in a package."""
    from jupyter_prodkit.export.code_blocks import without_directives

    exported, steps = [], dict[str, str]()
    for cell in notebook.code_cells:
        marks = cell.marks
        if marks.parameters:
            continue
        if marks.export:
            exported.append(without_magics(cell))
            check_cell(exported[-1])
        elif marks.step is not None:
            check_step_cell(cell)
            _check_command(cell, marks.step)
            if _is_definition_of(cell, marks.step):
                source = without_directives(cell.source)
                exported.append(without_magics(replace(cell, source=source, tags=("export",))))
                check_cell(exported[-1])
            else:
                steps[cell.cell_id] = marks.step
    if not exported and not steps:
        void = "".join(f"{said} " for said in marks_without_effect(notebook))
        raise ExportError(
            f"No cell of {notebook.path.name} is marked `export` or as a step.",
            f"{void}Begin the cells that define your functions with `#| export`, and those that do the work with "
            "`#| step load`, `#| step train`, or mark them in the sidebar.",
            to_mark=tuple(cell.cell_id for cell in notebook.code_cells if _defines(cell) and can_be_exported(cell)),
        )
    parameters = read_parameters(cell for cell in notebook.code_cells if cell.marks.parameters)
    return MarkedCells(tuple(exported), steps, parameters, notebook.default_module or _DEFAULT_MODULE)


def marks_without_effect(notebook: Notebook) -> tuple[str, ...]:
    """Say which cells hold a mark where none is read, and what to do."""
    found = ((cell, void_marks(cell.source, cell.tags)) for cell in notebook.code_cells)
    return tuple(
        f"The mark {', '.join(f'`{tag}`' for tag in tags)} of {cell.label} stands below a `%%` line and has no effect: "
        "give the cell the tag instead."
        for cell, tags in found
        if tags
    )


def _check_one_owner(name: str, owner: str, cell: Cell, module: str) -> None:
    if owner != module:
        raise ExportError(
            f"`{name}` is defined for the module `{owner}` and again, in {cell.label}, for `{module}`.",
            "Rename one of them, or send both to one module: in the notebook the later one counts everywhere.",
        )


def _check_command(cell: Cell, step: str) -> None:
    if is_command(step):
        raise ExportError(
            f"{cell.label.capitalize()} is part of the step `{step}`, a command that every package has.",
            "Choose another name, for example `load`, `features`, `train` or `evaluate`.",
        )


def _is_definition_of(cell: Cell, step: str) -> bool:
    """Whether a cell marked as a step is the function of that name already."""
    from jupyter_prodkit.export.quiet import loud_statement

    return cell.tree is not None and step in code_names(cell.source).deferred and not loud_statement(cell.tree.body)


def _defines(cell: Cell) -> bool:
    """Return whether the cell is of functions and classes."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return cell.tree is not None and any(isinstance(statement, kinds) for statement in cell.tree.body)


def _module_of(cell: Cell, default: str) -> str:
    module = cell.marks.module or default
    if cell.marks.module is None and default != _DEFAULT_MODULE:
        check_module(default)
    why = why_no_module(module)
    if why:
        raise ExportError(
            f"{cell.label.capitalize()} goes to the module `{module}`, {why}.",
            "Choose another, for example `#| export features`.",
        )
    return module


def is_bare_imports(cell: Cell) -> bool:
    """Return whether a cell holds imports and nothing else: steps have those that they read in their own module."""
    from jupyter_prodkit.export.code_blocks import without_directives

    statements = [] if cell.tree is None else cell.tree.body
    return all(isinstance(one, (ast.Import, ast.ImportFrom)) for one in statements) and (
        "#" not in without_directives(cell.python)
    )
