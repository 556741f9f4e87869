"""The notebook as a value: cells in page order, read from a file or pushed by the front end."""

from __future__ import annotations

import ast
import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from jupyter_prodkit.errors import NotebookError
from jupyter_prodkit.notebook.marks import Marks, read_marks
from jupyter_prodkit.notebook.transform import own_magics_only, to_python

__all__ = ["Cell", "Notebook", "read_notebook", "source_digest"]


@dataclass(frozen=True)
class Cell:
    """One cell as it stands on the page."""

    cell_id: str
    index: int
    """Place on the page, counting every cell, from 0."""
    kind: Literal["code", "markdown", "raw"]
    source: str
    tags: tuple[str, ...] = ()
    execution_count: int | None = None

    @cached_property
    def python(self) -> str:
        """The source as plain Python: magics turned into the calls that IPython makes of them."""
        return to_python(self.source)

    @cached_property
    def digest(self) -> str:
        """Digest of the code; comments and white space don't count."""
        return source_digest(self.source)

    @cached_property
    def tree(self) -> ast.Module | None:
        """The code's syntax tree, or None where it has a syntax error."""
        return _parse(self.python)

    @cached_property
    def marks(self) -> Marks:
        """What the cell is marked as, by tags and by the directives on its first lines."""
        return read_marks(self.source, self.tags)

    @property
    def label(self) -> str:
        """How messages name the cell: its place among all cells, from 1."""
        return f"cell {self.index + 1}"

    @property
    def runs(self) -> bool:
        """Whether a clean run would do anything here: code, not blank, and not only our own magics."""
        return self.kind == "code" and bool(self.source.strip()) and not own_magics_only(self.source)


@dataclass(frozen=True)
class Notebook:
    """A notebook's page: its cells in order."""

    path: Path
    cells: tuple[Cell, ...]
    from_file: bool = field(default=True, compare=False)
    """True when read from the saved file, False when the front end pushed what is on screen."""

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return self.path.stem

    @cached_property
    def code_cells(self) -> tuple[Cell, ...]:
        """The cells that a clean run would execute, in page order."""
        return tuple(cell for cell in self.cells if cell.runs)

    @cached_property
    def code_digest(self) -> str:
        """Digest of everything a step depends on: code and marks, in page order."""
        parts = "\n".join(f"{cell.digest} {cell.marks}" for cell in self.code_cells)
        return hashlib.sha256(parts.encode()).hexdigest()

    def cell(self, cell_id: str) -> Cell | None:
        """Return the cell of that id, or None where the page has none."""
        return next((cell for cell in self.cells if cell.cell_id == cell_id), None)


def source_digest(source: str) -> str:
    """Return a digest of the code in `source`: of its syntax tree, or of the text where it has a syntax error."""
    tree = _parse(to_python(source))
    content = source.strip() if tree is None else ast.dump(tree)
    return hashlib.sha256(content.encode()).hexdigest()


def read_notebook(path: Path) -> Notebook:
    """Return the notebook saved at `path`.

    Raises NotebookError where there is no such file, it is not JSON, not a notebook (nbformat 4), or not Python.
    """
    if not path.exists():
        raise NotebookError(f"There is no notebook {path}.", "Check the path; --notebook names the file.")
    if path.is_dir():
        raise NotebookError(f"{path} is a folder.", "Name the .ipynb file.")
    try:
        text = path.read_text(encoding="utf-8")
        content = json.loads(text)
    except (ValueError, OSError) as error:
        raise NotebookError(
            f"{path} is not a notebook: its content is not JSON ({error}).",
            "Open it in JupyterLab to see what is wrong; a merge conflict left in the file is the usual cause.",
        ) from error
    if not isinstance(content, dict) or not isinstance(content.get("cells"), list) or "nbformat" not in content:
        raise NotebookError(f"{path} is JSON, but not a notebook.", "A notebook of format 4 has a list of cells.")
    _check_language(content, path)
    return Notebook(path, tuple(_cell(index, node) for index, node in enumerate(_validated(text, path).cells)))


def _check_language(content: dict[str, Any], path: Path) -> None:
    metadata = content.get("metadata") or {}
    said = metadata.get("kernelspec", {}).get("language") or metadata.get("language_info", {}).get("name")
    if said and str(said).lower() not in {"python", "ipython"}:
        raise NotebookError(f"{path} is written in {said}.", "jupyter-prodkit takes Python notebooks only.")


def _validated(text: str, path: Path) -> Any:
    import nbformat  # takes 50 ms, and the kernel side often does without
    from nbformat.validator import normalize

    try:
        _, node = normalize(nbformat.reads(text, as_version=4))  # gives cells without an id one
        nbformat.validate(node)
    except (nbformat.ValidationError, ValueError, KeyError, AttributeError) as error:
        reason = str(error).splitlines()[0]
        raise NotebookError(f"{path} is not a valid notebook: {reason}", "Open and save it in JupyterLab.") from error
    return node


def _cell(index: int, node: Any) -> Cell:
    return Cell(
        cell_id=str(node.get("id") or f"cell-{index}"),
        index=index,
        kind=node["cell_type"],
        source=node["source"],
        tags=tuple(node["metadata"].get("tags", ())),
        execution_count=node.get("execution_count"),
    )


def _parse(python: str) -> ast.Module | None:
    try:
        return ast.parse(python)
    except (SyntaxError, ValueError):
        return None
