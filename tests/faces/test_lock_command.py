"""The lock from a terminal and from a notebook: what it shows, what it refuses, when it is out of date."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import nbformat
import pytest

from jupyter_prodkit.faces.cli import main
from jupyter_prodkit.files import text_digest
from jupyter_prodkit.lock import compiling
from jupyter_prodkit.lock.uv import find_uv

pytestmark = pytest.mark.kernel


def prodkit(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "jupyter_prodkit.faces.cli", *arguments],
        capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip


class Finished(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Finished]:
    """The command line in this process, for what starts no kernel; with a server that needs nothing more."""
    monkeypatch.setattr(compiling, "SERVER", ())

    def call(*arguments: str) -> Finished:
        status = main(list(arguments))
        return Finished(status, *capsys.readouterr())

    return call


def tag(path: Path, cell_id: str, *tags: str) -> None:
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.id == cell_id:
            cell.metadata["tags"] = list(tags)
    nbformat.write(notebook, path)


def test_table_and_cells_that_never_ran(notebook):
    """The table says where each distribution is imported, cells that never ran included."""
    path = notebook(a="import six", b="from dateutil import parser")
    tag(path, "b", "skip-execution")
    finished = prodkit("lock", str(path), "--quiet")
    assert finished.returncode == 0, finished.stderr
    rows = {line.split()[0]: line for line in finished.stdout.splitlines() if line.startswith("  ")}
    assert "imported in cell 1" in rows["six"]
    assert "imported in cell 2" in rows["python-dateutil"]
    again = json.loads(prodkit("lock", str(path), "--json").stdout)
    assert again["report"]["changes"] == []
    assert {row["name"] for row in again["report"]["distributions"]} >= {"six", "python-dateutil"}


def test_static_runs_nothing(tmp_path, notebook, here):
    """`--static` reads text and disk, starts no kernel and says what it could not see."""
    path = notebook(a="import six", b="open('ran', 'w')")
    finished = here("lock", str(path), "--static")
    assert finished.returncode == 0, finished.stderr
    assert "Starting a kernel" not in finished.stderr
    assert "From the text and what is installed alone" in finished.stdout
    assert not (tmp_path / "ran").exists()
    assert "six" in (tmp_path / "work-prod" / "lock" / "requirements.lock").read_text().splitlines()[2]


def test_an_import_that_nothing_provides(tmp_path, notebook, here):
    """It is an error with the cell and what may be meant; no index is asked for the name, nothing is written."""
    finished = here("lock", str(notebook(a="import six", b="import sixx")), "--static")
    assert finished.returncode == 1
    assert "sixx (cell 2, perhaps `import six`)" in finished.stderr
    assert "No index is asked" in finished.stderr
    assert "Traceback" not in finished.stderr
    assert not (tmp_path / "work-prod" / "lock").exists()
    guarded = notebook(a="import six", b="try:\n    import sixx\nexcept ImportError:\n    pass")
    assert here("lock", str(guarded), "--static").returncode == 0


def test_check_fails_when_the_lock_is_out_of_date(tmp_path, notebook, here):
    """`--check` gives 0 for a lock that stands, 1 with the reasons for one that does not, and writes nothing."""
    path = notebook(a="import six")
    missing = here("lock", str(path), "--check")
    assert (missing.returncode, "There is no lock in" in missing.stderr) == (1, True)
    assert here("lock", str(path), "--static").returncode == 0
    lock = tmp_path / "work-prod" / "lock" / "requirements.lock"
    state = lock.stat().st_mtime_ns
    assert here("lock", str(path), "--check").returncode == 0
    reworded = notebook(a="import six  # the same", b="x = six.PY3")
    assert here("lock", str(reworded), "--check").returncode == 0
    changed = here("lock", str(notebook(a="import six", b="import dateutil")), "--check")
    assert changed.returncode == 1
    assert "Cell 2 imports dateutil (python-dateutil), which is not in the lock." in changed.stdout
    facts = json.loads((lock.parent / "environment.json").read_text())
    facts["distributions"][0]["version"] = "0.1"
    (lock.parent / "environment.json").write_text(json.dumps(facts))
    other = here("lock", str(notebook(a="import six")), "--check", "--json")
    assert "and 0.1 in the lock" in json.loads(other.stdout)["warnings"][0]
    assert lock.stat().st_mtime_ns == state
    lock.write_text(lock.read_text() + "# edited\n")
    assert "requirements.lock is not as the lock step wrote it." in here("lock", str(path), "--check").stdout


def test_check_tells_of_data_that_is_not_what_was_locked(tmp_path, notebook, here):
    """The lock of the distributions may stand while the data it was exported with has changed: status 1, and which."""
    path = notebook(a="import six")
    assert here("lock", str(path), "--static").returncode == 0
    rows = [{"path": name, "size": 1, "sha256": text_digest("1")} for name in ("rows.csv", "gone.csv")]
    data = json.dumps({"format": 1, "revision": "r", "files": rows})
    (tmp_path / "work-prod" / "lock" / "data.json").write_text(data)
    (tmp_path / "rows.csv").write_text("1")
    same = here("lock", str(path), "--check")
    assert (same.returncode, "1 file as locked" in same.stdout, "gone.csv: not here" in same.stdout) == (0, True, True)
    (tmp_path / "rows.csv").write_text("2")
    other = here("lock", str(path), "--check")
    assert other.returncode == 1
    assert "rows.csv here is not the file that the lock has" in other.stdout


def test_the_magic_shows_the_table_and_the_check_shows_drift(kernel, notebook):
    """In the notebook the lock is a table, escaped; a new import afterwards shows up in the check, at its cell."""
    path = notebook(a="import six", b="import dateutil")
    kernel.run("%load_ext jupyter_prodkit")
    assert kernel.run("import six", cell_id="a").success
    one = notebook(a="import six")
    assert kernel.run(f"%prodlock --notebook {one}").success, kernel.traceback
    html = kernel.shown[-1]["text/html"]
    assert "<details open><summary>The 1 distributions" in html or "<td" in html
    assert "imported in cell 1" in html
    path = notebook(a="import six", b="import dateutil")
    assert kernel.run(f"%prodcheck --json --notebook {path}").success
    found = [one for one in json.loads(kernel.printed)["findings"] if one["rule"] == "environment/lock-drift"]
    assert [(one["cell_id"], one["names"]) for one in found] == [("b", ["dateutil"])]


def test_nothing_is_run_or_imported_in_the_users_kernel(kernel, notebook):
    """Locking leaves the user's names, random streams, options and loaded modules as they were."""
    path = notebook(a="import six, random\nrandom.seed(1)", b="import dateutil")
    kernel.run("%load_ext jupyter_prodkit")
    kernel.run("import six, random\nrandom.seed(1)", cell_id="a")
    state = "import sys; print(hash(str(random.getstate())), 'dateutil' in sys.modules, 'numpy' in sys.modules)"
    kernel.run(state)
    before = kernel.printed
    assert kernel.run(f"%prodlock --notebook {path}").success, kernel.traceback
    kernel.run(state)
    assert kernel.printed == before
    kernel.run("print(sorted(name for name in globals() if not name.startswith('_')))")
    assert "capture" not in kernel.printed


def test_upgraded_after_import(tmp_path, kernel, notebook):
    """A package replaced on disk after its import stops the lock, with the versions, until the kernel is restarted."""
    folder = tmp_path / "more"
    site = folder / "site-packages"

    def install(version: str) -> None:
        command = [find_uv(), "pip", "install", "-q", "--no-deps", "--target", site, "--upgrade", f"toml=={version}"]
        subprocess.run(command, check=True, capture_output=True)

    install("0.10.1")
    path = notebook(a="import toml")
    kernel.run(f"import sys; sys.path.insert(0, {str(site)!r})")
    kernel.run("%load_ext jupyter_prodkit")
    kernel.run("import toml", cell_id="a")
    time.sleep(1.1)
    install("0.10.2")
    assert kernel.run(f"%prodcheck --json --notebook {path}").success  # while working, long before the lock
    found = [one for one in json.loads(kernel.printed)["findings"] if one["rule"] == "environment/package-changed"]
    assert [(one["cell_id"], one["names"]) for one in found] == [("a", ["toml"])]
    kernel.run(f"%prodlock --notebook {path}")
    assert "toml 0.10.1 (on disk: 0.10.2)" in "".join(kernel.traceback)
    assert "Restart the kernel" in "".join(kernel.traceback)
    subprocess.run(["rm", "-rf", str(site / "toml"), *map(str, site.glob("toml-*"))], check=True)
    subprocess.run(
        [find_uv(), "pip", "install", "-q", "--no-deps", "--target", site, "six"], check=True, capture_output=True
    )
    kernel.run(f"%prodlock --notebook {path}")
    assert "has been uninstalled since: toml" in "".join(kernel.traceback)


@pytest.mark.slow
def test_proven_with_the_notebook(notebook):
    """`--verify --with-notebook` runs the notebook in an environment made from the lock alone."""
    path = notebook(a="import six", b="print(six.__version__)")
    nb = nbformat.read(path, as_version=4)
    import six

    nb.cells[1].outputs = [nbformat.v4.new_output("stream", name="stdout", text=f"{six.__version__}\n")]
    nb.cells[0].execution_count, nb.cells[1].execution_count = 1, 2
    nbformat.write(nb, path)
    finished = prodkit("lock", str(path), "--verify", "--with-notebook", "--quiet")
    assert finished.returncode == 0, finished.stderr
    assert "work.ipynb ran in it, twice, and showed the same" in finished.stdout
