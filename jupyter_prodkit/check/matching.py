"""Whether a recorded run read just what a clean run of its cell would, so that its outcome is the clean run's."""

from __future__ import annotations

from jupyter_prodkit.check.judged import CleanRun, Mismatch
from jupyter_prodkit.session.ambient import UNSEEDED
from jupyter_prodkit.session.history import HISTORY
from jupyter_prodkit.session.record import Execution, Version

__all__ = ["matches", "mismatches_of"]

_FOR_TEXT = frozenset({"numpy options", "pandas options"})
_FOR_IMAGES = frozenset({"matplotlib options"})


def matches(clean: CleanRun, run: Execution) -> bool:
    """Return whether `run` started from what a clean run has by now."""
    if run.interrupted:  # it ended where the user happened to stop it
        return False
    if any(clean.state.get(name) != version for name, version in run.inputs.items()):
        return False
    if any(name in clean.state for name in run.absent):
        return False
    if any(_is_around(clean, name) != version for name, version in _around_that_counts(run).items()):
        return False
    return not any(_shares_otherwise(clean, run, name) for name in run.mutated)


def mismatches_of(clean: CleanRun, run: Execution) -> tuple[Mismatch, ...]:
    """Return what `run` read otherwise than a clean run would."""
    found = [
        Mismatch(name, version, clean.state.get(name), clean.writers.get(name))
        for name, version in sorted(run.inputs.items())
        if clean.state.get(name) != version
    ]
    late = [name for name in sorted(run.absent) if name in clean.state]
    around = [
        Mismatch(name, version, _is_around(clean, name), None, is_around=True)
        for name, version in sorted(_around_that_counts(run).items())
        if _is_around(clean, name) != version
    ]
    return (*found, *(Mismatch(name, None, clean.state[name], clean.writers.get(name)) for name in late), *around)


def _around_that_counts(run: Execution) -> dict[str, Version]:
    """What it depended on besides names; how numbers are printed is no matter to a cell that prints none.

    A draw from a stream that nobody had seeded is another draw where a cell above seeds it.
    """
    nothing = run.shown is not None and run.shown.is_empty
    no_image = run.shown is not None and not run.shown.has_image
    around = {**dict.fromkeys(run.drew_unseeded, UNSEEDED), **run.around}
    return {
        name: version
        for name, version in around.items()
        if not (name in _FOR_TEXT and nothing) and not (name in _FOR_IMAGES and no_image)
    }


def _is_around(clean: CleanRun, name: str) -> Version | None:
    if name == HISTORY:
        return clean.history.version
    return clean.around.get(name, clean.at_start.get(name))


def _shares_otherwise(clean: CleanRun, run: Execution, name: str) -> bool:
    """Whether other names would change along with `name` than when the run changed it."""
    after = run.after.get(name)
    if name not in clean.state and name not in run.inputs and (after is None or after.digest is None):
        return False  # left over from another run, not what the code took hold of, and perhaps not even changed
    along = {other for other in run.mutated[name] if other in run.outputs and other in clean.state}
    others = clean.sharing.get(name, frozenset())
    return bool(along - others) or bool((others & clean.state.keys()) - run.mutated[name])
