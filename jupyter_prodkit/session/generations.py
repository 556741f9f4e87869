"""Whether the objects that code reads still belong together: instances to their class, aliases to each other.

Two runs of `class A` make two classes of one content, and two runs of `a = []` two lists: by their versions nobody can
tell that a value made in between belongs to the first. Code that tells classes or identities apart can.
"""

from __future__ import annotations

import ast
import builtins
import weakref
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import Any

from jupyter_prodkit.notebook.syntax import nodes, shared_tree
from jupyter_prodkit.notebook.transform import to_python
from jupyter_prodkit.session.classes import is_class_of_notebook
from jupyter_prodkit.session.live_names import LiveNames
from jupyter_prodkit.session.record import Version

__all__ = ["IDENTITIES", "Generations"]

IDENTITIES = "identities"
_BUILTINS = frozenset(dir(builtins))


class Generations:
    """Remembers which classes a name stood for before, and who shared objects with whom when it was made."""

    def __init__(self, namespace: Mapping[str, Any], live: LiveNames) -> None:
        self._namespace = namespace
        self._live = live
        self._classes: dict[str, list[weakref.ref[type]]] = {}
        self._shared: dict[str, frozenset[str]] = {}

    def note(self, written: Iterable[str], sharing: Mapping[str, frozenset[str]]) -> None:
        """Take it that code has written these names, which share objects with others since."""
        for name in written:
            self._shared[name] = sharing.get(name, frozenset())
            value = self._namespace.get(name)
            if value is not None and is_class_of_notebook(value):
                known = self._classes.setdefault(name, [])
                if not known or known[-1]() is not value:
                    known.append(weakref.ref(value))

    def asked_for(self, source: str, reads: Collection[str]) -> dict[str, Version]:
        """Return which classes and identities code may miss that reads these names."""
        found: dict[str, Version] = {}
        for name in reads:
            if len(self._classes.get(name, ())) > 1 and self._is_mixed(name, reads):
                found[f"class {name}"] = "an earlier one"
        if _compares_identities(source) and self._is_parted(reads):
            found[IDENTITIES] = "of earlier objects"
        return found

    def _is_mixed(self, name: str, reads: Collection[str]) -> bool:
        """Whether a value holds an earlier class of that name, or an instance of one."""
        now = self._namespace.get(name)
        living = [kind for one in self._classes[name] if (kind := one()) is not None and kind is not now]
        earlier = set(map(id, living))
        return any(
            id(type(self._namespace.get(other))) in earlier or not earlier.isdisjoint(self._live.parts_of(other))
            for other in reads
            if other != name
        )

    def _is_parted(self, reads: Collection[str]) -> bool:
        """Whether a value shared objects with another when it was made, and does no more."""
        return any(
            other in reads and other not in self._live.sharing([name])
            for name in reads
            for other in self._shared.get(name, ())
        )


@lru_cache(maxsize=4096)
def _compares_identities(source: str) -> bool:
    """Whether code asks if one of its objects is another: not if it is None, or of which type."""
    if " is " not in source:
        return False
    tree = shared_tree(to_python(source))
    found = () if tree is None else (node for node in nodes(tree) if isinstance(node, ast.Compare))
    return any(
        isinstance(operator, (ast.Is, ast.IsNot)) and _may_be_any(node.left) and _may_be_any(other)
        for node in found
        for operator, other in zip(node.ops, node.comparators, strict=True)
    )


def _may_be_any(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return not (isinstance(node.func, ast.Name) and node.func.id == "type")
    return not isinstance(node, ast.Constant) and not (isinstance(node, ast.Name) and node.id in _BUILTINS)
