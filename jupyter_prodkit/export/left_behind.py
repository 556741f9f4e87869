"""What stays behind in the notebook: what only shows something, plots, and magics that have no meaning in a package."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

from jupyter_prodkit.notebook.transform import OWN_MAGICS

__all__ = ["drawn_names", "is_drawing", "magic_refused", "only_shows"]

_DRAWING = frozenset(
    {
        *("altair", "bokeh", "graphviz", "holoviews", "hvplot", "matplotlib", "mpl_toolkits", "plotly", "plotnine"),
        *("pylab", "pydot", "pyvis", "seaborn", "folium", "missingno", "yellowbrick", "ipywidgets", "wordcloud"),
    }
)
_SHOWING = frozenset(
    {
        *("boxplot", "describe", "head", "hist", "info", "isna", "isnull", "memory_usage", "nunique", "plot", "show"),
        *("sum", "summary", "tail", "value_counts", "sample", "corr", "to_string", "to_markdown", "mean", "max", "min"),
    }
)
"""Methods that look: as a statement of their own they leave nothing but what they show."""
_PLOTS = frozenset({"plot", "hist", "boxplot"})
_SHOWN_BY = frozenset({"display", "help", "dir", "type", "len", "vars", "sorted", "list", "id", "repr", "str", "sum"})
_HARMLESS_MAGICS = frozenset(
    {
        *("autoreload", "autosave", "colors", "conda", "config", "doctest_mode", "history", "load_ext", "ls"),
        *("lsmagic", "mamba", "matplotlib", "more", "notebook", "pdb", "pdef", "pdoc", "pfile", "pinfo", "pinfo2"),
        *("pip", "pprint", "precision", "prun", "psource", "pwd", "quickref", "reload_ext", "time", "timeit"),
        *("tb", "uv", "unload_ext", "who", "who_ls", "whos", "xmode", "watermark", "memit", "lprun", "html", "HTML"),
        *("latex", "markdown", "javascript", "js", "svg", "SVG"),
        *OWN_MAGICS,
    }
)
_HARMLESS_SHELL = frozenset(
    {"cat", "conda", "date", "df", "du", "echo", "free", "head", "ls", "mamba", "nproc", "nvidia-smi", "pip", "pip3"}
    | {"pwd", "python", "tail", "tree", "uname", "uv", "wc", "which"}
)


def only_shows(statement: ast.stmt, drawn: Collection[str]) -> bool:
    """Return whether a top-level statement leaves nothing behind but what it shows or draws.

    `drawn` are names that hold figures or drawing libraries.
    """
    if isinstance(statement, ast.Expr):
        return is_drawing(statement, drawn) or _looks(statement.value) or _is_harmless_magic(statement.value)
    if is_drawing(statement, drawn):
        return True
    if isinstance(statement, (ast.For, ast.If, ast.With)):
        inside = set(drawn)
        if isinstance(statement, ast.For):
            inside.update(_walked_over(statement.target, statement.iter, drawn))
        return all(only_shows(one, inside) or isinstance(one, ast.Pass) for one in _parts(statement))
    return False


def _walked_over(target: ast.expr, over: ast.expr, drawn: Collection[str]) -> Iterator[str]:
    """The names by which a loop goes over parts of a figure: `for ax in axes.flat`, `for i, ax in enumerate(axes)`."""
    by = over.func.id if isinstance(over, ast.Call) and isinstance(over.func, ast.Name) else ""
    parts = target.elts if isinstance(target, ast.Tuple) else []
    if isinstance(over, ast.Call) and by == "zip":
        for part, one in zip(parts, over.args, strict=False):
            yield from _walked_over(part, one, drawn)
    elif isinstance(over, ast.Call) and by == "enumerate" and len(parts) > 1 and over.args:
        yield from _walked_over(parts[1], over.args[0], drawn)
    elif _root(over) in drawn:
        yield from (node.id for node in ast.walk(target) if isinstance(node, ast.Name))


def is_drawing(statement: ast.stmt, drawn: Collection[str]) -> bool:
    """Return whether a statement only draws: it calls, or sets something of, what `drawn` names."""
    if isinstance(statement, ast.Expr):
        return _of(statement.value, drawn) or _is_given_a_figure(statement.value, drawn)
    if isinstance(statement, ast.Assign):
        parts = [part for target in statement.targets for part in _targets(target)]
        bound = all(isinstance(part, ast.Name) or _root(part) in drawn for part in parts)
        return bound and _of(statement.value, drawn) and not _reads_figure(statement.value)
    return False


def _is_given_a_figure(value: ast.expr, drawn: Collection[str]) -> bool:
    """Whether it is a call that draws where it is told: `show_fit(ax1, rows)`, `draw(rows, ax=axes[0])`."""
    if not isinstance(value, ast.Call):
        return False
    given = [*value.args, *(keyword.value for keyword in value.keywords)]
    return any(isinstance(one, (ast.Name, ast.Subscript)) and _root(one) in drawn for one in given)


def _reads_figure(value: ast.expr) -> bool:
    """Whether it asks a figure for something: `ax.get_xlim()`."""
    function = value.func if isinstance(value, ast.Call) else None
    return isinstance(function, ast.Attribute) and function.attr.startswith("get_") and function.attr != "get_cmap"


def drawn_names(statement: ast.stmt, drawn: Collection[str]) -> Iterator[str]:
    """Yield the names that a statement binds to a drawing library, or to what such a library makes."""
    if isinstance(statement, ast.Import):
        for alias in statement.names:
            if alias.name.partition(".")[0] in _DRAWING:
                yield alias.asname or alias.name.partition(".")[0]
    elif isinstance(statement, ast.ImportFrom):
        if (statement.module or "").partition(".")[0] in _DRAWING:
            yield from (alias.asname or alias.name for alias in statement.names)
    elif isinstance(statement, ast.Assign) and _of(statement.value, drawn):
        for target in statement.targets:
            yield from (node.id for node in ast.walk(target) if isinstance(node, ast.Name))


def magic_refused(tree: ast.Module) -> str | None:
    """Return the first magic or shell line in `tree` that can't be left behind, as the user wrote it, or None."""
    fine: set[ast.AST] = set()
    for statement in tree.body:
        if only_shows(statement, ()):
            fine.update(ast.walk(statement))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node not in fine and _magic(node) is not None:
            kind, text = _magic(node) or ("", "")
            sign = {"run_line_magic": "%", "run_cell_magic": "%%"}.get(kind, "!")
            return f"{sign}{text}"
        if isinstance(node, ast.Name) and node.id == "get_ipython" and node not in fine:
            return "get_ipython()"
    return None


def _parts(statement: ast.For | ast.If | ast.With) -> list[ast.stmt]:
    return [*statement.body, *getattr(statement, "orelse", [])]


def _targets(target: ast.expr) -> list[ast.expr]:
    if isinstance(target, (ast.Tuple, ast.List)):
        return [part for one in target.elts for part in _targets(one)]
    return [target]


def _of(value: ast.expr, drawn: Collection[str]) -> bool:
    """Whether an expression is a call, or a chain of them, on one of `drawn`, or a `.plot`, `.plot_fit` of anything."""
    if not isinstance(value, ast.Call):
        return False
    if _root(value.func) in drawn:
        return True
    node: ast.expr = value.func
    while isinstance(node, (ast.Attribute, ast.Call, ast.Subscript)):
        if isinstance(node, ast.Attribute) and (node.attr in _PLOTS or node.attr.startswith("plot_")):
            return True
        node = node.func if isinstance(node, ast.Call) else node.value
    return False


def _looks(value: ast.expr) -> bool:
    if isinstance(value, ast.Constant):
        return not isinstance(value.value, str)  # a text may be a remark
    calls = [node for node in ast.walk(value) if isinstance(node, (ast.Call, ast.Await, ast.NamedExpr, ast.Yield))]
    return all(isinstance(call, ast.Call) and _is_look(call.func) for call in calls)


def _is_look(function: ast.expr) -> bool:
    if isinstance(function, ast.Name):
        return function.id in _SHOWN_BY
    return isinstance(function, ast.Attribute) and function.attr in _SHOWING


def _is_harmless_magic(value: ast.expr) -> bool:
    magic = _magic(value)
    if magic is None:
        return False
    kind, text = magic
    word = text.split()[0] if text.split() else ""
    if kind == "run_line_magic":
        return word in _HARMLESS_MAGICS
    return kind in {"system", "getoutput"} and word in _HARMLESS_SHELL


def _magic(value: ast.expr) -> tuple[str, str] | None:
    """The method of the shell that a call is of, and the text of its arguments."""
    if not (isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute)):
        return None
    shell = value.func.value
    if not (isinstance(shell, ast.Call) and isinstance(shell.func, ast.Name) and shell.func.id == "get_ipython"):
        return None
    texts = [str(one.value) for one in value.args if isinstance(one, ast.Constant)]
    return value.func.attr, " ".join(texts[:2])


def _root(node: ast.expr) -> str:
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""
