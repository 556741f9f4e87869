"""More arguments for a call or a definition, laid out as those that are there: on one line, or one on each.

This module is imported only where an export runs: libcst comes with the extra `export`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar, cast

import libcst as cst

__all__ = ["appended", "with_keyword_parameters"]

_OneT = TypeVar("_OneT", bound=cst.Arg | cst.Param)


def appended(there: Sequence[_OneT], more: Sequence[_OneT]) -> list[_OneT]:
    """Return the arguments with `more` behind them; what stood before the closing bracket stands there still."""
    if not there or not more:
        return [*there, *more]
    last, space = there[-1], _space_of(there[-1])
    between = _between(there)
    kept = _changed(last, comma=between, **{space: cst.SimpleWhitespace("")})
    ending = _changed(more[-1], comma=last.comma, **{space: getattr(last, space)})
    return [*there[:-1], kept, *(_changed(one, comma=between) for one in more[:-1]), ending]


def with_keyword_parameters(parameters: cst.Parameters, names: Sequence[str]) -> cst.Parameters:
    """Return the parameters of a definition with `names` as keyword-only ones behind them."""
    more = [cst.Param(cst.Name(name)) for name in names]
    star, keywords = parameters.star_arg, parameters.kwonly_params
    starred = isinstance(star, (cst.Param, cst.ParamStar))
    if keywords or isinstance(star, cst.Param) or parameters.star_kwarg is not None or not parameters.params:
        kwonly = appended(keywords, more) if keywords and parameters.star_kwarg is None else [*keywords, *more]
        return parameters.with_changes(star_arg=star if starred else cst.ParamStar(), kwonly_params=kwonly)
    placed = appended(parameters.params, more)
    at = len(parameters.params)
    return parameters.with_changes(
        params=placed[:at], star_arg=cst.ParamStar(comma=_between(parameters.params)), kwonly_params=placed[at:]
    )


def _changed(one: _OneT, **changes: Any) -> _OneT:
    return cast("_OneT", one.with_changes(**changes))


def _space_of(one: cst.Arg | cst.Param) -> str:
    """The field that holds the white space behind it."""
    return "whitespace_after_arg" if isinstance(one, cst.Arg) else "whitespace_after_param"


def _between(there: Sequence[cst.Arg | cst.Param]) -> cst.Comma:
    """What stands between two of them."""
    before = there[-2].comma if len(there) > 1 else None
    if isinstance(before, cst.Comma):
        return before
    return cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
