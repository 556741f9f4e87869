"""What can't be exported is refused in one sentence that says where, and one that says what to do."""

from __future__ import annotations

import re

import pytest
from pages import page

from jupyter_prodkit.errors import ExportError, NotebookError
from jupyter_prodkit.export.modules import module_text
from jupyter_prodkit.export.selection import Selection, select

REFUSED = {
    "nothing-marked": (
        ("def f(): ...", "print(1)"),
        "No cell of flowers.ipynb is marked `export` or as a step.",
        "Begin the cells that define your functions with `#| export`",
    ),
    "only-parameters": (("#| parameters\nA = 1",), "No cell of flowers.ipynb is marked", "`#| export`"),
    "needs-an-unmarked-cell": (
        ("scaler = fit()", "#| export\nclass F:\n    def f(self, x):\n        return scaler.transform(x)"),
        "The marked cells need `scaler` (needed by cell 2, made in cell 1, which is not marked).",
        "Mark the cell that makes it `export`, or hand the value to the function as an argument.",
    ),
    "needs-what-nobody-makes": (
        ("#| export\ndef f(x):\n    return unknown(x)",),
        "`unknown` (needed by cell 1, not made by any cell)",
        "Import them by name in a cell",
    ),
    "needs-a-star-import": (
        ("from math import *", "#| export\ndef f(x):\n    return sqrt(x)"),
        "`sqrt` (needed by cell 2, perhaps from the star import in cell 1)",
        "Import them by name in a cell",
    ),
    "needs-a-notebooks-own-name": (
        ("#| export\ndef f(x):\n    return In[x]",),
        "`In` (needed by cell 1, which exists in notebooks only)",
        "Leave it out of marked cells, or import it by name.",
    ),
    "import-only-inside-a-function": (
        ("def load():\n    import os\n    return os", "#| export\ndef f():\n    return os.sep"),
        "`os` (needed by cell 2, not made by any cell)",
        "Import them by name in a cell",
    ),
    "bound-again": (
        ("#| export\nCOLUMNS = ['a']\ndef f():\n    return COLUMNS", "COLUMNS = ['a', 'b']"),
        "`COLUMNS` (cell 1) is bound again in cell 2, which is not marked",
        "Give it another name in cell 2, or mark that cell as well.",
    ),
    "parameter-bound-again": (
        ("#| parameters\nLIMIT = 3", "#| export\ndef f():\n    return LIMIT", "LIMIT = 4"),
        "`LIMIT` (cell 1) is bound again in cell 3",
        "Give it another name",
    ),
    "parameter-assigned-in-a-marked-cell": (
        ("#| parameters\nLIMIT = 3", "#| export\nLIMIT = 4"),
        "`LIMIT` is a parameter, and cell 2, marked `export`, assigns it.",
        "a setting is read, never written",
    ),
    "parameter-written-by-a-function": (
        ("#| parameters\nLIMIT = 3", "#| export\ndef f():\n    global LIMIT\n    LIMIT = 4"),
        "`LIMIT` is a parameter, and cell 2",
        "another name",
    ),
    "one-name-in-two-modules": (
        ("#| export a\ndef f(): ...", "#| export b\ndef f(): ..."),
        "`f` is defined for the module `a` and again, in cell 2, for `b`.",
        "Rename one of them, or send both to one module",
    ),
    "modules-in-a-circle": (
        ("#| export a\ndef f():\n    return g()", "#| export b\ndef g():\n    return h()", "#| export c\ndef h():\n    return f()"),
        "The modules need each other and could not be imported: `a` needs `g` of `b`, `b` needs `h` of `c`, `c` needs `f` of `a`.",
        "Send the cells to one module",
    ),
    "magic": (("#| export\n%run other.py\ndef f(): ...",), "Cell 1 is marked `export` and uses a magic", "a cell of its own"),
    "shell": (("#| export\nfiles = !ls\ndef f(): ...",), "uses a magic or a shell line", "without the mark"),
    "magic-in-a-function": (("#| export\ndef f():\n    !ls",), "uses a magic or a shell line", "without the mark"),
    "bash": (("#| export\n%%bash\necho hi",), "uses a magic or a shell line, which exist in notebooks only: %%bash", "say it in Python"),
    "R": (("#| export\n%%R -i x\nplot(x)",), "uses a magic or a shell line, which exist in notebooks only: %%R -i x", "say it in Python"),
    "await-at-the-top": (("#| export\nx = await g()",), "its line 2 would run on import: x = await g()", "Put it into a function"),
    "syntax-error": (("#| export\ndef f(:",), "Cell 1 is marked `export` and is not valid Python: invalid syntax (line 2).", "Mend the cell."),
    "misplaced-statement": (("#| export\ndef f():\n    break",), "is not valid Python: 'break' outside loop (line 3).", "Mend"),
    "star-import": (("#| export\nfrom math import *",), "holds `from math import *`, which does not say what it brings", "Import by name"),
    "relative-import": (("#| export\nfrom . import helpers",), "holds `from . import helpers`", "Import by name"),
    "reserved-module": (("#| export config\nA = 1",), "Cell 1 goes to the module `config`, a name the package needs itself.", "Choose another"),
    "keyword-module": (("#| export class\nA = 1",), "Cell 1 goes to the module `class`, a word of Python.", "Choose another"),
    "secret": (("#| export\nAPI_KEY = 'sk-0123456789'",), "its line 2 holds a secret", "a cell marked `parameters`"),
    "secret-in-a-call": (("#| export\ndef f():\n    return login(password='hunter22')\ndef login(**k): ...",), "its line 3 holds a secret", "`parameters`"),
    "secret-in-a-url": (("#| export\nDATABASE = 'postgres://me:hunter2@db/x'",), "its line 2 holds a secret", "`parameters`"),
    "parameters-with-a-syntax-error": (("#| parameters\nA =", "#| export\nB = 1"), "Cell 1 is marked `parameters` and is not valid Python.", "Mend it."),
}  # fmt: skip


def refusal(*cells: str) -> ExportError:
    with pytest.raises(ExportError) as caught:
        select(page(*cells))
    return caught.value


@pytest.mark.parametrize(("cells", "message", "hint"), REFUSED.values(), ids=REFUSED)
def test_each_refusal_says_what_and_what_to_do(cells: tuple[str, ...], message: str, hint: str) -> None:
    """Whatever can't be exported is refused before anything is written, with the cell, the reason and a way on."""
    error = refusal(*cells)
    assert message in error.message
    assert hint in error.hint


@pytest.mark.parametrize(
    ("cells", "to_mark"),
    [
        (("import math", "def f(): ...", "print(1)", "A = 1\nclass B: ..."), ("c1", "c3")),
        (("#| export\nA = 1", "A = 2"), ("c1",)),
    ],
    ids=["nothing-marked", "bound-again"],
)
def test_a_refusal_names_the_cells_whose_marking_mends_it(cells: tuple[str, ...], to_mark: tuple[str, ...]) -> None:
    """Marking just these, and no other, is enough: the panel does it with one click."""
    with pytest.raises(ExportError) as caught:
        select(page(*cells))
    assert caught.value.to_mark == to_mark
    tags = {place: ("export",) for place in range(len(cells)) if f"c{place}" in to_mark}
    assert select(page(*cells, tags=tags)).modules


@pytest.mark.parametrize(
    "cells",
    [
        ("print(1)",),
        ("#| export\ndef f():\n    return nobody",),
        ("a = b()", "def b():\n    return c", "#| export\ndef f():\n    return b()"),
        ("#| parameters\nA = 1", "#| export\ndef f():\n    return A", "A = 2"),
        ("#| export own\nA = 1", "A = 2"),
    ],
)
def test_where_marking_would_not_do_no_cell_is_named(cells: tuple[str, ...]) -> None:
    """A cell that can't stand in a module is not offered to be put into one."""
    with pytest.raises(ExportError) as caught:
        select(page(*cells))
    assert caught.value.to_mark == ()



LOUD = [
    "print(1)", "x = load()", "f", "for i in range(3): pass", "assert True", "del x", "x += 1", "with open('f'): pass",
    "x = [open(n) for n in 'ab']", "x = f'{load()}'", "x = df['a'].mean()", "os.environ['A'] = 'b'", "plt.rc = {}",
    "a, b.c = 1, 2", "x: int = load()", "def f(x=load()): ...", "def f(*, x=load()): ...", "f = lambda x=load(): x",
    "class A:\n    data = load()", "class A:\n    print(1)", "if load():\n    x = 1", "if True:\n    load()",
    "try:\n    x = load()\nexcept OSError:\n    pass", "try:\n    import os\nexcept ImportError:\n    print(1)",
    "if __name__ == '__main__':\n    main()", "x = set.load()", "x = np.load('x')", "x = np.random.rand(3)",
    "x = pd.read_csv('x')", "x = logging.basicConfig()",
]  # fmt: skip
QUIET = [
    "'a docstring'", "x = 1", "x: int", "x: int = 1", "x = y = (1, -2)", "a, (b, *c) = 1, (2, 3)", "pass", "...",
    "x = {'a': [1, 2.5]}", "x = 3 * 24 * 3600", "x = 'a b c'.split()", "x = not True", "x = sorted({3, 1})",
    "x = [i * 2 for i in range(3)]", "x = lambda r: load(r)", "def f(x=(1, 2), *, y=None): return load(x)",
    "async def f(): await load()", "class A:\n    'doc'\n    x = 1\n    y: int = 2\n    def m(self): return load()",
    "import re\nx = re.compile('a')", "import logging\nlog = logging.getLogger(__name__)",
    "from pathlib import Path\nx = Path('data') / 'rows.csv'", "from datetime import timedelta\nx = timedelta(days=1)",
    "import numpy as np\nx = np.linspace(0, 1, 11)", "import pandas as pd\nx = pd.Timestamp('2020-01-01')",
    "from dataclasses import dataclass, field\n@dataclass\nclass A:\n    x: list = field(default_factory=list)",
    "from functools import lru_cache\n@lru_cache(maxsize=None)\ndef f(): ...",
    "from enum import Enum, auto\nclass A(Enum):\n    RED = auto()",
    "import sys\nif sys.version_info >= (3, 11):\n    import tomllib\nelse:\n    tomllib = None",
    "PAD_TOKEN = '<pad>'", "password = ''", "password = input",
]  # fmt: skip


@pytest.mark.parametrize("statement", LOUD)
def test_what_would_run_on_import_is_refused(statement: str) -> None:
    """A marked cell that does something when it is imported is refused with the line that does."""
    error = refusal("import os, plt, np, pd, logging, load, df, y, main, b", f"#| export\n{statement}")
    first = statement.splitlines()[0]
    assert "is marked `export`, and its line 2 would run on import: " in error.message, error.message
    assert first.split("(")[0].split("=")[0].strip()[:3] in error.message
    assert "Put it into a function" in error.hint


@pytest.mark.parametrize("statement", QUIET)
def test_what_only_defines_is_exported(statement: str) -> None:
    """Definitions, constants and values that are made without doing anything else need no change to be exported."""
    select(page("import load", f"#| export\n{statement}"))


def test_a_syntax_error_in_an_unmarked_cell_stops_nothing() -> None:
    """A half-typed cell that nobody exports is no reason not to export the others."""
    found = select(page("def half(", "#| export\ndef f(): ...", "1 +"))
    assert found.owners == {"f": "core"}


def test_a_directive_that_names_no_module_is_refused() -> None:
    """A module name with capitals or dots is refused by the marks, with an example."""
    with pytest.raises(NotebookError, match="does not name a module"):
        select(page("#| export My.Module\nA = 1"))


@pytest.mark.parametrize("module", ["../x", "a/b", "/etc", "..", "a b"])
def test_no_module_leads_out_of_the_package(module: str) -> None:
    """A path in a directive is no module's name."""
    with pytest.raises(NotebookError, match="does not name a module"):
        select(page(f"#| export {module}\nA = 1"))


def test_a_module_may_be_called_like_pythons() -> None:
    """Inside a package `json.py` hides nothing: the modules beside it import Python's own as before."""
    found = select(page("import json", "#| export json\nA = 1", "#| export\ndef f():\n    return json.dumps(A)"))
    text = module_text("core", found, "flowers.ipynb")
    assert "import json\n" in text
    assert "from .json import A\n" in text


def test_async_functions_generators_lambdas_and_closures_are_exported_as_they_stand() -> None:
    """Whatever a definition is, it means in the package what it means in the notebook, its own state included."""
    found = select(
        page(
            "import asyncio\nk = 3",
            "#| export\nasync def wait():\n    return 1\ndef each(xs):\n    yield from xs\nhalf = lambda x: x / 2\n"
            "def counter():\n    n = [0]\n    def tick():\n        n[0] += 1\n        return n[0]\n    return tick\n"
            "def gather(x, seen=[]):\n    seen.append(x)\n    return seen",
            "#| step load\na = asyncio.run(wait())\nb = list(each([half(4)]))\nt = counter()\nt()\nc = t()\n"
            "gather(1)\nd = gather(2)",
        )
    )
    names: dict[str, object] = {}
    exec(module_text("core", found, "flowers.ipynb"), names)
    exec(re.sub(r"(?m)^from \..*$", "", module_text("steps", found, "flowers.ipynb")), names)
    assert names["load"]() == (1, [2.0], 2, [1, 2])  # type: ignore[operator]


def test_a_draft_above_the_marked_cell_is_no_clash() -> None:
    """The last definition on the page counts: a draft above the marked cell may stay."""
    found = select(page("def f(): return 'draft'", "#| export\ndef f(): return 'final'"))
    assert found.owners == {"f": "core"}


def test_papermills_injected_values_are_no_clash() -> None:
    """A run by papermill adds a cell with its own values; the export takes the notebook's."""
    notebook = page("#| parameters\nA = 1", "A = 2", "#| export\ndef f(): return A", tags={1: ("injected-parameters",)})
    assert [(p.name, p.default) for p in select(notebook).parameters] == [("A", 1)]


def test_a_name_of_the_notebook_may_be_imported() -> None:
    """`display`, imported by name, is like any other import."""
    found = select(page("#| export\nfrom IPython.display import display\ndef f(x):\n    display(x)"))
    assert "display" in found.imports


def test_a_local_name_may_be_called_like_the_notebooks() -> None:
    """A function's own variable is not the notebook's `display` or `In`."""
    select(page("#| export\ndef f(display, In):\n    Out = display(In)\n    return Out"))


def test_a_change_in_place_is_told() -> None:
    """The user learns that a cell nobody exports may change a constant that is exported."""
    found: Selection = select(page("#| export\nCOLUMNS = ['a']\ndef f(): return COLUMNS", "COLUMNS.append('b')"))
    assert found.warnings == ("Cell 2 may change `COLUMNS` in place; the package has it as defined.",)


def test_cells_of_our_own_magics_are_no_part_of_the_page() -> None:
    """`%prodexport` in a cell of its own neither stops the export nor gets into it."""
    assert select(page("%prodexport --name x", "#| export\nA = 1")).owners == {"A": "core"}
