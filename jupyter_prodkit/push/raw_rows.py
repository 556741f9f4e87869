"""Which live value holds the raw rows that the served model will take: found in the notebook's own calls."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_prodkit.errors import PushError
from jupyter_prodkit.notebook.document import Cell

__all__ = ["RawRows", "find_raw_rows", "is_table", "some_rows"]

# Ways to some rows or columns of a table, none of which changes anything.
_PARTS = frozenset(
    {"assign", "astype", "copy", "drop", "dropna", "eq", "fillna", "filter", "ge", "gt", "head", "iloc", "isin", "isna"}
    | {"le", "loc", "lt", "ne", "notna", "query", "reset_index", "select_dtypes", "tail", "to_numpy", "values"}
)
_HARMLESS = (ast.Compare, ast.BinOp, ast.BoolOp, ast.UnaryOp, ast.List, ast.Tuple, ast.Slice, ast.Constant, ast.keyword)


@dataclass(frozen=True, slots=True)
class RawRows:
    """Where the raw rows are in the kernel, and why they are taken for that."""

    text: str
    """A name, or part of a named table as a cell has it: `raw`, `df.drop(columns="y")`."""
    why: str

    def value(self, namespace: Mapping[str, Any]) -> Any:
        """Return the rows, as they are now. Raises PushError where they are no longer there."""
        try:
            found = _evaluated(ast.parse(self.text, mode="eval").body, namespace)
        except Exception as error:
            raise PushError(
                f"`{self.text}` can't be had from the kernel: {type(error).__name__}: {error}.",
                "Name some raw rows with --example.",
            ) from error
        if not is_table(found):
            raise PushError(
                f"`{self.text}` is not a DataFrame or a NumPy array with rows in the kernel.",
                "Name one with --example.",
            )
        return found


def find_raw_rows(
    cells: Iterable[Cell], namespace: Mapping[str, Any], *, model: str, wanted: str | None, features: bool
) -> RawRows:
    """Return where the raw rows are.

    They are what the notebook hands to `features`, or to the model's `fit` or `predict` where there is no such
    function, directly or by way of one function of its own. Raises PushError where `wanted` is no table, or where no
    call shows one.
    """
    if wanted is not None:
        found = RawRows(wanted, "as --example says")
        if not wanted.isidentifier() or wanted not in namespace:
            raise PushError(f"There is no `{wanted}` in the kernel.", "--example names a table of raw rows.")
        found.value(namespace)
        return found
    page = list(cells)
    takers = {"features"} if features else {f"{model}.fit", f"{model}.predict"}
    for cell, shown, argument in _handed_over(page, takers, model):
        if _is_harmless(argument) and _is_table_now(argument, namespace):
            text = ast.unparse(argument)
            return RawRows(text, f"{cell.label} calls {shown}({text})")
    what = "`features`" if features else f"`{model}.fit`"
    raise PushError(
        f"No cell hands a DataFrame or array that the kernel still holds to {what}, so the raw rows are not known.",
        "Say which name holds some rows as they come in: --example NAME.",
    )


def some_rows(table: Any, count: int) -> Any:
    """Return a copy of `count` rows, or as many as there are, from all over `table` in their order."""
    places = sorted({place * len(table) // count for place in range(count)})
    return (table.iloc[places] if hasattr(table, "iloc") else table[places]).copy()


def is_table(value: Any) -> bool:
    """Return whether `value` is a pandas DataFrame or a NumPy array of at least one row."""
    kind = type(value)
    root = kind.__module__.partition(".")[0]
    if (root, kind.__name__) not in {("pandas", "DataFrame"), ("numpy", "ndarray")}:
        return False
    return bool(value.ndim >= 1 and len(value) > 0)


# --- the page's calls --------------------------------------------------------------------------------------------


def _handed_over(cells: list[Cell], takers: set[str], model: str) -> Iterator[tuple[Cell, str, ast.expr]]:
    """Each call at top level that hands something to a taker: the cell, what it calls, and the argument."""
    ways = {name: place for cell in cells for name, place in _ways_through(cell, takers)}
    for cell in cells:
        for call, target in _calls(cell):
            called = ast.unparse(call.func)
            fits = target == model and isinstance(call.func, ast.Attribute) and call.func.attr == "fit"
            if call.args and (called in takers or (fits and "features" not in takers)):
                yield cell, called if called in takers else f"{model}.fit", call.args[0]
            elif called in ways and (target == model or "features" in takers):
                yield from ((cell, called, argument) for argument in _argument(call, *ways[called]))


def _ways_through(cell: Cell, takers: set[str]) -> Iterator[tuple[str, tuple[int, str]]]:
    """Functions of the notebook that hand an argument of theirs on: `def train(rows): … features(rows)`."""
    for function in cell.tree.body if cell.tree is not None else ():
        if not isinstance(function, ast.FunctionDef) or function.name in takers:
            continue
        names = [argument.arg for argument in function.args.args]
        for call in (node for node in ast.walk(function) if isinstance(node, ast.Call) and node.args):
            taker = ast.unparse(call.func)
            known = taker in takers or ("features" not in takers and taker.endswith(".fit"))
            if known and isinstance(call.args[0], ast.Name) and call.args[0].id in names:
                yield function.name, (names.index(call.args[0].id), call.args[0].id)


def _argument(call: ast.Call, place: int, name: str) -> list[ast.expr]:
    by_name = [keyword.value for keyword in call.keywords if keyword.arg == name]
    return by_name or list(call.args[place : place + 1])


def _calls(cell: Cell) -> Iterator[tuple[ast.Call, str]]:
    """The calls that running the cell makes itself, each with the name that its statement assigns."""
    for statement in cell.tree.body if cell.tree is not None else ():
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        single = isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)
        target = ast.unparse(statement.targets[0]) if isinstance(statement, ast.Assign) and single else ""
        yield from ((node, target) for node in ast.walk(statement) if isinstance(node, ast.Call))


# --- their arguments ---------------------------------------------------------------------------------------------


def _is_harmless(node: ast.AST) -> bool:
    """Whether working the argument out again changes nothing: names, and parts of tables by the usual ways."""
    if isinstance(node, ast.Name):
        return True
    if isinstance(node, ast.Attribute):
        return node.attr in _PARTS and _is_harmless(node.value)
    if isinstance(node, ast.Subscript):
        return _is_harmless(node.value) and _is_harmless(node.slice)
    if isinstance(node, ast.Call):
        parts = [*node.args, *node.keywords]
        return isinstance(node.func, ast.Attribute) and all(map(_is_harmless, [node.func, *parts]))
    operators = (ast.expr_context, ast.operator, ast.cmpop, ast.boolop, ast.unaryop)
    children = [child for child in ast.iter_child_nodes(node) if not isinstance(child, operators)]
    return isinstance(node, _HARMLESS) and all(map(_is_harmless, children))


def _is_table_now(node: ast.expr, namespace: Mapping[str, Any]) -> bool:
    try:
        return is_table(_evaluated(node, namespace))
    except Exception:  # noqa: BLE001 - names may be gone or hold something else since
        return False


def _evaluated(node: ast.expr, namespace: Mapping[str, Any]) -> Any:
    code = compile(ast.Expression(node), "<raw rows>", "eval")
    return eval(code, {"__builtins__": {}}, dict(namespace))  # noqa: S307 - a harmless part of the user's own code
