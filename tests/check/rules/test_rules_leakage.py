"""What is tested on must not have been learnt from, and the target is no feature."""

from __future__ import annotations

import pytest
from asking import findings_of

IMPORTS = """import numpy as np, pandas as pd
from imblearn.over_sampling import SMOTE
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import LabelEncoder, StandardScaler, scale"""
SPLIT = "X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)"
TRAIN = f"{SPLIT}\nm = LogisticRegression()\nm.fit(X_train, y_train)"

BEFORE_SPLIT = [
    ["s = StandardScaler()\nX = s.fit_transform(X)", SPLIT],
    ["Xs = StandardScaler().fit_transform(X)", "Xs_train, Xs_test = train_test_split(Xs, random_state=0)"],
    ["s = StandardScaler()\ns.fit(X)\nX = s.transform(X)", SPLIT],
    ["s = StandardScaler()\ns.fit(X)", SPLIT, "X_train = s.transform(X_train)"],
    ["X = scale(X)", SPLIT],
    ["X = pd.DataFrame(PCA().fit_transform(X))", SPLIT],
    ["X = SelectKBest(k=3).fit_transform(X, y)", "cross_val_score(LogisticRegression(), X, y)"],
    ["X, y = SMOTE(random_state=0).fit_resample(X, y)", SPLIT],
    ["pre = Pipeline([('s', StandardScaler())])\nX = pre.fit_transform(X)", SPLIT],
    ["F = StandardScaler().fit_transform(df[['a', 'b']])", "F_train, F_test = train_test_split(F, random_state=0)"],
]
TEST_ROWS = [
    [SPLIT, "s = StandardScaler()\nX_train = s.fit_transform(X_train)\nX_test = s.fit_transform(X_test)"],
    [SPLIT, "X_train = StandardScaler().fit_transform(X_train)\nX_test = StandardScaler().fit_transform(X_test)"],
    [SPLIT, "m = LogisticRegression()\nm.fit(X, y)", "m.score(X_test, y_test)"],
    ["m = LogisticRegression().fit(X, y)", SPLIT, "p = m.predict(X_test)"],
    [SPLIT, "m = LogisticRegression()\nm.fit(X_test, y_test)\nm.score(X_test, y_test)"],
]
TARGET = [
    ["X = df.drop('id', axis=1)\ny = df['t']", TRAIN],
    ["X = df\ny = df.t", TRAIN],
    ["X = df[['a', 't']]\ny = df['t']", TRAIN],
    ["columns = ['a', 't']\nX = df[columns]\ny = df['t'].values", TRAIN],
    ["X = df.dropna()\ny = (df['t'] == 'yes').astype(int)", TRAIN],
    ["RandomForestClassifier(random_state=0).fit(df, df['t'])"],
    ["X = df.copy()\ny = df['t']", "X = StandardScaler().fit_transform(X)", "LogisticRegression().fit(X, y)"],
    ["y = LabelEncoder().fit_transform(df['t'])\nX = df.drop(columns=['id'])", TRAIN],
]
FINDS = [
    *(("fit-before-split", one) for one in BEFORE_SPLIT),
    *(("test-rows-in-fit", one) for one in TEST_ROWS),
    *(("target-in-features", one) for one in TARGET),
]

SILENT = [
    # Fitted on the training rows, or inside a pipeline.
    [SPLIT, "s = StandardScaler()\nX_train = s.fit_transform(X_train)\nX_test = s.transform(X_test)",
     "m = LogisticRegression().fit(X_train, y_train)\nm.score(X_test, y_test)"],
    [SPLIT, "m = make_pipeline(StandardScaler(), LogisticRegression())\nm.fit(X_train, y_train)\nm.score(X_test, y_test)"],
    ["cross_val_score(make_pipeline(StandardScaler(), LogisticRegression()), X, y)"],
    [SPLIT, "for clf in classifiers:\n    clf.fit(X_train, y_train)\n    clf.score(X_test, y_test)"],
    ["m = LogisticRegression()", "for a, b in folds.split(X):\n    m.fit(X[a], y[a])\n    m.score(X[b], y[b])"],
    # Looked at before the split, but not learnt from.
    ["X_2d = PCA(2).fit_transform(X)", "plt.scatter(X_2d[:, 0], X_2d[:, 1])", TRAIN, "m.predict(X_test)"],
    ["y = LabelEncoder().fit_transform(y)", SPLIT],
    ["X = StandardScaler().fit_transform(X)", "X = load()", SPLIT],
    ["X = StandardScaler().fit_transform(X)", "KMeans(3, random_state=0).fit(X)"],
    ["def f(X):\n    X = StandardScaler().fit_transform(X)\n    return train_test_split(X, random_state=0)"],
    # The last fit, on all there is, after the test.
    [TRAIN, "m.score(X_test, y_test)", "m.fit(X, y)", "m.predict(X_new)"],
    ["m = LogisticRegression().fit(X, y)\nm.score(X, y)", SPLIT, "m.fit(X_train, y_train)\nm.score(X_test, y_test)"],
    [SPLIT, "X_tr, X_val, y_tr, y_val = train_test_split(X_train, y_train, random_state=0)",
     "m = LogisticRegression()\nm.fit(X_tr, y_tr)\nm.score(X_val, y_val)",
     "m.fit(X_train, y_train)\nm.score(X_test, y_test)"],
    # Splits that are no test.
    ["X_fit, X_calib, y_fit, y_calib = train_test_split(X, y, random_state=0)",
     "c = LogisticRegression()\nc.fit(X_calib, y_calib)\nc.predict(X_calib)"],
    ["_, X_sub, _, y_sub = train_test_split(X, y, test_size=0.1, random_state=0)",
     "m = LogisticRegression()\nm.fit(X_sub, y_sub)\nm.predict(X_sub)"],
    ["m = LogisticRegression()\nm.fit(X[:100], y[:100])", SPLIT, "m.predict(X_test)"],
    # The target is taken out, in each of the usual ways.
    ["X = df.drop('t', axis=1)\ny = df['t']", TRAIN],
    ["y = df.pop('t')\nX = df", TRAIN],
    ["X = df.copy()\ny = X.pop('t')", TRAIN],
    ["y = df['t']\ndf = df.drop('t', axis=1)\nX = df", TRAIN],
    ["y = df['t']\ndel df['t']\nX = df", TRAIN],
    ["X = df\ny = df['t']\ndf.drop(columns='t', inplace=True)", TRAIN],
    ["X = df.drop('id', axis=1)\ny = df['t']\nX = X.drop(columns=['t'])", TRAIN],
    ["y = df['t'].values\nX = df.drop(['t', 'id'], axis=1).values", TRAIN],
    ["TARGET = 't'\ny = df[TARGET]\nX = df.drop(TARGET, axis=1)", TRAIN],
    ["features = ['a', 'b']\nX = df[features]\ny = df['t']", TRAIN],
    ["X_train, X_test, y_train, y_test = train_test_split(df, df['t'], random_state=0)\nX_train = X_train.drop(columns='t')",
     "m = LogisticRegression().fit(X_train, y_train)"],
    # Nobody knows which columns are left.
    ["y = df[target]\nX = df.drop(target, axis=1)", TRAIN],
    ["y = df['t']\nX = df.iloc[:, :-1]", TRAIN],
    ["X = df[[c for c in df if c != 't']]\ny = df.t", TRAIN],
    ["y = df.t\nX = df.select_dtypes('number')", TRAIN],
    ["y = df['t']\nX = df.loc[:, df.columns != 't']", TRAIN],
    ["y = df['t']\nX = df.filter(like='f_')", TRAIN],
    ["y = df['t']\nX = pd.get_dummies(df)", TRAIN],
    # The model chooses its columns itself.
    ["X = df\ny = df['t']", "m = make_pipeline(choose, LogisticRegression())\nm.fit(X, y)"],
    ["X = df\ny = df['t']", "GridSearchCV(pipe, {}).fit(X, y)"],
    # Another table's column, another day's value.
    ["X = df\ny = other['t']", TRAIN],
    ["X = df[['a', 't']]\ny = df['t'].shift(-1)", TRAIN],
    ["X, y = load_iris(return_X_y=True)", TRAIN],
    ["iris = load_iris()\nX = iris.data\ny = iris.target", TRAIN],
    ["data = load()\nX = data['X']\ny = data['y']", TRAIN],
]  # fmt: skip


@pytest.mark.parametrize(("name", "sources"), FINDS)
def test_a_leak_is_found(name, sources):
    assert [one.rule for one in findings_of(IMPORTS, *sources)] == [f"leakage/{name}"]


@pytest.mark.parametrize("sources", SILENT, ids=str)
def test_what_is_in_order_raises_no_alarm(sources):
    assert [one.because for one in findings_of(IMPORTS, *sources)] == []


def test_the_leak_stands_where_something_is_fitted():
    """The cell to change is the one that fits; the one that splits is named."""
    (finding,) = findings_of(IMPORTS, "X = StandardScaler().fit_transform(X)", "plot(X)", SPLIT)
    assert (finding.cell_id, finding.names) == ("c2", ("StandardScaler",))
    assert "cell 4" in finding.because
