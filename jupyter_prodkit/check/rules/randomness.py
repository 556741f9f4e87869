"""Rules on randomness: draws that come out otherwise each time."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from jupyter_prodkit.check.evidence import Evidence
from jupyter_prodkit.check.report import Finding
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
_TAKE_RANDOM_STATE = frozenset({
    "train_test_split", "ShuffleSplit", "StratifiedShuffleSplit", "GroupShuffleSplit",
    "RandomForestClassifier", "RandomForestRegressor", "ExtraTreesClassifier", "ExtraTreesRegressor",
    "RandomizedSearchCV", "BaggingClassifier", "BaggingRegressor", "MLPClassifier", "MLPRegressor",
    "KMeans", "MiniBatchKMeans", "IsolationForest",
})  # fmt: skip


def unseeded(evidence: Evidence) -> Iterator[Finding]:
    """A draw has no seed: each run gives other values."""
    seeded: set[str] = set()
    modules: dict[str, str] = {}
    for cell in evidence.notebook.code_cells:
        if cell.tree is None:
            continue
        modules.update(_imported(cell.tree))
        calls = [node for node in ast.walk(cell.tree) if isinstance(node, ast.Call)]
        for call in sorted(calls, key=lambda one: (one.lineno, one.col_offset)):
            stream, name = _draw(call, modules)
            if name in {"seed", "manual_seed"}:
                seeded.add(stream)
            elif stream and stream not in seeded and not cell.marks.ignore:
                yield _finding(cell, name, stream)


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Local names of modules and of what is imported from them: `np` → `numpy`, `choice` → `random.choice`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.asname or alias.name.partition(".")[0], alias.name if alias.asname else alias.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _draw(call: ast.Call, modules: dict[str, str]) -> tuple[str, str]:
    """The stream a call draws from or seeds ('' for none), and the function's name."""
    module, _, name = _dotted(call.func, modules).rpartition(".")
    if module == "random" and name in _PYTHON_DRAWS | {"seed"}:
        return "random", name
    if module == "numpy.random" and name in _NUMPY_DRAWS | {"seed"}:
        return "numpy", name
    if module == "numpy.random" and name == "default_rng" and not call.args and not call.keywords:
        return "a new generator", name
    if name in _TAKE_RANDOM_STATE and module.startswith("sklearn.") and not _is_settled(call):
        return "numpy", name
    if isinstance(call.func, ast.Attribute) and call.func.attr == "sample" and not module and _is_frame_sample(call):
        return "numpy", "sample"
    return "", name


def _dotted(node: ast.expr, modules: dict[str, str]) -> str:
    if isinstance(node, ast.Name):
        return modules.get(node.id, "")
    if isinstance(node, ast.Attribute):
        owner = _dotted(node.value, modules)
        return f"{owner}.{node.attr}" if owner else ""
    return ""


def _is_settled(call: ast.Call) -> bool:
    """Whether the call is given `random_state`, doesn't shuffle, or takes arguments we can't see."""
    for keyword in call.keywords:
        if keyword.arg is None:
            return True
        value = keyword.value
        if keyword.arg == "random_state":
            return not (isinstance(value, ast.Constant) and value.value is None)
        if keyword.arg == "shuffle" and isinstance(value, ast.Constant) and value.value is False:
            return True
    return False


def _is_frame_sample(call: ast.Call) -> bool:
    """`df.sample(frac=…)` or `df.sample(n=…)` without `random_state`; other objects' `sample` has other arguments."""
    given = {keyword.arg for keyword in call.keywords}
    return bool(given & {"frac", "n"}) and not given & {"random_state", None}


def _finding(cell: Cell, name: str, stream: str) -> Finding:
    state = name in _TAKE_RANDOM_STATE or name == "sample"
    return Finding(
        rule="randomness/unseeded",
        severity="warning",
        cell_id=cell.cell_id,
        names=(name,),
        message="Draws without a seed",
        because=f"`{name}` draws from {'NumPy’s' if stream == 'numpy' else 'Python’s' if stream == 'random' else ''} "
        f"{'unseeded stream' if stream in {'numpy', 'random'} else stream}: each run gives other values.",
        fix="Give it `random_state=0`." if state else "Give it a seed: `numpy.random.default_rng(0)`, or seed the stream above.",
    )
