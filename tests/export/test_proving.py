"""The proof of equal values, really done: notebook run twice, lock installed, package run, each value compared."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import nbformat
import pytest

from jupyter_prodkit.errors import CancelledError
from jupyter_prodkit.export.closure import Width
from jupyter_prodkit.export.locked import read_lock
from jupyter_prodkit.export.merging import base_of, edits_of_code
from jupyter_prodkit.export.offered_imports import import_offers
from jupyter_prodkit.export.package import Package, package_tree
from jupyter_prodkit.export.proving import Proven, prove_values
from jupyter_prodkit.export.selection import select
from jupyter_prodkit.files import write_tree
from jupyter_prodkit.notebook.document import Notebook, read_notebook
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.release import ProjectFolder

pytestmark = [pytest.mark.slow, pytest.mark.kernel]

Prove = Callable[..., Proven]


def written(folder: Path, *cells: str) -> Notebook:
    path = folder / "work.ipynb"
    made = [nbformat.v4.new_code_cell(textwrap.dedent(cell).strip("\n"), id=f"c{n}") for n, cell in enumerate(cells)]
    nbformat.write(nbformat.v4.new_notebook(cells=made), path)
    return read_notebook(path)


@pytest.fixture(scope="module")
def lock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real lock, of what the server needs and nothing else."""
    notebook = written(tmp_path_factory.mktemp("locked"), "import numpy as np")
    command = [Path(sys.executable).with_name("prodkit"), "lock", notebook.path, "--yes", "--quiet"]
    subprocess.run(command, check=True, capture_output=True)
    return ProjectFolder.of(notebook.path).lock


@pytest.fixture
def prove(lock: Path, tmp_path: Path) -> Prove:
    def run(*cells: str, progress: Progress | None = None, budget: float = 300.0) -> Proven:
        notebook = written(tmp_path, *cells)
        offers = import_offers(notebook, lambda: read_lock(lock), None, {})
        package = Package("work", "0.1.0", "work.ipynb", select(notebook, offers=offers), read_lock(lock), "0.13.9")
        return prove_values(
            notebook, package, lock, budget=budget, allow_effects=False, progress=progress or Progress()
        )

    return run


def test_values_are_compared_and_those_that_are_chance_are_told_apart(
    prove: Prove, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seeded draws come out the same, a class of the notebook's too; the clock is no value that could be equal.

    A setting that is in the user's environment counts for nothing: the notebook knew none.
    """
    monkeypatch.setenv("WORK_SEED", "4")
    proven = prove(
        "import time\nimport numpy as np\nnp.random.seed(3)",
        "class Scaler:\n    def __init__(self, mean):\n        self.mean = mean",
        "#| step load\nrows = np.random.rand(5)\nprint(rows)",
        "noise = np.random.rand()",
        "#| step train\nscaler = Scaler(rows.mean())\ndrawn = np.random.rand()\nmoment = time.time()\nlines = iter([1])",
    )
    assert proven.sentence == "3 of 3 values equal the notebook’s in a clean environment"
    assert proven.equal == ("load: rows", "train: scaler", "train: drawn")
    assert list(proven.undetermined) == ["train: moment"]
    assert list(proven.incomparable) == ["train: lines"]
    assert "def load() -> np.ndarray:" in proven.package.texts["steps"]
    rows = proven.package.golden["load", "rows"]
    assert (rows["type"], rows["shape"], rows["dtype"]) == ("ndarray", [5], "float64")
    assert ("train", "moment") not in proven.package.golden


def test_the_slice_is_widened_until_the_values_are_equal(prove: Prove) -> None:
    """A call that changes its argument unseen is found out by running, and taken along."""
    proven = prove(
        "def touch(items):\n    items.append(2)\n    return len(items)",
        "a = [1]",
        "n = touch(a)",
        "#| step load\nb = list(a)",
    )
    assert (proven.width, proven.equal, proven.unequal) == (Width.POSSIBLE, ("load: b",), ())


def test_a_value_that_cant_be_equal_is_named_with_its_difference(prove: Prove) -> None:
    """What the notebook's environment has and production has not is a difference that is told, with where."""
    proven = prove("import sys", "#| step load\nplace = sys.prefix\nfine = 1")
    assert proven.equal == ("load: fine",)
    (one,) = proven.unequal
    assert (one.step, one.name) == ("load", "place")
    assert one.difference.startswith("the value: ")


def test_exported_functions_are_proven_by_the_cells_that_call_them(prove: Prove) -> None:
    """Without a step, the values that unmarked cells make with what is exported are compared."""
    proven = prove("#| export\ndef double(x):\n    return 2 * x", "ten = double(5)", "print(ten)")
    assert (proven.equal, proven.witness) == (("ten",), True)
    assert proven.package.selection.steps == ()


def test_an_import_that_came_along_is_there_in_the_notebook_too(prove: Prove) -> None:
    """Without it the notebook could not run, and nothing would be known; cells that only need it as well count."""
    proven = prove("#| export\ndef double(x):\n    return np.sum([x, x])", "json.dumps(1)\nten = double(np.ones(3))")
    assert (proven.equal, proven.witness) == (("ten",), True)
    assert [one.line for one in proven.package.selection.offered] == ["import numpy as np"]


def test_a_cell_that_raises_in_the_notebook_is_named(prove: Prove) -> None:
    """A clean run goes on after an error, as the notebook does: what was not made is told with the error."""
    proven = prove("#| step load\nrows = [1]", "#| step train\nmodel = 1 / 0", "#| step evaluate\nn = len(rows)")
    assert proven.incomparable == {"train: model": "cell 2 raises ZeroDivisionError: division by zero"}
    assert "load: rows" in proven.equal


def test_what_may_not_be_done_is_not_known(prove: Prove) -> None:
    """A cell that would write elsewhere is kept from it, and the user told how to allow it."""
    outside = "/" + "prodkit-test-outside"
    proven = prove(f"#| step load\nopen({outside!r}, 'w').write('x')\nx = 1")
    assert proven.sentence.startswith("not known: cell 1 would ")
    assert "--allow-effects" in proven.sentence
    assert not Path(outside).exists()


def test_the_budget_is_kept(prove: Prove) -> None:
    """A notebook that takes longer than it may is said not to be known; nothing is left running."""
    assert "not known: the time" in prove("import time", "#| step load\ntime.sleep(60)\nx = 1", budget=6.0).sentence


def test_a_cancel_ends_it(prove: Prove) -> None:
    """The user can stop the proof at any time."""
    progress = Progress(lambda event: progress.cancel() if "Running cell" in event.message else None)
    with pytest.raises(CancelledError):
        prove("#| step load\nx = 1", progress=progress)


def test_the_notebooks_folder_is_left_alone(prove: Prove, tmp_path: Path) -> None:
    """Files that the cells read are there in the proof; files that they write are not in the folder afterwards."""
    (tmp_path / "rows.txt").write_text("3")
    proven = prove("#| step load\nrows = open('rows.txt').read()\nopen('made.txt', 'w').write(rows)\nn = int(rows)")
    assert "load: n" in proven.equal
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rows.txt", "work.ipynb"]


def test_the_package_with_edits_by_hand_is_what_is_compared(lock: Path, tmp_path: Path) -> None:
    """An edit that changes a value is found and named as the cause; one that does not is proven with the rest."""
    notebook = written(tmp_path, "#| export\ndef double(x):\n    return 2 * x", "#| step load\na = double(2)\nb = [1]")
    package = Package("work", "0.1.0", "work.ipynb", select(notebook), read_lock(lock), "0.13.9")
    folder, core = tmp_path / "package", PurePosixPath("src/work/core.py")
    tree = package_tree(package)
    write_tree(folder, {**tree, **base_of(tree)})

    def proven(old: str, new: str) -> Proven:
        (folder / core).write_text(str(tree[core]).replace(old, new))
        return prove_values(
            notebook, package, lock, budget=300, allow_effects=False, progress=Progress(),
            edits=lambda made: edits_of_code(made, folder),
        )  # fmt: skip

    same = proven("return 2 * x", "return x + x")
    assert (same.equal, same.edited) == (("load: a", "load: b"), (str(core),))
    assert same.sentence.endswith("in a clean environment, with your edits in src/work/core.py")
    other = proven("return 2 * x", "return 3 * x")
    (one,) = other.unequal
    assert (one.name, one.cause) == ("a", "an edit by hand in src/work/core.py")
    assert ("load", "a") not in other.package.golden
    assert other.equal == ("load: b",)
