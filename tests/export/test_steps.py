"""Cells marked as steps become functions: what goes in, what comes out, what comes along and what stays behind."""

from __future__ import annotations

import pytest
from pages import page

from jupyter_prodkit.errors import ExportError, NotebookError
from jupyter_prodkit.export.closure import Width
from jupyter_prodkit.export.modules import module_text
from jupyter_prodkit.export.selection import Selection, select

LOAD = "#| step load\nrows = [3, 1, 2]"


def chosen(*cells: str, width: Width = Width.LIKELY) -> Selection:
    return select(page(*cells), width)


def text_of(*cells: str, module: str = "steps") -> str:
    return module_text(module, chosen(*cells), "flowers.ipynb")


def function(text: str, name: str) -> str:
    """The text of one function."""
    return f"def {name}(" + text.split(f"def {name}(")[1].split("\n\n\n", maxsplit=1)[0].rstrip("\n")


def shape(selection: Selection) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    return [(step.name, step.inputs, step.outputs) for step in selection.steps]


def test_a_step_takes_what_earlier_ones_made_and_returns_what_later_ones_read() -> None:
    """Inputs and outputs are found by dataflow; a result that nothing uses up is returned as well."""
    found = chosen(LOAD, "#| step train\ntotal = sum(rows)\nmodel = total / len(rows)", "#| step evaluate\nscore = model * 2")
    assert shape(found) == [
        ("load", (), ("rows",)),
        ("train", ("rows",), ("model",)),
        ("evaluate", ("model",), ("score",)),
    ]


@pytest.mark.parametrize(
    ("end", "outputs"),
    [
        ("report(model.score)", ("model",)),
        ("print(model)", ("model",)),
        ("for one in model:\n    print(one)", ("model",)),
        ("best = max(model)", ("best",)),
        ("other = 0\nother += len(model)", ("other",)),
    ],
)
def test_what_is_only_reported_is_a_result_still(end: str, outputs: tuple[str, ...]) -> None:
    """A value is used up by what makes another of it, not by what prints it or writes it away."""
    found = chosen("#| export\ndef report(x):\n    print(x)", f"#| step train\nmodel = [1]\n{end}")
    assert shape(found) == [("train", (), outputs)]


def test_a_step_returns_what_its_cells_are_marked_to_return() -> None:
    """What only the user knows to be wanted is returned as well, be it used up or part of a figure."""
    plot = "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\ncounts, edges, bars = ax.hist(raw)\nplt.show()"
    found = chosen(f"#| step load\n#| returns raw, counts\nraw = [1, 2]\ntotal = sum(raw)\n{plot}")
    assert shape(found) == [("load", (), ("raw", "total", "counts"))]
    assert "returns" not in module_text("steps", found, "flowers.ipynb")


def test_long_signatures_are_folded() -> None:
    """No line of ours is longer than the package's linter lets it be, however many values go in and out."""
    names = [f"quite_a_long_name_{number}" for number in range(20)]
    made = "\n".join(f"{name} = input()" for name in names)
    read = ",\n".join(names)
    text = text_of(f"#| step load\n{made}", f"#| step train\nmodel = [\n{read}]")
    assert max(map(len, text.splitlines())) <= 120
    assert "def train(\n    quite_a_long_name_0: Any,\n" in text
    assert "    return (\n        quite_a_long_name_0,\n" in text


def test_statements_stand_as_they_stood_with_their_comments() -> None:
    """Nothing between two statements is lost, and the cells of one step follow each other in page order."""
    text = text_of(
        "#| step load\n# first\nrows = [1,  2]  # spaced\nmore = '''a\nb'''",
        "#| step load\nfor row in rows:\n    # inside\n    more += str(row)\n# last",
    )
    expected = '''def load() -> Any:
    """Load the data (cells 1 and 2 of the notebook)."""
    # first
    rows = [1,  2]  # spaced
    more = \'\'\'a
b\'\'\'

    for row in rows:
        # inside
        more += str(row)
    # last
    return more'''
    assert function(text, "load") == expected


def test_empty_lines_stay_where_they_parted_statements() -> None:
    """One where there were some, one where another cell begins, none at the beginning."""
    text = text_of("#| step load\n\na = 1\nb = 2\n\n\n# third\nc = a + b", "#| step load\n\nd = c")
    body = function(text, "load").split('"""\n')[1]
    assert body == "    a = 1\n    b = 2\n\n    # third\n    c = a + b\n\n    d = c\n    return d"


def test_comments_above_imports_stay_where_the_code_is() -> None:
    """The import moves to the top of the module; what was written above it stays with what follows."""
    text = text_of("#| step load\n# By the authors.\nimport math\n\n# the circle\nhalf = math.pi")
    assert function(text, "load").endswith("    # By the authors.\n\n    # the circle\n    half = math.pi\n    return half")


@pytest.mark.parametrize(
    ("cells", "taken"),
    [
        (("a = input()", "#| step load\nb = a"), ["a = input()"]),
        (("a = []", "a.append(1)", "b = a", "#| step load\nc = a"), ["a = []", "a.append(1)"]),
        (("import random", "random.seed(1)", "random.random()", "#| step load\nc = random.random()"), ["random.seed(1)", "random.random()"]),
        (("def f():\n    return g()", "def g():\n    return 1", "#| step load\nc = f()"), ["def f():", "def g():"]),
        (("a = 1", "a = 2", "#| step load\nc = a"), ["a = 2"]),
        (("a = 1", "if a:\n    a = 2", "#| step load\nc = a"), ["a = 1", "if a:"]),
        (("open('x.txt', 'w').write('1')", "#| step load\nc = open('x.txt').read()"), ["open('x.txt', 'w').write('1')"]),
        (("a = 1", "print(a)", "a", "a + 1", "#| step load\nc = a"), ["a = 1"]),
        (("unrelated = 1", "#| step load\nc = 1"), []),
    ],
)  # fmt: skip
def test_what_the_marked_cells_need_is_taken_along_and_told(cells: tuple[str, ...], taken: list[str]) -> None:
    """Dataflow leads to unmarked statements: values, changes in place, seeds and draws, files; nothing else comes."""
    assert [one.line for one in chosen(*cells).taken] == taken


def test_what_changes_a_value_stands_in_the_step_that_makes_it() -> None:
    """No step has to change what it is given, so that it can run again; unless a step between reads it unchanged."""
    load, change, train = "#| step load\na = [2, 1]", "a.sort()", "#| step train\nb = a[0]"
    assert "    a.sort()\n" in function(text_of(load, change, train), "load")
    between = "#| step look\nc = a[0]"
    assert "    a.sort()\n" in function(text_of(load, between, change, train), "train")


def test_a_wider_slice_takes_whatever_may_change_a_value() -> None:
    """Where the smallest slice does not give the notebook's values, calls that get the value are taken, then all."""
    cells = ("a = [1]", "n = touch(a)", "z = 5", "#| step load\nb = a")
    cells = ("def touch(x):\n    x.append(2)", *cells)
    widths = {width: [one.line for one in chosen(*cells, width=width).taken] for width in Width}
    assert widths == {
        Width.LIKELY: ["a = [1]"],
        Width.POSSIBLE: ["def touch(x):", "a = [1]", "n = touch(a)"],
        Width.EVERYTHING: ["def touch(x):", "a = [1]", "n = touch(a)", "z = 5"],
    }


def test_plots_and_exploration_stay_behind() -> None:
    """What only shows or draws is no part of a step, nor is the library it draws with."""
    text = text_of(
        "import matplotlib.pyplot as plt\n%matplotlib inline",
        "#| step load\n%timeit 1\nrows = [1]\nrows\nplt.plot(rows)\nfig, ax = plt.subplots()\nax.set_title('x')\n"
        "for row in rows:\n    plt.plot(row)\nplt.show()\n!ls",
    )
    assert "plt" not in text
    assert function(text, "load").endswith('notebook)."""\n    rows = [1]\n    return rows')


@pytest.mark.parametrize(
    "loop",
    [
        "for a in ax:\n    a.axis('off')",
        "for a in ax.flat:\n    a.axis('off')",
        "for i, a in enumerate(ax):\n    a.axis('off')",
        "for row, a in zip(rows, ax):\n    a.set_title(row)",
        "for i, (row, a) in enumerate(zip(rows, ax)):\n    a.set_title(row)",
    ],
)
def test_loops_over_the_parts_of_a_figure_stay_behind(loop: str) -> None:
    """What such a loop goes over is drawing too; what goes beside it is not."""
    begin = "#| step load\nimport matplotlib.pyplot as plt\nrows = [[1]]\nfig, ax = plt.subplots(2)\n"
    assert "plt" not in text_of(f"{begin}{loop}")
    assert "row.append(2)" in text_of(f"{begin}for row, a in zip(rows, ax):\n    row.append(2)")


@pytest.mark.parametrize("line", ["show(ax, rows)", "show(rows, ax=ax)", "rows.plot_parts()", "fig = rows.plot_fit(1)"])
def test_calls_that_draw_stay_behind(line: str) -> None:
    """A function that is handed a figure draws on it; a method called a plot is one."""
    text = text_of(f"#| step load\nimport matplotlib.pyplot as plt\nrows = input()\nfig, ax = plt.subplots()\n{line}")
    assert function(text, "load").endswith("    rows = input()\n    return rows")


def test_what_is_read_from_a_figure_needs_what_is_drawn() -> None:
    """A value that comes from a plot brings the plot along, and only then."""
    found = chosen(
        "import matplotlib.pyplot as plt",
        "fig, ax = plt.subplots()\nax.plot([1, 2])\nother, bx = plt.subplots()\nbx.plot([3])",
        "#| step load\nlow, high = ax.get_xlim()",
    )
    assert [one.line for one in found.taken] == ["fig, ax = plt.subplots()", "ax.plot([1, 2])"]


@pytest.mark.parametrize(
    ("said", "logged"),
    [
        ("print('done')", "logger.info('done')"),
        ("print(f'{rows}')", "logger.info(f'{rows}')"),
        ("print(rows)", 'logger.info("%s", rows)'),
        ("print('rows', rows)", "logger.info(\"%s %s\", 'rows', rows)"),
        ("print(1, 2, sep='%')", 'logger.info("%s%%%s", 1, 2)'),
        ("print(*rows)", 'logger.info(" ".join(map(str, (*rows,))))'),
        ("print()", 'logger.info("")'),
        ("display(rows)", 'logger.info("%s", rows)'),
        ("print(rows, file=out)", "print(rows, file=out)"),
    ],
)
def test_print_becomes_logging(said: str, logged: str) -> None:
    """What the notebook printed goes to the log, in the same words; what goes to a file goes there."""
    text = text_of("import sys", "out = sys.stderr", f"#| step load\nrows = [1]\nif rows:\n    rows = [2]\n    {said}")
    assert f"        {logged}\n" in text


def test_a_function_gets_the_globals_it_read_as_arguments() -> None:
    """A function of the page that reads what cells made takes it as an argument, wherever it is called or handed on."""
    text = text_of(
        LOAD,
        "#| step features\noffset = len(rows)\ndef inner(x):\n    return x + offset\ndef outer(x):\n    return inner(x)\n"
        "wide = outer(1)\nmapped = list(map(outer, rows))",
    )
    assert function(text, "inner") == "def inner(x, *, offset):\n    return x + offset"
    assert function(text, "outer") == "def outer(x, *, offset):\n    return inner(x, offset=offset)"
    assert "    wide = outer(1, offset=offset)\n    mapped = list(map(partial(outer, offset=offset), rows))\n" in text
    assert "from functools import partial\n" in text


@pytest.mark.parametrize(
    ("definition", "call", "defined", "called"),
    [
        ("f(x)", "f(1)", "f(x, *, n)", "f(1, n=n)"),
        ("f()", "f()", "f(*, n)", "f(n=n)"),
        ("f(x, **more)", "f(1, **{})", "f(x, *, n, **more)", "f(1, **{}, n=n)"),
        ("f(x, *, y)", "f(1, y=2)", "f(x, *, y, n)", "f(1, y=2, n=n)"),
        ("f(x, *rest)", "f(1, *[2])", "f(x, *rest, n)", "f(1, *[2], n=n)"),
        ("f(\n    x, y=1,\n)", "f(\n    1\n)", "f(\n    x, y=1, *, n,\n)", "f(\n        1, n=n\n    )"),
        ("f(\n    x,\n    y,\n)", "f(\n    1,\n    2,\n)", "f(\n    x,\n    y,\n    *,\n    n,\n)", "f(\n        1,\n        2,\n        n=n,\n    )"),
    ],
)  # fmt: skip
def test_the_new_arguments_stand_as_those_that_were_there(definition: str, call: str, defined: str, called: str) -> None:
    """On the line, or one on each line, with the comma behind the last one where there was one."""
    text = text_of("n = input()", f"#| step load\ndef {definition}:\n    return n\nout = {call}")
    assert f"def {defined}:\n" in text
    assert f"    out = {called}\n" in text


def test_an_exported_function_gets_them_too() -> None:
    """The same holds for a cell marked `export`; what cells made by work is not made on import."""
    found = chosen("scaler = input()", "#| export\ndef scale(x):\n    return scaler + x", "#| step load\ny = scale('a')")
    assert found.arguments == {"scale": ("scaler",)}
    assert "def scale(x, *, scaler):" in module_text("core", found, "flowers.ipynb")


def test_definitions_that_exported_ones_need_come_along() -> None:
    """A function or constant that an exported function reads stands beside it."""
    found = chosen("LIMIT = 3\ndef clip(x):\n    return min(x, LIMIT)", "#| export\ndef f(x):\n    return clip(x)")
    assert found.owners == {"LIMIT": "core", "clip": "core", "f": "core"}


def test_a_definition_stands_in_one_place() -> None:
    """What an exported function and a step both need stands beside the function, and the step imports it."""
    found = chosen("def clip(x):\n    return x", "#| export\ndef f(x):\n    return clip(x)", "#| step load\na = f(clip(1))")
    assert "def clip" in module_text("core", found, "flowers.ipynb")
    assert "from .core import clip, f\n" in module_text("steps", found, "flowers.ipynb")


def test_a_cell_of_imports_alone_makes_no_module_beside_steps() -> None:
    """The steps have the imports that they read; a module of unread ones says nothing."""
    found = chosen("#| export\nimport math", "#| step load\na = math.pi")
    assert list(found.modules) == ["steps"]
    assert list(chosen("#| export\nimport math", "#| export\ndef f():\n    return 1").modules) == ["core"]


def test_paths_urls_and_seeds_become_settings() -> None:
    """What ties the code to one machine, one server or one draw is configurable, a relative path from a data root."""
    found = chosen(
        "import random, urllib.request",
        "#| step load\nrandom.seed(42)\nrows = open('data/rows.csv').read()\nDATA_DIR = '../data'\n"
        "page = urllib.request.urlopen('https://example.org/iris.csv', timeout=3)\nother = random.Random(7)",
    )
    text = module_text("steps", found, "flowers.ipynb")
    assert [(p.field, p.default) for p in found.parameters] == [
        ("seed", 42), ("rows_csv", "data/rows.csv"), ("data_path", "../data"), ("iris_csv_url", "https://example.org/iris.csv"),
    ]  # fmt: skip
    assert "random.seed(settings().seed)" in text
    assert "page = retried(urllib.request.urlopen, settings().iris_csv_url, timeout=3)" in text
    assert "from .loading import retried\n" in text
    assert "open(data_path(settings().rows_csv))" in text


def test_a_step_that_is_a_function_already_stays_one() -> None:
    """A cell marked as the step `features` that defines `features` is that function."""
    found = chosen("#| step features\ndef features(rows):\n    return rows")
    assert found.steps == ()
    assert found.owners == {"features": "core"}


@pytest.mark.parametrize("step", ["json", "print", "sum", "logging", "settings", "partial"])
def test_a_step_hides_nothing_that_its_module_reads(step: str) -> None:
    """Called like a module, a function of Python's or something of the package's own, the function is `NAME_step`."""
    found = chosen("import json", f"#| step {step}\nrows = json.dumps([sum([1])])\nprint(rows)\nopen('a/b.csv').close()")
    assert [(one.step, one.name) for one in found.steps] == [(step, f"{step}_step")]
    assert "import json\n" in module_text("steps", found, "flowers.ipynb")


def test_what_is_made_beside_an_import_is_not_lost() -> None:
    """A conditional import that also works belongs to its step; one that only guards stands at the top."""
    text = text_of("#| step load\nn = 4\nif n > 1:\n    from math import sqrt\n    z = sqrt(n)\nelse:\n    z = 0.0")
    names: dict[str, object] = {}
    exec(text, names)
    assert names["load"]() == 2.0  # type: ignore[operator]
    text = text_of("try:\n    import lgb\nexcept ImportError:\n    lgb = None", "#| step load\nhas = lgb is not None")
    assert text.index("try:") < text.index("def load")


CIRCLE = (
    "#| step load\na = 1",
    "#| step train\nb = a + 1",
    "#| step load\nc = b + 1",
)
REFUSED = {
    "circle": (CIRCLE, "The marked cells form a circle: `load` must come after `train` (b), `train` must come after `load` (a).", "as a whole"),
    "overwritten": (("#| step load\na = 1", "#| step train\nb = a", "#| step load\na = 2\nc = a"), "form a circle", "as a whole"),
    "deleted-cell": (("#| step load\na = gone + 1",), "Cell 1 reads `gone`, which no cell on the page makes.", "A deleted cell"),
    "made-below": (("#| step load\na = later", "later = 1"), "Cell 1 reads `later`, which only cell 2, further down, makes.", "Move that cell up"),
    "bash": (("#| step load\n%%bash\necho hi",), "uses a magic or a shell line", "say it in Python"),
    "R": (("#| step load\n%%R -i x\nplot(x)",), "uses a magic or a shell line", "say it in Python"),
    "captured-shell": (("#| step load\nfiles = !ls",), "uses a magic or a shell line", "say it in Python"),
    "cd": (("#| step load\n%cd ..\nx = 1",), "uses a magic or a shell line", "say it in Python"),
    "star": (("#| step load\nfrom math import *\nx = pi",), "does not say what it brings", "Import by name"),
    "star-unmarked": (("from math import *", "#| step load\nx = pi"), "Cell 2 reads `pi`, perhaps from the star import in cell 1.", "by name"),
    "star-nested": (("#| step load\nif True:\n    from .x import y\n    z = y",), "does not say what it brings", "Import by name"),
    "await": (("import asyncio", "#| step load\nx = await asyncio.sleep(1)"), "awaits something at its top", "asyncio.run"),
    "async-with": (("import a", "#| step load\nasync with a.b() as c:\n    d = c"), "awaits something at its top", "asyncio.run"),
    "secret": (("#| step load\npassword = 'hunter22'",), "holds a secret", "marked `parameters`"),
    "syntax": (("#| step load\nx = (",), "is not valid Python", "Mend"),
    "command": (("#| step serve\nx = 1",), "a command that every package has", "Choose another name"),
    "served-by-rows-alone": (("s = input()", "#| export\ndef features(x):\n    return s + x"), "`features` reads `s`", "part of the model"),
    "returns-nothing": (("#| step load\n#| returns b\na = 1",), "marked `returns:b`", "something that the step's cells assign"),
    "writes-a-global": (("#| step load\nn = 0\ndef f():\n    global n\n    n = n + 1\nf()",), "`f` sets the global name `n`", "Return it"),
}  # fmt: skip


@pytest.mark.parametrize(("cells", "message", "hint"), REFUSED.values(), ids=REFUSED)
def test_each_refusal_says_what_and_what_to_do(cells: tuple[str, ...], message: str, hint: str) -> None:
    """A step that can't become a function is refused before anything is written, with a way on."""
    with pytest.raises(ExportError) as caught:
        chosen(*cells)
    assert message in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize("name", ["../etc", "a.b", "Train", "class", "a/b", ""])
def test_a_name_that_is_no_functions_is_refused(name: str) -> None:
    """No name of a step leads out of the package or breaks its code."""
    with pytest.raises(NotebookError, match="does not name a step"):
        select(page("x = 1", tags={0: (f"step:{name}",)}))


def test_generators_lambdas_and_closures_stay_what_they_are() -> None:
    """A generator, a lambda and a closure over a changing value work as in the notebook: they stand in the step."""
    found = chosen(
        "#| step load\nseen = []\ndef note(x):\n    seen.append(x)\n    return x\ndef each(xs):\n    for x in xs:\n"
        "        yield note(x)\nhalf = lambda x: x / 2\nout = [half(x) for x in each([1, 2])]\nlast = list(seen)"
    )
    text = module_text("steps", found, "flowers.ipynb")
    names: dict[str, object] = {}
    exec(text.replace("from .config", "# "), names)
    assert names["load"]() == ([0.5, 1.0], [1, 2])  # type: ignore[operator]
