"""The tools: what each makes of a marked notebook, by its own command line."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from exported.environments import Environments
from exported.marking import Mark

__all__ = ["TOOLS", "Export", "Tool"]

_LIMIT = 900
_SCRUB = "nbdev.scrubmagics:scrub_magics"


@dataclass(frozen=True)
class Export:
    """What a tool made, or why not."""

    seconds: float
    said: str
    """All that it printed, and its reports."""
    failed: str = ""
    """Its own words where it made nothing."""
    wheel: Path | None = None
    no_wheel: str = ""
    """Why there is no wheel."""
    package: str = ""
    """Import name of what it made; empty where nothing can be imported."""
    code: tuple[Path, ...] = ()
    """The modules that hold the notebook's code."""
    lock: Path | None = None
    """What pins the package's environment."""
    pickles: Mapping[str, Path] = field(default_factory=dict)
    """Values that the tool's own run leaves."""
    reader: Path | None = None
    """Python of the environment that can read the pickles."""
    files: tuple[Path, ...] = ()
    """All that another run has to write again, byte for byte."""
    extra_seconds: float = 0.0
    """What had to be done before: the lock, or after: the run of the pipeline."""


@dataclass(frozen=True)
class Tool:
    """One tool, ready to be used."""

    name: str
    export: Callable[..., Export]
    """Takes the notebook, its marks, a folder to work in, and whether it is `again`: only to see what it writes."""


def prodkit(environments: Environments, product: Path, options: Sequence[str]) -> Callable[..., Export]:
    """Our own: cells are tagged, then `prodkit lock` and `prodkit export`, accepting what that says it needs."""
    python = environments.product(product)
    told, _ = _run([str(python), "-m", "jupyter_prodkit.faces.cli", "export", "--help"], product)
    taken = [option for option in ("--with-needed",) if option in told.stdout]

    def export(notebook: Path, marks: Sequence[Mark], folder: Path, *, again: bool = False) -> Export:  # noqa: ARG001 - one signature for all
        tagged = folder / notebook.name.replace("__", "_")
        if not tagged.exists():
            _tag(notebook, marks, tagged)
        output = folder / "project"
        command = [str(python), "-m", "jupyter_prodkit.faces.cli"]
        locked = 0.0
        said = ""
        if not (output / "lock").is_dir():
            done, locked = _run([*command, "lock", str(tagged), "--output", str(output), "--yes"], folder)
            said = done.stdout + done.stderr
            if done.returncode:
                return Export(0, said, failed=f"lock: {_last_words(done)}", extra_seconds=locked)
        done, seconds = _run(
            [*command, "export", str(tagged), "--output", str(output), "--yes", *taken, *options], folder
        )
        reports = [path.read_text("utf-8") for path in sorted(output.glob("*.json"))]
        said = "\n".join([done.stdout, done.stderr, *reports])
        wheels = sorted((output / "dist").glob("*.whl"))
        if not wheels:
            return Export(seconds, said, failed=_last_words(done), extra_seconds=locked)
        package = next((output / "package" / "src").iterdir()).name
        code = tuple(sorted((output / "package" / "src" / package).glob("*.py")))
        files = tuple(
            p
            for p in sorted([*(output / "package").rglob("*"), *wheels])
            if p.is_file() and "__pycache__" not in p.parts
        )
        lock = output / "package" / "requirements.lock"
        return Export(
            seconds, said, wheel=wheels[0], package=package, code=code, lock=lock if lock.exists() else None,
            files=files, extra_seconds=locked, no_wheel="",
        )  # fmt: skip

    return export


def nbdev(environments: Environments, *, everything: bool) -> Callable[..., Export]:
    """nbdev: `#| export` on the marked cells (or on all of them), its magic scrubber on, its own pyproject.toml."""
    bin_folder = environments.tool("nbdev", "nbdev").parent

    def export(notebook: Path, marks: Sequence[Mark], folder: Path, *, again: bool = False) -> Export:
        package = re.sub(r"_+", "_", notebook.stem.lower())
        project = folder / "project"
        if not again:
            failed = _nbdev_project(bin_folder, package, project)
            if failed:
                return Export(0, failed, failed=failed)
            _directed(
                notebook, None if everything else {mark.cell for mark in marks}, project / "nbs" / "00_core.ipynb"
            )
        done, seconds = _run([str(bin_folder / "nbdev-export"), "--path", "nbs", "--procs", _SCRUB], project)
        module = project / package / "core.py"
        if done.returncode or not module.exists():
            return Export(seconds, done.stdout + done.stderr, failed=_last_words(done))
        files = tuple(sorted((project / package).glob("*.py")))
        said = done.stdout + done.stderr
        if again:
            return Export(seconds, said, package=package, code=(module,), files=files)
        started = time.perf_counter()
        try:
            environments.ask("build", "--wheel", "-q", str(project), "-o", str(project / "dist"), "-p", sys.executable)
        except RuntimeError as error:
            return Export(seconds, said, no_wheel=str(error)[-200:], package=package, code=(module,), files=files)
        seconds += time.perf_counter() - started
        wheel = next((project / "dist").glob("*.whl"))
        return Export(seconds, said, wheel=wheel, package=package, code=(module,), files=files)

    return export


def _nbdev_project(bin_folder: Path, package: str, project: Path) -> str:
    """Make a project as nbdev's documentation says; what it said where it failed."""
    shutil.rmtree(project, ignore_errors=True)
    (project / "nbs").mkdir(parents=True)
    create = ["--repo", package, "--user", "someone", "--author", "someone", "--author-email", "a@b.example"]
    done, _ = _run([str(bin_folder / "nbdev-create-config"), *create, "--path", "."], project)
    if done.returncode:
        return _last_words(done)
    (project / "README.md").write_text(f"# {package}\n", "utf-8")
    (project / package).mkdir(exist_ok=True)
    if not (project / package / "__init__.py").exists():
        (project / package / "__init__.py").write_text('__version__ = "0.1.0"\n', "utf-8")
    return ""


def soorgeon(environments: Environments) -> Callable[..., Export]:
    """soorgeon: `soorgeon refactor`, then `ploomber build`; marks mean nothing to it."""
    refactor = environments.tool("soorgeon", "soorgeon", "cloudpickle").parent / "soorgeon"
    python = environments.beside_notebook("ploomber", "ploomber", "cloudpickle", "nbconvert", "setuptools<80")
    runner = python.parent

    def export(notebook: Path, marks: Sequence[Mark], folder: Path, *, again: bool = False) -> Export:  # noqa: ARG001 - one signature for all
        project = folder / "project"
        shutil.rmtree(project, ignore_errors=True)
        project.mkdir(parents=True)
        shutil.copy(notebook, project / "notebook.ipynb")
        done, seconds = _run([str(refactor), "refactor", "notebook.ipynb", "-z", "cloudpickle", "-f", "py"], project)
        pipeline = project / "pipeline.yaml"
        said = done.stdout + done.stderr
        if done.returncode or not pipeline.exists():
            return Export(seconds, said, failed=_last_words(done))
        tasks = tuple(sorted((project / "tasks").glob("*.py")))
        files = (pipeline, *tasks, *sorted(project.glob("exported.py")))
        if again:
            return Export(seconds, said, files=files)
        path = {"PATH": f"{runner}{os.pathsep}{os.environ['PATH']}", "PLOOMBER_STATS_ENABLED": "false"}
        built, ran = _run([str(runner / "ploomber"), "build"], project, path)
        return Export(
            seconds, said, code=tasks, files=files, pickles=_products(pipeline, project), reader=python,
            extra_seconds=ran,
            failed="" if not built.returncode else f"ploomber build: {_last_words(built)}",
            no_wheel="makes a pipeline of scripts, not a package",
        )  # fmt: skip

    return export


def jupytext(environments: Environments) -> Callable[..., Export]:
    """jupytext: `jupytext --to py:percent`; marks mean nothing to it."""
    convert = environments.tool("jupytext", "jupytext").parent / "jupytext"

    def export(notebook: Path, marks: Sequence[Mark], folder: Path, *, again: bool = False) -> Export:  # noqa: ARG001 - one signature for all
        module = re.sub(r"_+", "_", notebook.stem.lower())
        script = folder / "project" / f"{module}.py"
        script.parent.mkdir(parents=True, exist_ok=True)
        script.unlink(missing_ok=True)
        done, seconds = _run([str(convert), "--to", "py:percent", str(notebook), "-o", str(script)], folder)
        said = done.stdout + done.stderr
        if done.returncode or not script.exists():
            return Export(seconds, said, failed=_last_words(done))
        no_wheel = "makes a script, not a package"
        return Export(seconds, said, no_wheel=no_wheel, package=module, code=(script,), files=(script,))

    return export


TOOLS = {
    "prodkit": "`prodkit export`",
    "nbdev": "nbdev, cells as marked",
    "nbdev-all": "nbdev, every cell marked",
    "soorgeon": "soorgeon and ploomber",
    "jupytext": "jupytext",
}


def _tag(notebook: Path, marks: Sequence[Mark], to: Path) -> None:
    """Write the notebook with each mark as a tag; a step's cells say which values are wanted of them."""
    document = json.loads(notebook.read_text("utf-8"))
    cells = [cell for cell in document["cells"] if cell["cell_type"] == "code"]
    for mark in marks:
        wanted = [f"returns:{name}" for name in mark.values] if mark.mark.startswith("step:") else []
        cells[mark.cell]["metadata"] = {**cells[mark.cell].get("metadata", {}), "tags": [mark.mark, *wanted]}
    to.write_text(json.dumps(document, indent=1), "utf-8")


def _directed(notebook: Path, marked: set[int] | None, to: Path) -> None:
    document = json.loads(notebook.read_text("utf-8"))
    cells = [cell for cell in document["cells"] if cell["cell_type"] == "code"]
    for index, cell in enumerate(cells):
        if marked is None or index in marked:
            cell["source"] = "#| export\n" + "".join(cell["source"])
    first = {"cell_type": "code", "id": "module", "metadata": {}, "outputs": [], "execution_count": None}
    document["cells"].insert(0, {**first, "source": "#| default_exp core"})
    to.write_text(json.dumps(document, indent=1), "utf-8")


def _products(pipeline: Path, project: Path) -> dict[str, Path]:
    """The pickled values of a pipeline, the last task's of a name, where they were made."""
    import yaml

    found = {}
    for task in yaml.safe_load(pipeline.read_text("utf-8"))["tasks"]:
        product = task["product"] if isinstance(task["product"], dict) else {}
        found.update({n: project / at for n, at in product.items() if n != "nb" and (project / at).exists()})
    return found


def _run(
    command: Sequence[str], folder: Path, beside: Mapping[str, str] | None = None
) -> tuple[subprocess.CompletedProcess[str], float]:
    kept = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    kept |= {"PATH": f"{Path(command[0]).parent}{os.pathsep}{kept['PATH']}", "OMP_NUM_THREADS": "1", **(beside or {})}
    started = time.perf_counter()
    try:
        done = subprocess.run(
            command, cwd=folder, env=kept, capture_output=True, text=True, check=False, timeout=_LIMIT
        )
    except subprocess.TimeoutExpired:
        done = subprocess.CompletedProcess(list(command), 1, "", f"more than {_LIMIT} s")
    return done, time.perf_counter() - started


def _last_words(done: subprocess.CompletedProcess[str]) -> str:
    """The line of an error that says what is wrong."""
    lines = [line.strip() for line in (done.stderr.strip() or done.stdout.strip()).splitlines() if line.strip()]
    said = [line for line in lines if re.match(r"([\w.]+(Error|Exception)|prodkit|error): ", line)]
    return re.sub(r"\x1b\[[0-9;]*m", "", (said or lines or [f"status {done.returncode}"])[-1])[:240]
