"""What is exported: the marked cells by module, and a word on each name they need that nothing exported gives them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from jupyter_prodkit.errors import ExportError
from jupyter_prodkit.export.parameters import Parameter, read_parameters
from jupyter_prodkit.notebook.dataflow import needs_of_cells
from jupyter_prodkit.notebook.document import Cell, Notebook
from jupyter_prodkit.notebook.names import code_names

__all__ = ["DEFAULT_MODULE", "Selection", "imported_names", "select"]

DEFAULT_MODULE = "core"
_RESERVED = frozenset({"config", "serving", "__init__", "__main__"})


@dataclass(frozen=True)
class Selection:
    """Everything that goes into the package."""

    modules: Mapping[str, tuple[Cell, ...]]
    """Module name → its cells in page order."""
    parameters: tuple[Parameter, ...]
    imports: Mapping[str, tuple[str, ...]]
    """Name → the import statements on the page that bind it."""
    owners: Mapping[str, str]
    """Name → the module that defines it."""


def select(notebook: Notebook) -> Selection:
    """Return what the marks on the page select.

    Raises ExportError where no cell is marked, a marked cell is not valid Python, uses a magic or runs code when it
    is imported, and where marked cells need a name that no marked cell gives them.
    """
    exported = [cell for cell in notebook.code_cells if cell.marks.export]
    if not exported:
        raise ExportError(
            f"No cell of {notebook.path.name} is marked `export`.",
            "Begin the cells that define your functions with `#| export`, or tag them `export` in the sidebar.",
        )
    for cell in exported:
        _check_exportable(cell)
    parameters = read_parameters(cell for cell in notebook.code_cells if cell.marks.parameters)
    modules: dict[str, list[Cell]] = {}
    owners: dict[str, str] = {}
    for cell in exported:
        module = cell.marks.module or DEFAULT_MODULE
        if module in _RESERVED:
            raise ExportError(f"{cell.label.capitalize()} goes to the module `{module}`, a name the package needs itself.")
        modules.setdefault(module, []).append(cell)
        owners.update(dict.fromkeys(code_names(cell.source).binds - imported_names(cell), module))
    imports = _imports(notebook.code_cells)
    _check_complete(notebook, exported, {*owners, *imports, *(parameter.name for parameter in parameters)})
    return Selection({name: tuple(cells) for name, cells in modules.items()}, parameters, imports, owners)


def imported_names(cell: Cell) -> frozenset[str]:
    """Return the names that the cell's own top-level imports bind."""
    nodes = [] if cell.tree is None else [n for n in cell.tree.body if isinstance(n, (ast.Import, ast.ImportFrom))]
    return frozenset(alias.asname or alias.name.partition(".")[0] for node in nodes for alias in node.names)


def _imports(cells: Iterable[Cell]) -> dict[str, tuple[str, ...]]:
    """The statements that bind each imported name, anywhere on the page; a later import of a name replaces it.

    `import a.b` and `import a.c` both bind `a` and are both needed.
    """
    found: dict[str, tuple[str, ...]] = {}
    for cell in cells:
        for node in ast.walk(cell.tree) if cell.tree is not None else ():
            if isinstance(node, ast.Import):
                for alias in node.names:
                    name, line = alias.asname or alias.name.partition(".")[0], _import_line(alias)
                    before = found.get(name, ()) if "." in alias.name and not alias.asname else ()
                    found[name] = (*(one for one in before if one != line), line)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for alias in node.names:
                    found[alias.asname or alias.name] = (f"from {node.module} {_import_line(alias)}",)
    return found


def _import_line(alias: ast.alias) -> str:
    return f"import {alias.name} as {alias.asname}" if alias.asname else f"import {alias.name}"


def _check_complete(notebook: Notebook, exported: list[Cell], given: set[str]) -> None:
    needs = needs_of_cells(exported)
    lacking = {name: cell for name, cell in needs.items() if name not in given}
    if not lacking:
        return
    said = []
    for name, cell in sorted(lacking.items()):
        makers = [c.label for c in notebook.code_cells if name in code_names(c.source).binds]
        where = f"made in {makers[-1]}, which is not marked" if makers else "not made by any cell"
        said.append(f"`{name}` (needed by {cell.label}, {where})")
    raise ExportError(
        f"The marked cells need {', '.join(said)}.",
        "Mark the cell that makes it `export`, or hand the value to the function as an argument.",
    )


# --- what may stand in an exported cell ----------------------------------------------------------------------------

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Pass)
# Calls that make a value and do nothing else.
_QUIET_CALLS = frozenset(
    "frozenset set tuple list dict range sorted len str int float bool Path re.compile logging.getLogger "
    "datetime.timedelta timedelta namedtuple collections.namedtuple TypeVar".split(),
)


def _check_exportable(cell: Cell) -> None:
    if cell.tree is None:
        raise ExportError(f"{cell.label.capitalize()} is marked `export` and is not valid Python.", "Mend the cell.")
    if "get_ipython()" in cell.python and "get_ipython()" not in cell.source:
        raise ExportError(
            f"{cell.label.capitalize()} is marked `export` and uses a magic or a shell line.",
            "Move it to a cell of its own, without the mark.",
        )
    for statement in cell.tree.body:
        if not _is_quiet(statement):
            raise ExportError(
                f"{cell.label.capitalize()} is marked `export`, and its line {statement.lineno} would run on import: "
                f"{ast.unparse(statement).splitlines()[0][:60]}",
                "Put it into a function, or into a cell without the mark: importing a package must do nothing.",
            )


def _is_quiet(statement: ast.stmt) -> bool:
    if isinstance(statement, _DEFINITIONS):
        return True
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)
    if isinstance(statement, (ast.Assign, ast.AnnAssign)):
        return statement.value is None or _is_quiet_value(statement.value)
    return False


def _is_quiet_value(value: ast.expr) -> bool:
    for node in ast.walk(value):
        if isinstance(node, ast.Call) and ast.unparse(node.func) not in _QUIET_CALLS:
            return False
        if isinstance(node, (ast.Await, ast.Yield, ast.YieldFrom)):
            return False
    return True
