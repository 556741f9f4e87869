"""What a secret looks like: keys of known forms, passwords in URLs, literals given to what is called a password."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from jupyter_prodkit.notebook.syntax import shared_tree
from jupyter_prodkit.notebook.transform import to_python

__all__ = ["Secret", "named_secrets", "secrets_in"]


@dataclass(frozen=True, slots=True)
class Secret:
    """One secret in a cell."""

    kind: str
    """What it is, for reading: `a token of GitHub`."""
    line: int
    text: str = field(repr=False)
    """The secret itself: it goes into no message."""
    in_url: bool = False


# Forms that their issuers made to be recognised. Lengths are minimal, so that "sk-learn" and the like stay out.
_FORMS = (
    ("an access key of AWS", r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    ("a token of GitHub", r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,})\b"),
    ("a token of GitLab", r"\bglpat-[A-Za-z0-9_-]{20,}"),
    ("a token of Slack", r"\bxox[abeoprs]-[A-Za-z0-9-]{20,}"),
    ("an API key of Google", r"\bAIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])"),
    ("a key of Stripe", r"\b[sr]k_live_[A-Za-z0-9]{20,}"),
    ("an API key of Anthropic", r"\bsk-ant-[A-Za-z0-9_-]{32,}"),
    ("an API key of OpenAI", r"\bsk-(?:proj-|svcacct-|admin-)[A-Za-z0-9_-]{32,}|\bsk-[A-Za-z0-9]{48}\b"),
    ("a token of Hugging Face", r"\bhf_[A-Za-z]{30,40}\b"),
    ("a token of npm", r"\bnpm_[A-Za-z0-9]{36}\b"),
    ("a token of PyPI", r"\bpypi-AgE[A-Za-z0-9_-]{50,}"),
    ("a token of Databricks", r"\bdapi[0-9a-f]{32}\b"),
    ("a key of SendGrid", r"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"),
    ("a signed token (JWT)", r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}"),
    ("a storage key of Azure", r"\bAccountKey=[A-Za-z0-9+/]{60,}={0,2}"),
    ("a bearer's token", r"\bBearer [A-Za-z0-9._~+/-]{20,}"),
    ("a private key", r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s*(?:\\n)?\s*[A-Za-z0-9+/=\s\\]{40,}"),
)
_FORM = re.compile("|".join(f"(?P<form{number}>{form})" for number, (_, form) in enumerate(_FORMS)))
_HINT = re.compile(
    r"AKIA|ASIA|gh[pousr]_|github_pat_|glpat-|xox|AIza|k_live_|sk-|hf_|npm_|pypi-|dapi|SG\.|eyJ|AccountKey="
    r"|Bearer |PRIVATE KEY"
)
_URL = re.compile(
    r"(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{0,30}://"
    r"(?P<user>[^\s:/@\"'<>{}$]{0,200}):(?P<password>[^\s/@\"'<>{}$]{1,400})@[\w\[]"
)
# What stands in examples where a secret would: nobody's.
_EXAMPLE = re.compile(
    r"example|dummy|sample|placeholder|change[-_ ]?me|your|my[-_ ]?(?:secret|password|token|api|key)|redacted|hidden"
    r"|x{4,}|\*{3,}|\.{3}|…|<.*>|\{.*\}|0{8}|1234567890abcdef|abcdefghij",
    re.IGNORECASE,
)
_EXAMPLE_WORDS = frozenset(
    {"", "admin", "guest", "none", "pass", "passwd", "password", "postgres", "pwd", "root", "secret", "test", "token"}
    | {"user", "username", "key", "apikey", "api_key", "api-key", "todo", "null", "string", "str", "foo", "bar"}
    | {"category", "object", "text", "varchar", "float", "float64", "integer", "int64", "boolean", "hash", "hashed"}
)
_PASSWORD = re.compile(r"(?:\w*_)?(?:password|passwd|passphrase)\Z", re.IGNORECASE)
_SERVICE_KEY = re.compile(
    r"(?:\w*_)?(?:api_?key|access_?key|secret_?key|secret_?access_?key|client_?secret|auth_?token|access_?token"
    r"|api_?token|bearer_?token|refresh_?token|private_?token|(?:github|gitlab|slack|hf|huggingface|openai)_?token)\Z",
    re.IGNORECASE,
)
_MENTIONED = re.compile(r"passw|passphrase|key|token|secret", re.IGNORECASE)
_ENVIRONMENT_NAME = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\Z")
_NO_SECRET = re.compile(r"\s|\A[/.~]|://|passw", re.IGNORECASE)  # a prompt, a path, a URL, a column's name
_ENV_MAGIC = re.compile(r"\s*(?P<name>\w+)(?:\s*=\s*|\s+)(?P<value>\S+)\s*\Z")
_SHORTEST_PASSWORD = 4
_SHORTEST_KEY = 12


@lru_cache(maxsize=4096)
def secrets_in(source: str) -> tuple[Secret, ...]:
    """Return the keys of known forms and the passwords in URLs that a text holds, comments included."""
    found = []
    if _HINT.search(source):
        for match in _FORM.finditer(source):
            if not _EXAMPLE.search(match[0]):
                kind = _FORMS[int(str(match.lastgroup).removeprefix("form"))][0]
                found.append(Secret(kind, _line(source, match.start()), match[0]))
    if "://" in source:
        for match in _URL.finditer(source):
            if not _is_example(match["password"]):
                found.append(Secret("a password", _line(source, match.start()), match["password"], in_url=True))
    return tuple(found)


@lru_cache(maxsize=4096)
def named_secrets(source: str) -> tuple[Secret, ...]:
    """Return the literals in a cell that are given to what is called a password, or a key or token of a service."""
    tree = shared_tree(to_python(source)) if _MENTIONED.search(source) else None
    if tree is None:
        return ()
    given = (one for node in ast.walk(tree) for one in _given(node))
    return tuple(Secret(_kind(name), line, value) for name, value, line in given if _is_secret(name, value))


def _given(node: ast.AST) -> Iterator[tuple[str, str, int]]:
    """Each literal text with the name that it is given to."""
    pairs: list[tuple[str, ast.expr | None]] = []
    if isinstance(node, ast.Assign):
        pairs = [(_last_word(target), node.value) for target in node.targets]
    elif isinstance(node, ast.AnnAssign):
        pairs = [(_last_word(node.target), node.value)]
    elif isinstance(node, ast.Call):
        pairs = [(keyword.arg or "", keyword.value) for keyword in node.keywords]
        pairs += _set_by_magic(node)
    elif isinstance(node, ast.Dict):
        pairs = [(_text(one), value) for one, value in zip(node.keys, node.values, strict=True)]
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
        names = [one.arg for one in (*node.args.posonlyargs, *node.args.args)]
        pairs = list(zip(names[len(names) - len(node.args.defaults) :], node.args.defaults, strict=True))
        pairs += [(one.arg, default) for one, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)]
    for name, value in pairs:
        if value is not None and name and _text(value):
            yield name, _text(value), value.lineno


def _set_by_magic(node: ast.Call) -> list[tuple[str, ast.expr | None]]:
    """What `%env NAME=value` and `os.environ.setdefault("NAME", "value")` set."""
    texts = [_text(one) for one in node.args]
    called = getattr(node.func, "attr", "")
    if called == "run_line_magic" and texts[:1] in (["env"], ["set_env"]) and len(texts) > 1:
        match = _ENV_MAGIC.match(texts[1])
        return [(match["name"], ast.copy_location(ast.Constant(match["value"]), node))] if match else []
    return [(texts[0], node.args[1])] if called in {"setdefault", "putenv", "setenv"} and len(texts) > 1 else []


def _is_secret(name: str, value: str) -> bool:
    if _is_example(value) or _ENVIRONMENT_NAME.match(value) or _NO_SECRET.search(value):
        return False
    if _PASSWORD.match(name):
        return len(value) >= _SHORTEST_PASSWORD
    # A key is made by a machine: long, and of letters and digits both.
    made = len(value) >= _SHORTEST_KEY and any(c.isdigit() for c in value) and any(c.isalpha() for c in value)
    return _SERVICE_KEY.match(name) is not None and made


def _is_example(value: str) -> bool:
    return value.lower() in _EXAMPLE_WORDS or _EXAMPLE.search(value) is not None or len(set(value)) < _SHORTEST_PASSWORD


def _kind(name: str) -> str:
    return "a password" if _PASSWORD.match(name) else "a key or token of a service"


def _last_word(target: ast.expr) -> str:
    if isinstance(target, ast.Subscript):
        return _text(target.slice)
    return str(getattr(target, "attr", None) or getattr(target, "id", ""))


def _text(node: ast.expr | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _line(source: str, position: int) -> int:
    return source.count("\n", 0, position) + 1
