"""Distributions used from their source folder: which loaded files are theirs, and which only lie nearby."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from jupyter_prodkit.environment.installed import Installed

__all__ = ["Editable", "editable", "file_url_path", "import_root"]


@dataclass(frozen=True, slots=True)
class Editable:
    """One distribution that runs from its source folder (PEP 660, or an egg-info beside the source)."""

    name: str
    root: str
    """The source folder."""
    paths: tuple[str, ...]
    """The folders that its `.pth` files put on `sys.path`; empty where an import hook finds its modules."""

    def owns(self, module: str, file: str, search_path: Collection[str]) -> bool:
        """Return whether `file`, loaded as `module`, belongs to this distribution.

        A file under the source folder is not enough: notebooks and their helpers often lie there too. Those are found
        because their folder is on `sys.path`; what an import hook finds lies in folders that are not.
        """
        found_from = import_root(module, file)
        if found_from in self.paths:
            return True
        return is_below(file, self.root) and (found_from is None or found_from not in search_path)

    def provides(self, name: str) -> bool:
        """Return whether its source holds a top-level module `name`, loaded or not."""
        places = self.paths or (self.root, str(Path(self.root, "src")))
        return any(source_exists(place, name) for place in places)


def editable(one: Installed) -> Editable | None:
    """Return how `one` is used from its source folder, or None where it is not."""
    if one.developed:
        return Editable(one.name, str(one.base), (str(one.base),))
    url = str(one.direct_url.get("url", ""))
    if not one.direct_url.get("dir_info", {}).get("editable") or not url.startswith("file:"):
        return None
    root = os.path.normpath(file_url_path(url))
    return Editable(one.name, root, tuple(_path_lines(one.base / file for file in one.record if file.endswith(".pth"))))


def file_url_path(url: str) -> str:
    """Return the path that a `file:` URL names."""
    return url2pathname(urlsplit(url).path)


def import_root(module: str, file: str) -> str | None:
    """Return the folder on the search path from which `module` came, or None where `file` is not named after it."""
    steps = module.split(".")
    path = Path(file)
    if path.name.startswith("__init__."):
        path = path.parent
    if path.name.split(".")[0] != steps[-1]:
        return None
    for step in reversed(steps[:-1]):
        path = path.parent
        if path.name != step:
            return None
    return str(path.parent)


def is_below(file: str, folder: str) -> bool:
    """Return whether `file` lies somewhere in `folder`."""
    return file.startswith(folder.rstrip(os.sep) + os.sep)


def source_exists(folder: str, name: str) -> bool:
    """Return whether an import from `folder` would find a module or package `name` written in Python."""
    return Path(folder, f"{name}.py").is_file() or Path(folder, name).is_dir()


def _path_lines(files: Iterable[Path]) -> list[str]:
    found = []
    for file in files:
        try:
            lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
        found += [os.path.normpath(line.strip()) for line in lines if line.strip() and Path(line.strip()).is_dir()]
    return found
