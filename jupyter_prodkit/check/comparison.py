"""What the page shows and the kernel was left with by a cell, compared with what a clean run gives."""

from __future__ import annotations

from dataclasses import dataclass

from jupyter_prodkit.check.judged import CleanRun
from jupyter_prodkit.notebook.document import Cell
from jupyter_prodkit.notebook.outputs import same_outputs, shown_digest
from jupyter_prodkit.session.glimpse import is_module
from jupyter_prodkit.session.record import Execution, Glimpse

__all__ = ["Comparison", "compare", "shows_the_same"]

_GONE = Glimpse("gone", "no such name")
_SHOWS_NOTHING = shown_digest(())
"""So does what only warns: stderr doesn't count."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """How the outcome of one run differs from another's."""

    differing: tuple[tuple[str, Glimpse, Glimpse], ...] = ()
    """Names whose values surely differ: as the shown run left them, and as the clean run does."""
    shows_otherwise: bool | None = False
    """Whether what is shown differs; None where that isn't known."""
    doubtful: tuple[str, ...] = ()
    """Names whose values can't be told apart or taken as equal."""

    @property
    def is_known(self) -> bool:
        """Whether the two are surely the same, or surely not."""
        return bool(self.differing or self.shows_otherwise) or not (self.doubtful or self.shows_otherwise is None)


def compare(clean: CleanRun, cell: Cell, shown: Execution, match: Execution) -> Comparison:
    """Return how what `shown` did differs from what `match` did, which is what a clean run does.

    `clean` is the clean run's state before the cell.
    """
    same = shows_the_same(cell, shown, match)
    if same and not shown.success and not match.success:
        return Comparison()  # the same error: what it got done before is judged where it is read
    # Where the same code was seen to show the same, a value that there was no time to look at is taken to be the same.
    same_code = shown is not match and shown.digest == match.digest
    vouched = same is True and same_code and match.shown is not None and match.shown.digest != _SHOWS_NOTHING
    differing: list[tuple[str, Glimpse, Glimpse]] = []
    doubtful: list[str] = []
    for name in sorted(shown.outputs.keys() | match.outputs.keys()):
        left, (will, has) = _left(shown, name), _given(clean, match, name)
        was, had = left if left is not None else (None, None)
        if was == will or _is_besides(clean, shown, match, name, had):
            continue
        if has is _GONE and had is not None and is_module(had):
            continue  # an import that has moved: wherever it stands it is the same, and who lacks it fails
        differs = _differs(had, has)
        if differs and had is not None and has is not None:
            differing.append((name, had, has))
        elif differs is None and not vouched:
            doubtful.append(name)
    return Comparison(tuple(differing), None if same is None else not same, tuple(doubtful))


def _differs(had: Glimpse | None, has: Glimpse | None) -> bool | None:
    """Whether two values of other versions differ; None where that can't be told."""
    if had is None or has is None or (has is _GONE and had.digest is None):
        return None
    if had.differs_from(has):
        return True
    return False if had.equals(has) or _can_tell(had, has) else None


def _is_besides(clean: CleanRun, shown: Execution, match: Execution, name: str, had: Glimpse | None) -> bool:
    """Whether a name was only changed along with another: one that a clean run does not have yet, or leaves alone.

    What that does to the cells that read the name is seen at those cells.
    """
    if name not in shown.mutated:
        return False
    if name not in clean.state:
        return True
    unknown = had is not None and had.digest is None and not had.is_opaque
    return unknown and name not in match.outputs and not match.number


def _left(run: Execution, name: str) -> tuple[str, Glimpse | None] | None:
    """The version and glimpse of a name after a run; None where it had no part in the run."""
    version = run.outputs.get(name)
    if version is not None:
        return version, run.after.get(name)
    version = run.inputs.get(name)
    if version is None:
        return None
    # What it was before says nothing where the run may have changed it and nobody has looked since.
    return version, None if name in run.unlooked else run.before.get(name)


def _given(clean: CleanRun, match: Execution, name: str) -> tuple[str, Glimpse | None]:
    """The same after a clean run of the cell."""
    if name in match.mutated and name not in clean.state:
        return "gone", _GONE
    left = _left(match, name)
    if left is not None:
        return left
    version = clean.state.get(name)
    return ("gone", _GONE) if version is None else (version, clean.held.get(name))


def _can_tell(one: Glimpse, other: Glimpse) -> bool:
    """Whether two glimpses tell values apart: by content, or because there is no content to tell (a figure)."""
    if one.digest is not None and other.digest is not None:
        return one.tells_apart and other.tells_apart
    return one.is_opaque and other.is_opaque


def shows_the_same(cell: Cell, shown: Execution | None, match: Execution) -> bool | None:
    """Return whether the page shows what `match` shows; None where either is not known."""
    if shown is match:
        return True
    one = cell.shown_digest if shown is None or shown.shown is None else shown.shown.digest
    other = None if match.shown is None else match.shown.digest
    if one is None or other is None:
        return None
    outputs = getattr(match.shown, "outputs", None)
    if one == other or outputs is None or not cell.outputs or cell.shown_digest != one:
        return one == other
    return same_outputs(cell.outputs, outputs)  # tolerant of what no reader would see
