"""Constants that tie code to a machine, a server or a draw, and literals that the user picks, become settings."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import pytest
from pages import FACTS, REQUIREMENTS, SERVING, page

from jupyter_prodkit.errors import ExportError
from jupyter_prodkit.export.locked import Locked
from jupyter_prodkit.export.modules import module_text
from jupyter_prodkit.export.package import Package, package_tree
from jupyter_prodkit.export.selection import select

READS = "    return open(DATA).read()"


def settings_and_text(*cells: str, module: str = "core") -> tuple[list[tuple[str, object, str]], str]:
    found = select(page(*cells))
    return [(p.field, p.default, p.comment) for p in found.parameters], module_text(module, found, "flowers.ipynb")


@pytest.mark.parametrize(
    ("constant", "setting", "read"),
    [
        ("DATA = 'rows.csv'  # one a day", ("data", "rows.csv", "one a day"), "open(data_path(settings().data))"),
        ("DATA = '../in/'", ("data", "../in/", ""), "open(data_path(settings().data))"),
        ("DATA: str = 'https://example.org/x'", ("data", "https://example.org/x", ""), "open(settings().data)"),
    ],
)
def test_a_constant_that_is_a_path_or_url_becomes_a_setting(
    constant: str, setting: tuple[str, object, str], read: str
) -> None:
    """Beside exported functions and beside steps alike, the constant goes and the functions read the setting."""
    found, text = settings_and_text(f"#| export\n{constant}\nOTHER = 'a/b'\ndef f():\n{READS}")
    assert found == [setting]
    assert f"return {read}.read()" in text
    assert "DATA" not in text
    assert "OTHER = 'a/b'" in text
    found, text = settings_and_text(constant, "#| step load\nrows = open(DATA).read()", module="steps")
    assert found == [setting]
    assert f"rows = {read}.read()" in text


@pytest.mark.parametrize(
    ("cell", "read", "setting"),
    [
        ("import pathlib\nDATA = pathlib.Path('data')", "open(pathlib.Path(data_path(settings().data)) / 'a.csv')", "data"),
        ("from pathlib import Path\nDATA = Path('in') / 'raw'", "open(Path(data_path(settings().data)) / 'a.csv')", "in/raw"),
    ],
)
def test_a_path_made_in_a_constant_becomes_a_setting(cell: str, read: str, setting: str) -> None:
    """What reads it still has a `Path`, and the module imports it."""
    found, text = settings_and_text(cell, "#| step load\nrows = open(DATA / 'a.csv')", module="steps")
    assert found == [("data", setting, "")]
    assert f"rows = {read}" in text
    assert cell.splitlines()[0] in text


@pytest.mark.parametrize(
    ("code", "read"),
    [
        ("a = Path('data') / 'x.csv'", "Path(data_path(settings().data_path)) / 'x.csv'"),
        ("a = os.path.join('data', 'x.csv')", "os.path.join(data_path(settings().data_path), 'x.csv')"),
        ("a = ','.join('data')", "','.join('data')"),
        ("DATA_DIR = 'data'\ndef f():\n    return f'{DATA_DIR}/x.csv'\na = f()", "f'{data_path(settings().data_dir)}/x.csv'"),
    ],
)
def test_the_name_of_a_folder_is_a_path(code: str, read: str) -> None:
    """Also without a slash, where what it is given to takes nothing but paths, or its name says so."""
    definition, _, last = code.rpartition("\n")
    step = f"#| step load\nimport os\nfrom pathlib import Path\n{last}"
    _, text = settings_and_text(*([f"#| export steps\n{definition}"] if definition else []), step, module="steps")
    assert read in text


def test_a_seed_beside_the_functions_becomes_a_setting() -> None:
    """Like one inside them."""
    found, text = settings_and_text("#| export\nimport random\nSEED = 7\ndef f():\n    return random.Random(SEED)")
    assert found == [("seed", 7, "")]
    assert "random.Random(settings().seed)" in text


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("DATA = 'rows.csv'\nFULL = DATA + '.gz'\ndef f():\n    return FULL", "The path `DATA` (cell 1) stays in the code, as it is read on import."),
        ("DATA = 'rows.csv'\ndef f(x=DATA):\n    return x", "The path `DATA` (cell 1) stays in the code, as it is read on import."),
        ("def f(path='in/rows.csv'):\n    return path", "The path 'in/rows.csv' (cell 1) stays in the code, as the default of the argument `path`."),
        ("def f(x, *, seed=42):\n    return seed", "The seed 42 (cell 1) stays in the code, as the default of the argument `seed`."),
        ("def f(url='https://example.org'):\n    return url", "The url 'https://example.org' (cell 1) stays in the code, as the default of the argument `url`."),
    ],
)  # fmt: skip
def test_what_has_to_stay_in_the_code_is_told(code: str, said: str) -> None:
    """Where it would be read on import, or is an argument's default, it stays, and the user hears of it."""
    found = select(page(f"#| export\n{code}"))
    assert found.parameters == ()
    assert found.warnings == (said,)


PICKED = {
    "assigned": ("#| step train\nalpha = 0.1  # rate #| setting\nb = alpha", ("alpha", 0.1, "rate"), "alpha = settings().alpha  # rate\n"),
    "named": ("#| step train\na = [1, 2]  #| setting layers\nb = a", ("layers", [1, 2], ""), "a = settings().layers\n"),
    "in a call": ("#| step train\nb = dict(x=1, n=2)  #| setting n", ("n", 2, ""), "b = dict(x=1, n=settings().n)\n"),
    "the only one": ("#| step train\nb = dict(n=2)  #| setting trees", ("trees", 2, ""), "b = dict(n=settings().trees)\n"),
    "line of a call": ("#| step train\nb = dict(\n    x=1,\n    n=2,  #| setting\n)", ("n", 2, ""), "        n=settings().n,\n"),
    "last line of a call": ("#| step train\nb = dict(\n    n=2  # trees #| setting\n)", ("n", 2, "trees"), "n=settings().n  # trees\n"),
    "twice": ("#| step train\na = 3  #| setting n\nb = 3  #| setting n\nc = a + b", ("n", 3, ""), "a = settings().n\n    b = settings().n\n"),
    "taken name": ("ALPHA = 2\n", ("alpha", 0.1, ""), "alpha = settings().alpha\n"),
}  # fmt: skip


@pytest.mark.parametrize(("cell", "setting", "line"), PICKED.values(), ids=PICKED)
def test_a_literal_that_the_user_picks_becomes_a_setting(
    cell: str, setting: tuple[str, object, str], line: str
) -> None:
    """`#| setting` beside a named literal, in a step or a function; the rest of the comment describes it and stays."""
    cells = (cell,) if "setting" in cell else (cell, "#| step train\nalpha = 0.1  #| setting\nb = alpha + ALPHA")
    found, text = settings_and_text(*cells, module="steps")
    assert found == [setting]
    assert line in text
    assert "#|" not in text


def test_a_picked_constant_becomes_a_setting() -> None:
    """Beside exported functions, of the annotated type."""
    found = select(page("#| export\nRATE: float = 1  #| setting\ndef f(x):\n    return x * RATE"))
    assert [(p.field, p.annotation, p.default) for p in found.parameters] == [("rate", "float", 1)]
    assert "return x * settings().rate" in module_text("core", found, "flowers.ipynb")


REFUSED = {
    "no literal": ("#| step train\nx = len('a')  #| setting", "no single literal has a name: x = len('a')  #| setting"),
    "several": ("#| step train\nx = dict(a=1, b=2)  #| setting", "no single literal has a name"),
    "a line of its own": ("#| step train\nx = 1\n#| setting", "no single literal has a name: #| setting"),
    "the first line": ("#| step train\n#| setting\nx = 1", "no single literal has a name: #| setting"),
    "a default": ("#| export\ndef f(x=1):  #| setting\n    return x", "no single literal has a name"),
    "a class's attribute": ("#| export\nclass A:\n    x = 1  #| setting", "no single literal has a name"),
    "a constant by another name": ("#| export\nX = 1  #| setting other\ndef f():\n    return X", "picks the constant `X` as the setting `other`"),
    "a key that YAML has otherwise": ("#| step train\nx = {True: 1}  #| setting", "no single literal has a name"),
    "not to be written in YAML": ("#| step train\nx = {1, 2}  #| setting", "no single literal has a name"),
    "secret": ("#| step train\nx = 'a1'  #| setting api_key", "picks `api_key` as a setting, and it holds a secret"),
    "two values": ("#| step train\nx = 1  #| setting n\ny = 2  #| setting n\nz = x + y", "picks the setting `n`, a name that can't be had"),
    "a parameter's name": ("#| step train\nx = 1  #| setting limit", "picks the setting `limit`, a name that can't be had"),
    "pydantic's name": ("#| step train\nx = 1  #| setting model_config", "picks the setting `model_config`, a name"),
    "a word of Python": ("#| step train\nx = 1  #| setting class", "picks the setting `class`, a name that can't be had"),
    "a path": ("#| step train\nx = 1  #| setting ../x", "picks the setting `../x`, a name that can't be had"),
    "read on import": ("#| export\nX = 1  #| setting\nY = X + 1", "reads the parameter `X` when it is imported"),
}  # fmt: skip


@pytest.mark.parametrize(("cell", "message"), REFUSED.values(), ids=REFUSED)
def test_a_pick_that_cant_be_is_refused(cell: str, message: str) -> None:
    """Nothing that the user picked is passed over in silence."""
    with pytest.raises(ExportError) as caught:
        found = select(page("#| parameters\nLIMIT = 3", cell))
        module_text("core", found, "flowers.ipynb")
    assert message in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("root", "path", "whole"), [("", "in/", "in/"), ("/data", "in/", "/data/in/"), ("/data", "/abs.csv", "/abs.csv")]
)
def test_a_folder_keeps_its_slash(monkeypatch: pytest.MonkeyPatch, root: str, path: str, whole: str) -> None:
    """`FOLDER + "rows.csv"` is the notebook's path, with and without a data root."""
    selection = select(page("#| export\nFOLDER = 'in/'\ndef f():\n    return open(FOLDER + 'rows.csv')"))
    lock = Locked(REQUIREMENTS, SERVING, FACTS)
    tree = package_tree(Package("flowers", "1", "flowers.ipynb", selection, lock, "0.13.9"))
    names: dict[str, Any] = {"__name__": "config"}
    exec(str(tree[PurePosixPath("src/flowers/config.py")]).replace("from __future__ import annotations", ""), names)
    monkeypatch.setenv("FLOWERS_DATA_ROOT", root)
    assert names["data_path"](path) == whole
