"""The house rules: a room imports only rooms before it, an outside tool is known to one module, loading costs little."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "jupyter_prodkit"
BASE = ("errors", "progress", "files", "release", "subprocesses")
ROOMS = (
    *BASE, "runtime", "notebook", "environment", "session", "step",
    "check", "lock", "export", "push", "build", "serve", "faces", "__init__",
)  # fmt: skip
# Outside tool → the modules that may import it; a folder stands for all below it.
TOOLS = {
    "IPython": {"notebook/transform.py", "session", "faces", "__init__.py"},  # the last for a type only
    "comm": {"faces/comm_targets.py"},
    "docker": {"build/engine.py"},
    "dvc": set[str](),  # run as a program by export/dvc.py
    "ipykernel": set[str](),
    "ipywidgets": {"faces/progress_display.py"},
    "jinja2": {"build/dockerfile.py", "export/package.py"},
    "jupyter_client": {"session/kernelspecs.py", "session/starting.py"},
    "libcst": {
        "export/appending.py", "export/code_blocks.py", "export/literals.py", "export/picking.py", "export/rewriting.py",
    },
    "merge3": {"export/merging.py"},
    "mlflow": {"push/mlflow_registry.py", "push/templates"},
    "nbformat": {"notebook/reading.py"},
    "uv": {"lock/uv.py"},
    "uvicorn": {"runtime"},
}
HEAVY = {
    "pandas",
    "numpy",
    "mlflow",
    "docker",
    "libcst",
    "uv",
    "jinja2",
    "nbformat",
    "sklearn",
    "uvicorn",
    "ipywidgets",
}


@dataclass(frozen=True)
class Import:
    """One import statement's target: the whole dotted name, with the names it takes from there."""

    file: str
    line: int
    module: str


def imports_of(file: Path, package: Path) -> Iterator[Import]:
    """Every import of a file, in functions and under TYPE_CHECKING too; `from a import b` counts as `a` and `a.b`."""
    place = file.relative_to(package).as_posix()
    own = [package.name, *file.relative_to(package).with_suffix("").parts]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(place, node.lineno, alias.name)
        elif isinstance(node, ast.ImportFrom):
            around = ".".join(own[: len(own) - node.level]) if node.level else ""
            module = ".".join(part for part in (around, node.module or "") if part)
            yield Import(place, node.lineno, module)
            for alias in node.names:
                yield Import(place, node.lineno, f"{module}.{alias.name}")
        elif isinstance(node, ast.Call) and _called(node) in {"import_module", "__import__"} and node.args:
            target = node.args[0]
            if isinstance(target, ast.Constant) and isinstance(target.value, str):
                yield Import(place, node.lineno, target.value)


def _called(node: ast.Call) -> str:
    return getattr(node.func, "attr", None) or getattr(node.func, "id", "")


def files_of(package: Path) -> list[Path]:
    return [file for file in sorted(package.rglob("*.py")) if "labextension" not in file.relative_to(package).parts]


def room_of(module: str) -> str | None:
    """The room that a module of ours belongs to; None for a module that is not ours."""
    parts = module.split(".")
    if parts[0] != PACKAGE.name:
        return None
    return parts[1] if len(parts) > 1 and parts[1] in ROOMS else "__init__"


def breaches(package: Path) -> list[str]:
    """Everything in a package that the house rules forbid."""
    found = []
    for file in files_of(package):
        room = file.relative_to(package).parts[0].removesuffix(".py")
        if room not in ROOMS:
            found.append(f"{room} is no room of the house")
            continue
        # What is copied into an export or logged with a model runs there, beside the runtime.
        for one in imports_of(file, package):
            found.extend(_breach(one, room))
    return sorted(set(found))


def _breach(one: Import, room: str) -> Iterator[str]:
    target = room_of(one.module)
    where = f"{one.file}:{one.line} imports {one.module}"
    if target is not None and target != room and not _may_import(room, target, one.module):
        yield f"{where}: {target} does not stand before {room}"
    allowed = TOOLS.get(one.module.partition(".")[0])
    if allowed is not None and not any(one.file == place or one.file.startswith(f"{place}/") for place in allowed):
        yield f"{where}: not the module that knows this tool"


def _may_import(room: str, target: str, module: str) -> bool:
    if room == "runtime":
        return False
    if target == "__init__":  # the version, which the package looks up when asked
        return module in {PACKAGE.name, f"{PACKAGE.name}.__version__"}
    return ROOMS.index(target) < ROOMS.index(room)


def test_the_house_rules_are_kept():
    assert breaches(PACKAGE) == []


@pytest.mark.parametrize(
    ("file", "code", "says"),
    [
        ("notebook/names.py", "import jupyter_prodkit.session.tracker", "session does not stand before notebook"),
        ("notebook/names.py", "from jupyter_prodkit import session", "session does not stand before notebook"),
        ("notebook/names.py", "from ..check import report", "check does not stand before notebook"),
        (
            "notebook/names.py",
            "def f():\n    from jupyter_prodkit.faces.cli import main",
            "faces does not stand before",
        ),
        ("notebook/names.py", "if TYPE_CHECKING:\n    import jupyter_prodkit.step", "step does not stand before"),
        ("notebook/names.py", "importlib.import_module('jupyter_prodkit.push.step')", "push does not stand before"),
        ("runtime/app.py", "from jupyter_prodkit.errors import ProdkitError", "errors does not stand before runtime"),
        ("errors.py", "import jupyter_prodkit.runtime", "runtime does not stand before errors"),
        ("check/check.py", "import jupyter_prodkit.lock.uv", "lock does not stand before check"),
        (
            "check/check.py",
            "from jupyter_prodkit import load_ipython_extension",
            "__init__ does not stand before check",
        ),
        ("check/check.py", "import IPython.core", "not the module that knows this tool"),
        ("check/check.py", "from mlflow import log_model", "not the module that knows this tool"),
        ("lock/step.py", "def f():\n    import uv", "not the module that knows this tool"),
        ("notebook/document.py", "import nbformat.v4", "not the module that knows this tool"),
        ("cellar/wine.py", "x = 1", "cellar is no room of the house"),
    ],
)
def test_a_forbidden_import_is_found(tmp_path, file, code, says):
    """The rules can be broken, and then the test above fails."""
    planted = tmp_path / PACKAGE.name / file
    planted.parent.mkdir(parents=True)
    planted.write_text(code)
    found = breaches(tmp_path / PACKAGE.name)
    assert found
    assert all(says in breach for breach in found)


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("check/check.py", "from jupyter_prodkit import __version__\nfrom jupyter_prodkit.runtime import schema"),
        (
            "check/rules/paths.py",
            "from ..evidence import Evidence\nfrom jupyter_prodkit.session.record import Timeline",
        ),
        ("push/mlflow_registry.py", "import mlflow.pyfunc\nimport jupyter_prodkit.export.step"),
        ("faces/cli.py", "import jupyter_prodkit.serve.step\nimport numpy"),
    ],
)
def test_an_allowed_import_is_not(tmp_path, file, code):
    planted = tmp_path / PACKAGE.name / file
    planted.parent.mkdir(parents=True)
    planted.write_text(code)
    assert breaches(tmp_path / PACKAGE.name) == []


def test_every_room_is_there():
    """A room that has gone would make its rule silent."""
    there = {
        path.name.removesuffix(".py")
        for path in PACKAGE.iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert there == set(ROOMS)


LOAD = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
import IPython.core.completer, IPython.core.magics
before = set(sys.modules)
import time
started = time.perf_counter()
shell.run_line_magic("load_ext", "jupyter_prodkit")
seconds = time.perf_counter() - started
print(seconds, *sorted({name.partition(".")[0] for name in set(sys.modules) - before}))
"""


def test_loading_the_extension_imports_nothing_heavy():
    """`%load_ext jupyter_prodkit` costs a kernel what is needed to watch it, and no more."""
    done = subprocess.run([sys.executable, "-c", LOAD], capture_output=True, text=True, check=True)
    seconds, *loaded = done.stdout.split()
    assert not HEAVY & set(loaded)
    assert "jupyter_prodkit" in loaded
    assert float(seconds) < 2  # on a machine that is busy with everything else; the benchmark has the figure
