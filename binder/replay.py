"""Replays the demo's missteps in a real kernel: what is done on the page, what the check finds, how it is mended.

What to do stands in the notebook itself, in the metadata of the Markdown cells that tell of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import nbformat

from jupyter_prodkit.check.report import Finding, Report
from jupyter_prodkit.faces.remote import carry_out_there
from jupyter_prodkit.notebook.document import read_notebook
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.session.driver import KernelDriver

__all__ = ["Misstep", "NotAsToldError", "Replayed", "Workbench", "missteps_of", "questions_of"]


class NotAsToldError(Exception):
    """The demo's story and what really happened part ways."""


class Misstep(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that goes wrong, as the notebook's metadata tells it."""

    title: str
    do: list[dict[str, str]]
    finds: list[dict[str, str | None]]
    """Rule and cell of each finding that the check then has to make."""
    fix: list[dict[str, str]]
    """What to do on the page; running again what the check lists comes after it."""


@dataclass(frozen=True)
class Replayed:
    """What came of one misstep."""

    misstep: Misstep
    found: tuple[Finding, ...]
    rerun: tuple[str, ...]
    """Ids of the cells that were run again to mend it."""


def missteps_of(path: Path) -> tuple[Misstep, ...]:
    """Return the missteps that the notebook plans, in page order."""
    return tuple(msgspec.convert(plan, Misstep) for plan in _plans(path) if "do" in plan)


def questions_of(path: Path) -> list[dict[str, Any]]:
    """Return the raw rows that the notebook would have the service asked for."""
    return [row for plan in _plans(path) for row in plan.get("ask", [])]


def _plans(path: Path) -> Iterator[dict[str, Any]]:
    for cell in nbformat.read(path, as_version=4).cells:
        if "demo" in cell.metadata:
            yield cell.metadata["demo"]


class Workbench:
    """A notebook that can be worked on, and the kernel it runs in: what the hands of a user would do."""

    def __init__(self, path: Path, driver: KernelDriver) -> None:
        self.path = path
        self._driver = driver
        self._progress = Progress()

    def run_from_the_top(self) -> int:
        """Run every cell, in page order, and return how many there are."""
        notebook = read_notebook(self.path)
        self._driver.run_notebook(notebook, self._progress)
        return len(notebook.code_cells)

    def check(self) -> Report:
        """Return what the check says of the page and the kernel."""
        answer = carry_out_there(self._driver, "check", {"notebook": str(self.path)}, self._progress)
        return msgspec.json.decode(answer.json, type=Report)

    def replay(self, misstep: Misstep) -> Replayed:
        """Make the misstep, have it found, and mend it. Raises NotAsToldError where it isn't found or stays."""
        for action in misstep.do:
            self._act(action)
        report = self.check()
        found = tuple(_expected(report, wanted) for wanted in misstep.finds)
        for action in misstep.fix:
            self._act(action)
        rerun = tuple(planned.cell_id for planned in self.check().plan)
        for cell_id in rerun:
            self._run(cell_id)
        self._expect_mended(misstep)
        return Replayed(misstep, found, rerun)

    def _expect_mended(self, misstep: Misstep) -> None:
        left = {(finding.rule, finding.cell_id) for finding in self.check().findings}
        still = [str(wanted["rule"]) for wanted in misstep.finds if (wanted["rule"], wanted["cell"]) in left]
        if still:
            raise NotAsToldError(f"“{misstep.title}”: still there after the fix: {', '.join(still)}.")

    def _act(self, action: dict[str, str]) -> None:
        match action:
            case {"run": cell_id}:
                self._run(cell_id)
            case {"execute": code}:
                self._expect_success(code, self._driver.execute(code, self._progress).error)
            case _:
                notebook = nbformat.read(self.path, as_version=4)
                _change(notebook.cells, action)
                nbformat.write(notebook, self.path)

    def _run(self, cell_id: str) -> None:
        cell = read_notebook(self.path).cell(cell_id)
        if cell is None:
            raise NotAsToldError(f"There is no cell {cell_id!r} to run.")
        self._expect_success(cell_id, self._driver.run_cell(cell, self._progress).error)

    def _expect_success(self, what: str, error: str) -> None:
        if error:
            raise NotAsToldError(f"{what!r} raised {error}")


def _change(cells: list[Any], action: dict[str, str]) -> None:
    """Carry out one change of the page."""
    match action:
        case {"edit": cell_id, "replace": old, "by": new}:
            cell = cells[_place(cells, cell_id)]
            if cell.source.count(old) != 1:
                raise NotAsToldError(f"{old!r} does not stand once in the cell {cell_id!r}.")
            cell.source = cell.source.replace(old, new)
        case {"delete": cell_id}:
            del cells[_place(cells, cell_id)]
        case {"insert": cell_id, "below": above, "source": source}:
            cells.insert(_place(cells, above) + 1, nbformat.v4.new_code_cell(source, id=cell_id))
        case {"move": cell_id, "below": above}:
            moved = cells.pop(_place(cells, cell_id))
            cells.insert(_place(cells, above) + 1, moved)
        case _:
            raise NotAsToldError(f"What is {json.dumps(action)}?")


def _place(cells: list[Any], cell_id: str) -> int:
    for place, cell in enumerate(cells):
        if cell.id == cell_id:
            return place
    raise NotAsToldError(f"There is no cell {cell_id!r} on the page.")


def _expected(report: Report, wanted: dict[str, str | None]) -> Finding:
    for finding in report.findings:
        if (finding.rule, finding.cell_id) == (wanted["rule"], wanted["cell"]):
            return finding
    found = ", ".join(f"{finding.rule} at {finding.cell_id}" for finding in report.findings) or "nothing"
    raise NotAsToldError(f"The check did not find {wanted['rule']} at {wanted['cell']}, but {found}.")
