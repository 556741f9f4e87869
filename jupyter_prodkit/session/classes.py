"""What can be learnt of a class and an object without running code of theirs: past metaclasses and properties."""

from __future__ import annotations

import struct
import sys
import types
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from jupyter_prodkit.session.user_files import users_file

__all__ = [
    "class_members",
    "defines",
    "derives",
    "instance_attributes",
    "is_class_of_notebook",
    "is_genuine",
    "is_iterator",
    "is_users_class",
    "is_users_module",
    "line_of",
    "loaded",
    "module_of",
    "name_of",
    "qualified_name",
    "users_module_of",
    "written_in_c",
]

_MODULE_OF = type.__dict__["__module__"].__get__
_NAME_OF = type.__dict__["__name__"].__get__
_QUALIFIED_NAME_OF = type.__dict__["__qualname__"].__get__
_LINE_OF = type.__dict__["__mro__"].__get__
_BASE_OF = type.__dict__["__base__"].__get__
_SIZE_OF = type.__dict__["__basicsize__"].__get__
_POINTER = struct.calcsize("P")
_MEMBERS_OF = type.__dict__["__dict__"].__get__
# What Python adds to every class: it says nothing, or differs with the line that the class stands on.
_GIVEN = frozenset(
    {"__dict__", "__weakref__", "__module__", "__doc__", "__firstlineno__", "__static_attributes__", "_abc_impl"}
    | {"__abstractmethods__", "__annotations__", "__annotate_func__", "__annotations_cache__"}
)


def loaded(name: str) -> Any:
    """Return the module of that name if it is loaded, else None; one that is loaded when first asked is not, yet."""
    module = sys.modules.get(name)
    return module if type(module) is types.ModuleType else None


def module_of(kind: type) -> str:
    """Return the name of the module that defines `kind`; empty where the class hides it."""
    module = _MODULE_OF(kind)
    return module if type(module) is str else ""


def qualified_name(kind: type) -> str:
    """Return the full name of `kind`."""
    return f"{module_of(kind)}.{_QUALIFIED_NAME_OF(kind)}"


def name_of(kind: type) -> str:
    """Return the bare name of `kind`."""
    return str(_NAME_OF(kind))


def is_class_of_notebook(value: Any) -> bool:
    """Return whether `value` is a class that a cell has defined."""
    return derives(type(value), type) and module_of(value) == "__main__"


def users_module_of(value: Any) -> types.ModuleType | None:
    """Return the module of the user's that `value` is, or that defines it if it is a function or class; else None."""
    if type(value) is types.ModuleType:
        name = types.ModuleType.__getattribute__(value, "__dict__").get("__name__")
    elif type(value) is types.FunctionType:
        name = value.__module__
    else:
        name = module_of(value) if derives(type(value), type) else None
    found = type(name) is str and name != "__main__" and is_users_module(name)
    return loaded(name) if found and type(name) is str else None


def line_of(kind: type) -> tuple[type, ...]:
    """Return the classes that `kind` derives from, itself first."""
    line: tuple[type, ...] = _LINE_OF(kind)
    return line


def derives(kind: type, base: type) -> bool:
    """Return whether `kind` is `base` or derives from it, without asking a metaclass."""
    return any(one is base for one in _LINE_OF(kind))


def is_users_class(kind: type) -> bool:
    """Return whether the notebook defines `kind`, or a module of the user's."""
    return is_users_module(module_of(kind))


def is_genuine(kind: type) -> bool:
    """Return whether `kind` really comes from the module that it names, and does not just say so."""
    module = loaded(module_of(kind))
    held: Any = {} if module is None else module.__dict__
    for part in str(_QUALIFIED_NAME_OF(kind)).split("."):
        held = held.get(part) if type(held) is dict else None
    if held is not None or module is None:
        return held is kind
    return not module_of(kind).startswith("__") and _is_compiled(module)


def _is_compiled(module: types.ModuleType) -> bool:
    """Whether a module is written in C: not all of its classes can be found by their names in it."""
    file = module.__dict__.get("__file__")
    return type(file) is str and file.endswith((".so", ".pyd"))


def is_users_module(name: str) -> bool:
    """Return whether a module is the notebook or a file of the user's, not of Python or a package."""
    if name == "__main__":
        return True
    module = loaded(name)
    file = None if module is None else module.__dict__.get("__file__")
    return type(file) is str and _is_users_source(file)


@lru_cache(maxsize=4096)  # by file: a name may come to stand for another module
def _is_users_source(file: str) -> bool:
    return file.endswith(".py") and users_file(file)


def written_in_c(kind: type) -> list[type]:
    """Return the classes that `kind` derives from, `object` aside, whose objects hold more than attributes."""
    return [base for base in _LINE_OF(kind) if base is not object and _has_more_than_attributes(base)]


def _has_more_than_attributes(kind: type) -> bool:
    """Whether a class adds memory to its objects beyond that for `__dict__`, weak references and slots."""
    base, members = _BASE_OF(kind), _MEMBERS_OF(kind)
    added = _SIZE_OF(kind) - (_SIZE_OF(base) if base is not None else 0)
    slots = sum(type(member) is types.MemberDescriptorType for member in members.values())
    return bool(added > _POINTER * (slots + ("__dict__" in members) + ("__weakref__" in members)))


def class_members(kind: type) -> list[tuple[str, Any]]:
    """Return what `kind` itself defines, by name; what Python adds to every class is left out."""
    return [(name, value) for name, value in _MEMBERS_OF(kind).items() if name not in _GIVEN]


def defines(kind: type, name: str) -> bool:
    """Return whether objects of `kind` have an attribute `name` by their class."""
    return any(name in _MEMBERS_OF(base) for base in _LINE_OF(kind))


def is_iterator(kind: type) -> bool:
    """Return whether objects of `kind` are iterators: looking at what they give would use it up."""
    return defines(kind, "__next__")


def instance_attributes(
    value: Any, kind: type, afford: Callable[[int], object] = lambda _: None
) -> list[tuple[str, Any]] | None:
    """Return the attributes that `value` itself holds, in `__dict__` and slots, calling nothing of the user's.

    None where the class hides them: a property stands where `__dict__` would be. `afford` is told how many there are
    before they are looked at, and may raise.
    """
    found: list[tuple[str, Any]] = []
    for base in _LINE_OF(kind):
        own = _MEMBERS_OF(base).get("__dict__")
        if own is None or base is type:
            continue
        if type(own) is not types.GetSetDescriptorType and type(own) is not types.MemberDescriptorType:
            return None
        attributes = own.__get__(value, kind)
        afford(dict.__len__(attributes))
        found.extend(_by_name(attributes))
        break
    for base in _LINE_OF(kind):
        members = _MEMBERS_OF(base)
        for name, member in list(members.items()) if "__slots__" in members else ():
            if type(member) is types.MemberDescriptorType:
                try:
                    found.append((name, member.__get__(value, kind)))
                except AttributeError:  # not set
                    continue
    return found


def _by_name(attributes: dict[str, Any]) -> list[tuple[str, Any]]:
    named = [(name, value) for name, value in list(dict.items(attributes)) if type(name) is str]
    named.sort(key=lambda one: one[0])
    return named
