"""Which table in the kernel the raw rows are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from live import RunNotebook

from jupyter_prodkit.errors import PushError
from jupyter_prodkit.push.raw_rows import RawRows, find_raw_rows, some_rows

BEFORE = """
import numpy as np, pandas as pd
from sklearn.linear_model import LinearRegression
df = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [1.0, 0.0, 1.0], "y": [1.0, 2.0, 3.0]})
X, y = df[["a", "b"]], df["y"]
array = np.ones((4, 2))
features = lambda rows: rows
"""


def found(*cells: str, features: bool = True, wanted: str | None = None) -> RawRows:
    notebook = RunNotebook(Path("flowers.ipynb"), BEFORE, *cells)
    place = find_raw_rows(notebook.cells, notebook.namespace, model="model", wanted=wanted, features=features)
    place.value(notebook.namespace)
    return place


FEATURES = {
    "directly": (("features(df)",), "df", "cell 2 calls features(df)"),
    "nested": (("model = print(features(df))",), "df", "cell 2 calls features(df)"),
    "some-rows": (("features(df.head(2))",), "df.head(2)", "cell 2 calls features(df.head(2))"),
    "selected-rows": (("features(df[df['a'] > 1])",), "df[df['a'] > 1]", "cell 2 calls features(df[df['a'] > 1])"),
    "by-label": (("features(df.loc[[0, 2]])",), "df.loc[[0, 2]]", "cell 2 calls"),
    "by-place": (("features(df.iloc[:2])",), "df.iloc[:2]", "cell 2 calls"),
    "without-target": (("features(df.drop(columns='y'))",), "df.drop(columns='y')", "cell 2 calls"),
    "array": (("features(array)",), "array", "cell 2 calls features(array)"),
    "by-way-of-a-function": (("def train(rows, y):\n    return features(rows)", "train(df, y)"), "df", "cell 3 calls train(df)"),
    "by-way-of-a-function-by-name": (("def train(y, rows):\n    return features(rows)", "train(y, rows=df)"), "df", "cell 3 calls"),
    "first-call-counts": (("features(array)", "features(df)"), "array", "cell 2 calls features(array)"),
    "what-is-gone-is-passed-over": (("old = df.copy()\nfeatures(old)", "del old", "features(df)"), "df", "cell 4 calls"),
    "what-is-no-table-is-passed-over": (("features([1])", "features(df)"), "df", "cell 3 calls features(df)"),
    "locals-are-not-the-kernels": (("def f(array):\n    return features(array)", "features(df)"), "df", "cell 3 calls"),
}  # fmt: skip
BARE = {
    "fit": (("model = LinearRegression()\nmodel.fit(X, y)",), "X", "cell 2 calls model.fit(X)"),
    "fit-at-once": (("model = LinearRegression().fit(X, y)",), "X", "cell 2 calls model.fit(X)"),
    "predict": (("model = LinearRegression()", "model.fit(X.values[:3].tolist(), y)\nmodel.predict(array)"), "array", "cell 3 calls model.predict(array)"),
    "without-target": (("model = LinearRegression().fit(df.drop(columns=['y']), df['y'])",), "df.drop(columns=['y'])", "cell 2 calls"),
    "by-way-of-a-function": (("def train(t, X):\n    m = LinearRegression()\n    return m.fit(X, t)", "model = train(y, X)"), "X", "cell 3 calls train(X)"),
    "another-models-fit-does-not-count": (("other = LinearRegression().fit(array, [1] * 4)", "model = LinearRegression().fit(X, y)"), "X", "cell 3 calls"),
}  # fmt: skip


@pytest.mark.parametrize(("cells", "text", "why"), FEATURES.values(), ids=FEATURES)
def test_raw_rows_are_what_features_gets(cells: tuple[str, ...], text: str, why: str) -> None:
    """The notebook's own call shows what comes in raw; the user reads where that was seen."""
    place = found(*cells)
    assert place.text == text
    assert place.why.startswith(why)


@pytest.mark.parametrize(("cells", "text", "why"), BARE.values(), ids=BARE)
def test_without_features_raw_rows_are_what_the_model_gets(cells: tuple[str, ...], text: str, why: str) -> None:
    """A bare model takes what it was fitted on."""
    place = found(*cells, features=False)
    assert place.text == text
    assert place.why.startswith(why)


@pytest.mark.parametrize(
    "cell",
    ["x = [features(t) for t in (df,)]", "features(df.sample(2))", "features(df['a'])",
     "features(make())", "features(df.pipe(len) and df)", "features(rows=df)"],
)  # fmt: skip
def test_where_no_call_shows_them_the_user_is_asked(cell: str) -> None:
    """A call whose argument could not be worked out again without doing something is not repeated; --example helps."""
    with pytest.raises(PushError, match="so the raw rows are not known") as caught:
        found(f"make = lambda: df\n{cell}")
    assert "--example NAME" in caught.value.hint


def test_the_users_word_counts() -> None:
    """--example is taken before anything a call shows."""
    assert found("features(df)", wanted="array") == RawRows("array", "as --example says")


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ("nothing", "There is no `nothing` in the kernel."),
        ("y", "`y` is not a DataFrame or a NumPy array with rows in the kernel."),
        ("empty", "`empty` is not a DataFrame or a NumPy array with rows"),
        ("df.head()", "There is no `df.head()` in the kernel."),
    ],
)
def test_an_example_that_is_no_table_is_refused(wanted: str, says: str) -> None:
    """--example that names nothing, or no rows, is one error."""
    with pytest.raises(PushError) as caught:
        found("empty = df.iloc[:0]", wanted=wanted)
    assert says in caught.value.message


def test_nothing_is_run_to_find_them() -> None:
    """Looking for the raw rows calls no function of the user's."""
    notebook = RunNotebook(
        Path("flowers.ipynb"),
        BEFORE,
        "calls = []\ndef make():\n    calls.append(1)\n    return df",
        "features(make())",
        "features(df)",
    )
    before = len(notebook.namespace["calls"])
    find_raw_rows(notebook.cells, notebook.namespace, model="model", wanted=None, features=True)
    assert len(notebook.namespace["calls"]) == before


@pytest.mark.parametrize(
    ("size", "places"), [(3, [0, 1, 2]), (10, list(range(10))), (25, [0, 2, 5, 7, 10, 12, 15, 17, 20, 22])]
)
def test_rows_come_from_all_over_the_table(size: int, places: list[int]) -> None:
    """A table sorted by its target still gives examples of every kind; the copy is the push's own."""
    frame = pd.DataFrame({"a": range(size)}, index=[7] * size)
    chosen = some_rows(frame, 10)
    assert chosen["a"].tolist() == places
    assert some_rows(np.arange(size), 10).tolist() == places
    chosen.loc[:, "a"] = -1
    assert frame["a"].tolist() == list(range(size))
