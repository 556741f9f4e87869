"""Which live value holds the raw rows that the served model will take: found in the notebook's own calls."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_prodkit.errors import PushError
from jupyter_prodkit.notebook.document import Cell

__all__ = ["RawRows", "find_raw_rows", "is_table", "some_rows"]

GOLDEN_ROWS = 10


@dataclass(frozen=True, slots=True)
class RawRows:
    """A name in the kernel, and why it is taken for the raw rows."""

    name: str
    why: str


def find_raw_rows(
    cells: Iterable[Cell], namespace: Mapping[str, Any], *, model: str, wanted: str | None, features: bool
) -> RawRows:
    """Return the name whose value is the raw rows.

    That is what the notebook hands to `features`, or to `MODEL.fit` or `.predict` where there is no such function.
    Raises PushError where `wanted` is no table, or where no call shows one.
    """
    if wanted is not None:
        if not is_table(namespace.get(wanted)):
            raise PushError(f"`{wanted}` is not a DataFrame or a NumPy array in the kernel.", "Name one with --example.")
        return RawRows(wanted, "as --example says")
    for cell in cells:
        for call, name in _calls(cell, model=model, features=features):
            if is_table(namespace.get(name)):
                return RawRows(name, f"{cell.label} calls {call}({name})")
    what = "`features`" if features else f"`{model}.fit`"
    raise PushError(
        f"No cell hands a DataFrame or array that the kernel still holds to {what}, so the raw rows are not known.",
        "Say which name holds some rows as they come in: --example NAME.",
    )


def _calls(cell: Cell, *, model: str, features: bool) -> Iterator[tuple[str, str]]:
    for node in ast.walk(cell.tree) if cell.tree is not None else ():
        if not isinstance(node, ast.Call) or not node.args:
            continue
        called = ast.unparse(node.func)
        wanted = {"features"} if features else {f"{model}.fit", f"{model}.predict"}
        name = _base_name(node.args[0])
        if called in wanted and name is not None:
            yield called, name


def _base_name(node: ast.expr) -> str | None:
    """The table that an argument is some rows of: `df`, `df.head()`, `df[mask]`, `df.loc[…]`; not one of its columns."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"head", "tail", "sample", "copy"}:
        return _base_name(node.func.value)
    return None


def is_table(value: Any) -> bool:
    """Return whether `value` is a pandas DataFrame or a NumPy array of at least one row."""
    kind = type(value)
    root = kind.__module__.partition(".")[0]
    if (root, kind.__name__) not in {("pandas", "DataFrame"), ("numpy", "ndarray")}:
        return False
    return bool(value.ndim >= 1 and len(value) > 0)


def some_rows(table: Any) -> Any:
    """Return a copy of a few rows from all over `table`, in their order."""
    step = max(1, len(table) // GOLDEN_ROWS)
    chosen = table.iloc[::step][:GOLDEN_ROWS] if hasattr(table, "iloc") else table[::step][:GOLDEN_ROWS]
    return chosen.copy()
