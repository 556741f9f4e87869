"""The session in real kernels, reached through our own driver as a front end would."""

from __future__ import annotations

import re
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from jupyter_prodkit.errors import CancelledError, NotebookError
from jupyter_prodkit.notebook.document import read_notebook
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.session.driver import KernelDriver, attached_kernel, fresh_kernel

pytestmark = pytest.mark.kernel

RUNS = "[(run.cell_id, run.count, run.success, run.interrupted, sorted(run.outputs)) for run in session.timeline.executions]"


def test_cells_arrive_with_their_ids(kernel):
    kernel.run("x = 1", "first")
    kernel.run("y = x", "second")
    kernel.run("z = y")
    assert kernel.ask(RUNS) == [
        ("first", 1, True, False, ["x"]), ("second", 2, True, False, ["y"]), (None, 3, True, False, ["z"]),
    ]  # fmt: skip
    assert kernel.ask("session.timeline.from_start") is True


def test_whatever_happens_in_a_cell_is_recorded(kernel):
    for cell_id, code in {
        "raises": "a = 1\n1 / 0", "syntax": "def (", "magic": "%%time\nb = 2", "shell": "c = !echo hello",
        "awaits": "import asyncio\nawait asyncio.sleep(0)\nd = 4", "blank": "", "exits": "raise SystemExit", "last": "e = a + b + d",
    }.items():  # fmt: skip
        kernel.run(code, cell_id)
    recorded = {run[0]: run[2:] for run in kernel.ask(RUNS)}
    assert recorded == {
        "raises": (False, False, ["a"]), "syntax": (False, False, []), "magic": (True, False, ["b"]),
        "shell": (True, False, ["c"]), "awaits": (True, False, ["asyncio", "d"]), "exits": (False, False, []),
        "last": (True, False, ["e"]),
    }  # fmt: skip


def cancelled_after(kernel, seconds: float, code: str) -> None:
    progress = Progress()
    threading.Timer(seconds, progress.cancel).start()
    with pytest.raises(CancelledError):
        kernel.run(code, "long", progress)


@pytest.mark.parametrize(
    "code",
    [
        "import time\nx = 1\nwhile True: time.sleep(0.05)",
        "import asyncio\nx = 1\nawait asyncio.sleep(60)",
    ],
)
def test_an_interrupted_cell(kernel, code):
    """It ends at once, is recorded as interrupted, and the kernel goes on."""
    started = time.monotonic()
    cancelled_after(kernel, 1.0, code)
    assert time.monotonic() - started < 20
    kernel.run("y = 1", "next")
    long, after = kernel.ask(RUNS)
    assert (long[0], long[2], long[3]) == ("long", False, True)
    assert after == ("next", 2, True, False, ["y"])


def test_it_changes_no_result(kernel):
    """The same cells print the same with our extension and without."""
    cells = [
        "x = [1, 2]", "print(x, sorted(k for k in globals() if not k.startswith('_')))", "x", "_ + [3]", "Out[3]", "1/0",
        "import warnings; warnings.warn('once')", "warnings.warn('once')", r"p = '\d'", "def f(): global n; n = 1", "f(); n",
        "%who", "len(In)", "import sys; sys.displayhook is None", "get_ipython().user_ns is globals()", "print(__name__)",
    ]  # fmt: skip
    said = results(kernel, cells)
    code = "get_ipython().run_line_magic('unload_ext', 'jupyter_prodkit')"
    with another_kernel(kernel) as plain:
        plain.run(code, silent=True)
        assert results(plain, cells) == said


def results(kernel, cells: list[str]) -> list[tuple[str, object]]:
    """What each cell prints and how it ends, without the number of the kernel's process."""
    return [(re.sub(r"ipykernel_\d+", "", kernel.run(cell, f"c{n}")), kernel.outcome) for n, cell in enumerate(cells)]


@contextmanager
def another_kernel(kernel):
    """A second kernel beside the first."""
    with fresh_kernel(Path("beside.ipynb"), Progress()) as driver:
        yield type(kernel)(driver, driver._client)


def test_big_objects_die_when_the_user_deletes_them(kernel):
    kernel.run("import numpy, weakref, gc\ngc.disable()\nclass Big(numpy.ndarray): pass", "a")
    kernel.run("big = numpy.zeros(10_000_000).view(Big)\nalive = weakref.ref(big)", "b")
    kernel.run("big += 1", "c")
    kernel.run("def f(): return big.sum()\nf()\nNone", "d")
    kernel.run("del big", "e")
    assert kernel.run("print(alive())", "f") == "None\n"


HOSTILE = """
asked = []
def refuse(name):
    def refuse(*a, **k):
        asked.append(name); raise RuntimeError(name)
    return refuse
names = ['eq', 'ne', 'hash', 'repr', 'str', 'len', 'bool', 'iter', 'getattr', 'getattribute', 'reduce_ex', 'dir', 'sizeof']
class Meta(type):
    __getattribute__ = refuse('meta')
    __eq__ = __hash__ = __repr__ = refuse('meta eq')
Bad = type('Bad', (), {f'__{n}__': refuse(n) for n in names})
class Worse(metaclass=Meta): pass
"""


def test_hostile_objects_are_left_alone(kernel):
    kernel.run(HOSTILE, "a")
    kernel.run("asked.clear(); bad = Bad(); worse = object.__new__(Worse)", "b")
    for n in range(3):
        kernel.run("also = bad, worse\ndef f(): return bad\nf(); None", f"c{n}")
    assert kernel.run("print(asked)", "d") == "[]\n"
    assert kernel.ask("len(session.timeline.executions)") == 6


def test_our_own_magics_do_nothing_in_a_kernel_that_we_start(kernel):
    assert kernel.run("%prodcheck\nx = 1\n%prodlock --nonsense", "mixed") == ""
    assert kernel.outcome.success
    assert kernel.run("%prodpush", "own") == ""
    assert kernel.outcome.success
    assert [run[0] for run in kernel.ask(RUNS)] == ["mixed"]


def test_modules_are_told_apart(kernel):
    """The user's imports are the user's; what the kernel, our driver and our steps load is not."""
    kernel.run("import colorsys\nfrom html import parser", "a")
    kernel.run("import packaging.version, nbformat, stringprep", silent=True)
    kernel.run("x = 1", "b")
    modules = kernel.ask("{n: bool(f) for n, f in session.user_modules().items() if n.partition('.')[0] in "
                         "{'colorsys', 'html', 'nbformat', 'stringprep', 'jupyter_prodkit', 'msgspec'}}")  # fmt: skip
    assert {"colorsys", "html.parser"} <= modules.keys()
    assert not {"nbformat", "stringprep", "msgspec", "jupyter_prodkit"} & {name.partition(".")[0] for name in modules}
    assert kernel.ask("session.imported_names()") == {"colorsys", "html"}


ELSEWHERE = """
import threading, time
from jupyter_prodkit.faces.extension import session_of
def work(session=session_of(get_ipython())):
    found.append(session.on_main_thread(lambda: (threading.current_thread() is threading.main_thread(), state[-1])))
found, state = [], ['before']
thread = threading.Thread(target=work)
"""


@pytest.mark.parametrize(
    "cell",
    [
        "state.append('running'); thread.start(); time.sleep(1); state.append('done')",
        "import asyncio\nstate.append('running'); thread.start(); await asyncio.sleep(1); state.append('done')",
    ],
)
def test_another_thread_gets_its_turn_between_the_cells(kernel, cell):
    """A step in the background waits for the running cell, even for one that awaits."""
    kernel.run(ELSEWHERE, "a")
    kernel.run(cell, "b")
    assert kernel.outcome.success
    deadline = time.monotonic() + 20
    while not (said := kernel.run("print(found)", silent=False)).strip("[]\n") and time.monotonic() < deadline:
        time.sleep(0.1)
    assert said == "[(True, 'done')]\n"


def test_another_thread_gets_its_turn_when_nothing_runs(kernel):
    kernel.run(ELSEWHERE, "a")
    kernel.run("threading.Timer(0.3, thread.start).start()", "b")
    time.sleep(1)
    assert kernel.run("print(found)", "c") == "[(True, 'before')]\n"


def test_what_another_thread_asked_for_and_failed_is_raised_there(kernel):
    kernel.run(ELSEWHERE.replace("state[-1]", "1 / 0"), "a")
    kernel.run("threading.excepthook = lambda seen: found.append(seen.exc_type.__name__)\nthread.start()", "b")
    time.sleep(1)
    assert kernel.run("print(found)", "c") == "['ZeroDivisionError']\n"


def test_changes_between_cells_are_seen(kernel):
    """A silent request, as a debugger or a widget makes it."""
    kernel.run("x = 1", "a")
    kernel.run("x = 2", silent=True)
    kernel.run("print(x)", "b")
    assert [run[0] for run in kernel.ask(RUNS)] == ["a", None, "b"]


# -- the driver -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "unseeded"),
    [("np.random.seed(3)", []), ("random_seed = 3", ["numpy.random"]), ("", ["numpy.random"])],
)
def test_a_library_is_imported_and_seeded_in_one_cell(kernel, cell, unseeded):
    kernel.run(f"import numpy as np\n{cell}", "a")
    kernel.run("x = np.random.rand()", "b")
    assert kernel.ask("sorted(session.timeline.executions[-1].drew_unseeded)") == unseeded


def test_a_notebook_is_run_from_the_top(notebook_file):
    path = notebook_file(
        a="import os\nx = 1", b="assert os.environ['JUPYTER_PRODKIT_DRIVEN']", c="", d="%prodcheck", e="y = x"
    )
    said: list[str] = []
    with fresh_kernel(path, Progress(lambda event: said.append(event.message))) as driver:
        driver.run_notebook(read_notebook(path), Progress(lambda event: said.append(event.message)))
        folder = printed(driver, "import os; print(os.getcwd())")
    assert folder == str(path.parent)
    assert said[0].startswith("Starting a kernel")
    assert said[1:] == [f"Running cell {n} of work.ipynb" for n in (1, 2, 5)]


def printed(driver: KernelDriver, code: str) -> str:
    said: list[str] = []
    driver.execute(
        code, Progress(), listen=lambda m: said.append(m["content"]["text"]) if m["msg_type"] == "stream" else None
    )  # fmt: skip
    return "".join(said).strip()


def test_a_cell_that_raises_ends_the_run_unless_it_is_meant_to(tmp_path):
    import nbformat

    cells = [
        nbformat.v4.new_code_cell("1 / 0", id="meant", metadata={"tags": ["raises-exception"]}),
        nbformat.v4.new_code_cell("print(nowhere", id="not-run", metadata={"tags": ["skip-execution"]}),
        nbformat.v4.new_code_cell("x = nowhere", id="not-meant"),
    ]
    path = tmp_path / "raises.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    with fresh_kernel(path, Progress()) as driver, pytest.raises(NotebookError) as raised:
        driver.run_notebook(read_notebook(path), Progress())
    assert raised.value.message == "Cell 3 of raises.ipynb raised NameError: name 'nowhere' is not defined"


def test_ids_that_the_file_lacks_are_the_same_in_the_kernel(tmp_path):
    """A notebook of an older format is run and judged: each reading names its cells alike."""
    path = tmp_path / "old.ipynb"
    path.write_bytes((Path(__file__).parents[1] / "notebooks/without_ids.ipynb").read_bytes())
    with fresh_kernel(path, Progress()) as driver:
        driver.run_notebook(read_notebook(path), Progress())
        code = (
            "from jupyter_prodkit.faces.extension import session_of\n"
            "from jupyter_prodkit.check.check import check_session\n"
            "session = session_of(get_ipython())\n"
            "print(check_session(session.page(), session.timeline).verdict)"
        )
        assert printed(driver, code) == "reproducible"


def test_a_kernel_that_dies_is_said_to_be_dead(kernel):
    with pytest.raises(NotebookError, match="The kernel died"):
        kernel.run("import os\nos._exit(1)")


def test_a_kernel_that_does_not_start_says_why(notebook_file, monkeypatch, tmp_path):
    (tmp_path / "ipykernel_launcher.py").write_text("raise SystemExit('no kernel today')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(NotebookError, match="no kernel today"), fresh_kernel(notebook_file(), Progress()):
        pass


def test_a_running_kernel_is_joined_and_left_running(kernel):
    kernel.run("x = 1", "a")
    file = Path(kernel.ask("__import__('ipykernel').get_connection_file()"))
    with attached_kernel(file, Progress()) as other:
        assert printed(other, "print(x)") == "1"
    assert kernel.run("print(x)", "b") == "1\n"


def test_a_file_that_is_no_connection_file(tmp_path):
    file = tmp_path / "kernel.json"
    file.write_text("no json")
    for missing in (file, tmp_path / "nowhere.json"):
        with pytest.raises(NotebookError, match="not a kernel's connection file"), attached_kernel(missing, Progress()):
            pass


def test_a_cancel_before_it_began_runs_nothing(kernel):
    progress = Progress()
    progress.cancel()
    with pytest.raises(CancelledError):
        kernel.run("x = 1", "a", progress)
    assert kernel.ask(RUNS) == []


def test_a_kernel_is_judged(kernel, notebook_file):
    """From a real kernel to a verdict: a cell that ran twice and changed its own input."""
    page = {"a": "l = [1]", "b": "l.append(2)", "c": "print(len(l))"}
    notebook_file(**page)
    for cell_id in "abbc":
        kernel.run(page[cell_id], cell_id)
    judged = "__import__('jupyter_prodkit.check.check').check.check.check_session(session.page(), session.timeline)"
    assert kernel.ask(f"[(cell.cell_id, cell.state) for cell in {judged}.cells]") == [
        ("a", "reproduced"), ("b", "diverges"), ("c", "unverified"),
    ]  # fmt: skip
    assert kernel.ask(f"[(f.rule, f.cell_id) for f in {judged}.findings]") == [("hidden-state/run-twice", "b")]
    assert kernel.ask(f"[run.cell_id for run in {judged}.plan]") == ["a", "b", "c"]
