"""Tracking changes nothing: random programs show the same, hold the same and end the same with it and without."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from programs import PRELUDE, STATEMENTS, programs

# Enough to catch a slip in each run of the tests; PRODKIT_PROGRAMS=10000 is for an evening.
PROGRAMS = int(os.environ.get("PRODKIT_PROGRAMS", "2000"))


@pytest.mark.slow
def test_each_statement_alone(both):
    """Every kind of statement is played at least once, on the names that all programs begin with."""
    for place in range(0, len(STATEMENTS), 5):
        both.compare(([PRELUDE, *STATEMENTS[place : place + 5], "print('after')"], 0, False))


@pytest.mark.slow
@pytest.mark.timeout(1800)  # five minutes on an idle machine
@settings(
    max_examples=PROGRAMS, deadline=None, database=None, derandomize=True, print_blob=False,
    suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate, Phase.shrink],
)  # fmt: skip
@given(programs())
def test_random_programs(both, program):
    """Output, errors, values, what dies when, random streams, the process: all as without the tracker."""
    both.compare(program)
