"""What the cells' text imports, run or not, and what it comes down to."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from jupyter_prodkit.environment.capture import capture
from jupyter_prodkit.environment.facts import EnvironmentFacts, UnknownImport
from jupyter_prodkit.errors import LockError
from jupyter_prodkit.lock.blockers import check_lockable
from jupyter_prodkit.notebook.document import Cell, Notebook
from jupyter_prodkit.notebook.imports import imports_in, imports_of


def page(*sources: str, tags: tuple[str, ...] = ()) -> Notebook:
    cells = [Cell(cell_id=f"c{i}", index=i, kind="code", source=text, tags=tags) for i, text in enumerate(sources)]
    return Notebook(Path("/nb.ipynb"), tuple(cells))


def of_page(
    *sources: str, modules: dict[str, str | None] | None = None, folder: Path | None = None
) -> EnvironmentFacts:
    return capture(modules or {}, set(), folder, imports_of(page(*sources)))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import numpy as np, a.b", ["numpy", "a.b"]),
        ("from google.cloud import storage", ["google.cloud"]),
        ("def f():\n    import lazy", ["lazy"]),
        ("%%time\nimport scipy", ["scipy"]),
        ("%matplotlib inline\nimport scipy", ["scipy"]),
        ("import importlib\nm = importlib.import_module('statsmodels.api')", ["importlib", "statsmodels.api"]),
        ("__import__('seaborn')", ["seaborn"]),
        ("importlib.import_module(name)", []),
        ("%load_ext autoreload", ["autoreload?"]),
        ("try:\n    import lightgbm\nexcept ImportError:\n    lightgbm = None", ["lightgbm?"]),
        (
            "try:\n    import ujson as json\nexcept (KeyError, ModuleNotFoundError):\n    import json",
            ["ujson?", "json"],
        ),
        ("try:\n    import x\nexcept ValueError:\n    pass", ["x"]),
        ("with contextlib.suppress(ImportError):\n    import x", ["x?"]),
        ("if False:\n    import xgboost\nelse:\n    import y", ["y"]),
        ("if TYPE_CHECKING:\n    import x", []),
        ("if sys.version_info >= (3, 11):\n    import tomllib\nelse:\n    import tomli as tomllib", ["tomllib?", "tomli?"]),
        ("from . import sibling", []),
        ("x = " + " + ".join(["a"] * 900) + "\nimport late", ["late"]),
        ("df" + ".f(1)" * 80 + "\nimport late", ["late"]),
        ("import (", []),
    ],
)
def test_text(source: str, expected: list[str]) -> None:
    """Imports are seen wherever they stand, magics or not; what can't run doesn't count, `?` is optional."""
    assert [f"{one.module}{'?' if one.optional else ''}" for one in imports_in(source)] == expected


def test_cells_that_never_ran(site: Any) -> None:
    """An import of a cell that never ran counts, and each distribution knows which cells ask for it."""
    site.install("pandas", files={"pandas/__init__.py": ""})
    site.install("opencv-python-headless", files={"cv2/__init__.py": ""})
    facts = of_page("import pandas", "import cv2, pandas", modules={"pandas": site.file("pandas/__init__.py")})
    assert {one.name: (one.why, one.cells, one.modules) for one in facts.distributions} == {
        "opencv-python-headless": ("imported", ("c1",), ("cv2",)),
        "pandas": ("imported", ("c0", "c1"), ("pandas",)),
    }


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("from google.cloud import storage", ["google-storage"]),
        ("import google.cloud.storage", ["google-storage"]),
        ("import google.cloud.storage.blob", ["google-storage"]),
        ("from google.cloud.bigquery import Client", ["google-bigquery"]),
        ("from google.cloud import bigquery, storage", ["google-bigquery", "google-storage"]),
        ("from google import protobuf", ["protobuf"]),
        ("from google.protobuf import message", ["protobuf"]),
    ],
)
def test_namespaces_that_were_not_loaded(site: Any, source: str, expected: list[str]) -> None:
    """Of a namespace, the part that the text names decides: never all who share it."""
    for part in ("storage", "bigquery"):
        site.install(
            f"google-{part}", files={f"google/cloud/{part}/__init__.py": "", f"google/cloud/{part}/blob.py": ""}
        )
    site.install("protobuf", files={"google/protobuf/__init__.py": "", "google/protobuf/message.py": ""})
    facts = of_page(source)
    assert [one.name for one in facts.distributions] == expected
    assert facts.unknown == ()


def test_unknown_names_have_candidates(site: Any) -> None:
    """A name that nothing provides comes with what may be meant, by what is installed here."""
    site.install("pandas", files={"pandas/__init__.py": ""})
    site.install("shap", files={"shap/__init__.py": ""}, requires=["XGBoost>=2; extra == 'test'"])
    site.install("attr-tools", files={"attrtools.py": ""})
    facts = of_page("import pandsa", "import xgboost", "try:\n    import lightgbm\nexcept ImportError:\n    pass")
    assert facts.unknown == (
        UnknownImport(module="lightgbm", cells=("c2",), optional=True),
        UnknownImport(module="pandsa", cells=("c0",), candidates=("`import pandas`",)),
        UnknownImport(module="xgboost", cells=("c1",), candidates=("xgboost (an optional requirement of shap)",)),
    )
    assert facts.unowned == ("lightgbm", "pandsa", "xgboost")


def test_a_distribution_under_another_module(site: Any) -> None:
    """Where the name is a distribution's, and not a module's, that is said."""
    site.install("beautifulsoup4", "4.12", files={"bs4/__init__.py": ""})
    (unknown,) = of_page("import beautifulsoup4").unknown
    assert unknown.candidates == ("beautifulsoup4 4.12 is installed, but its records name no such module",)


def test_own_files_and_modules_without_files(site: Any, tmp_path: Path) -> None:
    """A file beside the notebook, Python's own modules and what is made at run time are no unknown imports."""
    (tmp_path / "helper.py").write_text("")
    facts = of_page("import helper, json, made_up", modules={"made_up": None}, folder=tmp_path)
    assert (facts.local_modules, facts.unknown) == (("helper",), ())


def test_our_own_extension(site: Any) -> None:
    """A cell that loads us, beside other code, doesn't make us or Jupyter a part of what the notebook needs."""
    site.install("jupyter-prodkit", files={"jupyter_prodkit/__init__.py": ""}, requires=["ipython"])
    site.install("ipython", files={"IPython/__init__.py": ""})
    site.install("sql-magic", files={"sql_magic.py": ""})
    facts = of_page("%load_ext jupyter_prodkit\n%load_ext sql_magic\nx = 1")
    assert [one.name for one in facts.distributions] == ["sql-magic"]
    assert [one.name for one in of_page("import IPython").distributions] == ["ipython"]


def test_standard_library_with_a_backport_installed(site: Any) -> None:
    """A module of Python's own is not taken for the backport of the same name that lies among what is installed."""
    site.install("dataclasses", files={"dataclasses.py": ""})
    assert of_page("import dataclasses").distributions == ()


def test_ignored_cells(site: Any) -> None:
    """A cell that is marked to be ignored asks for nothing."""
    assert imports_of(page("import x", tags=("prodkit:ignore",))) == ()


def test_uninstalled_since_import(site: Any) -> None:
    """A loaded module whose distribution has gone is named as gone, not as unknown."""
    facts = of_page("import gonelib.sub", modules={"gonelib": site.file("gonelib/__init__.py")})
    assert (facts.gone, facts.unknown) == ((), ())  # no other distribution is there: the folder isn't one of installs
    site.install("other", files={"other.py": ""})
    modules = {
        name: site.file(f"gonelib/{file}") for name, file in (("gonelib", "__init__.py"), ("gonelib.sub", "sub.py"))
    }
    facts = of_page("import gonelib.sub", modules=modules)
    assert (facts.gone, facts.unknown, facts.distributions) == (("gonelib",), (), ())


def test_files_that_nobody_installed(site: Any) -> None:
    """A module that lies among the installed ones without a record is pointed out; no lock brings it to a cell."""
    site.install("other", files={"other.py": ""})
    (site.folder / "copied.py").write_text("")
    there = {"copied": site.file("copied.py")}
    assert (of_page("x = 1", modules=there).stray, of_page("x = 1", modules=there).unknown) == (("copied",), ())
    facts = of_page("import copied", modules=there)
    assert (facts.stray, facts.unowned, facts.local_modules) == (("copied",), ("copied",), ())
    with pytest.raises(LockError, match=r"copied \(cell 1, there, but no distribution's records name it\)"):
        check_lockable(facts, {"c0": "cell 1"})


def test_a_record_that_is_broken(site: Any) -> None:
    """A distribution whose RECORD is garbage is named where its module is imported: a lock without it would be wrong."""
    info = site.install("alpha", files={"alpha.py": ""})
    (info / "RECORD").write_bytes(bytes(range(256)) * 9)
    (unknown,) = of_page("import alpha", modules={"alpha": site.file("alpha.py")}).unknown
    assert unknown.candidates == ("alpha 1.0 is installed, but its records name no such module",)


def test_two_versions_on_the_path(site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two installed versions the loaded one counts, and that there are two is said."""
    site.install("alpha", "2.0", files={"alpha.py": ""})
    second = type(site)(tmp_path / "other" / "site-packages")
    second.install("alpha", "1.0", files={"alpha.py": ""})
    monkeypatch.setattr(sys, "path", [*sys.path, str(second.folder)])
    facts = of_page("import alpha", modules={"alpha": second.file("alpha.py")})
    assert [one.version for one in facts.distributions] == ["1.0"]
    (said,) = facts.doubles
    assert (
        said
        == "alpha is installed more than once in several folders of sys.path: 1.0 is the one that counts, beside 2.0."
    )
    assert [one.version for one in of_page("import alpha").distributions] == ["2.0"]


def test_metadata_left_by_an_upgrade(site: Any) -> None:
    """Of two metadata folders in one place, the later is what the files belong to."""
    site.install("alpha", "1.0", files={"alpha.py": ""}, written_at=1000.0)
    site.install("alpha", "2.0", files={"alpha.py": ""}, written_at=2000.0)
    facts = of_page("import alpha", modules={"alpha": site.file("alpha.py")})
    assert [one.version for one in facts.distributions] == ["2.0"]
    assert "in one folder" in facts.doubles[0]


@pytest.mark.parametrize("metadata", ["", "Name: alpha\n", "Name: alpha\nVersion: not a version\n", "\x00\xff" * 99])
def test_broken_metadata(site: Any, metadata: str) -> None:
    """A distribution whose metadata has no version that can be pinned is named."""
    info = site.install("alpha", files={"alpha.py": ""})
    (info / "METADATA").write_text(metadata)
    assert of_page("import alpha").broken == ("alpha",)


def test_requested_required_and_licence(site: Any) -> None:
    """Who asked for a distribution, a user or another one, and its licence, are known."""
    info = site.install("alpha", files={"alpha.py": ""}, requires=["beta"])
    (info / "REQUESTED").write_text("")
    metadata = info / "METADATA"
    metadata.write_text(metadata.read_text().replace("Name:", "License-Expression: MIT\nRequires-Python: >=3.9,!=3.11.3\nName:"))
    site.install("beta", files={"beta.py": ""})
    alpha, beta = of_page("import alpha").distributions
    assert (alpha.requested, alpha.required_by, alpha.licence) == (True, (), "MIT")
    assert (alpha.requires_python, beta.requires_python) == (">=3.9,!=3.11.3", None)
    assert (beta.requested, beta.required_by, beta.licence, beta.why) == (False, ("alpha",), None, "required")


@pytest.mark.parametrize(("installer", "source"), [("conda", "conda"), ("pip", "index")])
def test_conda(site: Any, installer: str, source: str) -> None:
    """What conda installed is known as conda's."""
    site.install("alpha", files={"alpha.py": ""}, installer=installer)
    assert of_page("import alpha").distributions[0].source == source
