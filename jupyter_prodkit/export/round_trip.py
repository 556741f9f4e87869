"""Back from the package to the notebook: definitions that were exported verbatim take their edits home."""

from __future__ import annotations

import ast
import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_prodkit.errors import ExportError
from jupyter_prodkit.export.merging import BASE
from jupyter_prodkit.export.package import Package
from jupyter_prodkit.files import write_file
from jupyter_prodkit.notebook.document import Cell, Notebook

__all__ = ["Homecoming", "homecoming", "write_home"]


@dataclass(frozen=True)
class Homecoming:
    """What was edited in the package, seen from the notebook."""

    sources: Mapping[str, str]
    """Cell id → the cell's source with the edits of its definitions."""
    diffs: tuple[str, ...]
    """A diff for each edited definition, those that can't be taken over included."""
    stay: tuple[str, ...]
    """Definitions whose edits the user has to carry over: the export rewrote them, or they are in no one cell."""


def homecoming(notebook: Notebook, package: Package, folder: Path) -> Homecoming:
    """Compare the package in `folder` with what was exported there, definition by definition."""
    sources: dict[str, str] = {}
    diffs: list[str] = []
    stay: list[str] = []
    for module, cells in package.selection.modules.items():
        name = f"src/{package.name}/{module}.py"
        before, now = _definitions(folder / BASE / name), _definitions(folder / name)
        for defined, old in before.items():
            new = now.get(defined)
            if new == old:
                continue
            diffs.append(_diff(old, new or "", f"{name}: {defined}"))
            cell = _cell_of(notebook, cells, defined)
            source = None if cell is None or new is None else sources.get(cell.cell_id, cell.source)
            if cell is None or source is None or source.count(old) != 1:
                stay.append(defined)
            else:
                sources[cell.cell_id] = source.replace(old, new or "")
    return Homecoming(sources, tuple(diffs), tuple(stay))


def write_home(notebook: Notebook, sources: Mapping[str, str]) -> None:
    """Write new sources into the notebook's file; everything else in it stays as it is.

    Raises ExportError where the page on screen is not the file, or a source is no longer the one that was read,
    ProjectError where the disk refuses.
    """
    if not notebook.from_file:
        raise ExportError(
            "The notebook is open, and what is on screen would not show the change.",
            "Close it and run `prodkit export NOTEBOOK --update-notebook`, or carry the diff over by hand.",
        )
    text = notebook.path.read_text("utf-8")
    document: dict[str, Any] = json.loads(text)
    moved = ExportError(f"{notebook.path.name} has changed on disk meanwhile.", "Do it again.")
    if len(document["cells"]) != len(notebook.cells):
        raise moved
    for cell, known in zip(document["cells"], notebook.cells, strict=True):
        if known.cell_id not in sources:
            continue
        if "".join(cell["source"]) != known.source:
            raise moved
        new = sources[known.cell_id]
        cell["source"] = new if isinstance(cell["source"], str) else new.splitlines(keepends=True)
    indent = 1 if text.startswith("{\n") else None
    end = "\n" if text.endswith("\n") else ""
    write_file(notebook.path, json.dumps(document, indent=indent, ensure_ascii=False) + end)


def _definitions(path: Path) -> dict[str, str]:
    """Each function and class of a module, as it stands there."""
    try:
        text = path.read_text("utf-8")
        tree = ast.parse(text)
    except (OSError, ValueError, SyntaxError):
        return {}
    return dict(_named(tree, text.splitlines()))


def _named(tree: ast.Module, lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            yield node.name, "\n".join(lines[first - 1 : node.end_lineno])


def _cell_of(notebook: Notebook, cells: Sequence[Cell], name: str) -> Cell | None:
    for cell in reversed(cells):
        found = notebook.cell(cell.cell_id)
        tree = found.tree if found is not None else None
        names = [getattr(node, "name", None) for node in ([] if tree is None else tree.body)]
        if name in names:
            return found
    return None


def _diff(old: str, new: str, name: str) -> str:
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), "exported", name, lineterm="", n=2)
    return "\n".join(lines)
