"""Random programs of a few cells, as text: each statement is one thing that people do in notebooks, or could.

In the table of statements `⏎` ends a line within a statement, and `$a` stands for any name of the kind of `a`.
"""

from __future__ import annotations

import itertools
import string

from hypothesis import strategies as st

PRELUDE = '''\
import asyncio, builtins, collections, contextlib, copy, functools, gc, io, itertools, operator, os, random, sys, threading, types, warnings, weakref
import numpy as np
import pandas as pd
class Says:
    """Says each question that it is asked, and its end."""
    def __init__(self, n): object.__setattr__(self, 'n', n)
    def __del__(self): print('gone', object.__getattribute__(self, 'n'))
for question in ['getattribute', 'eq', 'ne', 'lt', 'hash', 'repr', 'str', 'bool', 'len', 'iter', 'contains', 'reduce_ex', 'reduce', 'getstate', 'sizeof', 'dir', 'format', 'array', 'copy', 'deepcopy', 'setattr', 'getitem', 'length_hint', 'class_getitem', 'instancecheck', 'dataframe']:
    def asked(self, *rest, question=question):
        print('asked', question)
        return getattr(object, f'__{question}__')(self, *rest)
    setattr(Says, f'__{question}__', asked)
del question, asked
class Box:
    made = 0
    def __init__(self, n=0): self.n, self.inner = n, [n]; type(self).made += 1
    def __repr__(self): return f'Box({self.n})'
    def __eq__(self, other): return type(other) is type(self) and self.n == other.n
    def add(self, n): self.inner.append(n); self.n += n; return self
    @property
    def double(self): return self.n * 2 + len(names_of_numbers)
class Slotted:
    __slots__ = ('n', '__weakref__')
    def __init__(self, n): self.n = n
class Ends:
    def __init__(self, n): self.n = n
    def __del__(self): print('end of', self.n)
def held(value): return sys.getrefcount(value) if type(value) in {list, dict, np.ndarray, pd.DataFrame, Box, Slotted, Ends, Says, types.FunctionType} else 0
names_of_numbers = ['a', 'b']
a, b = 1, 2
l, m = [1, 2], []
d, e = {'k': 1}, {}
e['l'] = l
def f(v=0): return v + a
def g(v=0, seen=[]):
    seen.append(v)
    return len(seen) + b
o, p = Box(1), Ends(2)
q = Says(3)
x, y = np.arange(6.), np.zeros((2, 3))
df = pd.DataFrame({'a': [1, 2, 3], 'b': [.5, .25, .125], 'c': ['u', 'v', 'w']})
s = df['a']
it, ju = iter([1, 2, 3]), (n * 2 for n in range(5))
random.seed(1); np.random.seed(1)
rng = np.random.default_rng(1)
'''

_NAMES = {"a": "ab", "l": "lm", "d": "de", "f": "fg", "o": "op", "x": "xy", "i": ("it", "ju"), "n": "012"}
"""Kind → the names, or numbers, that a statement may put in the place of `$a`; `$a2` is the same or another."""

_STATEMENTS = r"""
$a = $n
$a = $a2 + $n
$a += $n
$a, $a2 = $a2, $a
$a = $a2 = $n
del $a
$a: int = $n
print($a, $a2)
$a
$a + $a2
_
print(_)
print(len(Out), len(In))
($a := $n)
$a if $a2 else $n
assert $a
$a == $a2
$l = []
$l = [$n, $a]
$l.append($n)
$l += [$a]
$l = $l + [$n]
$l = $l2
$l = list($l2)
$l = [$l2, $l2]
$l = [[$a], [$n]]
$l.append($l)
$l.append($l2)
$l.append($o)
$l.append(lambda: $a)
$l.sort()
$l.clear()
$l.reverse()
$l[0] = $a
$l[:] = [$n]
del $l[:1]
$l.insert(0, $d)
$l *= 2
print($l)
$l
len($l)
$a = len($l)
$a = sum($l)
$a, *$l = $l
$l = sorted($l2, key=lambda v: type(v).__name__)
$l = [$f(v) for v in list($l2)]
$l = [v for v in $l2 if v]
$l = [$a for _ in range(3)]
$l = copy.copy($l2)
$l = copy.deepcopy($l2)
$l = [*$l, *$l2][:8]
$l = $l2[::-1]
$l is $l2
$l == $l2
$l = tuple($l2) and list($l2)
$l = collections.deque($l2, 5)
$l = [float('nan'), -0.0, 1e300 * 10]
$l = [None, True, 1.0, 'text', b'bytes', 1j, ...]
$l = list(range(2000))
$l = ['x' * 300]
$d = {}
$d = {'k': $a}
$d['k'] = $a
$d['l'] = $l
$d.setdefault('l', []).append($n)
$d['self'] = $d
$d.update(k=$n, j=$a)
$d = {**$d2, 'n': $n}
$d = dict($d2)
del $d['k']
$d.pop('k', None)
$d.clear()
$d = {v: v * 2 for v in range($n)}
$d = collections.OrderedDict($d2)
$d = collections.defaultdict(list, $d2)
$d['missing']
$d = collections.Counter('abca')
$d[$n] = $o
$d = {$n, $a, 5}
$d |= {'k': 3}
print($d)
$d
sorted($d, key=lambda v: type(v).__name__)
for k, v in list($d.items()): print(k)
$d = types.MappingProxyType({'k': 1})
$d = types.SimpleNamespace(k=$n, l=$l)
$d = frozenset([$n])
def $f(v=$n): return v
def $f(v=0): return v + $a
def $f(v=0): return $f2(v)
def $f(v=0):⏎    global $a⏎    $a = v⏎    return v
def $f(v=0):⏎    $l.append(v)⏎    return len($l)
def $f(v=0, kept=$l): kept.append(v); return len(kept)
def $f(v=$a, *, w=$n): return v + w
def $f(v=0):⏎    yield v⏎    yield from $l
def $f(v=0):⏎    if v > 20: return v⏎    return $f(v + 7)
def $f(v=0): raise ValueError(v)
def $f(v=0):⏎    import colorsys⏎    return colorsys.ONE_THIRD
def $f(v=0):⏎    return locals()
def $f(v=0) -> 'Later': return v
async def $f(v=0): return v
$f = lambda v=0: v + $a
$f = lambda v=0: $l
$f = functools.partial(max, $n)
$f = functools.lru_cache($f2)
@functools.cache⏎def $f(v=0):⏎    print('works')⏎    return v + $a
@functools.wraps(print)⏎def $f(v=0): return $a
def make(k=$n):⏎    def inner(v=0):⏎        nonlocal k⏎        k += 1⏎        return k⏎    return inner⏎$f = make()
def twice(h):⏎    def inner(v=0): return h(h(v))⏎    return inner⏎@twice⏎def $f(v=0): return v + $n
$f = $f2
$f = $o.add
$f = $l.append
$f = operator.itemgetter('k')
$f = functools.singledispatch(lambda v=0: 'any')
$f()
$f($n)
print($f($n))
$a = $f($n)
$f.n = $n
print(getattr($f, 'n', None))
$f.__defaults__ = ($n,)
$l = list(map($f, [1, 2]))
$l = [$f, $f2]
$f.cache_info()
await $f()
await asyncio.sleep(0)
$a = await asyncio.sleep(0, $n)
async def ag():⏎    for n in range(2): yield n⏎$l = [v async for v in ag()]
$a = (await asyncio.gather(asyncio.sleep(0, 1), asyncio.sleep(0, 2)))[0]
$o = Box($n)
$o = Slotted($n)
$o = Ends($n)
$o = Says($n)
$o = $o2
$o.n = $n
$o.n += 1
$o.add($n)
$o.inner.append($o)
$o.l = $l
$o.me = $o
$o.f = lambda: $o
print($o.n)
$a = $o.double
$o == $o2
$o is $o2
$o
print($o)
print(vars($o))
setattr($o, 'n', $n)
delattr($o, 'n')
$o = copy.copy($o2)
$o = None
del $o
$o = [Ends($n), Ends(5)]
$o = {'k': Ends($n)}
$o = (lambda kept: lambda: kept)(Ends($n))
$o = Ends($n); $o.me = $o
w = weakref.ref($o)
w = weakref.ref($o, lambda _: print('lost'))
w = weakref.proxy($o)
w = weakref.WeakValueDictionary(k=$o)
w = weakref.WeakKeyDictionary(); w[$o] = 1
weakref.finalize($o, print, 'finalized')
print(w() is None)
print(len(w))
w.n
print(held($o))
print(held($l), held($d), held($f))
print(held($x), held(df), held(q))
gc.collect(); print('collected')
print(sum(type(one) is Ends for one in gc.get_objects()))
print(len(gc.get_referrers($o)) if held($o) else None)
print(len(gc.garbage), gc.isenabled(), gc.get_threshold())
print(sys.getsizeof($l))
q is None
q2 = q
q = Says($n)
l.append(q)
d['q'] = q
del q
$o.q = q
def $f(v=0, q=q): return v
def $f(v=0):⏎    q⏎    return v
$l = [q] * 3
class Box:⏎    n = $n⏎    def add(self, n): return n⏎    double = inner = 7
class Sub(Box):⏎    def add(self, n): return super().add(n)⏎$o = Sub()
class Meta(type):⏎    def __getattribute__(cls, name): print('class asked'); return type.__getattribute__(cls, name)⏎class Odd(metaclass=Meta): pass⏎$o = Odd()
class Made:⏎    def __init_subclass__(cls): print('subclass'); super().__init_subclass__()⏎class MadeToo(Made): pass
class Descriptor:⏎    def __get__(self, *a): print('got'); return 1⏎    def __set_name__(self, owner, name): print('named')⏎class Has:⏎    v = Descriptor()⏎$o = Has()
class Loud(dict):⏎    def __getitem__(self, k): print('item'); return 1⏎    def __iter__(self): print('iter'); return dict.__iter__(self)⏎    def __len__(self): print('len'); return 1⏎$d = Loud(k=1)
class LoudList(list):⏎    def __iter__(self): print('iter'); return list.__iter__(self)⏎    def __len__(self): print('len'); return 1⏎$l = LoudList([1])
class LoudText(str):⏎    def __eq__(self, other): print('eq'); return True⏎    def __hash__(self): print('hash'); return 1⏎$a = LoudText('t')
class LoudInt(int):⏎    def __add__(self, other): print('add'); return 7⏎    def __index__(self): print('index'); return 1⏎$a = LoudInt(3)
class LoudArray(np.ndarray):⏎    def __array_finalize__(self, other): print('finalize')⏎$x = np.zeros(3).view(LoudArray)
class Copies:⏎    def __deepcopy__(self, memo): print('deepcopy'); return self⏎    def __reduce__(self): print('reduce'); return Copies, ()⏎$o = Copies()
import dataclasses⏎@dataclasses.dataclass⏎class Point:⏎    x: int = 0⏎    l: list = dataclasses.field(default_factory=list)⏎$o = Point($n)
import enum⏎class Colour(enum.Enum):⏎    RED = 1⏎$o = Colour.RED
$o = collections.namedtuple('Pair', 'a b')($a, $l)
@property⏎def later(self): return $a
Box.made
Box.extra = $n
Box.add = lambda self, n: n
print(Box.made, len(Box.__subclasses__()))
isinstance($o, Box)
$o.__class__ = Box
$i = iter($l)
$i = (v + $a for v in range(4))
$i = map(str, $l)
$i = zip($l, $l2)
$i = enumerate('abc')
$i = itertools.count($n)
$i = itertools.chain($l, $i2)
$i = itertools.tee([1, 2, 3])[0]
$i = iter($d)
$i = reversed($l)
$i = filter(None, $l)
$i = io.StringIO('one\ntwo\nthree')
$i = $f()
next($i)
print(next($i, 'end'))
$l = list(itertools.islice($i, 2))
for v in $i:⏎    print(v)⏎    break
for v in itertools.islice($i, 3): pass
$i.send(None)
$i.close()
$i.readline()
def gen():⏎    try:⏎        while True: yield $a⏎    finally: print('closed')⏎$i = gen(); next($i)
del $i
with open('f.txt', 'w') as file: print($n, file=file)
with open('f.txt', 'a') as file: file.write('more ')
with open('f.txt') as file: print(file.read())
$i = open('f.txt')
$i.tell()
print(os.path.exists('f.txt'), sorted(os.listdir('.')))
os.remove('f.txt')
for $a in range($n): pass
for $a in range(3): $l.append($a)
while $a < 3: $a += 1
if $a: $a2 = $n⏎else: $a2 = 5
try:⏎    $a = undefined_name⏎except NameError as error: print(error)
try:⏎    1 / 0⏎except ZeroDivisionError as error: kept = error
try:⏎    $a = 1 / $n⏎finally: print('finally')
try:⏎    raise ExceptionGroup('g', [ValueError(1)])⏎except* ValueError as group: print('group')
with contextlib.suppress(Exception): $f()
with contextlib.redirect_stdout(io.StringIO()) as said: print('hidden')
with warnings.catch_warnings(record=True) as given: warnings.warn('caught')
@contextlib.contextmanager⏎def around():⏎    print('in'); yield; print('out')⏎with around(): $a = $n
1 / 0
raise ValueError($a)
raise KeyboardInterrupt
undefined_name
$l[99]
$d['nowhere']
$o.nothing
def deep(n): return deep(n + 1)⏎deep(0)
class Trouble(Exception):⏎    def __init__(self, n): self.n = Ends(n)⏎    def __str__(self): print('asked str'); return 'trouble'⏎raise Trouble($n)
import sys; sys.exit($n)
raise SystemExit
print(type(sys.last_value).__name__)
print('to stderr', file=sys.stderr)
sys.stdout.write('written')
print('no newline', end='')
warnings.warn('shown')
warnings.warn('old', DeprecationWarning)
def warns(): warnings.warn('from a function')⏎warns()
'\d'
$a is 1
warnings.simplefilter('ignore')
print(len(warnings.filters) > 0)
global_name = 1; del global_name
globals()['$a'] = $n
globals().pop('$a', None)
print('$a' in globals())
print(sorted(k for k in globals() if k[0] not in '_' and k not in ('In', 'Out', 'exit', 'quit', 'open', 'get_ipython')))
vars()['$l'] = $n
exec('$a = $n')
exec('$l.append($n)')
exec('def $f(v=0): return $a')
exec('made_by_exec = 1', {})
$a = eval('$a2 + 1')
eval('$f()')
$a = eval('$l', {'$l': 1})
from math import *
from collections import *
from math import floor as $f
import math as $a
import json, string as text
from os import path
import nowhere_at_all
import colorsys; colorsys.ONE_THIRD = $n
import importlib; importlib.reload(sys.modules['colorsys'])
print(sorted(sys.modules.keys() & {'colorsys', 'nntplib'}))
sum = $n
print(sum)
len = $f
del sum, len
builtins.extra_builtin = $n
extra_builtin
random.random()
print(random.random())
random.seed($n)
random.shuffle($l)
$a = random.randint(0, 9)
r = random.Random($n)
r.random()
print(sum(random.getstate()[1]))
np.random.rand()
np.random.seed($n)
print(np.random.randint(10))
np.random.randn()
rng.random()
rng = np.random.default_rng($n)
np.random.shuffle($x)
print(np.random.get_state()[2])
df.sample(1)
import secrets; secrets.randbelow(9) * 0
$x = np.arange(6.)
$x = np.zeros((2, 3))
$x[0] = $n
$x += 1
$x = $x + $n
$x = $x2[:1]
$x = $x2.T
$x = $x2.copy()
$x = $x2.ravel()
$x[...] = $a
$x *= 2
$x.sort()
$x.flags.writeable = False
$x.fill($n)
np.add($x, 1, out=$x)
$x = np.array([$l, $o, None], dtype=object)
$x = np.array([(1, 2.)], dtype=[('a', int), ('b', float)])
$x = np.ma.array([1, 2], mask=[0, 1])
$x = np.array($n)
$x = np.array(['a', 'bcd'])
$x = np.array(['2020-01-01'], dtype='M8[D]')
$x = np.zeros(0)
$x.sum()
print($x)
$x = np.array($x); $x.resize(8, refcheck=False)
$x.resize((3,))
$x.base is None
print($x.flags.writeable, $x.flags.owndata)
$a = $x.max()
$a = np.float64($n)
memory = memoryview($x); memory[0]
held = bytearray(b'abc'); view = memoryview(held); view[0] = 65; held
held.extend(b'd')
np.memmap('map.bin', dtype='u1', mode='w+', shape=(4,))[1] = 3
np.set_printoptions(precision=$n)
df = pd.DataFrame({'a': [1, 2, 3], 'b': [$n, 2., 3.]})
df['a'] = df['a'] * 2
df.loc[0, 'a'] = $n
df.iloc[0, 0] += 1
df['d'] = $n
df['o'] = [[1], {}, $o]
df.drop(columns='b', inplace=True)
df = df.dropna()
df.sort_values('a', ascending=False, inplace=True)
df.columns = list('xyz')[:df.shape[1]]
df.index = df.index + 1
df.attrs['k'] = $n
df = df.copy()
df = df[df.a > 1]
df.rename(columns={'a': 'z'}, inplace=True)
df.insert(0, 'first', $n)
df.at[1, 'a'] = 9
df.query('a > @a')
df.eval('e = a + @a', inplace=True)
df.a.mean()
df
print(df.dtypes)
s = df['a']
s.iloc[0] = $n
s += 1
s.loc[5] = $n
df.values[0]
df['a'].values[0] = 5
$x = df['a'].to_numpy()
df = pd.DataFrame($x)
df = pd.DataFrame(np.asarray($x), copy=False)
df['c'] = pd.Categorical(['u'] * len(df))
df = pd.concat([df, df])
df.groupby('a').sum()
df.pop('a')
del df['a']
pd.set_option('display.precision', 3)
df = pd.DataFrame({'t': pd.to_datetime(['2020-01-01', None])})
df = pd.DataFrame({('a', 1): [1], ('b', 2): [2]})
df.empty
sys.settrace(None); print(sys.gettrace())
print(sys.gettrace(), sys.getprofile())
def watch(frame, event, arg): pass⏎sys.setprofile(watch)
print(sys.getprofile() is watch); sys.setprofile(None)
counted = []⏎def watch(frame, event, arg):⏎    if event == 'call' and frame.f_globals is globals(): counted.append(frame.f_code.co_name)⏎sys.setprofile(watch)
sys.setprofile(None); print(counted[:20])
thread = threading.Thread(target=lambda: $l.append(7)); thread.start(); thread.join()
thread = threading.Thread(target=lambda: globals().update($a=$n)); thread.start(); thread.join()
event = threading.Event(); thread = threading.Thread(target=event.wait, daemon=True); thread.start()
event.set(); thread.join(); print(threading.active_count())
local = threading.local(); local.n = $n
lock = threading.Lock(); lock.acquire()
lock.release()
from contextvars import ContextVar; var = ContextVar('var', default=1); var.set($n)
os.environ['A_TEST'] = '$n'
print(os.environ.get('A_TEST'))
print(sorted(set(os.environ) - known)) if 'known' in globals() else None; known = set(os.environ)
sys.path.append('somewhere'); print(len(sys.path))
os.makedirs('sub', exist_ok=True); os.chdir('sub')
print(os.path.basename(os.getcwd()) == 'sub')
sys.setrecursionlimit(400)
print(sys.getrecursionlimit())
import decimal; decimal.getcontext().prec = 5; print(decimal.Decimal(1) / 3)
import logging; logging.getLogger('a').warning('logged')
import signal; print(signal.getsignal(signal.SIGINT))
print(sys.stdout is sys.__stdout__, sys.displayhook is sys.__displayhook__)
import inspect; print(inspect.getsource($f))
print(len(inspect.stack()) > 1, inspect.currentframe().f_back is not None)
import traceback; print(len(traceback.extract_stack()) > 1)
import tracemalloc; print(tracemalloc.is_tracing())
__builtins__ is not None
__name__
print(__name__, '__file__' in globals())
__secret = $n; _private = $n
print(get_ipython().user_ns is globals(), get_ipython().execution_count)
get_ipython().run_cell('inner = $n')
get_ipython().push({'$a': $n})
get_ipython().user_ns['$a'] = $n
get_ipython().ev('$a')
get_ipython().events.register('post_run_cell', lambda result: print('after', result.execution_count))
get_ipython().events.register('pre_run_cell', lambda info: print('before', len(info.raw_cell)))
get_ipython().ast_node_interactivity = 'all'
from IPython.display import display; display($a)
display($l)
%time $a = $n
%who_ls
%reset -f
%reset_selective -f $a
%xdel $o
%env A_TEST=$n
%%time⏎$a = $n
%%capture said⏎print($a)⏎$l
%nowhere
%timeit -n1 -r1 $f()
!true
$l = !echo $n
$a?
naïve = 'ü'; print(naïve)
ﬁ = $n; print(fi)
$a = '\ud800'
def (
$a =
return 1
await
yield
$a = 10 ** 400
$a = 'x' * 200_000
$a = b'\0' * 10
$a = type('Dynamic', (), {'v': $n})()
$a = sys
$a = $l.__iter__
$a = (n for n in [q])
$a = $l, $d, $o
$a = slice(1, $n)
$a = range($n)
$a = re.compile('x') if 're' in globals() else __import__('re').compile('y')
$a = io.BytesIO(b'abc'); $a.read(1)
$a = object()
$a = NotImplemented
$a = Ellipsis
$a = property(lambda self: 1)
$a = staticmethod($f)
$a = super
$a = types.ModuleType('made'); $a.v = $l
sys.modules['made'] = types.ModuleType('made')
$a = np.float32(1.5)
$a = pd.Timestamp('2020-01-01')
$a = pd.NA
$a = pd.Index([1, 2])
$a = pd.Series([$l, None])
$a = pd.Categorical(['a'])
$a = hash(($n, 'text'))
match $n:⏎    case 1: $a = 'one'⏎    case _: $a = 'other'
nested = [[[[[[[[[[$n]]]]]]]]]]
for _ in range(300): nested = [nested]
cyclic = {}; cyclic['a'] = [cyclic]; del cyclic
shared = [$l, $l, [$l]]; shared[0].append(1) if len(shared[0]) < 9 else None
print({}.__class__, ().__class__)
lines = 'one\ntwo'; print(lines)
print(f'{$a!r:>5}')
i = id(Box()); box = Box(i); del i, box.n, box.inner
"""


def _variants(template: str) -> list[str]:
    """The statement with the names of each kind in the places that it leaves open."""
    places = sorted({match["named"] for match in string.Template.pattern.finditer(template) if match["named"]})
    choices = [_NAMES[place[0]] for place in places]
    made = [
        string.Template(template).safe_substitute(dict(zip(places, names, strict=True)))
        for names in itertools.product(*choices)
    ]
    return made[:: max(1, len(made) // 4)]


TEMPLATES = [line for line in _STATEMENTS.strip().splitlines() if line]
STATEMENTS = [variant for line in TEMPLATES for variant in _variants(line.replace("⏎", "\n"))]

_cell = st.lists(st.sampled_from(STATEMENTS), min_size=1, max_size=3).map("\n".join)


@st.composite
def programs(draw: st.DrawFn) -> tuple[list[str], int, bool]:
    """A program of three to eight cells, the cell before which the tracker comes, and whether its findings are asked."""
    cells = draw(st.lists(_cell, min_size=2, max_size=7))
    return [PRELUDE, *cells], draw(st.sampled_from([0, 0, 0, 1, 2])), draw(st.booleans())
