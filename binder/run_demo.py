"""`make demo`: the demo notebook's missteps found and mended in a real kernel, then its whole way to production.

Works on a copy, in demo-work/headless, which each run makes anew.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from replay import Replayed, Workbench, missteps_of, questions_of

from jupyter_prodkit.build.engine import connect
from jupyter_prodkit.errors import ProdkitError
from jupyter_prodkit.faces.arguments import options_from_line
from jupyter_prodkit.faces.journey import step_named
from jupyter_prodkit.faces.remote import carry_out_there
from jupyter_prodkit.notebook.document import Notebook, read_notebook
from jupyter_prodkit.progress import Progress, ProgressEvent
from jupyter_prodkit.release import ProjectFolder
from jupyter_prodkit.session.driver import KernelDriver, fresh_kernel

DEMO = Path(__file__).with_name("demo.ipynb")


def main() -> int:
    """Run the demo. Raises NotAsToldError or ProdkitError where anything goes otherwise than the notebook tells."""
    notebook = _copy(work_folder() / "headless")
    print(f"A copy of {DEMO.parent.name}/{DEMO.name} in {notebook.parent}\n")
    _mend(notebook)
    _produce(notebook)
    print("\nThe same in JupyterLab: make lab")
    return 0


def work_folder() -> Path:
    """Return the folder that the demo writes to, out of git's sight."""
    folder = Path("demo-work")
    folder.mkdir(exist_ok=True)
    (folder / ".gitignore").write_text("*\n")
    return folder


def _copy(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return Path(shutil.copy(DEMO, folder)).resolve()


# --- its missteps ---------------------------------------------------------------------------------------------------


def _mend(path: Path) -> None:
    with fresh_kernel(path, Progress()) as driver:
        bench = Workbench(path, driver)
        _timed("run", lambda: f"all {bench.run_from_the_top()} cells, as Jonas left them")
        for number, misstep in enumerate(missteps_of(path), 1):
            _tell(number, bench.replay(misstep))


def _tell(number: int, replayed: Replayed) -> None:
    print(f"\n{number}. {replayed.misstep.title}")
    for finding in replayed.found:
        print(f"   {finding.rule}: {finding.message}. {finding.because}")
    changes = {0: "nothing to change", 1: "one change"}.get(count := len(replayed.misstep.fix), f"{count} changes")
    again = ", ".join(replayed.rerun) or "nothing"
    print(f"   mended: {changes} on the page; run again: {again}")


# --- its way to production ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Journey:
    """A notebook on its way, in the kernel that it ran in."""

    notebook: Path
    driver: KernelDriver

    def take(self, step: str, **options: Any) -> str:
        """Take one step and return what it says it did."""
        known = {"notebook": str(self.notebook), **options}
        answer = carry_out_there(self.driver, step, known, Progress(_show_nothing))
        if answer.exit_code:
            raise SystemExit(answer.text)
        return answer.text.splitlines()[0]


def _produce(path: Path) -> None:
    print("\nTo production, in a fresh kernel\n")
    with fresh_kernel(path, Progress()) as driver:
        bench = Workbench(path, driver)
        _timed("run", lambda: f"all {bench.run_from_the_top()} cells, as mended")
        journey = _Journey(path, driver)
        try:
            built = _take_steps(journey, _magics(read_notebook(path)))
            _ask(path, "the container" if built else "the local server")
        finally:
            _timed("stop", lambda: journey.take("serve", stop=True))


def _magics(notebook: Notebook) -> list[tuple[str, dict[str, Any]]]:
    """The steps and options that the page names after its missteps, in page order."""
    lines = [cell.source for cell in notebook.cells if cell.kind == "code" and cell.source.startswith("%prod")]
    last_check = max(place for place, line in enumerate(lines) if line == "%prodcheck")
    found = []
    for line in lines[last_check:]:
        name, _, rest = line.removeprefix("%prod").partition(" ")
        options = options_from_line(step_named(name), rest)
        assert options is not None, line
        found.append((name, {key: value for key, value in msgspec.to_builtins(options).items() if value}))
    return found


def _take_steps(journey: _Journey, steps: list[tuple[str, dict[str, Any]]]) -> bool:
    """Take the steps in turn; return whether an image was built."""
    built = False
    for name, options in steps:
        if name == "build" and not (built := _engine_answers()):
            _timed("build", lambda: _without_engine(journey))
            continue
        container = {"container": True} if name == "serve" and built else {}
        _timed(name, partial(journey.take, name, **options, **container))
    return built


def _engine_answers() -> bool:
    try:
        connect()
    except ProdkitError:
        return False
    return True


def _without_engine(journey: _Journey) -> str:
    try:
        return journey.take("build")
    except ProdkitError as error:
        return f"{error.message} {error.hint}"


def _ask(path: Path, who: str) -> None:
    """Ask the running service for the cars that the notebook names, and print what it says."""
    url = ProjectFolder.of(path).read_record(path).fact("serve", "url")
    rows = questions_of(path)
    request = urllib.request.Request(
        f"{url}/invocations", json.dumps({"dataframe_records": rows}).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        predictions = json.load(response)["predictions"]
    for row, prediction in zip(rows, predictions, strict=True):
        print(f"  predict  {row['Name']}: {prediction:.1f} miles per gallon, says {who} at {url}")


def _timed(name: str, act: Callable[[], str]) -> None:
    """Do `act` and print one line: the name, what it says it did, the seconds."""
    began = time.perf_counter()
    said = act()
    print(f"  {name:<7}  {said}  ({time.perf_counter() - began:.1f} s)", flush=True)


def _show_nothing(event: ProgressEvent) -> None:
    """One line per step is enough here."""


if __name__ == "__main__":
    sys.exit(main())
