"""What a piece of code may read and change beyond what its own text names: through functions, classes and values."""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping
from typing import Any

from jupyter_prodkit.notebook.dataflow import Definitions, needs_when_run
from jupyter_prodkit.notebook.names import CodeNames
from jupyter_prodkit.session.classes import loaded
from jupyter_prodkit.session.live_names import LiveNames
from jupyter_prodkit.session.reach import changes_what_it_is_given, reached_names

__all__ = ["CodeReach"]


class CodeReach:
    """Knows the definitions that have run so far, and follows the live functions and objects that code calls."""

    def __init__(self, namespace: Mapping[str, Any], live: LiveNames) -> None:
        self._namespace = namespace
        self._live = live
        self._definitions = Definitions()

    def reads(self, names: CodeNames, held: Mapping[str, object]) -> frozenset[str]:
        """Return those of the names that are `held` that code with these `names` may read."""
        if names.needs_any:
            return frozenset(held)
        reads = needs_when_run(names, self._definitions) | names.shadowable
        reads |= reached_names(names.calls - self._definitions.deferred.keys(), self._namespace)
        return frozenset((reads | self._live.reached(reads)) & held.keys())

    def note(self, names: CodeNames, changed: Iterable[str]) -> None:
        """Take in what code has defined, and that other names hold something else now."""
        self._definitions.forget(set(changed) - names.deferred.keys())
        self._definitions.add(names)

    def arrays_given(self, reads: Iterable[str], calls: frozenset[str]) -> set[str]:
        """Return the arrays that code may hand to functions which assign to their elements.

        No sample of an array shows that one of many elements has changed.
        """
        array = getattr(loaded("numpy"), "ndarray", None)
        arrays = {name for name in reads if array is not None and type(self._namespace.get(name)) is array}
        if not arrays:
            return set()
        called = map(self._namespace.get, calls.intersection(reads))
        return arrays if any(map(changes_what_it_is_given, called)) else set()

    def called_text(self, reads: Iterable[str]) -> str:
        """Return what functions of the notebook use which code that reads these names may call, as if called."""
        texts: list[str] = []
        for name in reads:
            value = self._namespace.get(name)
            if type(value) is types.FunctionType and value.__globals__ is self._namespace:
                texts += value.__code__.co_names
        return " ".join(f"{text}(" for text in texts)
