"""Paths, URLs and seeds that stand in the code become settings, each under a name that says what it is.

This module is imported only where an export runs: libcst comes with the extra `export`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath

import libcst as cst

from jupyter_prodkit.export.parameters import TAKEN, Parameter
from jupyter_prodkit.release import without_credentials

__all__ = ["Literals", "kind_of", "path_made"]

_URL = re.compile(r"[a-z][a-z0-9+.-]*://\S+\Z", re.IGNORECASE)
_FILE = re.compile(r"[^\s:*?\"<>|\\]([^\n:*?\"<>|\\]*[/.])?[^\n:*?\"<>|\\]*\Z")
_READERS = re.compile(
    r"(read_\w+|to_(csv|parquet|pickle|json|excel|feather|hdf)|open|load|loadtxt|genfromtxt|imread|imsave|load_\w+|save"
    r"|savez|savetxt|listdir|scandir|glob|walk|makedirs|mkdir|Path|dump|connect|ZipFile|urlretrieve|from_csv|fromfile)\Z"
)
_WRITERS = re.compile(
    r"(to_(csv|parquet|pickle|json|excel|feather|hdf)|imsave|save|savez|savetxt|makedirs|mkdir|dump)\Z"
)
_REMOTE = re.compile(r"(urlopen|urlretrieve|read_sql\w*|read_gbq|download_fileobj|download_file|get_object)\Z")
_IDEMPOTENT = frozenset({"get", "head", "options", "put", "delete", "trace"})
"""HTTP's methods that may be sent again when no answer came (RFC 9110, 9.2.2): POST and PATCH may not."""
_VERBS = _IDEMPOTENT | {"post", "patch", "request"}
_PLACE_OF_DATA = {"urlopen": 1, "urlretrieve": 3, "Request": 1}
_TIMEOUT_SECONDS = 30
_RETRIED = "retried"
_COMMA = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
_SEED_KEYWORDS = frozenset({"random_state", "seed", "random_seed"})
_SEED_FUNCTIONS = frozenset({"seed", "manual_seed", "set_seed", "set_random_seed", "default_rng", "RandomState"})
_DATA_FILE = re.compile(
    r"(~|\.{1,2})?(/\.\.)*/\w\S*\Z|[^\n]+\.(csv|tsv|parquet|json|jsonl|xlsx?|feather|pkl|pickle|npy|npz|h5|hdf5?|joblib|db|sqlite)\Z"
)
_FOLDER = re.compile(r"(^|_)(dir|directory|folder)\Z", re.IGNORECASE)
_TAKES_ANY_PATH = frozenset({"Path", "listdir", "scandir", "makedirs", "os.path.join"})
"""What these are given first is a path, even a plain word."""
_ASSIGNED_PATH = re.compile(r"(^|_)(path|file|filename|dir|directory|folder|url|uri|csv)s?(_|$)", re.IGNORECASE)


@dataclass
class Literals:
    """Lifts literals out of functions, and remembers under which names."""

    taken: Collection[str] = ()
    """Names that stand for something on the page, and the fields that parameters have."""
    found: dict[tuple[str, str | int], Parameter] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)
    """The paths that some use does not merely write."""

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The settings that were lifted, in the order of their first use."""
        return tuple(
            replace(one, only_written=one.is_path and one.default not in self.read) for one in self.found.values()
        )

    def lift(self, python: str) -> str:
        """Return `python` with the paths, URLs and seeds in its functions replaced by names of settings."""
        module = cst.parse_module(python)
        return module.visit(_Lifter(self)).code

    def name_of(self, kind: str, value: str | int) -> str:
        """Return the name that stands for a value in the code."""
        known = self.found.get((kind, value))
        if known is None:
            known = self.found[kind, value] = self._parameter(kind, value)
        return known.name

    def _parameter(self, kind: str, value: str | int) -> Parameter:
        stem = _stem(kind, value)
        used = {one.field for one in self.parameters} | {name.lower() for name in self.taken} | TAKEN
        name, number = stem, 2
        while name in used:
            name, number = f"{stem}_{number}", number + 1
        said = {"path": "a path below the data root, or an absolute one", "url": "", "seed": "seed of what is drawn"}
        return Parameter(
            name=name.upper(), field=name, annotation="int" if kind == "seed" else "str", default=value,
            secret=False, comment=said[kind], is_path=kind == "path",
        )  # fmt: skip


class _Lifter(cst.CSTTransformer):
    """Replaces literals inside functions; those in defaults, decorators and at the top stay."""

    def __init__(self, literals: Literals) -> None:
        super().__init__()
        self._literals = literals
        self._depth = 0

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:  # noqa: N802, ARG002
        self._depth += 1
        return True

    def leave_FunctionDef(  # noqa: N802
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.FunctionDef:
        self._depth -= 1
        if self._depth:
            return updated_node
        return updated_node.with_changes(params=original_node.params, decorators=original_node.decorators)

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.Call:  # noqa: N802, ARG002
        if not self._depth:
            return updated_node
        function = "os.path.join" if _is_path_join(updated_node.func) else _last_name(updated_node.func)
        arguments = [
            one.with_changes(value=self._argument(function, place, one, writes=_opens_to_write(updated_node.args)))
            for place, one in enumerate(updated_node.args)
        ]
        by_url = any(self._is_url(one.value) for one in arguments[:1])
        remote = by_url or _REMOTE.match(function) or _is_request(updated_node.func)
        if not remote or function == _RETRIED or any(one.star for one in arguments[:1]):
            return updated_node.with_changes(args=arguments)
        given = _with_timeout(updated_node.func, arguments)
        if not _may_be_sent_again(updated_node.func, arguments):
            return updated_node.with_changes(args=given)
        return updated_node.with_changes(
            func=cst.Name(_RETRIED), args=[cst.Arg(updated_node.func, comma=_COMMA), *given]
        )

    def _is_url(self, value: cst.BaseExpression) -> bool:
        urls = {one.name for (kind, _), one in self._literals.found.items() if kind == "url"}
        return isinstance(value, cst.Name) and value.value in urls

    def leave_Assign(self, original_node: cst.Assign, updated_node: cst.Assign) -> cst.Assign:  # noqa: N802, ARG002
        target = updated_node.targets[0].target
        if self._depth != 1 or len(updated_node.targets) > 1 or not isinstance(target, cst.Name):
            return updated_node
        name, value = target.value, updated_node.value
        text = _text(value)
        if text is not None and _ASSIGNED_PATH.search(name) and (_is_url(text) or _is_file(text)):
            self._literals.read.add(text)  # it may be
            return updated_node.with_changes(value=self._name("url" if _is_url(text) else "path", text))
        number = _number(value)
        if number is not None and name.lower() in _SEED_KEYWORDS:
            return updated_node.with_changes(value=self._name("seed", number))
        return updated_node

    def _argument(self, function: str, place: int, argument: cst.Arg, *, writes: bool) -> cst.BaseExpression:
        keyword = argument.keyword.value if argument.keyword is not None else None
        text, number = _text(argument.value), _number(argument.value)
        if text is not None and _is_url(text) and without_credentials(text) == text:
            return self._name("url", text)
        reads = _READERS.match(function) and (place == 0 or keyword in ("path", "filename", "file", "filepath"))
        takes_any = function in _TAKES_ANY_PATH and place == 0 and keyword is None
        if text is not None and ((reads and _is_file(text)) or (takes_any and _is_word(text))):
            if not (_WRITERS.match(function) or (function == "open" and writes)):
                self._literals.read.add(text)
            return self._name("path", text)
        seeds = keyword in _SEED_KEYWORDS or (function in _SEED_FUNCTIONS and place == 0 and keyword is None)
        return self._name("seed", number) if number is not None and seeds else argument.value

    def _name(self, kind: str, value: str | int) -> cst.Name:
        return cst.Name(self._literals.name_of(kind, value))


def _is_request(function: cst.BaseExpression) -> bool:
    """Whether it is a function of requests' or httpx'."""
    root = function.value if isinstance(function, cst.Attribute) else None
    return isinstance(root, cst.Name) and root.value in {"requests", "httpx"} and _last_name(function) in _VERBS


def _may_be_sent_again(function: cst.BaseExpression, arguments: Sequence[cst.Arg]) -> bool:
    """Whether a call that failed half-way may be made once more: it reads, or its HTTP method is idempotent."""
    name = _last_name(function)
    if name == "request":
        method = _given(arguments, 0, "method")
        return method is not None and (_text(method) or "").lower() in _IDEMPOTENT
    if name in _PLACE_OF_DATA:
        if name == "Request" and (method := _given(arguments, 5, "method")) is not None:
            return (_text(method) or "").lower() in _IDEMPOTENT
        data = _given(arguments, _PLACE_OF_DATA[name], "data")
        if data is not None and not (isinstance(data, cst.Name) and data.value == "None"):
            return False  # urllib posts it
        first = arguments[0].value if arguments else None
        return not isinstance(first, cst.Call) or _may_be_sent_again(first.func, first.args)
    return name not in _VERBS or name in _IDEMPOTENT


def _given(arguments: Sequence[cst.Arg], place: int, name: str) -> cst.BaseExpression | None:
    """What a call gives for the argument of that place or name."""
    found = [one for one in arguments if one.keyword is not None and one.keyword.value == name]
    plain = [one for one in arguments if one.keyword is None]
    found += plain[place : place + 1]
    return found[0].value if found else None


def _is_path_join(function: cst.BaseExpression) -> bool:
    """Whether it is `os.path.join`; that of a text is not."""
    return cst.Module(body=[]).code_for_node(function) == "os.path.join"


def _with_timeout(function: cst.BaseExpression, arguments: list[cst.Arg]) -> list[cst.Arg]:
    """The arguments, with a time-out where the function has one and nobody gave it."""
    named = {one.keyword.value for one in arguments if one.keyword is not None}
    if "timeout" in named or not (_last_name(function) == "urlopen" or _is_request(function)):
        return arguments
    given = [one if isinstance(one.comma, cst.Comma) else one.with_changes(comma=_COMMA) for one in arguments]
    equal = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
    return [*given, cst.Arg(cst.Integer(str(_TIMEOUT_SECONDS)), keyword=cst.Name("timeout"), equal=equal)]


def _opens_to_write(arguments: Sequence[cst.Arg]) -> bool:
    """Whether the second argument, or `mode`, is a mode in which `open` begins an empty file."""
    modes = [
        one.value for place, one in enumerate(arguments) if (one.keyword.value if one.keyword else place) in (1, "mode")
    ]
    return any((text := _text(one)) is not None and text[:1] in ("w", "x") for one in modes)


def _stem(kind: str, value: str | int) -> str:
    if kind == "seed":
        return "seed"
    text = str(value).partition("?")[0].rstrip("/")
    word = re.sub(r"\W+", "_", PurePath(text).name).strip("_").lower() or kind
    word = word if not word[0].isdigit() else f"{kind}_{word}"
    word = word if word.isidentifier() else kind
    return f"{word}_url" if kind == "url" else word if "_" in word else f"{word}_path"


def path_made(value: ast.expr | None) -> tuple[str, str] | None:
    """Return the text and the class, as it is called there, of `Path("data")` and `Path("data") / "raw"`, else None."""
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Div):
        left, right = path_made(value.left), value.right
        if left is None or not isinstance(right, ast.Constant) or not isinstance(right.value, str):
            return None
        return f"{left[0].rstrip('/')}/{right.value}", left[1]
    if not isinstance(value, ast.Call) or value.keywords or len(value.args) != 1:
        return None
    function, given = ast.unparse(value.func), value.args[0]
    if function not in ("Path", "pathlib.Path") or not isinstance(given, ast.Constant):
        return None
    text = given.value
    return (text, function) if isinstance(text, str) and _FILE.match(text) else None


def kind_of(name: str, value: object) -> str | None:
    """Return `path`, `url` or `seed` for a value of that name which ties code to a machine, a server or a draw."""
    if isinstance(value, str):
        if _is_url(value):
            return "url" if without_credentials(value) == value else None
        named = _ASSIGNED_PATH.search(name) is not None or _DATA_FILE.match(value) is not None
        folder = _FOLDER.search(name) is not None and _is_word(value)
        return "path" if folder or (named and _is_file(value)) else None
    return "seed" if type(value) is int and name.lower() in _SEED_KEYWORDS else None


def _is_url(text: str) -> bool:
    return _URL.match(text) is not None


def _is_file(text: str) -> bool:
    return bool(text.strip()) and ("/" in text or "." in text.strip(".")) and _FILE.match(text) is not None


def _is_word(text: str) -> bool:
    return bool(text.strip("./ ")) and _FILE.match(text) is not None


def _text(node: cst.BaseExpression) -> str | None:
    value = node.evaluated_value if isinstance(node, cst.SimpleString) else None
    return value if isinstance(value, str) else None


def _number(node: cst.BaseExpression) -> int | None:
    return node.evaluated_value if isinstance(node, cst.Integer) else None


def _last_name(function: cst.BaseExpression) -> str:
    node = function.attr if isinstance(function, cst.Attribute) else function
    return node.value if isinstance(node, cst.Name) else ""
