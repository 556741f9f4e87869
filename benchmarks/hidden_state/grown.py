"""Sessions without an opening clean run: a notebook grown cell by cell, the way people write one.

A real notebook's cells come one after the other, each tried until it is right; between them the author looks at values
in scratch cells, goes back to change something, runs cells again or out of order, splits and joins cells, restarts and
runs only the beginning. Each session has a manner, which says which of these habits it has; what is really dirty in
the end is decided by re-running, as for all sessions. Needs the harness on `sys.path`.
"""

from __future__ import annotations

import ast
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hsbench import analysis
from hsbench.sessions import NA, NOISE, Doc, Gen, fn_of, load_corpus, prefix

__all__ = ["HABITS", "MANNERS", "Grower", "make"]

CHEAP_SECONDS = 2.5
TRIES = 400
Cell = dict[str, Any]


class Grower(Gen):  # type: ignore[misc] # the harness has no types
    """Writes the planned cells one by one into a page that was empty."""

    def __init__(self, planned: list[Cell], meta: dict[str, Any], rng: random.Random) -> None:
        super().__init__(Doc([], meta), rng)
        self.planned = list(planned)
        self.cat = "grow"

    # ---- writing the next cell
    def write(self, cell: Cell, source: str | None = None) -> str:
        """Insert the planned cell at the end of the page, with another source than planned where one is given."""
        after = self.d.cells[-1]["id"] if self.d.cells else None
        there = {**cell, "source": cell["source"] if source is None else source}
        self.d.cells.append(there)
        self._e(op="insert", cell=cell["id"], type=cell["type"], source=there["source"], after=after)
        return str(cell["id"])

    def write_next(self) -> str | None:
        """Write the next planned cell, and the prose before it, and run it; None where the plan is at its end."""
        while self.planned:
            cell = self.planned.pop(0)
            self.write(cell)
            if cell["type"] == "code":
                self.run(cell["id"])
                return str(cell["id"])
        return None

    def next_code(self) -> Cell:
        """Take the next planned code cell; prose before it is written. Raises NA at the plan's end."""
        while self.planned:
            cell = self.planned.pop(0)
            if cell["type"] == "code":
                return cell
            self.write(cell)
        raise NA

    def put_back(self, cell: Cell) -> None:
        """Leave the cell for later."""
        self.planned.insert(0, cell)

    def first_then_right(self, wrong: Callable[[Cell], str | None]) -> None:
        """Write the next cell wrong, run it, correct it, run it again."""
        cell = self.next_code()
        source = wrong(cell)
        if source is None or source == cell["source"]:
            self.put_back(cell)
            raise NA
        self.run(self.write(cell, source))
        self.edit(cell["id"], cell["source"])
        self.run(cell["id"])

    # ---- habits: trial and error in the cell being written
    def try_misspelt(self) -> None:
        """A name is misspelt: NameError, perhaps after half of the cell has run."""

        def wrong(cell: Cell) -> str | None:
            info = analysis.info(cell["source"])
            known = {name for other in self.d.code() for name in self.d.info(other)["stores"]}
            names = sorted((info["loads"] if info else set()) & known)
            return analysis.rename(cell["source"], name := self.pick(names), name[:-1] + "_" + name[-1])

        self.first_then_right(wrong)

    def try_unbalanced(self) -> None:
        """A bracket is missing: SyntaxError, nothing runs."""

        def unclosed(cell: Cell) -> str | None:
            source: str = cell["source"].rstrip()
            return source[:-1] if source.endswith((")", "]", "}")) else None

        self.first_then_right(unclosed)

    def try_other_constant(self) -> None:
        """The first value is not the final one."""
        self.first_then_right(self.changed_const)

    def try_in_pieces(self) -> None:
        """The cell's first statements run alone before the rest is written below them."""

        def first_half(cell: Cell) -> str | None:
            tree = analysis.parse(cell["source"])
            if tree is None or len(tree.body) < 2:
                return None
            cut = self.r.randrange(1, len(tree.body))
            return "\n".join(cell["source"].split("\n")[: tree.body[cut - 1].end_lineno])

        self.first_then_right(first_half)

    def try_and_leave(self) -> None:
        """The cell is run with one value; then the value is edited and the cell is not run again."""
        cell = self.next_code()
        other = self.changed_const(cell)
        self.run(self.write(cell))
        if other is None:
            raise NA
        self.edit(cell["id"], other)

    # ---- habits: running
    def run_again(self) -> None:
        """The last cell once more, because nothing seemed to happen."""
        self.run(self.cheap_cells()[-1]["id"])

    def run_earlier_again(self) -> None:
        """Any cell once more."""
        self.run(self.pick(self.cheap_cells())["id"])

    def run_some_again(self) -> None:
        """A stretch of the page, from some cell down to another."""
        cells = self.cheap_cells()
        at = self.r.randrange(len(cells))
        self.run(*(cell["id"] for cell in cells[at : at + self.r.choice([2, 3, 4])]))

    def skip(self) -> None:
        """A cell is written, run only after the one below it, or never."""
        first = self.next_code()
        self.write(first)
        self.write_next()
        if self.r.random() < 0.7:
            self.run(first["id"])

    def run_two_backwards(self) -> None:
        """Two cells are pasted and run in the wrong order, then once in the right one, or not."""
        first = self.next_code()
        self.write(first)
        second = self.next_code()
        self.write(second)
        self.run(second["id"], first["id"])
        if self.r.random() < 0.6:
            self.run(second["id"])

    # ---- habits: going back
    def go_back(self) -> None:
        """An earlier cell is changed and run; what is below it is run again: all, what uses it, one of it, nothing."""
        cell = self.pick([c for c in self.cheap_cells() if analysis.constants(c["source"])])
        source = self.changed_const(cell)
        if source is None:
            raise NA
        self.edit(cell["id"], source)
        self.run(cell["id"])
        users = [c for c in self.users(self.d.info(cell)["writes"], cell["id"], direct=False) if self.is_cheap(c)]
        below = [c["id"] for c in self.below(cell["id"])]
        self.run(*self.r.choice([below, users, users, users[:1], []]))

    def go_back_and_return(self) -> None:
        """An earlier value is tried and taken back; the cells between are seen with the tried one, or not at all."""
        cell = self.pick([c for c in self.cheap_cells() if analysis.constants(c["source"])])
        before, source = cell["source"], self.changed_const(cell)
        if source is None:
            raise NA
        users = [c for c in self.users(self.d.info(cell)["writes"], cell["id"]) if self.is_cheap(c)][:2]
        self.edit(cell["id"], source)
        self.run(cell["id"], *users)
        self.edit(cell["id"], before)
        self.run(cell["id"], *self.r.choice([users, users, []]))

    def insert_between(self) -> None:
        """A look at a value, put between earlier cells and kept; below, the value may be another by now."""
        self.run(self.insert(*self.a_look()))

    def look_and_delete(self) -> None:
        """A scratch cell that only shows something."""
        look = self.insert(*self.a_look())
        self.run(look)
        self.delete(look)

    def change_and_delete(self) -> None:
        """A scratch cell that changes a value, deleted when it has done so."""
        cell, *_, statement = self.pick(self.data_vars(self.a_change))
        scratch = self.insert(statement, self.r.choice([cell, self.d.cells[-1]])["id"])
        self.run(scratch)
        self.delete(scratch)

    def change_and_keep(self) -> None:
        """A cell that changes a value and stays; it is run once or twice."""
        cell, *_, statement = self.pick(self.data_vars(self.a_change))
        kept = self.insert(statement, self.r.choice([cell, self.d.cells[-1]])["id"])
        self.run(*[kept] * self.r.choice([1, 1, 2]))

    # ---- habits: tidying up
    def split(self) -> None:
        """The second half of an earlier cell becomes a cell of its own; perhaps both are run again."""
        cell = self.pick([c for c in self.cheap_cells() if len(getattr(analysis.parse(c["source"]), "body", ())) > 1])
        body = analysis.parse(cell["source"]).body
        cut = self.r.randrange(1, len(body))
        lines = cell["source"].split("\n")
        end = body[cut - 1].end_lineno
        first, second = "\n".join(lines[:end]), "\n".join(lines[end:]).strip("\n")
        if analysis.parse(first) is None or analysis.parse(second) is None or not second.strip():
            raise NA
        self.edit(cell["id"], first)
        other = self.insert(second, cell["id"])
        self.run(*self.r.choice([[cell["id"], other], [other], []]))

    def join(self) -> None:
        """Two cells become one; perhaps it is run again."""
        cells = self.d.code()
        at = self.r.randrange(len(cells) - 1)
        first, second = cells[at], cells[at + 1]
        self.delete(second["id"])
        self.edit(first["id"], first["source"] + "\n" + second["source"])
        if self.r.random() < 0.6 and self.is_cheap(first["id"]):
            self.run(first["id"])

    def delete_earlier(self) -> None:
        """A cell that seems to be needed no more."""
        self.delete(self.pick(self.d.code()[:-1])["id"])

    def move_earlier(self) -> None:
        """A cell goes elsewhere on the page."""
        cell, after = self.r.sample([c["id"] for c in self.d.code()], 2)
        self.move(cell, after)

    # ---- habits: restarting
    def restart_and_run_all(self) -> None:
        """A clean run of the page as far as it is written."""
        self.restart()
        self.run_all()

    def restart_and_run_some(self) -> None:
        """Only the beginning runs in the new kernel."""
        self.restart()
        ids = [cell["id"] for cell in self.d.code()]
        self.run(*ids[: self.r.randrange(1, len(ids) + 1)])

    def restart_and_pick(self) -> None:
        """In the new kernel cells are run as errors ask for them: the imports, then some cells, not all."""
        self.restart()
        cells = self.d.code()
        imports = [c["id"] for c in cells if _imports(c["source"])]
        rest = [c["id"] for c in cells if c["id"] not in imports]
        self.run(*imports, *(cell for cell in rest if self.r.random() < 0.6))

    def run_all_again(self) -> None:
        """The whole page in the same kernel."""
        self.run_all()

    # ---- habits of the harness's own sessions
    def harness_hazard(self) -> None:
        """One of the harness's hazards, on the page as far as it is written."""
        self.as_harness(self.r.choice(NOT_FITTING_APART))

    def harness_noise(self) -> None:
        """One of the harness's harmless events."""
        self.as_harness(self.r.choice(NOISE))

    def as_harness(self, category: str) -> None:
        """Do what the harness does for one of its categories."""
        getattr(self, fn_of(category))()

    # ---- choices
    def is_cheap(self, cell: str) -> bool:
        """Whether the cell is quick enough to be run again."""
        return bool(self.d.cost(self.d.get(cell)) < CHEAP_SECONDS)

    def cheap_cells(self) -> list[Cell]:
        """The cells on the page that are. Raises NA where there is none."""
        found: list[Cell] = self.cheap()
        if not found:
            raise NA
        return found

    def a_look(self) -> tuple[str, str]:
        """A statement that shows a value and the cell to put it below."""
        cell = self.pick(self.d.code())
        values = self.d.types_at(cell["id"])
        name = self.pick(sorted(values))
        return self.display(name, values[name][0]), cell["id"]

    def a_change(self, name: str, kind: str, size: list[int]) -> str | None:
        """A statement that changes the value in place or makes another of it."""
        make: Callable[..., str | None] = self.r.choice([self.mutation, self.nonidempotent])
        return make(name, kind, size)


NOT_FITTING_APART = (
    "alias_mutation", "delete_def_cell", "edit_const_downstream_stale", "edit_not_run", "func_redef_users_stale",
    "inplace_upstream_late", "insert_above_definition", "insert_not_run", "move_dependent", "rename_no_users",
    "rerun_nonidempotent", "rerun_sees_later_version", "rng_rerun", "scratch_deleted",
)  # fmt: skip
"""The harness's hazards that make sense on a page half written."""
TRYING = ("try_misspelt", "try_unbalanced", "try_other_constant", "try_in_pieces")
"""Everybody's habits: they end with a cell that is right and has run."""
HABITS: dict[str, Sequence[str]] = {
    "steady": ("look_and_delete", "harness_noise"),
    "trial and error": ("try_and_leave", "run_again", "change_and_keep"),
    "going back": ("go_back", "go_back", "go_back_and_return", "insert_between"),
    "scratch cells": ("look_and_delete", "insert_between", "change_and_delete", "change_and_keep", "delete_earlier"),
    "out of order": ("skip", "run_two_backwards", "run_earlier_again", "run_some_again", "move_earlier"),
    "tidying up": ("split", "join", "delete_earlier", "move_earlier", "harness_noise"),
    "restarts": ("restart_and_run_all", "restart_and_run_some", "restart_and_pick", "go_back", "try_and_leave"),
    "hazards": ("harness_hazard", "harness_hazard", "harness_noise"),
}
"""By manner, what the author does besides writing the next cell and running it."""
HABITS["messy"] = sorted({habit for manner in HABITS.values() for habit in manner})
MANNERS = tuple(HABITS)
ENDINGS = (*[None] * 7, "run_all_again", "restart_and_run_all", "restart_and_run_some", "run_some_again")


def make(corpus: str, split: str, seed: str, number: int) -> dict[str, Any]:
    """Return session `number` of a seed, in the harness's form; it doesn't depend on how many are asked for."""
    books = load_corpus(corpus, split)
    plan = random.Random(f"grown/{seed}/{split}/{number}")
    manner = MANNERS[number % len(MANNERS)]
    for _ in range(TRIES):
        name = plan.choice(sorted(books))
        rng = random.Random(plan.random())
        cells, meta = prefix(Path(books[name]), rng)
        grower = Grower(cells, meta, rng)
        try:
            grow(grower, HABITS[manner])
        except (NA, KeyError, StopIteration):
            continue
        facts = {"id": f"grown-{seed}-{number:04d}", "notebook": name, "kind": "grown", "category": manner}
        return {**facts, "data": meta.get("data"), "start": [], "events": grower.ev}
    raise RuntimeError(f"no session found: grown {seed} {number}")


def grow(grower: Grower, habits: Sequence[str]) -> None:
    """Write the whole plan, now and then giving in to a habit, and end in one of the usual ways."""
    grower.write_next()
    while grower.planned:
        if not any(attempt(grower, habit) for habit in in_mind(grower.r, habits)):
            grower.write_next()
    ending = grower.r.choice(ENDINGS)
    if ending:
        attempt(grower, ending)


def in_mind(rng: random.Random, habits: Sequence[str]) -> Sequence[str]:
    """What to do before the next cell is written, the first that fits: mostly nothing."""
    chance = rng.random()
    if chance < 0.15:
        return rng.sample(TRYING, len(TRYING))
    return rng.sample(habits, len(habits)) if chance < 0.4 else ()


def attempt(grower: Grower, habit: str) -> bool:
    """Do it where it fits the page as it stands; return whether anything happened."""
    grower.cat, before = habit, len(grower.ev)
    try:
        getattr(grower, habit)()
    except (NA, KeyError, IndexError, ValueError, StopIteration):
        pass  # begun or not, the page is whole: each event keeps it so
    finally:
        grower.cat = "grow"
    return len(grower.ev) > before


def _imports(source: str) -> bool:
    tree = analysis.parse(source)
    return tree is not None and any(isinstance(node, (ast.Import, ast.ImportFrom)) for node in tree.body)
