"""The page statement by statement: what each binds, reads and changes, and whether it has a place in a package."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Literal

from jupyter_prodkit.export.imports import is_guarded_import
from jupyter_prodkit.export.left_behind import drawn_names, only_shows
from jupyter_prodkit.export.quiet import is_quiet
from jupyter_prodkit.notebook.dataflow import Definitions, needs_when_run
from jupyter_prodkit.notebook.document import Cell
from jupyter_prodkit.notebook.names import CodeNames, names_in

__all__ = ["Role", "Statement", "page_statements"]

Role = Literal["import", "function", "class", "constant", "work", "shown"]

_STREAMS = {"numpy.random": "@numpy.random", "random": "@random", "torch": "@torch", "tensorflow": "@tensorflow"}
_SEEDS = frozenset({"seed", "manual_seed", "set_seed", "set_random_seed"})
_GENERATORS = frozenset({"default_rng", "RandomState", "Random", "Generator"})
_WRITERS = frozenset(
    {
        *("to_csv", "to_parquet", "to_pickle", "to_json", "to_excel", "to_feather", "save", "savez", "savetxt", "dump"),
        *("urlretrieve", "extractall", "extract", "write_text", "write_bytes", "makedirs", "mkdir", "copy", "copyfile"),
        "save_model",
    }
)


@dataclass(frozen=True)
class Statement:
    """One top-level statement of the page."""

    cell: Cell
    place: int
    """Its number on the page, from 0."""
    tree: ast.stmt
    text: str
    """As it stands, with the comments above it."""
    names: CodeNames
    role: Role
    reads: frozenset[str]
    """Names that it needs when it runs, functions that it calls included; random streams and files as `@…`."""
    binds: frozenset[str]
    surely: frozenset[str]
    """Those of `binds` that it binds whatever way it takes."""
    changes: frozenset[str]
    """Names whose value it may change in place."""
    touched: frozenset[str] = frozenset()
    """Names that it may change where more is taken to change than mostly does: what is handed to a call, or shares."""

    @property
    def deferred(self) -> frozenset[str]:
        """What the functions and classes defined here read when they are called."""
        return frozenset().union(*self.names.deferred.values(), *self.names.methods.values())


@dataclass
class _Walk:
    """What is known of the page so far."""

    definitions: Definitions = field(default_factory=Definitions)
    drawn: set[str] = field(default_factory=set)
    modules: dict[str, str] = field(default_factory=dict)
    """Name → the module, or the dotted thing of one, that an import bound it to."""
    generators: set[str] = field(default_factory=set)
    drawing_functions: dict[str, frozenset[str]] = field(default_factory=dict)
    """Functions of the page → the random streams that they draw from."""
    aliases: dict[str, set[str]] = field(default_factory=dict)


def page_statements(cells: Iterable[Cell], imported: Iterable[str] = ()) -> tuple[Statement, ...]:
    """Return the statements of the cells that are valid Python, in page order.

    They are read as below the import statements `imported`, which are no part of the page.
    """
    from jupyter_prodkit.export.code_blocks import split

    walk, found = _Walk(), list[Statement]()
    for line in imported:
        _statement(Cell("", -1, "code", line), -1, ast.parse(line), line, walk)
    for cell in cells:
        if cell.tree is None:
            continue
        above: list[str] = []  # comments above imports, which move away from under them
        for text in split(cell.python):
            whole = "\n".join([*above, text])
            tree = ast.parse(whole)
            if not tree.body:
                continue
            is_import = isinstance(tree.body[0], (ast.Import, ast.ImportFrom))
            found.append(_statement(cell, len(found), tree, text if is_import else whole, walk))
            above = [*above, *_comments_above(text)] if is_import else []
    return tuple(found)


def _comments_above(text: str) -> list[str]:
    lines = takewhile(lambda line: not line.strip() or line.lstrip().startswith("#"), text.splitlines())
    return [line for line in lines if line.strip()]


def _statement(cell: Cell, place: int, tree: ast.Module, text: str, walk: _Walk) -> Statement:
    statement, names = tree.body[0], names_in(tree)
    streams, seeded = _streams(tree, names, walk)
    read_files, written_files = _files(tree)
    changes = set(names.mutates) | _changed_by_call(statement) | _drawn_from(tree, walk)
    changes -= walk.modules.keys() - _set_of(tree)  # `np.sort(x)` changes no `np`, `np.seterr = None` does
    changes |= streams | written_files
    drawn = only_shows(statement, walk.drawn) and not streams & _drawn_streams(statement)
    role: Role = "shown" if drawn else _role(statement)
    touched = _handed_over(tree) - walk.modules.keys()
    made = Statement(
        cell=cell,
        place=place,
        tree=statement,
        text=text,
        names=names,
        role=role,
        reads=needs_when_run(names, walk.definitions) | frozenset(streams - seeded) | frozenset(read_files),
        binds=names.binds | frozenset(seeded) | frozenset(written_files),
        surely=names.binds_always | frozenset(seeded) | frozenset(written_files),
        changes=frozenset(changes) - names.deletes,
        touched=frozenset(_with_aliases(touched | changes, walk.aliases)),
    )
    _learn(made, walk)
    return made


def _role(statement: ast.stmt) -> Role:
    if isinstance(statement, (ast.Import, ast.ImportFrom)) or is_guarded_import(statement):
        return "import"
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return "function"
    if isinstance(statement, ast.ClassDef):
        return "class"
    if isinstance(statement, (ast.If, ast.Try)) and is_quiet(statement):
        imports = any(isinstance(node, (ast.Import, ast.ImportFrom)) for node in ast.walk(statement))
        return "work" if imports else "constant"
    if isinstance(statement, (ast.Assign, ast.AnnAssign)) and is_quiet(statement):
        return "function" if isinstance(statement.value, ast.Lambda) else "constant"
    return "work"


def _learn(made: Statement, walk: _Walk) -> None:
    walk.definitions.forget(made.names.binds - made.names.deferred.keys())
    walk.definitions.add(made.names)
    walk.drawn -= made.names.binds
    walk.drawn.update(drawn_names(made.tree, walk.drawn))
    walk.generators -= made.names.binds
    value = getattr(made.tree, "value", None)
    if isinstance(value, ast.Call) and _dotted(value.func).rpartition(".")[2] in _GENERATORS:
        walk.generators |= made.names.binds
    walk.modules.update(_modules(made.tree))
    if made.role in ("function", "class"):
        inside = _drawn_streams(made.tree, walk.modules)
        for name in made.names.binds:
            walk.drawing_functions[name] = frozenset(inside).union(
                *(walk.drawing_functions.get(called, frozenset()) for called in made.deferred)
            )
    if isinstance(made.tree, ast.Assign):
        shared = {node.id for node in _shared(made.tree.value)} - walk.modules.keys()
        for name in made.names.binds:
            walk.aliases[name] = {name, *shared}
            for other in shared:
                walk.aliases.setdefault(other, {other}).add(name)


def _with_aliases(names: set[str], aliases: Mapping[str, Collection[str]]) -> set[str]:
    return names.union(*(aliases.get(name, ()) for name in names))


def _shared(value: ast.expr) -> Iterator[ast.Name]:
    """Names whose value another may share after `b = a`, `b = a.values`, `b = a[0]`, `b = [a]`, `b = f(a)`."""
    yield from (node for node in ast.walk(value) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))


def _changed_by_call(statement: ast.stmt) -> set[str]:
    """A call whose result nobody takes is made for what it changes: its receiver, or what it is handed."""
    found: set[str] = set()
    for node in ast.walk(statement):
        if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
            continue
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        call = node.value
        if isinstance(call.func, ast.Name) and call.func.id in {"print", "display", "len"}:
            continue
        found |= {_root(call.func)} if isinstance(call.func, ast.Attribute) else set()
        found |= {argument.id for argument in call.args if isinstance(argument, ast.Name)}
    return found - {""}


def _set_of(tree: ast.Module) -> set[str]:
    """Names of which the code sets an attribute or an item."""
    nodes = (node for node in ast.walk(tree) if isinstance(node, (ast.Attribute, ast.Subscript)))
    return {_root(node) for node in nodes if isinstance(node.ctx, (ast.Store, ast.Del))} - {""}


def _handed_over(tree: ast.Module) -> set[str]:
    """Names that calls get, or whose methods are called: they may be changed."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            found |= {_root(node.func)} if isinstance(node.func, ast.Attribute) else set()
            arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
            found |= {one.id for one in arguments if isinstance(one, ast.Name)}
    return found - {""}


def _drawn_from(tree: ast.Module, walk: _Walk) -> set[str]:
    """Random generators of the page that the code draws from: drawing moves them on."""
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} & walk.generators


def _streams(tree: ast.Module, names: CodeNames, walk: _Walk) -> tuple[set[str], set[str]]:
    """The random streams of modules that the code uses, and those that it seeds."""
    statement = tree.body[0]
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)):
        return set(), set()
    used = _drawn_streams(statement, walk.modules)
    for called in names.calls:
        used |= walk.drawing_functions.get(called, frozenset())
    seeded = set()
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        function = _dotted(statement.value.func)
        if function.rpartition(".")[2] in _SEEDS:
            seeded = {*used}
    return used, seeded


def _drawn_streams(tree: ast.AST, modules: Mapping[str, str] | None = None) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if not isinstance(node, (ast.Attribute, ast.Name)):
            continue
        dotted = _dotted(node)
        root, _, rest = dotted.partition(".")
        full = ".".join(part for part in ((modules or {}).get(root, root), rest) if part)
        for prefix, stream in _STREAMS.items():
            if full.startswith(f"{prefix}.") and full.rpartition(".")[2] not in _GENERATORS and _is_random(full):
                found.add(stream)
    return found


def _is_random(dotted: str) -> bool:
    """Of torch and tensorflow only what names chance: `torch.rand`, `tf.random.set_seed`."""
    if not dotted.startswith(("torch.", "tensorflow.")):
        return True
    return any(word in dotted for word in (".rand", ".manual_seed", ".normal", ".shuffle", ".random"))


def _modules(statement: ast.stmt) -> Iterator[tuple[str, str]]:
    if isinstance(statement, ast.Import):
        for alias in statement.names:
            yield alias.asname or alias.name.partition(".")[0], alias.name if alias.asname else alias.name.partition(
                "."
            )[0]
    elif isinstance(statement, ast.ImportFrom) and statement.module:
        for alias in statement.names:
            yield alias.asname or alias.name, f"{statement.module}.{alias.name}"


def _files(tree: ast.Module) -> tuple[set[str], set[str]]:
    """Files, as `@path`, that literal texts in the code name: those it may read, and those it writes."""
    statement = tree.body[0]
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return set(), set()
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    written = {path for call in calls if _writes(call) for path in _paths(call)}
    return {path for call in calls for path in _paths(call)} - written, written


def _writes(call: ast.Call) -> bool:
    name = _dotted(call.func).rpartition(".")[2]
    mode = [one.value for one in call.args[1:2] if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    return name in _WRITERS or (name == "open" and any(sign in text for text in mode for sign in "wax"))


def _paths(call: ast.Call) -> Iterator[str]:
    for argument in [*call.args, *(keyword.value for keyword in call.keywords)]:
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str) and _is_path(argument.value):
            yield f"@{argument.value}"


def _is_path(text: str) -> bool:
    return 0 < len(text) < 256 and "\n" not in text and ("/" in text or "." in text.strip("."))  # noqa: PLR2004


def _dotted(node: ast.AST) -> str:
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    parts.append(node.id if isinstance(node, ast.Name) else "")
    return ".".join(reversed(parts))


def _root(node: ast.expr) -> str:
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
