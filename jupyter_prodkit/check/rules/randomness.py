# ruff: noqa: SIM905 - long lists read best as words
"""Rules on randomness: draws that come out otherwise each time."""

from __future__ import annotations

from collections.abc import Iterator

from jupyter_prodkit.check.evidence import Evidence
from jupyter_prodkit.check.report import Finding
from jupyter_prodkit.check.rules.calls import Call, calls_of_page
from jupyter_prodkit.notebook.document import Cell

__all__ = ["entropy", "unseeded"]

_DRAWS = {
    "random": frozenset(
        "betavariate choice choices expovariate gauss getrandbits normalvariate randint random randrange sample "
        "shuffle triangular uniform".split(),
    ),
    "numpy.random": frozenset(
        "beta binomial bytes chisquare choice exponential gamma integers lognormal multinomial multivariate_normal "
        "normal permutation poisson rand randint randn random random_sample ranf sample shuffle standard_normal "
        "standard_t uniform".split(),
    ),
    "torch": frozenset("bernoulli multinomial normal rand rand_like randint randn randn_like randperm".split()),
}
_STREAM_OF = {"random": "random", "numpy.random": "numpy", "torch": "torch"}
_SEEDS = {
    "random.seed": "random",
    "numpy.random.seed": "numpy",
    "numpy.random.set_state": "numpy",
    "torch.manual_seed": "torch",
    "torch.random.manual_seed": "torch",
}
_GENERATORS = frozenset({"numpy.random.default_rng", "numpy.random.RandomState", "random.Random"})
# Functions and classes that draw from NumPy's global stream unless they are given `random_state`.
_TAKE_RANDOM_STATE = frozenset(
    "BaggingClassifier BaggingRegressor ExtraTreesClassifier ExtraTreesRegressor GaussianMixture IsolationForest "
    "KMeans MLPClassifier MLPRegressor MiniBatchKMeans RandomForestClassifier RandomForestRegressor "
    "RandomizedSearchCV SGDClassifier SGDRegressor ShuffleSplit StratifiedShuffleSplit TSNE make_blobs make_circles "
    "make_classification make_moons make_regression permutation_importance train_test_split".split(),
)
# The same, but only where they are told to shuffle.
_SHUFFLE_WHEN_TOLD = frozenset({"KFold", "StratifiedKFold"})
# Functions of frameworks, and of users, that seed every stream.
_SEED_ALL = frozenset(
    "fix_seed fix_seeds seed_all seed_everything set_all_seeds set_global_seed set_random_seed set_random_seeds "
    "set_seed set_seeds".split(),
)
_NEW = "new"
_STREAMS = {
    "random": "Python’s unseeded stream",
    "numpy": "NumPy’s unseeded stream",
    "torch": "PyTorch’s unseeded stream",
    _NEW: "an unseeded generator",
}
_FROM_THE_SYSTEM = {
    "uuid.uuid1": "a new UUID",
    "uuid.uuid4": "a new UUID",
    "os.urandom": "random bytes",
    "os.getpid": "the number of the kernel’s process",
    "secrets.choice": "a random choice that nothing can seed",
    "secrets.randbelow": "a random number that nothing can seed",
    "secrets.token_bytes": "random bytes",
    "secrets.token_hex": "a random text",
    "secrets.token_urlsafe": "a random text",
    "random.SystemRandom": "random numbers that nothing can seed",
    "socket.gethostname": "the name of this machine",
    "platform.node": "the name of this machine",
}


def unseeded(evidence: Evidence) -> Iterator[Finding]:
    """A draw has no seed: each run gives other values."""
    draws: list[tuple[Cell, Call, str, bool]] = []
    seeded: set[str] = set()
    for cell, call, dotted in calls_of_page(evidence.notebook):
        stream, seeds = _stream(call, dotted)
        if seeds:
            seeded |= seeds
        elif stream:
            draws.append((cell, call, stream, stream in seeded))
    for cell, call, stream, seeded_above in draws:
        # A function is called later than it is defined: a seed further down may come before the call.
        if not (seeded_above or (call.in_function and stream in seeded)):
            yield _finding(cell, call, stream)


def entropy(evidence: Evidence) -> Iterator[Finding]:
    """A value is drawn from the system: no seed can make it come again."""
    for cell, call, dotted in calls_of_page(evidence.notebook):
        what = _FROM_THE_SYSTEM.get(dotted)
        if what is not None:
            yield Finding(
                rule="randomness/entropy",
                severity="warning",
                cell_id=cell.cell_id,
                names=(call.name,),
                message="Differs in each run",
                because=f"`{call.name}` gives {what}: what depends on it can’t be had again.",
                fix="Write the value down as a parameter, or derive it from the data.",
            )


def _stream(call: Call, dotted: str) -> tuple[str, frozenset[str]]:
    """The stream that a call draws from, and the streams that it seeds."""
    module, _, name = dotted.rpartition(".")
    if name in _SEED_ALL or call.name in _SEED_ALL:
        return "", frozenset(_STREAM_OF.values())
    if dotted in _SEEDS:
        return "", frozenset({_SEEDS[dotted]})
    if dotted in _GENERATORS:
        given = call.has_arguments and call.arguments[:1] != (None,)
        return "" if given else _NEW, frozenset()
    if name in _DRAWS.get(module, ()):
        own_stream = call.keywords.get("generator") is not None  # as PyTorch's take it
        return "" if own_stream else _STREAM_OF[module], frozenset()
    return "numpy" if _draws_through_library(call, module, name) else "", frozenset()


def _draws_through_library(call: Call, module: str, name: str) -> bool:
    """Whether a call draws from NumPy's global stream, though it isn't one of NumPy's own."""
    if call.is_settled:
        return False
    if module.startswith("sklearn."):
        return name in _TAKE_RANDOM_STATE or (name in _SHUFFLE_WHEN_TOLD and call.keywords.get("shuffle") is True)
    if name == "rvs":
        return module.startswith("scipy.stats.")
    return not module and call.samples_rows


def _finding(cell: Cell, call: Call, stream: str) -> Finding:
    fix = "Give it a seed: `numpy.random.default_rng(0)`." if stream == _NEW else "Seed the stream above."
    if call.name in _TAKE_RANDOM_STATE | _SHUFFLE_WHEN_TOLD | {"sample", "rvs"} and stream == "numpy":
        fix = "Give it `random_state=0`."
    if call.path[0] == "random" and call.name == "Random":
        fix = "Give it a seed: `random.Random(0)`."
    return Finding(
        rule="randomness/unseeded",
        severity="warning",
        cell_id=cell.cell_id,
        names=(call.name,),
        message="Draws without a seed",
        because=f"`{call.name}` draws from {_STREAMS[stream]}: each run gives other values.",
        fix=fix,
    )
