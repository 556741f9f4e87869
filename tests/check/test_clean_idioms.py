"""What people ordinarily write and run raises no alarm: false alarms are worse than silence."""

from __future__ import annotations

import pytest
from playing import play

FRAME = "import pandas as pd\ndf = pd.DataFrame({'a': [1, 2, None], 'b': [1, 1, 2]})"

# Name → the cells of a notebook that is run once, from the top.
CLEAN = {
    "count up": ["x = 1", "x = x + 1", "print(x)"],
    "augmented": ["x = [1]", "x += [2]", "x *= 2", "x"],
    "append": ["l = []", "l.append(1)", "l.extend([2])", "print(l)"],
    "nested append": ["d = {'k': []}", "d['k'].append(1)", "print(d)"],
    "dropna": [FRAME, "df = df.dropna()", "df.a.mean()"],
    "drop in place": [FRAME, "df.drop(columns='b', inplace=True)", "df.shape"],
    "new column": [FRAME, "df['c'] = df.a * 2", "df.loc[0, 'c'] = 5", "df.columns = ['x', 'y', 'z']", "df.head()"],
    "set in dict": ["cfg = {}", "cfg['a'] = 1", "cfg.update(b=2)", "del cfg['a']", "cfg"],
    "fit": [
        "from sklearn.linear_model import LinearRegression\nmodel = LinearRegression()",
        "model.fit([[1], [2]], [1, 2])",
        "model.predict([[3]])",
    ],
    "loop variable again": ["for i in range(3):\n    pass", "for i in range(5):\n    y = i", "print(i, y)"],
    "rebind after read": ["x = 1", "print(x)", "x = 2", "print(x)"],
    "swap": ["a, b = 1, 2", "a, b = b, a", "print(a, b)"],
    "delete": ["x = 1\ny = 2", "del x", "y"],
    "delete and make anew": ["x = 1", "del x", "x = 3", "x"],
    "import or else": ["try:\n    import nowhere_to_be_found as np\nexcept ImportError:\n    import math as np", "np.pi"],
    "if main": ["def main():\n    return 1", "if __name__ == '__main__':\n    r = main()", "r"],
    "conditional definition": ["import sys\nif sys.version_info > (3,):\n    def f(): return 1\nelse:\n    f = None", "f()"],
    "unless it is there": ["if 'x' not in globals():\n    x = 5", "print(x)"],
    "unless it is defined": ["try:\n    x\nexcept NameError:\n    x = 5", "print(x)"],
    "star import": ["from math import *", "r = sqrt(4)", "print(r, pi)"],
    "exec": ["exec('x = 1')", "exec('y = ' + str(2))", "print(x, y)"],
    "globals": ["globals()['x'] = 1", "print(x)", "for n in ('p', 'q'):\n    globals()[n] = 1", "print(p, q)"],
    "eval": ["x = 1", "print(eval('x + 1'))"],
    "time a line": ["%time x = 1", "print(x)"],
    "time a cell": ["%%time\nx = 1\ny = x", "print(y)"],
    "capture a cell": ["%%capture out\nprint(1)\nx = 2", "out.show()\nprint(x)"],
    "shell": ["name = 'x'", "files = !echo {name}", "print(files)", "!echo $name"],
    "magic with a result": ["here = %pwd", "print(here)"],
    "unknown file magic": ["%%writefile /dev/null\nx = 1", "1"],
    "display": ["from IPython.display import display", "display(1)"],
    "last result": ["1 + 1", "_ + 1", "print(_)"],
    "throw-away names": ["for _ in range(2): pass\n_, y = 1, 2", "print(y)"],
    "class": ["class A:\n    limit = 3\n    def f(self): return self.limit + offset", "offset = 1", "a = A()", "a.f()"],
    "decorator": ["def twice(f):\n    def g(*a): return f(f(*a))\n    return g", "@twice\ndef add(x): return x + step", "step = 1", "add(1)"],
    "comprehension": ["n = 3", "squares = [i * n for i in range(n) if i]\nodd = {k: v for k, v in zip('ab', squares)}", "odd"],
    "f-string": ["name = 'x'", "print(f'{name!r:>{10}}')"],
    "walrus": ["data = [1, 2]", "if (n := len(data)) > 1:\n    m = n", "print(n, m)"],
    "match": ["c = ('go', 3)", "match c:\n    case ('go', steps):\n        r = steps\n    case _:\n        r = 0", "print(r)"],
    "global in a function": ["count = 0\ndef tick():\n    global count\n    count += 1", "tick()", "tick()\nprint(count)"],
    "global made by a function": ["def setup():\n    global conf\n    conf = {}", "setup()", "conf['a'] = 1", "print(conf)"],
    "change inside a function": ["seen = []\ndef note(x):\n    seen.append(x)", "note(1)", "note(2)", "print(seen)"],
    "change through an object": ["l = [1]", "class Box:\n    pass\nbox = Box(); box.l = l", "box.l.append(2)", "print(l)"],
    "alias": ["a = [1]", "b = a", "b.append(2)", "print(a)", "a.append(3)", "print(b)"],
    "lambda": ["f = lambda x: x + k", "k = 1", "f(1)"],
    "function under another name": ["def f(): return k\ng = f", "k = 1", "g()"],
    "async": ["import asyncio\nasync def f():\n    return 1", "x = await f()", "print(x)"],
    "with": ["import contextlib", "with contextlib.suppress(NameError):\n    never_there", "with open('/dev/null') as f:\n    t = f.read()", "t"],
    "it raises, and shows it": ["x = 1", "1 / 0", "y = x", "print(y)"],
    "name error, and shows it": ["x = 1", "print(not_there)", "y = x"],
    "shadowed builtin": ["sum = 3", "print(sum)"],
    "type hints": ["def f(x: 'DataFrame') -> 'Later': return x", "y: int = 3\nz: str", "f(y)"],
    "comments only": ["# a plan", "x = 1", "\n\n# nothing\n"],
    "empty": ["", "x = 1", "   "],
    "modules are not changed": ["import os, sys", "sys.path.append('.')\nos.environ['A_B'] = '1'", "os.getcwd()"],
    "annotated dataclass": ["from dataclasses import dataclass, field", "@dataclass\nclass P:\n    x: int = 1\n    l: list = field(default_factory=list)", "p = P()", "p.l.append(1)", "print(p)"],
    "generator": ["def gen():\n    yield from range(3)", "it = gen()", "next(it)", "list(it)"],
    "while": ["n = 0\nwhile n < 3:\n    n += 1\n    last = n", "print(last)"],
    "finally": ["try:\n    x = 1\nfinally:\n    y = 2", "print(x, y)"],
    "caught error": ["try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    said = str(error)", "print(said)"],
    "partial": ["from functools import partial\ndef f(a, b): return a + b + base", "base = 1", "g = partial(f, 1)", "g(2)"],
    "several names for one thing": ["x = y = []", "x.append(1)", "print(y)"],
    "our own magics": ["%load_ext jupyter_prodkit", "x = 1", "%prodcheck", "print(x)"],
    "run a script": ["%%writefile /tmp/prodkit_script_of_a_test.py\nfrom_script = 1", "%run /tmp/prodkit_script_of_a_test.py", "print(from_script)"],
    "code run by code": ["get_ipython().run_cell('inner = 1')", "print(inner)"],
    "reset": ["x = 1", "%reset -f", "y = 2", "print(y)"],
    "callback": ["class Button:\n    def on_click(self, f): self.f = f\nb = Button()", "n = 0\ndef clicked(_):\n    global n\n    n += 1\nb.on_click(clicked)"],
}  # fmt: skip

HIDES = {"it raises, and shows it", "name error, and shows it"}


@pytest.mark.parametrize("name", CLEAN)
def test_run_once_from_the_top(name, capsys):
    """Each cell reproduces, and there is nothing to say."""
    report = play({f"c{place}": source for place, source in enumerate(CLEAN[name], 1)})
    assert [(f.rule, f.cell_id, f.because) for f in report.findings] == []
    assert {cell.state for cell in report.cells} <= {"reproduced"}
    assert (report.verdict, report.plan, report.orphans) == ("reproducible", (), ())


# Name → page, and the runs after which everything is still as a clean run would leave it.
IDEMPOTENT = {
    "import again": (["import numpy as np\nfrom math import sqrt, pi", "x = np.ones(3)", "sqrt(4)"], [0, 1, 2, 0]),
    "import again after all else": (["import math\nlimit = 3", "limit2 = limit * 2", "print(math.pi)"], [0, 1, 2, 0, 0, 2]),
    "star import again": (["from math import *", "x = sqrt(4)", "print(x)"], [0, 1, 2, 0]),
    "constant again": (["x = 3", "y = x", "print(y)"], [0, 1, 2, 0, 1, 1]),
    "a loop again": (["data = [1, 2]", "for i in data:\n    last = i\nprint(last)", "print(last)"], [0, 1, 1, 2, 1]),
    "load and clean in one cell": (
        ["import pandas as pd\ndf = pd.DataFrame({'a': [1, None]})\ndf = df.dropna()\ndf['b'] = 1", "df.shape"],
        [0, 0, 1, 0, 1],
    ),
    "make and fit in one cell": (
        ["from sklearn.linear_model import LinearRegression", "m = LinearRegression()\nm.fit([[1], [2]], [1, 2])", "m.predict([[1]])"],
        [0, 1, 2, 1, 2],
    ),
    "function again": (["def f(x):\n    return x * k", "k = 2", "y = f(2)", "print(y)"], [0, 1, 2, 3, 0]),
    "class again": (["class A:\n    def f(self): return 1", "a = A()", "print(a.f())"], [0, 1, 2, 0, 1, 2]),
    "print again": (["x = [1]", "print(x)"], [0, 1, 1, 1]),
    "sorted twice": (["l = [2, 1]", "l = sorted(l)", "print(l)"], [0, 1, 1, 2]),
    "capped twice": (["x = 9", "x = min(x, 5)", "print(x)"], [0, 1, 1, 2]),
    "kept where it is": (["if 'df' not in globals():\n    df = {'a': [1]}", "print(df)"], [0, 0, 1]),
    "raised, then run well": (["x = 1", "print(x)"], [(0, "x = nowhere"), 0, 1]),
    "edited back": (["x = 1", "print(x)"], [0, (0, "x = 2"), 0, 1]),
    "all twice": (["l = [1]", "l.append(2)", "print(l)"], [0, 1, 2, 0, 1, 2]),
    "order where no name flows": (["a = 1", "b = 2", "print(a)", "print(b)"], [3, 1, 3, 0, 2]),
    "comments and blanks edited": (["x = 1  # one", "print( x )"], [(0, "x=1"), (1, "print(x)  # say")]),
    "a neighbour of a function edited": (["def f(): return 1\nn = 2", "y = [f() for _ in 'ab']", "print(n)"], [(0, "def f(): return 1\nn = 1"), 1, 0, 2]),
    "a class beside an edited line": (["class A:\n    k = 1\nn = 2", "a = A()"], [(0, "class A:\n    k = 1\nn = 1"), 1, 0]),
    "global count made anew": (["n = 0\ndef tick():\n    global n\n    n += 1", "tick()\nprint(n)"], [0, 1, 0, 1]),
    "upstream again with the same value": (["x = 1 + 1", "y = x", "print(y)"], [0, 1, 2, 0]),
    "blank lines and our own magics": (["x = 1", "print(x)"], [0, ("", "%prodcheck"), 1, ("", "  ")]),
}  # fmt: skip


@pytest.mark.parametrize("name", IDEMPOTENT)
def test_run_again_without_changing_anything(name, capsys):
    """Re-running what makes the same value again is no hidden state."""
    sources, runs = IDEMPOTENT[name]
    page = {f"c{place}": source for place, source in enumerate(sources)}
    done = [f"c{run}" if isinstance(run, int) else (f"c{run[0]}" if run[0] != "" else None, run[1]) for run in runs]
    report = play(page, done)
    assert [(f.rule, f.cell_id, f.because) for f in report.findings] == []
    assert report.verdict == "reproducible"
    assert report.plan == ()
