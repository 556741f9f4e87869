"""What cells do to the world outside, told from their text and from what is on record of their runs.

The proof runs them; its guard refuses what it sees in the act, whatever is told here.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from jupyter_prodkit.check.replay.programs import only_looks, program_in
from jupyter_prodkit.check.rules.calls import dotted_name, imports_of, path_of
from jupyter_prodkit.export.selection import Selection
from jupyter_prodkit.notebook.document import Cell, Notebook
from jupyter_prodkit.session.record import EMPTY_TIMELINE, Timeline

__all__ = ["outside_effects"]

_NETWORK = frozenset("requests httpx aiohttp boto3 botocore smtplib ftplib paramiko telnetlib".split())  # noqa: SIM905
_STARTERS = frozenset("run call check_call check_output Popen getoutput getstatusoutput".split())  # noqa: SIM905
_INSTALLERS = frozenset({"pip", "conda", "mamba", "uv"})
_SHELLS = frozenset({"bash", "sh", "script", "cmd", "sx", "system"})
_ASKS_URL = re.compile(r"read_|scan_|load|open|url|fetch|get|post|put|download|imread|genfromtxt|connect|create_engine")
_URL = re.compile(r"(?!file:|sqlite)[a-z][a-z0-9+.-]*://[^/\s]")
_WRITES = re.compile(r"to_\w+|save\w*|dump|write_\w+|mkdir|makedirs|remove|unlink|rmtree|copy\w*|move|rename|touch")
_WRITE_MODES = frozenset("wax+")
Effects = dict[str, None]
"""What is done, each once, in the order of the lines: `connect to example.org`."""


def outside_effects(
    notebook: Notebook, selection: Selection, timeline: Timeline | None = None
) -> Mapping[str, tuple[str, ...]]:
    """Return what each cell that the proof runs would do outside of its copy of the folder, by the cell's name.

    Empty where no cell that the package is made of does anything there: what others do is refused, and no harm done.
    """
    relevant = _relevant(notebook, selection)
    found: dict[str, tuple[str, ...]] = {}
    is_asked = False
    functions: dict[str, Effects] = {}
    imported: dict[str, str] = {}
    last = max((cell.index for cell in notebook.code_cells if cell.cell_id in relevant), default=-1)
    for cell in notebook.code_cells:
        imported.update(imports_of(cell.source))
        effects = _of_cell(cell, imported, functions, notebook.path.parent)
        effects |= dict.fromkeys(_on_record(cell, timeline or EMPTY_TIMELINE, notebook.path.parent))
        if effects and cell.index <= last:
            found[cell.label] = tuple(effects)
            is_asked |= cell.cell_id in relevant
    return found if is_asked else {}


def _relevant(notebook: Notebook, selection: Selection) -> Collection[str]:
    """The cells whose values are compared: those of the steps, else those that call what is exported."""
    if selection.steps:
        return {cell_id for step in selection.steps for cell_id in step.cells}
    names = selection.owners.keys()
    exported = {cell_id for module in selection.modules for cell_id in selection.sources(module)}
    return {
        cell.cell_id
        for cell in notebook.code_cells
        if cell.cell_id not in exported and cell.tree is not None and names & _names(cell.tree)
    }


def _names(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


# --- the text ---------------------------------------------------------------------------------------------------


def _of_cell(cell: Cell, imported: Mapping[str, str], functions: dict[str, Effects], folder: Path) -> Effects:
    """What a cell does as it runs; what its functions would do counts where they are called."""
    found: Effects = {}
    for statement in cell.tree.body if cell.tree is not None else ():
        effects: Effects = {}
        for node in ast.walk(statement):
            if isinstance(node, ast.Call):
                effects |= dict.fromkeys(filter(None, [_of_call(node, imported, folder)]))
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                effects |= functions.get(node.id, {})
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            functions[statement.name] = effects
        else:
            found |= effects
    return found


def _of_call(call: ast.Call, imported: Mapping[str, str], folder: Path) -> str:
    path = path_of(call.func)
    dotted = dotted_name(path, imported) or ".".join(path)
    texts = [one for one in [*call.args, *(keyword.value for keyword in call.keywords)] if _text(one)]
    return (
        _of_shell(call)
        or _program(call, dotted)
        or _connection(dotted, path[-1], [_text(one) for one in texts])
        or next(_writes(call, path, folder), "")
    )


def _of_shell(call: ast.Call) -> str:
    """What a magic or a shell line starts."""
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    if not (isinstance(owner, ast.Call) and path_of(owner.func) == ("get_ipython",) and call.args):
        return ""
    words, method = _text(call.args[0]), path_of(call.func)[-1]
    if method in {"system", "getoutput"}:
        return _started(["sh", "-c", words])
    if method.startswith("run_") and words.partition(" ")[0] in _INSTALLERS | _SHELLS:
        return f"start the program {words}"
    return ""


def _program(call: ast.Call, dotted: str) -> str:
    module, _, name = dotted.rpartition(".")
    if not (dotted in {"os.system", "os.popen"} or (module == "subprocess" and name in _STARTERS)) or not call.args:
        return ""
    first = call.args[0]
    words = [_text(one) for one in first.elts] if isinstance(first, (ast.List, ast.Tuple)) else []
    if words and words[0]:
        return _started(words)
    return _started(["sh", "-c", _text(first)]) if _text(first) else "start a program"


def _started(words: list[str]) -> str:
    return "" if only_looks(words[0], words) else f"start the program {program_in(words[0], words)}"


def _connection(dotted: str, name: str, texts: list[str]) -> str:
    root = dotted.partition(".")[0]
    url = next((text for text in texts if _URL.match(text)), None)
    if root in _NETWORK or dotted == "urllib.request.urlopen" or (url is not None and _ASKS_URL.match(name)):
        host = urlsplit(url).hostname if url is not None else None
        return f"connect to {host}" if host else f"use the network (`{dotted}`)"
    return ""


def _writes(call: ast.Call, path: tuple[str, ...], folder: Path) -> Iterator[str]:
    """The first path outside of the folder that a call writes to."""
    name = path[-1]
    if path == ("open",):
        mode = [*call.args[1:2], *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
        if not mode or not _WRITE_MODES & set(_text(mode[0])):
            return
    elif not _WRITES.fullmatch(name):
        return
    for argument in call.args:
        text = _text(argument)
        if text and _is_outside(text, folder):
            yield f"write {text}"


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _is_outside(path: str, folder: Path) -> bool:
    if not path.startswith(("/", "~", "../")) or "\n" in path or path == os.devnull:
        return False
    place = os.path.normpath(folder / os.path.expanduser(path))  # noqa: PTH111 - may be no path at all
    return not Path(place).is_relative_to(folder)


# --- the record -------------------------------------------------------------------------------------------------


def _on_record(cell: Cell, timeline: Timeline, folder: Path) -> Iterator[str]:
    """Files elsewhere that the last run of this very code has written."""
    runs = [run for run in timeline.runs_of(cell.cell_id) if run.digest == cell.digest]
    for place in runs[-1].moved if runs else ():
        if Path(place).is_absolute() and not Path(place).is_relative_to(folder.resolve()):
            yield f"write {place}"
