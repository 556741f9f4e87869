"""Two processes that play the same programs, one without the tracker and one with it."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
        if not ready:
            self.process.kill()
        assert ready, "the program did not end"
        line = self.process.stdout.readline()
        assert line, f"the process died: {self.process.wait()}"
        found: dict[str, Any] = json.loads(line)
        return found

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(10)


def _differences(place: str, one: Any, other: Any) -> Iterator[str]:
    """Where the two differ, as it is without the tracker and with it."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in one.keys() | other.keys():
            yield from _differences(f"{place}/{key}", one.get(key), other.get(key))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, pair in enumerate(zip(one, other, strict=True)):
            yield from _differences(f"{place}/{number}", *pair)
    elif one != other:
        yield f"{place}: {one!r:.300} without, {other!r:.300} with the tracker"


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
        assert with_it == without, "\n".join(["", *_differences("", without, with_it)][:9])

    def close(self) -> None:
        for shells in (self.plain, self.tracked):
            shells.process.kill()
            shells.process.wait()
