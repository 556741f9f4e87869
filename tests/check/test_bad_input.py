"""Whatever stands in a notebook's file or on a page: a right or an honest answer, or a message; never a crash."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playing import Player, play

from jupyter_prodkit.check.check import check_file, check_session
from jupyter_prodkit.check.report import Report
from jupyter_prodkit.errors import NotebookError
from jupyter_prodkit.notebook.document import Cell, Notebook, read_notebook

HONEST = {"unverified", "never run", "failed", "nondeterministic"}
"""States that may be given by a saved file alone: nothing is proven by it."""


def code(source: Any, **more: Any) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": 1, **more}


def raw(*cells: dict[str, Any], minor: int = 5, **more: Any) -> dict[str, Any]:
    """A notebook as JSON."""
    return {"nbformat": 4, "nbformat_minor": minor, "metadata": {}, "cells": list(cells), **more}


@pytest.fixture
def saved(tmp_path):
    def save(content: dict[str, Any] | str | bytes) -> Path:
        path = tmp_path / "bad.ipynb"
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    return save


def checked(path: Path) -> Report:
    report = check_file(read_notebook(path))
    assert {cell.state for cell in report.cells} <= HONEST
    assert report.verdict in {"unverified", "diverges"}
    assert report.plan == ()
    return report


def answered(path: Path) -> Report | None:
    """The report, or None where a message says what is wrong and what to do."""
    try:
        return checked(path)
    except NotebookError as error:
        said = error
    assert said.message
    assert said.hint
    return None


# -- ids --------------------------------------------------------------------------------------------------------------


def test_cells_of_one_id_are_told_apart(saved):
    path = saved(raw(*(code(f"x = {n}", id="same", execution_count=n) for n in (1, 2, 3))))
    report = checked(path)
    assert len({cell.cell_id for cell in report.cells}) == 3
    assert [cell.cell_id for cell in report.cells] == [cell.cell_id for cell in checked(path).cells]


@pytest.mark.parametrize("identity", [None, "", 7, "x" * 200, "not valid!", "ü"])
def test_odd_ids(saved, identity):
    path = saved(raw(code("x = 1", id=identity), code("print(x)", execution_count=2)))
    report = answered(path)
    assert report is None or len({cell.cell_id for cell in report.cells}) == 2


def test_a_page_with_cells_of_one_id_is_not_vouched_for_wrongly(capsys):
    """A page that a front end pushed: what ran under the id was one cell's doing, which one can't be known."""
    player = Player()
    try:
        player.load()
        player.run("x = 1", "same")
        player.run("x = 2", "same")
        player.run("print(x)", "reads")
        sources = (("same", "x = 2"), ("same", "x = 1"), ("reads", "print(x)"))
        cells = tuple(Cell(one, n, "code", source, execution_count=n + 1) for n, (one, source) in enumerate(sources))
        report = check_session(Notebook(Path("same.ipynb"), cells, from_file=False), player.timeline)
    finally:
        player.close()
    assert len(report.cells) == 3
    assert report.cells[2].state != "reproduced"  # a clean run prints 1


def test_a_front_end_that_names_no_cells(capsys):
    """Then the numbers of the prompts tell which cell ran."""
    player = Player()
    try:
        player.load()
        for source in ("x = 1", "y = x", "print(y)"):
            player.run(source, None)
        cells = tuple(
            Cell(f"c{n}", n, "code", source, execution_count=n + 1)
            for n, source in enumerate(("x = 1", "y = x", "print(y)"))
        )
        report = check_session(Notebook(Path("none.ipynb"), cells, from_file=False), player.timeline)
        edited = (cells[0], Cell("c1", 1, "code", "y = x + 1", execution_count=2), cells[2])
        other = check_session(Notebook(Path("none.ipynb"), edited, from_file=False), player.timeline)
    finally:
        player.close()
    assert report.verdict == "reproducible"
    assert other.cells[1].state != "reproduced"
    assert other.cells[2].state != "reproduced"


# -- formats ----------------------------------------------------------------------------------------------------------


def test_format_3(saved):
    cell = {
        "cell_type": "code",
        "input": ["x = 1\n", "x"],
        "language": "python",
        "outputs": [],
        "prompt_number": 1,
        "collapsed": False,
    }
    heading = {"cell_type": "heading", "level": 1, "source": ["Title"]}
    report = checked(
        saved(
            {
                "nbformat": 3,
                "nbformat_minor": 0,
                "metadata": {"name": ""},
                "worksheets": [{"cells": [heading, cell, cell]}],
            }
        )
    )
    assert len(report.cells) == 2


@pytest.mark.parametrize("minor", [0, 1, 2, 3, 4])
def test_older_formats_4_know_no_ids(saved, minor):
    path = saved(raw(code("x = 1"), code("print(x)", execution_count=2), minor=minor))
    assert [cell.cell_id for cell in checked(path).cells] == [cell.cell_id for cell in checked(path).cells]


def test_a_format_of_the_future(saved):
    path = saved(raw(code("x = 1", id="a", shiny={"new": 1}), minor=99))
    answered(path)


BROKEN = {
    "nothing": "", "no JSON": "{", "a list": "[]", "a number": "3", "no cells": '{"nbformat": 4}', "null": "null",
    "cells are no list": '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": {}}',
    "a cell is no object": '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [1]}',
    "no metadata": '{"nbformat": 4, "nbformat_minor": 5, "cells": []}',
    "format 2": '{"nbformat": 2, "nbformat_minor": 0, "metadata": {}, "worksheets": []}',
    "format as text": '{"nbformat": "4", "nbformat_minor": "5", "metadata": {}, "cells": []}',
    "format 99": '{"nbformat": 99, "nbformat_minor": 0, "metadata": {}, "cells": []}',
    "a merge conflict": '{"nbformat": 4,\n<<<<<<< HEAD\n"nbformat_minor": 5,\n=======\n"cells": []}',
    "deeply nested": "[" * 100_000, "not a number": '{"nbformat": NaN, "cells": []}',
    "written in R": '{"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": {"language": "R", "name": "ir", "display_name": "R"}}, "cells": []}',
    "metadata of another kind": '{"nbformat": 4, "nbformat_minor": 5, "metadata": [], "cells": []}',
    "a kernelspec of another kind": '{"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": "python3"}, "cells": []}',
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_files_that_are_no_notebooks_are_said_to_be_none(saved, name):
    """A message that says what to do, or an answer where it can be read after all."""
    answered(saved(BROKEN[name]))


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"\xef\xbb\xbf{}", bytes(range(256)), b"\x00" * 100])
def test_files_of_other_bytes(saved, content):
    with pytest.raises(NotebookError):
        read_notebook(saved(content))


def test_a_file_with_a_byte_order_mark(saved):
    assert len(checked(saved(b"\xef\xbb\xbf" + json.dumps(raw(code("x = 1", id="a"))).encode())).cells) == 1


# -- cells ------------------------------------------------------------------------------------------------------------

SOURCES = {
    "bash": "%%bash\nfor i in 1 2; do echo $i; done", "html": "%%html\n<b>x = 1</b>", "javascript": "%%javascript\nlet x = 1;",
    "R": "%%R -i df -o out\nout <- summary(df)", "sql": "%%sql\nselect * from t where a = :x", "writefile": "%%writefile f.py\nx = (",
    "latex": "%%latex\n$x$", "markdown": "%%markdown\n# x", "cython": "%%cython\ncdef int x = 1", "an unknown magic": "%%nowhere at all\nx = 1",
    "magic only": "%%", "percent": "%", "exclamation": "!", "question": "?", "double question": "x??", "shell": "!ls {x} $y",
    "a magic within": "x = 1\n%%bash\necho", "magic after blanks": "\n\n  %%bash\necho", "magic in a string": "x = '''\n%%bash\n'''",
    "a line magic with a body": "for i in x:\n    %time y = i", "assigned shell": "x = !ls\ny = %pwd", "cell magics nested": "%%time\n%%capture out\nx = 1",
    "time, broken": "%%time\ndef (", "open string": "x = 'abc", "open bracket": "x = (1,\n", "dedent": "if 1:\n    x\n  y", "tabs": "if 1:\n\tx = 1\n        y = 2",
    "indented": "    x = 1", "nulls": "x = 1\x00", "only null": "\x00", "form feed": "\x0cx = 1", "carriage returns": "x = 1\r\ny = x\r", "separators": "x = 1\u2028y = 2\x85",
    "a surrogate": "x = '\ud800'", "an astral name": "𝒳 = 1\nprint(X)", "a ligature": "ﬁ = 1\nprint(fi)", "composed": "é = 1\nprint(e\u0301)", "arabic digits": "x = ٣",
    "directions": "x = 'a\u202e'", "emoji": "😀 = 1", "zero width": "x\u200b = 1", "bom inside": "\ufeffx = 1", "prompt": ">>> x = 1\n... y = 2\n1", "in prompt": "In [1]: x = 1",
    "return": "return 1", "yield": "yield 1", "await": "await f()", "async for": "async for x in f(): pass", "await in a function": "def f():\n    await g()",
    "star": "from os import *", "star in a function": "def f():\n    from os import *", "future": "from __future__ import annotations", "late future": "x = 1\nfrom __future__ import division",
    "Python 2": "print 'x'", "except with comma": "try: x\nexcept E, e: pass", "walrus": "(x := 1)", "match": "match x:\n    case {'a': y}: pass",
    "except star": "try: x\nexcept* ValueError as e: pass", "global": "global x\nx = 1", "nonlocal": "nonlocal x", "del everything": "del x, y[0], z.a", "delete nothing": "del ()",
    "deep brackets": "x = " + "(" * 150 + "1" + ")" * 150, "deeper brackets": "x = " + "[" * 5000 + "]" * 5000, "long sum": "x = " + "+".join("1" * 5000), "long chain": "x" + ".a" * 5000,
    "long elif": "if a: pass\n" + "".join(f"elif b{n}: pass\n" for n in range(2000)), "many names": "\n".join(f"x{n} = {n}" for n in range(5_000)),
    "deep functions": "".join("    " * n + f"def f{n}():\n" for n in range(90)) + "    " * 90 + "pass", "many decorators": "@a\n" * 500 + "def f(): pass",
    "backslashes": "x = 1 + \\\n\\\n2", "a backslash at the end": "x = 1 \\", "only a comment": "# x", "only a string": "'''x'''", "semicolons": "x = 1;;", "colon": ":", "unprintable": "\x01\x02",
    "directive": "#| export ..", "another directive": "#| step", "odd directive": "#| \x00", "our own magic": "%prodcheck --nonsense", "percent format": "'%d' % x\n%d", "a huge number": "x = " + "9" * 5000,
    "a bad escape": r"x = '\N{no such name}'", "a bad number": "x = 0777", "an f-string": "f'{x!r:{y}}'", "a broken f-string": "f'{'", "a decorated lambda": "@lambda f: f\ndef g(): pass",
    "type comments": "x = [] # type: list[", "slices": "x[1:2, ::3] = y[...]", "matrix": "x @= y", "unpacking": "*x, (y, *z) = w", "keyword names": "class = 1", "soft keywords": "match = case = type = 1",
    "get_ipython": "get_ipython().run_line_magic('run', x)", "exec": "exec('x = 1'); eval('x')", "lambda default": "f = lambda x=x: x", "class body": "class A(x): y = y", "comprehension": "[x for x in x if (y := x)]",
}  # fmt: skip


@pytest.mark.parametrize("name", SOURCES)
def test_a_saved_cell_of_any_kind(saved, name):
    source = SOURCES[name]
    cells = [
        code("x = y = z = 1", id="a"),
        code(source, id="b", execution_count=2),
        code("print(x)", id="c", execution_count=3),
    ]
    report = answered(saved(raw(*cells)))
    assert report is None or len(report.cells) in {2, 3}  # our own magics are no part of the notebook


@pytest.mark.parametrize("name", SOURCES)
def test_a_page_with_a_cell_of_any_kind(name, capsys):
    """Never run, run under other code, and run as it stands is not to be tried here: cells do what they like."""
    source = SOURCES[name]
    page = {"a": "x = 1", "b": source, "c": "print(x)"}
    report = play(page, ["a", "c"])
    states = {cell.cell_id: cell.state for cell in report.cells}
    assert states["a"] == "reproduced"
    assert states.get("b", "never run") in HONEST | {"reproduced"}
    edited = play(page, ["a", ("b", "y = 1"), "c"])
    assert {cell.state for cell in edited.cells if cell.cell_id == "b"} <= HONEST | {"diverges"}


def test_sources_as_lists_of_lines(saved):
    report = checked(saved(raw(code(["x = 1\n", "y = x"], id="a"), code([], id="b"), code(["print(x)"], id="c"))))
    assert [cell.cell_id for cell in report.cells] == ["a", "c"]


@pytest.mark.parametrize("count", [0, 10**12, None])
def test_odd_prompt_numbers(saved, count):
    checked(saved(raw(code("x = 1", id="a", execution_count=count), code("print(x)", id="b", execution_count=count))))


@pytest.mark.parametrize("count", ["1", 1.5, True, [1], -1])
def test_prompt_numbers_of_another_kind(saved, count):
    answered(saved(raw(code("x = 1", id="a", execution_count=count))))


OUTPUTS = [
    [{"output_type": "stream", "name": "stdout", "text": ["a\n", "b"]}], [{"output_type": "error", "ename": "E", "evalue": "", "traceback": []}],
    [{"output_type": "display_data", "data": {"image/png": "x" * 100_000, "text/plain": ["x"]}, "metadata": {}}],
    [{"output_type": "execute_result", "execution_count": 7, "data": {"application/json": {"a": [1]}}, "metadata": {}}],
    [{"output_type": "display_data", "data": {}, "metadata": {}}] * 500,
]  # fmt: skip


@pytest.mark.parametrize("outputs", OUTPUTS)
def test_outputs_of_any_kind(saved, outputs):
    checked(saved(raw(code("x = 1", id="a", outputs=outputs))))


BAD_OUTPUTS = [
    [{}],
    [1],
    None,
    "text",
    [{"output_type": "nothing"}],
    [{"output_type": "stream"}],
    [{"output_type": "display_data", "data": []}],
]


@pytest.mark.parametrize("outputs", BAD_OUTPUTS)
def test_outputs_that_are_none(saved, outputs):
    answered(saved(raw(code("x = 1", id="a", outputs=outputs))))


@pytest.mark.parametrize("tags", [None, "text", 5, [1], {"a": 1}, ["prodkit:ignore", None]])
def test_tags_of_another_kind(saved, tags):
    answered(saved(raw(code("x = 1", id="a", metadata={"tags": tags}))))


LARGE = {
    "a comment": "# " + "x" * 10_000_000, "a text": "x = '" + "a" * 10_000_000 + "'", "lines of comments": "# x\n" * 2_500_000,
    "data": "x = [\n" + "  [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],\n" * 20_000 + "]",
}  # fmt: skip


@pytest.mark.parametrize("name", LARGE)
def test_large_cells(saved, name):
    """Ten megabytes in one cell."""
    report = checked(saved(raw(code(LARGE[name], id="a"), code("print(1)", id="b", execution_count=2))))
    assert report.cells[-1].cell_id == "b"


def test_a_large_cell_that_ran(capsys):
    page = {"a": LARGE["a text"], "b": "print(len(x))"}
    assert play(page).verdict == "reproducible"
    assert {cell.state for cell in play(page, [("a", "x = 'b'"), "b"]).cells} <= {"unverified", "diverges"}


def test_cells_that_are_no_code(saved):
    kinds = [
        {"cell_type": "markdown", "source": "x = (", "metadata": {}, "id": "m"},
        {"cell_type": "raw", "source": "%%bash", "metadata": {}, "id": "r"},
    ]
    assert [cell.cell_id for cell in checked(saved(raw(*kinds, code("x = 1", id="a")))).cells] == ["a"]
    assert checked(saved(raw(*kinds))).cells == ()


def test_a_kind_of_cell_that_nobody_knows(saved):
    sheet = {"cell_type": "spreadsheet", "source": "", "metadata": {}, "id": "s"}
    answered(saved(raw(sheet, code("x = 1", id="a"))))


# -- at random --------------------------------------------------------------------------------------------------------

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 99) | st.sampled_from(["", "x = 1", "code", "python", "%%bash", "a"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["source", "id", "outputs", "tags", "name"]), inner, max_size=3),
    max_leaves=4,
)  # fmt: skip
_SEED = raw(
    code("x = 1", id="a", outputs=[{"output_type": "stream", "name": "stdout", "text": "x"}]),
    {"cell_type": "markdown", "source": ["# T"], "metadata": {}, "id": "m"},
    code(["print(x)"], id="b", execution_count=2, metadata={"tags": ["export"]}),
    metadata={
        "kernelspec": {"name": "python3", "display_name": "P", "language": "python"},
        "language_info": {"name": "python"},
    },
)


def _places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    parts = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in parts:
        found += _places(value, (*path, key))
    return found


@settings(max_examples=400, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.sampled_from(_places(_SEED)), st.booleans(), _JSON), min_size=1, max_size=3))
def test_a_notebook_with_anything_in_any_place(tmp_path_factory, changes):
    """Whatever is missing or of another kind: an answer that claims nothing, or a NotebookError."""
    content = copy.deepcopy(_SEED)
    for path, removed, value in changes:
        node: Any = content
        try:
            for key in path[:-1]:
                node = node[key]
            if removed:
                del node[path[-1]]
            else:
                node[path[-1]] = value
        except (KeyError, IndexError, TypeError):
            continue
    path_of = tmp_path_factory.getbasetemp() / "anything.ipynb"
    path_of.write_text(json.dumps(content))
    answered(path_of)


@settings(max_examples=300, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.text(st.sampled_from("x=1()[]{}'\"\\\n\t #%!?@:;,.\x00\u2028ﬁ\ud800def ify"), max_size=40), max_size=4)
)
def test_cells_of_any_letters(sources):
    """Text that is code or none."""
    cells = tuple(Cell(f"c{n}", n, "code", source, execution_count=n + 1) for n, source in enumerate(sources))
    report = check_file(Notebook(Path("letters.ipynb"), cells))
    assert {cell.state for cell in report.cells} <= HONEST


def test_what_nbformat_writes_is_read(tmp_path):
    path = tmp_path / "new.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x = 1")]), path)
    assert len(checked(path).cells) == 1
