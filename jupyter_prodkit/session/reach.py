"""The notebook's names that a live function or object reads when it is called, seen without calling anything."""

from __future__ import annotations

import dis
import types
from collections.abc import Iterable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from jupyter_prodkit.session.classes import class_members, module_of

__all__ = ["changes_what_it_is_given", "global_names", "reached_names"]

_MOST_STEPS = 200
_GLOBAL_LOADS = frozenset({"LOAD_GLOBAL", "LOAD_NAME"})
_CHANGES: WeakKeyDictionary[types.CodeType, bool] = WeakKeyDictionary()
_GLOBALS_OF: WeakKeyDictionary[types.CodeType, frozenset[str]] = WeakKeyDictionary()


def reached_names(names: Iterable[str], namespace: Mapping[str, Any]) -> frozenset[str]:
    """Return which names of `namespace` the functions and objects bound to `names` read, and those in turn.

    It follows functions that the notebook defined, however they came to their name (`g = f`, a lambda, a decorated
    one), and the classes of its own objects.
    """
    found: set[str] = set()
    pending, seen = list(names), set[str]()
    while pending and len(seen) < _MOST_STEPS:
        name = pending.pop()
        if name in seen or name not in namespace:
            continue
        seen.add(name)
        for read in _read_by(namespace[name], namespace):
            if read in namespace:
                found.add(read)
                pending.append(read)
    return frozenset(found)


def _read_by(value: Any, namespace: Mapping[str, Any]) -> set[str]:
    if type(value) is types.FunctionType:
        return _read_by_function(value, namespace)
    if module_of(type(value)) == "__main__":
        return _read_by_class(type(value), namespace)
    if type(value) is type and module_of(value) == "__main__":
        return _read_by_class(value, namespace)
    return set()


def _read_by_class(kind: type, namespace: Mapping[str, Any]) -> set[str]:
    found: set[str] = set()
    for _, member in class_members(kind):
        if type(member) is types.FunctionType:
            found |= _read_by_function(member, namespace)
    return found


def _read_by_function(function: types.FunctionType, namespace: Mapping[str, Any], depth: int = 0) -> set[str]:
    found = set(global_names(function.__code__)) if function.__globals__ is namespace else set()
    enclosed = [_content(one) for one in function.__closure__ or ()]
    for inner in [*enclosed, function.__dict__.get("__wrapped__")]:
        if type(inner) is types.FunctionType and depth < 3:  # noqa: PLR2004 - decorators seldom stand deeper
            found |= _read_by_function(inner, namespace, depth + 1)
    return found


def _content(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return None


def global_names(code: types.CodeType) -> frozenset[str]:
    """Return the global names that compiled code reads, and functions within it."""
    known = _GLOBALS_OF.get(code)
    if known is None:
        known = frozenset(str(one.argval) for one in dis.get_instructions(code) if one.opname in _GLOBAL_LOADS)
        known = known.union(*(global_names(one) for one in code.co_consts if type(one) is types.CodeType))
        _GLOBALS_OF[code] = known
    return known


def changes_what_it_is_given(value: Any) -> bool:
    """Return whether a function assigns to elements of what it is called with: `def f(v): v[0] = 1`."""
    if type(value) is not types.FunctionType:
        return False
    code = value.__code__
    known = _CHANGES.get(code)
    if known is None:
        known = _CHANGES[code] = _assigns_to_elements(code)
    return known


def _assigns_to_elements(code: types.CodeType) -> bool:
    steps = list(dis.get_instructions(code))
    given = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    kept = set(given) - {step.argval for step in steps if step.opname == "STORE_FAST"}
    # A name that begins where the element begins which is assigned to is what that is an element of.
    places = {_begin(step) for step in steps if step.opname in {"STORE_SUBSCR", "STORE_SLICE"}}
    return any(step.opname.startswith("LOAD_FAST") and step.argval in kept and _begin(step) in places for step in steps)


def _begin(step: dis.Instruction) -> tuple[int | None, int | None] | None:
    positions = getattr(step, "positions", None)  # none before Python 3.11: then any may be meant
    return None if positions is None else (positions.lineno, positions.col_offset)
