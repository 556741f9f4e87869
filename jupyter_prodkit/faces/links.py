"""What can be done with a fact of a result: open a folder, open a page, copy a command or a digest."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

from jupyter_prodkit.faces.protocol import Link

__all__ = ["link_of"]

_PAGE = re.compile(r"https?://\S+\Z")
_COMMAND = re.compile(r"(?:curl|docker|%prod\w+) \S")
_STORE = re.compile(r"sqlite:////?\S+\Z")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")


def link_of(value: str, folder: Path) -> Link | None:
    """Return what the value of a fact leads to; `folder` is the notebook's."""
    if _PAGE.match(value):
        return Link(kind="page", target=value)
    if _COMMAND.match(value) or _DIGEST.match(value):
        return Link(kind="copy", target=value)
    if _STORE.match(value):  # a store that no server shows: the command that does
        return Link(kind="copy", target=f"mlflow ui --backend-store-uri {shlex.quote(value)}")
    place = Path(value.partition(" (")[0])
    if place.is_absolute() and _exists(place):
        inside = place if place.is_dir() else place.parent
        return Link(kind="folder", target=Path(os.path.relpath(inside, folder)).as_posix())
    return None


def _exists(place: Path) -> bool:
    try:
        return place.exists()
    except (OSError, ValueError):
        return False
