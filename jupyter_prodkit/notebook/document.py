"""The notebook as a value: cells in page order, read from a file or pushed by the front end."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal

from jupyter_prodkit.notebook.marks import Marks, default_module, is_ignored, marks_text, read_marks
from jupyter_prodkit.notebook.syntax import parsed, shared_tree, structure
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
    shows_error: bool = False
    """Whether a traceback stands below it; False where outputs are not known."""
    outputs: tuple[Mapping[str, Any], ...] = field(default=(), compare=False, repr=False)
    """What it shows, in nbformat's shape; empty where that is not known, or was cleared."""

    @cached_property
    def python(self) -> str:
        """The source as plain Python: magics turned into the calls that IPython makes of them."""
        return to_python(self.source)

    @cached_property
    def shown_digest(self) -> str | None:
        """Digest of what it shows; None where that is not known, or was cleared."""
        from jupyter_prodkit.notebook.outputs import shown_digest  # when first needed: it compiles patterns

        return shown_digest(self.outputs) if self.outputs else None

    @cached_property
    def digest(self) -> str:
        """Digest of the code; comments and white space don't count."""
        return source_digest(self.source)

    @cached_property
    def tree(self) -> ast.Module | None:
        """The code's syntax tree, or None where it has a syntax error."""
        return parsed(self.python)

    @property
    def is_valid(self) -> bool:
        """Whether the code is valid Python."""
        return _is_valid(self.source)

    @cached_property
    def marks(self) -> Marks:
        """What the cell is marked as, by tags and by the directives on its first lines.

        Raises NotebookError for a mark that can't be meant so.
        """
        return read_marks(self.source, self.tags)

    @property
    def is_ignored(self) -> bool:
        """Whether rules should skip the cell."""
        return is_ignored(self.source, self.tags)

    @property
    def label(self) -> str:
        """How messages name the cell: its place among all cells, from 1."""
        return f"cell {self.index + 1}"

    @cached_property
    def runs(self) -> bool:
        """Whether a clean run would do anything here: code, and more than comments or our own magics."""
        return self.kind == "code" and not _is_blank(self.source) and not own_magics_only(self.source)


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
        parts = "\n".join(f"{cell.digest} {marks_text(cell.source, cell.tags)}" for cell in self.code_cells)
        parts += f"\n{self.default_module}" if self.default_module else ""
        return hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()

    @cached_property
    def default_module(self) -> str | None:
        """The module for `export` cells that name none, where nbdev's `#| default_exp NAME` says one."""
        return default_module(cell.source for cell in self.cells if cell.kind == "code")

    def carrying_on(self, earlier: Notebook) -> Notebook:
        """Return an equal page that shares what `earlier` has in common with it, and so what has been found out of it.

        Outputs don't count, so it is for pages that have none.
        """
        if earlier == self:
            return earlier
        known = {cell.cell_id: cell for cell in earlier.cells}
        cells = tuple(old if (old := known.get(cell.cell_id)) == cell else cell for cell in self.cells)
        return Notebook(self.path, cells, self.from_file)

    def cell(self, cell_id: str) -> Cell | None:
        """Return the cell of that id, or None where the page has none."""
        return self._by_id.get(cell_id)

    @cached_property
    def _by_id(self) -> dict[str, Cell]:
        return {cell.cell_id: cell for cell in reversed(self.cells)}  # the first of several with one id


@lru_cache(maxsize=4096)
def source_digest(source: str) -> str:
    """Return a digest of the code in `source`: of its syntax tree, or of the text where it has a syntax error."""
    tree = shared_tree(to_python(source))
    try:
        content = source.strip() if tree is None else structure(tree)
    except RecursionError:
        content = source.strip()
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


def read_notebook(path: Path) -> Notebook:
    """Return the notebook saved at `path`.

    Raises NotebookError where there is no such file, it is not JSON, not a notebook, or not one of Python.
    """
    from jupyter_prodkit.notebook.reading import read_cells  # the kernel side often does without

    return Notebook(path, read_cells(path))


def _is_blank(source: str) -> bool:
    return all(not line or line.startswith("#") for line in (line.strip() for line in source.splitlines()))


@lru_cache(maxsize=4096)
def _is_valid(source: str) -> bool:
    return shared_tree(to_python(source)) is not None
