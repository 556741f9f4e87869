"""Which names a piece of code binds, needs, changes and deletes: one row per idiom."""

from __future__ import annotations

import sys

import pytest

from jupyter_prodkit.notebook.names import code_names, is_shells_own, names_until, needs_at_once

# Code → what is expected, as `field=names`; fields not named are empty, but for `binds_always`, `calls` and `uses`.
ROWS = {
    "x = 1": "binds=x",
    "x = x + y": "binds=x needs=x,y",
    "x += 1": "binds=x needs=x mutates=x",
    "x: int = y": "binds=x needs=y",
    "x: int": "",
    "a, (b, *c) = f()": "binds=a,b,c needs=f",
    "a = b = c": "binds=a,b needs=c",
    "l.append(x)": "needs=l,x mutates=l",
    "l.copy()": "needs=l",
    "d['k'] = v": "needs=d,v mutates=d",
    "d['k'].append(v)": "needs=d,v mutates=d",
    "d[k]": "needs=d,k",
    "del d['k']": "needs=d mutates=d",
    "o.a.b = v": "needs=o,v mutates=o",
    "del x": "needs=x deletes=x",
    "x = 1\ndel x": "deletes=x",
    "x = 1\ndel x\nx = 2": "binds=x",
    "if c:\n    del x": "needs=c,x",
    "df.dropna(inplace=True)": "needs=df mutates=df",
    "df.dropna(inplace=False)": "needs=df",
    "df = df.dropna()": "binds=df needs=df",
    "df.query('a > @limit and b < @other')": "needs=df,limit,other",
    "df.eval('c = a + @extra', inplace=True)": "needs=df,extra mutates=df",
    "model.fit(X, y)": "needs=model,X,y mutates=model",
    "random.shuffle(l)": "needs=random,l mutates=random,l",
    "heapq.heappush(h, 1)": "needs=heapq,h mutates=h",
    "setattr(o, 'a', 1)": "needs=o mutates=o",
    "print(x)": "needs=x",
    "x = 1\nprint(x)": "binds=x",
    "print(x)\nx = 1": "binds=x needs=x",
    "import a": "binds=a imports=a modules=a",
    "import a.b": "binds=a imports=a modules=a",
    "import a.b as c, d": "binds=c,d imports=a,d modules=c,d",
    "from a.b import c, d as e": "binds=c,e imports=a",
    "from . import a": "binds=a",
    "from a import *": "imports=a binds_any",
    "if c:\n    x = 1\nprint(x)": "binds=x needs=c,x",
    "if c:\n    x = 1\nelse:\n    x = 2\nprint(x)": "binds=x needs=c",
    "if c:\n    raise E\nelse:\n    x = 2\nprint(x)": "binds=x needs=c,E",
    "for i in l:\n    x = i\nprint(i, x)": "binds=i,x needs=l",
    "while c:\n    x = 1\nprint(x)": "binds=x needs=c",
    "try:\n    import a\nexcept ImportError:\n    a = None\na": "binds=a imports=a modules=a",
    "try:\n    x\nexcept NameError:\n    x = 1\nx": "binds=x needs=x",
    "try:\n    f()\nexcept E as e:\n    print(e)\n": "needs=f,E",
    "with open(p) as f, g() as (a, b):\n    t = f.read()": "binds=f,a,b,t needs=p,g",
    "match v:\n    case {'k': a, **rest}:\n        r = a\n    case [b, *c] if b > d:\n        r = c\n    case A(x=1):\n        pass": "binds=a,rest,b,c,r needs=v,d,A",
    "[i * n for i in l if i]": "needs=l,n",
    "{k: v for k, v in d.items()}": "needs=d",
    "[x for row in rows for x in row]": "needs=rows",
    "[y := f(x) for x in l]\nprint(y)": "binds=y needs=f,l",
    "if (n := len(l)) > 1:\n    print(n)": "binds=n needs=l",
    "f'{name!r:>{width}}'": "needs=name,width",
    "lambda x, y=z: x + y + w": "needs=z,w",
    "def f(x, y=d):\n    return x + y + g": "binds=f needs=d deferred=f:g",
    "def f():\n    x = 1\n    def h():\n        return x + y\n    return h": "binds=f deferred=f:y",
    "def f():\n    global n\n    n += 1": "binds=f deferred=f:n rebinds_when_called=n",
    "def f():\n    import os\n    return [os for i in q]": "binds=f deferred=f:q",
    "def f():\n    for a in l:\n        pass\n    return lambda: a": "binds=f deferred=f:l",
    "async def f():\n    await g()": "binds=f deferred=f:g",
    "@deco(k)\ndef f(): pass": "binds=f needs=deco,k deferred=f:",
    "f = lambda: k": "binds=f needs=k deferred=f:k",
    "class A(B, metaclass=M):\n    x = y\n    z = x\n    def m(self): return x + w": "binds=A needs=B,M,y deferred=A: methods=A:w,x,y",
    "class A:\n    def __init__(self): self.k = k\n    def m(self): return w": "binds=A deferred=A:k methods=A:k,w",
    "def f():\n    match v:\n        case {'a': 1, **rest}:\n            return rest": "binds=f deferred=f:v",
    "await f(x)": "needs=f,x",
    "async for i in g():\n    y = i": "binds=i,y needs=g",
    "print(list, len, range, __name__)": "shadowable=print,list,len,range",
    "_ + __ + _3 + _i1 + Out[1]": "",
    "for _ in range(3): pass": "shadowable=range",
    "exec('x = y')": "binds=x needs=y",
    "exec(code)": "needs=code needs_any binds_any shadowable=exec",
    "eval('x + 1')": "needs=x",
    "globals()": "needs_any binds_any shadowable=globals",
    "globals()['x']": "needs=x",
    "globals()['x'] = 1": "binds=x",
    "'x' in globals()": "needs=x",
    "globals().get('x')": "needs=x",
    "vars(o)": "needs=o shadowable=vars",
    "vars()": "needs_any binds_any shadowable=vars",
    "%matplotlib inline": "",
    "%time x = f(y)": "binds=x needs=f,y",
    "%%time\nx = f(y)": "binds=x needs=f,y",
    "%%capture out\n%%time\nx = 1": "binds=x,out",
    "%%capture --no-stderr out\nx = 1": "binds=x,out",
    "%%bash\necho $x": "",
    "%%bash --out x\nls": "binds=x",
    "!ls {folder} $name {{no}}": "needs=folder,name",
    "files = !ls {folder}": "binds=files needs=folder",
    "here = %pwd": "binds=here",
    "x = 5 % 3\ny = '%time z = 1'": "binds=x,y",
    "%run other.py": "binds_any needs_any",
    "%store -r x": "binds_any needs_any",
    "%reset -f": "binds_any needs_any",
    "%%sql\nselect 1": "binds_any needs_any",
    "%R -i df -o y": "binds=y needs=df binds_any needs_any",
    "get_ipython().user_ns['x'] = 1": "binds_any needs_any",
    "get_ipython().run_cell('x = 1')": "binds_any needs_any",
    "x?": "",
    "def (": "",
    "x = '\0'": "",
    "": "",
    "# only a comment": "",
}  # fmt: skip
NEWER = {
    "type X = int": "binds=X",
    "def f[T](x: T) -> T: return g(x)": "binds=f deferred=f:g",
    "class A[T](B[T]): pass": "binds=A needs=B deferred=A: methods=A:",
}
if sys.version_info >= (3, 12):
    ROWS |= NEWER
if sys.version_info >= (3, 11):
    ROWS["try:\n    f()\nexcept* E as e:\n    print(e)"] = "needs=f,E"

SETS = ("binds", "needs", "mutates", "deletes", "imports", "modules", "rebinds_when_called")
QUIET = {"print", "len", "range", "open", "NameError", "ImportError", "int", "list", "setattr", "vars"}


@pytest.mark.parametrize("code", ROWS)
def test_names_of(code):
    names = code_names(code)
    expected = {field: set() for field in SETS}
    expected |= {"deferred": {}, "methods": {}, "needs_any": False, "binds_any": False}
    for word in ROWS[code].split():
        field, _, said = word.partition("=")
        if field in {"deferred", "methods"}:
            name, _, reads = said.partition(":")
            expected[field] = {name: frozenset(reads.split(",")) - {""}}
        else:
            expected[field] = set(said.split(",")) if said else True
    if "shadowable" not in expected:
        assert names.shadowable <= QUIET
    assert {field: getattr(names, field) for field in expected} == expected


@pytest.mark.parametrize(
    ("code", "always"),
    [
        ("x = 1", "x"),
        ("for i in l: x = i", ""),
        ("while c: x = 1", ""),
        ("if c: x = 1", ""),
        ("if c: x = 1\nelse: x = 2", "x"),
        ("try:\n    x = 1\nexcept E:\n    pass", ""),
        ("with w as f: x = 1", "f x"),
        ("x = 1\ndel x", ""),
        ("def f(): pass\nclass A: pass\nimport m", "f A m"),
    ],
)
def test_what_is_bound_whatever_way_it_goes(code, always):
    assert code_names(code).binds_always == set(always.split())


@pytest.mark.parametrize(
    ("code", "at_once"),
    [
        ("y = x", "x"),
        ("x += 1", "x"),
        ("del x", "x"),
        ("print(1)\nf(x)[y].z", "f x y"),
        ("if x: y", "x"),
        ("while x: y", "x"),
        ("for i in x: y", "x"),
        ("a and b", "a"),
        ("a if c else b", "c"),
        ("0 < a < b < c", "a"),
        ("assert x, y", "x"),
        ("[i + y for i in x]", "x"),
        ("lambda: x", ""),
        ("def f(): return x", ""),
        ("class A: y = x", ""),
        ("try:\n    x\nexcept NameError: pass", ""),
        ("try: pass\nexcept E: pass\nx", ""),
        ("if a: raise E\nx", "a"),
        ("if a: sys.exit()\nx", "a"),
        ("with suppress(NameError): x", "suppress"),
        ("with pytest.raises(NameError):\n    x", "pytest"),
        ("with w: x", "w x"),
        ("raise x", ""),
        ("x = 1\nx", ""),
        ("if c: x = 1\nprint(x)", "c x"),
        ("x: Unknown = y", "y"),
        ("print(x)", "x"),
        ("'x' in globals()", ""),
    ],
)
def test_what_is_read_whatever_happens(code, at_once):
    assert needs_at_once(code) == set(at_once.split())


@pytest.mark.parametrize(
    ("code", "calls", "uses"),
    [
        ("a = A()", "A", ""),
        ("a = A(x)", "A x", "x"),
        ("a = A().m()", "A", "A"),
        ("f(A)", "f A", "f A"),
        ("g = f", "", ""),
        ("g = [f]", "f", "f"),
        ("x.apply(f)", "x f", "x f"),
    ],
)
def test_what_is_called_and_what_is_used_otherwise(code, calls, uses):
    names = code_names(code)
    assert (names.calls, names.uses) == (set(calls.split()), set(uses.split()))


@pytest.mark.parametrize(
    "name", ["_", "__", "_3", "_i", "_ii", "_i12", "_oh", "In", "Out", "exit", "open", "__name__", "_exit_code"]
)
def test_names_of_the_shell(name):
    assert is_shells_own(name)


@pytest.mark.parametrize("name", ["x", "_x", "_private", "i", "Output", "opened", "In_", "o", "__x"])
def test_names_of_the_user(name):
    assert not is_shells_own(name)


def test_code_that_nests_beyond_reason_may_do_anything():
    names = code_names("x = " + "+".join(["1"] * 1500))
    assert names.needs_any
    assert names.binds_any


def test_it_says_nothing_of_its_own(recwarn):
    """Warnings about the user's code are for Python to give, when the cell runs."""
    import warnings

    warnings.simplefilter("always")
    code_names('import re\nre.compile("\\d")  # of this test')
    assert not recwarn.list


@pytest.mark.parametrize(
    ("code", "binds", "mutates"),
    [
        ("a = 1\nb = gone\nc = 3", "a", ""),
        ("a = 1\nfor b in gone:\n    c = b", "a b c", ""),
        ("rows.sort()\nrows.append(gone)\nother.sort()", "", "rows"),
        ("a = 1\nif a:\n    b = gone", "a b", ""),
        ("a = here\nb = 2", "a b", ""),
    ],
    ids=["an assignment", "a loop", "calls", "in a branch, perhaps", "nothing is missing"],
)
def test_what_a_cell_gets_done_before_it_lacks_a_name(code, binds, mutates):
    names = names_until(code, frozenset({"gone"}))

    assert (names.binds, names.mutates) == (set(binds.split()), set(mutates.split()))
