"""What is exported: the marked cells by module, with everything that their code needs from the page."""

from __future__ import annotations

import builtins
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.util import find_spec

from jupyter_prodkit.errors import ExportError, MissingDependencyError
from jupyter_prodkit.export.closure import Closure, Width, close
from jupyter_prodkit.export.exportable import check_needed
from jupyter_prodkit.export.hoisting import Hoisted, arguments_of, hoist
from jupyter_prodkit.export.imports import PageImports, read_imports
from jupyter_prodkit.export.marked_cells import is_bare_imports, marked_cells
from jupyter_prodkit.export.offered_imports import NO_OFFERS, ImportOffers, OfferedImport
from jupyter_prodkit.export.parameters import Parameter
from jupyter_prodkit.export.statements import Statement, page_statements
from jupyter_prodkit.export.step_functions import StepFunction, step_functions
from jupyter_prodkit.export.wholeness import INJECTED, check_selection, names_changed_elsewhere, needs_of_module
from jupyter_prodkit.notebook.document import Cell, Notebook
from jupyter_prodkit.notebook.names import code_names

__all__ = ["STEPS_MODULE", "Selection", "Taken", "select"]

STEPS_MODULE, _COMMON = "steps", "common"
_OF_MODULES = frozenset({"Any", "data_path", "logger", "logging", "partial", "retried", "settings"})
"""What an exported module may import or define by itself."""


@dataclass(frozen=True, slots=True)
class Taken:
    """An unmarked statement that the marked cells need."""

    cell: Cell
    line: str
    """Its first line."""


@dataclass(frozen=True)
class Selection:
    """Everything that goes into the package."""

    modules: Mapping[str, tuple[Cell, ...]]
    """Module name → its cells in page order; what was taken or made of several stands in cells of its own."""
    parameters: tuple[Parameter, ...]
    imports: PageImports
    owners: Mapping[str, str]
    """Name → the module that defines it."""
    warnings: tuple[str, ...] = ()
    steps: tuple[StepFunction, ...] = ()
    """The steps, in the order in which they run."""
    arguments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Function → the values it read from the notebook's top level, which it now gets as arguments."""
    taken: tuple[Taken, ...] = ()
    offers: ImportOffers = NO_OFFERS
    """What is known of imports that no cell makes."""
    offered: tuple[OfferedImport, ...] = ()
    """Those that it needs."""

    @property
    def cells(self) -> frozenset[str]:
        """The ids of all cells that it is made of."""
        sources = (cell_id for module in self.modules for cell_id in self.sources(module))
        steps = (cell_id for step in self.steps for cell_id in step.cells)
        return frozenset({*sources, *steps, *(one.cell.cell_id for one in self.taken)})

    @property
    def along(self) -> tuple[str, ...]:
        """All that nobody marked and comes along, each with its cell: `cell 1: rows = [1]`."""
        return (*(f"{one.cell.label}: {one.line}" for one in self.taken), *(one.sentence for one in self.offered))

    def purpose(self, module: str) -> str:
        """Return what a module holds, as its docstring begins."""
        return "Steps of" if module == STEPS_MODULE and self.steps else "Definitions from"

    def sources(self, module: str) -> tuple[str, ...]:
        """Return the ids of the cells that a module's code comes from, in page order."""
        return tuple(dict.fromkeys(cell.cell_id for cell in self.modules[module]))


def select(
    notebook: Notebook,
    width: Width = Width.LIKELY,
    types: Mapping[tuple[str, str], str] | None = None,
    offers: ImportOffers = NO_OFFERS,
) -> Selection:
    """Return what the marks on the page select, and what that needs. Raises MissingDependencyError without libcst.

    `types` are the qualified types of values, by step and name, where they are known; of the imports in `offers` those
    come along that are needed. Raises ExportError where no
    cell is marked, where a marked cell can't stand in a package, and where the marked cells don't make a whole: a
    name that they need is not made above, or is something else by the end of the page, or steps need each other.
    """
    if find_spec("libcst") is None:
        raise MissingDependencyError("libcst", "export")
    marked = marked_cells(notebook)
    imports = offers.added_to(read_imports(notebook.code_cells))
    modules, owners = marked.modules()
    names = frozenset(parameter.name for parameter in marked.parameters)
    statements = page_statements(_on_page(notebook), offers.lines)
    closure = close(
        statements,
        step_of=lambda one: marked.steps.get(one.cell.cell_id),
        given=names | owners.keys() | offers.known.keys(),
        hints=offers.hints,
        wanted={name: cell.label for name, cell in needs_of_module(marked.exported).items()},
        width=width,
    )
    for one in closure.taken:
        check_needed(one)
    definitions = _take_definitions(closure, modules, owners)
    hoisted = hoist(closure, names | owners.keys(), imports)
    closure = hoisted.rest(closure)
    outside = names | owners.keys() | imports.statements.keys() | hoisted.names
    steps = step_functions(closure, statements, outside - _bound(closure), _not_for_steps(outside))
    arguments = arguments_of([*marked.exported, *definitions], hoisted, outside, _made(statements))
    texts = _texts(hoisted, steps, marked.steps, imports, types or {})
    fields = {parameter.field for parameter in marked.parameters}
    bound = _bindings(notebook, statements)
    modules, owners, lifted, stay = _with_steps(modules, owners, texts, steps, hoisted, bound, fields)
    besides = {one for found in arguments.values() for one in found} | {one.name for one in lifted} | {"Any", "retried"}
    check_selection(notebook, modules, owners, imports, set(names), besides, offers.hints)
    _check_served(arguments, steps, owners)
    found = Selection(
        modules=modules,
        parameters=(*marked.parameters, *lifted),
        imports=imports.with_typing(),
        owners=owners,
        warnings=(*names_changed_elsewhere(notebook, owners, marked.steps), *stay),
        steps=steps,
        arguments=arguments,
        taken=tuple(Taken(one.cell, _first_line(one)) for one in closure.taken),
    )
    read = {name for cells in modules.values() for name in imports.needed_for(sorted(needs_of_module(cells))).values()}
    return replace(found, offers=offers, offered=offers.used(read, found.cells))


def _on_page(notebook: Notebook) -> list[Cell]:
    """The cells whose statements count: not settings, nor the values of one run that papermill put in."""
    return [cell for cell in notebook.code_cells if not cell.marks.parameters and INJECTED not in cell.tags]


def _take_definitions(closure: Closure, modules: dict[str, tuple[Cell, ...]], owners: dict[str, str]) -> list[Cell]:
    """Put the unmarked definitions that exported ones need beside them, or in a module of their own."""
    taken = [_cell(one.cell, one.text) for one in closure.definitions]
    if not taken:
        return []
    module = next(iter(modules)) if len(modules) == 1 else _COMMON
    modules[module] = tuple(sorted([*taken, *modules.get(module, ())], key=lambda cell: cell.index))
    for one in closure.definitions:
        owners.update(dict.fromkeys(one.binds, module))
    return taken


def _texts(
    hoisted: Hoisted,
    steps: Sequence[StepFunction],
    marked: Mapping[str, str],
    imports: PageImports,
    types: Mapping[tuple[str, str], str],
) -> list[Cell]:
    """The cells of the steps' module: definitions that steps share, then a function for each step."""
    from jupyter_prodkit.export.signatures import step_text

    cells = [_cell(one.cell, one.text) for one in hoisted.statements]
    return [*cells, *(_cell(_home(one, marked), step_text(one, imports, types)) for one in steps)]


def _home(function: StepFunction, marked: Mapping[str, str]) -> Cell:
    """The first cell that is marked as the step; what comes along may stand above it."""
    own = (one.cell for one in function.statements if marked.get(one.cell.cell_id) == function.step)
    return next(own, function.statements[0].cell)


def _with_steps(
    modules: Mapping[str, tuple[Cell, ...]],
    owners: Mapping[str, str],
    texts: Sequence[Cell],
    steps: Sequence[StepFunction],
    hoisted: Hoisted,
    bound: Mapping[str, int],
    fields: Collection[str],
) -> tuple[dict[str, tuple[Cell, ...]], dict[str, str], tuple[Parameter, ...], tuple[str, ...]]:
    """Add the steps' module, and make settings of what is picked and of paths, URLs and seeds; say which can't be.

    `bound` says how many statements bind each name of the page, `fields` are the settings of the marked parameters.
    """
    from jupyter_prodkit.export.constants import constants_of
    from jupyter_prodkit.export.literals import Literals
    from jupyter_prodkit.export.picking import Picked

    every = dict(modules)
    if texts:
        every = {module: cells for module, cells in modules.items() if not all(map(is_bare_imports, cells))}
        every[STEPS_MODULE] = (*every.get(STEPS_MODULE, ()), *texts)
    constants = constants_of((cell for cells in every.values() for cell in cells), bound)
    picked = Picked(bound.keys(), fields, constants.liftable)
    taken = {module: [replace(cell, source=picked.take(cell)) for cell in cells] for module, cells in every.items()}
    literals = Literals({*bound, *fields, *picked.found})
    lifted = {
        module: tuple(replace(cell, source=literals.lift(cell.python)) for cell in cells)
        for module, cells in taken.items()
    }
    settings = {one.name for one in picked.parameters}
    known = {**owners, **dict.fromkeys(hoisted.names, STEPS_MODULE), **{one.name: STEPS_MODULE for one in steps}}
    kept = {name: module for name, module in known.items() if name not in settings}
    return lifted, kept, (*picked.parameters, *literals.parameters), tuple(constants.stay)


def _cell(origin: Cell, text: str) -> Cell:
    """Code that came from a cell, as a cell of its own."""
    return Cell(origin.cell_id, origin.index, "code", text, ("export",))


def _not_for_steps(names: Collection[str]) -> frozenset[str]:
    """Names that a step's function can't have: what its module defines or reads by them would be something else."""
    return frozenset({*names, *dir(builtins), *_OF_MODULES})


def _bound(closure: Closure) -> frozenset[str]:
    """Names that the steps bind themselves: inside a function they are its own."""
    return frozenset(name for found in closure.steps.values() for one in found for name in one.binds)


def _made(statements: Sequence[Statement]) -> frozenset[str]:
    return frozenset(name for one in statements for name in one.binds)


def _bindings(notebook: Notebook, statements: Sequence[Statement]) -> Mapping[str, int]:
    """How many statements bind each name of the page; none for names of cells that are no statements of it."""
    counts = dict.fromkeys((name for cell in notebook.code_cells for name in code_names(cell.source).binds), 0)
    for one in statements:
        counts.update({name: counts.get(name, 0) + 1 for name in one.binds})
    return counts


def _first_line(statement: Statement) -> str:
    lines = [line for line in statement.text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return lines[0].strip()


def _check_served(
    arguments: Mapping[str, tuple[str, ...]], steps: Sequence[StepFunction], owners: Mapping[str, str]
) -> None:
    """`features` and `predict` are called with rows alone, by the server and by nobody who knows more."""
    names = {one.name for one in steps}
    for name in ("features", "predict"):
        if name in owners and name not in names and arguments.get(name):
            needed = ", ".join(f"`{one}`" for one in arguments[name])
            raise ExportError(
                f"The function `{name}` reads {needed}, which the notebook's cells make by work; "
                "the server would have only rows to call it with.",
                "Make that part of the model (a fitted step of its pipeline), or a setting.",
            )
