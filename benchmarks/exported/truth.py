"""What a notebook computes: run in new kernels of a clean environment, with different hash seeds: once as it is,
and once more to see what differs by itself and to record how it calls its functions.
"""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import queue
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_client import KernelManager
from jupyter_client.kernelspec import KernelSpecManager

from exported.marking import Mark
from exported.sameness import Description, compare, is_opaque

__all__ = ["Truth", "find_truth"]

_HERE = Path(__file__).parent
_CELL_LIMIT = 300
_LOAD = "(lambda g: (exec(compile(open({path!r}).read(), {path!r}, 'exec'), g), g)[1])({{'__name__': 'measured'}})"


@dataclass(frozen=True)
class Truth:
    """The values of the names that a notebook's marks want."""

    values: Mapping[str, tuple[Description, ...]]
    """Each value as it is after the last marked cell that binds it, and as it is at the end."""
    unsteady: Mapping[str, str]
    """Names whose values differ between the two runs, and where."""
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
    values = {name: (first.after[name], first.final[name]) for name in first.after if name in first.final}
    unsteady = {name: where for name in values if (where := _apart(first, second, name))}
    made = pickle.loads(calls.read_bytes())
    given = {
        name: tuple(call["gave"] for call in its)
        for name, its in made.items()
        if not any(is_opaque(call["gave"]) for call in its)
    }
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


@dataclass(frozen=True)
class _Run:
    after: dict[str, Any]
    final: dict[str, Any]
    failed: tuple[int, ...]


def _apart(first: _Run, second: _Run, name: str) -> str:
    """Where a value differs between two runs; empty where it does not."""
    for one, other in ((first.after, second.after), (first.final, second.final)):
        if name not in other:
            return "only one of the runs has it"
        found = compare(one[name], other[name])
        if not found.equal:
            return found.where or "itself"
    return ""


def _run(python: Path, sources: Sequence[str], marks: Sequence[Mark], seed: str, calls: Path | None) -> _Run:
    steps = {mark.cell: mark.values for mark in marks if mark.mark != "export"}
    wanted = sorted({name for values in steps.values() for name in values})
    functions = sorted({name for mark in marks if mark.mark == "export" for name in mark.values})
    after: dict[str, Any] = {}
    failed = []
    with tempfile.TemporaryDirectory(prefix="notebook-") as folder:
        written = Path(folder, "values.pickle")
        manager = KernelManager(kernel_name="measured", kernel_spec_manager=_kernel_of(python, Path(folder, "kernels")))
        environment = {**os.environ, "PYTHONHASHSEED": seed, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
        work = Path(folder, "work")
        work.mkdir()
        manager.start_kernel(cwd=str(work), env={k: v for k, v in environment.items() if k != "PYTHONPATH"})
        try:
            client = manager.blocking_client()
            client.start_channels()
            client.wait_for_ready(timeout=120)
            _execute(client, f"assert __import__('sys').executable == {str(python)!r}", silent=True)
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


def _kernel_of(python: Path, folder: Path) -> KernelSpecManager:
    """What knows one kernel, `measured`: this interpreter's."""
    argv = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (folder / "measured").mkdir(parents=True)
    spec = {"argv": argv, "display_name": "measured", "language": "python"}
    (folder / "measured" / "kernel.json").write_text(json.dumps(spec), "utf-8")
    return KernelSpecManager(kernel_dirs=[str(folder)], ensure_native_kernel=False)


def _watched(call: str) -> str:
    return f"get_ipython()._measured.{call}"


def _unmarked(source: str, calls: Path | None) -> str:
    """The cell; where calls are recorded, the profile hook is set by the cell before it (in the same thread)."""
    return (
        source
        if calls is None or source.lstrip().startswith("%%")
        else f"__import__('sys').setprofile(get_ipython()._measured.event)\n{source}"
    )


def _execute(client: Any, code: str, *, silent: bool) -> bool:
    """Execute and wait; whether it was done without an error. Raises RuntimeError."""
    asked = client.execute(code, silent=silent, store_history=not silent, allow_stdin=False, stop_on_error=False)
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
