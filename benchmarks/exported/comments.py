"""How many comments of what a tool kept are kept: by tokens, each comment belonging to its innermost statement."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from exported.marking import _LINE_MAGIC

__all__ = ["Kept", "kept_comments"]

_DIRECTIVE = re.compile(r"#\s*\|")
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True)
class Kept:
    """Comments of kept statements, and how many of them the tool's files have."""

    comments: int
    kept: int
    lost: tuple[str, ...] = ()


def kept_comments(cells: Sequence[str], files: Iterable[str]) -> Kept:
    """Count the comments of statements that the files have: the same syntax, or a definition of the same name.

    A comment belongs to the innermost statement that it stands in, behind or directly above. Files and cells without
    valid syntax count as having no statements, but a file's comments count.
    """
    there: Counter[str] = Counter()
    statements: set[str] = set()
    for text in files:
        there.update(comment for _, comment in _comments(text))
        tree = _tree(text)
        statements |= {_key(node) for node in ast.walk(tree) if isinstance(node, ast.stmt)}
    total, lost = 0, []
    for cell in cells:
        text = _LINE_MAGIC.sub("", cell)
        owners = _owners(_tree(text), text)
        for line, comment in _comments(text):
            if line in owners and not _DIRECTIVE.match(comment) and any(key in statements for key in owners[line]):
                total += 1
                if there[comment]:
                    there[comment] -= 1
                else:
                    lost.append(comment)
    return Kept(total, total - len(lost), tuple(lost))


def _tree(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except SyntaxError:
        return ast.parse("")


def _key(statement: ast.stmt) -> str:
    if isinstance(statement, _DEFINITIONS):
        return f"{type(statement).__name__} {statement.name}"
    return ast.dump(statement)


def _comments(text: str) -> list[tuple[int, str]]:
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):
        return []
    return [(token.start[0], token.string.strip()) for token in tokens if token.type == tokenize.COMMENT]


def _owners(tree: ast.Module, text: str) -> dict[int, list[str]]:
    """Line → the keys of its statement and of the definitions around it; lines of comments belong to what follows."""
    lines = text.splitlines()
    owners: dict[int, list[str]] = {}

    def walk(node: ast.AST, around: list[str]) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.stmt):
                keys = [_key(child), *around]
                first = min([child.lineno, *(one.lineno for one in getattr(child, "decorator_list", []))])
                while first > 1 and lines[first - 2].lstrip().startswith("#"):
                    first -= 1
                owners.update(dict.fromkeys(range(first, (child.end_lineno or first) + 1), keys))
                walk(child, [*around, keys[0]] if isinstance(child, _DEFINITIONS) else around)
            else:
                walk(child, around)

    walk(tree, [])
    return owners
