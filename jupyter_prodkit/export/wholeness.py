"""What the marked cells must be together: a whole that the rest of the page does not change."""

from __future__ import annotations

import ast
import symtable
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType

from jupyter_prodkit.errors import ExportError
from jupyter_prodkit.export.exportable import can_be_exported
from jupyter_prodkit.export.imports import PageImports, star_imports
from jupyter_prodkit.notebook.dataflow import needs_of_cells
from jupyter_prodkit.notebook.document import Cell, Notebook
from jupyter_prodkit.notebook.names import code_names

__all__ = ["INJECTED", "check_selection", "names_changed_elsewhere", "needs_of_module"]

_NOTEBOOK_ONLY = ("In", "Out")
INJECTED = "injected-parameters"
"""Papermill's tag on the cell it adds with the values of one run."""


def check_selection(
    notebook: Notebook,
    modules: Mapping[str, Sequence[Cell]],
    owners: Mapping[str, str],
    imports: PageImports,
    parameters: set[str],
    besides: Collection[str],
    hints: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Raise ExportError where the marked cells don't make a whole, or the page goes on to change what they define.

    `besides` are names that are given though no marked cell makes them: arguments of functions, lifted settings;
    `hints` say of some names what to do where no cell makes them.
    """
    exported = [cell for cells in modules.values() for cell in cells]
    for cell in exported:
        _check_parameters_left_alone(cell, parameters)
    _check_not_bound_again(notebook, {*owners, *parameters})
    _check_complete(notebook, exported, {*owners, *imports.statements, *parameters, *besides}, hints)
    _check_no_circle(modules, owners)


def needs_of_module(cells: Iterable[Cell]) -> Mapping[str, Cell]:
    """Return each name that a module's cells need from outside themselves, and the first cell that needs it."""
    chosen = list(cells)
    needs = dict(needs_of_cells(chosen))
    for cell in chosen:
        for name in _NOTEBOOK_ONLY:
            if _reads_global(symtable.symtable(cell.python, "cell", "exec"), name):
                needs.setdefault(name, cell)
    return needs


def _reads_global(table: symtable.SymbolTable, name: str) -> bool:
    if name in table.get_identifiers():
        symbol = table.lookup(name)
        outside = (
            symbol.is_global() if table.get_type() != "module" else not (symbol.is_assigned() or symbol.is_imported())
        )
        if symbol.is_referenced() and outside:
            return True
    return any(_reads_global(child, name) for child in table.get_children())


def _check_parameters_left_alone(cell: Cell, parameters: set[str]) -> None:
    assert cell.tree is not None
    declared = {name for node in ast.walk(cell.tree) if isinstance(node, ast.Global) for name in node.names}
    for name in sorted(parameters & (code_names(cell.source).binds | declared)):
        raise ExportError(
            f"`{name}` is a parameter, and {cell.label}, marked `export`, assigns it.",
            "Give the name in one of the two cells another name: a setting is read, never written.",
        )


def _check_not_bound_again(notebook: Notebook, given: set[str]) -> None:
    """The kernel has the last value on the page; the package would have another one."""
    marked: dict[str, Cell] = {}
    again: dict[str, Cell] = {}
    for cell in notebook.code_cells:
        bound = code_names(cell.source).binds & given
        if cell.marks.export or cell.marks.parameters or cell.marks.step:
            marked |= dict.fromkeys(bound, cell)
        elif INJECTED not in cell.tags:
            again |= dict.fromkeys(bound, cell)
    for name, cell in sorted(again.items()):
        if name in marked and cell.index > marked[name].index:
            raise ExportError(
                f"`{name}` ({marked[name].label}) is bound again in {cell.label}, which is not marked: "
                "the package would have another value than the notebook.",
                f"Give it another name in {cell.label}, or mark that cell as well.",
                to_mark=(cell.cell_id,) if _can_join(cell, marked[name]) else (),
            )


def _can_join(cell: Cell, exported: Cell) -> bool:
    """Return whether the cell, tagged `export`, would go to the same module as one that is exported."""
    return exported.marks.export and exported.marks.module is None and can_be_exported(cell)


def names_changed_elsewhere(
    notebook: Notebook, owners: Mapping[str, str], steps: Mapping[str, str]
) -> tuple[str, ...]:
    """Return a sentence for each exported name that a cell without a mark seems to change in place."""
    found = []
    for cell in notebook.code_cells:
        if not cell.marks.export and cell.cell_id not in steps:
            for name in sorted(code_names(cell.source).mutates & owners.keys()):
                found.append(f"{cell.label.capitalize()} may change `{name}` in place; the package has it as defined.")
    return tuple(found)


def _check_complete(
    notebook: Notebook, exported: Sequence[Cell], given: set[str], hints: Mapping[str, str]
) -> None:
    lacking = {name: cell for name, cell in needs_of_module(exported).items() if name not in given}
    if not lacking:
        return
    said = [f"`{name}` (needed by {cell.label}, {_where(notebook, name)})" for name, cell in sorted(lacking.items())]
    if hints.keys() & lacking.keys():
        hint = " ".join(hints[name] for name in sorted(hints.keys() & lacking.keys()))
    elif set(lacking) <= set(_NOTEBOOK_ONLY):
        hint = "Leave it out of marked cells, or import it by name."
    elif not any(name in code_names(cell.source).binds for name in lacking for cell in notebook.code_cells):
        hint = "Import them by name in a cell, or bring back the cell that made them (the panel lists deleted ones)."
    else:
        hint = "Mark the cell that makes it `export`, or hand the value to the function as an argument."
    raise ExportError(f"The marked cells need {', '.join(said)}.", hint)


def _where(notebook: Notebook, name: str) -> str:
    makers = [cell.label for cell in notebook.code_cells if name in code_names(cell.source).binds]
    stars = [cell.label for cell in notebook.code_cells if star_imports(cell)]
    if makers:
        return f"made in {makers[-1]}, which is not marked"
    if name in _NOTEBOOK_ONLY:
        return "which exists in notebooks only"
    return f"perhaps from the star import in {stars[-1]}" if stars else "not made by any cell"


def _check_no_circle(modules: Mapping[str, Sequence[Cell]], owners: Mapping[str, str]) -> None:
    """Modules that need each other can't be imported."""
    needed: dict[str, dict[str, str]] = {}
    for module, cells in modules.items():
        names = [name for name in sorted(needs_of_module(cells)) if owners.get(name, module) != module]
        needed[module] = {owners[name]: name for name in reversed(names)}
    circle = _circle(needed)
    if circle:
        said = ", ".join(f"`{one}` needs `{needed[one][other]}` of `{other}`" for one, other in circle)
        raise ExportError(
            f"The modules need each other and could not be imported: {said}.",
            "Send the cells to one module, or move what both need to a third.",
        )


def _circle(needed: Mapping[str, Mapping[str, str]]) -> list[tuple[str, str]]:
    def search(module: str, way: tuple[str, ...]) -> tuple[str, ...]:
        if module in way:
            return (*way[way.index(module) :], module)
        return next((found for other in sorted(needed[module]) if (found := search(other, (*way, module)))), ())

    found = next((circle for module in sorted(needed) if (circle := search(module, ()))), ())
    return list(pairwise(found))
