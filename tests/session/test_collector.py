"""Loading leaves Python's garbage collector as it found it: what is collected when is the user's code's affair."""

from __future__ import annotations

import gc
import json
import subprocess
import sys

from jupyter_prodkit.session.collector import held_back, unmoved

_LOADING = """
import gc, json
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.user_ns.update({named})
def walked():
    return [one["collections"] for one in gc.get_stats()]
gc.collect()
before = walked()
import jupyter_prodkit
jupyter_prodkit.load_ipython_extension(shell)
print(json.dumps([[b - a for a, b in zip(before, walked())], gc.get_count()[1:], gc.isenabled(), gc.get_freeze_count()]))
"""


def _loaded(**named: object) -> tuple[list[int], list[int], bool, int]:
    code = _LOADING.replace("{named}", repr(named))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    walks, waiting, collects, frozen = json.loads(done.stdout.splitlines()[-1])
    return walks, waiting, collects, frozen


def test_loading_costs_no_walk_over_objects_and_brings_none_forward() -> None:
    walks, waiting, collects, frozen = _loaded()
    assert walks[1:] == [0, 0]
    assert waiting == [0, 0]
    assert collects
    assert not frozen


def test_loading_beside_values_leaves_the_users_garbage_to_the_next_collection() -> None:
    walks, waiting, collects, frozen = _loaded(rows=[1])
    assert collects
    assert not frozen
    assert sum(walks) + sum(waiting) > 0  # what is young stays young


def test_objects_made_meanwhile_are_still_collected() -> None:
    with unmoved():
        ring: list[object] = []
        ring.append(ring)
        mark = id(ring)
        del ring
    assert any(id(one) == mark for one in gc.get_objects(2))
    gc.collect()
    assert not any(id(one) == mark and one == [one] for one in gc.get_objects() if type(one) is list)


def test_what_somebody_froze_stays_frozen() -> None:
    gc.freeze()
    try:
        with unmoved():
            pass
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        with held_back():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
