"""Features that a service would not have."""

from __future__ import annotations

import pytest
from asking import findings_of, rules_and_cells

FEATURES = """#| export
def features(df):
    X = df[['age', 'ratio']].copy()
    X['old'] = df['age'] > 60
    return X"""

# The column and the cell that makes it → the page.
FINDS = [
    ("ratio", "c1", ["df['ratio'] = df.a / df.b", FEATURES, "X = features(df)\nm.fit(X, y)"]),
    ("ratio", "c2", [FEATURES, "df = df.assign(ratio=df.a / df.b)", "X = features(df)"]),
    ("ratio", "c1", ["df.loc[:, 'ratio'] = df.a", FEATURES]),
    ("ratio", "c1", ["df['ratio'] = df.a", "#| step features\nX = df[['ratio']]"]),
    ("extra", "c2", [FEATURES, "X = features(df)\nX['extra'] = X.age ** 2", "m.fit(X, y)"]),
    ("extra", "c3", [FEATURES, "X = features(df)", "X = X.assign(extra=1)", "a, b = train_test_split(X, random_state=0)"]),
]
SILENT = [
    ["df['ratio'] = df.a / df.b", "X = df[['ratio']]", "m.fit(X, y)"],  # nothing is marked
    [FEATURES, "df = load()", "X = features(df)\ny = df['t']", "m.fit(X, y)"],
    [FEATURES.replace("'ratio'", "'sex'"), "df['ratio'] = df.a / df.b", "df.plot(x='ratio')", "m.fit(features(df), y)"],
    ["#| export\ndef features(df):\n    df['ratio'] = df.a / df.b\n    return df[['ratio']]", "df['ratio'] = df.a"],
    ["df['t'] = df.x > 3", "#| export\ndef train(df):\n    return m.fit(df[['a']], df['t'])"],
    ["df['t'] = df.x > 3\ny = df['t']", "#| step features\nX = df.drop(columns='t')\nz = df['t']"],
    ["df['t'] = df.x > 3", "#| step train\nm.fit(df[['a']], df['t'])"],
    [FEATURES, "X = features(df)\nX['note'] = 1\nX.to_csv('a.csv')", "X = features(df)\nm.fit(X, y)"],
]


@pytest.mark.parametrize(("column", "cell", "sources"), FINDS)
def test_a_feature_made_outside(column, cell, sources):
    (finding,) = findings_of(*sources)
    assert (finding.rule, finding.cell_id, finding.names) == ("skew/features-outside", cell, (column,))


@pytest.mark.parametrize("sources", SILENT, ids=str)
def test_what_is_in_order_raises_no_alarm(sources):
    assert rules_and_cells(*sources) == []
