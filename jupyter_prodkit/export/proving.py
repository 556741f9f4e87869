"""The proof that the package computes what the notebook computed: smallest slice first, widened until equal."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from jupyter_prodkit.errors import ExportError
from jupyter_prodkit.export.clean_environment import CleanEnvironment, PackageRun
from jupyter_prodkit.export.closure import Width
from jupyter_prodkit.export.comparing import compare, is_opaque
from jupyter_prodkit.export.exportable import check_step_cell
from jupyter_prodkit.export.merging import Edits
from jupyter_prodkit.export.offered_imports import ImportOffers, with_imports_above
from jupyter_prodkit.export.package import Package, package_tree
from jupyter_prodkit.export.reference import Reference, Wanted, reference_values
from jupyter_prodkit.export.selection import Selection, select
from jupyter_prodkit.export.step_functions import StepFunction
from jupyter_prodkit.files import FileTree, fill_folder
from jupyter_prodkit.lock.uv import Uv
from jupyter_prodkit.notebook.document import Cell, Notebook
from jupyter_prodkit.notebook.names import code_names
from jupyter_prodkit.progress import Progress

__all__ = ["Proven", "Unequal", "prove_values"]

_WITNESS = "witness_"


@dataclass(frozen=True, slots=True)
class Unequal:
    """A value that the package does not give as the notebook does."""

    step: str
    name: str
    difference: str
    cause: str
    """What the likely cause is."""


@dataclass(frozen=True)
class Proven:
    """What the proof found."""

    package: Package
    """The package with the slice that came nearest to the notebook."""
    equal: tuple[str, ...] = ()
    exact: int = 0
    """How many of the equal ones are the same to the last bit."""
    unequal: tuple[Unequal, ...] = ()
    undetermined: Mapping[str, str] = field(default_factory=dict)
    """Values that do not agree with themselves in two runs of the notebook, each with the first difference."""
    incomparable: Mapping[str, str] = field(default_factory=dict)
    """Values that can't be compared, each with why."""
    unknown: str = ""
    """Why nothing is known; empty where something is."""
    types: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """The type of each value, by step and name."""
    witness: bool = False
    """Whether the values are those that unmarked cells made by calling what is exported."""
    width: Width = Width.LIKELY
    edited: tuple[str, ...] = ()
    """Files whose edits by hand were in the package that ran."""

    @property
    def sentence(self) -> str:
        """What is known, in a sentence."""
        if self.unknown:
            return f"not known: {self.unknown}"
        whole = len(self.equal) + len(self.unequal)
        if not whole:
            reasons = [*self.incomparable.values(), *self.undetermined.values()]
            return f"not known: no value could be compared{f' ({reasons[0]})' if reasons else ''}"
        inexact = len(self.equal) - self.exact
        said = f"{len(self.equal)} of {whole} values equal the notebook\u2019s in a clean environment"
        said += f", with your edits in {', '.join(self.edited)}" if self.edited else ""
        return f"{said} ({inexact} of them within 1e-6)" if inexact else said


def prove_values(
    notebook: Notebook,
    package: Package,
    lock: Path,
    *,
    budget: float,
    allow_effects: bool,
    progress: Progress,
    edits: Callable[[FileTree], Edits] = lambda _: Edits(),
) -> Proven:
    """Run notebook and package and compare each value that the steps give.

    Where no step is marked, the cells that call what is exported stand for steps. Takes `budget` seconds at most.
    Where `edits` by hand go into the code, the package with them is what is compared in the end.
    Raises ExportError where no clean environment can be made or the package can't be built, CancelledError.
    """
    deadline = time.monotonic() + budget
    witness = not package.selection.steps
    page = _with_witnesses(notebook, package.selection) if witness else notebook
    offers = package.selection.offers
    try:
        selection = select(page, offers=offers)
    except ExportError as error:
        return Proven(package, unknown=f"the cells that call what is exported can't be repeated: {error.message}")
    if not selection.steps:
        return Proven(package, unknown="no cell makes a value with what is exported")
    reference = reference_values(
        with_imports_above(page, offers.locked),
        [_wanted(step) for step in selection.steps],
        needed={cell_id for step in selection.steps for cell_id in step.cells},
        deadline=deadline,
        allow_effects=allow_effects,
        progress=progress,
    )
    if reference.unfinished:
        return Proven(package, unknown=reference.unfinished)
    typed = package if witness else replace(package, selection=select(page, types=reference.types, offers=offers))
    prover = _Prover(page, offers, typed, reference, lock, deadline, progress, edits, witness=witness)
    try:
        return prover.widen()
    except TimeoutError:
        return Proven(typed, unknown=f"the {budget:g} seconds that the proof may take were over")


@dataclass
class _Prover:
    page: Notebook
    offers: ImportOffers
    package: Package
    reference: Reference
    lock: Path
    deadline: float
    progress: Progress
    edits: Callable[[FileTree], Edits]
    witness: bool

    def widen(self) -> Proven:
        """Try the widths one after the other until all values are equal; return the best."""
        best: tuple[Proven, Selection] | None = None
        with tempfile.TemporaryDirectory(prefix="prodkit-proof-") as scratch:
            uv = Uv.here()
            clean = CleanEnvironment(uv, Path(scratch) / "venv", self.progress)
            self.progress.stage("Making a new environment from the lock", 0.5)
            clean.install_lock(self.lock)
            tried: set[tuple[tuple[str, tuple[int, ...]], ...]] = set()
            for width in Width:
                try:
                    selection = select(self.page, width, self.reference.types, self.offers)
                except ExportError:
                    break  # more of the page than can be exported: the narrower slices are what there is
                made = tuple((step.step, tuple(one.place for one in step.statements)) for step in selection.steps)
                if made in tried:
                    continue
                tried.add(made)
                found = self._try(clean, uv, Path(scratch) / width.name.lower(), selection, width)
                if best is None or len(found.equal) > len(best[0].equal):
                    best = found, selection
                if not found.unequal:
                    break
            assert best is not None
            return self._with_edits(clean, uv, Path(scratch) / "edited", *best)

    def _with_edits(
        self, clean: CleanEnvironment, uv: Uv, folder: Path, plain: Proven, selection: Selection
    ) -> Proven:
        """What the package gives as it will be written: with the edits by hand that its code has."""
        edits = self.edits(package_tree(replace(self.package, selection=selection)))
        if not edits.files:
            return plain
        found = self._try(clean, uv, folder, selection, plain.width, edits.code)
        cause = f"an edit by hand in {', '.join(edits.files)}"
        unequal = tuple(
            replace(one, cause=cause) if {one.name, f"{one.step}: {one.name}"} & {*plain.equal} else one
            for one in found.unequal
        )
        return replace(found, unequal=unequal, edited=edits.files)

    def _try(
        self,
        clean: CleanEnvironment,
        uv: Uv,
        folder: Path,
        selection: Selection,
        width: Width,
        code: FileTree = MappingProxyType({}),
    ) -> Proven:
        package = replace(self.package, selection=selection)
        what = "Running the package with your edits in it" if code else "Running the package in it"
        self.progress.stage(what, 0.6 + 0.1 * width)
        source = folder / "source"
        source.mkdir(parents=True)
        fill_folder(source, {**package_tree(replace(package, golden={("", ""): None})), **code})
        clean.install_package(uv.build_wheel(source, folder / "dist", self.progress))
        wanted = {step.step: list(step.outputs) for step in selection.steps}
        run = clean.run(package, source, wanted, self.page, self.deadline)
        kept = self.package if self.witness else package
        return self._compared(kept, selection, run, width)

    def _compared(self, package: Package, selection: Selection, run: PackageRun, width: Width) -> Proven:
        found = Proven(package, witness=self.witness, width=width)
        for step in selection.steps:
            for name in step.outputs:
                found = self._with(found, step, name, run)
        if self.witness:
            return found
        found = replace(found, types=self.reference.types)
        kept = {key: value for key, value in run.golden.items() if f"{key[0]}: {key[1]}" in found.equal}
        return replace(found, package=replace(package, golden=kept))

    def _with(self, found: Proven, step: StepFunction, name: str, run: PackageRun) -> Proven:
        """What was found, and one value more."""
        key, said = (step.step, name), name if self.witness else f"{step.step}: {name}"
        if key not in self.reference.values:
            raised = [error for cell_id in step.cells if (error := self.reference.errors.get(cell_id))]
            why = raised[0] if raised else "the notebook does not make it"
            return replace(found, incomparable={**found.incomparable, said: why})
        if key in self.reference.undetermined:
            return replace(found, undetermined={**found.undetermined, said: self.reference.undetermined[key]})
        why = is_opaque(self.reference.values[key])
        if why:
            return replace(found, incomparable={**found.incomparable, said: why})
        if key not in run.values:
            missing = f"not made: {run.error or 'no reason given'}"
            return replace(found, unequal=(*found.unequal, Unequal(*key, missing, _cause(step, run))))
        compared = compare(self.reference.values[key], run.values[key])
        if not compared.equal:
            return replace(found, unequal=(*found.unequal, Unequal(*key, compared.difference, _cause(step, run))))
        return replace(found, equal=(*found.equal, said), exact=found.exact + compared.exact)


def _cause(step: StepFunction, run: PackageRun) -> str:
    """What most likely makes a step give something else."""
    if run.error:
        return "the package raises where the notebook does not"
    reads = {name for one in step.statements for name in one.reads | one.changes}
    if any(name.startswith(("@numpy", "@random", "@torch", "@tensorflow")) for name in reads):
        return "it draws random numbers, and cells outside the export draw from the same stream"
    if any(name.startswith("@") for name in reads):
        return "it reads files that cells outside the export may write"
    return "a cell outside the export changes a value in a way that the code does not show"


def _wanted(step: StepFunction) -> Wanted:
    return Wanted(step.step, step.statements[-1].cell.cell_id, step.outputs)


def _with_witnesses(notebook: Notebook, selection: Selection) -> Notebook:
    """The page with each unmarked cell that calls what is exported marked as a step of its own."""
    exported = [cell for cells in selection.modules.values() for cell in cells]
    functions = {name for cell in exported for name in code_names(cell.source).deferred}
    cells = [_witness(cell, functions) if cell.runs else cell for cell in notebook.cells]
    return replace(notebook, cells=tuple(cells))


def _witness(cell: Cell, functions: set[str]) -> Cell:
    marks = cell.marks
    if marks.export or marks.parameters or not code_names(cell.source).calls & functions:
        return cell
    marked = replace(cell, tags=(*cell.tags, f"step:{_WITNESS}{cell.index + 1}"))
    try:
        check_step_cell(marked)
    except ExportError:
        return cell
    return marked
