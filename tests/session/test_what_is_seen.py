"""Each kind of state that a cell can depend on is seen: no cell that would show another thing is called reproduced.

Every session here is judged, and then its page is really run from the top in a new shell: that is the truth which the
table states in `doubted`, and to which the check is held.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest
from living import live
from not_yet import case
from playing import Player, Run


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    """Each session has a folder of its own, and no byte code of its modules is kept."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("MPLBACKEND", "agg")
    (tmp_path / "data.txt").write_text("old\n")
    (tmp_path / "table.csv").write_text("a,b\n1,2\n3,4\n")
    (tmp_path / "helpers.py").write_text("K = 1\ndef f():\n    return K\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "extra.py").write_text("E = 5\n")


def written(name: str, text: str) -> Callable[[Player], object]:
    """Another program writes a file between cells."""
    return lambda _: Path(name).write_text(text)


def outside(code: str) -> Callable[[Player], object]:
    """A widget's callback runs code between cells: the shell says that something happens, not what."""

    def run(player: Player) -> None:
        player.shell.events.trigger("pre_execute")
        exec(code, player.shell.user_ns)
        player.shell.events.trigger("post_execute")

    return run


def unannounced(code: str) -> Callable[[Player], object]:
    """A debugger or another thread's C code changes something between cells: nobody says so."""
    return lambda player: exec(code, player.shell.user_ns)


def in_thread(code: str) -> Callable[[Player], object]:
    """A thread of the user's does something between cells, to its end."""

    def run(player: Player) -> None:
        thread = threading.Thread(target=exec, args=(code, player.shell.user_ns))
        thread.start()
        thread.join()

    return run


@dataclass(frozen=True)
class Case:
    """A session in which something that the page doesn't show plays a part."""

    page: dict[str, str]
    runs: Sequence[Run] | None = None
    """By default each cell once, from the top."""
    doubted: str = ""
    """The cells that show another thing in a run from the top."""


def cells(*sources: str) -> dict[str, str]:
    """A page of cells `a`, `b`, `c` and so on."""
    return dict(zip("abcdefgh", sources, strict=False))


BOX = "class Box:\n    n = 0\nbox = Box()"
FRAME = "import pandas as pd\ndf = pd.DataFrame({'a': [1.5, 2.5], 'b': [1, 2]})"
NUMPY = "import numpy as np"
K = [("a", "k = 1")]

OUTSIDE_CELLS = {
    "console rebinds": Case(cells("x = 1", "print(x)"), ["a", (None, "x = 5"), "b"], "b"),
    "console changes in place": Case(cells("x = [1]", "print(x)"), ["a", (None, "x.append(2)"), "b"], "b"),
    "console changes an attribute": Case(cells(BOX, "print(box.n)"), ["a", (None, "box.n = 5"), "b"], "b"),
    "console deletes": Case(cells("x = 1", "print('x' in globals())"), ["a", (None, "del x"), "b"], "b"),
    "callback rebinds": Case(cells("x = 1", "print(x)"), ["a", outside("x = 5"), "b"], "b"),
    "callback appends": Case(cells("x = [1]", "print(x)"), ["a", outside("x.append(2)"), "b"], "b"),
    "callback changes what lies deeper": Case(cells("x = {'k': [1]}", "print(x)"), ["a", outside("x['k'].append(2)"), "b"], "b"),
    "callback changes an attribute": Case(cells(BOX, "print(box.n)"), ["a", outside("box.n = 5"), "b"], "b"),
    "callback changes a class": Case(cells(BOX, "print(box.n)"), ["a", outside("Box.n = 5"), "b"], "b"),
    "callback changes an array": Case(cells(f"{NUMPY}\nx = np.zeros(3)", "print(x)"), ["a", outside("x[1] = 5"), "b"], "b"),
    "callback changes a table": Case(cells(FRAME, "print(df.a.sum())"), ["a", outside("df.loc[0, 'a'] = 5"), "b"], "b"),
    "callback after the reader, then the reader again": Case(cells("x = {'k': [1]}", "print(x)"), ["a", "b", outside("x['k'].append(2)"), "b"], "b"),
    "unannounced: rebinds": Case(cells("x = 1", "print(x)"), ["a", unannounced("x = 5"), "b"], "b"),
    "unannounced: appends": Case(cells("x = [1]", "print(x)"), ["a", unannounced("x.append(2)"), "b"], "b"),
    "unannounced: changes an attribute": Case(cells(BOX, "print(box.n)"), ["a", unannounced("box.n = 5"), "b"], "b"),
    "a thread writes later": Case(
        cells("import threading\nl = []\ngo = threading.Event()\nt = threading.Thread(target=lambda: (go.wait(9), l.append(1)), daemon=True)\nt.start()", "print(l)"),
        ["a", outside("go.set(); t.join()"), "b"], "b",
    ),
    "a thread rebinds later": Case(cells("x = 1", "print(x)"), ["a", in_thread("x = 2"), "b"], "b"),
    "a timer counts on": Case(
        cells("state = {'ticks': [0]}", "print(state)"), ["a", in_thread("state['ticks'][0] += 1"), "b"], "b",
    ),
}  # fmt: skip

SEED, NP_SEED = "import random\nrandom.seed(1)", f"{NUMPY}\nnp.random.seed(1)"
PAGE_RNG = cells("import random\nrng = random.Random(3)", "print(rng.random())")
PAGE_GENERATOR = cells(f"{NUMPY}\nrng = np.random.default_rng(3)", "print(rng.integers(10**9))")
SIMULATION = cells(
    f"{NUMPY}\nclass Sim:\n    def __init__(self): self.rng = np.random.default_rng(3)\n    def go(self): return self.rng.integers(10**9)\nsim = Sim()",
    "print(sim.go())",
)

RANDOM = {
    "seed not run again": Case(cells(SEED, "print(random.random())"), ["a", "b", "b"], "b"),
    "seed not run again, in a function": Case(cells(SEED, "def f(): return random.random()", "print(f())"), ["a", "b", "c", "c"], "c"),
    "seed not run again, a method drawn by name": Case(cells(f"{SEED}\nfrom random import random as r", "print(r())"), ["a", "b", "b"], "b"),
    "draws in another order": Case(cells(SEED, "print(random.random())", "print(random.random())"), ["a", "c", "b"], "b c"),
    "a deleted cell drew": Case(cells(SEED, "print(random.random())"), ["a", ("gone", "random.random()"), "b"], "b"),
    "a callback drew": Case(cells(SEED, "print(random.random())"), ["a", outside("random.random()"), "b"], "b"),
    "one more draw than on the page": Case(
        cells(SEED, "for _ in range(1): random.random()", "print(random.random())"),
        ["a", ("b", "for _ in range(2): random.random()"), "c"], "c",
    ),
    "seed edited": Case(cells(SEED, "print(random.random())"), [("a", "import random\nrandom.seed(2)"), "b"], "b"),
    "numpy, seed not run again": Case(cells(NP_SEED, "print(np.random.rand())"), ["a", "b", "b"], "b"),
    "numpy, another order": Case(cells(NP_SEED, "print(np.random.rand())", "print(np.random.rand())"), ["a", "c", "b"], "b c"),
    "numpy, the spare normal": Case(cells(NP_SEED, "print(np.random.randn())"), ["a", ("gone", "np.random.randn()"), "b"], "b"),
    "drawn through pandas": Case(cells(f"{NP_SEED}\n{FRAME}\ndf = pd.DataFrame({{'a': range(1000)}})", "print(df.sample(1).a.iloc[0])"), ["a", "b", "b"], "b"),
    "drawn through sklearn": Case(
        cells(f"{NP_SEED}\nfrom sklearn.model_selection import train_test_split", "print(train_test_split(range(1000))[1][:3])"),
        ["a", "b", "b"], "b",
    ),
    "a stream of one's own": Case(PAGE_RNG, ["a", "b", "b"], "b"),
    "a NumPy generator": Case(PAGE_GENERATOR, ["a", "b", "b"], "b"),
    "a NumPy generator, another order": Case(
        PAGE_GENERATOR | {"c": "print(rng.integers(10**9))"}, ["a", "c", "b"], "b c",
    ),
    "a RandomState": Case(cells(f"{NUMPY}\nrng = np.random.RandomState(3)", "print(rng.rand())"), ["a", "b", "b"], "b"),
    "a generator within an object": Case(SIMULATION, ["a", "b", "b"], "b"),
    "a generator within a closure": Case(
        cells(f"{NUMPY}\ndef make():\n    rng = np.random.default_rng(3)\n    return lambda: rng.integers(10**9)\ndraw = make()", "print(draw())"),
        ["a", "b", "b"], "b",
    ),
    "torch, seed not run again": Case(cells("import torch\n_ = torch.manual_seed(1)", "print(torch.rand(1))"), ["a", "b", "b"], "b"),
}  # fmt: skip

# What no two runs show alike: the cell may be called nondeterministic, or a finding on randomness says so.
UNDETERMINED = {
    "unseeded draw": "import random\nprint(random.random())",
    "unseeded draw, NumPy": f"{NUMPY}\nprint(np.random.rand())",
    "unseeded generator": f"{NUMPY}\nrng = np.random.default_rng()\nprint(rng.integers(10**9))",
    "clock": "import time\nprint(time.time())",
    "clock, of two names": "from time import perf_counter as now\nprint(now())",
    "date": "from datetime import datetime\nprint(datetime.now())",
    "date, pandas": "import pandas as pd\nprint(pd.Timestamp.now())",
    "uuid": "import uuid\nprint(uuid.uuid4())",
    "urandom": "import os\nprint(os.urandom(8))",
    "secrets": "import secrets\nprint(secrets.token_hex(8))",
    "set order": "print(list({'one', 'two', 'three', 'four', 'five'}))",
    "set order, of a name": "s = set('abcdefgh')\nfor one in s: print(one)",
    "hash of a text": "print(hash('text'))",
    "process id": "import os\nprint(os.getpid())",
}

AMBIENT = {
    "environ set below": Case(cells("import os\nprint(os.environ.get('MODE', 'plain'))", "os.environ['MODE'] = 'fast'"), ["a", "b", "a"], "a"),
    "environ set by a deleted cell": Case(cells("import os\nprint(os.getenv('MODE'))"), [("gone", "import os\nos.environ['MODE'] = 'fast'"), "a"], "a"),
    "%env in the console": Case(cells("import os\nprint(os.getenv('MODE'))"), [(None, "%env MODE=fast"), "a"], "a"),
    "environ read in a function": Case(
        cells("import os\ndef mode(): return os.environ.get('MODE')", "print(mode())"), ["a", (None, "os.environ['MODE'] = 'x'"), "b"], "b",
    ),
    "environ read by a shell line": Case(cells("x = !echo m$MODE\nprint(x)"), [(None, "%env MODE=fast"), "a"], "a"),
    "folder changed below": Case(cells("import os\nprint(os.path.exists('data.txt'))", "os.chdir('sub')"), ["a", "b", "a"], "a"),
    "%cd in the console": Case(cells("from pathlib import Path\nprint(Path('data.txt').exists())"), [(None, "%cd -q sub"), "a"], "a"),
    "folder asked for": Case(cells("import os\nprint(os.path.basename(os.getcwd()))"), [(None, "import os\nos.chdir('sub')"), "a"], "a"),
    "sys.path": Case(cells("import sys\nprint('lib' in sys.path)", "sys.path.append('lib')"), ["a", "b", "a"], "a"),
    "an import that only a deleted cell made possible": Case(
        cells("import extra\nprint(extra.E)"), [("gone", "import sys\nsys.path.insert(0, 'lib')"), "a"], "a",
    ),
    "pandas options": Case(cells(f"{FRAME}\ndf['a'] /= 3", "print(df)"), ["a", (None, "pd.set_option('display.precision', 4)"), "b"], "b"),
    "NumPy options": Case(cells(f"{NUMPY}\nx = np.array([1/3])", "print(x)"), ["a", (None, "np.set_printoptions(precision=2)"), "b"], "b"),
    "NumPy options below": Case(cells(f"{NUMPY}\nx = np.array([1/3])", "print(x)", "np.set_printoptions(precision=2)"), ["a", "b", "c", "b"], "b"),
    "NumPy error state": Case(
        cells(NUMPY, "try:\n    print(np.array([1.]) / 0)\nexcept FloatingPointError:\n    print('raised')"),
        ["a", (None, "old = np.seterr(all='raise')"), "b", outside("np.seterr(**old)")], "b",
    ),
    "matplotlib options": Case(
        cells("import matplotlib.pyplot as plt", "print(plt.rcParams['lines.linewidth'])"),
        ["a", (None, "plt.rcParams['lines.linewidth'] = 9"), "b"], "b",
    ),
    "pyplot's figure": Case(
        cells("import matplotlib.pyplot as plt", "plt.plot([1])\nprint(len(plt.gca().lines))"), ["a", "b", "b"], "b",
    ),
    "warning filters": Case(
        cells("import warnings", "try:\n    warnings.warn('w')\n    print('went on')\nexcept UserWarning:\n    print('raised')"),
        ["a", (None, "warnings.simplefilter('error')"), "b"], "b",
    ),
    "decimal context": Case(
        cells("import decimal", "print(decimal.Decimal(1) / 3)"), ["a", (None, "decimal.getcontext().prec = 3"), "b"], "b",
    ),
    "a library changed": Case(
        cells("import colorsys\nprint(colorsys.ONE_THIRD)"),
        [(None, "import colorsys\ncolorsys.ONE_THIRD = 5"), "a", outside("colorsys.ONE_THIRD = 1 / 3")], "a",
    ),
    "a seed set after the first draw": Case(cells("import random", "random.seed(1)", "x = random.random() == 0.13436424411240122\nprint(x)"), ["a", "c", "b", (None, "_ = random.random()"), "c"], "c"),
    "a module's state, set by the console": Case(cells("import helpers", "print(helpers.f())"), ["a", (None, "helpers.K = 5"), "b"], "b"),
    "a module's state, set below": Case(cells("import helpers", "print(helpers.f())", "helpers.K = 5"), ["a", "b", "c", "b"], "b"),
    "a module's function, replaced": Case(cells("import helpers", "print(helpers.f())"), ["a", (None, "helpers.f = lambda: 9"), "b"], "b"),
    "a module's list, appended twice": Case(cells("import helpers\nhelpers.L = []", "helpers.L.append(1)\nprint(helpers.L)"), ["a", "b", "b"], "b"),
    "a builtin replaced": Case(
        cells("print(len([1]))"), [(None, "import builtins\nkept = len\nbuiltins.len = lambda _: 7"), "a", outside("builtins.len = kept")], "a",
    ),
    "recursion limit": Case(
        cells("import sys", "print(sys.getrecursionlimit())"),
        ["a", (None, "was = sys.getrecursionlimit()\nsys.setrecursionlimit(was + 7)"), "b", outside("sys.setrecursionlimit(was)")], "b",
    ),
}  # fmt: skip

READ = "print(open('data.txt').read())"
FILES = {
    "read, then changed": Case(cells(READ), ["a", written("data.txt", "new\n")], "a"),
    "read through a function, then changed": Case(cells("def load(name): return open(name).read()", "print(load('data.txt'))"), ["a", "b", written("data.txt", "new")], "b"),
    "its name is in another cell": Case(cells("name = 'data.txt'", "print(open(name).read())"), ["a", "b", written("data.txt", "new")], "b"),
    "its name is made up": Case(cells("print(open('da' + 'ta.' + 'txt').read())"), ["a", written("data.txt", "new")], "a"),
    "read by Path, then changed": Case(cells("from pathlib import Path\nprint(Path('data.txt').read_text())"), ["a", written("data.txt", "new")], "a"),
    "read by pandas, then changed": Case(cells("import pandas as pd\ndf = pd.read_csv('table.csv')", "print(df.a.sum())"), ["a", "b", written("table.csv", "a,b\n9,9\n")], "b"),
    "read by NumPy, then changed": Case(
        cells(f"{NUMPY}\nprint(np.loadtxt('table.csv', delimiter=',', skiprows=1).sum())"), ["a", written("table.csv", "a,b\n9,9\n")], "a",
    ),
    "read by pyarrow, which Python does not see": Case(
        cells("import pyarrow.csv\nprint(pyarrow.csv.read_csv('table.csv').num_rows)"), ["a", written("table.csv", "a,b\n9,9\n")], "a",
    ),
    "read by a shell line, then changed": Case(cells("x = !cat data.txt\nprint(x)"), ["a", written("data.txt", "new")], "a"),
    "read by a subprocess, then changed": Case(
        cells("import subprocess\nprint(subprocess.run(['cat', 'data.txt'], capture_output=True).stdout)"), ["a", written("data.txt", "new")], "a",
    ),
    "read by %%bash, then changed": Case(cells("%%bash --out x\ncat data.txt", "print(x)"), ["a", "b", written("data.txt", "new")], "b"),
    "same size, changed at once": Case(cells(READ), ["a", written("data.txt", "odl\n")], "a"),
    "read, then written by a cell below": Case(cells(READ, "_ = open('data.txt', 'w').write('new')"), ["a", "b"], "a"),
    "read again after a cell below wrote": Case(
        cells("_ = open('data.txt', 'w').write('new')", READ, "_ = open('data.txt', 'w').write('newest')"), ["a", "b", "c", "b"], "b",
    ),
    "appended once: a clean run appends again": Case(cells("with open('log.txt', 'a') as f: _ = f.write('x')", "print(open('log.txt').read())"), None, "b"),
    "appended twice": Case(
        cells("_ = open('log.txt', 'w').close()", "with open('log.txt', 'a') as f: _ = f.write('x')", "print(open('log.txt').read())"),
        ["a", "b", "b", "c"], "c",
    ),
    "appended by %%bash": Case(cells("%%bash\necho x >> log.txt", "print(open('log.txt').read())"), None, "b"),
    "written by an edited %%bash": Case(
        cells("%%bash\necho new > out.txt", "print(open('out.txt').read())"), [("a", "%%bash\necho old > out.txt"), "b"], "b",
    ),
    "deleted since": Case(cells(READ), ["a", lambda _: Path("data.txt").unlink()], "a"),
    "made since": Case(cells("import os\nprint(os.path.exists('new.txt'))"), ["a", written("new.txt", "x")], "a"),
    "made since by a cell below": Case(cells("import os\nprint(os.path.exists('new.txt'))", "open('new.txt', 'w').close()"), None, "a"),
    "missing, and made since": Case(
        cells("try:\n    print(open('new.txt').read())\nexcept FileNotFoundError:\n    print('none')"), ["a", written("new.txt", "x")], "a",
    ),
    "a folder's listing": Case(cells("import os\nprint(sorted(os.listdir('sub')))"), ["a", written("sub/new.txt", "x")], "a"),
    "a glob": Case(cells("import glob\nprint(glob.glob('sub/*'))"), ["a", written("sub/new.txt", "x")], "a"),
    "a database": Case(
        cells(
            "import sqlite3\ncon = sqlite3.connect('d.db')\n_ = con.execute('create table if not exists t(x)')",
            "_ = con.execute('insert into t values (1)'); con.commit()", "print(con.execute('select count(*) from t').fetchone())",
        ), None, "c",
    ),
    "a module edited since": Case(cells("import helpers\nprint(helpers.f())"), ["a", written("helpers.py", "def f():\n    return 2\n")], "a"),
    "a module edited since, from-import": Case(cells("from helpers import f", "print(f())"), ["a", "b", written("helpers.py", "def f():\n    return 2\n")], "b"),
    "a module edited and reloaded by the console": Case(
        cells("import helpers", "print(helpers.f())"),
        ["a", "b", written("helpers.py", "def f():\n    return 2\n"), (None, "import importlib; _ = importlib.reload(helpers)")], "b",
    ),
    "a module edited, cell run again without effect": Case(
        cells("import helpers\nprint(helpers.f())"), ["a", written("helpers.py", "def f():\n    return 2\n"), "a"], "a",
    ),
    "a pickle that a cell wrote from another value": Case(
        cells("x = 1", "import pickle\nwith open('x.pkl', 'wb') as f: pickle.dump(x, f)", "with open('x.pkl', 'rb') as f: print(pickle.load(f))"),
        [("a", "x = 2"), "b", "c", "a"], "c",
    ),
}  # fmt: skip

CONSUMED = {
    "a list's iterator": Case(cells("it = iter([1, 2, 3])", "print(next(it))"), ["a", "b", "b"], "b"),
    "a generator": Case(cells("def g():\n    yield 1\n    yield 2\nit = g()", "print(next(it))"), ["a", "b", "b"], "b"),
    "a generator, used up": Case(cells("it = (n for n in range(3))", "print(sum(it))"), ["a", "b", "b"], "b"),
    "a generator, out of order": Case(cells("it = (n for n in range(3))", "print(next(it))", "print(next(it))"), ["a", "c", "b"], "b c"),
    "a generator that the console read": Case(cells("it = (n for n in range(3))", "print(next(it))"), ["a", (None, "next(it)"), "b"], "b"),
    "a map": Case(cells("it = map(str, [1, 2])", "print(list(it))"), ["a", "b", "b"], "b"),
    "an enumerate within a dict": Case(cells("d = {'it': enumerate('abc')}", "print(next(d['it']))"), ["a", "b", "b"], "b"),
    "itertools": Case(cells("import itertools\nids = itertools.count()", "print(next(ids))"), ["a", "b", "b"], "b"),
    "a file handle": Case(cells("f = open('table.csv')", "print(f.readline())"), ["a", "b", "b"], "b"),
    "a buffer": Case(cells("import io\nf = io.StringIO('a\\nb')", "print(f.readline())"), ["a", "b", "b"], "b"),
    "a csv reader": Case(cells("import csv\nrows = csv.reader(open('table.csv'))", "print(next(rows))"), ["a", "b", "b"], "b"),
    "a generator of a closure": Case(
        cells("def make():\n    it = iter('abc')\n    return lambda: next(it)\nstep = make()", "print(step())"), ["a", "b", "b"], "b",
    ),
    "a deque": Case(cells("from collections import deque\nq = deque([1, 2])", "print(q.popleft())"), ["a", "b", "b"], "b"),
    "a queue": Case(cells("import queue\nq = queue.Queue()\nq.put(1); q.put(2)", "print(q.get())"), ["a", "b", "b"], "b"),
    "a cursor": Case(
        cells("import sqlite3\nc = sqlite3.connect(':memory:').execute('select 1 union select 2')", "print(c.fetchone())"), ["a", "b", "b"], "b",
    ),
}  # fmt: skip

SHELL = {
    "_ of another cell": Case(cells("1 + 1", "y = _ * 10\nprint(y)"), ["a", (None, "5 + 5"), "b"], "b"),
    "_ after a re-run": Case(cells("1 + 1", "_ + 1"), ["a", "b", "b"], "b"),
    "Out[n]": Case(cells("2 + 3", "print(Out[1])"), [(None, "100"), "a", "b"], "b"),
    "_n": Case(cells("2 + 3", "print(_1)"), [(None, "100"), "a", "b"], "b"),
    "In": Case(cells("x = 1", "print(In[1])"), [(None, "y = 1"), "a", "b"], "b"),
    "_i": Case(cells("x = 1", "print(_i)"), ["a", (None, "y = 1"), "b"], "b"),
    "len(Out)": Case(cells("2 + 3", "print(len(Out))"), [(None, "100"), "a", "b"], "b"),
    "_oh in a function": Case(cells("def last(): return _", "4", "print(last())"), ["a", "b", (None, "5"), "c"], "c"),
    "%run -i twice": Case(
        cells("x = 1", "%run -i inc.py", "print(x)"), [written("inc.py", "x += 1"), "a", "b", "b", "c"], "c",
    ),
    "%run, then the script changed": Case(
        cells("%run script.py", "print(v)"), [written("script.py", "v = 1"), "a", "b", written("script.py", "v = 2")], "b",
    ),
    "%run -i reads what has changed": Case(
        cells("x = 2", "%run -i inc.py", "print(y)"), [written("inc.py", "y = x + 1"), ("a", "x = 1"), "b", "c", "a"], "c",
    ),
    "%store -r, and stored otherwise since": Case(
        cells("%reload_ext storemagic\n%store -r kept", "print(kept)"),
        [(None, "%reload_ext storemagic\nkept = 1\n%store kept\ndel kept"), "a", "b", (None, "kept = 2\n%store kept\nkept = 1")], "b",
    ),
    "%reset in the console": Case(cells("x = 1", "print('x' in globals())"), ["a", (None, "%reset -f"), "b"], "b"),
    "%reset in a deleted cell": Case(cells("x = 1", "try:\n    print(x)\nexcept NameError:\n    print('no x')"), ["a", ("gone", "%reset -f"), "b"], "b"),
    "%reset_selective": Case(cells("x = 1", "print('x' in globals())"), ["a", (None, "%reset_selective -f x"), "b"], "b"),
    "a shell line with {x}": Case(cells("k = 2", "x = !echo {k}\nprint(x)"), [*K, "b", "a"], "b"),
    "a shell line with $x": Case(cells("k = 2", "x = !echo $k\nprint(x)"), [*K, "b", "a"], "b"),
    "%%bash with {x}": Case(cells("k = 2", "%%bash -s {k} --out x\necho $1", "print(x)"), [*K, "b", "c", "a"], "c"),
    "%%time": Case(cells("x = 1", "%%time\nx = x + 1", "print(x)"), ["a", "b", "b", "c"], "c"),
    "%time": Case(cells("x = [1]", "%time x.append(1)", "print(x)"), ["a", "b", "b", "c"], "c"),
    "%%capture": Case(cells("x = 1", "%%capture said\nprint(x)", "print(said.stdout)"), ["a", "b", (None, "x = 2"), "b", "c"], "c"),
    "%%timeit runs its body": Case(cells("l = []", "%timeit -n1 -r1 -q l.append(1)", "print(l)"), ["a", "b", "b", "c"], "c"),
    "a cell that runs a cell": Case(cells("k = 2", "ran = get_ipython().run_cell('y = k')", "print(y)"), [*K, "b", "c", "a"], "c"),
    "a cell that pushes": Case(cells("x = 1", "get_ipython().push({'x': 2})", "print(x)"), ["a", "c", "b", "c", "a", "c"], "c"),
    "an alias of the shell's": Case(cells("ip = get_ipython()", "ip.user_ns['z'] = len(ip.user_ns.get('z', '')) * 'x' + 'y'", "print(z)"), ["a", "b", "b", "c"], "c"),
    "a macro": Case(cells("x = 1", "exec(code)", "print(x)"), ["a", (None, "code = 'x += 1'"), "b", "c"], "b c"),
}  # fmt: skip

CODE = {
    "half-done failed cell": Case(
        cells("l = []", "l.append(1)\nif len(l) < 2:\n    raise ValueError(l)\nprint('well')"), ["a", "b", "b"], "b",
    ),
    "half-done failed cell, edited since": Case(cells("l = []", "print(l)"), ["a", ("b", "l.append(1)\n1 / 0"), "b"], "b"),
    "half-done, deeper": Case(cells("d = {'k': []}", "print(d)"), ["a", ("b", "d['k'].append(1)\n1 / 0"), "b"], "b"),
    "half-done, a name made before it failed": Case(cells("print('y' in globals())"), [("gone", "y = 1\n1 / 0"), "a"], "a"),
    "class redefined, instance made before": Case(
        cells("class A:\n    def f(self): return 2", "o = A()", "print(o.f())"), [("a", "class A:\n    def f(self): return 1"), "b", "a", "c"], "c",
    ),
    "class run again: no longer its instance": Case(cells("class A: pass", "o = A()", "print(isinstance(o, A))"), ["a", "b", "a", "c"], "c"),
    "class run again: its instances are not equal": Case(
        cells("from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int = 1", "p = P()", "print(p == P())"), ["a", "b", "a", "c"], "c",
    ),
    "class run again: an error not caught": Case(
        cells("class Oops(Exception): pass", "def f(error=Oops): raise error('x')", "try:\n    f()\nexcept Oops:\n    print('caught')"),
        ["a", "b", "a", "c"], "c",
    ),
    "enum run again": Case(cells("import enum\nclass E(enum.Enum):\n    A = 1", "e = E.A", "print(e is E.A)"), ["a", "b", "a", "c"], "c"),
    "default captured": Case(cells("k = 2", "def f(v=k): return v", "print(f())"), [*K, "b", "a", "c"], "c"),
    "default changed in place": Case(cells("def f(l=[]):\n    l.append(1)\n    return len(l)", "print(f())"), ["a", "b", "b"], "b"),
    "closure captured": Case(
        cells("k = 2", "def make():\n    v = k\n    return lambda: v\ng = make()", "print(g())"), [*K, "b", "a", "c"], "c",
    ),
    "closure counts": Case(
        cells("def make():\n    n = 0\n    def tick():\n        nonlocal n\n        n += 1\n        return n\n    return tick\ntick = make()", "print(tick())"),
        ["a", "b", "b"], "b",
    ),
    "partial captured": Case(
        cells("k = [2]", "from functools import partial\ng = partial(sum, k)", "print(g())"), [("a", "k = [1]"), "b", "a", "c"], "c",
    ),
    "bound method captured": Case(cells("k = [2]", "add = k.append", "add(1)\nprint(k)"), ["a", "b", "a", "c"], "c"),
    "lru_cache holds an old result": Case(
        cells("k = 2", "from functools import lru_cache\n@lru_cache\ndef f(): return k", "print(f())"), [*K, "b", "c", "a", "c"], "c",
    ),
    "lru_cache holds an old result, called within a function": Case(
        cells("k = 2", "from functools import lru_cache\n@lru_cache\ndef f(): return k", "def g(): return f()", "print(g())"), [*K, "b", "c", "d", "a", "d"], "d",
    ),
    "lru_cache saves the side effect": Case(
        cells("from functools import cache\n@cache\ndef f(x):\n    print('works')\n    return x", "y = f(1)\nprint(y)"), ["a", "b", "b"], "b",
    ),
    "cached_property": Case(
        cells("from functools import cached_property\nk = 2\nclass A:\n    @cached_property\n    def v(self): return k\no = A()", "print(o.v)", "k = 3"),
        ["a", "c", "b"], "b",
    ),
    "memo in a dict": Case(
        cells("k = 2", "memo = {}\ndef f():\n    if 1 not in memo:\n        memo[1] = k\n    return memo[1]", "print(f())"), [*K, "b", "c", "a", "c"], "c",
    ),
    "function attribute": Case(cells("def f():\n    f.n += 1\n    return f.n\nf.n = 0", "print(f())"), ["a", "b", "b"], "b"),
    "class attribute": Case(cells("class A:\n    n = 0\n    def __init__(self): A.n += 1", "A()\nprint(A.n)"), ["a", "b", "b"], "b"),
    "attribute of the type": Case(cells("class A:\n    made = []\n    def __init__(self): type(self).made.append(1)", "a = A()\nprint(len(a.made))"), ["a", "b", "b"], "b"),
    "a singledispatch registry": Case(
        cells("from functools import singledispatch\n@singledispatch\ndef f(x): return 'any'", "print(f(1))", "@f.register\ndef _(x: int): return 'int'"),
        ["a", "b", "c", "b"], "b",
    ),
    "a subclass list": Case(cells("class A: pass", "print(len(A.__subclasses__()))", "class B(A): pass"), ["a", "b", "c", "b"], "b"),
    "a method replaced": Case(cells("class A:\n    def f(self): return 1\na = A()", "print(a.f())", "A.f = lambda self: 2"), ["a", "b", "c", "b"], "b"),
    "a decorator's list": Case(
        cells("seen = []\ndef reg(f):\n    seen.append(f.__name__)\n    return f", "@reg\ndef one(): pass", "print(seen)"), ["a", "b", "b", "c"], "c",
    ),
    "a global behind a lambda in a list": Case(cells("k = 2", "fs = [lambda: k]", "print(fs[0]())"), [*K, "b", "c", "a", ("gone", "k = 7"), "c"], "c"),
    "a global behind a property": Case(
        cells("k = 2", "class A:\n    @property\n    def v(self): return k\nholder = {'a': A()}", "print(holder['a'].v)"), ["a", "b", (None, "k = 7"), "c"], "c",
    ),
    "a global behind an operator": Case(
        cells("k = 2", "class A:\n    def __add__(self, other): return k\na = A()", "print(a + 1)"), ["a", "b", (None, "k = 7"), "c"], "c",
    ),
    "a global behind a sort key": Case(
        cells("k = 1", "def key(x): return x * k\nopts = {'key': key}", "print(sorted([1, 2], **opts))"), ["a", "b", (None, "k = -1"), "c"], "c",
    ),
    "a global behind a pipeline": Case(
        cells(
            "k = 2", "from sklearn.preprocessing import FunctionTransformer\ndef scale(x): return [[k * x[0][0]]]\npipe = FunctionTransformer(scale)",
            "print(pipe.transform([[1]]))",
        ), ["a", "b", (None, "k = 7"), "c"], "c",
    ),
    "a global behind df.apply": Case(cells("k = 2", f"{FRAME}\ndef g(x): return x * k\nfns = {{'a': g}}", "print(df.a.map(fns['a']).sum())"), ["a", "b", (None, "k = 7"), "c"], "c"),
    "a global behind eval": Case(cells("k = 2", "print(eval('k' + '*1'))"), ["a", (None, "k = 7"), "b"], "b"),
    "a global behind f-string format": Case(cells("k = 2", "print('{k}'.format(**globals()))"), ["a", (None, "k = 7"), "b"], "b"),
    "a global behind df.query": Case(cells("k = 2", FRAME, "print(len(df.query('b >= @k')))"), ["a", "b", (None, "k = 7"), "c"], "c"),
    "a global behind df.eval": Case(cells("k = 2", FRAME, "q = 'b * @k'", "print(df.eval(q).sum())"), ["a", "b", "c", (None, "k = 7"), "d"], "d"),
}  # fmt: skip

MANY = "big = list(range(1_000_000))"
ALIASES = {
    "two names": Case(cells("a = [1]\nb = a", "b.append(2)", "print(a)"), ["a", "b", "b", "c"], "c"),
    "a list in a dict": Case(cells("l = [1]\nd = {'l': l}", "d['l'].append(2)", "print(l)"), ["a", "b", "b", "c"], "c"),
    "a list in a dict, by the list": Case(cells("l = [1]\nd = {'l': l}", "l.append(2)", "print(d)"), ["a", "b", "b", "c"], "c"),
    "a list in a tuple": Case(cells("t = ([1], 2)", "t[0].append(2)", "print(t)"), ["a", "b", "b", "c"], "c"),
    "a list in an object": Case(cells("class B: pass\nl = [1]\nb = B(); b.l = l", "b.l.append(2)", "print(l)"), ["a", "b", "b", "c"], "c"),
    "an object in a list": Case(cells(f"{BOX}\nboxes = [box]", "box.n += 1", "print(boxes[0].n)"), ["a", "b", "b", "c"], "c"),
    "an object with slots": Case(cells("class S:\n    __slots__ = ('n',)\ns = S(); s.n = 0", "s.n += 1", "print(s.n)"), ["a", "b", "b", "c"], "c"),
    "three deep": Case(cells("x = {'a': [{'b': [1]}]}", "x['a'][0]['b'].append(2)", "print(x)"), ["a", "b", "b", "c"], "c"),
    "through a helper": Case(cells("x = {'a': [1]}\ndef push(d, v): d['a'].append(v)", "push(x, 2)", "print(x)"), ["a", "b", "b", "c"], "c"),
    "through a loop variable": Case(cells("rows = [{'n': 1}]", "for row in rows:\n    row['n'] += 1", "print(rows)"), ["a", "b", "b", "c"], "c"),
    "through a comprehension": Case(cells("l = [[1]]", "_ = [one.append(2) for one in l]", "print(l)"), ["a", "b", "b", "c"], "c"),
    "through map": Case(cells("l = [[1]]", "_ = list(map(lambda one: one.append(2), l))", "print(l)"), ["a", "b", "b", "c"], "c"),
    "through setattr": Case(cells(BOX, "setattr(box, 'n', getattr(box, 'n') + 1)", "print(box.n)"), ["a", "b", "b", "c"], "c"),
    "through operator": Case(cells("import operator\nx = {'n': 1}", "operator.setitem(x, 'n', x['n'] + 1)", "print(x)"), ["a", "b", "b", "c"], "c"),
    "through a method of one's own": Case(
        cells("class C:\n    def __init__(self): self.l = []\n    def add(self): self.l.append(1); return self\nc = C()", "c.add()\nNone", "print(c.l)"), ["a", "b", "b", "c"], "c",
    ),
    "through `with`": Case(
        cells("class C:\n    n = 0\n    def __enter__(self): self.n += 1\n    def __exit__(self, *a): pass\nc = C()", "with c:\n    pass", "print(c.n)"), ["a", "b", "b", "c"], "c",
    ),
    "through an operator": Case(
        cells("class C:\n    n = 0\n    def __lshift__(self, other): self.n += other; return self\nc = C()", "c << 1\nNone", "print(c.n)"), ["a", "b", "b", "c"], "c",
    ),
    "through a property": Case(
        cells("class C:\n    n = 0\n    @property\n    def next(self): self.n += 1; return self.n\nc = C()", "c.next\nNone", "print(c.n)"), ["a", "b", "b", "c"], "c",
    ),
    "through an index": Case(
        cells("from collections import defaultdict\nd = defaultdict(list)", "d['k']\nNone", "print(dict(d))", "d.clear()"), ["a", "b", "c", "d", "c"], "c",
    ),
    "reading a defaultdict": Case(cells("from collections import defaultdict\nd = defaultdict(int)", "print(len(d))", "print(d['k'])"), ["a", "c", "b"], "b"),
    "an OrderedDict": Case(cells("from collections import OrderedDict\nd = OrderedDict(a=1, b=2)", "d.move_to_end('a')", "print(list(d))"), ["a", "b", ("gone", "d.move_to_end('b')"), "c"], "c"),
    "a Counter": Case(cells("from collections import Counter\nc = Counter()", "c.update('a')", "print(c)"), ["a", "b", "b", "c"], "c"),
    "a bytearray's memoryview": Case(cells("b = bytearray(3)\nv = memoryview(b)", "v[0] += 1", "print(b)"), ["a", "b", "b", "c"], "c"),
    "an array": Case(cells("import array\nx = array.array('i', [1])", "x.append(2)", "print(x)"), ["a", "b", "b", "c"], "c"),
    "a view of an array": Case(cells(f"{NUMPY}\nx = np.zeros(3)\nv = x[:2]", "v[0] += 1", "print(x)"), ["a", "b", "b", "c"], "c"),
    "an array by its view": Case(cells(f"{NUMPY}\nx = np.zeros(3)\nv = x[:2]", "x[0] += 1", "print(v)"), ["a", "b", "b", "c"], "c"),
    "a transposed array": Case(cells(f"{NUMPY}\nx = np.zeros((2, 3))\nt = x.T", "t += 1", "print(x)"), ["a", "b", "b", "c"], "c"),
    "an array in a dict": Case(cells(f"{NUMPY}\nd = {{'x': np.zeros(3)}}", "d['x'][1] += 1", "print(d)"), ["a", "b", "b", "c"], "c"),
    "an array by out=": Case(cells(f"{NUMPY}\nx = np.ones(3)", "np.add(x, 1, out=x)\nNone", "print(x)"), ["a", "b", "b", "c"], "c"),
    "an array sorted in place": Case(cells(f"{NUMPY}\nx = np.array([3, 1, 2])", "x[::-1].sort()", "print(x)"), ["a", "b", ("gone", "x.sort()"), "c"], "c"),
    "one element of a large array": Case(cells(f"{NUMPY}\nx = np.zeros(3_000_000)", "x[1_234_567] += 1", "print(x.sum())"), ["a", "b", "b", "c"], "c"),
    "one element of a large array, by a function": Case(
        cells(f"{NUMPY}\nx = np.zeros(3_000_000)\ndef touch(v): v[1_234_567] += 1", "touch(x)", "print(x.sum())"), ["a", "b", "b", "c"], "c",
    ),
    "one element of a large array, by a callback": Case(
        cells(f"{NUMPY}\nx = np.zeros(3_000_000)", "print(x.sum())"), ["a", outside("x[1_234_567] += 1"), "b"], "b",
    ),
    "an array of objects": Case(cells(f"{NUMPY}\nx = np.array([[1], [2]], dtype=object)\ny = np.array([{{}}, 1], dtype=object)", "y[0]['k'] = len(y[0]) + len(y[0].get('k', '')) * 0 if 'k' not in y[0] else y[0]['k'] + 1", "print(y)"), ["a", "b", "b", "c"], "c"),
    "a structured array": Case(cells(f"{NUMPY}\nx = np.zeros(2, dtype=[('a', int)])", "x['a'][0] += 1", "print(x)"), ["a", "b", "b", "c"], "c"),
    "a mask": Case(cells(f"{NUMPY}\nx = np.ma.array([1, 2])", "x[0] = np.ma.masked", "print(x.sum())", "x.mask = False"), ["a", "b", "c", "d", "c"], "c"),
    "a table, in place": Case(cells(FRAME, "df.loc[0, 'a'] += 1", "print(df.a.sum())"), ["a", "b", "b", "c"], "c"),
    "a table's column, added": Case(cells(FRAME, "df['c'] = df.a + (df['c'] if 'c' in df else 0)", "print(df.c.sum())"), ["a", "b", "b", "c"], "c"),
    "a table, inplace=True": Case(cells(FRAME, "df.sort_values('a', ascending=False, inplace=True)", "print(df.index[0])"), ["a", "b", ("gone", "df.sort_index(inplace=True)"), "c"], "c"),
    "a table's cells": Case(cells(f"{FRAME}\ndf['o'] = [[1], [2]]", "df['o'].iloc[0].append(5)", "print(df.o.iloc[0])"), ["a", "b", "b", "c"], "c"),
    "a table over an array": Case(
        cells(f"{NUMPY}\nimport pandas as pd\nx = np.zeros((2, 2))\ndf = pd.DataFrame(x, copy=False)", "x[0, 0] += 1", "print(df.iloc[0, 0])"), ["a", "b", "b", "c"], "c",
    ),
    "a table's attrs": Case(cells(FRAME, "df.attrs['n'] = df.attrs.get('n', 0) + 1", "print(df.attrs)"), ["a", "b", "b", "c"], "c"),
    "a table's index": Case(cells(FRAME, "df.index = df.index + 1", "print(df.index[0])"), ["a", "b", "b", "c"], "c"),
    "a table in a dict": Case(cells(f"{FRAME}\nd = {{'t': df}}", "d['t'].loc[0, 'a'] += 1", "print(df.a.sum())"), ["a", "b", "b", "c"], "c"),
    "a series of a table": Case(cells(f"{FRAME}\ns = df['a']", "s.iloc[0] = s.iloc[0] + 1", "print(s.sum())"), ["a", "b", "b", "c"], "c"),
    "a fitted model": Case(
        cells("from sklearn.linear_model import SGDRegressor\nm = SGDRegressor(random_state=0)\nX = [[0.0], [1.0]]", "m.partial_fit(X, [0, 1])\nNone", "print(m.coef_)"),
        ["a", "b", "b", "c"], "c",
    ),
    "a model refitted by the console": Case(
        cells("from sklearn.linear_model import LinearRegression\nm = LinearRegression()", "m.fit([[0], [1]], [0, 1])\nNone", "print(m.coef_)"),
        ["a", "b", (None, "m.fit([[0], [1]], [0, 5])"), "c"], "c",
    ),
    "one element of a long list": Case(cells(MANY, "big[500_000] += 1", "print(sum(big))"), ["a", "b", "b", "c"], "c"),
    "one element of a long list, by a function": Case(cells(f"{MANY}\ndef touch(v): v[500_000] += 1", "touch(big)", "print(sum(big))"), ["a", "b", "b", "c"], "c"),
    "one element of a long list, by a callback": Case(cells(MANY, "print(sum(big))"), ["a", outside("big[500_000] += 1"), "b"], "b"),
    "one record of many": Case(
        cells("records = [{'id': n, 'v': [n]} for n in range(100_000)]", "records[70_000]['v'].append(1)", "print(sum(len(r['v']) for r in records))"),
        ["a", "b", "b", "c"], "c",
    ),
    "two names in a clean run, one here": Case(
        cells("a = [1]", "b = [1]", "b.append(2)", "print(a, b)"), ["a", ("b", "b = a"), "c", "d"], "d",
    ),
    "one name in a clean run, two here": Case(cells("a = [1]", "b = a", "b.append(2)", "print(a, b)"), ["a", "b", "a", "c", "d"], "d"),
    "rows that were one, mended since": Case(
        cells("g = [[0] * 2 for _ in range(2)]", "g[0][0] = 1", "print(g)"), [("a", "g = [[0] * 2] * 2"), "b", "c", "a"], "c",
    ),
    "is it the same": Case(cells("a = [1]", "b = a", "print(a is b)"), ["a", "b", "a", "c"], "c"),
    "star import shadows": Case(cells("pi = 3", "from math import *", "print(pi)"), ["b", "a", "c"], "c"),
    "a weak reference": Case(
        cells("class A: pass\na = A()", "import weakref\nr = weakref.ref(a)", "print(r() is a)"), ["a", "b", "a", "c"], "c",
    ),
}  # fmt: skip

SLOTTED = "from dataclasses import dataclass\n@dataclass(slots=True)\nclass Point:\n    x: int = 0\nclass Plain:\n    __slots__ = ('x',)\n    def __init__(self): self.x = 0\n"
LIBRARY = {
    "slots.py": SLOTTED,
    "arrays.py": "import numpy as np\nclass Quantity(np.ndarray):\n    unit = 'm'\ndef make():\n    q = np.zeros(3).view(Quantity)\n    q.unit = 'km'\n    return q\n",
    "frames.py": "import pandas as pd\nclass Frame(pd.DataFrame):\n    _metadata = ['label']\ndef make():\n    f = Frame({'a': [1, 2]})\n    object.__setattr__(f, 'label', 'x')\n    return f\n",
    "queues.py": "import collections\nclass Queue(collections.deque):\n    pass\ndef make():\n    q = Queue([1])\n    q.label = 'x'\n    return q\n",
    "private.py": "class Store:\n    def __init__(self): self.name, self._items = 'x', []\n    def add(self, v): self._items.append(v)\n    def count(self): return len(self._items)\n",
}
"""Modules of the user's, or libraries: objects of theirs are changed in place."""


def in_place(library: str, make: str, change: str, show: str) -> Case:
    """A value that is made, changed in place twice, and shown."""
    return Case(
        cells(f"import {library}\nv = {make}", change, f"print({show})"),
        [*(written(name, text) for name, text in LIBRARY.items()), "a", "b", "b", "c"], "c",
    )  # fmt: skip


VALUES = {
    "an object with slots, of a module": in_place("slots", "slots.Point()", "v.x += 1", "v.x"),
    "an object with slots, of a module, no dataclass": in_place("slots", "slots.Plain()", "v.x += 1", "v.x"),
    "an array of a library's class": in_place("arrays", "arrays.make()", "v[0] += 1", "v.sum()"),
    "a table of a library's class": in_place("frames", "frames.make()", "v.loc[0, 'a'] += 1", "v.a.sum()"),
    "a deque of a library's class": in_place("queues", "queues.make()", "v.append(1)", "len(v)"),
    "what a library's object keeps private": in_place("private", "private.Store()", "v.add(1)", "v.count()"),
    "a picture": in_place("PIL.Image", "PIL.Image.new('L', (2, 2))", "v.putpixel((0, 0), v.getpixel((0, 0)) + 1)", "v.getpixel((0, 0))"),
    "a configuration": in_place("configparser", "configparser.ConfigParser()", "v[f's{len(v.sections())}'] = {}", "v.sections()"),
    "an XML tree": in_place("xml.etree.ElementTree as ET", "ET.Element('a')", "_ = ET.SubElement(v, 'b')", "len(v)"),
    "a UserDict": in_place("collections", "collections.UserDict()", "v[len(v)] = 1", "v"),
    "a ChainMap": in_place("collections", "collections.ChainMap({})", "v[len(v)] = 1", "len(v)"),
    "a queue": in_place("queue", "queue.Queue()", "v.put(1)", "v.qsize()"),
    "a heap": in_place("heapq", "[3]", "heapq.heappush(v, len(v))", "v"),
    "a bytes buffer": in_place("io", "io.BytesIO()", "_ = v.write(b'x')", "v.getvalue()"),
    "a zip file": in_place("io, zipfile", "zipfile.ZipFile(io.BytesIO(), 'w')", "v.writestr(f'f{len(v.namelist())}', '')", "len(v.namelist())"),
    "a graph of dicts of sets": in_place("collections", "collections.defaultdict(set)", "v['a'].add(len(v['a']))", "dict(v)"),
    "a sparse matrix": in_place("scipy.sparse", "scipy.sparse.lil_matrix((3, 3))", "v[0, 0] = v[0, 0] + 1", "v.toarray().sum()"),
    "an address": Case(cells("import ipaddress", "v = ipaddress.ip_address('10.0.0.2')", "print(v)"), ["a", ("b", "v = ipaddress.ip_address('10.0.0.1')"), "c", "b"], "c"),
    "seconds since 1970": Case(cells("t = [1_700_000_042.5]", "print(t)"), [("a", "t = [1_700_000_000.25]"), "b", "a"], "b"),
    "floats of a large array": Case(
        cells("import numpy as np\nt = np.full(9, 1_700_000_042.5)", "print(t.sum())"), [("a", "import numpy as np\nt = np.full(9, 1_700_000_000.25)"), "b", "a"], "b",
    ),
    "a lock": in_place("threading", "threading.Semaphore(9)", "_ = v.acquire()", "v._value"),
    "a context variable": in_place("contextvars", "contextvars.ContextVar('v', default=0)", "_ = v.set(v.get() + 1)", "v.get()"),
    "a namespace": in_place("types", "types.SimpleNamespace(n=0)", "v.n += 1", "v.n"),
    "an exception's notes": in_place("types", "ValueError(1)", "v.add_note('n')", "len(v.__notes__)"),
    "a module of one's own making": in_place("types", "types.ModuleType('m')", "v.n = getattr(v, 'n', 0) + 1", "v.n"),
    "a matplotlib figure": in_place("matplotlib.figure", "matplotlib.figure.Figure()", "_ = v.add_subplot()", "len(v.axes)"),
    "a logger": in_place("logging", "logging.Logger('of_a_test')", "v.level += 1", "v.level % 2"),
}  # fmt: skip

TABLES = {
    "outside cells": OUTSIDE_CELLS, "random": RANDOM, "ambient": AMBIENT, "files": FILES, "consumed": CONSUMED,
    "shell": SHELL, "code": CODE, "aliases": ALIASES, "values": VALUES,
}  # fmt: skip

# The same kinds of state where it is all in order: no alarm, and nothing that can't be vouched for.
FINE = {
    "console only looks": Case(cells("x = {'k': [1]}", "print(x)"), ["a", (None, "len(x['k'])"), (None, "print(x)"), "b"]),
    "a callback sets what is there already": Case(cells("x = [1]", "print(x)"), ["a", outside("x[0] = 1"), "b"]),
    "a thread within its cell": Case(cells("import threading\nl = []\nt = threading.Thread(target=l.append, args=(1,))\nt.start(); t.join()", "print(l)")),
    "seeded": Case(cells(SEED, "print(random.random())", "print(random.random())")),
    "seeded, all twice": Case(cells(SEED, "print(random.random())", "print(random.random())"), ["a", "b", "c", "a", "b", "c"]),
    "seeded, NumPy, all twice": Case(cells(NP_SEED, "print(np.random.rand())"), ["a", "b", "a", "b"]),
    "seeded and drawn in one cell": Case(cells(f"{SEED}\nprint(random.random())"), ["a", "a"]),
    "seeded below a draw of another's": Case(cells(SEED, "print(random.random())"), [(None, "import random; random.random()"), "a", "b"]),
    "a generator made and drawn in one cell": Case(cells(f"{NUMPY}\nrng = np.random.default_rng(3)\nprint(rng.random())"), ["a", "a"]),
    "a NumPy generator, top down": Case(PAGE_GENERATOR),
    "a NumPy generator, all twice": Case(PAGE_GENERATOR, ["a", "b", "a", "b"]),
    "environ set and read": Case(cells("import os\nos.environ['MODE'] = 'fast'", "print(os.environ['MODE'])"), ["a", "b", "a", "b"]),
    "environ set by a cell below, not read": Case(cells("import os\nprint(len('x'))", "os.environ['MODE'] = 'fast'"), ["a", "b", "a"]),
    "folder changed and read": Case(cells("import os\nos.chdir('sub')", "print(os.listdir('.'))")),
    "sys.path set, then imported": Case(cells("import sys\nsys.path.insert(0, 'lib')", "import extra\nprint(extra.E)")),
    "options set above": Case(cells(f"{NUMPY}\nnp.set_printoptions(precision=2)", "print(np.array([1/3]))"), ["a", "b", "a", "b"]),
    "pandas options set above": Case(cells("import pandas as pd\npd.set_option('display.precision', 2)", "print(pd.Series([1/3]))"), ["a", "b", "b"]),
    "a file read twice": Case(cells(READ, "import json\nprint(json.dumps({}))"), ["a", "b", "a"]),
    "a file that is written as it was": Case(cells(READ), ["a", written("data.txt", "old\n")]),
    "another file changed": Case(cells(READ), ["a", written("other.txt", "x")]),
    "written, then read": Case(cells("_ = open('new.txt', 'w').write('x')", "print(open('new.txt').read())"), ["a", "b", "a", "b"]),
    "a table read": Case(cells("import pandas as pd\ndf = pd.read_csv('table.csv')", "print(df.a.sum())"), ["a", "b", "a", "b"]),
    "a module of one's own": Case(cells("import helpers", "print(helpers.f())"), ["a", "b", "a", "b"]),
    "a module touched, not changed": Case(cells("import helpers\nprint(helpers.f())"), ["a", written("helpers.py", "K = 1\ndef f():\n    return K\n")]),
    "a generator, top down": Case(cells("it = (n for n in range(3))", "print(next(it))", "print(next(it))")),
    "a generator made anew": Case(cells("it = iter([1, 2])", "print(next(it))"), ["a", "b", "a", "b"]),
    "a file handle, top down": Case(cells("f = open('table.csv')", "print(f.readline())", "print(f.readline())")),
    "a deque, top down": Case(cells("from collections import deque\nq = deque([1, 2])", "print(q.popleft())", "print(q)")),
    "_ of the cell above": Case(cells("1 + 1", "y = _ * 10\nprint(y)")),
    "%%time": Case(cells("x = 1", "%%time\nx = x + 1", "print(x)")),
    "%%capture": Case(cells("%%capture said\nprint(1)", "print(said.stdout)")),
    "a shell line": Case(cells("k = 2", "x = !echo {k}\nprint(x)"), ["a", "b", "b"]),
    "%run": Case(cells("%run script.py", "print(v)"), [written("script.py", "v = 1"), "a", "b"]),
    "a failed cell that shows it": Case(cells("l = []", "l.append(1)\n1 / 0", "print(l)")),
    "class and instance": Case(cells("class A:\n    def f(self): return 1", "o = A()", "print(o.f(), isinstance(o, A))"), ["a", "b", "c", "a", "b", "c"]),
    "default captured": Case(cells("k = 2", "def f(v=k): return v", "print(f())"), ["a", "b", "c", "a", "c"]),
    "lru_cache, top down": Case(cells("k = 2", "from functools import lru_cache\n@lru_cache\ndef f(): return k", "print(f())", "print(f())")),
    "closure counts, top down": Case(
        cells("def make():\n    n = 0\n    def tick():\n        nonlocal n\n        n += 1\n        return n\n    return tick\ntick = make()", "print(tick())", "print(tick())"),
    ),
    "class attribute, top down": Case(cells("class A:\n    n = 0\n    def __init__(self): A.n += 1", "A()\nprint(A.n)", "a = A()\nprint(A.n)")),
    "function attribute, top down": Case(cells("def f():\n    f.n += 1\n    return f.n\nf.n = 0", "print(f())", "print(f())")),
    "a view, top down": Case(cells(f"{NUMPY}\nx = np.zeros(3)\nv = x[:2]", "v[0] += 1", "print(x)", "x[0] += 1", "print(v)")),
    "a large array, only read": Case(cells(f"{NUMPY}\nx = np.zeros(3_000_000)", "print(x.sum())", "print(x.max())"), ["a", "b", "c", "b", "c"]),
    "many records, only read": Case(cells("records = [{'id': n, 'v': [n]} for n in range(100_000)]", "print(sum(len(r['v']) for r in records))"), ["a", "b", "b"]),
    "a table made and changed in one cell": Case(cells(f"{FRAME}\ndf['c'] = df.a\ndf.loc[0, 'a'] = 9", "print(df.a.sum())"), ["a", "b", "a", "b"]),
    "three deep, top down": Case(cells("x = {'a': [{'b': [1]}]}", "x['a'][0]['b'].append(2)", "print(x)")),
    "a model fitted": Case(
        cells("from sklearn.linear_model import LinearRegression\nm = LinearRegression()", "m.fit([[0], [1]], [0, 1])\nNone", "print(m.coef_)"),
        ["a", "b", "c", "c"],
    ),
    "await": Case(cells("import asyncio\nasync def f():\n    await asyncio.sleep(0)\n    return 1", "print(await f())"), ["a", "b", "b"]),
    "upstream again, deeper value the same": Case(cells("x = {'a': [1]}", "y = x['a']", "print(y)"), ["a", "b", "c", "a", "b"]),
}  # fmt: skip

NO_TORCH = "" if find_spec("torch") else "torch is not installed"
HIDDEN = [
    case(f"{family}: {name}", session, skip=NO_TORCH if "torch" in name else "")
    for family, table in TABLES.items()
    for name, session in table.items()
]


@pytest.mark.parametrize("session", HIDDEN)
def test_a_cell_that_would_show_another_thing_is_never_called_reproduced(session):
    lived = live(session.page, session.runs)
    assert lived.differing == set(session.doubted.split()), (lived.shown, lived.clean)
    trusted = {cell_id for cell_id in lived.differing if lived.states[cell_id] == "reproduced"}
    assert trusted == set()
    assert lived.report.verdict != "reproducible"


@pytest.mark.parametrize("session", [case(f"fine: {name}", session) for name, session in FINE.items()])
def test_what_is_in_order_is_vouched_for(session):
    """The same kinds of state, used as people ordinarily do: no finding, and each cell is reproduced."""
    lived = live(session.page, session.runs)
    assert lived.differing == set(), (lived.shown, lived.clean)
    assert set(lived.states.values()) <= {"reproduced", "nondeterministic"}, lived.report.findings
    assert not [finding for finding in lived.report.findings if finding.rule.startswith("hidden-state/")]


@pytest.mark.parametrize("source", [case(f"undetermined: {name}", source) for name, source in UNDETERMINED.items()])
def test_what_no_two_runs_show_alike_is_said_to_be_so(source):
    """By the cell's state or by a finding; and never as a matter of order."""
    lived = live({"a": source})
    said = any(rule.startswith("randomness/") for rule in lived.rules("a"))
    assert said or lived.states["a"] in {"nondeterministic", "unverified"}
    assert not any(rule.startswith("hidden-state/") for rule in lived.rules("a"))
