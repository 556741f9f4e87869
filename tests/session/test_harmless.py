"""Tracking changes nothing: random programs show the same, hold the same and end the same with it and without."""

from __future__ import annotations

import os
import subprocess
import sys

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


_LOOKING = """
import sys
from jupyter_prodkit.session.tracker import Tracker
names = {}
tracker = Tracker(names, from_start=True, on_executed=lambda cell: None, unhurried=True)
def run(source):
    tracker.before_run(source)
    exec(source, names)
    loaded = set(sys.modules)
    tracker.after_run("a", 1, None)
    return {name for name in sys.modules.keys() - loaded if name.partition(".")[0] in sys.argv[2:]}
run("begun = 1")
print(sorted(run(sys.argv[1])))
"""


@pytest.mark.parametrize(
    ("source", "library"),
    [
        ("import numpy as np\na, b, c, d = np.ones(3), np.float64(2), np.dtype('i4'), np.add\ne = np.matrix([1])", "numpy"),
        ("import pandas as pd\ndf = pd.DataFrame({'a': [1], 'b': ['x']})\na, t = df['a'], pd.Timestamp(0)", "pandas"),
        ("import sklearn.linear_model as lm\nmodel = lm.LogisticRegression().fit([[1], [2]], [0, 1])", "sklearn"),
    ],
)  # fmt: skip
def test_looking_at_values_loads_no_part_of_a_library(source, library):
    """Libraries load some of their parts when first asked: that is for the user's code to do."""
    command = [sys.executable, "-c", _LOOKING, source, library, "numpy"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
