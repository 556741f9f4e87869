"""One-click fixes: which a finding offers, and the edits that they make to the page."""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from jupyter_prodkit.check.report import Finding, Report
from jupyter_prodkit.errors import UsageError
from jupyter_prodkit.faces.protocol import EditedCell, Fix, Mend
from jupyter_prodkit.notebook.document import Cell, Notebook
from jupyter_prodkit.notebook.marks import is_parameters
from jupyter_prodkit.notebook.names import code_names

__all__ = ["edits", "fixes_of"]

_PARAMETERS = "parameters"
_GENERATORS = frozenset({"default_rng", "RandomState", "Random"})
_SEEDERS = {"Python": ("random", "seed"), "NumPy": ("numpy.random", "seed"), "PyTorch": ("torch", "manual_seed")}
"""The stream's owner, as findings name it → the module and the function that seeds it."""


def fixes_of(report: Report, notebook: Notebook) -> tuple[Fix, ...]:
    """Return what each finding offers to do with one click."""
    return tuple(_fixes(report.findings, notebook))


def _fixes(findings: Sequence[Finding], notebook: Notebook) -> Iterator[Fix]:
    for place, finding in enumerate(findings):
        cell = notebook.cell(finding.cell_id or "")
        if cell is None or finding.rule.startswith("hidden-state/"):
            continue  # hidden state is mended by running cells, and is said of ignored cells all the same
        if finding.rule == "randomness/unseeded" and (seed := _seed(cell, finding.names, finding.because)):
            yield Fix(finding=place, kind="seed", label=seed.label)
        if finding.rule in {"paths/absolute", "paths/missing"} and _literals(cell, finding.because):
            yield Fix(finding=place, kind="parameter", label="Lift it to a parameter")
        if finding.rule == "skew/features-outside":
            yield Fix(finding=place, kind="export", label="Mark the cell for export")
        yield Fix(finding=place, kind="ignore", label="Ignore here")


def edits(asked: Mend, notebook: Notebook) -> tuple[EditedCell, ...]:
    """Return the cells that a fix changes or adds. Raises UsageError where what it would mend is gone."""
    cell = notebook.cell(asked.cell_id)
    if cell is not None and asked.fix == "seed":
        seed = _seed(cell, asked.names, asked.because)
        if seed is not None:
            return (EditedCell(cell_id=cell.cell_id, source=seed.into(cell.source)),)
    if cell is not None and asked.fix == "parameter":
        literals = _literals(cell, asked.because)
        if literals:
            return _lifted(cell, literals, notebook)
    raise UsageError("What this would mend is no longer there.", "The cell has changed since; check again.")


# --- seeds ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Insertion:
    """Text that goes into a cell."""

    line: int
    """From 1."""
    column: int
    """In bytes, as syntax trees count."""
    text: str
    label: str

    def into(self, source: str) -> str:
        """Return `source` with the text in its place."""
        return _replaced(source, (self.line, self.column), (self.line, self.column), self.text)


def _seed(cell: Cell, names: Sequence[str], because: str) -> _Insertion | None:
    """Return what seeds the draw that a finding names; None where the text isn't plain enough to be edited."""
    statement, call = _call(cell, names[0] if names else "")
    if statement is None or call is None:
        return None
    if names[0] in _GENERATORS:
        return _argument(cell, call, "0") if not call.args and not call.keywords else None
    if "NumPy" in because and not _is_of_numpy(call):
        return _argument(cell, call, "random_state=0")
    return _line_above(statement, call, because)


def _call(cell: Cell, name: str) -> tuple[ast.stmt | None, ast.Call | None]:
    """Return the first call of that name that is not seeded yet, and the statement of the cell's top level it is in."""
    for statement in _tree(cell).body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Call) and _last_word(node.func) == name and not _is_seeded(node):
                return statement, node
    return None, None


def _is_seeded(call: ast.Call) -> bool:
    return any(keyword.arg in {"random_state", "seed", None} for keyword in call.keywords)


def _is_of_numpy(call: ast.Call) -> bool:
    """Whether it is one of NumPy's own draws: `np.random.rand`."""
    return isinstance(call.func, ast.Attribute) and _last_word(call.func.value) == "random"


def _argument(cell: Cell, call: ast.Call, text: str) -> _Insertion | None:
    line, column = call.end_lineno or 0, (call.end_col_offset or 0) - 1
    lines = cell.source.encode().splitlines()
    before = b"\n".join([*lines[: line - 1], lines[line - 1][:column]]).rstrip()
    comma = "" if before.endswith((b"(", b",")) else ", "
    if b"#" in before.rpartition(b"\n")[2]:
        return None  # the last argument may be followed by a comment
    return _Insertion(line, column, comma + text, f"Add `{text}`")


def _line_above(statement: ast.stmt, call: ast.Call, because: str) -> _Insertion | None:
    """Return the line that seeds a whole stream, above the statement that draws from it."""
    owner = next((owner for owner in _SEEDERS if owner in because), None)
    if owner is None:
        return None
    module, function = _SEEDERS[owner]
    first = statement.lineno if not _decorators(statement) else min(d.lineno for d in _decorators(statement))
    if isinstance(call.func, ast.Attribute):
        line = f"{ast.unparse(call.func.value)}.{function}(0)"
        return _Insertion(first, 0, f"{line}\n", f"Add `{line}`")
    return _Insertion(first, 0, f"import {module}\n{module}.{function}(0)\n", f"Add `{module}.{function}(0)`")


def _decorators(statement: ast.stmt) -> Sequence[ast.expr]:
    return statement.decorator_list if isinstance(statement, (ast.FunctionDef, ast.ClassDef)) else ()


# --- paths ------------------------------------------------------------------------------------------------------


def _literals(cell: Cell, because: str) -> tuple[ast.Constant, ...]:
    """Return where the path that a finding quotes stands in the cell as a text of its own."""
    within = {
        id(part) for node in ast.walk(_tree(cell)) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)
    }
    found = (
        node for node in ast.walk(_tree(cell))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in within
    )  # fmt: skip
    return tuple(node for node in found if len(str(node.value)) > 1 and repr(node.value) in because)


def _lifted(cell: Cell, literals: Sequence[ast.Constant], notebook: Notebook) -> tuple[EditedCell, ...]:
    path = str(literals[0].value)
    name = _new_name(path, notebook)
    line = f"{name} = {_relative(path, notebook.path.parent)!r}"
    source = cell.source
    for literal in sorted(literals, key=lambda node: (node.lineno, node.col_offset), reverse=True):
        end = literal.end_lineno or literal.lineno, literal.end_col_offset or literal.col_offset
        source = _replaced(source, (literal.lineno, literal.col_offset), end, name)
    changed = EditedCell(cell_id=cell.cell_id, source=source)
    home = next((one for one in notebook.cells if one.index < cell.index and _is_parameters(one)), None)
    if home is not None:
        return (EditedCell(cell_id=home.cell_id, source=f"{home.source.rstrip()}\n{line}"), changed)
    first = next(one for one in notebook.cells if one.kind == "code").index
    above = notebook.cells[first - 1].cell_id if first else None
    new = EditedCell(cell_id=_new_id(notebook), source=line, is_new=True, below=above, tags=(_PARAMETERS,))
    return (new, changed)


def _is_parameters(cell: Cell) -> bool:
    return cell.kind == "code" and is_parameters(cell.source, cell.tags)


def _new_name(path: str, notebook: Notebook) -> str:
    """Return a name for the path that nothing on the page has: `train_path` for `/home/me/train.csv`."""
    stem = re.sub(r"\W+", "_", PurePath(path.replace("\\", "/")).stem.lower()).strip("_")
    base = f"{stem}_path" if stem and not stem[0].isdigit() and not keyword.iskeyword(stem) else "data_path"
    taken: set[str] = set()
    for cell in notebook.code_cells:
        names = code_names(cell.source)
        taken |= names.binds | names.needs
    candidates = (base if number == 1 else f"{base}_{number}" for number in range(1, len(taken) + 3))
    return next(name for name in candidates if name not in taken)


def _new_id(notebook: Notebook) -> str:
    number = 1
    while notebook.cell(f"parameters-{number}") is not None:
        number += 1
    return f"parameters-{number}"


def _relative(path: str, folder: Path) -> str:
    inside = Path(path).expanduser()
    return inside.relative_to(folder).as_posix() if inside.is_relative_to(folder) else path


# --- text -------------------------------------------------------------------------------------------------------


def _tree(cell: Cell) -> ast.Module:
    """Return the tree of the source as it stands, whose places can be edited; an empty one where it has magics."""
    try:
        return ast.parse(cell.source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module(body=[], type_ignores=[])


def _last_word(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _replaced(source: str, start: tuple[int, int], end: tuple[int, int], text: str) -> str:
    """Return `source` with `text` between two places, each a line from 1 and a column in bytes."""
    lines = source.encode().splitlines(keepends=True)
    before = b"".join([*lines[: start[0] - 1], lines[start[0] - 1][: start[1]]])
    after = b"".join([lines[end[0] - 1][end[1] :], *lines[end[0] :]])
    return (before + text.encode() + after).decode()
