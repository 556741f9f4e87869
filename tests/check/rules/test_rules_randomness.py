"""Randomness beyond the unseeded draw: the clock, the system's entropy, the order of sets of texts."""

from __future__ import annotations

import pytest
from asking import findings_of, rules_and_cells

TIME, DATES = "import time", "from datetime import date, datetime, timedelta"
PANDAS, NUMPY = "import pandas as pd", "import numpy as np"

# The name of the rule → pages on which it finds something in the last cell.
FINDS = {
    "randomness/clock": [
        [TIME, "print(time.time())"],
        [TIME, "x = time.time()"],
        [TIME, "t = time.time()\nprint(t)"],
        [DATES, "now = datetime.now()"],
        [DATES, "datetime.now()"],
        [DATES, "week = datetime.now() - timedelta(days=7)"],
        [DATES, "df = df[df.date < datetime.now()]"],
        [DATES, "name = f'run_{datetime.now():%Y}.csv'"],
        [DATES, "age = date.today().year - 1980"],
        [DATES, "start = datetime.now()\nprint('Started', start)"],
        [PANDAS, "df['age'] = (pd.Timestamp.now() - df['birth']).dt.days"],
        [PANDAS, "df['loaded'] = pd.Timestamp.today()"],
        [PANDAS, "pd.to_datetime('today')"],
        [NUMPY, "np.datetime64('now')"],
        [TIME, "time.strftime('%Y')"],
        ["import datetime as dt", "dt.datetime.utcnow()"],
        ["from time import time as now", "from time import time\nprint(time())"],
        [TIME, NUMPY, "np.random.seed(int(time.time()))"],
    ],
    "randomness/entropy": [
        ["import uuid", "run = uuid.uuid4()"],
        ["from uuid import uuid4", "f'{uuid4()}.csv'"],
        ["import os", "salt = os.urandom(8)"],
        ["import os", "print(os.getpid())"],
        ["import secrets", "secrets.token_hex(8)"],
        ["import random", "random.SystemRandom().choice([1])"],
        ["import socket", "socket.gethostname()"],
    ],
    "randomness/hash-order": [
        ["print({'a', 'b'})"],
        ["s = {'a', 'b'}", "print(s)"],
        ["s = {'a', 'b'}", "x = list(s)"],
        ["for x in {'a', 'b'}:\n    print(x)"],
        ["', '.join(set('hello'))"],
        ["tags = set('hello world'.split())", "[tag for tag in tags]"],
        ["vocabulary = {word: i for i, word in enumerate(set(text.split()))}"],
        ["s = {'a', 'b'}\nnext(iter(s))"],
        ["s = set(['x', 'y'])\ns.pop()"],
        ["names = ['a', 'b']", "list(set(names))"],
        ["s = set()\nfor word in text.split():\n    s.add(word)\nprint(s)"],
        ["print(f\"{ {'a', 'b'} }\")"],
        ["a, b = {'x', 'y'}"],
        ["print(*{'x', 'y'})"],
        ["def f():\n    return list({'a', 'b'})"],
        ["s = {w.lower() for w in words}\nout = []\nfor w in s:\n    out.append(w)"],
        ["s = {'a', 'b'} | other\nprint(s)"],
        ["str({'a', 'b'})"],
        ["s = frozenset(('a', 'b'))\nprint(tuple(s))"],
        ["print(hash('text'))"],
        ["bucket = hash(f'{row}') % 10"],
        ["for word in text.split():\n    groups[hash(word) % 10].append(word)"],
    ],
    "randomness/unseeded": [
        ["import torch", "torch.randn(3)"],
        ["import random", "random.Random()"],
        [NUMPY, "np.random.default_rng(None)"],
        [NUMPY, "np.random.randn(*shape)"],
        ["from scipy import stats", "stats.norm.rvs(size=3)"],
        ["from sklearn.datasets import make_blobs", "make_blobs(10)"],
        ["from sklearn.model_selection import KFold", "KFold(3, shuffle=True)"],
        ["df.sample(frac=1, random_state=None)"],
    ],
}

SILENT = [
    # Measured durations, and deadlines.
    [TIME, "t0 = time.time()", "print(time.time() - t0)"],
    [TIME, "t0 = time.time()"],
    [TIME, "start = time.time()", "end = time.time()", "print(f'{end - start:.1f} s')"],
    [TIME, "deadline = time.time() + 60\nwhile time.time() < deadline: pass"],
    [TIME, "def timed(f):\n    a = time.time()\n    f()\n    return time.time() - a"],
    [TIME, "class A:\n    def s(self): self.t0 = time.time()\n    def e(self): return time.time() - self.t0"],
    ["from time import time", "t0 = time()", "print('done in %0.3fs' % (time() - t0))"],
    ["from time import time", "seconds = time()\nfit()\nseconds = time() - seconds", "plt.bar(0, seconds)"],
    [TIME, "stats = {'t0': time.time()}", "duration = time.time() - stats['t0']"],
    [TIME, "if time.time() - t0 > 60: print(1)"],
    [TIME, "durations.append(time.time() - t)"],
    [DATES, "start = datetime.now()", "print(datetime.now() - start)"],
    [TIME, "tic = time.perf_counter()", "print(tic)"],
    [TIME, "time.sleep(1)"],
    # Times that are written down, and what only sounds like a clock.
    [PANDAS, "pd.to_datetime(df.date)", "pd.Timestamp('2020-01-01')", "pd.date_range('2020', periods=3)"],
    [NUMPY, "np.datetime64('2020')"],
    [DATES, "datetime(2020, 1, 1)", "datetime.strptime('x', 'y')"],
    ["df.now()", "clock.time()", "df.index.time"],
    ["import uuid", "uuid.uuid5(uuid.NAMESPACE_DNS, 'a')", "uuid.UUID('0' * 32)"],
    # Sets whose order nobody sees, or is given.
    ["s = {'b', 'a'}", "s"],
    ["s = {'a', 'b'}", "sorted(s)", "len(s)", "'a' in s", "[w for w in words if w not in s]"],
    ["x = list({1, 2, 3})\nprint(x)"],
    ["list(set(df.columns))"],
    ["names = list({'a', 'b'})\nnames.sort()"],
    ["for c in sorted({'a', 'b'}): print(c)"],
    ["total = sum(w[c] for c in {'a', 'b'})"],
    ["df[df.k.isin(list({'a', 'b'}))]"],
    ["s = set()\nfor x in items: s.add(x)\nprint(list(s))"],
    ["print({'only'})", "print({'a': 1})"],
    ["print(len(set('hello')), len(list(set('hello'))))"],
    ["hash(3)", "hash((1, 2))", "hash(value)", "frame.hash('a')"],
    ["class A:\n    def __hash__(self):\n        return hash(str(self))"],
    ["needed = {'a', 'b'}\nfor c in needed:\n    assert c in df"],
    ["d = {k: 1 for k in {'a', 'b'}}"],
    ["s = {'a', 'b'}", "s = [1]", "print(s)"],
    ["s = {'a', 'b'}", "for s in range(3): print(s)"],
    ["for i in {1, 2}: print(i)"],
    # Streams that are seeded, each in its way.
    ["import torch", "torch.manual_seed(0)", "torch.randn(3)"],
    ["import torch", "torch.randn(3, generator=g)"],
    ["from scipy import stats", "stats.norm.rvs(size=3, random_state=0)", "stats.norm.pdf(0)"],
    [NUMPY, "np.random.seed(0)", "from scipy import stats\nstats.norm.rvs(size=3)"],
    ["from sklearn.model_selection import KFold", "KFold(3)", "KFold(3, shuffle=True, random_state=0)"],
    ["from sklearn.datasets import make_moons", "make_moons(10, random_state=rng)"],
    ["import random", "random.Random(0).random()"],
]


@pytest.mark.parametrize(("rule", "sources"), [(rule, one) for rule, pages in FINDS.items() for one in pages])
def test_what_comes_out_otherwise_each_time_is_found(rule, sources):
    assert (rule, f"c{len(sources)}") in rules_and_cells(*sources)
    assert {one for one, _ in rules_and_cells(*sources)} - {rule} <= {"randomness/unseeded"}


@pytest.mark.parametrize("sources", SILENT, ids=str)
def test_what_is_the_same_each_time_raises_no_alarm(sources):
    assert rules_and_cells(*sources) == []


def test_a_time_that_is_kept_is_told_where_it_is_read():
    """The finding stands at the cell that looks at the clock, however far down the time is shown."""
    (finding,) = findings_of(TIME, "t = time.time()", "x = 1", "print(t)")
    assert (finding.cell_id, finding.names) == ("c2", ("t",))
