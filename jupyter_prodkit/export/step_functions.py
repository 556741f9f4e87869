"""From the statements of a step to the text of a function: what goes in, what comes out, what stands in between."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from jupyter_prodkit.check.formats.wording import cell_names
from jupyter_prodkit.errors import ExportError
from jupyter_prodkit.export.closure import Closure
from jupyter_prodkit.export.statements import Statement
from jupyter_prodkit.notebook.document import Cell

__all__ = ["StepFunction", "step_functions"]


@dataclass(frozen=True)
class StepFunction:
    """One step as a function."""

    step: str
    name: str
    """The function's name: the step's, unless that is taken by a definition."""
    inputs: tuple[str, ...]
    """The names that it takes, in order."""
    outputs: tuple[str, ...]
    """The names that it returns, in order."""
    statements: tuple[Statement, ...]

    @property
    def cells(self) -> tuple[str, ...]:
        """The ids of the cells that it is made of, in page order."""
        return tuple(dict.fromkeys(statement.cell.cell_id for statement in self.statements))

    @property
    def labels(self) -> str:
        """Those cells in words: `cells 3 and 5`."""
        return cell_names(list(dict.fromkeys(one.cell.label for one in self.statements)))


def step_functions(
    closure: Closure, page: Sequence[Statement], outside: Collection[str], taken_names: Collection[str]
) -> tuple[StepFunction, ...]:
    """Return the steps as functions, in the order in which they run.

    `outside` are names that a function finds in its module: imports, settings, definitions; `taken_names` are those
    that a function can't be called. Raises ExportError for cells that can't stand in a function.
    """
    bound_by: dict[str, str] = {}
    found: list[StepFunction] = []
    for step, statements in closure.steps.items():
        for statement in statements:
            _check(statement)
        inputs = _inputs(statements, bound_by, outside)
        outputs = _outputs(step, statements, closure, page, outside)
        name = f"{step}_step" if step in taken_names else step
        found.append(StepFunction(step, name, inputs, outputs, statements))
        bound_by.update(dict.fromkeys(outputs, step))
    return tuple(found)


def _inputs(
    statements: Sequence[Statement], bound_by: Mapping[str, str], outside: Collection[str]
) -> tuple[str, ...]:
    here: set[str] = set()
    needed: dict[str, None] = {}
    for statement in statements:
        for name in sorted(statement.reads - here):
            if name in bound_by and name not in outside:
                needed[name] = None
        here |= statement.surely
    return tuple(needed)


def _outputs(
    step: str, statements: Sequence[Statement], closure: Closure, page: Sequence[Statement], outside: Collection[str]
) -> tuple[str, ...]:
    """What others read later, and results that nothing uses up; else whatever the step ends with."""
    last = {name: one.place for one in statements for name in one.binds}
    own = {one.place for one in statements}
    names: dict[str, None] = {}
    marked: set[str] = set()
    taken = {one.place for one in closure.taken}
    for statement in statements:
        for name in sorted(_left_by(statement)):
            if name not in outside and not name.startswith("@"):
                names[name] = None
                counts = statement.place not in taken and statement.role != "shown"
                marked |= {name} if counts else set()
    read_later = {
        name
        for other, found in closure.steps.items()
        if other != step
        for one in found
        for name in one.reads
        if name in last and one.place > last[name]
    }
    used_up = {
        name
        for one in statements
        for name in one.reads
        if name in last and one.place > last[name] and _uses_up(one, name)
    }
    shown_later = {
        name for one in page for name in one.reads if one.place not in own and name in last and one.place > last[name]
    }
    carried = {name for one in statements for name in one.changes if name in names}
    results = {name for name in marked - used_up if not name.startswith("_")}
    public = {name for name in marked if not name.startswith("_")}
    chosen = read_later | (public & (shown_later | carried)) | results | _asked_for(step, statements, names, outside)
    return tuple(name for name in names if name in chosen)


def _uses_up(statement: Statement, name: str) -> bool:
    """Whether a statement that reads `name` makes something of it; else it only reports it, or writes it away."""
    made = _left_by(statement) | statement.changes - {name}
    return any(not one.startswith("@") for one in made)


def _asked_for(
    step: str, statements: Sequence[Statement], names: Collection[str], outside: Collection[str]
) -> set[str]:
    """The names that cells of the step are marked to return; those that stand in the module are there anyway."""
    found: set[str] = set()
    for statement in statements:
        for name in statement.cell.marks.returns if statement.cell.marks.step == step else ():
            if name not in names and name not in outside:
                raise ExportError(
                    f"{statement.cell.label.capitalize()} is marked `returns:{name}`, "
                    f"and no statement of the step `{step}` leaves such a value.",
                    "Give the name of something that the step's cells assign.",
                )
            found.add(name)
    return found


def _left_by(statement: Statement) -> frozenset[str]:
    """The names a statement binds for good: not imports, not what a loop or a `with` only passes through."""
    passing: set[str] = set()
    tree = statement.tree
    if isinstance(tree, (ast.Import, ast.ImportFrom)):
        return frozenset()
    for node in ast.walk(tree):
        if isinstance(node, (ast.For, ast.AsyncFor)):
            passing |= {part.id for part in ast.walk(node.target) if isinstance(part, ast.Name)}
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            passing |= {part.id for part in ast.walk(node.optional_vars) if isinstance(part, ast.Name)}
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            passing |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    return frozenset(name for name in statement.binds if name not in passing)


def _check(statement: Statement) -> None:
    """Refuse what means something else in a function than at a cell's top."""
    cell = statement.cell
    for node in ast.walk(statement.tree):
        if isinstance(node, ast.ImportFrom) and (node.level or node.names[0].name == "*"):
            raise ExportError(
                f"{cell.label.capitalize()} holds `{ast.unparse(node)}`, which does not say what it brings.",
                "Import by name, from an installed package: `from package import name`.",
            )
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            _check_globals(node, cell)
    if _awaits(statement.tree):
        raise ExportError(
            f"{cell.label.capitalize()} is part of a step and awaits something at its top.",
            "Put it into an `async def` and call that with `asyncio.run(…)`.",
        )


def _check_globals(function: ast.FunctionDef | ast.AsyncFunctionDef, cell: Cell) -> None:
    names = [name for node in ast.walk(function) if isinstance(node, ast.Global) for name in node.names]
    if names:
        raise ExportError(
            f"{cell.label.capitalize()} is part of a step, and its function `{function.name}` sets the global name "
            f"`{names[0]}`.",
            "Return it, and assign what the function returns.",
        )


def _awaits(tree: ast.AST) -> bool:
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, (ast.Await, ast.AsyncFor, ast.AsyncWith)):
            return True
        if isinstance(node, ast.comprehension) and node.is_async:
            return True
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            pending.extend(ast.iter_child_nodes(node))
    return False
