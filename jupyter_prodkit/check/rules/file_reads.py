# ruff: noqa: SIM905 - long lists read best as words
"""The files that a notebook reads by a path that its text gives, and that none of its cells may have made."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache

from jupyter_prodkit.check.rules.calls import Call, calls_of_page
from jupyter_prodkit.notebook.document import Notebook
from jupyter_prodkit.notebook.syntax import shared_tree
from jupyter_prodkit.notebook.transform import to_python

__all__ = ["files_read", "read_path", "texts_of"]

# Functions that do nothing with a path but read the file, by their last word.
_READERS = frozenset(
    "genfromtxt imread loadtxt open_dataset read_csv read_excel read_feather read_file read_fwf read_ipc read_json "
    "read_ndjson read_orc read_parquet read_pickle read_sas read_spss read_stata read_table read_xml scan_csv "
    "scan_parquet".split(),
)
_READERS_IN_FULL = frozenset({"numpy.load", "joblib.load", "torch.load", "PIL.Image.open"})
_READ_MODES = frozenset({"r", "rb", "rt"})
# What else may make files, or go to another folder: then nobody knows from the text what is there.
_MAKES_FILES = re.compile(
    r"\b(?:chdir|extractall|unpack_archive|urlretrieve|download\w*|fetch\w*|makedirs|mkdir|copy2?|copyfile|copytree"
    r"|system|check_call|check_output|Popen|hf_hub_download|snapshot_download|kaggle|gdown|pooch|papermill)\b"
    r"|^\s*(?:!|%cd\b|%%(?:bash|sh|script|cmd)\b|%run\b|%sx\b)|\bsubprocess\.run\b",
    re.MULTILINE,
)
# A relative path to a file: letters, an ending, and nothing that a glob, a URL or a template would have.
_FILE = re.compile(r"(?!/|~|[A-Za-z]:)[^\s*?{}<>|:\"'%$\[\]\n][^*?{}<>|:\"'%$\[\]\n]*\.[A-Za-z][A-Za-z0-9]{0,7}\Z")


def files_read(notebook: Notebook) -> frozenset[str]:
    """Return the relative paths that cells surely read, and that nothing else on the page speaks of.

    A path that is mentioned twice may be written, downloaded or asked for (`os.path.exists`) the other time.
    """
    if any(_MAKES_FILES.search(cell.source) for cell in notebook.code_cells):
        return frozenset()
    reads = [path for _, call, dotted in calls_of_page(notebook) if (path := read_path(call, dotted)) is not None]
    if not reads:
        return frozenset()
    texts = [text for cell in notebook.code_cells for text in texts_of(cell.source)]
    return frozenset(path for path in set(reads) if _mentions(path, texts) == reads.count(path))


def read_path(call: Call, dotted: str) -> str | None:
    """Return the literal path of the file that `call` surely reads when its cell runs, or None."""
    path = call.arguments[0] if call.arguments else call.keywords.get("filepath_or_buffer")
    if call.in_function or call.in_branch or not isinstance(path, str) or not _FILE.match(path):
        return None
    if call.path == ("open",):
        mode = call.arguments[1] if len(call.arguments) > 1 else call.keywords.get("mode", "r")
        return path if mode in _READ_MODES else None
    return path if call.name in _READERS or dotted in _READERS_IN_FULL else None


@lru_cache(maxsize=4096)
def texts_of(source: str) -> tuple[str, ...]:
    """Return the literal texts in a cell's code."""
    if '"' not in source and "'" not in source and not re.search(r"^\s*[!%]", source, re.MULTILINE):
        return ()
    tree = shared_tree(to_python(source))
    return () if tree is None else tuple(_texts(tree))


def _texts(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _mentions(path: str, texts: list[str]) -> int:
    """How many texts speak of the file, under whatever folder."""
    name = path.rpartition("/")[2]
    return sum(name in text for text in texts)
