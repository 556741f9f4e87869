"""The proof that a package is one: its imports are locked, and in a new process it can be imported and says nothing."""

from __future__ import annotations

import ast
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from jupyter_prodkit.errors import ExportError
from jupyter_prodkit.export.package import RETRIES, Package, imported_modules
from jupyter_prodkit.export.version_branches import without_untaken_branches
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.subprocesses import run_program

__all__ = ["check_imports", "prove_import"]

# Imports every module, what it stands on first, then reads the exported config.yaml as a user of the package would.
_TRIAL = """
import contextlib, importlib, json, os, sys, time

def check(package, config, others, modules, answer):
    before = set(os.listdir())
    for name in others:
        with contextlib.suppress(ImportError):  # the package's own import says so, where it needs it
            importlib.import_module(name)
    started = time.process_time()
    for name in modules:
        importlib.import_module(name)
    seconds = time.process_time() - started
    written = sorted(set(os.listdir()) - before)
    os.environ[f"{package.upper()}_CONFIG"] = config
    importlib.import_module(f"{package}.config").Settings()
    with open(answer, "w") as file:
        json.dump([written, seconds], file)

try:
    check(*json.loads(sys.argv[1]))
except Exception as error:
    sys.exit(f"{type(error).__name__}: {' '.join(str(error).split())[:300]}")
"""


def check_imports(package: Package) -> tuple[str, ...]:
    """Return a warning for each module that a function or a branch imports and the lock has not.

    Branches that the locked Python does not take are left out.

    Raises ExportError where importing the package itself needs such a module, or a lock of earlier days lacks one.
    """
    if package.retries and RETRIES not in package.lock.pins:
        raise ExportError(f"The lock does not have {RETRIES}, by which reads are tried again.", "Run %prodlock again.")
    warnings = []
    for module, text in sorted(package.texts.items()):
        tree = ast.parse(text)
        for name in _unlocked(package, _imported_at_once(tree)):
            raise ExportError(f"`{module}` imports `{name}`, which is not in the lock.", package.lock.advice(name))
        for name in _unlocked(package, imported_modules(without_untaken_branches(tree, package.lock))):
            warnings.append(
                f"`{module}` imports `{name}`, which the lock does not have, in a function, a `try` or an `if`: "
                "only what can do without it works in the package."
            )
    return tuple(warnings)


def _imported_at_once(tree: ast.Module) -> Iterator[str]:
    at_once = (node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom)))
    yield from (name for node in at_once for name in imported_modules(node))


def _unlocked(package: Package, imported: Iterable[str]) -> list[str]:
    roots = {name.partition(".")[0] for name in imported if not package.lock.has(name)}
    return sorted(roots - {package.name, "yaml"})


def prove_import(wheel: Path, config: Path, package: Package, progress: Progress) -> float:
    """Import every module of the wheel in an empty folder, and read `config`, the exported config.yaml.

    Returns the seconds of CPU time that its own code took, what it imports left aside.

    Raises ExportError where that fails, says anything or writes a file.
    """
    modules = [package.name, f"{package.name}.config", *(f"{package.name}.{module}" for module in package.texts)]
    trees = [ast.parse(text) for text in package.texts.values()]
    others = sorted({"pydantic_settings", *(name for tree in trees for name in _imported_at_once(tree))})
    environment = package.without_settings(os.environ, but_secrets=False)
    environment |= {"PYTHONPATH": str(wheel), "PYTHONDONTWRITEBYTECODE": "1"}
    with tempfile.TemporaryDirectory() as scratch:
        answer, empty = Path(scratch) / "answer.json", Path(scratch) / "empty"
        empty.mkdir()
        request = json.dumps([package.name, str(config), others, modules, str(answer)])
        command = [sys.executable, "-W", "ignore", "-c", _TRIAL, request]
        finished = run_program(command, progress, cwd=empty, environment=environment)
        written, seconds = json.loads(answer.read_text("utf-8")) if answer.exists() else ([], 0.0)
    said = (finished.stdout + finished.stderr).strip()
    if finished.status != 0:
        what = f"can't be imported: {said.splitlines()[-1] if said else f'status {finished.status}'}"
    elif said:
        what = f"prints something when it is imported: {said.splitlines()[0]}"
    elif written:
        what = f"writes files when it is imported: {', '.join(written)}"
    else:
        return float(seconds)
    raise ExportError(
        f"The exported package {what}", "Look at the decorators and imports of the marked cells; they run on import."
    )
