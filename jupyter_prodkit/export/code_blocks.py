"""Taking a cell's code apart into statements and putting statements together into a function, comments included.

This module is imported only where an export runs: libcst comes with the extra `export`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import libcst as cst

__all__ = ["function_text", "split", "without_directives"]

_WIDEST = 120
_DIRECTIVES = re.compile(r"\A(?:[ \t]*(?:#[ \t]*\|.*)?\n)+")
_Statement = cst.SimpleStatementLine | cst.BaseCompoundStatement


def without_directives(python: str) -> str:
    """Return a cell's code without the `#|` lines that it begins with."""
    return _DIRECTIVES.sub("", f"{python}\n")


def split(python: str) -> list[str]:
    """Return each top-level statement of a cell with the comments above it; those below the last go with that.

    A text begins with an empty line where the statement, or its comments, stand behind one.
    `a = 1; b = 2` is two statements.
    """
    module = cst.parse_module(without_directives(python))
    found = [_alone(statement, module) for statement in _statements(module)]
    found[:1] = [text.lstrip("\n") for text in found[:1]]
    if found and module.footer:
        comments = "\n".join(line.comment.value for line in module.footer if line.comment is not None)
        found[-1] = f"{found[-1]}\n{comments}".rstrip("\n")
    return found


def function_text(
    *,
    name: str,
    parameters: Sequence[str],
    returns: str,
    docstring: str,
    statements: Sequence[str],
    result: Sequence[str],
) -> str:
    """Return a function with `statements` as its body, each as it stands with its comments, and a last `return`."""
    body: list[_Statement] = list(_lines(f'"""{docstring}"""'))
    left: list[cst.EmptyLine] = []
    for text in statements:
        module = cst.parse_module(f"{text}\n")
        for statement in _statements(module):
            above = [line if line.comment else line.with_changes(indent=False) for line in statement.leading_lines]
            body.append(statement.with_changes(leading_lines=[*left, *above]))
            left = []
        left = [line for line in module.footer if line.comment is not None]
    if result:
        line = f"return {', '.join(result)}"
        (last,) = _lines(line if len(line) + 4 <= _WIDEST else f"return ({_one_a_line(result, 4)})")
        body.append(last.with_changes(leading_lines=left))
        left = []
    signature = f"{_head(name, parameters, returns)}\n    pass\n"
    function = cst.ensure_type(cst.parse_module(signature).body[0], cst.FunctionDef)
    whole = function.with_changes(body=cst.IndentedBlock(body=body, footer=left))
    return cst.Module(body=[whole]).code.strip("\n")


def _head(name: str, parameters: Sequence[str], returns: str) -> str:
    """The line of a `def`, folded as formatters do where it is too long."""
    line = f"def {name}({', '.join(parameters)}) -> {returns}:"
    if len(line) <= _WIDEST:
        return line
    before = f"def {name}({_one_a_line(parameters, 4) if parameters else ''})"
    if len(f") -> {returns}:") <= _WIDEST and parameters:
        return f"{before} -> {returns}:"
    kinds = returns.removeprefix("tuple[").removesuffix("]").split(", ")
    return f"{before} -> tuple[{_one_a_line(kinds, 4)}]:"


def _one_a_line(parts: Sequence[str], indent: int) -> str:
    return "\n" + "".join(f"{' ' * indent}{part},\n" for part in parts)


def _lines(text: str) -> Iterable[_Statement]:
    return cst.parse_module(f"{text}\n").body


def _statements(module: cst.Module) -> Iterator[_Statement]:
    for place, statement in enumerate(module.body):
        first = statement
        if place == 0 and module.header:
            first = statement.with_changes(leading_lines=[*module.header, *statement.leading_lines])
        if not isinstance(first, cst.SimpleStatementLine) or len(first.body) == 1:
            yield first
            continue
        last = len(first.body) - 1
        for number, small in enumerate(first.body):
            alone = small.with_changes(semicolon=cst.MaybeSentinel.DEFAULT)
            line = cst.SimpleStatementLine(
                body=[alone],
                leading_lines=first.leading_lines if number == 0 else (),
                trailing_whitespace=first.trailing_whitespace if number == last else cst.TrailingWhitespace(),
            )
            yield line


def _alone(statement: _Statement, module: cst.Module) -> str:
    code = cst.Module(body=[statement], default_indent=module.default_indent).code.rstrip("\n")
    gap = "\n" if code.startswith("\n") else ""
    return gap + code.lstrip("\n")
