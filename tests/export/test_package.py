"""The package as a value: its files, its pins, and that nothing but notebook and lock goes into it."""

from __future__ import annotations

import ast
import subprocess
import sys
import textwrap
from pathlib import Path, PurePosixPath

import golden_package
import msgspec
import pytest
import yaml
from pages import FACTS, REQUIREMENTS, SERVING, page, write_lock

from jupyter_prodkit.errors import ExportError
from jupyter_prodkit.export.locked import Locked, provides, read_lock
from jupyter_prodkit.export.package import Package, package_tree
from jupyter_prodkit.export.proof import check_imports
from jupyter_prodkit.export.selection import select

if sys.version_info >= (3, 11):
    import tomllib
else:
    tomllib = pytest.importorskip("tomli")

ROOT = Path(__file__).parents[2]


def package(*cells: str, name: str = "flowers") -> Package:
    lock = Locked(REQUIREMENTS, SERVING, FACTS)
    return Package(name, "0.1.0", "flowers.ipynb", select(page(*cells)), lock, "0.13.9")


def test_the_package_is_the_one_that_was_looked_at() -> None:
    """Every generated text is the one under golden/; `python tests/export/golden_package.py` writes a new one to review."""
    stored = {
        PurePosixPath(path.relative_to(golden_package.FOLDER)): path.read_text("utf-8")
        for path in golden_package.FOLDER.rglob("*.txt")
    }
    assert stored == {golden_package.stored_name(path): text for path, text in golden_package.tree().items()}


def test_a_step_named_predict_is_a_command_as_well(tmp_path: Path) -> None:
    """`predict` alone runs the steps, with `--config` as every command; rows and a release belong together."""
    tree = package_tree(package("#| step load\nrows = [1, 2]", "#| step predict\npredictions = [one + 1 for one in rows]"))
    for path, text in tree.items():
        if path.parts[0] == "src":
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(str(text))
    assert "The steps are load → predict" in str(tree[PurePosixPath("README.md")])

    def status(*arguments: str) -> int:
        command = [sys.executable, "-m", "flowers", *arguments]
        return subprocess.run(command, cwd=tmp_path / "src", capture_output=True, check=False).returncode

    assert status("predict", "--output", "made", "--quiet") == 0
    assert (tmp_path / "src/made/predictions.pkl").is_file()
    assert status("predict", "rows.csv") == 2
    for command in (["predict"], ["config"], ["load"], ["serve", "--release", "."]):
        assert status(*command, "--config", "not-there.yaml") != 0
    (tmp_path / "src/other.yaml").write_text("")
    assert status("config", "--config", "other.yaml") == 0


def test_the_same_notebook_and_lock_give_the_same_bytes() -> None:
    """Two exports are equal byte for byte."""
    assert package_tree(golden_package.package()) == package_tree(golden_package.package())


def test_the_server_is_in_the_package_as_it_is() -> None:
    """The runtime is copied, readable and unchanged."""
    tree = package_tree(golden_package.package())
    copied = {path.name: text for path, text in tree.items() if path.parts[:3] == ("src", "my_flowers", "serving")}
    runtime = ROOT / "jupyter_prodkit" / "runtime"
    assert copied == {path.name: path.read_text("utf-8") for path in runtime.glob("*.py")}


def test_every_text_is_what_its_ending_says() -> None:
    """Whatever the notebook is called, the project file is TOML, the settings are YAML and the modules are Python."""
    tree = package_tree(golden_package.package())
    project = tomllib.loads(str(tree[PurePosixPath("pyproject.toml")]))
    assert project["project"]["name"] == "my-flowers"
    assert project["project"]["scripts"] == {"my-flowers": "my_flowers.__main__:main"}
    assert yaml.safe_load(str(tree[PurePosixPath("config.yaml")])) == {
        "petal_cut": 0.5,
        "columns": ["petal length (cm)", "petal width (cm)"],
        "weights": {"a": 1, "b": None},
        "seed": 7,
    }
    for path, text in tree.items():
        if path.suffix == ".py":
            ast.parse(str(text))
        assert str(text) == "" or str(text).endswith("\n")


def test_no_secret_and_no_unmarked_cell_gets_in() -> None:
    """The value of a secret, and what cells without a mark hold, stands in no file of the package."""
    everything = "\n".join(str(text) for text in package_tree(golden_package.package()).values())
    assert "sk-not-a-real-one" not in everything
    assert "/data/flowers.csv" not in everything


def test_without_parameters_the_config_is_empty_yaml() -> None:
    """A notebook without parameters still has a config.yaml that loads."""
    tree = package_tree(package("#| export\nA = 1"))
    assert yaml.safe_load(str(tree[PurePosixPath("config.yaml")])) == {}


def test_only_what_is_imported_is_a_dependency() -> None:
    """The wheel asks for what its modules and its server import, exactly as locked, wheels of the lock's own included."""
    bare = package("#| export\nA = 1").dependencies
    assert bare == (
        "msgspec==0.22.0",
        "numpy==2.4.6",
        "prometheus-client==0.26.0",
        "pydantic-settings==2.16.3",
        "pyyaml==6.0.3",
        "uvicorn==0.54.0",
    )
    used = package(
        "from google.cloud import storage", "#| export\ndef f():\n    import sklearn.svm\n    return storage"
    )
    assert set(used.dependencies) - set(bare) == {"google-cloud-storage==2.0", "scikit-learn==1.9.1"}


@pytest.mark.parametrize(
    ("module", "imported", "is_it"),
    [
        ("numpy", "numpy", True),
        ("numpy", "numpy.linalg", True),
        ("google.cloud.storage", "google.cloud.storage", True),
        ("google.cloud.storage", "google.cloud", True),
        ("google.cloud.storage", "google.cloud.bigquery", False),
        ("numpy", "numpydoc", False),
    ],
)
def test_an_import_finds_its_distribution(module: str, imported: str, is_it: bool) -> None:
    """A module belongs to the distribution that owns it, parts of a shared namespace to theirs alone."""
    assert provides(module, imported) is is_it


def test_pins_are_read_from_either_kind_of_line(tmp_path: Path) -> None:
    """A distribution is pinned by name or as a wheel in the lock; both give its name and version."""
    write_lock(tmp_path)
    assert dict(read_lock(tmp_path).pins) == {
        "google-cloud-bigquery": "3.1",
        "google-cloud-storage": "2.0",
        "msgspec": "0.22.0",
        "numpy": "2.4.6",
        "pandas": "3.1.1",
        "prometheus-client": "0.26.0",
        "pydantic-settings": "2.16.3",
        "pyyaml": "6.0.3",
        "scikit-learn": "1.9.1",
        "tenacity": "9.1.2",
        "uvicorn": "0.54.0",
    }


def test_without_a_lock_the_user_is_sent_to_lock(tmp_path: Path) -> None:
    """Exporting before locking says which step comes first."""
    with pytest.raises(ExportError, match="There is no lock") as caught:
        read_lock(tmp_path / "lock")
    assert caught.value.hint == "Run %prodlock first."


@pytest.mark.parametrize("broken", ["environment.json", "requirements.lock", "serving.lock"])
def test_a_broken_lock_is_one_error(tmp_path: Path, broken: str) -> None:
    """A lock that something damaged is said to be unreadable, with the way to a new one."""
    write_lock(tmp_path)
    (tmp_path / broken).write_bytes(b"\xff\xfe{")
    with pytest.raises(ExportError, match="can't be read") as caught:
        read_lock(tmp_path)
    assert caught.value.hint == "Run %prodlock again."


def test_an_import_that_is_not_locked_is_refused() -> None:
    """A package that imports what its lock lacks would fail where it is installed; here it would not show."""
    with pytest.raises(ExportError, match="`core` imports `seaborn`, which is not in the lock") as caught:
        check_imports(package("import seaborn as sns", "#| export\ndef f(x):\n    return sns.plot(x)"))
    assert caught.value.hint == "Run the cell that imports it, then %prodlock."


def test_a_file_of_the_users_own_is_refused() -> None:
    """helpers.py beside the notebook would not be there in production: the user is told what to do about it."""
    with pytest.raises(ExportError, match="`core` imports `helpers`") as caught:
        check_imports(package("from helpers import clean", "#| export\ndef f(x):\n    return clean(x)"))
    assert "a file of your own" in caught.value.hint


def test_an_unlocked_import_that_may_never_run_is_told() -> None:
    """An import inside a function or a guard is no reason to refuse, but the user learns that the lock lacks it."""
    guarded = "try:\n    import lightgbm\nexcept ImportError:\n    lightgbm = None"
    found = check_imports(
        package(f"#| export\n{guarded}\ndef f(x):\n    import seaborn, json, numpy.linalg\n    return x")
    )
    assert found == (
        "`core` imports `lightgbm`, which the lock does not have, in a function, a `try` or an `if`: only what can do without it works in the package.",
        "`core` imports `seaborn`, which the lock does not have, in a function, a `try` or an `if`: only what can do without it works in the package.",
    )


@pytest.mark.parametrize(
    ("branch", "is_told"),
    [
        ("if sys.version_info < (3, 10):\n    import tomli\nelse:\n    import json as tomli", False),
        ("if sys.version_info >= (3, 10):\n    import json as tomli\nelse:\n    import tomli", False),
        ("if sys.version_info >= (3, 10):\n    import tomli\nelse:\n    import json as tomli", True),
        ("if sys.platform == 'win32':\n    import tomli", True),
        ("try:\n    import json as tomli\nexcept ModuleNotFoundError:\n    import tomli", False),
        ("try:\n    from typing import Any as tomli\nexcept ImportError:\n    import tomli", False),
        ("try:\n    from typing import Nothing as tomli\nexcept ImportError:\n    import tomli", True),
        ("try:\n    import pandas.toml\nexcept ImportError:\n    import tomli", True),
        ("try:\n    import json as tomli\nexcept Exception:\n    import tomli", True),
        ("try:\n    import tomli\nexcept ImportError:\n    tomli = None", True),
    ],
)
def test_a_branch_for_another_python_is_no_reason_to_warn(branch: str, is_told: bool) -> None:
    """What only another version imports need not be locked; where it may be this one, the user learns of it."""
    text = textwrap.indent(branch, "    ")
    found = check_imports(package("import sys", f"#| export\ndef f(x):\n{text}\n    return tomli"))
    assert [warning.partition(",")[0] for warning in found] == ["`core` imports `tomli`"] * is_told
    found = check_imports(package("import sys", branch, "#| export\ndef f(x):\n    return tomli"))
    assert [warning.partition(",")[0] for warning in found] == ["`core` imports `tomli`"] * is_told


def test_the_facts_are_those_of_the_lock(tmp_path: Path) -> None:
    """The package is for the Python that the lock was made with."""
    write_lock(tmp_path, msgspec.structs.replace(FACTS, python="3.12.4"))
    lock = read_lock(tmp_path)
    made = Package("flowers", "0.1.0", "flowers.ipynb", select(page("#| export\nA = 1")), lock, "0.13.9")
    project = tomllib.loads(str(package_tree(made)[PurePosixPath("pyproject.toml")]))
    assert project["project"]["requires-python"] == ">=3.12,<3.13"
    assert project["build-system"]["requires"] == ["uv_build>=0.13,<0.14"]
