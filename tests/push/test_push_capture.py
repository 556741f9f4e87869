# ruff: noqa: NPY002 - the streams that notebooks draw from are the global ones
"""What is taken from the kernel, and what the kernel is like afterwards."""

from __future__ import annotations

import random
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from live import FEATURES, FLOWERS, IMPORTS, RAW, TRAIN, RunNotebook

from jupyter_prodkit.errors import MissingDependencyError, ProdkitError, PushError
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.push.capture import Captured, capture
from jupyter_prodkit.push.handover import try_out_captured
from jupyter_prodkit.push.step import PUSH, PushOptions
from jupyter_prodkit.push.trial import TrialVerdict

Ready = Callable[..., RunNotebook]


def taken(notebook: RunNotebook, **options: Any) -> Captured:
    plan = PUSH.plan(notebook.inputs(), PushOptions(**{"model": "model", **options}))
    return capture(notebook.namespace, plan.model, plan.raw, plan.exported)


def tried(notebook: RunNotebook, **options: Any) -> TrialVerdict:
    """Capture and try out in a new process, as the push does before it touches the store."""
    plan = PUSH.plan(notebook.inputs(), PushOptions(**{"model": "model", **options}))
    return try_out_captured(plan, capture(notebook.namespace, plan.model, plan.raw, plan.exported), Progress())


def refused(notebook: RunNotebook, **options: Any) -> ProdkitError:
    """Push; return the error, having seen that nothing was left behind."""
    before = sorted(str(path) for path in notebook.project.path.rglob("*"))
    with pytest.raises(ProdkitError) as caught:
        notebook.push(**options)
    assert sorted(str(path) for path in notebook.project.path.rglob("*")) == before
    return caught.value


# --- models that can be pushed -----------------------------------------------------------------------------------

MODELS = {
    "function-transformer": (
        "def halve(x):\n    return x / 2",
        "model = make_pipeline(FunctionTransformer(halve), LogisticRegression()).fit(features(raw), raw['target'])",
    ),
    "named-lambda": (
        "halve = lambda x: x / 2",
        "model = make_pipeline(FunctionTransformer(halve), LogisticRegression()).fit(features(raw), raw['target'])",
    ),
    "class-of-the-notebook": (
        """
        class Half:
            def fit(self, x):
                self.cut = float(x["length"].mean())
                return self

            def predict(self, x):
                return np.where(x["length"] + x["width"] > self.cut, "long", "short")
        """,
        "model = Half().fit(features(raw))",
    ),
    "subclass-of-an-estimator": (
        "class Mine(LogisticRegression):\n    kind = 'mine'",
        "model = Mine().fit(features(raw), raw['target'])",
    ),
    "nested-class-and-method": (
        """
        class Outer:
            class Inner:
                def predict(self, x):
                    return self.way(x)

            @staticmethod
            def way(x):
                return x["length"] * x["width"]
        """,
        "model = Outer.Inner()\nmodel.way = Outer.way\nfeatures(raw)",
    ),
    "enum-and-named-tuple": (
        """
        from enum import Enum
        from typing import NamedTuple

        class Size(Enum):
            BIG = 2

        class Cut(NamedTuple):
            at: float

        class Cutter:
            def __init__(self):
                self.parts = [Size.BIG, Cut(1.0)]

            def predict(self, x):
                return x["length"] > self.parts[1].at
        """,
        "model = Cutter()\nfeatures(raw)",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize(("marked", "made"), MODELS.values(), ids=MODELS)
def test_what_the_notebook_defines_comes_from_the_package(notebook: Ready, marked: str, made: str) -> None:
    """A model that holds functions and classes of exported cells loads where this notebook isn't."""
    cell = "#| export\n" + textwrap.dedent(marked)
    verdict = tried(notebook(IMPORTS, "#| parameters\nCUT = 1.5", RAW, FEATURES, cell, made))
    assert (verdict.error, verdict.difference) == ("", "")
    assert verdict.columns == ("length", "width")


@pytest.mark.slow
def test_only_the_columns_that_matter_are_asked_for(notebook: Ready) -> None:
    """What can be left out without any change is found by trying: the target above all, and columns of strange types."""
    verdict = tried(notebook(*FLOWERS))
    assert verdict.columns == ("length", "width")
    assert verdict.unneeded == ("colour", "grown", "target")
    assert verdict.idle == ()


@pytest.mark.slow
def test_a_column_that_seldom_matters_is_kept(notebook: Ready) -> None:
    """A column that `features` uses where it is there is needed, even if no prediction among the examples shows it."""
    tiny = " + (0 if 'width' not in rows else rows[['width']].to_numpy() * 1e-9)"
    seldom = FEATURES.replace("> CUT)", f"> CUT){tiny}")
    seldom = seldom.replace('rows[["length", "width"]]', 'rows[["length"]]')
    verdict = tried(notebook(IMPORTS, "#| parameters\nCUT = 1.5", RAW, seldom, TRAIN, FLOWERS[-1]))
    assert verdict.columns == ("length", "width")


@pytest.mark.slow
def test_a_column_asked_for_in_vain_is_told(notebook: Ready) -> None:
    """`features` that drops the target strictly makes every client send it: the user learns how to mend that."""
    strict = FEATURES.replace('rows[["length", "width"]]', 'rows.drop(columns=["target", "colour", "grown"])')
    verdict = tried(notebook(IMPORTS, "#| parameters\nCUT = 1.5", RAW, strict, TRAIN, FLOWERS[-1]))
    assert verdict.columns == ("length", "width", "colour", "grown", "target")
    assert verdict.idle == ("colour", "target")  # `grown` is the same in every row: nothing can be said of it


@pytest.mark.slow
@pytest.mark.parametrize(
    ("made", "first"),
    [
        ("model = LinearRegression().fit(raw[['length', 'width']], np.arange(60.0))", 0.0),
        ("model = LinearRegression().fit(raw[['length', 'width']].to_numpy(), np.arange(60.0))", 0.0),
        ("model = LinearRegression().fit(raw[['length', 'width']], np.arange(120.0).reshape(60, 2))", [0.0, 1.0]),
        ("model = LogisticRegression().fit(raw[['length', 'width']], raw['target'])", "small"),
    ],
    ids=["frame", "array", "multi-output", "labels"],
)
def test_a_bare_model_can_be_pushed(notebook: Ready, made: str, first: Any) -> None:
    """Without `features` the model takes what it was fitted on: a frame or an array, whatever it answers."""
    flowers = notebook(IMPORTS, RAW, "#| export\nA = 1", made)
    captured = taken(flowers)
    assert captured.predictions[0] == pytest.approx(first, abs=1e-6) if not isinstance(first, str) else first
    verdict = tried(flowers)
    assert (verdict.error, verdict.difference) == ("", "")
    assert verdict.columns == (() if "to_numpy" in made else ("length", "width"))


def test_predictions_as_a_frame_are_taken(notebook: Ready) -> None:
    """A model that answers with a DataFrame gives one object per row."""
    table = "#| export\nclass Table:\n    def predict(self, x):\n        return pd.DataFrame({'small': x['length'], 'kind': 'flower'})"
    flowers = notebook(IMPORTS, RAW, table, "model = Table()\nmodel.predict(raw)")
    assert taken(flowers).predictions[1] == {"small": pytest.approx(3 * 6 / 59), "kind": "flower"}


def test_an_exported_predict_is_used(notebook: Ready) -> None:
    """Where `predict(model, inputs)` is exported, the model needs no method of that name."""
    predict = "#| export\ndef predict(model, inputs):\n    return inputs['length'].to_numpy() * model['factor']"
    flowers = notebook(
        IMPORTS, "#| parameters\nCUT = 1", RAW, FEATURES, predict, "model = {'factor': 2}\nfeatures(raw)"
    )
    assert taken(flowers).predictions[0] == 0.0
    assert taken(flowers).model_class == "dict"


# --- models that can't -------------------------------------------------------------------------------------------

HELD = {
    "lambda": ("model.way = lambda x: x", "The model holds the function `<lambda>`", "define it with `def`"),
    "unexported-function": ("def way(x): ...\nmodel.way = way", "The model holds the function `way`", "Mark the cell that defines it"),
    "unexported-class": ("class Way: ...\nmodel.way = Way()", "The model holds the class `Way`", "Mark the cell that defines it"),
    "closure": ("def make():\n    def way(x): ...\n    return way\nmodel.way = make()", "`make.<locals>.way`", "at the top of an exported cell"),
    "file": ("model.file = open('/dev/null')", "The LogisticRegression can't be pickled: TypeError", "open files"),
    "lock": ("import threading\nmodel.lock = threading.Lock()", "can't be pickled: TypeError", "locks"),
    "generator": ("model.rows = (x for x in [1])", "can't be pickled: TypeError", "generators"),
}  # fmt: skip


@pytest.mark.parametrize(("cell", "message", "hint"), HELD.values(), ids=HELD)
def test_what_no_other_process_could_load_is_refused(notebook: Ready, cell: str, message: str, hint: str) -> None:
    """A model that holds something of this process or of unexported cells is refused; store and folder stay as they were."""
    flowers = notebook(*FLOWERS).run(cell)
    try:
        error = refused(flowers)
    finally:
        if hasattr(flowers.namespace["model"], "file"):
            flowers.namespace["model"].file.close()
    assert message in error.message
    assert hint in error.hint


REFUSED = {
    "no-such-name": ("", {"model": "modell"}, "There is no `modell` in the kernel.", "Names with a `predict` method: `model`, `other`."),
    "no-name": ("", {"model": "model()"}, "'model()' is not a name.", "%prodpush model"),
    "a-class": ("", {"model": "LogisticRegression"}, "`LogisticRegression` is a class", "Name a fitted model."),
    "no-predict": ("", {"model": "raw"}, "`raw` is a DataFrame, which has no `predict` method.", "Name a fitted model."),
    "not-fitted": ("other = LogisticRegression()", {"model": "other"}, "The model can't predict rows of `raw` in this kernel: NotFittedError", "Is it fitted"),
    "features-gone": ("del features", {}, "The function `features` is exported, but the kernel does not hold it.", "Run its cell."),
    "bad-registry-name": ("", {"name": "a/b"}, "'a/b' can't be a model's name.", "Use letters"),
    "no-example": ("", {"example": "rows"}, "There is no `rows` in the kernel.", "--example"),
}  # fmt: skip


@pytest.mark.parametrize(("cell", "options", "message", "hint"), REFUSED.values(), ids=REFUSED)
def test_each_refusal_says_what_and_what_to_do(
    notebook: Ready, cell: str, options: dict[str, str], message: str, hint: str
) -> None:
    """What is missing or wrong is told before anything is touched."""
    error = refused(notebook(*FLOWERS).run("other = LogisticRegression()", cell), **options)
    assert isinstance(error, PushError)
    assert message in error.message
    assert hint in error.hint


def test_a_model_that_draws_when_it_predicts_is_refused(notebook: Ready) -> None:
    """Answers that are another each time could never be proved: the user is told to seed."""
    noisy = "#| export\nclass Noisy:\n    def predict(self, x):\n        return np.random.rand(len(x))"
    error = refused(notebook(*FLOWERS, noisy).run("model = Noisy()"))
    assert "predicts the same rows otherwise each time: predictions[0]" in error.message
    assert "Seed it" in error.hint


def test_a_predict_of_another_shape_is_refused(notebook: Ready) -> None:
    """An exported function that happens to be called `predict` and takes something else is told so."""
    error = refused(notebook(*FLOWERS, "#| export\ndef predict(rows):\n    return rows"))
    assert "is called as predict(model, inputs), and does not take that: too many positional arguments" in error.message


def test_an_unsupported_column_is_named(notebook: Ready) -> None:
    """A column that the service can't take is refused by name, if it is needed."""
    uses = FEATURES.replace('"width"]]', '"width"]].assign(n=rows["grown"].map(len))')
    error = refused(notebook(IMPORTS, "#| parameters\nCUT = 1", RAW, uses, TRAIN, FLOWERS[-1]))
    assert "Column 'grown' of the example has a mixture of list, which the service can't take." in error.message


@pytest.mark.parametrize(
    ("columns", "says"),
    [("[('a', 1), ('a', 2)]", "neither text nor a whole number"), ("['a', 'a']", "Column names occur more than once")],
)
def test_column_names_that_no_request_could_carry_are_refused(notebook: Ready, columns: str, says: str) -> None:
    """A table with two columns of one name, or names that are no text, is refused at once."""
    made = f"raw = pd.DataFrame(np.ones((9, 2)), columns={columns})"
    flowers = notebook(
        IMPORTS,
        "#| export\nclass M:\n    def predict(self, x):\n        return np.ones(len(x))",
        made,
        "model = M()\nmodel.predict(raw)",
    )
    assert says in refused(flowers).message


@pytest.mark.slow
def test_an_outdated_package_is_found_out(notebook: Ready) -> None:
    """Code changed since the export: the trial names the first difference, and nothing is pushed."""
    flowers = notebook(*FLOWERS)
    exec(textwrap.dedent(FEATURES).replace("> CUT", "> 2 * CUT"), flowers.namespace)  # type: ignore[arg-type]
    flowers.run(
        "model = train(raw, raw['target'])\nmodel.coef_ = np.array([[0.0, 0.0, -9.0]])\nmodel.intercept_ = np.array([1.0])"
    )
    error = refused(flowers)
    assert "With the exported package the model predicts otherwise than in the notebook: predictions[" in error.message
    assert "%prodexport" in error.hint


@pytest.mark.slow
def test_a_module_of_the_users_own_is_missed_in_the_trial(
    notebook: Ready, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A class from helpers.py beside the notebook is not in the package: the trial says so."""
    (tmp_path / "helpers_of_mine.py").write_text("class H:\n    def predict(self, x):\n        return [1.0] * len(x)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    flowers = notebook(*FLOWERS).run("from helpers_of_mine import H\nmodel = H()")
    error = refused(flowers)
    assert "the model fails: ModuleNotFoundError: No module named 'helpers_of_mine'" in error.message
    assert "exported cells" in error.hint


# --- the kernel afterwards ---------------------------------------------------------------------------------------


def test_the_kernel_is_as_it_was(notebook: Ready) -> None:
    """A push draws nothing from the notebook's random streams, changes neither model nor table, and binds no name."""
    flowers = notebook(*FLOWERS)
    names, table = set(flowers.namespace), flowers.namespace["raw"].copy(deep=True)
    random.seed(5)
    np.random.seed(5)
    expected = random.random(), np.random.rand()
    random.seed(5)
    np.random.seed(5)
    taken(flowers)
    assert (random.random(), np.random.rand()) == expected
    assert set(flowers.namespace) == names
    assert flowers.namespace["raw"].equals(table)


def test_streams_drawn_from_are_put_back(notebook: Ready) -> None:
    """Even a model that draws numbers, and is refused for it, leaves the streams as they were."""
    noisy = "#| export\nimport random\nclass Noisy:\n    def predict(self, x):\n        return [random.random() + np.random.rand() for _ in range(len(x))]"
    flowers = notebook(*FLOWERS, noisy).run("model = Noisy()")
    before = random.getstate(), np.random.get_state()[1].tolist()
    with pytest.raises(PushError):
        taken(flowers)
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before


def test_the_model_is_taken_as_it_stands(notebook: Ready) -> None:
    """What a prediction leaves in the model, a cache say, is not what is pushed."""
    caching = "#| export\nclass Caching:\n    seen = ()\n    def predict(self, x):\n        self.seen = 'x' * 100_000\n        return [0.0] * len(x)"
    assert len(taken(notebook(*FLOWERS, caching).run("model = Caching()")).model) < 1000


# --- what has to be there ----------------------------------------------------------------------------------------


def test_pushing_needs_an_export_first(tmp_path: Path) -> None:
    """Before an export there is nothing to serve the model with: the user is sent there."""
    with pytest.raises(PushError, match="There is no package") as caught:
        RunNotebook(tmp_path / "flowers.ipynb", *FLOWERS).locked().push()
    assert caught.value.hint == "Run %prodexport first."


def test_without_mlflow_the_extra_is_named(notebook: Ready) -> None:
    """Where MLflow isn't installed, the user reads what to install, and the rest of the tool works."""
    script = f"""
        import sys
        class NoMlflow:
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] == "mlflow":
                    raise ModuleNotFoundError(name)
        sys.meta_path.insert(0, NoMlflow())
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from pathlib import Path
        from live import FLOWERS, RunNotebook
        RunNotebook(Path({str(notebook(*FLOWERS).path)!r}), *FLOWERS).push()
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False)
    assert 'pip install "jupyter-prodkit[mlflow]"' in done.stderr
    assert MissingDependencyError.__name__ in done.stderr


def test_a_bad_verdict_is_asked_about(notebook: Ready) -> None:
    """If the last check said that a clean run gives something else, the plan asks before it pushes that."""
    flowers = notebook(*FLOWERS)
    inputs = flowers.inputs()
    assert PUSH.plan(inputs, PushOptions(model="model")).question is None
    done = inputs.record.steps["lock"]
    for verdict, asks in (("reproducible", False), ("diverges", True)):
        record = inputs.record.with_step(
            "check", type(done)(done_at="", notebook_digest="", summary="", facts={"verdict": verdict})
        )
        flowers.project.write_record(record)
        assert (PUSH.plan(flowers.inputs(), PushOptions(model="model")).question is not None) is asks
