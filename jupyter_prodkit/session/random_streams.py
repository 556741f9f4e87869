"""The random streams that code draws from without naming them: their states, and whether one has moved."""

from __future__ import annotations

import _random
import ctypes
import random
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import xxhash

from jupyter_prodkit.session.classes import loaded

__all__ = ["STREAMS", "RandomStreams", "numpy_has_drawn"]

STREAMS = ("random", "numpy.random", "torch.random")

_BLOCK = 624
"""How many numbers the Mersenne Twister makes at once (Matsumoto and Nishimura, 1998)."""
_TWISTER_BYTES = 4 * (_BLOCK + 1)
_HEADER = object.__basicsize__
_getstate = random.getstate  # bound now: a cell may put another function there
_python: Any = getattr(_getstate, "__self__", None)
"""The generator behind the functions of `random`."""


class RandomStreams:
    """Keeps the states as last observed; to see that nothing was drawn, the generators' memory is compared."""

    def __init__(self) -> None:
        self.states: dict[str, str] = {}
        """The state of each stream there is, as a digest that is the same in every process."""
        self._memory: dict[str, object] = {}

    def observe(self, *, of_libraries: bool = True, by_memory: bool = True) -> list[str]:
        """Look at the streams; return those that have moved since the last look, new ones left out.

        To ask a library takes time: `of_libraries` says whether code may have run that draws from theirs, `by_memory`
        that none has put a state back that it took before.
        """
        moved = []
        for stream, (memory_of, state_of) in _STREAMS.items() if of_libraries else _OF_PYTHON:
            with suppress(Exception):  # a user's own generator may have no state to ask for; then it is not followed
                memory = memory_of()
                if by_memory and memory is not None and memory == self._memory.get(stream):
                    continue
                found = state_of()
                if found is None:
                    continue
                state, is_in_memory = found
                self._memory[stream] = memory if is_in_memory else None
                if self.states.setdefault(stream, state) != state:
                    moved.append(stream)
                self.states[stream] = state
        return moved


def numpy_has_drawn() -> bool:
    """Return whether NumPy drew since its stream was made or seeded: it stood at the end of its block then."""
    state = loaded("numpy.random").get_state(legacy=False)
    return state["bit_generator"] == "MT19937" and (state["state"]["pos"] < _BLOCK - 1 or bool(state["has_gauss"]))


# -- Python's --------------------------------------------------------------------------------------------------------


def _python_state() -> tuple[str, bool]:
    _, numbers, spare = _getstate()
    return f"{hash(numbers):x} {spare}", True  # numbers only: no hash seed plays a part


def _python_memory() -> object:
    if not _SHOWS_ITS_STATE:
        return None
    return _content(_python), _python.gauss_next


def _content(generator: random.Random) -> bytes:
    """What the generator holds in its own memory: where it stands in its block, and the block."""
    return ctypes.string_at(id(generator) + _HEADER, _random.Random.__basicsize__ - _HEADER)


def _shows_its_state() -> bool:
    """Whether this Python keeps the state where we look for it."""
    if sys.implementation.name != "cpython" or type(_python) is not random.Random:
        return False
    trial = random.Random(1)  # noqa: S311 - nothing secret
    before = _content(trial)
    again = _content(trial)
    trial.random()
    return before == again != _content(trial)


_SHOWS_ITS_STATE = _shows_its_state()


# -- the libraries' --------------------------------------------------------------------------------------------------


def _numpy_memory() -> object:
    module: Any = loaded("numpy.random")
    get = getattr(module, "get_bit_generator", None)
    generator = None if get is None else get()
    if generator is None or type(generator) is not module.MT19937:
        return None
    return ctypes.string_at(generator.ctypes.state_address, _TWISTER_BYTES)


def _numpy_state() -> tuple[str, bool] | None:
    module: Any = loaded("numpy.random")
    if module is None:
        return None
    state = module.get_state(legacy=False)
    keys = state["state"].get("key")
    rest = state["state"]["pos"] if keys is not None else state["state"]
    text = repr((state["bit_generator"], rest, state.get("has_gauss"), state.get("gauss")))
    content = (b"" if keys is None else keys.tobytes()) + text.encode()
    return xxhash.xxh3_64_hexdigest(content), not state.get("has_gauss")  # a normal number drawn ahead lies elsewhere


def _torch_state() -> tuple[str, bool] | None:
    torch: Any = loaded("torch")
    return None if torch is None else (xxhash.xxh3_64_hexdigest(torch.get_rng_state().numpy().tobytes()), False)


_STREAMS: dict[str, tuple[Callable[[], object], Callable[[], tuple[str, bool] | None]]] = {
    "random": (_python_memory, _python_state),
    "numpy.random": (_numpy_memory, _numpy_state),
    "torch.random": (lambda: None, _torch_state),
}
"""How to see at little cost that nothing moved, and the state, with whether the former shows all of it."""
_OF_PYTHON = [("random", _STREAMS["random"])]
