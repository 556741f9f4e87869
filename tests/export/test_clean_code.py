"""What steps become passes linter and type checker, whatever a notebook's statements are like, and rests on import."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pages import FACTS, REQUIREMENTS, SERVING, page

from jupyter_prodkit.export.locked import Locked
from jupyter_prodkit.export.package import Package, package_tree
from jupyter_prodkit.export.selection import select
from jupyter_prodkit.files import write_tree

CELLS = (
    "import numpy as np\nimport pandas as pd",
    "#| parameters\nCUT = 2  # from here on it is long",
    "#| export\nSEEN = []\n\n\ndef note(x):\n    kept = f'none'\n    SEEN.append(x)\n    return x",
    """
    #| step load
    rows = []
    frame = pd.DataFrame({'a': [1, 2], 'b': ['x', 'y']})
    frame['c'] = frame.a * CUT
    frame = frame.dropna()
    n = len(frame)
    n = n / 2
    labels = frame['b'].values
    parts = 'a b'
    parts = parts.split()
    """,
    """
    #| step train
    w = np.zeros(3)
    w = w.tolist()
    for i in range(3):
        w[i] = note(w[i] + n)
    for i in ['a']:
        w.append(len(i))
    try:
        best = max(w)
    except ValueError as error:
        best = str(error)
    half = lambda x: x / 2
    def half(x): return x // 2
    means = frame.groupby('b').a.mean()
    means.of = labels
    mixed = [half(1), parts[0]]
    total = mixed[0] + 1
    """,
)
TYPES = {
    ("load", "frame"): "pandas.core.frame.DataFrame",
    ("load", "labels"): "numpy.ndarray",
    ("load", "parts"): "builtins.list",
    ("load", "n"): "builtins.float",
    ("train", "best"): "builtins.float",
    ("train", "total"): "builtins.int",
}
TOOLS = Path(sys.executable).parent


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package of a notebook that gives its names to values of several types, as notebooks do."""
    lock = Locked(REQUIREMENTS, SERVING, FACTS)
    package = Package("flowers", "0.1.0", "flowers.ipynb", select(page(*CELLS), types=TYPES), lock, "0.13.9")
    folder = tmp_path_factory.mktemp("work") / "flowers"
    write_tree(folder, package_tree(package))
    return folder


def checked(folder: Path, *command: str) -> tuple[int, str]:
    done = subprocess.run(
        [str(TOOLS / command[0]), *command[1:]], cwd=folder, env={**os.environ, "MYPYPATH": "src", "PYTHONPATH": str(folder / "src")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_the_linter_finds_nothing(folder: Path) -> None:
    """Ruff, as the package's pyproject.toml has it, and as its CI runs it."""
    status, said = checked(folder, "ruff", "check", ".")
    assert status == 0, said


def test_a_package_without_settings_is_clean_as_well(tmp_path: Path) -> None:
    """Where nothing is to be set, nothing is imported for it."""
    lock = Locked(REQUIREMENTS, SERVING, FACTS)
    write_tree(tmp_path / "bare", package_tree(Package("bare", "1", "b.ipynb", select(page("#| export\nA = 1")), lock, "0.13.9")))
    status, said = checked(tmp_path / "bare", "ruff", "check", ".")
    assert status == 0, said


@pytest.mark.slow
def test_the_type_checker_finds_nothing_but_mistakes(folder: Path) -> None:
    """Mypy passes on the steps, whose types are the live ones; a name that is not there is found all the same."""
    status, said = checked(folder, "mypy")
    assert status == 0, said
    steps = folder / "src" / "flowers" / "steps.py"
    text = steps.read_text()
    assert "def train(n: float, frame: pd.DataFrame, labels: np.ndarray, parts: list)" in text
    steps.write_text(text.replace("w = w.tolist()", "w = v.tolist()"))
    try:
        status, said = checked(folder, "mypy")
    finally:
        steps.write_text(text)
    assert 'Name "v" is not defined' in said
    assert status == 1


@pytest.mark.slow
def test_its_own_tests_see_that_importing_it_runs_nothing(folder: Path) -> None:
    """The package's tests pass, and fail as soon as an import prints, writes, or begins the work."""
    command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_package.py")
    status, said = checked(folder, *command)
    assert status == 0, said
    steps = folder / "src" / "flowers" / "steps.py"
    text = steps.read_text()
    for broken, found in (
        ("print('hello')", "test_importing_it_does_nothing"),
        ("open('made', 'w').close()", "test_importing_it_does_nothing"),
        ("load()", "test_importing_it_runs_no_step"),
    ):
        steps.write_text(f"{text}\n{broken}\n")
        try:
            status, said = checked(folder, *command)
        finally:
            steps.write_text(text)
        assert f"FAILED tests/test_package.py::{found}" in said
        assert status == 1
