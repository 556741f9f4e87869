"""What can be learnt of a class and an object without running code of theirs: past metaclasses and properties."""

from __future__ import annotations

import types
from typing import Any

__all__ = [
    "class_members",
    "defines",
    "derives",
    "instance_attributes",
    "is_users_class",
    "is_written_in_python",
    "line_of",
    "module_of",
    "qualified_name",
]

_MODULE_OF = type.__dict__["__module__"].__get__
_QUALIFIED_NAME_OF = type.__dict__["__qualname__"].__get__
_LINE_OF = type.__dict__["__mro__"].__get__
_MEMBERS_OF = type.__dict__["__dict__"].__get__
# What Python adds to every class: it says nothing, or differs with the line that the class stands on.
_GIVEN = frozenset(
    {"__dict__", "__weakref__", "__module__", "__doc__", "__firstlineno__", "__static_attributes__", "_abc_impl"}
    | {"__abstractmethods__", "__annotations__", "__annotate_func__", "__annotations_cache__"}
)


def module_of(kind: type) -> str:
    """Return the name of the module that defines `kind`; empty where the class hides it."""
    module = _MODULE_OF(kind)
    return module if type(module) is str else ""


def qualified_name(kind: type) -> str:
    """Return the full name of `kind`."""
    return f"{module_of(kind)}.{_QUALIFIED_NAME_OF(kind)}"


def line_of(kind: type) -> tuple[type, ...]:
    """Return the classes that `kind` derives from, itself first."""
    line: tuple[type, ...] = _LINE_OF(kind)
    return line


def derives(kind: type, base: type) -> bool:
    """Return whether `kind` is `base` or derives from it, without asking a metaclass."""
    return any(one is base for one in _LINE_OF(kind))


def is_users_class(kind: type) -> bool:
    """Return whether the notebook defines `kind`."""
    return module_of(kind) == "__main__"


def is_written_in_python(kind: type) -> bool:
    """Return whether `kind` and all it derives from are Python classes: their objects hold nothing but attributes."""
    return all(base is object or {"__dict__", "__slots__"} & _MEMBERS_OF(base).keys() for base in _LINE_OF(kind))


def class_members(kind: type) -> list[tuple[str, Any]]:
    """Return what `kind` itself defines, by name; what Python adds to every class is left out."""
    return [(name, value) for name, value in _MEMBERS_OF(kind).items() if name not in _GIVEN]


def defines(kind: type, name: str) -> bool:
    """Return whether objects of `kind` have an attribute `name` by their class."""
    return any(name in _MEMBERS_OF(base) for base in _LINE_OF(kind))


def instance_attributes(value: Any, kind: type) -> list[tuple[str, Any]]:
    """Return the attributes that `value` itself holds, in `__dict__` and slots, calling nothing of the user's."""
    found: list[tuple[str, Any]] = []
    for base in _LINE_OF(kind):
        members = _MEMBERS_OF(base)
        own = members.get("__dict__")
        if type(own) is types.GetSetDescriptorType:
            found.extend(_by_name(own.__get__(value, kind)))
            break
    for base in _LINE_OF(kind):
        for name, member in list(_MEMBERS_OF(base).items()):
            if type(member) is types.MemberDescriptorType and is_users_class(base):
                try:
                    found.append((name, member.__get__(value, kind)))
                except AttributeError:  # not set
                    continue
    return found


def _by_name(attributes: dict[str, Any]) -> list[tuple[str, Any]]:
    named = [(name, value) for name, value in list(dict.items(attributes)) if type(name) is str]
    named.sort(key=lambda one: one[0])
    return named
