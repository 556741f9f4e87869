"""The package as a value: every file's path and text, planned before anything is written."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from importlib import resources
from pathlib import PurePosixPath
from typing import Any

from jupyter_prodkit.environment.supported_python import supported_python
from jupyter_prodkit.errors import MissingDependencyError
from jupyter_prodkit.export.data_files import DataFile, data_revision
from jupyter_prodkit.export.dvc_files import DataProject
from jupyter_prodkit.export.locked import Locked, provides
from jupyter_prodkit.export.modules import module_text
from jupyter_prodkit.export.naming import title_of
from jupyter_prodkit.export.parameters import Parameter
from jupyter_prodkit.export.selection import Selection
from jupyter_prodkit.export.step_functions import StepFunction
from jupyter_prodkit.files import FileTree

__all__ = ["RETRIES", "Package", "package_tree"]

_CONVENTIONAL = ("load", "features", "train", "evaluate", "predict")
_NEVER_WRAP = 10**6
_SERVER = frozenset({"uvicorn", "msgspec", "numpy", "prometheus-client", "pydantic", "pydantic-settings", "pyyaml"})
RETRIES = "tenacity"
"""The distribution by which reads are tried again."""


@dataclass(frozen=True)
class Package:
    """One package to be: its names, what is in it, and what it is pinned to."""

    name: str
    """The import name."""
    version: str
    notebook: str
    """The notebook's file name."""
    selection: Selection
    lock: Locked
    uv_version: str
    golden: Mapping[tuple[str, str], Any] = field(default_factory=dict)
    """What the golden tests keep of the values that were proven, by step and name."""
    data: tuple[DataFile, ...] = ()
    """The files that the code reads, as they are now."""
    data_project: DataProject | None = None
    """The DVC project that the package is, where its data is tracked."""

    @property
    def distribution(self) -> str:
        """The name it is installed by."""
        return self.name.replace("_", "-")

    @cached_property
    def texts(self) -> Mapping[str, str]:
        """Each module's text."""
        title = title_of(self.notebook)
        return {
            module: module_text(module, self.selection, title, with_cells=True) for module in self.selection.modules
        }

    @property
    def public(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Each module and the names it defines, sorted."""
        names: dict[str, list[str]] = {module: [] for module in self.selection.modules}
        for name, module in self.selection.owners.items():
            names[module].append(name)
        return tuple((module, tuple(sorted(found))) for module, found in sorted(names.items()))

    @property
    def retries(self) -> bool:
        """Whether it reads from somewhere that may not answer."""
        return any("from .loading import" in text for text in self.texts.values())

    def without_settings(self, environment: Mapping[str, str], *, but_secrets: bool) -> dict[str, str]:
        """Return the environment without the variables that set what the package reads; `but_secrets` keeps secrets."""
        prefix = f"{self.name.upper()}_"
        secrets = {prefix + one.field.upper() for one in self.selection.parameters if one.secret and but_secrets}
        return {
            name: value
            for name, value in environment.items()
            if not name.upper().startswith(prefix) or name.upper() in secrets
        }

    def function(self, name: str) -> str | None:
        """Return `package.module:name` where the notebook exports `name`, else None."""
        module = self.selection.owners.get(name)
        step = next((one for one in self.selection.steps if one.name == name), None)
        if step is not None and (len(step.inputs), len(step.outputs)) != (1, 1):
            return None  # not a function of rows alone
        return None if module is None else f"{self.name}.{module}:{name}"

    @property
    def dependencies(self) -> tuple[str, ...]:
        """Exact pins of the distributions that its own modules and its server import."""
        imported = {name for text in self.texts.values() for name in imported_modules(ast.parse(text))}
        direct = {
            distribution
            for distribution, modules in self.lock.modules.items()
            if any(provides(module, name) for module in modules for name in imported)
        }
        pins = self.lock.pins
        roots = {name.partition(".")[0] for name in imported}
        direct |= {name for name in pins if name.replace("-", "_") in roots}  # required so far, and now imported
        needed = direct | _SERVER | ({RETRIES} if self.retries else set())
        return tuple(f"{name}=={pins[name]}" for name in sorted(needed & pins.keys()))


def imported_modules(tree: ast.AST) -> Iterator[str]:
    """Yield each module that the code imports anywhere, and what it takes from one as if that were a module too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def package_tree(package: Package) -> FileTree:
    """Return every file of the package but the lock's wheels, by its path.

    The same notebook and lock give the same bytes. Raises MissingDependencyError without pyyaml.
    """
    values = _values(package)
    source = PurePosixPath("src") / package.name
    tree: dict[PurePosixPath, str | bytes] = {
        PurePosixPath("pyproject.toml"): _render("pyproject.toml.j2", values),
        PurePosixPath("README.md"): _render("README.md.j2", values),
        PurePosixPath("config.yaml"): _render("config.yaml.j2", values),
        PurePosixPath(".env.example"): _render("env.example.j2", values),
        PurePosixPath(".gitignore"): _render("gitignore.j2", values),
        PurePosixPath(".pre-commit-config.yaml"): _render("pre-commit-config.yaml.j2", values),
        PurePosixPath(".github/workflows/ci.yml"): _render("ci.yml.j2", values),
        PurePosixPath("RUNBOOK.md"): _render("RUNBOOK.md.j2", values),
        PurePosixPath("requirements.lock"): package.lock.requirements,
        PurePosixPath("serving.lock"): package.lock.serving,
        PurePosixPath("tests/test_package.py"): _render("test_package.py.j2", values),
        PurePosixPath("tests/test_config.py"): _render("test_config.py.j2", values),
        source / "__init__.py": _render("init.py.j2", values),
        source / "__main__.py": _render("main.py.j2", values),
        source / "config.py": _render("config.py.j2", values),
        source / "py.typed": "",
    }
    if package.selection.steps:
        tree[source / "pipeline.py"] = _render("pipeline.py.j2", values)
        tree[source / "artifacts.py"] = _render("artifacts.py.j2", values)
    if package.data:
        listed = [asdict(one) for one in package.data]
        tree[PurePosixPath("data.json")] = json.dumps(listed, indent=2, ensure_ascii=False) + "\n"
    if package.data_project is not None:
        tree |= package.data_project.tree
    if package.golden:
        golden = {f"{step}: {name}": value for (step, name), value in sorted(package.golden.items())}
        tree[PurePosixPath("tests/golden.json")] = json.dumps(golden, indent=2, ensure_ascii=False) + "\n"
        tree[PurePosixPath("tests/golden_values.py")] = _render("golden_values.py.j2", values)
        tree[PurePosixPath("tests/test_golden.py")] = _render("test_golden.py.j2", values)
    if values["schema"]:
        tree[source / "validation.py"] = _render("validation.py.j2", values)
    if package.retries:
        tree[source / "loading.py"] = _render("loading.py.j2", values)
    tree |= {source / f"{module}.py": text for module, text in package.texts.items()}
    tree |= {source / "serving" / name: text for name, text in _runtime_files().items()}
    return tree


def _values(package: Package) -> dict[str, Any]:
    parameters = package.selection.parameters
    low = package.uv_version.split(".")
    plain = [p for p in parameters if not p.secret]
    known = [name for name in _CONVENTIONAL if name in package.selection.owners]
    known += [one.step for one in package.selection.steps if one.step not in known]
    steps = f": {', '.join(known)}" if known else ""
    title = title_of(package.notebook)
    return {
        "package": package.name,
        "distribution": package.distribution,
        "version": package.version,
        "notebook": title,
        "description": f"Functions and settings of the notebook {title}{steps}.",
        "python": package.lock.facts.python_minor,
        "supported_python": supported_python(package.lock.facts),
        "uv_build": {"low": f"{low[0]}.{low[1]}", "high": f"{low[0]}.{int(low[1]) + 1}"},
        "dependencies": package.dependencies,
        "prefix": f"{package.name.upper()}_",
        "parameters": parameters,
        "yaml": {p.field: _yaml(p) for p in plain},
        "has_secrets": len(plain) < len(parameters),
        "secrets": len(parameters) - len(plain),
        "secret": next((p for p in parameters if p.secret), None),
        "number": next((p for p in plain if p.annotation in {"int", "float"}), None),
        "public": package.public,
        "features": package.function("features"),
        "features_name": "features",
        "schema": _schema(package),
        "retries": package.retries,
        "data": package.data,
        "data_revision": data_revision(package.data),
        "data_project": package.data_project,
        "pulled": package.data_project is not None and package.data_project.remote is not None,
        "has_paths": any(p.is_path for p in parameters),
        "commands": [step.step for step in package.selection.steps],
        "steps": [_step(step) for step in package.selection.steps],
    }


def _schema(package: Package) -> dict[str, dict[str, dict[str, str]]]:
    """The columns of the frames that steps without an input made when the package was proven, and their kinds."""
    first = {step.step for step in package.selection.steps if not step.inputs}
    found: dict[str, dict[str, dict[str, str]]] = {}
    for (step, name), kept in sorted(package.golden.items()):
        columns = kept.get("columns") if step in first and isinstance(kept, dict) else None
        if columns:
            found.setdefault(step, {})[name] = {column: _kind(said["dtype"]) for column, said in columns.items()}
    return found


def _kind(dtype: str) -> str:
    """What a column of that type holds, in the words of the template `validation.py`."""
    if dtype.startswith(("int", "uint", "float", "Int", "Float", "UInt")):
        return "numbers"
    if dtype.startswith("datetime"):
        return "times"
    return "truth values" if dtype.startswith("bool") else "texts or objects"


def _step(step: StepFunction) -> dict[str, Any]:
    """What the templates say of a step."""
    return {
        "step": step.step,
        "name": step.name,
        "outputs": step.outputs,
        "arguments": ", ".join(f'values["{name}"]' for name in step.inputs),
    }


def _yaml(parameter: Parameter) -> str:
    """The line or lines of config.yaml."""
    try:
        import yaml
    except ImportError as error:
        raise MissingDependencyError("pyyaml", "export") from error
    content = {parameter.field: parameter.default}
    return str(yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=_NEVER_WRAP)).rstrip()


def _render(template: str, values: Mapping[str, Any]) -> str:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("jupyter_prodkit.export"),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - this makes code and Markdown, not HTML
    )
    environment.filters["quoted"] = _quoted
    environment.filters["cell"] = lambda text: str(text).replace("|", "\\|").replace("\n", " ")
    return environment.get_template(template).render(values).rstrip("\n") + "\n"


def _quoted(text: str) -> str:
    """A text in double quotes, as TOML and Python both read it."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _runtime_files() -> dict[str, str]:
    """The server, as it is: readable, and importing nothing of ours."""
    folder = resources.files("jupyter_prodkit.runtime")
    found = {entry.name: entry.read_text("utf-8") for entry in folder.iterdir() if entry.name.endswith(".py")}
    return dict(sorted(found.items()))
