"""`%prodcheck --replay` and `--verify` in a kernel as a user has it: what really running the page settles."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.kernel

SLOW_TO_LOOK_AT = """
import uuid
class Model:
    def __init__(self): self.parts = {uuid.UUID(int=n): [n] for n in range(60_000)}; self.last = None
    def predict(self, steps): self.last = steps; return steps * 2.0
model = Model()
"""

SESSIONS = {
    "edited above": ({"a": "x = 2", "b": "y = x + 1\nprint(y)"}, [("a", "x = 1"), "b", "a"], {"b": "diverges"}),
    "edited above, same effect": ({"a": "x = 2", "b": "print(x > 0)"}, [("a", "x = 1"), "b", "a"], {"b": "reproduced"}),
    "the same error after other values": (
        {"a": "x = 2", "b": "y = x\n1 / 0"}, [("a", "x = 1"), "b", "a"], {"b": "reproduced"},
    ),
    "another error": (
        {"a": "x = 2", "b": "raise ValueError(x)"}, [("a", "x = 1"), "b", "a"], {"b": "diverges"},
    ),
    "chance": (
        {"a": "import random", "b": "x = random.random()", "c": "print(x)"}, [("a", ""), "a", "b", "c"],
        {"b": "nondeterministic", "c": "reproduced"},
    ),
    "shows what two clean runs do not, below chance": (
        {"a": "import random\nk = 2", "b": "x = random.random()", "c": "print(k, x < 2)"},
        [("a", "import random\nk = 1"), "b", "c", "a"], {"c": "diverges"},
    ),
    "what the replay itself puts in doubt, further down": (
        {"a": "import random\nx = random.random()", "n": "k = 1", "c": "print(x < 2)", "d": "y = 3"}, ["a", "c", "d"],
        {"a": "nondeterministic", "n": "never run", "c": "reproduced", "d": "reproduced"},
    ),
    "what use leaves behind in a large object": (
        {"a": SLOW_TO_LOOK_AT, "b": "k = 2", "c": "print(model.predict(1))", "d": "print(model.predict(2))", "e": "print(k)"},
        ["a", ("b", "k = 1"), "c", "d", "e", "b"], {"a": "reproduced", "c": "reproduced", "d": "reproduced", "e": "diverges"},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("page", "runs", "states"), SESSIONS.values(), ids=SESSIONS)
def test_what_is_unverified_is_really_run(kernel, notebook, page, runs, states):
    notebook(**page)
    for run in runs:
        cell_id, source = (run, page[run]) if isinstance(run, str) else run
        kernel.run(source, cell_id)
    kernel.run("%prodcheck --replay --json")
    told = {cell["cell_id"]: cell["state"] for cell in json.loads(kernel.printed)["cells"]}
    assert {cell_id: told[cell_id] for cell_id in states} == states
