"""What the simulated clean run finds of each cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from jupyter_prodkit.check.report import CellState
from jupyter_prodkit.notebook.dataflow import Definitions
from jupyter_prodkit.notebook.document import Cell
from jupyter_prodkit.session.ambient import AT_START
from jupyter_prodkit.session.history import History
from jupyter_prodkit.session.record import Execution, Glimpse, Version

__all__ = ["CleanRun", "Judged", "Mismatch"]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A name that the shown run of a cell read otherwise than a clean run would."""

    name: str
    ran_with: Version | None
    """None where the name did not exist when the cell ran."""
    clean: Version | None
    """None where a clean run would not have the name at all."""
    writer: Cell | None
    """The cell above that a clean run would have the name from."""
    is_around: bool = False
    """Whether it is no name of the notebook but what is around it: a random stream, an option, the folder."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One cell after the walk."""

    cell: Cell
    state: CellState
    runs: tuple[Execution, ...]
    """The cell's runs in this kernel, oldest first."""
    before: Execution | None = None
    """Where it has none: the run in a kernel before, whose outcome the page still shows."""
    edited: bool = False
    """Whether its last run had other code."""
    missing: tuple[str, ...] = ()
    """Names that a clean run would look for in vain, so that the cell would raise NameError."""
    mismatches: tuple[Mismatch, ...] = ()
    clean_run: Execution | None = None
    """The recorded run that shows what a clean run gives; the shown one where the cell reproduces."""
    differing: tuple[tuple[str, Glimpse, Glimpse], ...] = ()
    """Names whose value differs: as it is, and as a clean run gives it."""
    changed_since: tuple[str, ...] = ()
    """Names that it leaves in a clean run, and that code from elsewhere has since changed or deleted."""
    shows_otherwise: bool = False
    """Whether a clean run surely shows something else."""
    is_replayed: bool = False
    """Whether `clean_run` comes from really having run the page up to here."""
    chance: str = ""
    """How two clean runs disagree about it, where they were made."""

    @property
    def shown(self) -> Execution | None:
        """The run whose outcome the page shows."""
        return self.runs[-1] if self.runs else self.before


@dataclass
class CleanRun:
    """The state of the simulated clean run, and what was found on the way."""

    homes: dict[int, Cell] = field(default_factory=dict)
    """The cell on the page that each run belongs to, by the run's number."""
    cells: list[Judged] = field(default_factory=list)
    state: dict[str, Version] = field(default_factory=dict)
    """Each name that exists by now, and its version."""
    held: dict[str, Glimpse] = field(default_factory=dict)
    """A glimpse of the value of each name, where there is one."""
    writers: dict[str, Cell] = field(default_factory=dict)
    """The cell that wrote each name last."""
    sharing: dict[str, frozenset[str]] = field(default_factory=dict)
    """Each name whose value shares objects with others', and those names."""
    history: History = field(default_factory=History)
    """What has run so far."""
    left: dict[str, dict[str, Version]] = field(default_factory=dict)
    """What each cell wrote, by its id."""
    around: dict[str, Version] = field(default_factory=dict)
    """What there is besides names, where a cell has changed it."""
    untrusted: frozenset[str] = frozenset()
    """Names made by cells that were kept from doing what they do."""
    by_chance: frozenset[str] = frozenset()
    """Names whose values are chance."""
    at_start: Mapping[str, Version] = field(default_factory=lambda: dict(AT_START))
    """What there is besides names when a kernel starts."""
    definitions: Definitions = field(default_factory=Definitions)
    modules: set[str] = field(default_factory=set)
    may_exist: set[str] = field(default_factory=set)
    """Names that a call of a function may have bound."""
    any_may_exist: bool = False
    """Whether a cell whose outcome is not known may have bound any name."""

    @cached_property
    def by_id(self) -> dict[str, Judged]:
        """What was found of each cell; to be asked when the walk is over."""
        return {judged.cell.cell_id: judged for judged in self.cells}

    def forget(self, name: str) -> None:
        """Take it that a name is gone."""
        self.state.pop(name, None)
        self.held.pop(name, None)
        self.writers.pop(name, None)
        self._part(name)

    def share(self, written: Mapping[str, Version], sharing: Mapping[str, frozenset[str]]) -> None:
        """Take it that of the names just written each shares objects with those that `sharing` gives, no others."""
        for name in written:
            if name in sharing or name in self.sharing:
                self._part(name)
        for name in written:
            others = frozenset(sharing.get(name, frozenset()) & self.state.keys())
            for other in others:
                self.sharing[other] = self.sharing.get(other, frozenset()) | {name}
            if others:
                self.sharing[name] = self.sharing.get(name, frozenset()) | others

    def _part(self, name: str) -> None:
        for other in self.sharing.pop(name, frozenset()):
            self.sharing[other] = self.sharing.get(other, frozenset()) - {name}

    def replace_at(self, place: int, **changes: object) -> None:
        """Change what was found of one cell."""
        self.cells[place] = replace(self.cells[place], **changes)  # type: ignore[arg-type]
