"""Which modules a cell's text imports, by statement or by name, and whether it can do without them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import lru_cache

from jupyter_prodkit.notebook.document import Notebook
from jupyter_prodkit.notebook.imported import CellImport, TextImport
from jupyter_prodkit.notebook.syntax import shared_tree
from jupyter_prodkit.notebook.transform import to_python

__all__ = ["imports_in", "imports_of"]

_MISSING = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})
_LOADERS = frozenset({"importlib.import_module", "import_module", "__import__"})


def imports_of(notebook: Notebook) -> tuple[CellImport, ...]:
    """Return the imports of all cells in page order, run or not; cells marked to be ignored are left out."""
    cells = [cell for cell in notebook.code_cells if not cell.is_ignored]
    return tuple(CellImport(cell.cell_id, one) for cell in cells for one in imports_in(cell.source))


@lru_cache(maxsize=2048)
def imports_in(source: str) -> tuple[TextImport, ...]:
    """Return what a cell imports, magics expanded; nothing where it is not valid Python.

    What can never run (`if False:`, `if TYPE_CHECKING:`) doesn't count. Literal names given to `import_module` do.
    """
    tree = shared_tree(to_python(source))
    return () if tree is None else tuple(dict.fromkeys(_walk(tree)))


def _walk(tree: ast.Module) -> Iterator[TextImport]:
    waiting: list[tuple[ast.AST, bool]] = [(node, False) for node in reversed(tree.body)]
    while waiting:  # no recursion: an expression of a thousand terms is a tree a thousand levels deep
        node, optional = waiting.pop()
        yield from _here(node, optional=optional)
        waiting.extend(reversed(_below(node, optional=optional)))


def _below(node: ast.AST, *, optional: bool) -> list[tuple[ast.AST, bool]]:
    """Return the nodes below one that may run, and whether the text can do without what they import."""
    if isinstance(node, ast.Try):
        survives = optional or _survives(node.handlers)
        others = [*node.handlers, *node.orelse, *node.finalbody]
        return [*((one, survives) for one in node.body), *((one, optional) for one in others)]
    if isinstance(node, ast.If) and _never(node.test):
        return [(one, optional) for one in node.orelse]
    inner = optional or _suppresses(node) or (isinstance(node, ast.If) and _asks_for_platform(node.test))
    return [(one, inner) for one in ast.iter_child_nodes(node)]


def _here(node: ast.AST, *, optional: bool) -> Iterator[TextImport]:
    if isinstance(node, ast.Import):
        yield from (TextImport(alias.name, (), optional) for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield TextImport(node.module, tuple(alias.name for alias in node.names if alias.name != "*"), optional)
    elif isinstance(node, ast.Call):
        yield from _called(node, optional=optional)


def _survives(handlers: Iterable[ast.ExceptHandler]) -> bool:
    return any(handler.type is None or _MISSING & set(_classes(handler.type)) for handler in handlers)


def _suppresses(node: ast.AST) -> bool:
    """Whether it is `with suppress(ImportError):`."""
    if not isinstance(node, ast.With):
        return False
    calls = [item.context_expr for item in node.items if isinstance(item.context_expr, ast.Call)]
    return any(_dotted(c.func).endswith("suppress") and any(_MISSING & set(_classes(a)) for a in c.args) for c in calls)


def _classes(node: ast.expr) -> list[str]:
    parts = node.elts if isinstance(node, ast.Tuple) else [node]
    return [_dotted(part).rpartition(".")[2] for part in parts]


def _asks_for_platform(test: ast.expr) -> bool:
    """Whether it asks which Python or which system this is: only one side is for the one at hand."""
    return any(_dotted(one) in {"sys.version_info", "sys.platform", "os.name"} for one in ast.walk(test))


def _never(test: ast.expr) -> bool:
    is_false = isinstance(test, ast.Constant) and not test.value
    return is_false or _dotted(test).rpartition(".")[2] == "TYPE_CHECKING"


def _called(node: ast.Call, *, optional: bool) -> Iterator[TextImport]:
    texts = [one.value if isinstance(one, ast.Constant) and isinstance(one.value, str) else "" for one in node.args]
    if not texts or not texts[0].strip():
        return
    name = _dotted(node.func)
    if name in _LOADERS and not texts[0].startswith("."):
        yield TextImport(texts[0], (), optional)
    elif name.endswith(".run_line_magic") and texts[0] == "load_ext" and texts[1:] and texts[1].strip():
        yield TextImport(texts[1].split()[0], (), optional=True)  # IPython looks among its own first


def _dotted(node: ast.AST) -> str:
    """Return `a.b.c` of such an expression; `().c` where it begins with a call."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    parts.append(node.id if isinstance(node, ast.Name) else "()" if isinstance(node, ast.Call) else "")
    return ".".join(reversed(parts))
