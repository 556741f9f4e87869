"""Cells marked `parameters` → typed settings."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from pages import page
from pydantic import TypeAdapter
from pydantic_settings import BaseSettings

from jupyter_prodkit.errors import ExportError
from jupyter_prodkit.export import parameters
from jupyter_prodkit.export.package import _yaml
from jupyter_prodkit.export.parameters import Parameter, read_parameters


def read(source: str) -> list[Parameter]:
    return list(read_parameters(page(f"#| parameters\n{source}").cells))


def refusal(source: str) -> ExportError:
    with pytest.raises(ExportError) as caught:
        read(source)
    return caught.value


TYPES = {
    "A = 1": ("int", 1),
    "A = -1": ("int", -1),
    "A = +2.5": ("float", 2.5),
    "A = 1e-05": ("float", 1e-05),
    "A = 1_000": ("int", 1000),
    "A = True": ("bool", True),
    "A = None": ("str | None", None),
    "A = 'text'": ("str", "text"),
    "A = ('long '\n     'text')": ("str", "long text"),
    "A = []": ("list[str]", []),
    "A = [1, 2]": ("list[int]", [1, 2]),
    "A = [1, 'b', None]": ("list[int | str | None]", [1, "b", None]),
    "A = [None]": ("list[str | None]", [None]),
    "A = [{'a': None}, 1]": ("list[dict[str, str | None] | int]", [{"a": None}, 1]),
    "A = [[1], [2.5]]": ("list[list[float] | list[int]]", [[1], [2.5]]),
    "A = ()": ("tuple[()]", ()),
    "A = (1, 'b')": ("tuple[int, str]", (1, "b")),
    "A = {}": ("dict[str, str]", {}),
    "A = {'a': 1, 'b': None}": ("dict[str, int | None]", {"a": 1, "b": None}),
    "A = {1: 'a', 2.5: 'b'}": ("dict[float | int, str]", {1: "a", 2.5: "b"}),
    "A = {'a': {'b': [1]}}": ("dict[str, dict[str, list[int]]]", {"a": {"b": [1]}}),
    "A: float = 1": ("float", 1),
    "A: int | None = 3": ("int | None", 3),
    "A: float = None": ("float | None", None),
    "A: list[float] = [1, 2]": ("list[float]", [1, 2]),
    "A: tuple[int, ...] = (1, 2)": ("tuple[int, ...]", (1, 2)),
    "A: dict[str, float] = {'a': 1}": ("dict[str, float]", {"a": 1}),
    "A: list = [1, 'b']": ("list", [1, "b"]),
    "A: Optional[int] = 3": ("int", 3),
    "A: 'int' = 3": ("int", 3),
    "A: np.ndarray = [1]": ("list[int]", [1]),
}


@pytest.mark.parametrize(("source", "annotation", "default"), [(s, *e) for s, e in TYPES.items()], ids=TYPES)
def test_a_literal_becomes_a_typed_field(source: str, annotation: str, default: Any) -> None:
    """Each setting has the notebook's value, and the type its annotation or its value says."""
    (found,) = read(source)
    assert (found.name, found.field, found.annotation, found.default) == ("A", "a", annotation, default)
    assert TypeAdapter(eval(annotation)).validate_python(default) == default  # pydantic takes it as it is


@pytest.mark.parametrize(
    "value",
    [
        1, -2.5, 1e-05, 1e300, True, None, [], {}, [1e-05, "a"], (1, "b"), {1: "a"}, {"b": 1, "a": 2}, {"a": [1, {"b": None}]},
        "yes", "no", "null", "1e5", "1.0", "on", "~", "", " ", "a: b", "# no comment", "- x", "'", '"', "\\", "%",
        "two\nlines\n", "\ttab", "é ✓ 🙂", "\u2028\x85\x7f\ufeff", "{{ x }}", "!tag", "&a *a", "2020-01-01", "12:30:00",
    ],
)  # fmt: skip
def test_the_yaml_says_what_the_notebook_says(value: Any) -> None:
    """Whatever the value, config.yaml read back by YAML and the setting's type is the same value of the same type."""
    (found,) = read(f"A = {value!r}")
    loaded = yaml.safe_load(_yaml(found))["a"]
    got = TypeAdapter(eval(found.annotation)).validate_python(loaded)
    assert (got, type(got)) == (value, type(value))
    assert list(got or ()) == list(value or ()) if isinstance(value, dict) else True  # in the same order


@pytest.mark.parametrize(
    ("source", "comment"),
    [
        ("A = 1  # share of rows", "share of rows"),
        ("A = 1", ""),
        ("A = [\n  1,  # one\n]  # all of them", "all of them"),
        ("A = '# no comment'", ""),
        ("# above\nA = 1", ""),
        ("A = 1  #: sphinx", ": sphinx"),
    ],
)
def test_the_comment_beside_a_value_describes_the_setting(source: str, comment: str) -> None:
    """What the user wrote beside the value goes into the config, for who sets it."""
    assert read(source)[0].comment == comment


@pytest.mark.parametrize(
    ("source", "secret"),
    [
        ("API_KEY = 'x'", True),
        ("db_password = ''", True),
        ("HF_TOKEN = None", True),
        ("SECRET = 'x'", True),
        ("aws_access_key = 'x'", True),
        ("DATABASE = 'postgresql://me:hunter2@db/x'", True),
        ("MAX_TOKENS = 512", False),
        ("PAD_TOKEN = '<pad>'", False),
        ("SEP_TOKEN = '[SEP]'", False),
        ("TOKENIZER = 'bert'", False),
        ("KEY = 'id'", False),
        ("SECRET = 3", False),
        ("DATABASE = 'postgresql://db/x'", False),
    ],
)
def test_a_secrets_value_is_never_written(source: str, secret: bool) -> None:
    """What is called a password, key or token, or is a URL with one, becomes a setting without a value."""
    (found,) = read(source)
    assert found.secret is secret
    assert (found.default is None) is secret


def test_the_last_assignment_counts() -> None:
    """As in the notebook, a later value replaces an earlier one; imports and docstrings are passed over."""
    found = read("'''Settings'''\nimport os\nA = 1\nB = 2\nA = 3")
    assert [(p.name, p.default) for p in found] == [("A", 3), ("B", 2)]


@pytest.mark.parametrize(
    "source",
    [
        "A = load()",
        "A = B",
        "A = 2 * 3",
        "A = f'{B}'",
        "A, B = 1, 2",
        "A = B = 1",
        "A: int",
        "A[0] = 1",
        "A += 1",
        "A = {1, 2}",
        "A = b'x'",
        "A = 2j",
        "A = 1e999",
        "A = {None: 1}",
        "A = {True: 1}",
        "A = {(1, 2): 3}",
        "A = [{None: 1}]",
        "def f(): ...",
        "print(1)",
        "for A in range(3): ...",
        "%matplotlib inline",
    ],
)
def test_what_is_no_plain_value_is_refused(source: str) -> None:
    """Anything but `NAME = literal` in a parameters cell is refused with its line."""
    error = refusal(source)
    assert "Cell 1 is marked `parameters`, and its line 2 is not `NAME = literal`: " in error.message
    assert "move the rest to another cell" in error.hint


def test_names_that_make_one_setting_are_refused() -> None:
    """`rate` and `RATE_` would both be `rate`: the user is told both names."""
    error = refusal("rate = 1\nRATE_ = 2")
    assert error.message == "The parameters `rate` and `RATE_` both become the setting `rate`."


@pytest.mark.parametrize("name", ["LAMBDA", "CLASS", "_", "_1", "COPY", "MODEL_CONFIG", "INT", "CONFIG", "dict"])
def test_names_that_a_setting_cant_have_are_refused(name: str) -> None:
    """A word of Python, a name of pydantic's or one with another meaning is refused with a proposal."""
    error = refusal(f"{name} = 1")
    assert f"The parameter `{name}` (cell 1) would become the setting" in error.message
    assert "Rename the parameter" in error.hint


def test_every_name_of_pydantics_is_known() -> None:
    """No public attribute of the installed pydantic-settings' class can be shadowed by a setting."""
    public = {name for name in dir(BaseSettings) if not name.startswith("_")}
    assert public - parameters.TAKEN == set()


@pytest.mark.parametrize(
    "source", ["A: str = 5", "A: int = 2.5", "A: list[str] = [1]", "A: bool = 1", "A: tuple[int] = (1, 2)"]
)
def test_an_annotation_that_is_not_true_is_refused(source: str) -> None:
    """A value that its annotation excludes could never be loaded from config.yaml again."""
    assert "Let the annotation say what the value is." in refusal(source).hint


@pytest.mark.parametrize(("name", "field"), [("TEST_SIZE", "test_size"), ("_hidden", "hidden"), ("Größe", "größe")])
def test_a_settings_name_is_the_parameters_in_small_letters(name: str, field: str) -> None:
    """`TEST_SIZE` becomes `test_size`."""
    assert read(f"{name} = 1")[0].field == field
