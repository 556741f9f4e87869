"""An import that no cell makes is offered where it is known what the name stands for, and asked about like other code."""

from __future__ import annotations

import collections
import functools
import math
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import msgspec
import pytest
from pages import FACTS, REQUIREMENTS, SERVING, page

from jupyter_prodkit.errors import ExportError, UsageError
from jupyter_prodkit.export.import_conventions import customary_import
from jupyter_prodkit.export.locked import Locked
from jupyter_prodkit.export.modules import module_text
from jupyter_prodkit.export.offered_imports import ImportOffers, import_offers
from jupyter_prodkit.export.previewing import ExportPreview
from jupyter_prodkit.export.selection import Selection, select
from jupyter_prodkit.export.step import EXPORT, ExportOptions
from jupyter_prodkit.faces.journey import carry_out
from jupyter_prodkit.notebook.document import Notebook
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.release import ProjectFolder
from jupyter_prodkit.session.record import Timeline
from jupyter_prodkit.step import Inputs, Result

T = TypeVar("T")
LOCK = Locked(REQUIREMENTS, SERVING, FACTS)
COUNTED = "#| export\ndef count(rows):\n    found = defaultdict(int)\n    found['n'] += np.sum(rows)\n    return found"


class HeldNames:
    """A kernel between two cells, by the names that it holds."""

    timeline = Timeline()

    def __init__(self, **held: Any) -> None:
        self.namespace = held

    def on_main_thread(self, function: Callable[[], T]) -> T:
        return function()


def offers(notebook: Notebook, held: Mapping[str, Any] | None = None, **earlier: object) -> ImportOffers:
    kernel: Any = None if held is None else HeldNames(**held)
    return import_offers(notebook, lambda: LOCK, kernel, earlier)


def chosen(*cells: str, held: Mapping[str, Any] | None = None, **earlier: object) -> Selection:
    notebook = page(*cells)
    return select(notebook, offers=offers(notebook, held, **earlier))


def body(code: str) -> str:
    return f"#| export\ndef f(x):\n    return {code}"


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("np.sum(x)", "import numpy as np"),
        ("pd.read_csv(x)", "import pandas as pd"),
        ("defaultdict(x)", "from collections import defaultdict"),
        ("[Counter, x]", "from collections import Counter"),
        ("Path(x)", "from pathlib import Path"),
        ("partial(x)", "from functools import partial"),
        ("os.sep + json.dumps(x)", "import json; import os"),
        ("time.perf_counter()", "import time"),
    ],
)
def test_what_a_name_stands_for_everywhere_is_offered(code: str, line: str) -> None:
    """The line stands in the module among its imports, and is named with its cell and how it is known."""
    found = chosen(body(code))
    assert "; ".join(one.line for one in found.offered) == line
    assert module_text("core", found, "x.ipynb").split("\n\n")[1] == line.replace("; ", "\n")
    first = found.offered[0]
    assert f"{first.line} (for cell 1, as no cell makes `{first.name}`; " in found.along[0]


@pytest.mark.parametrize(
    "code",
    [
        *("sp.x", "sm.x", "st.x", "nn.x", "random.random()", "datetime.now()", "date.today()", "display_all(x)", "antigravity.x"),
        *("code.x", "token.x", "test.x", "time - x", "copy + 1", "string[0]", "glob.data", "time.mean()", "json.tail(2)"),
        *("np + x", "In[x]", "gone(x)", "tqdm(x)", "product(x)"),
    ],
)  # fmt: skip
def test_what_may_stand_for_anything_is_refused_as_ever(code: str) -> None:
    """Names with several meanings, ordinary variables, and those that are used as no module is."""
    with pytest.raises(ExportError, match=r"not made by any cell|exists in notebooks only"):
        chosen(body(code))


@pytest.mark.parametrize(
    "other",
    ["np = 3", "def g():\n    global np\n    np = 3", "import numpy as np\ndel np", "for np in []: pass", "from numpy import *"],
)
def test_a_name_that_the_page_may_make_is_not_offered(other: str) -> None:
    """What some cell binds, wherever it stands, or a star import may bring, has hints of its own."""
    assert not offers(page(body("np.sum(x)"), other)).known


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("np", math, "import math as np"),
        ("math", math, "import math"),
        ("dd", collections.defaultdict, "from collections import defaultdict as dd"),
        ("reduce", functools.reduce, "from functools import reduce"),
        ("Options", msgspec.Struct, "from msgspec import Struct as Options"),
        ("read_lock", sys.modules["jupyter_prodkit.export.locked"].read_lock, None),
        ("np", [1, 2], None),
        ("Path", "data/rows.csv", None),
        ("os", ModuleType("os"), None),
        ("gone", lambda: 1, None),
    ],
)
def test_what_the_kernel_holds_is_the_best_evidence(name: str, value: Any, line: str | None) -> None:
    """What an import surely gives again is offered as the kernel has it; another value is no import, whatever its name."""
    found = offers(page(body(f"{name}.x")), {name: value})
    assert [one.line for one in found.known.values()] == ([line] if line else [])
    assert all(one.why == "the kernel has it so" for one in found.known.values())


def test_a_part_of_a_package_is_imported_by_its_own_name() -> None:
    """`import xml` would not bring `xml.dom`; the kernel has it only because something imported it."""
    import xml.dom

    found = offers(page(body("xml.dom.Node")), {"xml": xml})
    assert found.known["xml"].lines == ("import xml.dom",)


def test_an_import_inside_a_function_and_the_last_export_tell_it_too() -> None:
    """Evidence of the notebook's own; what else a release record may hold becomes no code."""
    inside = "def load():\n    import sympy as sp\n    return sp"
    assert offers(page(body("sp.x"), "#| ignore\nimport sympy"), sp="import numpy as sp").known["sp"].line == "import numpy as sp"
    assert offers(page(body("sp.x")), sp="import os as sp; print(1)").known == {}
    assert offers(page(body("sp.x"), inside)).hints["sp"].startswith("`import sympy as sp` would make `sp`, but the lock")
    assert offers(page(body("sp.x"), inside.replace("sympy", "numpy"))).known["sp"].line == "import numpy as sp"
    assert not offers(page(body("sp.x"), inside, inside.replace("sympy", "numpy"))).known


def test_what_is_not_locked_is_refused_and_named() -> None:
    """A package can import only what its lock has: the user learns which distribution is missing."""
    with pytest.raises(ExportError, match="`sns` \\(needed by cell 1, not made by any cell\\)") as caught:
        chosen(body("sns.kde(x)"))
    assert caught.value.hint == (
        "`import seaborn as sns` would make `sns`, but the lock does not have seaborn. "
        "Run the cell that imports it, then %prodlock."
    )
    with pytest.raises(ExportError, match="which no cell on the page makes") as caught:
        chosen("#| step load\nx = xr.open('a')")
    assert "the lock does not have xarray" in caught.value.hint


def test_it_is_as_if_the_import_stood_above_the_page() -> None:
    """Plots stay behind, seeds come along, definitions nobody marked bring what they read; what nothing reads is not offered."""
    found = chosen(
        "np.random.seed(3)",
        "def draw():\n    return Counter(np.random.rand(3))",
        "#| step load\nrows = draw()\nnp.sort(rows)",
        "print(json.dumps(1))",
    )
    assert [one.line for one in found.taken] == ["np.random.seed(3)", "def draw():"]
    assert [one.line for one in found.offered] == ["from collections import Counter", "import numpy as np"]
    assert [one.readers[0].label for one in found.offered] == ["cell 2", "cell 1"]


def test_a_plot_stays_behind_without_its_import() -> None:
    """Even where the lock lacks the library: the package needs nothing of it. So it is for the proof, which reads again."""
    cells = ("#| step load\nx = np.ones(2)\nplt.plot(x)\nsns.kde(x)\ny = 2",)
    found = chosen(*cells)
    assert "plt" not in module_text("steps", found, "x.ipynb")
    assert [one.line for one in found.offered] == ["import numpy as np"]
    again = select(page(*cells), offers=found.offers)
    assert module_text("steps", again, "x.ipynb") == module_text("steps", found, "x.ipynb")


def test_a_page_with_its_imports_is_offered_nothing() -> None:
    """Nothing is asked, and no lock looked for, where nothing is missing."""
    notebook = page("import numpy as np", COUNTED.replace("defaultdict(int)", "{}"))
    assert import_offers(notebook, lambda: pytest.fail("the lock was read"), None, {}).known == {}


# --- the step ---------------------------------------------------------------------------------------------------


def inputs(project: ProjectFolder, notebook: Notebook) -> Inputs:
    return Inputs(notebook, project, project.read_record(notebook.path))


def run(project: ProjectFolder, notebook: Notebook, **given: Any) -> Result:
    return carry_out(EXPORT, inputs(project, notebook), ExportOptions(force=True, verify=False, **given), Progress())


def test_it_is_asked_about_shown_and_told(project: ProjectFolder) -> None:
    """Never silent: the question, the preview and the result each say which line and why."""
    notebook = page(COUNTED)
    plan = EXPORT.plan(inputs(project, notebook), ExportOptions(force=True))
    assert plan.question == (
        "The marked cells need what nobody marked (`from collections import defaultdict`, which no cell makes: that is "
        "what the name usually stands for; `import numpy as np`, which no cell makes: that is what the name usually "
        "stands for). Take it along?"
    )
    line = "import numpy as np (for cell 1, as no cell makes `np`; that is what the name usually stands for)"
    assert f"taken along, {line}" in plan.details
    assert isinstance(plan.document, ExportPreview)
    assert line in plan.document.taken
    with pytest.raises(UsageError, match="Take it along"):
        run(project, notebook)
    assert not project.package.exists()
    told = run(project, notebook, with_needed=True)
    assert [fact.value for fact in told.facts if fact.label == "taken along"][1:] == [line]
    text = (project.package / "src" / "flowers" / "core.py").read_text()
    assert "from collections import defaultdict\n\nimport numpy as np\n" in text
    assert '"numpy==2.4.6",' in (project.package / "pyproject.toml").read_text()
    assert run(project, notebook, check=True).exit_code == 0


def test_what_the_kernel_told_holds_without_it(project: ProjectFolder, tmp_path: Path) -> None:
    """CI, where no kernel is, compares with the same package; another meaning is not taken from convention."""
    notebook = page(body("sp.mean(x)"))
    with_kernel = Inputs(notebook, project, project.read_record(notebook.path), HeldNames(sp=sys.modules["json"]))  # type: ignore[arg-type]
    carry_out(EXPORT, with_kernel, ExportOptions(force=True, verify=False, with_needed=True), Progress())
    assert "import json as sp" in (project.package / "src" / "flowers" / "core.py").read_text()
    assert run(project, notebook, check=True).exit_code == 0


def test_conventions_name_what_there_is() -> None:
    """Each name of the standard library's that is offered is one there."""
    from jupyter_prodkit.export import import_conventions as told

    names: dict[str, object] = {}
    for name in {*told._MEMBERS, *told._MODULES}:
        found = customary_import(name, frozenset())
        assert found is not None
        exec(found[0], names)
    assert sys.stdlib_module_names >= told._MODULES
    assert names.keys() >= {*told._MEMBERS, *told._MODULES}
