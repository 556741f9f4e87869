"""What cells install, and what has changed on disk since the kernel loaded it."""

from __future__ import annotations

import importlib
import os
import sys
import time

import msgspec
import pytest
from asking import page, report_on, rules_and_cells

from jupyter_prodkit.check.look_around import look_around
from jupyter_prodkit.check.surroundings import ChangedPackage, LockDrift, Surroundings
from jupyter_prodkit.environment.facts import DistributionFact, EnvironmentFacts
from jupyter_prodkit.session.modules import UserModules

INSTALLS = [
    "%pip install x",
    "%conda install x",
    "%uv pip install x",
    "!pip install -q x",
    "!pip3 --quiet install x",
    "!python -m pip install x",
    "!{sys.executable} -m pip install x",
    "!uv pip install x",
    "!conda install -y x",
    "!apt-get install -y x",
    "!sudo apt-get install x",
    "!cd x && pip install .",
    "%%bash\npip install x",
    "%%capture\n!pip install x",
    "import os\nos.system('pip install x')",
    "import subprocess\nsubprocess.run('pip install x', shell=True)",
    "import subprocess, sys\nsubprocess.check_call([sys.executable, '-m', 'pip', 'install', 'x'])",
]
SILENT = [
    "!pip list",
    "%pip list",
    "!pip freeze > r.txt",
    "# !pip install x",
    "print('pip install x')",
    "%%bash\n# pip install x\nls",
    "%conda list",
    "!apt list --installed",
    "import subprocess\nsubprocess.run(['ls'])",
]


@pytest.mark.parametrize("source", INSTALLS)
def test_a_cell_that_installs(source):
    assert rules_and_cells("x = 1", source) == [("environment/install-in-cell", "c2")]


@pytest.mark.parametrize("source", SILENT)
def test_a_cell_that_installs_nothing(source):
    assert rules_and_cells(source) == []


def test_what_has_changed_is_told_at_the_cell_that_imports_it():
    notebook = page("x = 1", "import helpers.tables", "import numpy as np")
    known = Surroundings((ChangedPackage("numpy", ("numpy",), "1.26.4", "2.4.0"),), ("helpers.tables",))
    findings = [one for one in report_on(notebook, known).findings if one.rule.startswith("environment/")]
    assert [(one.rule, one.cell_id, one.names) for one in findings] == [
        ("environment/module-edited", "c2", ("helpers.tables",)),
        ("environment/package-changed", "c3", ("numpy",)),
    ]
    assert "1.26.4" in findings[1].because
    assert "2.4.0" in findings[1].because


class Kernel:
    """As much of a live kernel as looking around asks for: this process, in which modules are really imported."""

    def __init__(self):
        self.modules = UserModules(())

    def imports(self, name):
        self.modules.before_run()
        module = importlib.import_module(name)
        self.modules.after_run(frozenset({name.partition(".")[0]}), only_named=False)
        return module

    def user_modules(self):
        return self.modules.files()

    def edited_modules(self):
        return self.modules.edited()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder that modules are imported from, and forgotten with."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def write_later(path, text):
    """Write a file anew so that its time differs, however fast the test is."""
    path.write_text(text)
    later = time.time() + 5
    os.utime(path, (later, later))


def test_a_module_that_was_edited_since_it_was_loaded(folder):
    (folder / "my_tables.py").write_text("LIMIT = 1\n")
    kernel = Kernel()
    kernel.imports("my_tables")
    assert look_around(page("import my_tables"), kernel).edited_modules == ()
    write_later(folder / "my_tables.py", "LIMIT = 2\n")
    assert look_around(page("import my_tables"), kernel).edited_modules == ("my_tables",)


def test_a_module_of_a_package_that_was_edited(folder):
    (folder / "my_kit").mkdir()
    (folder / "my_kit" / "__init__.py").write_text("from my_kit import inner\n")
    (folder / "my_kit" / "inner.py").write_text("LIMIT = 1\n")
    kernel = Kernel()
    kernel.imports("my_kit")
    write_later(folder / "my_kit" / "inner.py", "LIMIT = 2\n")
    assert kernel.edited_modules() == ("my_kit.inner",)


def test_saved_again_without_a_change_is_not_edited(folder):
    (folder / "my_same.py").write_text("LIMIT = 1\n")
    kernel = Kernel()
    kernel.imports("my_same")
    write_later(folder / "my_same.py", "LIMIT = 1\n")
    assert kernel.edited_modules() == ()


def test_loaded_anew_is_not_edited(folder):
    """As `importlib.reload` and `%autoreload` do it."""
    (folder / "my_reloaded.py").write_text("LIMIT = 1\n")
    kernel = Kernel()
    module = kernel.imports("my_reloaded")
    write_later(folder / "my_reloaded.py", "LIMIT = 22\n")
    kernel.modules.before_run()
    importlib.reload(module)
    kernel.modules.after_run(frozenset(), only_named=False)
    assert kernel.edited_modules() == ()


def test_a_file_that_is_gone_and_what_others_loaded_is_no_edit(folder):
    (folder / "my_gone.py").write_text("LIMIT = 1\n")
    (folder / "not_theirs.py").write_text("LIMIT = 1\n")
    kernel = Kernel()
    kernel.imports("my_gone")
    importlib.import_module("not_theirs")
    kernel.modules.before_run()
    (folder / "my_gone.py").unlink()
    write_later(folder / "not_theirs.py", "LIMIT = 2\n")
    assert kernel.edited_modules() == ()


def install(site, version):
    """Put a distribution into a folder of installed ones, as an installer does."""
    for old in site.glob("my_dist-*.dist-info"):
        for file in old.iterdir():
            file.unlink()
        old.rmdir()
    (site / "my_dist").mkdir(exist_ok=True)
    (site / "my_dist" / "__init__.py").write_text(f"__version__ = '{version}'\n")
    info = site / f"my_dist-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: my-dist\nVersion: {version}\n")
    (info / "RECORD").write_text("my_dist/__init__.py,,\n")


def test_a_package_that_was_upgraded_since_it_was_loaded(tmp_path, monkeypatch):
    site = tmp_path / "site-packages"
    site.mkdir()
    monkeypatch.syspath_prepend(site)
    install(site, "1.0")
    kernel = Kernel()
    kernel.imports("my_dist")
    assert look_around(page("import my_dist"), kernel).changed_packages == ()
    install(site, "2.0")
    changed = look_around(page("import my_dist"), kernel).changed_packages
    assert changed == (ChangedPackage("my-dist", ("my_dist",), "1.0", "2.0"),)
    del sys.modules["my_dist"]


def test_drift_and_what_is_not_installed_are_told_at_the_cell():
    drift = LockDrift((("numpy", "1.26.4", "2.4.0"), ("gone", "1.0", None)), (("c2", "seaborn"),))
    known = Surroundings(not_installed=(("c1", "xgboost"),), drift=drift)
    findings = [one for one in report_on(page("x = 1", "y = 2"), known).findings if one.rule.startswith("environment/")]
    assert [(one.rule, one.cell_id, one.names) for one in findings] == [
        ("environment/not-installed", "c1", ("xgboost",)),
        ("environment/lock-drift", "c2", ("seaborn",)),
        ("environment/lock-drift", None, ("numpy", "gone")),
    ]
    assert findings[2].because == "numpy is 2.4.0, locked 1.26.4; gone is not installed, locked 1.0."


def test_drift_from_a_real_lock(tmp_path, monkeypatch):
    """The lock's own file is read, and compared with what is installed and what the page imports now."""
    site = tmp_path / "site-packages"
    site.mkdir()
    monkeypatch.syspath_prepend(site)
    install(site, "1.0")
    locked = EnvironmentFacts(
        python="3.11.7", implementation="cpython", platform="linux", machine="x86_64", local_modules=("helper",),
        distributions=(DistributionFact(name="my-dist", version="1.0", why="imported", modules=("my_dist",)),),
    )  # fmt: skip
    folder = tmp_path / "work-prod" / "lock"
    folder.mkdir(parents=True)
    (folder / "environment.json").write_bytes(msgspec.json.encode(locked))
    sources = ("import my_dist, helper, json", "import six", "try:\n    import absent\nexcept ImportError:\n    pass")
    notebook = page(*sources, path=tmp_path / "work.ipynb")
    assert look_around(notebook, Kernel()).drift == LockDrift((), (("c2", "six"),))
    assert look_around(notebook).drift == LockDrift()  # of a file alone it isn't known what kernel it is for
    install(site, "2.0")
    assert look_around(notebook, Kernel()).drift.versions == (("my-dist", "1.0", "2.0"),)


def test_what_is_not_installed(folder):
    """Files beside the notebook, Python's own modules, guarded imports and what is installed are not named."""
    (folder / "beside.py").write_text("")
    sources = ("import beside, json, pytest, _thread", "import nowhere_at_all.sub", "%load_ext nowhere_too")
    around = look_around(page(*sources, path=folder / "n.ipynb"), Kernel())
    assert around.not_installed == (("c2", "nowhere_at_all.sub"),)
    (folder / "nowhere_at_all.py").write_text("")
    assert look_around(page(*sources, path=folder / "n.ipynb"), Kernel()).not_installed == ()


def test_looking_around_takes_milliseconds(folder):
    """The panel asks after each cell."""
    (folder / "my_quick.py").write_text("LIMIT = 1\n")
    kernel = Kernel()
    kernel.imports("my_quick")
    notebook = page("import my_quick", "x = open('gone.txt').read()", path=folder / "n.ipynb")
    look_around(notebook, kernel)
    started = time.thread_time()
    for _ in range(20):
        look_around(notebook, kernel)
    assert (time.thread_time() - started) / 20 < 0.01
