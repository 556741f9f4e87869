"""Objects that do harm when they are asked anything; each question is counted."""

from __future__ import annotations

from typing import Any, NoReturn

asked: list[str] = []


def _refuse(name: str) -> Any:
    def refuse(*_: object, **__: object) -> NoReturn:
        asked.append(name)
        raise RuntimeError(name)

    return refuse


QUESTIONS = ["eq", "ne", "lt", "hash", "repr", "str", "bool", "len", "iter", "next", "contains", "getattr", "getattribute", "reduce", "reduce_ex", "format", "dir", "bytes", "int", "float", "index", "getitem", "copy", "deepcopy", "sizeof", "instancecheck", "subclasscheck", "array", "length_hint"]  # fmt: skip
_QUESTIONED = {f"__{name}__": _refuse(name) for name in QUESTIONS}


class HostileMeta(type):
    """A class that may not be asked either."""

    __getattribute__ = _refuse("meta getattribute")
    __eq__ = _refuse("meta eq")
    __hash__ = _refuse("meta hash")
    __repr__ = _refuse("meta repr")
    __instancecheck__ = _refuse("meta instancecheck")


Hostile = type("Hostile", (), dict(_QUESTIONED))
HostileList = type("HostileList", (list,), dict(_QUESTIONED))
HostileDict = type("HostileDict", (dict,), dict(_QUESTIONED))
HostileText = type("HostileText", (str,), dict(_QUESTIONED))
HostileError = type("HostileError", (Exception,), dict(_QUESTIONED))
OfHostileClass = HostileMeta("OfHostileClass", (), {})
FalseFrame = type(
    "DataFrame", (), {**_QUESTIONED, "__module__": "pandas.core.frame", "shape": property(_refuse("shape"))}
)
OddModule = type("Odd", (), {"__module__": 5})


class Counting:
    """Counts being asked, and answers."""

    def __getattr__(self, name: str) -> int:
        asked.append(name)
        return 1


def everything() -> dict[str, Any]:
    return {
        "hostile": Hostile(), "of_list": list.__new__(HostileList), "of_dict": dict.__new__(HostileDict),
        "of_text": str.__new__(HostileText, "x"), "of_class": object.__new__(OfHostileClass), "a_class": OfHostileClass,
        "false_frame": object.__new__(FalseFrame), "odd": OddModule(), "counting": Counting(),
        "among_others": [1, object.__new__(OfHostileClass), Hostile()], "as_value": {"k": Hostile()},
        "generator": (_ for _ in asked),
    }  # fmt: skip
