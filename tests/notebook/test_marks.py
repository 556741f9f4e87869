"""Marks by tag and by directive."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest

from jupyter_prodkit.errors import NotebookError
from jupyter_prodkit.notebook.marks import (
    Kind,
    Marks,
    directive_of,
    is_exported,
    is_ignored,
    is_parameters,
    marks_text,
    read_marks,
    step_of,
    tag_of,
    void_marks,
)

TABLE = json.loads((Path(__file__).parent / "marks.json").read_text("utf-8"))
"""Read by the front end's tests, too: both sides understand a cell's marks in the same way."""


@pytest.mark.parametrize("case", TABLE["cells"], ids=lambda case: f"{case['source']!r} {case['tags']}")
def test_marks_of(case):
    """What the export, the rules and the panel take a cell for is one and the same."""
    source, tags, said = case["source"], tuple(case["tags"]), dict(case)
    del said["source"], said["tags"]
    marks = Marks(**{**said, "returns": tuple(said.get("returns", ()))})
    assert read_marks(source, tags) == marks
    assert is_ignored(source, tags) == marks.ignore
    assert is_parameters(source, tags) == marks.parameters
    assert is_exported(source, tags) == (marks.export or marks.step is not None)


@pytest.mark.parametrize("said", TABLE["words"], ids=lambda said: said["directive"])
def test_the_words_of_a_mark(said):
    """Tag and line are written as every face writes them, and both are read as the same mark."""
    kind, name = said["kind"], said["name"]
    assert (tag_of(kind, name), directive_of(kind, name)) == (said["tag"], said["directive"])
    assert read_marks(said["directive"], ()) == read_marks("", (said["tag"],)) != Marks()


def test_every_mark_that_a_user_sets_has_its_words_in_the_table():
    assert {said["kind"] for said in TABLE["words"]} == set(get_args(Kind))


def test_marks_below_a_magic_are_told_as_the_tags_that_would_count():
    """As many tags as the lines mean, without those that the cell has."""
    source = "%%time\n#| step train\n#| returns a, b\n#| exporti shapes\n#| ignore\nx = 1"
    assert void_marks(source, ()) == ("step:train", "returns:a", "returns:b", "export:shapes", "prodkit:ignore")
    assert void_marks(source, ("step:train", "returns:b")) == ("returns:a", "export:shapes", "prodkit:ignore")
    assert void_marks(source.removeprefix("%%time\n"), ()) == ()


def test_what_a_step_is_told_to_return():
    """Named by comment and by tag, each once, in the order in which they stand."""
    marks = read_marks("#| step load\n#| returns a, b", ("returns:c", "returns:a"))
    assert marks == Marks(step="load", returns=("a", "b", "c"))


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
