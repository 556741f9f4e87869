"""One notebook and one tool: export, build, import, gather the values in a clean environment, compare, export again."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from exported.comments import kept_comments
from exported.environments import Environments
from exported.marking import Mark
from exported.sameness import Description, compare
from exported.tools import Export, Tool
from exported.truth import Truth

__all__ = ["Figures", "leave_nothing", "measure"]

_GATHERING = Path(__file__).parent / "gathering.py"
_LIMIT = 600
_LONGEST_IMPORT = 1.0
_DETECTED = re.compile(
    r"unequal|not equal|differ|diverge|mismatch|other value|not the same|not verified|unverified|unproven|unsteady|"
    r"not agree|nondeterministic|not proven|not compared",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Figures:
    """What was measured; each reason is the tool's own, in one line."""

    notebook: str
    tool: str
    failed: str
    builds: bool
    no_wheel: str
    clean_import: bool
    unclean: str
    values: Mapping[str, str]
    """Each wanted value that can be judged → `equal`, `close`, `missing: …`, `unequal, named: …`, `unequal: …`."""
    functions: Mapping[str, str]
    """The same of functions; `given` or `not given` where no call of it was recorded."""
    left_out: Mapping[str, str]
    """Wanted values that can't be judged, with the reason."""
    comments: int
    comments_kept: int
    lost: tuple[str, ...]
    same_again: bool
    changed: str
    seconds: float
    extra_seconds: float
    failures: tuple[str, ...] = field(default=())


def measure(
    environments: Environments,
    tool: Tool,
    notebook: Path,
    sources: Sequence[str],
    marks: Sequence[Mark],
    truth: Truth,
    folder: Path,
) -> Figures:
    """Measure; a tool that fails is measured as having failed, never raised."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    export = tool.export(notebook, marks, folder)
    installed, no_wheel = _installed(environments, export, folder)
    python = export.reader or installed
    gathered = _gathered(python, export, truth, folder) if python else {}
    unclean = (
        _unclean(gathered["imported"])
        if gathered.get("imported")
        else _first(gathered.get("failures", ())) or no_wheel or export.failed
    )
    reason = (
        export.failed or (no_wheel if export.package and not installed else "") or _first(gathered.get("failures", ()))
    )
    kept = kept_comments(sources, [path.read_text("utf-8") for path in export.code])
    same, changed = _same_again(tool, export, notebook, marks, folder)
    return Figures(
        notebook=notebook.stem, tool=tool.name, failed=export.failed,
        builds=bool(export.wheel) and not no_wheel, no_wheel=no_wheel or export.failed,
        clean_import=bool(gathered.get("imported")) and not unclean, unclean=unclean,
        values=dict(_judged_values(truth, gathered, _lines(export.said), reason)),
        functions=dict(_judged_functions(truth, gathered.get("calls", {}), reason)),
        left_out=_left_out(truth),
        comments=kept.comments, comments_kept=kept.kept, lost=kept.lost,
        same_again=same, changed=changed, seconds=export.seconds, extra_seconds=export.extra_seconds,
        failures=tuple(gathered.get("failures", ())),
    )  # fmt: skip


def leave_nothing(runs: Path) -> None:
    """Remove this process's clean environment and its bytecode from the folder that holds the runs."""
    for place in runs.glob(f"clean-{os.getpid()}*"):
        shutil.rmtree(place, ignore_errors=True)


def _left_out(truth: Truth) -> dict[str, str]:
    unsteady = {name: f"differs between two runs: {where}" for name, where in truth.unsteady.items()}
    return {**unsteady, **dict.fromkeys(truth.opaque, "only its type can be told")}


def _installed(environments: Environments, export: Export, folder: Path) -> tuple[Path | None, str]:
    """Python of a clean environment that has what the tool made, and why there is no wheel in it."""
    if not export.package:
        return None, export.no_wheel or export.failed
    try:
        if export.wheel:
            return environments.clean(_clean(folder), export.wheel, lock=export.lock), ""
        python = environments.clean(_clean(folder))
    except RuntimeError as error:
        return None, f"can't be installed: {error}"[-240:]
    if len(export.code) == 1 and export.code[0].stem == export.package:
        site = next((_clean(folder)).glob("lib/python*/site-packages"))
        shutil.copy(export.code[0], site)
        return python, export.no_wheel
    return None, export.no_wheel


def _clean(folder: Path) -> Path:
    """Where the clean environment is made, each time anew; one place, so that bytecode of what is the same is found."""
    return folder.parent / f"clean-{os.getpid()}"


def _unclean(answer: Mapping[str, Any]) -> str:
    """Why the import is not clean; empty where it is."""
    faults = [
        answer["failed"],
        f"takes {answer['seconds']:.1f} s" if answer["seconds"] > _LONGEST_IMPORT else "",
        f"prints {answer['printed']!r}"[:80] if answer["printed"] else "",
        f"writes {', '.join(answer['left'])}" if answer["left"] else "",
    ]
    return "; ".join(fault for fault in faults if fault)


def _gathered(python: Path, export: Export, truth: Truth, folder: Path) -> dict[str, Any]:
    """Run the gathering in an empty folder and return its answer."""
    work, answer, asked = folder / "work", folder / "answer.pickle", folder / "request.json"
    request = {
        "package": export.package or "tasks",
        "pickles": {name: str(path) for name, path in export.pickles.items()},
        "values": sorted(truth.values),
        "functions": list(truth.functions),
        "calls": str(truth.calls),
        "answer": str(answer),
    }
    work.mkdir()
    asked.write_text(json.dumps(request), "utf-8")
    kept = {n: v for n, v in os.environ.items() if n not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    environment = {
        **kept, "PYTHONHASHSEED": "3", "OMP_NUM_THREADS": "1", "MPLBACKEND": "agg", "PYTHONWARNINGS": "ignore",
        "PYTHONPYCACHEPREFIX": f"{_clean(folder)}-bytecode",
    }  # fmt: skip
    command = [str(python), str(_GATHERING), str(asked)]
    try:
        done = subprocess.run(
            command, cwd=work, env=environment, capture_output=True, text=True, check=False, timeout=_LIMIT
        )
    except subprocess.TimeoutExpired:
        return {"failures": [f"takes more than {_LIMIT} s"]}
    if done.returncode or not answer.exists():
        return {"failures": [(done.stderr.strip().splitlines() or ["no answer"])[-1][:240]]}
    return pickle.loads(answer.read_bytes())


def _judged_values(
    truth: Truth, gathered: Mapping[str, Any], said: Sequence[str], reason: str
) -> Iterator[tuple[str, str]]:
    given: Mapping[str, Description] = gathered.get("values", {})
    returned: Mapping[str, Description] = gathered.get("returned", {})
    for name, right in truth.values.items():
        if name in truth.unsteady or name in truth.opaque:
            continue
        if name not in given:
            yield name, f"missing: {reason or 'nothing gives it'}"
            continue
        found = [compare(given[name], one) for one in right]
        if name in returned:
            found.append(compare(returned[name], right[0]))
        best = next((one for one in found if one.equal and one.exact), None) or next(
            (one for one in found if one.equal), None
        )
        if best:
            yield name, "equal" if best.exact else "close"
        else:
            named = any(re.search(rf"\b{re.escape(name)}\b", line) and _DETECTED.search(line) for line in said)
            yield name, f"unequal{', named' if named else ''}: {found[0].where}"


def _judged_functions(truth: Truth, calls: Mapping[str, list[Any]], reason: str) -> Iterator[tuple[str, str]]:
    for name in truth.functions:
        if name not in truth.given:
            yield name, "given" if name in calls else "not given"
        elif name not in calls:
            yield name, f"missing: {reason or 'nothing gives it'}"
        else:
            yield name, _judged_calls(truth.given[name], calls[name])


def _judged_calls(right: Sequence[Description], made: Sequence[Any]) -> str:
    for one, (how, what) in zip(right, made, strict=True):
        if how == "failed":
            return f"unequal: {what}"
        found = compare(what, one)
        if not found.equal:
            return f"unequal: {found.where}"
    return "equal"


def _same_again(tool: Tool, export: Export, notebook: Path, marks: Sequence[Mark], folder: Path) -> tuple[bool, str]:
    """Export once more into the same place; whether each file is there as it was, and which is not."""
    if not export.files:
        return False, export.failed or "nothing was made"
    before = {path: _digest(path) for path in export.files if path.exists()}
    again = tool.export(notebook, marks, folder, again=True)
    if again.failed and not export.failed:
        return False, f"fails the second time: {again.failed}"
    after = {path: _digest(path) for path in again.files if path.exists()}
    changed = [path.name for path in {**before, **after} if before.get(path) != after.get(path)]
    return not changed, ", ".join(changed[:5])


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _lines(said: str) -> list[str]:
    """What was said, a line each; of JSON documents a line for each leaf, with the way to it."""
    lines = said.splitlines()
    decoder, at = json.JSONDecoder(), 0
    while (at := said.find("\n{", at)) >= 0:
        try:
            document, at = decoder.raw_decode(said, at + 1)
        except ValueError:
            at += 1
            continue
        lines += list(_leaves(document, ""))
    return lines


def _leaves(part: Any, way: str) -> Iterator[str]:
    if isinstance(part, dict):
        for key, value in part.items():
            yield from _leaves(value, f"{way} {key}")
    elif isinstance(part, list):
        for value in part:
            yield from _leaves(value, way)
    else:
        yield f"{way} {part}"


def _first(failures: Sequence[str]) -> str:
    return failures[0] if failures else ""
