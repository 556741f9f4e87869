"""Rules on the code alone: one row per situation."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_prodkit.check.check import check_session
from jupyter_prodkit.notebook.document import Cell, Notebook
from jupyter_prodkit.session.record import EMPTY_TIMELINE

NUMPY, RANDOM = "import numpy as np", "import random"
SPLIT = "from sklearn.model_selection import train_test_split"

DRAWS = [
    ([NUMPY, "np.random.rand(3)"], "rand"),
    ([NUMPY, "x = [np.random.normal() for _ in range(3)]"], "normal"),
    (["from numpy.random import choice", "choice([1])"], "choice"),
    (["import numpy.random as r", "r.shuffle([1])"], "shuffle"),
    ([NUMPY, "rng = np.random.default_rng()"], "default_rng"),
    ([RANDOM, "random.random()"], "random"),
    (["from random import choice as pick", "pick([1])"], "pick"),
    ([SPLIT, "train_test_split(X, y)"], "train_test_split"),
    ([SPLIT, "train_test_split(X, y, random_state=None)"], "train_test_split"),
    (
        ["from sklearn.ensemble import RandomForestClassifier", "RandomForestClassifier(n_estimators=3)"],
        "RandomForestClassifier",
    ),
    (["df.sample(frac=1)"], "sample"),
    ([NUMPY, "np.random.rand()", "np.random.seed(0)"], "rand"),
    ([NUMPY, RANDOM, "random.seed(0)\nnp.random.rand()"], "rand"),
    ([NUMPY, "def f():\n    return np.random.rand()", "f()"], "rand"),
]
NO_DRAWS = [
    [NUMPY, "np.random.seed(0)", "np.random.rand(3)"],
    [NUMPY, "np.random.seed(0); np.random.rand(3)"],
    [NUMPY, "def f():\n    return np.random.rand()", "np.random.seed(0)\nf()"],
    [NUMPY, "def everything(n):\n    np.random.seed(n)", "everything(0)", "np.random.rand()"],
    [NUMPY, "from lightning import seed_everything\nseed_everything(3)", "np.random.rand()"],
    [NUMPY, "rng = np.random.default_rng(0)\nrng.normal()"],
    [NUMPY, "np.random.default_rng(seed=SEED)"],
    [NUMPY, "np.random.RandomState(0).rand()"],
    [SPLIT, "train_test_split(X, y, random_state=0)"],
    [SPLIT, "train_test_split(X, y, shuffle=False)"],
    [SPLIT, "train_test_split(X, y, **options)"],
    [NUMPY, RANDOM, "np.random.seed(0)", SPLIT, "train_test_split(X, y)"],
    ["df.sample(frac=1, random_state=0)"],
    ["df.sample(**options, n=3)"],
    ["player.sample('kick')", "urn.sample(3)"],
    ["random = object()", "random.choice([1])"],
    ["def train_test_split(*a): pass", "train_test_split(1)"],
    ["#| ignore\nimport random\nrandom.random()"],
    ["import random\ndef ("],
    [NUMPY, "np.random"],
]

PATHS = {
    "open('/home/me/data.csv')": True,
    "p = '/Users/me/x y/data.csv'": True,
    r"p = 'C:\\Users\\me\\data.csv'": True,
    "p = 'D:/data/x.csv'": True,
    "p = '~/data/x.csv'": True,
    "p = f'/home/me/{name}.csv'": True,
    "p = '/content/drive/x.ipynb'": True,
    "p = '/data/train.parquet'": True,
    "p = '/mnt/shared/folder'": True,
    "p = 'data/x.csv'": False,
    "p = '../x.csv'": False,
    "p = '/'": False,
    "p = '/tmp/x.csv'": False,
    "p = '/dev/null'": False,
    "get(base + '/data/items')": False,
    "url = 'https://example.org/home/me/x.csv'": False,
    "url = 'c://x'": False,
    "r = r'/home/(\\w+)/\\d'": False,
    "x = 'see /home/me/x.csv'": False,
    "'''Text on /home/me\nand more.'''": False,
    "#| parameters\np = '/home/me/data.csv'": False,
    "#| ignore\np = '/home/me/data.csv'": False,
    "# open('/home/me/data.csv')": False,
}


def findings(sources: list[str], family: str) -> list[tuple[str, tuple[str, ...]]]:
    cells = tuple(Cell(f"c{place}", place, "code", source) for place, source in enumerate(sources))
    report = check_session(Notebook(Path("rules.ipynb"), cells, from_file=False), EMPTY_TIMELINE)
    return [(f.cell_id or "", f.names) for f in report.findings if f.rule.startswith(family)]


@pytest.mark.parametrize(("sources", "name"), DRAWS)
def test_a_draw_without_a_seed(sources, name):
    assert [names for _, names in findings(sources, "randomness/")] == [(name,)]


@pytest.mark.parametrize("sources", NO_DRAWS)
def test_a_draw_that_is_seeded_or_none(sources):
    assert findings(sources, "randomness/") == []


@pytest.mark.parametrize("source", PATHS)
def test_a_path_of_this_machine(source):
    assert bool(findings([source], "paths/")) is PATHS[source]


def test_a_mark_that_can_not_be_does_not_stop_the_check():
    assert findings(["#| export my-module\nopen('/home/me/a.csv')"], "paths/") == [("c0", ())]


@pytest.mark.parametrize(
    ("source", "because"),
    [
        ("x = 1\ndef (", "Line 2: invalid syntax."),
        ("x = 'a", "Line 1: unterminated string literal"),
        ("x = '\0'", "null bytes"),
    ],
)
def test_what_is_wrong_with_code_that_is_no_python(source, because):
    report = check_session(Notebook(Path("n"), (Cell("a", 0, "code", source),), from_file=False), EMPTY_TIMELINE)
    (finding,) = [f for f in report.findings if f.rule == "structure/syntax-error"]
    assert because in finding.because
    assert report.cells[0].state == "failed"
