"""A session in a shell of IPython, without a kernel: loading at any moment, events, interrupts, the page."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from jupyter_prodkit.errors import NotebookError
from jupyter_prodkit.notebook.document import Notebook
from jupyter_prodkit.session.session import Session


@pytest.fixture
def shell():
    config = Config()
    config.HistoryManager.enabled = False
    made = InteractiveShell(config=config)
    made.builtin_trap.activate()
    yield made
    made.builtin_trap.deactivate()
    made.history_manager.end_session()


def load(shell: InteractiveShell) -> Session:
    session = Session(shell)
    session.start()
    return session


def run(shell: InteractiveShell, source: str, cell_id: str = "a"):
    return shell.run_cell(source, store_history=True, cell_id=cell_id)


def load_inside(shell: InteractiveShell, before: str, after: str) -> Session:
    """Load in the middle of a cell, as `%load_ext` does."""
    held = []
    shell.user_ns_hidden["load_now"] = shell.user_ns["load_now"] = lambda: held.append(load(shell))
    run(shell, f"{before}\nload_now()\n{after}", "loads")
    return held[0]


def test_loaded_before_anything_ran(shell):
    session = load(shell)
    run(shell, "x = 1")
    assert session.timeline.from_start
    assert [(r.cell_id, r.count, set(r.outputs)) for r in session.timeline.executions] == [("a", 1, {"x"})]


def test_loaded_by_the_first_cell(shell):
    """What stands beside `%load_ext` in the first cell is that cell's, before it and after."""
    session = load_inside(shell, "x = 1", "y = [x]\nimport json")
    assert session.timeline.from_start
    (only,) = session.timeline.executions
    assert only.cell_id == "loads"
    assert {"x", "y", "json"} <= set(only.outputs)
    assert only.inputs == {}
    assert session.imported_names() == {"json"}
    run(shell, "z = y")
    assert session.timeline.executions[-1].inputs["y"] == only.outputs["y"]


def test_loaded_late(shell):
    """Earlier names are of unknown origin, but plain values speak for themselves; earlier imports are the user's."""
    run(shell, "import json\nx = 1\no = object()")
    session = load_inside(shell, "", "y = x")
    run(shell, "print(x, o)")
    assert not session.timeline.from_start
    first, last = session.timeline.executions
    assert set(first.outputs) == {"y"}
    assert last.inputs["o"] == "of unknown origin"
    assert last.inputs["x"].startswith("= ")
    assert session.imported_names() == {"json"}
    assert "json" in session.user_modules()


def test_loaded_silently_after_cells_have_run(shell):
    """As our command line does it when it attaches to a kernel."""
    run(shell, "x = object()")
    held = []
    shell.user_ns_hidden["load_now"] = shell.user_ns["load_now"] = lambda: held.append(load(shell))
    shell.run_cell("load_now()", silent=True)
    run(shell, "y = x")
    assert [run.count for run in held[0].timeline.executions] == [2]


def test_only_the_users_modules(shell):
    import sys

    for name in ("colorsys", "sndhdr_of_nobody", "this"):
        sys.modules.pop(name, None)
    session = load(shell)
    run(shell, "import colorsys")
    import stringprep  # noqa: F401 - we load something, between the user's cells

    run(shell, "x = 1")
    assert "colorsys" in session.user_modules()
    assert session.user_modules()["colorsys"].endswith("colorsys.py")
    assert "stringprep" not in session.user_modules()
    run(shell, "import stringprep")
    assert "stringprep" in session.user_modules()


def test_what_our_magics_load_is_not_the_users(shell):
    import sys

    sys.modules.pop("nturl2path", None)
    sys.modules.pop("colorsys", None)
    shell.register_magic_function(lambda _: __import__("nturl2path") and None, "line", "prodcheck")
    session = load(shell)
    run(shell, "import colorsys\n%prodcheck")
    assert "colorsys" in session.user_modules()
    assert "nturl2path" not in session.user_modules()


@pytest.mark.parametrize(
    ("source", "success"),
    [
        ("x = 1", True),
        ("1/0", False),
        ("def (", False),
        ("%nowhere", False),
        ("!true", True),
        ("return 1", False),
        ("x?", True),
    ],
)
def test_every_cell_is_recorded_once(shell, source, success, capsys):
    session = load(shell)
    run(shell, source)
    run(shell, "")
    run(shell, "%prodcheck" if "prodcheck" in shell.magics_manager.magics["line"] else "# nothing")
    recorded = [r for r in session.timeline.executions if r.source == source]
    assert [(r.cell_id, r.success) for r in recorded] == [("a", success)]


def test_cells_that_run_cells(shell, capsys):
    session = load(shell)
    run(shell, "get_ipython().run_cell('x = 1')\nget_ipython().run_cell('')\ny = x")
    assert [(r.cell_id, set(r.outputs)) for r in session.timeline.executions] == [("a", {"x", "y"})]


def test_unloaded_it_listens_no_more(shell):
    session = load(shell)
    session.stop()
    run(shell, "x = 1")
    assert session.timeline.executions == ()


def test_a_listener_that_fails_disturbs_nobody(shell, capsys):
    session = load(shell)
    told = []
    session.on_executed(lambda _: 1 / 0)
    session.on_executed(told.append)
    run(shell, "x = 1")
    assert told == ["a"]
    assert capsys.readouterr().out == ""


def once(monkeypatch, target: str):
    """Make a function of the tracker be interrupted the first time it is called."""
    import jupyter_prodkit.session.tracker as module

    real, calls = getattr(module, target), []

    def interrupted(*arguments):
        calls.append(arguments)
        if len(calls) == 1:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(module, target, interrupted)


def test_an_interrupt_just_before_a_cell_reaches_the_cell(shell, monkeypatch, capsys):
    session = load(shell)
    once(monkeypatch, "code_names")
    started = time.monotonic()
    result = run(shell, "import time\nfor _ in range(100):\n    time.sleep(0.05)")
    assert isinstance(result.error_in_exec, KeyboardInterrupt)
    assert time.monotonic() - started < 4
    assert "Error in callback" not in capsys.readouterr().out
    assert session.timeline.executions[-1].interrupted


def test_an_interrupt_just_after_a_cell_is_over_loses_nothing(shell, monkeypatch, capsys):
    session = load(shell)
    once(monkeypatch, "source_digest")
    run(shell, "x = 1")
    assert "Error in callback" not in capsys.readouterr().out
    assert [set(r.outputs) for r in session.timeline.executions] == [{"x"}]


def test_an_interrupted_cell_is_no_model_of_a_clean_run(shell, capsys):
    session = load(shell)
    run(shell, "l = [object()]\nraise KeyboardInterrupt")
    run(shell, "l = [object()]\nraise KeyboardInterrupt")
    first, second = session.timeline.executions
    assert first.interrupted
    assert first.outputs["l"] != second.outputs["l"]


# -- the page -------------------------------------------------------------------------------------------------------


def test_without_front_end_and_file_it_asks_which_notebook(shell, monkeypatch):
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    with pytest.raises(NotebookError, match="Which notebook"):
        load(shell).page()


def test_the_sessions_file_is_found_wherever_the_user_goes(shell, monkeypatch, tmp_path):
    """A relative name is meant from where the kernel started."""
    source = Path(__file__).parents[1] / "notebooks/in_order.ipynb"
    (tmp_path / "work.ipynb").write_bytes(source.read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JPY_SESSION_NAME", "work.ipynb")
    session = load(shell)
    monkeypatch.chdir("/")
    assert session.page().path == tmp_path / "work.ipynb"
    assert session.folder == tmp_path


def test_what_the_front_end_shows_comes_first_but_for_a_path(shell, monkeypatch):
    source = Path(__file__).parents[1] / "notebooks/in_order.ipynb"
    monkeypatch.setenv("JPY_SESSION_NAME", str(source))
    session, shown = load(shell), Notebook(Path("shown.ipynb"), (), from_file=False)
    session.set_page(shown)
    assert session.page() is shown
    assert session.page(str(source)).name == "in_order"


def test_on_the_main_thread_it_is_called_at_once(shell):
    session = load(shell)
    assert session.on_main_thread(threading.current_thread) is threading.main_thread()
