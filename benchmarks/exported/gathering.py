"""Runs in a clean environment, with only the standard library: imports what a tool made and takes the values from it.

    python gathering.py REQUEST.json

What counts as giving a value, in this order: an attribute of a module; what the steps of `PACKAGE.pipeline` give by
name, where there is one, looked at as each step returns it and again when all have run; what a public function gives,
by the names in its `return`, the fields of what it gives, or its own name where it gives one thing (its arguments come
from values already found, by name, else from the settings, else from defaults). Functions are called again with what
the notebook called them with; arguments that the notebook's function did not have come from the notebook's variables of
that name.
"""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import importlib
import importlib.util
import inspect
import io
import json
import pickle
import pkgutil
import random
import sys
import textwrap
import time
import traceback
import types
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from description import describe

sys.path.pop(0)
_SETTINGS = ("settings", "config", "cfg", "configuration")


def main() -> None:
    """Do as the request says, and write what was found beside it."""
    request = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    imported = {} if request["pickles"] else _imports(request)
    answer = {"imported": imported, **_values(request)}
    Path(request["answer"]).write_bytes(pickle.dumps(answer))


def _modules(request: dict) -> list[str]:
    package = request["package"]
    spec = importlib.util.find_spec(package)
    if spec is None:
        raise ModuleNotFoundError(package)
    inner = [one.name for one in pkgutil.iter_modules(spec.submodule_search_locations or ()) if not one.ispkg]
    return [package, *(f"{package}.{one}" for one in inner if not one.startswith("__"))]


def _imports(request: dict) -> dict:
    """Import everything else first, then the package: what it takes is its own."""
    spec = importlib.util.find_spec(request["package"])
    origin = Path(spec.origin)
    paths = sorted(origin.parent.glob("*.py")) if spec.submodule_search_locations else [origin]
    for path in paths:
        for name in _outside(path, request["package"]):
            with contextlib.suppress(Exception):
                importlib.import_module(name)
    started = time.process_time()
    out, err = io.StringIO(), io.StringIO()
    failed = ""
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            for name in _modules(request):
                importlib.import_module(name)
        except BaseException as error:  # noqa: BLE001 - also SystemExit
            failed = f"{type(error).__name__}: {error}"
    seconds = time.process_time() - started
    left = sorted(str(path) for path in Path().rglob("*") if path.is_file())
    return {"seconds": seconds, "left": left, "printed": (out.getvalue() + err.getvalue())[:300], "failed": failed}


def _outside(path: Path, package: str) -> list[str]:
    try:
        tree = ast.parse(path.read_text("utf-8"))
    except (OSError, SyntaxError):
        return []
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [one.name for one in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names += [node.module, *(f"{node.module}.{one.name}" for one in node.names)]
    return [name for name in names if name.partition(".")[0] != package]


def _values(request: dict) -> dict:
    own = [request["package"]]
    returned: dict[str, tuple] = {}
    if request["pickles"]:
        found, failures = _from_pickles(request["pickles"])
    else:
        found, failures = _from_package(request, returned)
    values = {name: describe(found[name], own) for name in request["values"] if name in found}
    calls = _called_again(request, found, own)
    return {"values": values, "returned": returned, "calls": calls, "failures": failures}


def _from_pickles(paths: dict) -> tuple[dict, list[str]]:
    import cloudpickle

    return {name: cloudpickle.loads(Path(path).read_bytes()) for name, path in paths.items()}, []


def _from_package(request: dict, returned: dict) -> tuple[dict, list[str]]:
    found: dict[str, object] = {}
    failures = []
    functions = []
    wanted = {*request["values"], *request["functions"]}
    for name in _modules(request):
        try:
            module = importlib.import_module(name)
        except BaseException as error:  # noqa: BLE001 - also SystemExit
            failures.append(f"import {name}: {type(error).__name__}: {error}")
            continue
        for at, value in vars(module).items():
            if isinstance(value, types.FunctionType) and value.__module__ == name:
                functions.append(value)
            if at in wanted and not (at in request["values"] and isinstance(value, types.FunctionType)):
                found[at] = value
    lacking = set(request["values"]) - found.keys()
    if lacking and _has_pipeline(request["package"]):
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                made = _steps_run(request["package"], lacking, returned)
            found.update({name: value for name, value in made.items() if name in lacking})
        except Exception as error:  # noqa: BLE001 - then what its steps give one by one
            failures.append(f"pipeline: {type(error).__name__}: {error}")
    lacking -= found.keys()
    if lacking:
        _run_steps(functions, lacking, found, failures)
    return found, failures


def _steps_run(package: str, lacking: set, returned: dict) -> dict:
    """Run a pipeline as its `run()` does, and describe what is lacking as each step returns it."""
    pipeline = importlib.import_module(f"{package}.pipeline")
    values: dict[str, object] = {}
    for name in pipeline.STEPS:
        made = pipeline.step(name, values)
        values |= made
        returned.update({one: describe(made[one], [package]) for one in made if one in lacking})
    return values


def _has_pipeline(package: str) -> bool:
    return importlib.util.find_spec(f"{package}.pipeline") is not None


def _run_steps(functions: list, lacking: set, found: dict, failures: list) -> None:
    """Call the functions that give what is lacking and those that give what these need, each once."""
    gives = {one: names for one in functions if (names := _given_names(one))}
    done: set = set()

    def obtain(name: str, asked: tuple[str, ...]) -> None:
        if name in found or name in asked:
            return
        for function, names in reversed(list(gives.items())):
            if name in names and function not in done:
                call(function, (*asked, name))
                return

    def call(function, asked: tuple[str, ...]) -> None:
        done.add(function)
        arguments = {}
        for one, parameter in inspect.signature(function).parameters.items():
            obtain(one, asked)
            if one in found:
                arguments[one] = found[one]
            elif (settings := _settings(function, one)) is not None:
                arguments[one] = settings
            elif parameter.default is parameter.empty and parameter.kind not in (2, 4):
                failures.append(f"{function.__name__}(): nothing gives its argument {one}")
                return
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                found.update(_named(function, function(**arguments)))
        except Exception as error:  # noqa: BLE001 - a step that fails gives nothing, and that is told
            last = traceback.extract_tb(error.__traceback__)[-1]
            failures.append(
                f"{function.__name__}(): {type(error).__name__}: {error} ({Path(last.filename).name}:{last.lineno})"
            )

    for name in sorted(lacking):
        obtain(name, ())


def _settings(function, name: str):
    """The settings by their defaults, where an argument is one."""
    module = sys.modules[function.__module__]
    package = module.__name__.partition(".")[0]
    with contextlib.suppress(ImportError):
        config = importlib.import_module(f"{package}.config")
        annotation = str(function.__annotations__.get(name, ""))
        if name in _SETTINGS or "Settings" in annotation:
            maker = getattr(config, "settings", None) or getattr(config, "Settings", None)
            return maker() if maker else None
        maker = getattr(config, "settings", None)
        return getattr(maker(), name, None) if maker else None
    return None


def _given_names(function) -> list[str]:
    """The names a function gives, by its `return`."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, SyntaxError, TypeError):
        return []
    own = [node for node in ast.walk(tree) if isinstance(node, ast.Return) and node.value is not None]
    if not own:
        return []
    value = own[-1].value
    if isinstance(value, ast.Name):
        return [value.id]
    if isinstance(value, ast.Tuple):
        return [one.id for one in value.elts if isinstance(one, ast.Name)]
    if isinstance(value, ast.Call):
        named = [one.arg for one in value.keywords if one.arg]
        return named or [one.id for one in value.args if isinstance(one, ast.Name)]
    if isinstance(value, ast.Dict):
        return [one.value for one in value.keys if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    return [function.__name__]


def _named(function, given) -> dict:
    names = _given_names(function)
    if hasattr(given, "_fields"):
        return given._asdict()
    if (
        dataclasses.is_dataclass(given)
        and not isinstance(given, type)
        and set(names) <= {f.name for f in dataclasses.fields(given)}
    ):
        return {field.name: getattr(given, field.name) for field in dataclasses.fields(given)}
    if isinstance(given, dict) and set(names) <= given.keys():
        return {name: given[name] for name in names}
    if len(names) == 1:
        return {names[0]: given}
    return dict(zip(names, given, strict=True)) if isinstance(given, tuple) and len(given) == len(names) else {}


def _called_again(request: dict, found: dict, own: list[str]) -> dict:
    """Call each function with what the notebook called it with; what it gives, or why not."""
    recorded = pickle.loads(Path(request["calls"]).read_bytes())
    results = {}
    for name in request["functions"]:
        function = found.get(name)
        if callable(function):
            results[name] = [_again(function, call, own) for call in recorded.get(name, ())]
    return results


def _again(function, call: dict, own: list[str]) -> tuple:
    try:
        arguments, (python_state, numpy_state) = pickle.loads(call["packed"])
        random.setstate(python_state)
        if numpy_state is not None:
            import numpy as np

            np.random.set_state(numpy_state)  # noqa: NPY002 - the notebook's stream
        taken = {}
        for one, parameter in inspect.signature(function).parameters.items():
            if one in arguments:
                taken[one] = arguments[one]
            elif one in call["outside"]:
                taken[one] = pickle.loads(call["outside"][one])
            elif parameter.default is parameter.empty and (settings := _settings(function, one)) is not None:
                taken[one] = settings
        with contextlib.redirect_stdout(io.StringIO()):
            return ("gave", describe(function(**taken), own))
    except Exception as error:  # noqa: BLE001 - the call fails: that is the answer
        return ("failed", f"{type(error).__name__}: {error}"[:200])


if __name__ == "__main__":
    main()
