"""Environments made by uv, each from the same pins: the kernel's, the tools', and a clean one for each package."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

__all__ = ["Environments"]

_NOT_THE_NOTEBOOKS = re.compile(r"ipyflow|pyccolo|ipython|ipykernel|jupyter")
_BESIDE = ("lmfit>=1.3", "ipykernel>=6.29")


class Environments:
    """Makes them in `folder`; what is there already is used again, but a package's own is new each time."""

    def __init__(self, folder: Path, requirements: Path) -> None:
        self.folder = folder
        self.uv = str(import_module("uv").find_uv_bin())
        wanted = [line for line in requirements.read_text("utf-8").splitlines() if not _NOT_THE_NOTEBOOKS.match(line)]
        self.notebook = self._made("notebook", [*wanted, *_BESIDE])
        """Python of the environment that the notebooks are run in."""
        self.pins = folder / "pins.txt"
        self.pins.write_text(self.ask("pip", "freeze", "-p", str(self.notebook)), "utf-8")

    def tool(self, name: str, *packages: str) -> Path:
        """Return Python of the environment of a tool, alone."""
        return self._made(name, packages)

    def beside_notebook(self, name: str, *packages: str) -> Path:
        """Return Python of an environment with the notebooks' packages, as they are pinned, and others."""
        pins = self.pins.read_text("utf-8").splitlines()
        return self._made(name, [*pins, *packages])

    def product(self, checkout: Path) -> Path:
        """Return Python of the kernel's environment with the package of a checkout, as it stands now."""
        name = f"product-{checkout.resolve().parent.name}-{checkout.resolve().name}"
        toml: dict[str, Any] = _toml().loads((checkout / "pyproject.toml").read_text("utf-8"))
        project = toml["project"]
        extras = [one for extra in ("lock", "export") for one in project["optional-dependencies"].get(extra, [])]
        needed = [one for one in [*project["dependencies"], *extras] if not one.startswith("jupyter-prodkit")]
        python = self.beside_notebook(name, *needed)
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "source")
            ignored = shutil.ignore_patterns("__pycache__", "labextension")
            shutil.copytree(checkout / "jupyter_prodkit", source / "jupyter_prodkit", ignore=ignored)
            (source / "pyproject.toml").write_text(
                _PRODUCT.format(needed=project["dependencies"], extras=extras), "utf-8"
            )
            self.ask("build", "--wheel", "-q", str(source), "-o", str(source / "dist"), "-p", str(python))
            wheel = next((source / "dist").glob("*.whl"))
            self.ask("pip", "install", "-q", "--reinstall", "--no-deps", "-p", str(python), str(wheel))
        return python

    def clean(self, folder: Path, *wheels: Path, lock: Path | None = None) -> Path:
        """Make a new environment in `folder` and return its Python. Raises RuntimeError with uv's last words.

        Has the wheels, and the notebooks' packages or what is locked.
        """
        self.ask("venv", "-q", "--clear", "-p", sys.executable, str(folder))
        python = folder / "bin" / "python"
        pins = ["-r", str(lock)] if lock else ["-r", str(self.pins)]
        self.ask("pip", "install", "-q", "-p", str(python), *pins, cwd=lock.parent if lock else None)
        if wheels:
            self.ask("pip", "install", "-q", "-p", str(python), *map(str, wheels))
        return python

    def _made(self, name: str, packages: Any) -> Path:
        folder, asked = self.folder / name, "\n".join(packages)
        python, done = folder / "bin" / "python", folder / "complete"
        if not done.exists() or done.read_text("utf-8") != asked:
            print(f"Making an environment in {folder}", file=sys.stderr)
            self.ask("venv", "-q", "--clear", "-p", sys.executable, str(folder))
            self.ask("pip", "install", "-q", "-p", str(python), *packages)
            done.write_text(asked, "utf-8")
        return python

    def ask(self, *arguments: str, cwd: Path | None = None) -> str:
        """Run uv. Raises RuntimeError with its last words."""
        command = [self.uv, "--no-progress", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)
        if done.returncode:
            raise RuntimeError(" ".join(done.stderr.split())[-400:])
        return done.stdout


_PRODUCT = """[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "jupyter-prodkit"
version = "0.0.0"
dependencies = {needed!r}
[project.optional-dependencies]
export = {extras!r}
[project.scripts]
prodkit = "jupyter_prodkit.faces.cli:main"
[tool.hatch.build.targets.wheel]
packages = ["jupyter_prodkit"]
"""


def _toml() -> Any:
    return import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
