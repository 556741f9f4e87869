"""What an error that ended a cell tells, asked without running any code of the error's class."""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Any

__all__ = ["lacked", "line_of"]

_TRACEBACK_OF = BaseException.__dict__["__traceback__"].__get__  # past what an error's class may do when it is asked


def line_of(error: BaseException, namespace: Mapping[str, Any]) -> int:
    """Return the line of the cell's own code at which it ended; 0 where that isn't known."""
    step: types.TracebackType | None = _TRACEBACK_OF(error)
    while step is not None:
        if step.tb_frame.f_globals is namespace and step.tb_frame.f_code.co_name == "<module>":
            return step.tb_lineno
        step = step.tb_next
    return 0


def lacked(error: BaseException | None) -> str | None:
    """Return the name that the cell looked for in vain; None where it ended otherwise."""
    name = error.name if error is not None and type(error) is NameError else None
    return name if type(name) is str else None
