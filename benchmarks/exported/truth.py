"""What a notebook computes: run in new kernels of a clean environment, with different hash seeds: once as it is,
and twice more to see what differs by itself and to record how it calls its functions."""

from __future__ import annotations

import hashlib
import os
import pickle
import queue
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exported.marking import Mark
from exported.sameness import Description, compare, is_opaque
from jupyter_client import KernelManager

__all__ = ["Truth", "find_truth"]

_HERE = Path(__file__).parent
_CELL_LIMIT = 300
_LOAD = "(lambda g: (exec(compile(open({path!r}).read(), {path!r}, 'exec'), g), g)[1])({{'__name__': 'measured'}})"


@dataclass(frozen=True)
class Truth:
    """The values of the names that a notebook's marks want."""

    values: Mapping[str, tuple[Description, ...]]
    """Each value as it is after the last marked cell that binds it, and as it is at the end."""
    unsteady: tuple[str, ...]
    """Names whose values differ between the two runs."""
    opaque: tuple[str, ...]
    """Names of whose values nothing but the type can be told."""
    functions: tuple[str, ...]
    calls: Path
    """What was recorded of calls of the notebook's functions."""
    given: Mapping[str, tuple[Description, ...]]
    """What these calls gave."""
    failed: tuple[int, ...]
    """Cells that raised."""
    seconds: float


def find_truth(python: Path, notebook: str, sources: Sequence[str], marks: Sequence[Mark], kept: Path) -> Truth:
    """Run the notebook, or return what an earlier run with the same code kept.

    Raises RuntimeError where the kernel dies or a cell takes more than five minutes.
    """
    code = [(_HERE / name).read_bytes() for name in ("description.py", "calls.py", "truth.py")]
    key = hashlib.sha256(repr((sources, marks, code, str(python))).encode()).hexdigest()[:16]
    path = kept / f"{notebook}-{key}.pickle"
    if path.exists():
        return pickle.loads(path.read_bytes())
    kept.mkdir(parents=True, exist_ok=True)
    calls = path.with_suffix(".calls")
    started = time.perf_counter()
    first = _run(python, sources, marks, seed="0", calls=None)
    seconds = time.perf_counter() - started
    second = _run(python, sources, marks, seed="1", calls=calls)
    again = calls.with_suffix(".again")
    _run(python, sources, marks, seed="2", calls=again)
    values = {name: (first.after[name], first.final[name]) for name in first.after if name in first.final}
    pairs = {name: ((first.after[name], second.after.get(name)), (first.final[name], second.final.get(name))) for name in values}
    unsteady = tuple(n for n, both in pairs.items() if any(b is None or not compare(a, b).equal for a, b in both))
    given = _steady_calls(calls, again)
    truth = Truth(
        values=values,
        unsteady=unsteady,
        opaque=tuple(name for name, (after, _) in values.items() if is_opaque(after)),
        functions=tuple(dict.fromkeys(name for mark in marks if mark.mark == "export" for name in mark.values)),
        calls=calls,
        given=given,
        failed=first.failed,
        seconds=seconds,
    )
    path.write_bytes(pickle.dumps(truth))
    return truth


def _steady_calls(calls: Path, again: Path) -> dict[str, tuple[Description, ...]]:
    """What the recorded calls gave, in order; only of functions whose calls gave the same twice."""
    first, second = (
        {name: tuple(call["gave"] for call in made) for name, made in pickle.loads(path.read_bytes()).items()}
        for path in (calls, again)
    )
    return {
        name: made
        for name, made in first.items()
        if len(made) == len(second.get(name, ()))
        and all(compare(*both).equal for both in zip(made, second[name], strict=True))
        and not any(is_opaque(one) for one in made)
    }


@dataclass(frozen=True)
class _Run:
    after: dict[str, Any]
    final: dict[str, Any]
    failed: tuple[int, ...]


def _run(python: Path, sources: Sequence[str], marks: Sequence[Mark], seed: str, calls: Path | None) -> _Run:
    steps = {mark.cell: mark.values for mark in marks if mark.mark != "export"}
    wanted = sorted({name for values in steps.values() for name in values})
    functions = sorted({name for mark in marks if mark.mark == "export" for name in mark.values})
    after: dict[str, Any] = {}
    failed = []
    with tempfile.TemporaryDirectory(prefix="notebook-") as folder:
        written = Path(folder, "values.pickle")
        manager = KernelManager()
        manager.kernel_cmd = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        environment = {**os.environ, "PYTHONHASHSEED": seed, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
        work = Path(folder, "work")
        work.mkdir()
        manager.start_kernel(cwd=str(work), env={k: v for k, v in environment.items() if k != "PYTHONPATH"})
        try:
            client = manager.blocking_client()
            client.start_channels()
            client.wait_for_ready(timeout=120)
            description = _LOAD.format(path=str(_HERE / "description.py"))
            write = f"{description}['write'](get_ipython().user_ns, {wanted!r}, {str(written)!r})"
            if calls:
                recorder = _LOAD.format(path=str(_HERE / "calls.py"))
                namespace = "get_ipython().user_ns"
                make = f"{recorder}['Recorder']({namespace}, {functions!r}, {description}['describe'])"
                _execute(client, f"get_ipython()._measured = {make}", silent=True)
            for index, source in enumerate(sources):
                if calls:
                    _execute(client, _watched("start()"), silent=True)
                if not _execute(client, _unmarked(source, calls), silent=False):
                    failed.append(index)
                if index in steps:
                    _execute(client, write, silent=True)
                    found = pickle.loads(written.read_bytes())
                    after |= {name: found[name] for name in steps[index] if name in found}
            _execute(client, write, silent=True)
            final = pickle.loads(written.read_bytes())
            if calls:
                _execute(client, _watched(f"write({str(calls)!r})"), silent=True)
        finally:
            manager.shutdown_kernel(now=True)
    return _Run(after, final, tuple(failed))


def _watched(call: str) -> str:
    return f"get_ipython()._measured.{call}"


def _unmarked(source: str, calls: Path | None) -> str:
    """The cell; where calls are recorded, the profile hook is set by the cell before it (in the same thread)."""
    return source if calls is None or source.lstrip().startswith("%%") else f"__import__('sys').setprofile(get_ipython()._measured.event)\n{source}"


def _execute(client: Any, code: str, *, silent: bool) -> bool:
    """Execute and wait; whether it was done without an error. Raises RuntimeError."""
    asked = client.execute(code, silent=silent, store_history=not silent, allow_stdin=False)
    deadline = time.monotonic() + _CELL_LIMIT
    while True:
        try:
            reply = client.get_shell_msg(timeout=5)
        except queue.Empty:
            if time.monotonic() > deadline:
                raise RuntimeError(f"a cell takes more than {_CELL_LIMIT} s: {code[:80]}") from None
            continue
        if reply["parent_header"].get("msg_id") == asked:
            if silent and reply["content"]["status"] != "ok":
                raise RuntimeError(f"{reply['content'].get('ename')}: {reply['content'].get('evalue')}")
            return bool(reply["content"]["status"] == "ok")
