"""Plays programs in a shell of IPython, with the tracker or without, in a process of its own.

Run as a program it reads one program a line (JSON) and answers each with all that can be noticed of it: what each
cell showed, what the names hold in the end, and what became of the process.
"""

from __future__ import annotations

import contextlib
import decimal
import gc
import io
import json
import logging
import os
import random
import re
import shutil
import sys
import tempfile
import threading
import warnings
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1] / "check"))

import colorsys  # noqa: F401 - there from the start: programs change it
import importlib

import numpy as np
import pandas as pd
from described import Describer
from IPython.core.inputtransformer2 import TransformerManager
from playing import Player
from programs import PRELUDE

import jupyter_prodkit.check.check as judge

_ADDRESS = re.compile(r"\bat (0x)?[0-9a-f]{6,}|0x[0-9a-f]{6,}|ipykernel_\d+|ipython-input-[\w-]+")
_TIMES = re.compile(r"^.*(CPU times|Wall time|per loop|The slowest run).*$", re.MULTILINE)


def played(cells: list[str], *, load_at: int | None, asks: bool) -> dict[str, Any]:
    """Play a program from a fixed start; `load_at` is the cell before which the tracker comes (None: never).

    With `asks` the session is judged after each cell, as an open panel has it.
    """
    _fixed_start()
    shown: list[Any] = []
    beside = io.StringIO()
    player = Player()
    player.shell.InteractiveTB.set_mode("Minimal")
    _know_the_prelude(player.shell.input_transformer_manager)
    with contextlib.redirect_stdout(beside), contextlib.redirect_stderr(beside):
        for index, cell in enumerate(cells):
            if index == load_at:
                player.load()
            shown.append(_said(player, cell, f"c{index}"))
            if asks and player.session is not None:
                page = player.page({f"c{number}": source for number, source in enumerate(cells)})
                judge.check_session(page, player.timeline)
        process = _process()
        sys.setrecursionlimit(10_000)  # the program may have set a low one
        found = {"shown": shown, "names": Describer().names(player.shell.user_ns), "process": process}
        _end(player)
    return {**found, "end": _normal(beside.getvalue())}


def _know_the_prelude(manager: Any) -> None:
    """All programs begin with the same long cell: IPython need not take it apart each time."""
    real = manager.transform_cell
    manager.transform_cell = lambda cell: _PRELUDE if cell == PRELUDE else real(cell)


def _said(player: Player, cell: str, cell_id: str) -> list[str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            result: Any = player.run(cell, cell_id)
        except BaseException as error:  # noqa: BLE001 - the shell itself lets it through, with the tracker or without
            return [out.getvalue(), err.getvalue(), f"let through: {type(error).__name__}"]
    error = result.error_before_exec or result.error_in_exec
    raised = "" if error is None else type.__getattribute__(type(error), "__name__")
    return [_normal(out.getvalue()), _normal(err.getvalue()), raised]


def _normal(text: str) -> str:
    return _TIMES.sub("TIMES", _ADDRESS.sub("ADDRESS", text))


def _fixed_start() -> None:
    random.seed(11)
    np.random.seed(11)  # noqa: NPY002
    for entry in os.scandir(_FOLDER):
        (shutil.rmtree if entry.is_dir() else os.remove)(entry.path)
    os.chdir(_FOLDER)


def _process() -> list[Any]:
    """What became of the process."""
    return [
        repr(random.getstate())[:4000],
        str(np.random.get_state()[1:])[:4000],  # noqa: NPY002
        os.path.relpath(Path.cwd(), _FOLDER),
        sorted(os.environ),
        len(sys.path),
        len(warnings.filters),
        str(np.get_printoptions()),
        pd.get_option("display.precision"),
        [sys.gettrace() is None, sys.getprofile() is None, sys.getrecursionlimit(), gc.isenabled(), len(gc.garbage)],
        [thread.name.partition("-")[0] for thread in threading.enumerate() if "asyncio" not in thread.name],
        decimal.getcontext().prec,
        len(logging.getLogger().handlers),
        sorted(sys.modules["builtins"].__dict__),
        str(_read(Path("f.txt"))),
        sorted(name for name in os.listdir(".")),  # noqa: PTH208
    ]


def _read(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


def _end(player: Player) -> None:
    """Let go of all names, in their order: what dies now says so, while the tracker is still there."""
    sys.settrace(None)
    sys.setprofile(None)
    for thread in threading.enumerate():
        waits = getattr(getattr(thread, "_target", None), "__self__", None)
        if type(waits) is threading.Event:
            waits.set()
            thread.join()
    sys.last_value = sys.last_traceback = None
    names = player.shell.user_ns
    player.shell.displayhook.flush()
    for name in [name for name in names if name not in player.shell.user_ns_hidden]:
        names.pop(name, None)
    gc.collect()
    print("let go")
    with warnings.catch_warnings():
        player.close()
    _restore()


def _restore() -> None:
    os.environ.clear()
    os.environ.update(_ENVIRON)
    sys.path[:] = _PATH
    for name in set(sys.modules["builtins"].__dict__) - _BUILTINS:
        del sys.modules["builtins"].__dict__[name]
    sys.modules.pop("made", None)
    sys.modules["__main__"] = _MAIN
    importlib.reload(sys.modules["colorsys"])
    warnings.filters[:] = _FILTERS
    warnings._filters_mutated()  # type: ignore[attr-defined]
    sys.setrecursionlimit(1000)
    decimal.getcontext().prec = 28
    np.set_printoptions(precision=8)
    pd.set_option("display.precision", 6)


_PRELUDE = TransformerManager().transform_cell(PRELUDE)
_FOLDER = tempfile.mkdtemp(prefix="beside-")
_PATH, _ENVIRON, _FILTERS = list(sys.path), dict(os.environ), list(warnings.filters)
_BUILTINS, _MAIN = set(sys.modules["builtins"].__dict__), sys.modules["__main__"]


def _main() -> None:
    """Answer programs until there are no more."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what processes of the programs print is not an answer
    tracked = sys.argv[1] == "tracked"
    gc.disable()  # or the collector would come at another moment in each
    warm = {"load_at": 0 if tracked else None, "asks": True}
    played(["import pandas, numpy\n1 / 0", "x = [1]"], **warm)
    gc.collect()
    gc.freeze()
    try:
        for line in sys.stdin:
            cells, load_at, asks = json.loads(line)
            answers.write(json.dumps(played(cells, load_at=load_at if tracked else None, asks=asks)) + "\n")
            answers.flush()
            gc.collect()
    finally:
        os.chdir("/")
        shutil.rmtree(_FOLDER, ignore_errors=True)


if __name__ == "__main__":
    _main()
