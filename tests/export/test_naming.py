"""The package's name, version and title."""

from __future__ import annotations

import pytest

from jupyter_prodkit.errors import ExportError
from jupyter_prodkit.export.naming import package_name, package_version, title_of


@pytest.mark.parametrize(
    ("notebook", "name"),
    [
        ("flowers", "flowers"),
        ("Titanic Survival (v2)", "titanic_survival_v2"),
        ("01-explore", "explore"),
        ("2024_q3__churn_", "q3_churn"),
        ("churn.final", "churn_final"),
    ],
)
def test_the_notebooks_name_becomes_the_packages(notebook: str, name: str) -> None:
    """Numbers in front, spaces and signs are dropped, so that most notebooks need no --name."""
    assert package_name(notebook, None, ()) == name


@pytest.mark.parametrize(
    "wanted", ["Flowers", "my-package", "1st", "a__b", "a_", "_a", "a.b", "größe", "", " ", "../x"]
)
def test_what_is_no_package_name_is_refused(wanted: str) -> None:
    """A name that an installer would spell otherwise is refused with the rule."""
    with pytest.raises(ExportError, match="can't be the name of a package") as caught:
        package_name("größe", wanted, ())
    assert "lower-case letters" in caught.value.hint


@pytest.mark.parametrize("notebook", ["Untitled", "2024", "größe", "日本"])
def test_a_notebook_without_a_usable_name_asks_for_one(notebook: str) -> None:
    """Where the notebook's name gives none, the user is asked for --name; `Untitled` is a name like any other."""
    if notebook == "Untitled":
        assert package_name(notebook, None, ()) == "untitled"
        return
    with pytest.raises(ExportError, match="can't be the name of a package") as caught:
        package_name(notebook, None, ())
    assert "--name" in caught.value.hint


@pytest.mark.parametrize("wanted", ["class", "lambda", "import"])
def test_a_word_of_python_is_refused(wanted: str) -> None:
    """`class` can't be imported."""
    with pytest.raises(ExportError, match="is a word of Python"):
        package_name("flowers", wanted, ())


@pytest.mark.parametrize("wanted", ["json", "email", "test", "sklearn", "scikit_learn", "yaml"])
def test_a_taken_name_is_refused(wanted: str) -> None:
    """A package that would hide a module of Python's or of an installed distribution is refused."""
    with pytest.raises(ExportError, match=f"A package named '{wanted}' would hide the module of that name"):
        package_name("flowers", wanted, {"sklearn", "scikit_learn"})


@pytest.mark.parametrize(
    ("wanted", "version"), [("0.1.0", "0.1.0"), ("1.0rc1", "1.0rc1"), ("1.0.0-RC.1", "1.0.0rc1"), ("01.2", "1.2")]
)
def test_a_version_is_spelt_as_installers_spell_it(wanted: str, version: str) -> None:
    """The record, the wheel and the installed package name the same version, however the user wrote it."""
    assert package_version(wanted) == version


@pytest.mark.parametrize("wanted", ["", "latest", "1.0+local", "1!2.0", "1.0 beta please", "v"])
def test_a_bad_version_is_refused(wanted: str) -> None:
    """What is no version is refused with an example of one."""
    with pytest.raises(ExportError, match="is not a version") as caught:
        package_version(wanted)
    assert "0.2.0" in caught.value.hint


def test_a_title_fits_into_every_text() -> None:
    """A file name with quotes, pipes or line breaks can't break TOML, Python or Markdown."""
    assert title_of('a "b" \\ `c` | d\n.ipynb') == "a _b_ _ _c_ _ d_.ipynb"
