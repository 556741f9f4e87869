# ruff: noqa: SIM905 - long lists read best as words
"""Names of the notebook that only a text shows: `df.query("@limit")`, `{name}` in a shell line, a magic's options."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["MagicNames", "is_shell_call", "magic_names", "names_in_text"]

_QUERY_NAME = re.compile(r"@([A-Za-z_]\w*)")
_SHELL_NAME = re.compile(r"(?<!\{)\{([A-Za-z_]\w*)|\$([A-Za-z_]\w*)")
_INPUT_OPTION = re.compile(r"(?:-i|--input)[ =](\w+)")
_OUTPUT_OPTION = re.compile(r"(?:-o|--output|--out|--err|--proc)[ =](\w+)")
# Magics that bind no name of the notebook, but for what their options say.
_KNOWN_MAGICS = frozenset(
    "alias autoreload autosave bash bookmark cat cd cmd colors conda config cp dirs doctest_mode env file gui history "
    "HTML html javascript js latex less load_ext logstart logstop lprun ls lsmagic mamba man markdown matplotlib "
    "memit mkdir more mprun mv notebook pdb pdef pdoc perl pfile pinfo pinfo2 pip popd pprint precision prun psearch "
    "psource pushd pwd pycat quickref reload_ext rm rmdir ruby save script set_env sh svg SVG sx system tb time "
    "timeit unload_ext uv who who_ls whos writefile xmode".split(),
)  # fmt: skip
_NAMESPACE_DOORS = frozenset(
    "del_var drop_by_id ev ex push reset run_cell run_cell_async run_code runcode safe_execfile safe_run_module "
    "user_global_ns user_ns".split(),
)


@dataclass(frozen=True, slots=True)
class MagicNames:
    """What one magic or use of the shell object does to the notebook's names."""

    reads: frozenset[str] = frozenset()
    binds: frozenset[str] = frozenset()
    binds_any: bool = False
    """Whether it may bind or delete names that its text doesn't tell: `%run`, `%store -r`, `%reset`."""


def magic_names(node: ast.Attribute, call: ast.Call | None) -> MagicNames:
    """Return what `get_ipython().ATTRIBUTE`, called as `call` or only looked up, does to the notebook's names."""
    if node.attr in _NAMESPACE_DOORS:
        return MagicNames(binds_any=True)
    if node.attr not in {"run_line_magic", "run_cell_magic"} or call is None:
        return MagicNames()
    texts = [part.value for part in call.args if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    if not texts:
        return MagicNames(binds_any=True)
    name, line = texts[0], texts[1] if len(texts) > 1 else ""
    return MagicNames(
        reads=frozenset(_INPUT_OPTION.findall(line)),
        binds=frozenset(_OUTPUT_OPTION.findall(line)),
        binds_any=name not in _KNOWN_MAGICS,
    )


def is_shell_call(node: ast.expr) -> bool:
    """Return whether `node` is `get_ipython()`."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "get_ipython"


def names_in_text(node: ast.Call) -> Iterator[str]:
    """Yield the names that the text arguments of a method call read."""
    assert isinstance(node.func, ast.Attribute)
    shell = is_shell_call(node.func.value)
    if not shell and node.func.attr not in {"query", "eval"}:
        return
    body = 2 if node.func.attr == "run_cell_magic" else len(node.args)  # what a cell magic gets is taken as it stands
    for argument in node.args[:body]:
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            if shell:
                yield from (first or second for first, second in _SHELL_NAME.findall(argument.value))
            else:
                yield from _QUERY_NAME.findall(argument.value)
