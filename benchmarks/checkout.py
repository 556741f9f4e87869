"""What the benchmarks share: this checkout, a copy of its package, and environments of their own outside of it."""

from __future__ import annotations

import compileall
import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["CACHE", "ROOT", "copied_package", "described", "environment", "needed_packages", "write_docs"]

ROOT = Path(__file__).resolve().parents[1]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "jupyter-prodkit"


def described(checkout: Path = ROOT) -> str:
    """The commit that is measured; `-dirty` where files differ from it."""
    git = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(git, cwd=checkout, capture_output=True, text=True, check=False).stdout.strip() or "no commit"


def write_docs(name: str, text: str) -> None:
    """Put the tables between the marks for `name` in docs/benchmarks.md; headings go one level down."""
    page = ROOT / "docs" / "benchmarks.md"
    before, begin, rest = page.read_text(encoding="utf-8").partition(f"<!-- begin {name} -->\n")
    _, end, after = rest.partition(f"<!-- end {name} -->")
    lower = re.sub(r"^#", "##", text.strip(), flags=re.MULTILINE)
    page.write_text(f"{before}{begin}{lower}\n{end}{after}", encoding="utf-8")


@contextmanager
def copied_package() -> Iterator[Path]:
    """A folder for PYTHONPATH with the package as it stands now, so that edits meanwhile change nothing."""
    with tempfile.TemporaryDirectory(prefix="prodkit-code-") as folder:
        ignored = shutil.ignore_patterns("__pycache__", "labextension")
        shutil.copytree(ROOT / "jupyter_prodkit", Path(folder) / "jupyter_prodkit", ignore=ignored)
        compileall.compile_dir(folder, quiet=2)  # kernels of the benchmarks write no bytecode
        yield Path(folder)


def needed_packages() -> list[str]:
    """What the package needs to be imported, from pyproject.toml."""
    from importlib import import_module

    toml = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    needed: list[str] = toml.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    return needed


def environment(folder: Path, requirements: Iterable[str]) -> Path:
    """Return Python of the environment in `folder`, made where it is missing; what is asked for anew is added.

    Raises CalledProcessError where the requirements can't be installed.
    """
    python, asked = folder / "bin" / "python", "\n".join(requirements)
    done = folder / "complete"
    if not python.exists():
        print(f"Making an environment in {folder}", file=sys.stderr)
        venv.create(folder, with_pip=True)
    if not done.exists() or done.read_text(encoding="utf-8") != asked:
        pip = [str(python), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, *asked.split("\n")], check=True, stdout=sys.stderr)
        done.write_text(asked, encoding="utf-8")
    return python
