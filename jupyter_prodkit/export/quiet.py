"""What may stand at the top of a module: definitions, and values that are made without doing anything else."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

__all__ = ["is_quiet", "is_quiet_value", "loud_statement"]

_NOTHING_ELSE = (ast.Import, ast.ImportFrom, ast.Pass)
_TYPE_ALIAS = getattr(ast, "TypeAlias", ())  # Python 3.12: `type Row = dict[str, float]`

# Calls that make a value and do nothing else: by themselves, or as something of one of these modules.
_MODULES = frozenset(
    {
        *("collections", "dataclasses", "datetime", "decimal", "dt", "enum", "fractions", "functools", "logging"),
        *("math", "np", "numpy", "operator", "pathlib", "pd", "pandas", "re", "string", "types", "typing"),
    }
)
_MAKERS = frozenset(
    {
        *("bool", "bytes", "dict", "float", "frozenset", "int", "len", "list", "max", "min", "object", "range"),
        *("round", "set", "sorted", "str", "sum", "super", "tuple", "type", "zip", "enumerate", "reversed", "property"),
        *("OrderedDict", "Counter", "defaultdict", "deque", "namedtuple", "MappingProxyType", "SimpleNamespace"),
        *("field", "Field", "auto", "partial", "itemgetter", "attrgetter", "methodcaller", "getLogger", "compile"),
        *("date", "datetime", "time", "timedelta", "timezone", "Decimal", "Fraction", "Path", "PurePath", "Template"),
        *("NewType", "NamedTuple", "ParamSpec", "TypeVar", "TypedDict"),
        *("ceil", "exp", "floor", "log", "log10", "log1p", "log2", "radians", "sqrt"),
        *("arange", "array", "asarray", "eye", "full", "geomspace", "linspace", "logspace", "ones", "zeros", "dtype"),
        *("float32", "float64", "int32", "int64", "datetime64", "timedelta64"),
        *("CategoricalDtype", "DataFrame", "DateOffset", "Index", "Interval", "Series", "Timedelta", "Timestamp"),
    }
)


def loud_statement(body: Iterable[ast.stmt]) -> ast.stmt | None:
    """Return the first statement that would do something when its module is imported, or None."""
    return next((statement for statement in body if not is_quiet(statement)), None)


def is_quiet(statement: ast.stmt) -> bool:
    """Return whether importing a module with this statement does nothing but define names."""
    if isinstance(statement, _NOTHING_ELSE) or (_TYPE_ALIAS and isinstance(statement, _TYPE_ALIAS)):
        return True
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return all(is_quiet_value(value) for value in _defaults(statement.args))
    if isinstance(statement, (ast.ClassDef, ast.If, ast.Try)):
        return _is_quiet_block(statement)
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)
    return _is_quiet_assignment(statement)


def _is_quiet_block(block: ast.ClassDef | ast.If | ast.Try) -> bool:
    if isinstance(block, ast.If) and not is_quiet_value(block.test):
        return False
    handlers = block.handlers if isinstance(block, ast.Try) else []
    otherwise = [] if isinstance(block, ast.ClassDef) else block.orelse
    finally_ = block.finalbody if isinstance(block, ast.Try) else []
    bodies = [block.body, otherwise, finally_, *(handler.body for handler in handlers)]
    return all(loud_statement(body) is None for body in bodies)


def _is_quiet_assignment(statement: ast.stmt) -> bool:
    """Only names are assigned: an item or attribute belongs to something that others see (`os.environ["X"]`)."""
    if isinstance(statement, ast.Assign):
        targets, value = statement.targets, statement.value
    elif isinstance(statement, ast.AnnAssign):
        targets, value = [statement.target], statement.value or ast.Constant(None)
    else:
        return False
    parts = [part for target in targets for part in _parts(target)]
    return all(isinstance(part, ast.Name) for part in parts) and is_quiet_value(value)


def _parts(target: ast.expr) -> Iterator[ast.expr]:
    if isinstance(target, (ast.Tuple, ast.List)):
        for element in target.elts:
            yield from _parts(element)
    else:
        yield target.value if isinstance(target, ast.Starred) else target


def is_quiet_value(value: ast.expr) -> bool:
    """Return whether making the value does nothing else; what a lambda does when it is called doesn't count."""
    pending: list[ast.AST] = [value]
    while pending:
        node = pending.pop()
        if isinstance(node, (ast.Await, ast.Yield, ast.YieldFrom)):
            return False
        if isinstance(node, ast.Call) and not _only_makes(node.func):
            return False
        pending.extend(_defaults(node.args) if isinstance(node, ast.Lambda) else ast.iter_child_nodes(node))
    return True


def _only_makes(function: ast.expr) -> bool:
    if isinstance(function, ast.Name):
        return function.id in _MAKERS
    if not isinstance(function, ast.Attribute):
        return False
    if isinstance(function.value, ast.Constant):
        return True  # "a b c".split()
    root = function.value
    while isinstance(root, ast.Attribute):
        root = root.value
    return isinstance(root, ast.Name) and root.id in _MODULES and function.attr in _MAKERS


def _defaults(arguments: ast.arguments) -> list[ast.expr]:
    return [value for value in (*arguments.defaults, *arguments.kw_defaults) if value is not None]
