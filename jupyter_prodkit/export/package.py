"""The package as a value: every file's path and text, planned before anything is written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path, PurePosixPath
from typing import Any

from jupyter_prodkit.environment.facts import EnvironmentFacts
from jupyter_prodkit.export.modules import module_text
from jupyter_prodkit.export.selection import Selection
from jupyter_prodkit.files import FileTree
from jupyter_prodkit.notebook.names import code_names

__all__ = ["Locked", "Package", "package_tree"]

_PIN = re.compile(r"^(?P<name>[A-Za-z0-9][\w.-]*)==(?P<version>[^\s;\\]+)", re.MULTILINE)
_CONVENTIONAL = ("load", "features", "train", "evaluate", "predict")


@dataclass(frozen=True, slots=True)
class Locked:
    """What the lock step left behind."""

    requirements: str
    serving: str
    wheels: Mapping[str, bytes]
    facts: EnvironmentFacts


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

    @property
    def distribution(self) -> str:
        """The name it is installed by."""
        return self.name.replace("_", "-")

    @cached_property
    def texts(self) -> Mapping[str, str]:
        """Each module's text."""
        return {module: module_text(module, self.selection, self.notebook) for module in self.selection.modules}

    @property
    def public(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Each module and the names it defines, in the notebook's order."""
        names: dict[str, list[str]] = {module: [] for module in self.selection.modules}
        for name, module in self.selection.owners.items():
            names[module].append(name)
        return tuple((module, tuple(sorted(found))) for module, found in sorted(names.items()))

    def function(self, name: str) -> str | None:
        """Return `package.module:name` where the notebook exports `name`, else None."""
        module = self.selection.owners.get(name)
        return None if module is None else f"{self.name}.{module}:{name}"

    @property
    def dependencies(self) -> tuple[str, ...]:
        """Exact pins of the distributions that its own modules and its server import."""
        imported = {name for text in self.texts.values() for name in code_names(text).imports}
        direct = {
            fact.name
            for fact in self.lock.facts.distributions
            if any(module.partition(".")[0] in imported for module in fact.modules)
        }
        pins = {match["name"]: match["version"] for match in _PIN.finditer(f"{self.lock.requirements}\n{self.lock.serving}")}
        server = {"uvicorn", "msgspec", "numpy", "prometheus-client", "pydantic-settings", "pyyaml"}
        return tuple(f"{name}=={pins[name]}" for name in sorted((direct | server) & pins.keys()))


def package_tree(package: Package) -> FileTree:
    """Return every file of the package, by its path. The same notebook and lock give the same bytes."""
    values = _values(package)
    source = PurePosixPath("src") / package.name
    tree: dict[PurePosixPath, str | bytes] = {
        PurePosixPath("pyproject.toml"): _render("pyproject.toml.j2", values),
        PurePosixPath("README.md"): _render("README.md.j2", values),
        PurePosixPath("config.yaml"): _render("config.yaml.j2", values),
        PurePosixPath(".env.example"): _render("env.example.j2", values),
        PurePosixPath(".gitignore"): _render("gitignore.j2", values),
        PurePosixPath("requirements.lock"): package.lock.requirements,
        PurePosixPath("serving.lock"): package.lock.serving,
        PurePosixPath("tests/test_package.py"): _render("test_package.py.j2", values),
        PurePosixPath("tests/test_config.py"): _render("test_config.py.j2", values),
        source / "__init__.py": _render("init.py.j2", values),
        source / "__main__.py": _render("main.py.j2", values),
        source / "config.py": _render("config.py.j2", values),
        source / "py.typed": "",
    }
    tree |= {source / f"{module}.py": text for module, text in package.texts.items()}
    tree |= {source / "serving" / name: text for name, text in _runtime_files().items()}
    tree |= {PurePosixPath("wheels") / name: content for name, content in package.lock.wheels.items()}
    return tree


def _values(package: Package) -> dict[str, Any]:
    parameters = package.selection.parameters
    low = package.uv_version.split(".")
    plain = [p for p in parameters if not p.secret]
    known = [name for name in _CONVENTIONAL if name in package.selection.owners]
    steps = f": {', '.join(known)}" if known else ""
    return {
        "package": package.name,
        "distribution": package.distribution,
        "version": package.version,
        "notebook": package.notebook,
        "description": f"Functions and settings of the notebook {package.notebook}{steps}.",
        "python": package.lock.facts.python_minor,
        "uv_build": {"low": f"{low[0]}.{low[1]}", "high": f"{low[0]}.{int(low[1]) + 1}"},
        "dependencies": package.dependencies,
        "prefix": f"{package.name.upper()}_",
        "parameters": parameters,
        "has_secrets": len(plain) < len(parameters),
        "secret": next((p for p in parameters if p.secret), None),
        "number": next((p for p in plain if type(p.default) in {int, float}), None),
        "public": package.public,
        "features": package.function("features"),
        "features_name": "features",
    }


def _render(template: str, values: Mapping[str, Any]) -> str:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("jupyter_prodkit.export"),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - this makes code and Markdown, not HTML
    )
    return environment.get_template(template).render(values).rstrip("\n") + "\n"


def _runtime_files() -> dict[str, str]:
    """The server, as it is: readable, and importing nothing of ours."""
    folder = resources.files("jupyter_prodkit.runtime")
    found = {entry.name: entry.read_text("utf-8") for entry in folder.iterdir() if entry.name.endswith(".py")}
    return dict(sorted(found.items()))


def read_lock(folder: Path, facts: EnvironmentFacts) -> Locked:
    """Return the lock in `folder`."""
    wheels = {path.name: path.read_bytes() for path in sorted((folder / "wheels").glob("*.whl"))}
    return Locked(
        requirements=(folder / "requirements.lock").read_text("utf-8"),
        serving=(folder / "serving.lock").read_text("utf-8"),
        wheels=wheels,
        facts=facts,
    )
