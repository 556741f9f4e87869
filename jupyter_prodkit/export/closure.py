"""What the marked cells need of the page: the statements that dataflow leads back to, and the step each belongs to."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise
from types import MappingProxyType

from jupyter_prodkit.errors import ExportError
from jupyter_prodkit.export.statements import Statement

__all__ = ["Closure", "Width", "close"]


class Width(IntEnum):
    """How much counts as a change of a value: each next one takes more of the page along."""

    LIKELY = 0
    """What assigns to it, mutates it by a known method, or calls it for nothing but an effect."""
    POSSIBLE = 1
    """Each call that gets it or shares it."""
    EVERYTHING = 2
    """Every statement above that does anything."""


@dataclass(frozen=True)
class Closure:
    """The statements that the steps and the exported definitions are made of, in page order."""

    steps: Mapping[str, tuple[Statement, ...]]
    """Step → its statements, in the order in which the steps run."""
    definitions: tuple[Statement, ...]
    """Unmarked statements that exported definitions read, and what those read in turn."""
    taken: tuple[Statement, ...]
    """Those of all these that nobody marked."""


class _Page:
    """The statements of the page, asked who provides a name."""

    def __init__(self, statements: Sequence[Statement], width: Width, hints: Mapping[str, str]) -> None:
        self.statements = statements
        self.hints = hints
        self.width = width
        self.binders: dict[str, list[int]] = {}
        self.changers: dict[str, list[int]] = {}
        self.drawn_on: dict[str, list[int]] = {}
        """What only shows changes a figure, which counts where a value is read from one (`ax.get_xlim()`)."""
        for one in statements:
            for name in one.binds:  # what only shows may bind what is needed: `counts, bins, _ = plt.hist(x)`
                self.binders.setdefault(name, []).append(one.place)
            if one.role == "shown":
                for name in one.changes:
                    self.drawn_on.setdefault(name, []).append(one.place)
                continue
            for name in one.changes | (one.touched if width > Width.LIKELY else frozenset()):
                self.changers.setdefault(name, []).append(one.place)

    def providers(self, name: str, before: int) -> Iterator[int]:
        """Yield what gives `name` the value that a statement at the place `before` finds, the last first."""
        bound = [place for place in self.binders.get(name, ()) if place < before]
        drawn = self.drawn_on.get(name, ()) if bound and self.statements[bound[-1]].role == "shown" else ()
        places = sorted({*bound, *self.changers.get(name, ()), *drawn}, reverse=True)
        for place in places:
            if place >= before:
                continue
            yield place
            if name in self.statements[place].surely:
                return

    def is_import(self, place: int) -> bool:
        return self.statements[place].role == "import"


def close(
    statements: Sequence[Statement],
    *,
    step_of: Callable[[Statement], str | None],
    given: frozenset[str],
    wanted: Mapping[str, str],
    width: Width = Width.LIKELY,
    hints: Mapping[str, str] = MappingProxyType({}),
) -> Closure:
    """Return what the marked statements need.

    `given` are names that need no maker: settings and exported definitions; `wanted` are names that exported
    definitions read, each with the label of the cell that does; `hints` say of some names what to do where no cell
    makes them. Raises ExportError for a name that no cell above
    makes, and for steps that need each other.
    """
    page = _Page(statements, width, hints)
    marked = {one.place: step for one in statements if (step := step_of(one)) and _counts(one)}
    dependents: dict[int, set[int]] = {}
    kept = _reach(page, set(marked), given, dependents)
    end = len(statements)
    outside = [name for name in wanted if name not in given]
    definitions = _reach_names(page, outside, end, given)
    if width is Width.EVERYTHING and marked:
        everything = {
            one.place for one in statements if one.role in ("work", "constant", "shown") and one.place < max(marked)
        }
        kept = _reach(page, kept | everything, given, dependents)
    kept = {place for place in kept if not page.is_import(place)}
    order = _order(page, kept, marked, dependents)
    steps = {
        step: tuple(statements[place] for place in sorted(kept - definitions) if order.owner.get(place) == step)
        for step in order.steps
    }
    taken = sorted((kept - marked.keys()) | definitions)
    return Closure(
        steps=steps,
        definitions=tuple(statements[place] for place in sorted(definitions)),
        taken=tuple(statements[place] for place in taken),
    )


def _counts(marked: Statement) -> bool:
    """Whether a marked statement goes into its step: no import, and what only shows if it makes what is asked for."""
    if marked.role == "shown":
        return not marked.binds.isdisjoint(marked.cell.marks.returns)
    return marked.role != "import"


def _reach(page: _Page, roots: set[int], given: frozenset[str], dependents: dict[int, set[int]]) -> set[int]:
    kept, pending = set(roots), sorted(roots)
    while pending:
        place = pending.pop()
        statement = page.statements[place]
        for name in statement.reads - given:
            found = list(page.providers(name, place))
            if not found and not name.startswith("@") and name not in statement.binds:
                _refuse_missing(page, name, statement)
            for provider in found:
                dependents.setdefault(provider, set()).add(place)
                if provider not in kept and not page.is_import(provider):
                    kept.add(provider)
                    pending.append(provider)
    return kept


def _reach_names(page: _Page, names: Sequence[str], before: int, given: frozenset[str]) -> set[int]:
    """The definitions (functions, classes, constants) that give `names`; what work makes comes as an argument."""
    found: set[int] = set()
    pending = list(names)
    while pending:
        name = pending.pop()
        for place in page.providers(name, before):
            statement = page.statements[place]
            if place in found or statement.role in ("import", "work", "shown") or name not in statement.binds:
                continue
            if name in statement.reads:  # made of its own earlier value
                continue
            found.add(place)
            pending.extend((statement.reads | statement.deferred) - given - {name})
    return found


def _refuse_missing(page: _Page, name: str, reader: Statement) -> None:
    if name in page.binders:
        later = page.statements[page.binders[name][0]].cell
        raise ExportError(
            f"{reader.cell.label.capitalize()} reads `{name}`, which only {later.label}, further down, makes.",
            "Move that cell up: the package runs the cells in page order.",
        )
    stars = [one.cell.label for one in page.statements if _is_star(one) and one.place < reader.place]
    if stars:
        raise ExportError(
            f"{reader.cell.label.capitalize()} reads `{name}`, perhaps from the star import in {stars[-1]}.",
            f"Import it by name: `from package import {name}`.",
        )
    raise ExportError(
        f"{reader.cell.label.capitalize()} reads `{name}`, which no cell on the page makes.",
        page.hints.get(
            name, "A deleted cell made it, perhaps: bring that back (the panel lists it), or import the name."
        ),
    )


def _is_star(statement: Statement) -> bool:
    return isinstance(statement.tree, ast.ImportFrom) and statement.tree.names[0].name == "*"


@dataclass
class _Order:
    steps: tuple[str, ...]
    owner: dict[int, str]


def _order(page: _Page, kept: set[int], marked: Mapping[int, str], dependents: Mapping[int, set[int]]) -> _Order:
    """The order in which the steps run, and the step that each statement belongs to: the first that needs it."""
    first: dict[str, int] = {}
    for place in sorted(marked):
        first.setdefault(marked[place], place)
    owner = dict(marked)
    for place in sorted(kept - marked.keys(), reverse=True):
        users = {owner[user] for user in dependents.get(place, ()) if user in owner}
        if users:
            owner[place] = min(users, key=lambda step: first[step])
        elif first:
            following = [step for step, start in first.items() if start > place]
            owner[place] = min(following or first, key=lambda step: first[step])
    edges = list(_edges(page, kept))
    at_home = {**owner, **dict(_at_home(page, kept, marked, owner))}
    try:
        return _ordered(at_home, edges, marked, first)
    except ExportError:
        return _ordered(owner, edges, marked, first)


def _at_home(
    page: _Page, kept: set[int], marked: Mapping[int, str], owner: Mapping[int, str]
) -> Iterator[tuple[int, str]]:
    """Unmarked statements that change a value in place, with the step that makes it: no step need change its input."""
    for place in sorted(kept - marked.keys()):
        statement = page.statements[place]
        changed = [name for name in sorted(statement.changes - statement.binds) if not name.startswith("@")]
        makers = [one for name in changed for one in page.providers(name, place) if name in page.statements[one].binds]
        if makers and max(makers) in owner:
            yield place, owner[max(makers)]


def _ordered(
    owner: dict[int, str], edges: Sequence[tuple[int, int, str]], marked: Mapping[int, str], first: Mapping[str, int]
) -> _Order:
    """The steps in an order that all edges allow. Raises ExportError where there is none."""
    _move_up(owner, edges, marked, first)
    before: dict[str, dict[str, str]] = {step: {} for step in first}
    for earlier, later, name in edges:
        one, other = owner.get(earlier), owner.get(later)
        if one is not None and other is not None and one != other:
            before[other].setdefault(one, name)
    return _Order(_sorted(before, first), owner)


def _move_up(
    owner: dict[int, str], edges: Sequence[tuple[int, int, str]], marked: Mapping[int, str], first: Mapping[str, int]
) -> None:
    """Let unmarked statements belong to an earlier step where something there must come after them."""
    moved = True
    while moved:
        moved = False
        for earlier, later, _ in edges:
            one, other = owner.get(earlier), owner.get(later)
            if one is None or other is None or earlier in marked:
                continue
            if first[one] > first[other]:
                owner[earlier] = other
                moved = True


def _edges(page: _Page, kept: set[int]) -> Iterator[tuple[int, int, str]]:
    """Pairs of statements whose order matters, with the name that makes it matter."""
    readers: dict[str, list[int]] = {}
    for place in sorted(kept):
        for name in page.statements[place].reads:
            readers.setdefault(name, []).append(place)
    for name, found in readers.items():
        writers = [
            place for place in sorted(kept) if name in page.statements[place].binds | page.statements[place].changes
        ]
        for reader in found:
            above = {place for place in page.providers(name, reader) if place in kept}
            yield from ((writer, reader, name) for writer in above)
            yield from ((reader, writer, name) for writer in writers if writer > reader)
        for earlier, later in pairwise(writers):
            yield earlier, later, name


def _sorted(before: Mapping[str, Mapping[str, str]], first: Mapping[str, int]) -> tuple[str, ...]:
    done: list[str] = []
    left = sorted(before, key=lambda step: first[step])
    while left:
        ready = next((step for step in left if not set(before[step]) - set(done)), None)
        if ready is None:
            circle = ", ".join(
                f"`{step}` must come after `{other}` ({name})"
                for step in left
                for other, name in sorted(before[step].items())
                if other in left
            )
            raise ExportError(
                f"The marked cells form a circle: {circle}.",
                "Give the cells of one step names so that each step can run as a whole after those it needs.",
            )
        done.append(ready)
        left.remove(ready)
    return tuple(done)
