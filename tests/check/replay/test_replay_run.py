"""A replay gives what really running the page gives, and leaves the user's files alone."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from trying import BUDGET, folder_state, printed, ran, write_page

from jupyter_prodkit.check.replay.replay import replaying
from jupyter_prodkit.check.replay.shown import Display, ShownCell
from jupyter_prodkit.notebook.outputs import same_outputs
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.session.driver import fresh_kernel

pytestmark = pytest.mark.kernel

CELLS = {
    "imports": "import os, sys, asyncio, pathlib\nimport numpy as np\nimport pandas as pd",
    "plain": "x = 1\ntext = 'a'\nprint('hi')\nx",
    "alias": "one = [x]\nother = one",
    "through the alias": "other.append(2)",
    "function": "store = {}\ndef note(key):\n    store[key] = len(store)",
    "out of sight": "note('a')",
    "raises": "half = 1\n1 / 0\nnever = 2",
    "lacks": "nowhere + 1",
    "syntax": "def (",
    "deletes": "del half",
    "frame": "df = pd.DataFrame({'a': [1, 2, 3], 'b': [0.1, 0.2, 0.3]})\ndf",
    "in place": "df.drop(index=0, inplace=True)",
    "array": "a = np.arange(100.0)\nview = a[:10]",
    "through the view": "view[0] = 7",
    "large": "big = np.ones((600, 600))\nlots = list(range(100_000))",
    "inside the large one": "lots[50_000] = -1",
    "awaits": "await asyncio.sleep(0.01)\nprint('awaited')\nwaited = 3",
    "unicode": "größe = 5\n名前 = 'x'\nprint('naïve 名前')",
    "display": "from IPython.display import display, clear_output\nhandle = display('first', display_id=True)",
    "update": "handle.update('second')",
    "cleared": "print('gone')\nclear_output(wait=True)\nprint('stays')",
    "plot": "import matplotlib.pyplot as plt\nplt.plot([1, 4, 9])\nplt.show()",
    "stderr": "print('warned', file=sys.stderr)",
    "own folder": "here = os.getcwd()\nfile = pathlib.Path('data.csv').absolute()\nprint(here)",
    "reads": "rows = len(pd.read_csv('data.csv'))\nabove = open('../shared.txt').read()",
    "module": "import beside\nbeside.VALUE",
    "writes": "open('data.csv', 'a').write('9\\n')\nlen(open('data.csv').readlines())",
    "writes above": "open('../data/made.csv', 'w').write('1')\nos.remove('../data/old.csv')\nsorted(os.listdir('../data'))",
    "timed": "%%time\ntimed = 1",
    "magic": "%cd -q ..\nopen('made.txt', 'w').write('1')\nos.path.basename(os.getcwd())",
    "generator": "g = (i for i in range(3))\nnext(g)",
    "class": "class A:\n    def __init__(self): self.n = 1\nthing = A()\nthing.n += 1",
}
HOSTILE = """
class Rude:
    def __getattr__(self, name): raise RuntimeError(name)
    def __eq__(self, other): raise RuntimeError
    def __hash__(self): raise RuntimeError
    def __repr__(self): raise RuntimeError
    def __len__(self): raise RuntimeError
    def __reduce__(self): raise RuntimeError
class Meta(type):
    def __hash__(self): raise RuntimeError
    def __eq__(self, other): raise RuntimeError
    def __instancecheck__(self, other): raise RuntimeError
class Odd(metaclass=Meta): pass
rude, odd = Rude(), Odd()
named = type('odd\\n名', (), {})()
cyclic = []; cyclic.append(cyclic)
table = {'self': cyclic}; table['table'] = table
print_ = print
"""


def project(folder: Path, sources) -> SimpleNamespace:
    notebook = write_page(folder / "project" / "notebooks", *sources)
    root = notebook.path.parent.parent
    (root / "data").mkdir()
    (root / "data" / "old.csv").write_text("1")
    (root / "shared.txt").write_text("shared")
    (notebook.path.parent / "data.csv").write_text("n\n1\n2\n")
    (notebook.path.parent / "beside.py").write_text("VALUE = 5")
    return SimpleNamespace(notebook=notebook, root=root)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """One replay of all cells, and what the project was before and is after it."""
    made = project(tmp_path_factory.mktemp("run"), CELLS.values())
    before = folder_state(made.root)
    made.replay = ran(made.notebook)
    made.by_name = dict(zip(CELLS, made.replay.outcomes.values(), strict=True))
    made.untouched = folder_state(made.root) == before
    return made


@pytest.fixture(scope="module")
def really(tmp_path_factory, run):
    """The same page run in an ordinary kernel, in the notebook's own folder; last, as it changes that."""
    shown, notebook = {}, run.notebook
    with fresh_kernel(notebook.path, Progress()) as driver:
        for cell in notebook.code_cells:
            collected = ShownCell(Display({}))
            outcome = driver.run_cell(cell, Progress(), collected.take)
            shown[cell.cell_id] = (outcome, collected.outputs())
        code = (
            "import json as _j\nfrom jupyter_prodkit.session.glimpse import glimpse as _g\n"
            f"_names = {list(run.replay.final)!r}\n"
            "print(_j.dumps({n: _g(get_ipython().user_ns[n]).digest for n in _names if n in get_ipython().user_ns}))"
        )
        said = ShownCell(Display({}))
        driver.execute(code, Progress(), silent=True, listen=said.take)
        values = json.loads(said.outputs()[0]["text"])
    return SimpleNamespace(shown=shown, values=values)


def names(run, cell):
    return set(run.by_name[cell].written)


def test_the_users_folder_is_as_it_was(run):
    """Cells that write, remove and move files do so in a copy; every byte and time of the folder stays."""
    assert run.untouched


def test_nothing_is_left_behind(run):
    """The copy is gone with the run."""
    assert not list(Path(tempfile.gettempdir()).glob("prodkit-replay-*/page/notebooks/page.ipynb"))


def test_every_cell_was_run(run):
    """The clean run goes on after an error."""
    assert list(run.replay.outcomes) == [f"c{number}" for number in range(1, len(CELLS) + 1)]
    assert run.replay.unfinished == ""
    assert {name for name, one in run.by_name.items() if not one.success} == {"raises", "lacks", "syntax"}
    assert all(one.refused == () for one in run.by_name.values())


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("plain", {"x", "text"}),
        ("alias", {"one", "other"}),
        ("through the alias", {"one", "other"}),
        ("out of sight", {"store"}),
        ("raises", {"half"}),
        ("lacks", set()),
        ("in place", {"df"}),
        ("through the view", {"a", "view"}),
        ("inside the large one", {"lots"}),
        ("awaits", {"waited"}),
        ("unicode", {"größe", "名前"}),
        ("timed", {"timed"}),
    ],
)
def test_what_a_cell_wrote_is_told(run, cell, written):
    assert written <= names(run, cell)
    assert not {"x", "big"} & (names(run, cell) - written)


def test_errors_are_told(run):
    assert run.by_name["raises"].error == "ZeroDivisionError: division by zero"
    assert run.by_name["lacks"].lacked == "nowhere"
    assert run.by_name["syntax"].error.startswith("SyntaxError")
    assert run.by_name["deletes"].deleted == {"half"}
    assert "half" not in run.replay.final


def test_values_are_those_of_a_real_run(run, really):
    """Every value with a digest has the same one after really running the page in its own folder."""
    final = {name: seen.digest for name, seen in run.replay.final.items()}
    assert set(really.values) == set(final)
    assert {name for name in final if final[name] != really.values[name]} == set()
    assert {"x", "one", "store", "df", "a", "lots", "thing", "here", "file", "rows"} <= {
        name for name, digest in final.items() if digest
    }


def test_outputs_are_those_of_a_real_run(run, really):
    """Each cell shows what it shows in the notebook's own folder, plots and updated displays included."""
    for cell_id, (outcome, shown) in really.shown.items():
        replayed = run.replay.outcomes[cell_id]
        assert (replayed.success, replayed.error) == (outcome.success, outcome.error)
        if cell_id != f"c{list(CELLS).index('display') + 1}":
            assert same_outputs(replayed.shown, shown), cell_id
    assert run.by_name["display"].shown[0]["data"]["text/plain"] == "'second'"
    assert "image/png" in run.by_name["plot"].shown[0]["data"]


def test_the_folder_is_named_as_the_user_knows_it(run):
    """Neither outputs nor values say that the run took place elsewhere."""
    assert printed(run.by_name["own folder"]).strip() == str(run.notebook.path.parent)


def test_strange_cells_and_values_are_no_obstacle(tmp_path):
    """Objects that refuse every question, cells that wipe the kernel out: the run goes on."""
    cells = [
        HOSTILE,
        "import threading\nthreading.Thread(target=lambda: 1 / 0).start()",
        "import sys\nsys.exit(3)",
        "%reset -f",
        "x = 1\n__builtins__.len",
        ("y = 1", ["skip-execution"]),
        "%prodcheck",
        "%prodlock\nz = 2",
        "print = get_ipython = None\nw = 1",
    ]
    replay = ran(write_page(tmp_path, *cells))
    assert list(replay.outcomes) == ["c1", "c2", "c3", "c4", "c5", "c8", "c9"]
    assert replay.unfinished == ""
    assert {"rude", "odd", "named", "cyclic", "table"} <= set(replay.outcomes["c1"].written)
    assert replay.outcomes["c3"].error.startswith("SystemExit")
    assert "rude" in replay.outcomes["c4"].deleted
    assert set(replay.final) >= {"x", "z", "w"}
    assert not {"rude", "y"} & set(replay.final)


def test_only_what_is_needed_is_run(tmp_path):
    """A prefix ends at the cell that was asked for, and a caller who knows enough ends it sooner."""
    notebook = write_page(tmp_path, "a = 1", "b = a", "while True: pass")
    assert list(ran(notebook, until="c2").outcomes) == ["c1", "c2"]
    run = replaying(notebook, budget=BUDGET, progress=Progress())
    assert next(run).cell_id == "c1"
    run.close()
    assert not list(Path(tempfile.gettempdir()).glob(f"prodkit-replay-*/page/{tmp_path.name}"))


FROM_A_KERNEL = """
import os
from pathlib import Path
from jupyter_prodkit.check.replay.replay import replay
from jupyter_prodkit.notebook.document import read_notebook
from jupyter_prodkit.progress import Progress
os.environ["LEFT_BEHIND"] = "1"
run = replay(read_notebook(Path({path!r})), budget={budget}, progress=Progress())
print([one.error for one in run.outcomes.values()], sorted(run.final))
"""


def test_a_replay_from_the_users_kernel_starts_clean(tmp_path):
    """It runs beside the kernel that asks for it, and has nothing of what the cells did to that one's environment."""
    notebook = write_page(tmp_path, "import os\nassert 'LEFT_BEHIND' not in os.environ", "x = 1")
    said = ShownCell(Display({}))
    with fresh_kernel(notebook.path, Progress()) as driver:
        code = FROM_A_KERNEL.format(path=str(notebook.path), budget=BUDGET)
        outcome = driver.execute(code, Progress(), cell_id="live", listen=said.take)
    assert outcome.success, outcome.error
    assert [one["text"] for one in said.outputs()] == ["['', ''] ['os', 'x']\n"]
