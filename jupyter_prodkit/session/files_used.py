"""Which files and folders the user's code reads and writes, and what was in them then.

They are told by the names that the code holds: in its texts, in those of functions it may call, and in the values that
it reads. No event tells more without a price: a Python audit hook is called for each `id()`, too, and can't be taken
back. So a path that is put together while the code runs is not seen.
"""

from __future__ import annotations

import ast
import os
import pathlib
import re
import types
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from jupyter_prodkit.notebook.syntax import nodes, shared_tree
from jupyter_prodkit.notebook.transform import to_python
from jupyter_prodkit.session.classes import users_module_of
from jupyter_prodkit.session.record import Version
from jupyter_prodkit.session.user_files import place_version, users_file

__all__ = ["FilesUsed", "texts_of"]

_MOST_NAMED = 20
_MOST_FOLDERS = 3
_MOST_PARTS = 10
_LONGEST_TEXT = 1000
_LONGEST_PATH = 300
_NAMED = re.compile(r"(?<![\w:/])[~\w./-]*[\w-]\.[A-Za-z]\w{0,7}\b")
_KEEPS_OLD = re.compile(r"""["'](?:[arx]b?\+?t?|rb?\+)["']|mode\s*=\s*["']a|>>|append|sqlite|connect\(""")
_JOINING = frozenset({"Path", "PurePath", "joinpath", "join"})
_LISTS = re.compile(r"\b(?:listdir|scandir|glob|rglob|iglob|iterdir|walk|ls)\b")


class FilesUsed:
    """Looks at the files that code names before it runs, and after."""

    def __init__(self) -> None:
        self._before: dict[str, Version] = {}
        self._source = ""
        self._seen: set[str] = set()
        self._modules: dict[str, tuple[object, Version]] = {}
        self._imported: dict[str, Version] = {}

    def begin(self, source: str, texts: Iterable[str]) -> None:
        """Look at the files named in `source`, and by `texts` that it may use."""
        self._source = source
        self._imported = {}
        known = list(texts)
        named = [*_named_in(source), *filter(_may_be_path, known)]
        named += _in_folders(_named_in(source), known)
        if not named and not _LISTS.search(source):
            self._before = {}
            return
        paths = list(dict.fromkeys(map(_absolute, named)))[:_MOST_NAMED]
        if _LISTS.search(source):
            paths += [_absolute("."), *map(_absolute, filter(os.path.isdir, map(_folder, _texts_in(source))))]
        self._before = {path: place_version(path) for path in paths if users_file(path)}

    def loaded(self, values: Iterable[Any]) -> None:
        """Take the files of those `values` that are modules of the user's, or come from one, as read.

        What was read is what was there when the module was loaded: importing it again loads nothing.
        """
        for value in values:
            module = users_module_of(value)
            if module is not None:
                path = _absolute(vars(module)["__file__"])
                held = self._modules.get(path)
                if held is None or held[0] is not vars(module).get("__spec__"):  # reloading gives it another
                    held = self._modules[path] = vars(module).get("__spec__"), place_version(path)
                self._imported[path] = held[1]

    def end(self) -> tuple[dict[str, Version], dict[str, Version]]:
        """Return what was read since `begin`, by path with what was in it, and what was written, with what is now."""
        if not self._before and not self._imported:
            return {}, {}
        now = {path: place_version(path) for path in self._before}
        written = {path: version for path, version in now.items() if version != self._before[path]}
        keeps = _KEEPS_OLD.search(self._source) is not None
        read = {path: version for path, version in self._before.items() if keeps or path not in written}
        read.update(self._imported)
        self._seen |= read.keys() | written.keys()
        return read, written

    def now(self) -> Mapping[str, Version]:
        """Return what is in every file and folder that was ever read or written."""
        return {path: place_version(path) for path in list(self._seen)}


def texts_of(values: Iterable[Any]) -> list[str]:
    """Return the texts that values hold which may be paths: texts, paths, and what stands in functions."""
    found: list[str] = []
    for value in values:
        if type(value) is str:
            found.append(value)
        elif type(value) is pathlib.PosixPath or type(value) is pathlib.WindowsPath:
            found.append(os.fspath(value))
        elif type(value) is types.FunctionType:
            found += [one for one in value.__code__.co_consts if type(one) is str]
    return found


def _in_folders(named: Sequence[str], texts: Sequence[str]) -> list[str]:
    """The files of those names in the folders that the code holds: `DATA / "train.csv"`."""
    if not named or not texts:
        return []
    folders = [text for text in texts if 0 < len(text) < _LONGEST_PATH and "\0" not in text and os.path.isdir(text)]  # noqa: PTH112 - hot
    paths = [os.path.join(folder, name.lstrip("/")) for folder in folders[:_MOST_FOLDERS] for name in named]  # noqa: PTH118
    return [path for path in paths if os.path.exists(path)]  # noqa: PTH110


def _may_be_path(text: str) -> bool:
    if not 0 < len(text) < _LONGEST_PATH or "\n" in text or "://" in text or "\0" in text:
        return False
    return _NAMED.fullmatch(text) is not None or ("/" in text and os.path.exists(text))  # noqa: PTH110 - hot


def _absolute(path: str) -> str:
    return os.path.realpath(os.path.expanduser(path))  # noqa: PTH111 - hot


@lru_cache(maxsize=1024)
def _named_in(source: str) -> tuple[str, ...]:
    """The files that texts in the code name."""
    if "." not in source or not any(sign in source for sign in "'\"!%"):
        return ()
    found: dict[str, None] = {}
    for text in _texts_in(source):
        found.update(dict.fromkeys(_NAMED.findall(text)))
    return tuple(found)[:_MOST_NAMED]


def _folder(text: str) -> str:
    """The folder in which a pattern like `data/*.csv` is looked for."""
    return text.partition("*")[0].rpartition("/")[0] if "*" in text else text


@lru_cache(maxsize=256)
def _texts_in(source: str) -> tuple[str, ...]:
    tree = shared_tree(to_python(source))
    found = () if tree is None else nodes(tree)
    texts = (_text_of(node) for node in found if isinstance(node, (ast.Constant, ast.BinOp, ast.Call)))
    return tuple(text for text in texts if text is not None and len(text) < _LONGEST_TEXT)


def _text_of(node: ast.AST, depth: int = 0) -> str | None:
    """The text that an expression gives, where it is put together of texts alone: `'data' + '.csv'`."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if depth > _MOST_PARTS:
        return None
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Div)):
        parts = [_text_of(node.left, depth + 1), _text_of(node.right, depth + 1)]
        between = "" if isinstance(node.op, ast.Add) else os.sep
    elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in _JOINING:
        parts, between = [_text_of(one, depth + 1) for one in node.args], os.sep
    else:
        return None
    known = [part for part in parts if part is not None]
    return between.join(known) if known and len(known) == len(parts) else None
