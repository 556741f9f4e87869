"""Notebooks grown cell by cell: what the generator says happened can happen."""

from __future__ import annotations

import random

import pytest

pytest.importorskip("hsbench", reason="the harness is not beside this checkout")

from hidden_state import grown
from hsbench.truth import Notebook

SOURCES = (
    "import math\nimport random",
    "rate = 3\nnames = ['a', 'b']",
    "def scaled(value):\n    return value * rate",
    "total = scaled(4)\nprint(total)",
    "names.append('c')",
    "for name in names:\n    print(name, math.sqrt(total))",
    "sizes = {name: len(name) + 1 for name in names}",
    "sizes['b'] = 7\nprint(sizes)",
    "random.seed(3)\nrandom.random()",
    "sum(sizes.values()) + total",
)
TYPES = {"rate": ["int", []], "names": ["list", [2]], "total": ["int", []], "sizes": ["dict", [3]]}


def sessions():
    """A session of each habit's manner, some times over."""
    for number in range(45):
        manner = grown.MANNERS[number % len(grown.MANNERS)]
        cells = [{"id": f"c{n}", "type": "code", "source": source, "orig": source} for n, source in enumerate(SOURCES)]
        known = [{"id": cell["id"], "t": 0.1, "outputs": 1, "changed": [], "types": TYPES} for cell in cells]
        grower = grown.Grower(cells, {"cells": known}, random.Random(number))
        grown.grow(grower, grown.HABITS[manner])
        yield grower


def test_events_can_be_played():
    """The front end's page, event by event, ends as the generator's; only cells that are on it are run."""
    for grower in sessions():
        page = Notebook([])
        for event in grower.ev:
            if event["op"] == "run":
                assert page.get(event["cell"])["type"] == "code"
            else:
                page.apply(event)
        expected = [(cell["id"], cell["source"]) for cell in grower.d.cells]
        assert [(cell["id"], cell["source"]) for cell in page.cells] == expected


def test_there_is_no_opening_clean_run():
    """The page is empty at first and has one cell when something runs for the first time."""
    for grower in sessions():
        first = next(place for place, event in enumerate(grower.ev) if event["op"] == "run")
        assert [event["op"] for event in grower.ev[:first]] == ["insert"]


def test_every_habit_is_one_that_the_author_can_have():
    """And each comes up."""
    seen = {event["cat"] for grower in sessions() for event in grower.ev}
    habits = {habit for manner in grown.HABITS.values() for habit in manner}
    assert all(callable(getattr(grown.Grower, habit)) for habit in habits)
    assert len(seen & habits) > len(habits) * 0.7
