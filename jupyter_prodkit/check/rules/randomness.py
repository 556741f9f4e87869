# ruff: noqa: SIM905 - long lists read best as words
"""Rules on randomness: draws that come out otherwise each time."""

from __future__ import annotations

from collections.abc import Iterator

from jupyter_prodkit.check.evidence import Evidence
from jupyter_prodkit.check.report import Finding
from jupyter_prodkit.check.rules.calls import Call, calls_in
from jupyter_prodkit.notebook.document import Cell

__all__ = ["unseeded"]

_NUMPY_DRAWS = frozenset(
    "beta binomial bytes chisquare choice exponential gamma integers normal permutation poisson rand randint randn "
    "random random_sample ranf sample shuffle standard_normal uniform".split(),
)
_PYTHON_DRAWS = frozenset(
    "betavariate choice choices expovariate gauss getrandbits normalvariate randint random randrange sample shuffle "
    "triangular uniform".split(),
)
# Functions and classes that draw from NumPy's global stream unless they are given `random_state`.
_TAKE_RANDOM_STATE = frozenset(
    "BaggingClassifier BaggingRegressor ExtraTreesClassifier ExtraTreesRegressor IsolationForest KMeans MLPClassifier "
    "MLPRegressor MiniBatchKMeans RandomForestClassifier RandomForestRegressor RandomizedSearchCV ShuffleSplit "
    "StratifiedShuffleSplit train_test_split".split(),
)
# Functions of frameworks, and of users, that seed every stream.
_SEED_ALL = frozenset(
    "fix_seed fix_seeds seed_all seed_everything set_all_seeds set_global_seed set_random_seed set_random_seeds "
    "set_seed set_seeds".split(),
)
_NEW = "new"
_STREAMS = {"random": "Python’s unseeded stream", "numpy": "NumPy’s unseeded stream", _NEW: "an unseeded generator"}


def unseeded(evidence: Evidence) -> Iterator[Finding]:
    """A draw has no seed: each run gives other values."""
    draws: list[tuple[Cell, Call, str, bool]] = []
    seeded: set[str] = set()
    imported: dict[str, str] = {}
    for cell in evidence.notebook.code_cells:
        imports, calls = calls_in(cell.source)
        imported.update(imports)
        for call in calls:
            stream, seeds = _stream(call, call.dotted(imported))
            if seeds:
                seeded |= seeds
            elif stream and not cell.is_ignored:
                draws.append((cell, call, stream, stream in seeded))
    for cell, call, stream, seeded_above in draws:
        # A function is called later than it is defined: a seed further down may come before the call.
        if not (seeded_above or (call.in_function and stream in seeded)):
            yield _finding(cell, call.name, stream)


def _stream(call: Call, dotted: str) -> tuple[str, frozenset[str]]:
    """The stream that a call draws from, and the streams that it seeds."""
    module, _, name = dotted.rpartition(".")
    if name in _SEED_ALL or call.name in _SEED_ALL:
        return "", frozenset({"random", "numpy"})
    if module in {"random", "numpy.random"}:
        return _stream_of_module("random" if module == "random" else "numpy", name, call)
    if name in _TAKE_RANDOM_STATE and module.startswith("sklearn."):
        return "" if call.is_settled else "numpy", frozenset()
    return "numpy" if not module and call.samples_rows else "", frozenset()


def _stream_of_module(stream: str, name: str, call: Call) -> tuple[str, frozenset[str]]:
    if name == "seed":
        return "", frozenset({stream})
    if stream == "numpy" and name == "default_rng":
        return "" if call.has_arguments else _NEW, frozenset()
    return stream if name in (_PYTHON_DRAWS if stream == "random" else _NUMPY_DRAWS) else "", frozenset()


def _finding(cell: Cell, name: str, stream: str) -> Finding:
    fix = "Give it a seed: `numpy.random.default_rng(0)`." if stream == _NEW else "Seed the stream above."
    if name in _TAKE_RANDOM_STATE or name == "sample":
        fix = "Give it `random_state=0`."
    return Finding(
        rule="randomness/unseeded",
        severity="warning",
        cell_id=cell.cell_id,
        names=(name,),
        message="Draws without a seed",
        because=f"`{name}` draws from {_STREAMS[stream]}: each run gives other values.",
        fix=fix,
    )
