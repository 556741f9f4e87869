"""Marks by tag and by directive."""

from __future__ import annotations

import pytest

from jupyter_prodkit.errors import NotebookError
from jupyter_prodkit.notebook.marks import Marks, is_ignored, marks_text, read_marks, step_of


@pytest.mark.parametrize(
    ("source", "tags", "marks"),
    [
        ("x = 1", (), Marks()),
        ("#| export\nx = 1", (), Marks(export=True)),
        ("# | export\n", (), Marks(export=True)),
        ("#|export features", (), Marks(export=True, module="features")),
        ("", ("export",), Marks(export=True)),
        ("#| export features", ("export",), Marks(export=True, module="features")),
        ("#| export features\n#| export", (), Marks(export=True, module="features")),
        ("#| parameters", (), Marks(parameters=True)),
        ("", ("parameters", "other"), Marks(parameters=True)),
        ("#| ignore\n#| export", (), Marks(export=True, ignore=True)),
        ("", ("prodkit:ignore",), Marks(ignore=True)),
        ("\n\n#| export\nx = 1", (), Marks(export=True)),
        ("x = 1\n#| export", (), Marks()),
        ("#| exporti\n#| hide", (), Marks(export=True)),
        ("#| exports shapes", (), Marks(export=True, module="shapes")),
        ("#| export\n#| eval: false", (), Marks()),
        ("x = 1", ("functions",), Marks(export=True)),
        ("x = 1", ("imports",), Marks(export=True)),
        ("x = 1", ("pipeline-parameters",), Marks(parameters=True)),
        ("x = 1", ("step:train", "skip"), Marks()),
        ("#| export\nx = 1", ("active-ipynb",), Marks()),
        ("# export", (), Marks()),
        ("#| step train", (), Marks(step="train")),
        ("#| step:train", (), Marks(step="train")),
        ("x = 1", ("step:train",), Marks(step="train")),
        ("#| step train", ("step:train",), Marks(step="train")),
        ("#| step load\n#| returns a, b", ("returns:c", "returns:a"), Marks(step="load", returns=("a", "b", "c"))),
    ],
)
def test_marks_of(source, tags, marks):
    assert read_marks(source, tags) == marks
    assert is_ignored(source, tags) == marks.ignore


@pytest.mark.parametrize("module", ["9lives", "Core", "a.b", "my-module", "../etc", "a b"])
def test_a_module_that_is_none(module):
    """It is said, and what only asks whether rules apply does not stumble over it."""
    source = f"#| export {module}\n#| ignore"
    with pytest.raises(NotebookError, match="does not name a module"):
        read_marks(source, ())
    assert is_ignored(source, ())
    assert module in marks_text(source, ())


@pytest.mark.parametrize("step", ["", "my step", "9lives", "class", "<b>", "größe"])
def test_what_a_cell_says_its_step_is_can_always_be_asked(step):
    """Rules and the panel go on where the name of a step is none."""
    with pytest.raises(NotebookError, match="does not name a step"):
        read_marks("", (f"step:{step}",))
    assert step_of("", (f"step:{step}",)) == step
    assert f"step:{step}" in marks_text("", (f"step:{step}",))


def test_the_text_differs_when_the_marks_do():
    texts = {
        marks_text(s, t)
        for s, t in [
            ("", ()), ("#| export", ()), ("#| export a", ()), ("", ("parameters",)), ("", ("prodkit:ignore",)),
            ("", ("step:a",)), ("", ("step:b",)), ("#| step a", ()), ("", ("step:a", "returns:b")),
        ]
    }  # fmt: skip
    assert len(texts) == 9
    assert marks_text("", ("parameters", "export", "seen")) == marks_text("", ("export", "parameters"))


@pytest.mark.parametrize(
    ("source", "tags"),
    [
        ("#| step Train", ()), ("#| step", ()), ("x", ("step:../etc",)), ("x", ("step:class",)), ("x", ("step:",)),
        ("#| step a", ("step:b",)), ("#| step a\n#| export", ()), ("#| step a", ("parameters",)),
    ],
)  # fmt: skip
def test_a_step_that_is_none(source, tags):
    """A name that can't be a function's, and marks of which only one can be meant, are said; rules still apply."""
    with pytest.raises(NotebookError, match="step:"):
        read_marks(source, tags)
    assert not is_ignored(source, tags)


@pytest.mark.parametrize(("source", "tags"), [("x", ("returns:x",)), ("#| step a\n#| returns 1x", ()), ("#| step a", ("returns:",))])
def test_what_a_step_can_not_return_is_said(source, tags):
    """A name for a value, in a cell that is part of a step; rules still apply."""
    with pytest.raises(NotebookError, match="returns:"):
        read_marks(source, tags)
    assert not is_ignored(source, tags)
