"""Cells → the text of a module: verbatim, but for imports, parameters and directives."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from pages import page

from jupyter_prodkit.errors import ExportError, ProdkitError
from jupyter_prodkit.export.modules import module_text
from jupyter_prodkit.export.selection import select


def text_of(*sources: str, module: str = "core") -> str:
    text = module_text(module, select(page(*sources)), "flowers.ipynb")
    compile(text, "module", "exec")
    first, _, rest = text.partition("\n")
    assert first == '"""Definitions from the notebook flowers.ipynb."""'
    return rest.strip("\n")


def expect(text: str, expected: str) -> None:
    assert text == textwrap.dedent(expected).strip("\n")


def test_statements_stand_as_they_stood() -> None:
    """Comments, blank lines, quotes and odd spacing of a marked cell are kept to the character."""
    body = "def  f( x ):   # the answer\n\n    'doc'\n    # a thought\n    return x+1   ;\n\n\nLIMITS = [1,2 , 3,]  # [mm]\n# the end"
    assert text_of(f"#| export\n{body}") == body


def test_cells_of_a_module_follow_the_page() -> None:
    """Marked cells come in page order, whatever stands between them."""
    expect(text_of("#| export\nA = 1", "print(A)", "#| export\nB = 2"), "A = 1\nB = 2")


def test_a_cell_without_a_module_goes_to_core_and_others_where_they_say() -> None:
    """`#| export` goes to core.py, `#| export NAME` to NAME.py."""
    cells = ("#| export\nA = 1", "#| export shapes\nB = 2")
    assert text_of(*cells) == "A = 1"
    assert text_of(*cells, module="shapes") == "B = 2"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("#| export\nA = 1", "A = 1"),
        ("# | export\n#|ignore\n\nA = 1", "A = 1"),
        ("#| export\nA = 1\n#| a comment further down", "A = 1\n#| a comment further down"),
        ('#| export\nA = """\n#| not a directive\n"""', 'A = """\n#| not a directive\n"""'),
        ("#| export\n# a comment\nA = 1", "# a comment\nA = 1"),
    ],
)
def test_only_the_directives_at_the_top_are_left_out(source: str, expected: str) -> None:
    """A line that begins like a directive elsewhere, in a text even, is the user's."""
    assert text_of(source) == expected


def test_a_timed_cell_exports_its_body() -> None:
    """`%%time` and `%time` are the notebook's; what they time is exported."""
    marked = page("%%time\ndef f():\n    return 7 % 4", tags={0: ("export",)})
    assert "def f():\n    return 7 % 4" in module_text("core", select(marked), "flowers.ipynb")
    expect(text_of("#| export\n%time A = 7 % 4"), "A = 7 % 4")


IMPORTS = {
    "plain": ("import os", "os.sep", "import os"),
    "alias": ("import numpy as np", "np.pi", "import numpy as np"),
    "from": ("from math import pi", "pi", "from math import pi"),
    "from-alias": ("from math import pi as circle", "circle", "from math import pi as circle"),
    "dotted": ("import os.path", "os.path.sep", "import os.path"),
    "dotted-alias": ("import os.path as p", "p.sep", "import os.path as p"),
    "several": ("import os, sys", "sys.path", "import sys"),
    "one-of-many": ("from math import (\n  pi,\n  e,  # Euler\n)", "e", "from math import e"),
    "beside-a-magic": ("%matplotlib inline\nimport os", "os.sep", "import os"),
    "in-with": ("with open('x'):\n    import os", "os.sep", "import os"),
    "in-a-loud-try": ("try:\n    import os\n    print(1)\nexcept OSError:\n    pass", "os.sep", "import os"),
}


@pytest.mark.parametrize(("statement", "use", "expected"), IMPORTS.values(), ids=IMPORTS)
def test_an_import_comes_along_from_anywhere(statement: str, use: str, expected: str) -> None:
    """What a marked function needs is imported at the top of its module, wherever the page imports it."""
    function = f"def f():\n    return {use}"
    for cells in ((statement, f"#| export\n{function}"), (f"#| export\n{function}", statement)):
        assert text_of(*cells) == f"{expected}\n\n\n{function}"


def test_imports_of_the_marked_cell_move_to_the_top() -> None:
    """Imports between definitions are hoisted, comments above them stay; an unused one stays as well and says so."""
    expect(
        text_of(
            "#| export\n# what we need\nimport os\nA = 1\n\n# and this\nimport sys\n\ndef f():\n    return sys.path"
        ),
        """
        import os  # noqa: F401
        import sys

        # what we need
        A = 1
        # and this

        def f():
            return sys.path
        """,
    )


def test_an_import_inside_a_function_stays_there() -> None:
    """A late import is a choice (it may be slow, or absent): it is neither moved nor copied."""
    cell = "def f():\n    import os\n    return os.sep"
    assert text_of(f"#| export\n{cell}") == cell


def test_two_parts_of_one_package_are_both_imported() -> None:
    """`import xml.dom` and `import xml.sax` bind one name and are both needed."""
    text = text_of("import xml.dom", "import xml.sax\nimport xml", "#| export\ndef f():\n    return xml.sax, xml.dom")
    expect(text, "import xml\nimport xml.dom\nimport xml.sax\n\n\ndef f():\n    return xml.sax, xml.dom")


def test_the_last_import_of_a_name_counts() -> None:
    """In the notebook a later import replaces an earlier one, and so it does in the module."""
    text = text_of("from json import loads", "from pickle import loads", "#| export\ndef f(x):\n    return loads(x)")
    assert text.startswith("from pickle import loads\n")


GUARDS = {
    "try": "try:\n    import lightgbm as lgb  # fast\nexcept ImportError:\n    lgb = None",
    "if": "if sys.version_info >= (3, 11):\n    import tomllib as lgb\nelse:\n    lgb = None",
}


@pytest.mark.parametrize("guard", GUARDS.values(), ids=GUARDS)
def test_a_guarded_import_keeps_its_guard(guard: str) -> None:
    """An import in `try` or `if` comes along whole, with what its condition reads: without it the package might not load."""
    text = text_of(f"import sys\n{guard}", "#| export\ndef f():\n    return lgb")
    before = "import sys\n\n" if "sys." in guard else ""
    assert text == f"{before}{guard}\n\n\ndef f():\n    return lgb"


def test_a_guarded_import_in_a_marked_cell_stays_in_its_place() -> None:
    """It belongs to its module; another module takes the name from there."""
    cells = (f"#| export\n{GUARDS['try']}", "#| export shapes\ndef f():\n    return lgb")
    assert text_of(*cells) == GUARDS["try"]
    assert text_of(*cells, module="shapes").startswith("from .core import lgb\n")


def test_future_features_hold_in_every_module() -> None:
    """`from __future__` in a notebook holds for every later cell, so it stands first in every module."""
    text = text_of("from __future__ import annotations\nimport os", "#| export\ndef f(x: list):\n    return os.sep")
    assert text.startswith("from __future__ import annotations\n\nimport os\n")


def test_modules_import_from_each_other() -> None:
    """A name that another marked cell defines is imported from its module, constants and classes included."""
    cells = (
        "#| export shapes\nSIDES = 4\nclass Shape: ...\ndef area(x): return x",
        "#| export\nclass Square(Shape):\n    sides = SIDES\n\ndef double(x):\n    return 2 * area(x)",
    )
    assert text_of(*cells).split("\n\n\n")[0] == "from .shapes import SIDES, Shape, area"


def test_imports_are_sorted_as_linters_ask() -> None:
    """Future, standard library, installed, own: each in its block, names of one module on one line."""
    text = text_of(
        "from __future__ import annotations\nimport numpy as np, os, json\nfrom sklearn.svm import SVC",
        "from sklearn.svm import LinearSVC as Lin, l1_min_c\nfrom collections import OrderedDict, abc",
        f"#| export {'long_' * 10}\nA = B = 1\ndef {'f' * 60}(): ...",
        f"#| export\nuse = lambda: (np, os, json, SVC, Lin, l1_min_c, OrderedDict, abc, A, B, {'f' * 60})",
    )
    expect(
        text.partition("\n\nuse")[0],
        f"""
        from __future__ import annotations

        import json
        import os
        from collections import OrderedDict, abc

        import numpy as np
        from sklearn.svm import SVC, l1_min_c
        from sklearn.svm import LinearSVC as Lin

        from .{"long_" * 10} import (
            A,
            B,
            {"f" * 60},
        )
        """,
    )
    command = [
        Path(sys.executable).with_name("ruff"),
        "check",
        "--isolated",
        "--line-length=120",
        "--select=I,E4,F",
        "-",
    ]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


READS = {
    "read": ("def f(x):\n    return x > LIMIT", "def f(x):\n    return x > settings().limit"),
    "twice": ("def f():\n    return LIMIT - LIMIT", "def f():\n    return settings().limit - settings().limit"),
    "attribute-of-it": ("def f():\n    return LIMIT.real", "def f():\n    return settings().limit.real"),
    "item-of-it": ("def f():\n    return LIMIT[0]", "def f():\n    return settings().limit[0]"),
    "argument-value": (
        "def f():\n    return g(LIMIT=LIMIT)\ndef g(**k): ...",
        "def f():\n    return g(LIMIT=settings().limit)\ndef g(**k): ...",
    ),
    "f-string": (
        'def f():\n    return f"LIMIT {LIMIT:.2f} {x!r}"\nx = 1',
        'def f():\n    return f"LIMIT {settings().limit:.2f} {x!r}"\nx = 1',
    ),
    "method": (
        "class A:\n    def f(self):\n        return LIMIT",
        "class A:\n    def f(self):\n        return settings().limit",
    ),
    "method-beside-attribute": (
        "class A:\n    LIMIT = 3\n    def f(self):\n        return LIMIT, self.LIMIT, A.LIMIT",
        "class A:\n    LIMIT = 3\n    def f(self):\n        return settings().limit, self.LIMIT, A.LIMIT",
    ),
    "lambda": ("f = lambda x: x > LIMIT", "f = lambda x: x > settings().limit"),
    "nested": (
        "def f():\n    def g():\n        return LIMIT\n    return g",
        "def f():\n    def g():\n        return settings().limit\n    return g",
    ),
    "comprehension": (
        "def f(r):\n    return [x for x in r if x > LIMIT]",
        "def f(r):\n    return [x for x in r if x > settings().limit]",
    ),
    "secret": ("def f():\n    return API_KEY", "def f():\n    return settings().api_key.get_secret_value()"),
}
UNTOUCHED = {
    "argument": "def f(LIMIT):\n    return LIMIT",
    "local": "def f():\n    LIMIT = 3\n    return LIMIT",
    "loop": "def f(rows):\n    for LIMIT in rows:\n        yield LIMIT",
    "comprehension-variable": "def f(rows):\n    return [LIMIT for LIMIT in rows]",
    "with": "def f(file):\n    with file as LIMIT:\n        return LIMIT",
    "except": "def f():\n    try:\n        g()\n    except OSError as LIMIT:\n        return LIMIT\ndef g(): ...",
    "enclosing": "def f(LIMIT):\n    def g():\n        return LIMIT\n    return g",
    "attribute": "def f(x):\n    return x.LIMIT",
    "keyword": "def f(x):\n    return x(LIMIT=1)",
    "text": "def f():\n    'LIMIT'\n    return f'LIMIT'",
    "comment": "def f():\n    # LIMIT\n    return 1",
    "class-attribute": "class A:\n    LIMIT = 3\n    other = LIMIT",
    "local-import": "def f():\n    from math import pi as LIMIT\n    return LIMIT",
    "text-of-a-local": "def f(rows):\n    LIMIT = 1\n    return rows.query('age > @LIMIT')",
}
PARAMETERS = '#| parameters\nLIMIT = 3\nAPI_KEY = "sk-0123"'


@pytest.mark.parametrize(("body", "expected"), READS.values(), ids=READS)
def test_a_parameter_becomes_the_setting_where_a_function_reads_it(body: str, expected: str) -> None:
    """The setting is read when the function runs, so that the configuration decides."""
    head, _, rest = text_of(PARAMETERS, f"#| export\n{body}").partition("\n")
    assert (head, rest.lstrip("\n")) == ("from .config import settings", expected)


@pytest.mark.parametrize("body", UNTOUCHED.values(), ids=UNTOUCHED)
def test_what_is_only_called_like_a_parameter_stays(body: str) -> None:
    """A local variable, an argument, an attribute, a keyword or a text of that name is something else."""
    assert text_of(PARAMETERS, f"#| export\n{body}") == body


@pytest.mark.parametrize(
    "body",
    [
        "DOUBLE = LIMIT * 2",
        "def f(x=LIMIT): ...",
        "from functools import lru_cache\n@lru_cache(maxsize=LIMIT)\ndef f(): ...",
        "class A:\n    limit = LIMIT",
        "ALL = [x for x in range(LIMIT)]",
    ],
)
def test_a_parameter_read_on_import_is_refused(body: str) -> None:
    """A value fixed while the package is imported could not be configured: the user is told to read it later."""
    with pytest.raises(ExportError, match="Cell 2 reads the parameter `LIMIT` when it is imported") as caught:
        text_of(PARAMETERS, f"#| export\n{body}")
    assert "inside the function" in caught.value.hint


def test_a_parameter_in_a_query_is_refused() -> None:
    """Pandas looks a `@NAME` up as a variable, and a setting is none: the user is told the way round."""
    with pytest.raises(ExportError, match="reads the parameter `LIMIT` in a text") as caught:
        text_of(PARAMETERS, "#| export\ndef f(rows):\n    return rows.query('age > @LIMIT')")
    assert "limit = LIMIT" in caught.value.hint


@pytest.mark.parametrize("body", ["def f(settings):\n    return LIMIT", "settings = {}\ndef f():\n    return LIMIT"])
def test_the_name_settings_is_kept_free(body: str) -> None:
    """Where a module reads parameters, nothing else may be called `settings`."""
    with pytest.raises(ExportError, match="Cell 2 binds `settings`"):
        text_of(PARAMETERS, f"#| export\n{body}")


def test_settings_may_be_anything_where_no_parameter_is_read() -> None:
    """The name is the user's own in a module without parameters."""
    assert text_of(PARAMETERS, "#| export\nsettings = {}") == "settings = {}"


def test_the_same_page_gives_the_same_text() -> None:
    """Exporting twice gives the same bytes: nothing depends on the order of a set."""
    cells = (
        "import sys, os, json, re, math\nfrom os import path, sep",
        "#| export a\nA = B = C = D = 1",
        "#| export\ndef f():\n    return (sys, os, json, re, math, path, sep, A, B, C, D)",
    )
    assert len({text_of(*cells) for _ in range(20)}) == 1


@pytest.mark.parametrize(("said", "module"), [("shapes", "shapes"), ("geo.shapes", "geo_shapes")])
def test_nbdevs_default_module_is_honoured(said: str, module: str) -> None:
    """`#| default_exp NAME` in a cell of its own names the module of every `export` cell that names none itself."""
    notebook = page(f"#| default_exp {said}", "#| export\ndef area(x):\n    return x * x", "#| export lines\nWIDE = 3")
    assert list(select(notebook).modules) == [module, "lines"]
    assert notebook.code_digest != page(*(cell.source for cell in notebook.cells[1:])).code_digest


def test_a_default_module_that_is_none_is_said() -> None:
    """A name that the package needs itself, or that is none, is refused with the cell that would go there."""
    for said, complaint in (("config", "needs itself"), ("my-shapes", "does not name a module")):
        with pytest.raises(ProdkitError, match=complaint):
            select(page(f"#| default_exp {said}", "#| export\ndef area(x):\n    return x * x"))
