"""Digests of code: functions and what they enclose, modules, classes and their members."""

from __future__ import annotations

import functools
import gc
import types
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from jupyter_prodkit.session.classes import (
    class_members,
    is_users_class,
    is_users_module,
    loaded,
    qualified_name,
)
from jupyter_prodkit.session.reach import global_names

if TYPE_CHECKING:
    from jupyter_prodkit.session.walk import Walk

__all__ = ["CODE", "class_value"]


def _module(walk: Walk, value: types.ModuleType, depth: int) -> None:
    """Feed a module: its name; of a module of the user's also what is in it."""
    content = types.ModuleType.__getattribute__(value, "__dict__")
    name = content.get("__name__")
    if type(name) is not str:
        walk.give_up()
    walk.text("module", name)
    made_by_hand = content.get("__spec__") is None and loaded(name) is not value
    if made_by_hand or (name != "__main__" and is_users_module(name)):
        if made_by_hand and walk.meets_again(value):
            return
        walk.part(value)
        walk.afford_nodes(len(content))
        for member, held in list(content.items()):
            if type(member) is str and not member.startswith("__"):
                walk.text("member", member)
                walk.attribute(held, depth, of_library=True)


def _function(walk: Walk, value: types.FunctionType, depth: int) -> None:
    """Feed a function: what it does, its defaults and what it has enclosed, not where it stands."""
    module = value.__module__
    if type(module) is not str:
        walk.give_up()
    if not is_users_module(module):
        walk.text("function", f"{module}.{value.__qualname__}")
        if not value.__closure__:
            return
    else:
        walk.feed(b"def ")
        _code(walk, value.__code__, depth)
        if module == "__main__":
            walk.reads |= global_names(value.__code__)
    walk.value(value.__defaults__, depth)
    walk.value(value.__kwdefaults__, depth)
    for cell in value.__closure__ or ():
        walk.value(_enclosed(cell), depth)
    if value.__dict__:
        walk.value(value.__dict__, depth)


def _enclosed(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return None


def _code(walk: Walk, code: types.CodeType, depth: int) -> None:
    """Feed compiled code, line numbers and file left out."""
    walk.feed(code.co_code)
    walk.text("names", " ".join((*code.co_names, "|", *code.co_varnames, "|", *code.co_freevars)))
    for constant in code.co_consts:
        if type(constant) is types.CodeType:
            _code(walk, constant, depth)
        else:
            walk.value(constant, depth)


def _method(walk: Walk, value: types.MethodType, depth: int) -> None:
    walk.value(value.__func__, depth)
    walk.value(value.__self__, depth)


def _builtin(walk: Walk, value: Any, depth: int) -> None:
    walk.text("builtin", f"{value.__module__}.{value.__qualname__}")
    if type(value.__self__) is not types.ModuleType and value.__self__ is not None:
        walk.value(value.__self__, depth)


def _partial(walk: Walk, value: Any, depth: int) -> None:
    walk.value(value.func, depth)
    walk.value(value.args, depth)
    walk.value(value.keywords, depth)


def _descriptor(walk: Walk, value: Any, depth: int) -> None:
    for name in ("__func__", "fget", "fset", "fdel"):
        part = getattr(value, name, None)
        if part is not None:
            walk.value(part, depth)


def _cached(walk: Walk, value: Any, depth: int) -> None:
    """Feed a function with `lru_cache`: what its cache holds is part of what it does."""
    wrapped = getattr(value, "__wrapped__", None)
    information = value.cache_info()
    walk.part(value)
    walk.text("cache", f"{information.maxsize} {information.currsize} {information.misses}")
    walk.value(wrapped, depth)
    walk.afford_nodes(information.currsize)
    for held in gc.get_referents(value):
        if type(held) is dict and held is not getattr(value, "__dict__", None):
            for key in list(held):  # what was asked for: with the function that settles what was answered
                for one in key if type(key) is tuple else (key,):
                    if type(one) is not object:  # a mark before keywords
                        walk.attribute(one, depth, of_library=True)


def class_value(walk: Walk, value: type, depth: int) -> None:
    """Feed a class: its name; of a class of the user's also what it defines."""
    if not is_users_class(value):
        walk.text("class", qualified_name(value))
        return
    known = walk.classes.get(id(value))
    if known is None:
        inner = walk.inner()
        _members(inner, value, depth)
        known = walk.classes[id(value)] = inner.content().encode()
    walk.feed(known)


def _members(walk: Walk, value: type, depth: int) -> None:
    walk.text("class", qualified_name(value))
    walk.part(value)
    for base in type.__dict__["__bases__"].__get__(value):
        walk.value(base, depth)
    for name, member in class_members(value):
        walk.text("member", name)
        walk.value(member, depth)


CODE: Mapping[int, Callable[[Walk, Any, int], None]] = {
    id(types.ModuleType): _module,
    id(types.FunctionType): _function,
    id(types.MethodType): _method,
    id(types.BuiltinFunctionType): _builtin,
    id(functools.partial): _partial,
    id(staticmethod): _descriptor,
    id(classmethod): _descriptor,
    id(property): _descriptor,
    id(functools._lru_cache_wrapper): _cached,  # noqa: SLF001 - the type has no public name
}
"""How to feed a value of each type, by the address of the type."""
