"""The edits to a cell's code, by libcst: everything else stays as it stands, comments and white space included.

This module is imported only where an export runs: libcst comes with the extra `export`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import libcst as cst
from libcst import metadata

from jupyter_prodkit.errors import ExportError

__all__ = ["rewrite"]

_DIRECTIVES = re.compile(r"\A(?:[ \t]*(?:#[ \t]*\|.*)?\n)+")
_IN_QUERY = re.compile(r"@([A-Za-z_]\w*)")


def rewrite(python: str, replacements: Mapping[str, str], label: str) -> tuple[str, bool]:
    """Return a cell's code without its directives and its top-level imports, and with each global read of a name in
    `replacements` replaced by its code.

    The second value says whether anything was replaced. Raises ExportError, naming the cell by `label`, where such a
    name is read outside a function, so that it would be read on import, or where only a text names it.
    """
    wrapper = metadata.MetadataWrapper(cst.parse_module(_DIRECTIVES.sub("", f"{python}\n")))
    reads = _reads(wrapper, replacements, label)
    module = wrapper.module.visit(_Replacer(reads))
    return _without_imports(module).code.strip("\n"), bool(reads)


def _reads(wrapper: metadata.MetadataWrapper, replacements: Mapping[str, str], label: str) -> dict[cst.CSTNode, str]:
    found: dict[cst.CSTNode, str] = {}
    for scope in {scope for scope in wrapper.resolve(metadata.ScopeProvider).values() if scope is not None}:
        for access in scope.accesses:
            node: cst.CSTNode = access.node
            while isinstance(node, cst.Attribute):
                node = node.value
            if not isinstance(node, cst.Name) or node.value not in replacements:
                continue
            if not all(_is_global(referent.scope) for referent in access.referents):
                continue  # a local variable or an argument of that name
            if not _in_function(access.scope):
                raise ExportError(
                    f"{label.capitalize()} reads the parameter `{node.value}` when it is imported "
                    "(at top level, in a default value or in a decorator).",
                    "Read it inside the function, so that the configuration decides when the function runs.",
                )
            found[node] = replacements[node.value]
    _check_queries(wrapper, replacements, label)
    return found


def _check_queries(wrapper: metadata.MetadataWrapper, replacements: Mapping[str, str], label: str) -> None:
    """Refuse `rows.query("age > @LIMIT")` with a parameter: pandas would look for a variable that isn't there."""
    scopes = wrapper.resolve(metadata.ScopeProvider)
    for node, scope in scopes.items():
        text = node.evaluated_value if isinstance(node, cst.SimpleString) else None
        for name in _IN_QUERY.findall(text) if isinstance(text, str) else ():
            if name in replacements and scope is not None and all(_is_global(one.scope) for one in scope[name]):
                raise ExportError(
                    f"{label.capitalize()} reads the parameter `{name}` in a text: {text!r}.",
                    f"Take it into a variable of the function first: `limit = {name}`, and `@limit` in the text.",
                )


def _is_global(scope: metadata.Scope) -> bool:
    return isinstance(scope, (metadata.GlobalScope, metadata.BuiltinScope))


def _in_function(scope: metadata.Scope) -> bool:
    while not _is_global(scope):
        if isinstance(scope, metadata.FunctionScope):
            return True
        scope = scope.parent
    return False


class _Replacer(cst.CSTTransformer):
    """Replaces the reads it was given."""

    def __init__(self, reads: Mapping[cst.CSTNode, str]) -> None:
        super().__init__()
        self._reads = reads

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:  # noqa: N802
        code = self._reads.get(original_node)
        return updated_node if code is None else cst.parse_expression(code)


def _without_imports(module: cst.Module) -> cst.Module:
    """Take the top-level imports out; comments above them stay, above what follows."""
    body: list[cst.BaseCompoundStatement | cst.SimpleStatementLine] = []
    left: list[cst.EmptyLine] = []
    for statement in module.body:
        if _is_import(statement):
            left += _comments(statement.leading_lines)
        else:
            body.append(statement.with_changes(leading_lines=[*left, *statement.leading_lines]) if left else statement)
            left = []
    return module.with_changes(body=body, footer=[*left, *module.footer])


def _is_import(statement: cst.CSTNode) -> bool:
    return isinstance(statement, cst.SimpleStatementLine) and all(
        isinstance(part, (cst.Import, cst.ImportFrom)) for part in statement.body
    )


def _comments(lines: Sequence[cst.EmptyLine]) -> list[cst.EmptyLine]:
    return [line for line in lines if line.comment is not None]
