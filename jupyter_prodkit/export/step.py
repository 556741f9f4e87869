"""The export as a step of the journey: marked cells become a package and its wheel."""

from __future__ import annotations

import importlib.metadata
import keyword
import os
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec

from jupyter_prodkit.environment.facts import EnvironmentFacts
from jupyter_prodkit.errors import ExportError, MissingDependencyError
from jupyter_prodkit.export.package import Package, package_tree, read_lock
from jupyter_prodkit.export.selection import select
from jupyter_prodkit.files import FileTree, file_digest, fill_folder, staged_folder
from jupyter_prodkit.lock.uv import Uv
from jupyter_prodkit.notebook.document import Notebook
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.release import ProjectFolder, ReleaseRecord
from jupyter_prodkit.step import Fact, Inputs, Options, Plan, Result, Step
from jupyter_prodkit.subprocesses import run_program

__all__ = ["EXPORT", "ExportOptions"]

_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
_VERSION = re.compile(r"\d+(\.\d+)*((a|b|rc)\d+)?(\.post\d+)?(\.dev\d+)?\Z")  # PEP 440, without epoch and local label


class ExportOptions(Options, frozen=True, kw_only=True):
    """What the export can be told."""

    name: Annotated[str | None, msgspec.Meta(description="Name of the package; the notebook's if not given.")] = None
    version: Annotated[str, msgspec.Meta(description="Version of the package (PEP 440).")] = "0.1.0"


@dataclass(frozen=True, kw_only=True)
class ExportPlan(Plan):
    """The package that would be written."""

    package: Package
    tree: FileTree
    project: ProjectFolder


def package_name(notebook_name: str, wanted: str | None, taken: frozenset[str]) -> str:
    """Return the import name of the package. Raises ExportError where it is no name, or would hide another module."""
    name = wanted or re.sub(r"\W+", "_", notebook_name).strip("_").lower()
    if not _NAME.match(name) or keyword.iskeyword(name):
        raise ExportError(f"{name!r} can't be the name of a package.", "Choose one with --name: lower-case letters, digits, _.")
    if name in sys.stdlib_module_names or name in taken:
        raise ExportError(f"A package named {name!r} would hide the module of that name.", "Choose another with --name.")
    return name


def _plan(inputs: Inputs, options: ExportOptions) -> ExportPlan:
    selection = select(inputs.notebook)
    facts = _environment(inputs.project)
    taken = frozenset(module.partition(".")[0] for fact in facts.distributions for module in fact.modules)
    name = package_name(inputs.notebook.name, options.name, taken)
    if not _VERSION.match(options.version):
        raise ExportError(f"{options.version!r} is not a version.", "Write it as PEP 440 says, for example 0.2.0.")
    package = Package(
        name=name, version=options.version, notebook=inputs.notebook.path.name, selection=selection,
        lock=read_lock(inputs.project.lock, facts), uv_version=_uv_version(),
    )  # fmt: skip
    count = sum(len(cells) for cells in selection.modules.values())
    return ExportPlan(
        summary=f"Export {count} marked {'cell' if count == 1 else 'cells'} as the package {name} {options.version}.",
        details=tuple(f"{module}: {', '.join(names)}" for module, names in package.public),
        package=package,
        tree=package_tree(package),
        project=inputs.project,
    )


def _environment(project: ProjectFolder) -> EnvironmentFacts:
    path = project.lock / "environment.json"
    if not path.exists():
        raise ExportError("There is no lock to pin the package with.", "Run %prodlock first.")
    try:
        return msgspec.json.decode(path.read_bytes(), type=EnvironmentFacts)
    except msgspec.DecodeError as error:
        raise ExportError(f"{path} can't be read: {error}.", "Run %prodlock again.") from error


def _uv_version() -> str:
    try:
        return importlib.metadata.version("uv")
    except importlib.metadata.PackageNotFoundError as error:
        raise MissingDependencyError("uv", "export") from error


def _run(plan: ExportPlan, progress: Progress) -> Result:
    project, package = plan.project, plan.package
    with staged_folder(project.package) as source, staged_folder(project.dist) as dist:
        progress.stage(f"Writing {len(plan.tree)} files", 0.2)
        fill_folder(source, plan.tree)
        progress.stage("Building the wheel", 0.4)
        wheel = _build(source, dist, progress)
        progress.stage("Importing the wheel in a new process", 0.8)
        _import(wheel, package, progress)
        digest = file_digest(wheel)
    return Result(
        summary=f"Exported {package.name} {package.version}: {len(package.selection.owners)} definitions, "
        f"{len(package.selection.parameters)} settings.",
        facts=(
            *(Fact(f"{module}.py", ", ".join(names)) for module, names in package.public),
            Fact("settings", ", ".join(p.field for p in package.selection.parameters) or "none"),
            Fact("served", _served(package)),
            Fact("proof", "the wheel was imported in a new process: it printed nothing and wrote nothing"),
            Fact("package", str(project.package)),
            Fact("wheel", f"{wheel.name} sha256:{digest[:12]}"),
        ),
        warnings=_warnings(package),
        recorded={
            "package": package.name,
            "package_version": package.version,
            "wheel": wheel.name,
            "wheel_digest": digest,
            "features": package.function("features"),
            "predict": package.function("predict"),
            "cells": {module: [cell.cell_id for cell in cells] for module, cells in package.selection.modules.items()},
        },
    )


def _served(package: Package) -> str:
    if package.function("features") is None:
        return "the bare model: no function `features` is exported"
    return f"model.predict(features(raw rows)), with {package.function('features')}"


def _warnings(package: Package) -> tuple[str, ...]:
    if package.function("features") is not None:
        return ()
    return ("No function named `features` is marked `export`: what makes the model's input would not be served with it.",)


def _build(source: Path, dist: Path, progress: Progress) -> Path:
    with tempfile.TemporaryDirectory() as scratch:
        wheel = Uv.here().build_wheel(source, Path(scratch), progress)
        return Path(shutil.copy2(wheel, dist / wheel.name))


_IMPORT = """
import importlib, os, sys
before = set(os.listdir())
for name in sys.argv[1:]:
    importlib.import_module(name)
if set(os.listdir()) != before:
    sys.exit("it wrote " + ", ".join(sorted(set(os.listdir()) - before)))
"""


def _import(wheel: Path, package: Package, progress: Progress) -> None:
    """Import every module from the wheel, in an empty folder. Raises ExportError where that fails or says anything."""
    modules = [package.name, f"{package.name}.config", *(f"{package.name}.{module}" for module in package.texts)]
    environment = {**os.environ, "PYTHONPATH": str(wheel), "PYTHONDONTWRITEBYTECODE": "1"}
    with tempfile.TemporaryDirectory() as empty:
        finished = run_program(
            [sys.executable, "-W", "ignore", "-c", _IMPORT, *modules], progress, cwd=Path(empty), environment=environment
        )
    said = (finished.stdout + finished.stderr).strip()
    if finished.status != 0 or said:
        what = "can't be imported" if finished.status else "prints something when it is imported"
        raise ExportError(
            f"The exported package {what}: {said.splitlines()[-1] if said else 'no reason given'}",
            "Run %prodlock again if a distribution is missing; else look at the marked cells.",
        )


def _stale(record: ReleaseRecord, notebook: Notebook) -> str | None:
    done, lock = record.steps.get("export"), record.steps.get("lock")
    if done is None:
        return None
    if done.notebook_digest != notebook.code_digest:
        return "the code has changed since"
    return "the lock was made again since" if lock is not None and lock.done_at > done.done_at else None


EXPORT: Step[ExportOptions, ExportPlan] = Step(
    name="export",
    title="Export",
    summary="Turns the marked cells into an installable package with typed settings, a command and tests.",
    options=ExportOptions,
    plan=_plan,
    run=_run,
    stale=_stale,
    needs_kernel=False,
)
