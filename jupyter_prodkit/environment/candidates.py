"""What an import that nothing installed provides may mean, by what lies on this machine; no index is ever asked."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping

from packaging.utils import canonicalize_name

from jupyter_prodkit.environment.installed import Installed

__all__ = ["candidates"]

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")
_MOST = 3


def candidates(module: str, installed: Mapping[str, Installed], modules: Iterable[str]) -> tuple[str, ...]:
    """Return what `module` may stand for, the likeliest first: a module spelled nearly so, an extra not installed.

    `modules` are the top-level names that can be imported here.
    """
    top = module.partition(".")[0]
    close = difflib.get_close_matches(top, sorted(set(modules) - {top}), n=2, cutoff=0.8)
    found = [f"`import {name}`" for name in close]
    wanted = canonicalize_name(top)
    if wanted in installed:
        found.append(f"{wanted} {installed[wanted].version} is installed, but its records name no such module")
    for name, one in sorted(installed.items()):
        for requirement in one.requires:
            named = _NAME.match(requirement)
            if named and canonicalize_name(named[0]) == wanted:
                kind = "an optional requirement" if "extra ==" in requirement else "a requirement"
                found.append(f"{wanted} ({kind} of {name})")
                break
        if len(found) >= _MOST:
            break
    return tuple(found[:_MOST])
