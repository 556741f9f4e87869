"""The edits to a cell's code, by libcst: everything else stays as it stands, comments and white space included.

This module is imported only where an export runs: libcst comes with the extra `export`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import libcst as cst
from libcst import metadata

from jupyter_prodkit.errors import ExportError
from jupyter_prodkit.export.appending import appended, with_keyword_parameters
from jupyter_prodkit.export.code_blocks import without_directives

__all__ = ["Edits", "Rewritten", "rewrite"]

_SAYING = frozenset({"print", "display"})

_IN_QUERY = re.compile(r"@([A-Za-z_]\w*)")


@dataclass(frozen=True)
class Edits:
    """What is to be changed in the cells of one module."""

    replacements: Mapping[str, str] = field(default_factory=dict)
    """Name of the notebook → the code that reads it in the package."""
    arguments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Function → the values that it read from the notebook's top level, which it now gets as arguments."""
    logger: str = "logger"


@dataclass(frozen=True)
class Rewritten:
    """A cell's code as it stands in the package."""

    code: str
    reads_settings: bool = False
    logs: bool = False
    binds_arguments: bool = False
    """Whether a function is handed on with its arguments bound: `partial(f, scaler=scaler)`."""


def rewrite(python: str, edits: Edits, label: str) -> Rewritten:
    """Return a cell's code without its directives and its top-level imports, edited as `edits` says; `print` logs.

    Raises ExportError, naming the cell by `label`, where a setting is read outside a function, so that it would be
    read on import, or where only a text names it.
    """
    wrapper = metadata.MetadataWrapper(cst.parse_module(without_directives(python)))
    found = _find(wrapper, edits, label)
    module = wrapper.module.visit(_Editor(found, edits))
    return Rewritten(
        _without_imports(module).code.strip("\n"),
        reads_settings=bool(found.reads),
        logs=bool(found.prints),
        binds_arguments=bool(found.handed_on),
    )


@dataclass
class _Found:
    """The places in one cell that are to be edited."""

    reads: dict[cst.CSTNode, str] = field(default_factory=dict)
    prints: set[cst.CSTNode] = field(default_factory=set)
    calls: dict[cst.CSTNode, tuple[str, ...]] = field(default_factory=dict)
    """The function's name in each call of a function that takes arguments now."""
    handed_on: dict[cst.CSTNode, tuple[str, ...]] = field(default_factory=dict)
    """Its name wherever else it stands."""


def _find(wrapper: metadata.MetadataWrapper, edits: Edits, label: str) -> _Found:
    found = _Found()
    called = _called(wrapper.module)
    for scope in {scope for scope in wrapper.resolve(metadata.ScopeProvider).values() if scope is not None}:
        for access in scope.accesses:
            _enter(found, access, called, edits, label)
    _check_queries(wrapper, edits.replacements, label)
    return found


def _enter(
    found: _Found, access: metadata.Access, called: Mapping[cst.CSTNode, cst.Call], edits: Edits, label: str
) -> None:
    """Enter the place where a name is read, if that is to be edited."""
    node: cst.CSTNode = access.node
    while isinstance(node, cst.Attribute):
        node = node.value
    if not isinstance(node, cst.Name) or not all(_is_global(referent.scope) for referent in access.referents):
        return  # a local variable or an argument of that name
    if node.value in edits.replacements:
        if not _in_function(access.scope):
            raise ExportError(
                f"{label.capitalize()} reads the parameter `{node.value}` when it is imported "
                "(at top level, in a default value or in a decorator).",
                "Read it inside the function, so that the configuration decides when the function runs.",
            )
        found.reads[node] = edits.replacements[node.value]
    elif node.value in edits.arguments:
        (found.calls if node in called else found.handed_on)[node] = edits.arguments[node.value]
    elif node in called and _logs(called[node], access.referents):
        found.prints.add(called[node])


def _called(module: cst.Module) -> dict[cst.CSTNode, cst.Call]:
    """Each plain name that is called, and its call."""
    finder = _Calls()
    module.visit(finder)
    return finder.found


class _Calls(cst.CSTVisitor):
    def __init__(self) -> None:
        super().__init__()
        self.found: dict[cst.CSTNode, cst.Call] = {}

    def visit_Call(self, node: cst.Call) -> None:  # noqa: N802
        if isinstance(node.func, cst.Name):
            self.found[node.func] = node


def _logs(call: cst.Call, referents: Iterable[metadata.BaseAssignment]) -> bool:
    """Whether a call is of Python's own `print`, or the notebook's `display`, and says where only by default."""
    if cst.ensure_type(call.func, cst.Name).value not in _SAYING:
        return False
    builtin = all(isinstance(referent.scope, metadata.BuiltinScope) for referent in referents)
    return builtin and not any(one.keyword is not None and one.keyword.value == "file" for one in call.args)


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


class _Editor(cst.CSTTransformer):
    """Carries the edits out."""

    def __init__(self, found: _Found, edits: Edits) -> None:
        super().__init__()
        self._found = found
        self._edits = edits
        self._depth = 0

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:  # noqa: N802
        code = self._found.reads.get(original_node)
        if code is not None:
            return cst.parse_expression(code)
        given = self._found.handed_on.get(original_node)
        if given is None:
            return updated_node
        return cst.parse_expression(f"partial({original_node.value}, {_keywords(given)})")

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:  # noqa: N802
        given = self._found.calls.get(original_node.func)
        if given is not None:
            more = cst.ensure_type(cst.parse_expression(f"f({_keywords(given)})"), cst.Call).args
            return updated_node.with_changes(args=appended(updated_node.args, more))
        if original_node in self._found.prints:
            return _logging(updated_node, self._edits.logger)
        return updated_node

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:  # noqa: N802, ARG002
        self._depth += 1

    def visit_ClassDef(self, node: cst.ClassDef) -> None:  # noqa: N802, ARG002
        self._depth += 1

    def leave_ClassDef(self, original_node: cst.ClassDef, updated_node: cst.ClassDef) -> cst.ClassDef:  # noqa: N802, ARG002
        self._depth -= 1
        return updated_node

    def leave_FunctionDef(  # noqa: N802
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.FunctionDef:
        self._depth -= 1
        given = self._edits.arguments.get(original_node.name.value, ())
        if self._depth or not given:
            return updated_node
        params = with_keyword_parameters(updated_node.params, given)
        return updated_node.with_changes(params=params)


def _keywords(names: Iterable[str]) -> str:
    return ", ".join(f"{name}={name}" for name in names)


def _logging(call: cst.Call, logger: str) -> cst.BaseExpression:
    """`print(a, b)` → `logger.info("%s %s", a, b)`; one text stays as it is."""
    said = [one.with_changes(comma=cst.MaybeSentinel.DEFAULT) for one in call.args if one.keyword is None]
    named = {one.keyword.value: one.value for one in call.args if one.keyword is not None}
    function = cst.parse_expression(f"{logger}.info")
    if any(one.star for one in said):
        joined = cst.parse_expression('" ".join(map(str, ()))')
        values = cst.Tuple([_element(one) for one in said])
        return cst.Call(function, [_replace_tuple(joined, values)])
    if len(said) == 1 and isinstance(said[0].value, (cst.SimpleString, cst.FormattedString, cst.ConcatenatedString)):
        return call.with_changes(func=function, args=said)
    separator = named.get("sep")
    between = separator.evaluated_value if isinstance(separator, cst.SimpleString) else " "
    between = str(between).replace("%", "%%")
    form = cst.SimpleString(_quoted(between.join(["%s"] * len(said))))
    return call.with_changes(func=function, args=[cst.Arg(form), *said])


def _element(argument: cst.Arg) -> cst.BaseElement:
    return cst.StarredElement(argument.value) if argument.star else cst.Element(argument.value)


def _replace_tuple(joined: cst.BaseExpression, values: cst.Tuple) -> cst.Arg:
    call = cst.ensure_type(joined, cst.Call)
    mapped = cst.ensure_type(call.args[0].value, cst.Call)
    return cst.Arg(call.with_changes(args=[cst.Arg(mapped.with_changes(args=[mapped.args[0], cst.Arg(values)]))]))


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


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
