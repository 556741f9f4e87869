# ruff: noqa: NPY002 - the old streams are what this is about
"""A draw is seen whatever it leaves in the generator's memory, and what drew nothing moved nothing."""

import random
import subprocess
import sys

import numpy as np
import pytest

from jupyter_prodkit.session.random_streams import RandomStreams


def _nothing():
    random.Random(3).random()
    np.random.default_rng(3).random()


def _normal_drawn_ahead():
    np.random.randn()  # made together with the one before, which it was kept beside


DRAWS = {
    "random": ("random", random.random),
    "gauss": ("random", lambda: random.gauss(0, 1)),
    "gauss, drawn ahead": ("random", lambda: random.gauss(0, 1)),
    "seed": ("random", lambda: random.seed(7)),
    "seed again": (None, lambda: random.seed(7)),
    "NumPy's seed": ("numpy.random", lambda: np.random.seed(7)),
    "NumPy's random": ("numpy.random", np.random.rand),
    "NumPy's normal": ("numpy.random", np.random.randn),
    "NumPy's normal, drawn ahead": ("numpy.random", _normal_drawn_ahead),
    "NumPy's seed again": ("numpy.random", lambda: np.random.seed(7)),
    "NumPy's same seed": (None, lambda: np.random.seed(7)),
    "shuffle": ("numpy.random", lambda: np.random.shuffle([1, 2, 3])),
    "generators of one's own": (None, _nothing),
}


@pytest.fixture
def streams():
    held = random.getstate(), np.random.get_state()
    random.seed(1)
    np.random.seed(1)
    found = RandomStreams()
    found.observe()
    yield found
    random.setstate(held[0])
    np.random.set_state(held[1])


def test_each_draw_is_seen_and_nothing_else(streams):
    seen = {}
    for name, (_, draw) in DRAWS.items():
        draw()
        seen[name] = streams.observe()
    assert seen == {name: [] if stream is None else [stream] for name, (stream, _) in DRAWS.items()}


def test_a_state_that_is_put_back_is_that_state_again(streams):
    """Also where only a normal number drawn ahead comes back, of which the generator's own memory tells nothing."""
    np.random.randn()
    streams.observe()
    state, held = streams.states["numpy.random"], np.random.get_state()
    np.random.randn()
    assert streams.observe() == ["numpy.random"]
    np.random.set_state(held)
    assert streams.observe(by_memory=False) == ["numpy.random"]
    assert streams.states["numpy.random"] == state


def test_python_is_looked_at_alone_where_nothing_else_can_have_run(streams):
    random.random()
    np.random.rand()
    assert streams.observe(of_libraries=False) == ["random"]
    assert streams.observe() == ["numpy.random"]


def test_the_states_are_the_same_in_every_process(streams):
    code = (
        "import random, numpy as np; from jupyter_prodkit.session.random_streams import RandomStreams\n"
        "random.seed(1); np.random.seed(1); found = RandomStreams(); found.observe(); print(found.states)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.strip() == str(streams.states)
