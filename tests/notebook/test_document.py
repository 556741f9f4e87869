"""Notebooks as they are saved, in whatever state."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_prodkit.errors import NotebookError
from jupyter_prodkit.notebook.document import Cell, Notebook, read_notebook, source_digest

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"


def test_a_saved_notebook_is_its_cells_in_order():
    notebook = read_notebook(NOTEBOOKS / "in_order.ipynb")
    assert [(cell.cell_id, cell.kind, cell.execution_count, cell.label) for cell in notebook.cells] == [
        ("title", "markdown", None, "cell 1"), ("make", "code", 1, "cell 2"), ("change", "code", 2, "cell 3"), ("show", "code", 3, "cell 4"),
    ]  # fmt: skip
    assert [cell.cell_id for cell in notebook.code_cells] == ["make", "change", "show"]
    assert (notebook.name, notebook.from_file) == ("in_order", True)
    assert notebook.cell("show") is notebook.cells[3]
    assert notebook.cell("nowhere") is None


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("without_ids", ["cell-0", "cell-1"]),
        ("format_3", ["cell-0", "cell-1"]),
        ("ids_missing_and_twice", ["same", "same-1", "cell-2"]),
    ],
)
def test_ids_are_there_differ_and_stay(name, ids):
    """Each reading gives the same ones: runs are told by them."""
    for _ in range(2):
        assert [cell.cell_id for cell in read_notebook(NOTEBOOKS / f"{name}.ipynb").cells] == ids


@pytest.mark.parametrize("name", sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb")))
def test_each_notebook_is_read_or_refused_with_a_hint(name):
    try:
        notebook = read_notebook(NOTEBOOKS / f"{name}.ipynb")
    except NotebookError as error:
        assert error.hint  # either way is right; the next test says which
    else:
        assert len(notebook.code_digest) == 64
        assert len({cell.cell_id for cell in notebook.cells}) == len(notebook.cells)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nowhere", "There is no notebook"),
        ("merge_conflict", "not JSON"),
        ("json_but_no_notebook", "not a notebook"),
        ("invalid", "not a valid notebook"),
        ("of_julia", "written in julia"),
    ],
)
def test_what_is_no_notebook_of_ours(name, says):
    with pytest.raises(NotebookError, match=says):
        read_notebook(NOTEBOOKS / f"{name}.ipynb")


def test_a_folder_is_no_notebook(tmp_path):
    with pytest.raises(NotebookError, match="is a folder"):
        read_notebook(tmp_path)


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"\xff\xfe\x00", b'{"nbformat": 4}', b"[" * 100_000])
def test_what_is_not_json_or_not_a_notebook(tmp_path, content):
    file = tmp_path / "odd.ipynb"
    file.write_bytes(content)
    with pytest.raises(NotebookError):
        read_notebook(file)


def test_a_byte_order_mark_does_no_harm(tmp_path):
    file = tmp_path / "marked.ipynb"
    file.write_bytes(b"\xef\xbb\xbf" + (NOTEBOOKS / "in_order.ipynb").read_bytes())
    assert len(read_notebook(file).cells) == 4


def test_the_error_that_stands_below_a_cell_is_known():
    cells = read_notebook(NOTEBOOKS / "shows_its_error.ipynb").cells
    assert [cell.shows_error for cell in cells] == [True, False]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("x = 1", "x=1  # one", True),
        ("x = 1", "\n\nx = 1\n", True),
        ("x = 1", "x = 2", False),
        ("%time x = 1", "x = 1", True),
        ("def (", "def (\n", True),
        ("def (", "def ((", False),
        ("def f():\n  return 1", "def f():\n    return 1", True),
        ("x = '\ud800'", "x = '\ud801'", False),
        ("x = None", "x = ...", False),
        ("x = 1", "x = True", False),
        ("x = 1", "x = 1.0", False),
        ("x = []", "x = ()", False),
        ("f(a, b)", "f(a)(b)", False),
        ("f(*a)", "f(**a)", False),
        ("x[1:]", "x[:1]", False),
        ("x = (y)", "x = y", True),
        ("del x", "x", False),
        ("{**a, 'b': 1}", "{'b': 1, **a}", False),
        ("def f(a, /): 0", "def f(a): 0", False),
        ("def f(*, a, b=1): 0", "def f(*, a=1, b): 0", False),
        ("global a, b", "global a; global b", False),
        ("from . import a", "from .. import a", False),
        ("f'{x!r}'", "f'{x!s}'", False),
        ("for i in x: pass\nelse: y", "for i in x: pass\ny", False),
    ],
)
def test_the_digest_is_of_the_code(one, other, same):
    assert (source_digest(one) == source_digest(other)) is same


@pytest.mark.parametrize(
    ("kind", "source", "runs"),
    [
        ("code", "x = 1", True), ("code", "", False), ("code", " \n", False), ("code", "# a\n\n  # b", False),
        ("code", "'''\n# text\n'''", True), ("code", "%prodcheck", False), ("code", "%load_ext jupyter_prodkit\nx", True),
        ("code", "pass", True), ("markdown", "x = 1", False), ("raw", "x = 1", False),
    ],
)  # fmt: skip
def test_which_cells_a_clean_run_executes(kind, source, runs):
    assert Cell("a", 0, kind, source).runs is runs


def test_the_code_digest_is_of_code_and_marks():
    def page(*cells: tuple[str, tuple[str, ...]]) -> str:
        return Notebook(Path("n"), tuple(Cell(str(i), i, "code", s, t) for i, (s, t) in enumerate(cells))).code_digest

    plain = page(("x = 1", ()), ("y = 2", ()))
    assert page(("x = 1 # why", ("seen",)), ("", ()), ("y = 2", ()), ("%prodcheck", ())) == plain
    assert page(("y = 2", ()), ("x = 1", ())) != plain
    assert page(("x = 1", ("export",)), ("y = 2", ())) != plain
    assert page(("#| export my-module\nx = 1", ()), ("y = 2", ())) != plain  # a mark that can't be: no error here
