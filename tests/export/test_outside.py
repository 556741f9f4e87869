"""What cells do outside is told before the proof runs them, and asked about."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from queue import Queue

import pytest
from pages import page

from jupyter_prodkit.errors import UsageError
from jupyter_prodkit.export.outside import outside_effects
from jupyter_prodkit.export.selection import select
from jupyter_prodkit.export.step import EXPORT, ExportOptions, ExportPlan
from jupyter_prodkit.faces import journey
from jupyter_prodkit.faces.jobs import Jobs
from jupyter_prodkit.faces.journey import carry_out
from jupyter_prodkit.faces.protocol import Event, StepAsks
from jupyter_prodkit.notebook.document import Notebook, source_digest
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.release import ProjectFolder
from jupyter_prodkit.session.record import Execution, Timeline
from jupyter_prodkit.step import Inputs

FETCH = "#| step load\nfrom urllib.request import urlopen\nrows = urlopen('https://example.org/a').read()"


def effects(*cells: str, timeline: Timeline | None = None) -> dict[str, tuple[str, ...]]:
    notebook = replace(page(*cells), path=Path("/work-of-mine/flowers.ipynb"))
    return dict(outside_effects(notebook, select(notebook), timeline))


@pytest.mark.parametrize(
    ("code", "does"),
    [
        ("import requests\nx = requests.get(url)", "use the network (`requests.get`)"),
        ("import pandas as pd\nx = pd.read_csv('s3://bucket/a.csv')", "connect to bucket"),
        ("from urllib.request import urlopen\nx = urlopen('http://example.org').read()", "connect to example.org"),
        ("import sqlalchemy\nx = sqlalchemy.create_engine('postgresql://db/a')", "connect to db"),
        ("import subprocess\nx = subprocess.run(['git', 'push'])", "start the program git"),
        ("import os\nx = os.system('rm -rf a')", "start the program rm"),
        ("x = open('/data/out.txt', 'w')", "write /data/out.txt"),
        ("x = 1\nframe.to_csv('../elsewhere.csv')", "write ../elsewhere.csv"),
        ("def f():\n    return open('/a/b', mode='a')\nx = f()", "write /a/b"),
    ],
)
def test_what_a_step_does_outside_is_told(code: str, does: str) -> None:
    """Network, programs and files elsewhere, also by way of the notebook's own functions."""
    given = "url = 'https://example.org'\nclass Frame:\n    def to_csv(self, path): ...\nframe = Frame()"
    assert effects(given, f"#| step load\n{code}") == {"cell 2": (does,)}


@pytest.mark.parametrize(
    "code",
    [
        "x = open('made.txt', 'w')", "x = open('/etc/hosts').read()", "print('https://example.org')\nx = 1",
        "import subprocess\nx = subprocess.run(['ls'])", "x = 'a'.join(['/b'])", "import sqlite3\nx = sqlite3.connect('a.db')",
        "def f():\n    return open('/a/b', 'w')\nx = 1",
    ],
)  # fmt: skip
def test_what_stays_inside_or_only_looks_is_not_asked_about(code: str) -> None:
    """Files of the folder's copy, reads, programs that only look, and functions that nobody calls."""
    assert effects(f"#| step load\n{code}") == {}


def test_cells_that_the_package_is_not_made_of_are_no_reason_to_ask() -> None:
    """They are kept from it without harm; where one of the steps asks, all that would be let are named."""
    install = "!pip install pandas"
    assert effects(install, "#| step load\nx = 1", "import requests\nrequests.get('https://a.b')") == {}
    assert effects(install, FETCH) == {
        "cell 1": ("start the program pip",), "cell 2": ("connect to example.org",),
    }  # fmt: skip


def test_a_file_that_a_run_was_seen_to_write_elsewhere_counts() -> None:
    """The record knows a path that the text does not show; a run of other code says nothing of this one."""
    source = "#| step load\nx = write(place)"
    run = Execution(
        number=1, cell_id="c0", source=source, digest=source_digest(source), count=1, success=True, seconds=0.1,
        moved={"/elsewhere/a.txt": "v", "/work-of-mine/b.txt": "v", "numpy.random": "v"},
    )  # fmt: skip
    given = "def write(place): ...\nplace = 1"
    timeline = Timeline(executions=(replace(run, cell_id="c1"),))
    assert effects(given, source, timeline=timeline) == {"cell 2": ("write /elsewhere/a.txt",)}
    assert effects(given, source, timeline=Timeline(executions=(replace(run, cell_id="c1", digest="other"),))) == {}


def test_it_is_asked_before_the_proof_and_a_yes_lets_it(project: ProjectFolder) -> None:
    """Where nobody can be asked it is refused, with the option that lets it; `--yes` alone lets nothing out."""

    def plan(**given: bool) -> ExportPlan:
        notebook: Notebook = page(FETCH)
        return EXPORT.plan(Inputs(notebook, project, project.read_record(notebook.path)), ExportOptions(**given))

    asked = plan()
    assert asked.question is not None
    assert "cell 1 would connect to example.org. Let them?" in asked.question
    assert asked.agreed == {"allow_effects": True}
    assert plan(allow_effects=True).question is None
    assert plan(verify=False).question is None
    assert not plan(yes=True).options.allow_effects
    inputs = Inputs(page(FETCH), project, project.read_record(Path("flowers.ipynb")))
    with pytest.raises(UsageError) as caught:
        carry_out(EXPORT, inputs, ExportOptions(force=True), Progress())
    assert "--allow-effects lets the proof do that" in caught.value.hint
    seen: list[ExportPlan] = []

    def stop(plan: ExportPlan, _: Progress) -> None:
        seen.append(plan)
        raise UsageError("far enough", "")

    with pytest.raises(UsageError, match="far enough"):
        carry_out(replace(EXPORT, run=stop), inputs, ExportOptions(force=True), Progress(), agree=lambda _: True)  # type: ignore[arg-type]
    assert seen[0].options.allow_effects


def test_the_panels_yes_is_one_to_the_question_it_has_asked(
    project: ProjectFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The button answers what was asked; a yes that nothing was asked for lets nothing out."""
    seen: Queue[bool] = Queue()

    def stop(plan: ExportPlan, _: Progress) -> None:
        seen.put(plan.options.allow_effects)
        raise UsageError("far enough", "")

    monkeypatch.setattr(journey, "STEPS", (replace(EXPORT, run=stop),))  # type: ignore[arg-type]
    events: Queue[Event] = Queue()
    jobs = Jobs(None, events.put)  # type: ignore[arg-type]
    shown = replace(page(FETCH), path=project.path.parent / "flowers.ipynb")

    def ran(**options: bool) -> Event:
        jobs.run("export", {"force": True, **options}, shown)
        while (event := events.get(timeout=60)).__class__.__name__ == "StepProgress":
            pass
        return event

    ran(yes=True)
    assert seen.get(timeout=1) is False
    asked = ran()
    assert isinstance(asked, StepAsks)
    assert "would connect to example.org" in asked.question
    ran(yes=True)
    assert seen.get(timeout=1) is True
    ran(yes=True)
    assert seen.get(timeout=1) is False
