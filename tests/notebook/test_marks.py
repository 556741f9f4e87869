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
        ("#| exporti\n#| hide", (), Marks()),
        ("# export", (), Marks()),
        ("#| step train", (), Marks(step="train")),
        ("#| step:train", (), Marks(step="train")),
        ("", ("step:train",), Marks(step="train")),
        ("#| export\n#| step load", ("step:train",), Marks(export=True, step="load")),
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
def test_a_step_that_is_none(step):
    """It is said, and its text is read all the same by what only shows it."""
    with pytest.raises(NotebookError, match="does not name a step"):
        read_marks("", (f"step:{step}",))
    assert step_of("", (f"step:{step}",)) == step
    assert f"step:{step}" in marks_text("", (f"step:{step}",))


def test_the_text_differs_when_the_marks_do():
    texts = {
        marks_text(s, t)
        for s, t in [
            ("", ()), ("#| export", ()), ("#| export a", ()), ("", ("parameters",)), ("", ("prodkit:ignore",)),
            ("", ("step:a",)), ("", ("step:b",)), ("#| step a", ()),
        ]
    }  # fmt: skip
    assert len(texts) == 8
    assert marks_text("", ("parameters", "export", "seen")) == marks_text("", ("export", "parameters"))
