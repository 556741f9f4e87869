"""A saved notebook, of whatever format, as cells; the only place that imports nbformat, and only where it must.

Importing nbformat takes seconds where jsonschema checks formats too, as it does beside JupyterLab. A page of format 4
with nothing odd about it is read as it stands; of all else nbformat says what is wrong, or makes it format 4.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jupyter_prodkit.errors import NotebookError
from jupyter_prodkit.notebook.document import Cell

__all__ = ["read_cells", "read_kernel_name"]

_IDS_SINCE = (4, 5)
_LATEST_MINOR = 5
_LONGEST_ID = 64


def read_cells(path: Path) -> tuple[Cell, ...]:
    """Return the cells of the notebook saved at `path`; cells without an id get the same one at each reading.

    Raises NotebookError where there is no such file, it is not JSON, not a notebook, or not one of Python.
    """
    content = _content(path)
    _check_language(content, path)
    _settle_ids(content)
    nodes = content["cells"] if _is_plain(content) else _validated(content, path).cells
    return tuple(_cell(index, node) for index, node in enumerate(nodes))


def read_kernel_name(path: Path) -> str | None:
    """Return the name of the kernel that the notebook saved at `path` asks for; None where it names none.

    Raises NotebookError as `read_cells` does.
    """
    name = _mapping(_mapping(_content(path).get("metadata")).get("kernelspec")).get("name")
    return name if isinstance(name, str) and name else None


def _is_plain(content: dict[str, Any]) -> bool:
    """Whether all that we read of a notebook is there, in the shape that format 4 gives it."""
    major, minor = content["nbformat"], content.get("nbformat_minor", 0)
    if major != _IDS_SINCE[0] or minor > _LATEST_MINOR or not isinstance(content.get("metadata"), dict):
        return False
    return all(map(_is_plain_cell, content["cells"]))


def _is_plain_cell(cell: Any) -> bool:
    if not isinstance(cell, dict) or not isinstance(cell.get("metadata"), dict) or not _is_text(cell.get("source")):
        return False
    tags = cell["metadata"].get("tags", [])
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        return False
    if cell.get("cell_type") != "code":
        return cell.get("cell_type") in ("markdown", "raw")  # what stands there need not be hashable
    counted = isinstance(cell.get("execution_count", ""), (int, type(None)))
    outputs = cell.get("outputs")
    return counted and isinstance(outputs, list) and all(map(_is_plain_output, outputs))


def _is_plain_output(output: Any) -> bool:
    kind = output.get("output_type") if isinstance(output, dict) else None
    if kind == "stream":
        return isinstance(output.get("name"), str) and _is_text(output.get("text"))
    if kind == "error":
        return all(isinstance(output.get(part), str) for part in ("ename", "evalue"))
    return kind in ("display_data", "execute_result") and isinstance(output.get("data"), dict)


def _is_text(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(line, str) for line in value))


def _content(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise NotebookError(f"There is no notebook {path}.", "Check the path; --notebook names the file.")
    if path.is_dir():
        raise NotebookError(f"{path} is a folder.", "Name the .ipynb file.")
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, OSError, RecursionError) as error:
        raise NotebookError(
            f"{path} is not a notebook: its content is not JSON ({error}).",
            "Open it in JupyterLab to see what is wrong; a merge conflict left in the file is the usual cause.",
        ) from error
    cells = content.get("cells", content.get("worksheets")) if isinstance(content, dict) else None
    if not isinstance(cells, list) or "nbformat" not in content:
        raise NotebookError(f"{path} is JSON, but not a notebook.", "A notebook of format 4 has a list of cells.")
    versions = (content["nbformat"], content.get("nbformat_minor", 0))
    if not all(type(number) is int for number in versions):
        raise NotebookError(f"{path} does not say its format in numbers.", "Open and save it in JupyterLab.")
    return dict(content)


def _check_language(content: dict[str, Any], path: Path) -> None:
    metadata = _mapping(content.get("metadata"))
    said = _mapping(metadata.get("kernelspec")).get("language") or _mapping(metadata.get("language_info")).get("name")
    if said and str(said).lower() not in {"python", "ipython"}:
        raise NotebookError(f"{path} is written in {said}.", "jupyter-prodkit takes Python notebooks only.")


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _settle_ids(content: dict[str, Any]) -> None:
    """Give each cell an id of its own; nbformat would make up another at every reading."""
    cells = [cell for cell in content.get("cells", ()) if isinstance(cell, dict)]
    if (content["nbformat"], content.get("nbformat_minor", 0)) < _IDS_SINCE:  # the format itself knows no ids
        return
    seen: set[str] = set()
    for index, cell in enumerate(cells):
        identity = str(cell.get("id") or f"cell-{index}")
        if identity in seen:
            identity = f"{identity[: _LONGEST_ID - 8]}-{index}"
        seen.add(identity)
        cell["id"] = identity


def _validated(content: dict[str, Any], path: Path) -> Any:
    import nbformat

    try:
        node = nbformat.reads(json.dumps(content), as_version=4)  # type: ignore[no-untyped-call]
        nbformat.validate(node)  # what was read is only warned of
    except (nbformat.ValidationError, ValueError, KeyError, AttributeError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise NotebookError(f"{path} is not a valid notebook: {reason}", "Open and save it in JupyterLab.") from error
    if content["nbformat"] < _IDS_SINCE[0]:  # an upgrade makes ids up
        for cell in node.cells:
            cell.pop("id", None)
    return node


def _cell(index: int, node: Any) -> Cell:
    return Cell(
        cell_id=str(node.get("id") or f"cell-{index}"),
        index=index,
        kind=node["cell_type"],
        source=source if isinstance(source := node["source"], str) else "".join(source),
        tags=tuple(node["metadata"].get("tags", ())),
        execution_count=node.get("execution_count"),
        shows_error=any(output.get("output_type") == "error" for output in node.get("outputs", ())),
        outputs=tuple(node.get("outputs", ())),
    )
