"""The edits to a cell's code, by libcst: everything else stays as it stands, comments and white space included.

This module is imported only where an export runs: libcst comes with the extra `export`.
"""

from __future__ import annotations

from collections.abc import Mapping

import libcst as cst
from libcst import metadata

from jupyter_prodkit.errors import ExportError

__all__ = ["rewrite"]


def rewrite(source: str, replacements: Mapping[str, str], label: str) -> tuple[str, bool]:
    """Return `source` without its top-level imports, each global read of a name in `replacements` replaced by its code.

    The second value says whether anything was replaced. Raises ExportError, naming the cell by `label`, where such a
    name is read outside a function, so that it would be read on import.
    """
    wrapper = metadata.MetadataWrapper(cst.parse_module(source))
    reads = _reads(wrapper, replacements, label)
    return wrapper.module.visit(_Rewriter(reads)).code.strip("\n"), bool(reads)


def _reads(
    wrapper: metadata.MetadataWrapper, replacements: Mapping[str, str], label: str
) -> dict[cst.CSTNode, str]:
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
    return found


def _is_global(scope: metadata.Scope) -> bool:
    return isinstance(scope, (metadata.GlobalScope, metadata.BuiltinScope))


def _in_function(scope: metadata.Scope) -> bool:
    while not _is_global(scope):
        if isinstance(scope, metadata.FunctionScope):
            return True
        scope = scope.parent
    return False


class _Rewriter(cst.CSTTransformer):
    """Takes top-level imports out and replaces the reads it was given."""

    def __init__(self, reads: Mapping[cst.CSTNode, str]) -> None:
        super().__init__()
        self._reads = reads
        self._depth = 0

    def visit_IndentedBlock(self, node: cst.IndentedBlock) -> None:
        self._depth += 1

    def leave_IndentedBlock(self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock) -> cst.BaseSuite:
        self._depth -= 1
        return updated_node

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.SimpleStatementLine | cst.RemovalSentinel:
        imports = all(isinstance(part, (cst.Import, cst.ImportFrom)) for part in original_node.body)
        return cst.RemoveFromParent() if imports and self._depth == 0 else updated_node

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        code = self._reads.get(original_node)
        return updated_node if code is None else cst.parse_expression(code)
