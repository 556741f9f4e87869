"""Tracking changes nothing: random programs show the same, hold the same and end the same with it and without."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from programs import PRELUDE, STATEMENTS, programs

# Enough to catch a slip in each run of the tests; PRODKIT_PROGRAMS=10000 is for an evening.
PROGRAMS = int(os.environ.get("PRODKIT_PROGRAMS", "2000"))
_LONGEST_SECONDS = 120


class Shells:
    """A process that plays programs."""

    def __init__(self, kind: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("beside.py")), kind],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONHASHSEED": "0", "MPLBACKEND": "agg", "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip

    def give(self, program: tuple[list[str], int, bool]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(program) + "\n")
        self.process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """What became of the program; fails where the process died or hangs."""
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], _LONGEST_SECONDS)
        assert ready, "the program did not end"
        line = self.process.stdout.readline()
        assert line, f"the process died: {self.process.wait()}"
        found: dict[str, Any] = json.loads(line)
        return found

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(10)


class Both:
    """Plays each program twice: without the tracker and with it."""

    def __init__(self) -> None:
        self.plain, self.tracked = Shells("plain"), Shells("tracked")

    def compare(self, program: tuple[list[str], int, bool]) -> None:
        for shells in (self.plain, self.tracked):
            if shells.process.poll() is not None:
                self.close()
                self.__init__()  # type: ignore[misc] - a program before this one has ended its process
                break
        self.plain.give(program)
        self.tracked.give(program)
        without, with_it = self.plain.answer(), self.tracked.answer()
        for cell, one, other in zip(program[0], without["shown"], with_it["shown"], strict=True):
            assert other == one, cell
        assert with_it["names"] == without["names"]
        assert with_it["process"] == without["process"]
        assert with_it["end"] == without["end"]

    def close(self) -> None:
        for shells in (self.plain, self.tracked):
            shells.process.kill()
            shells.process.wait()


@pytest.fixture(scope="module")
def both() -> Iterator[Both]:
    made = Both()
    yield made
    made.close()


def test_each_statement_alone(both):
    """Every kind of statement is played at least once, on the names that all programs begin with."""
    for place in range(0, len(STATEMENTS), 5):
        both.compare(([PRELUDE, *STATEMENTS[place : place + 5], "print('after')"], 0, False))


@settings(
    max_examples=PROGRAMS, deadline=None, database=None, derandomize=True, print_blob=False,
    suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate, Phase.shrink],
)  # fmt: skip
@given(programs())
def test_random_programs(both, program):
    """Output, errors, values, what dies when, random streams, the process: all as without the tracker."""
    both.compare(program)
