"""Random small sessions, and what a real run from the top makes of their pages."""

from __future__ import annotations

import contextlib
import copy
import io
import random
import types
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_prodkit.check.check import check_session
from jupyter_prodkit.check.report import Report
from jupyter_prodkit.notebook.document import Cell, Notebook
from jupyter_prodkit.notebook.names import code_names
from jupyter_prodkit.session.shown import RunOutputs
from jupyter_prodkit.session.tracker import Tracker

NUMBERS, LISTS, FUNCTIONS = ["a", "b", "c"], ["l", "m"], ["f", "g"]


@dataclass
class Outcome:
    printed: str
    error: str
    values: dict[str, str]
    """All names after the run, as text; functions left out."""
    changed: set[str] = field(default_factory=set)
    """Names that the run made, bound to another object, changed or deleted."""


@dataclass
class World:
    """A namespace and what running code in it did."""

    names: dict[str, Any] = field(default_factory=dict)

    def run(self, source: str) -> tuple[Outcome, BaseException | None]:
        said, error, before, were = io.StringIO(), None, self.values(), dict(self.names)
        with contextlib.redirect_stdout(said):
            try:
                exec(compile(source, "cell", "exec"), self.names)
            except Exception as raised:  # noqa: BLE001 - what cells raise is theirs
                error = raised
        self.names.pop("__builtins__", None)
        after = self.values()
        changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
        changed |= {name for name, value in self.names.items() if name in after and were.get(name) is not value}
        return Outcome(said.getvalue(), f"{type(error).__name__}: {error}", after, changed), error

    def values(self) -> dict[str, str]:
        return {name: _said(value) for name, value in self.names.items() if type(value) is not type}


@dataclass
class Session:
    """A page, a tracked kernel, and what each cell showed when it last ran."""

    draw: random.Random
    page: list[tuple[str, str]] = field(default_factory=list)
    shown: dict[str, Outcome] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    ran: dict[str, str] = field(default_factory=dict)
    world: World = field(default_factory=World)
    log: list[str] = field(default_factory=list)
    made: int = 0

    def __post_init__(self) -> None:
        self.tracker = Tracker(self.world.names, from_start=True, on_executed=lambda _: None)

    def run(self, cell_id: str | None, source: str) -> None:
        outputs = RunOutputs()
        self.tracker.before_run(source, shown=outputs)
        outcome, error = self.world.run(source)
        if outcome.printed:
            outputs.add({"output_type": "stream", "name": "stdout", "text": outcome.printed})
        if error is not None:
            outputs.add({"output_type": "error", "ename": type(error).__name__, "evalue": str(error)})
        self.tracker.after_run(cell_id, len(self.log) + 1, error)
        self.log.append(f"run {cell_id}: {source!r}")
        if cell_id is not None:
            self.shown[cell_id], self.counts[cell_id], self.ran[cell_id] = outcome, len(self.log), source

    def add(self, place: int) -> None:
        self.made += 1
        self.page.insert(place, (f"c{self.made}", statement(self.draw)))

    def act(self) -> None:
        """Do one of the things that people do."""
        place = self.draw.randrange(len(self.page)) if self.page else 0
        action = self.draw.random()
        if action < 0.6 and self.page:
            self.run(*self.page[place])
        elif action < 0.7 and self.page:
            self.page[place] = (self.page[place][0], statement(self.draw))
            self.log.append(f"edit {self.page[place]}")
        elif action < 0.76 and len(self.page) > 1:
            self.log.append(f"delete {self.page.pop(place)}")
        elif action < 0.82 and len(self.page) > 1:
            moved = self.page.pop(place)
            self.page.insert(self.draw.randrange(len(self.page) + 1), moved)
            self.log.append(f"move {moved}")
        elif action < 0.9:
            self.add(place)
        else:
            self.run(None, statement(self.draw))

    def notebook(self) -> Notebook:
        cells = (
            Cell(cell_id, index, "code", source, execution_count=self.counts.get(cell_id))
            for index, (cell_id, source) in enumerate(self.page)
        )
        return Notebook(Path("random.ipynb"), tuple(cells), from_file=False)

    def judge(self) -> Report:
        return check_session(self.notebook(), self.tracker.timeline)

    def truth(self) -> tuple[dict[str, Outcome], dict[str, str]]:
        """What each cell really does in a run from the top, and what is left in the end."""
        world = World()
        return {cell_id: world.run(source)[0] for cell_id, source in self.page}, world.values()


def _said(value: object) -> str:
    """What a value is, functions by their code."""
    if not isinstance(value, types.FunctionType):
        return repr(value)
    code = value.__code__
    return f"{code.co_code!r} {code.co_consts!r} {code.co_names!r}"


def statement(draw: random.Random) -> str:
    """A small cell."""
    a, b = draw.choice(NUMBERS), draw.choice(NUMBERS)
    l, m = draw.choice(LISTS), draw.choice(LISTS)  # noqa: E741 - one letter, as in the cells
    f, n = draw.choice(FUNCTIONS), draw.randrange(3)
    return draw.choice([
        f"{a} = {n}", f"{a} = {b} + {n}", f"{a} += {n}", f"{a}, {b} = {b}, {a}", f"print({a})", f"print({l})",
        f"{l} = []", f"{l} = [{n}]", f"{l}.append({n})", f"{l} = {l} + [{a}]", f"{m} = {l}", f"{m} = list({l})",
        f"{a} = len({l})", f"{l}.sort()", f"{l}.clear()", f"del {a}", f"del {l}[:1]",
        f"def {f}():\n    return {a} + {n}", f"def {f}():\n    {l}.append({a})\n    return {n}",
        f"def {f}():\n    global {a}\n    {a} = {n}\n    return {n}", f"{b} = {f}()", f"{f}()", f"print({f}())",
        f"for {a} in range({n}):\n    {l}.append({a})", f"for {a} in {l}:\n    {b} = {a}",
        f"if {a} > 1:\n    {b} = {n}", f"if {a}:\n    {b} = 1\nelse:\n    {b} = 2",
        f"try:\n    {a}\nexcept NameError:\n    {a} = {n}", f"{a} = [{b} for {b} in {l}]", f"x = {n}\n{a} = x",
        f"{l} = [[{a}]]", f"{l} = {m} = [{n}]", f"assert {a}", f"{a} = sum({l}, {n})", f"{b} = {a} = {n}",
        f"if '{a}' not in globals():\n    {a} = {n}", f"{l}[0] = {a}", f"exec('{a} = {n}')",
        f"class K:\n    x = {n}\n    def get(self): return {a}", f"{b} = K().get()", f"g = lambda: {a}",
        f"{l} = {{'k': {a}}}", f"{a} = {n}\n1 / {b}",
    ])  # fmt: skip


def random_session(seed: int, steps: int) -> Session:
    """Make a page, run it from the top (most times), then do random things."""
    draw = random.Random(seed)
    session = Session(draw)
    for place in range(draw.randrange(3, 9)):
        session.add(place)
    if draw.random() < 0.8:  # most notebooks work
        session.page.insert(0, ("c0", "a, b, c = 1, 2, 3\nl, m = [1], []\ndef f(): return 1\ndef g(): return 2"))
    if draw.random() < 0.8:
        for cell in list(session.page):
            session.run(*cell)
    for _ in range(draw.randrange(steps)):
        session.act()
    return session


def differs(session: Session, cell: tuple[str, str], clean: Outcome, final: dict[str, str]) -> list[str]:
    """Say what a run from the top makes other than is shown and held; nothing where all is the same."""
    shown = session.shown.get(cell[0])
    if shown is None:
        return ["never run"]
    found = [
        f"{what}: {is_now!r}, clean {was!r}"
        for what, is_now, was in (("printed", shown.printed, clean.printed), ("error", shown.error, clean.error))
        if is_now != was
    ]
    now = session.world.values()
    names = code_names(cell[1])
    meant = set() if "Error" in shown.error + clean.error else names.binds_always
    for name in sorted(shown.changed | clean.changed | meant):
        if shown.values.get(name) != clean.values.get(name):
            found.append(f"{name}: {shown.values.get(name)}, clean {clean.values.get(name)}")
    for name in sorted(shown.changed | clean.changed | meant):
        if now.get(name) != final.get(name):
            found.append(f"{name} in the end: {now.get(name)}, clean {final.get(name)}")
    return found


def copied(session: Session) -> Session:
    """A session as it stands, to try a plan on."""
    twin = copy.copy(session)
    twin.log, twin.shown, twin.counts = list(session.log), dict(session.shown), dict(session.counts)
    return twin
