# ruff: noqa: SIM905 - long lists read best as words
"""Which rows a name holds: of which data, of which side of which split; and what has learnt from them.

Only what is certain is followed: a name that gets rows in a way that isn't known here holds nothing that is known.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field, replace
from typing import Literal

from jupyter_prodkit.check.rules.calls import dotted_name, path_of
from jupyter_prodkit.check.rules.top_level import bindings, names_bound

__all__ = ["Fitted", "Leak", "Rows", "RowsWalk"]

_LIBRARIES = ("sklearn.", "imblearn.", "xgboost.", "lightgbm.", "catboost.")
# Transformers whose result for a row depends on the other rows; encoders and scalers by row are none of them.
_LEARNS_FROM_ROWS = frozenset(
    "FactorAnalysis FastICA GenericUnivariateSelect IncrementalPCA IterativeImputer KBinsDiscretizer KNNImputer "
    "KernelPCA MaxAbsScaler MinMaxScaler NMF PCA PowerTransformer QuantileTransformer RFE RFECV RobustScaler SMOTE "
    "SelectFdr SelectFpr SelectFromModel SelectFwe SelectKBest SelectPercentile SequentialFeatureSelector "
    "SimpleImputer SparsePCA SplineTransformer StandardScaler TargetEncoder TfidfTransformer TfidfVectorizer "
    "TruncatedSVD ADASYN BorderlineSMOTE RandomOverSampler SMOTEENN SMOTENC SMOTETomek SVMSMOTE".split(),
)
_LEARNING_FUNCTIONS = frozenset(
    {f"sklearn.preprocessing.{name}" for name in ("maxabs_scale", "minmax_scale", "power_transform", "scale")}
    | {f"sklearn.preprocessing.{name}" for name in ("quantile_transform", "robust_scale")}
)
# Learn from unlabelled test rows on purpose.
_TRANSDUCTIVE = frozenset({"LabelPropagation", "LabelSpreading", "SelfTrainingClassifier"})
_SPLIT = "sklearn.model_selection.train_test_split"
_CROSS_VALIDATIONS = frozenset(
    f"sklearn.model_selection.{name}" for name in ("cross_val_predict", "cross_val_score", "cross_validate")
)
_FITS = frozenset({"fit", "fit_predict", "fit_resample", "fit_transform"})
_JUDGES = frozenset({"decision_function", "predict", "predict_proba", "score"})
_KEEP_ROWS = frozenset("astype copy fillna reset_index set_axis to_frame to_numpy toarray".split())
_KEEP_ROWS_FUNCTIONS = frozenset(
    {"numpy.array", "numpy.asarray", "numpy.log", "numpy.log1p", "numpy.sqrt", "pandas.DataFrame", "pandas.get_dummies"}
)
_TEST_NAME = re.compile(r"(?i)test|valid|_te\Z|_val\Z|\Aval_|hold_?out")
_SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_WITH_TARGET = 2  # arguments of a fit that learns to predict


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of one data set."""

    origin: str
    sides: tuple[str, ...] = ()
    """The splits that led to them and the side of each: `3 test`; empty for all rows."""
    learnt_by: tuple[str, str] | None = None
    """The cell and the name of what computed these values from all rows."""

    @property
    def is_test(self) -> bool:
        """Whether they are what something is to be tested on."""
        return bool(self.sides) and self.sides[-1].endswith(" test")

    def holds(self, other: Rows) -> bool:
        """Return whether `other` are surely among them."""
        return self.origin == other.origin and other.sides[: len(self.sides)] == self.sides


@dataclass(slots=True)
class Fitted:
    """One estimator or transformer."""

    name: str
    learns: bool
    rows: Rows | None = None
    """What it was fitted on last."""
    with_target: bool = False
    before: list[Rows] = field(default_factory=list)
    """What it was fitted on earlier."""
    cell_id: str = ""


@dataclass(frozen=True, slots=True)
class Leak:
    """One place where what is tested on has been learnt from."""

    kind: Literal["fit-before-split", "test-rows-in-fit"]
    cell_id: str
    name: str
    """What learnt."""
    other: str
    """The cell where it comes to light."""


Value = Rows | Fitted | list["Value | None"] | None


@dataclass
class RowsWalk:
    """Follows rows along the statements of a page."""

    imported: dict[str, str] = field(default_factory=dict)
    names: dict[str, Value] = field(default_factory=dict)
    leaks: list[Leak] = field(default_factory=list)
    cell_id: str = ""
    splits: int = 0
    made: int = 0
    unnamed: dict[str, list[Rows]] = field(default_factory=dict)
    """What transformers that have no name were fitted on, by their class."""

    def run(self, statement: ast.stmt) -> None:
        """Take in what one statement does."""
        values = [(target, self._value(value)) for target, value in _once(statement)]
        if not values:
            for child in ast.iter_child_nodes(statement):
                if isinstance(child, ast.expr):
                    self._value(child)
        changed = names_bound(statement) | _changed_in_place(statement)
        for name in changed:
            self.names.pop(name, None)
        for target, value in values:
            self._bind(target, value)

    def _bind(self, target: ast.expr, value: Value) -> None:
        if isinstance(target, (ast.Tuple, ast.List)) and isinstance(value, list):
            if not any(isinstance(one, ast.Starred) for one in target.elts):
                for one, part in zip(target.elts, value, strict=False):
                    self._bind(one, part)
        elif isinstance(target, ast.Name) and value is not None:
            if isinstance(value, Rows) and value.sides and not _TEST_NAME.search(target.id):
                value = replace(value, sides=(*value.sides[:-1], value.sides[-1].replace(" test", " rest")))
            self.names[target.id] = value

    # -- what an expression gives ---------------------------------------------------------------------------------

    def _value(self, node: ast.expr) -> Value:
        if isinstance(node, ast.Name):
            return self.names.get(node.id)
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, (ast.Tuple, ast.List)):
            return [self._value(one) for one in node.elts]
        if isinstance(node, ast.Attribute):
            owner = self._value(node.value)
            return owner if node.attr == "values" and isinstance(owner, Rows) else None
        if isinstance(node, ast.Subscript):
            owner = self._rows(node.value)
            return owner if _is_columns(node.slice) else None
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr) and not isinstance(child, _SCOPES):
                self._value(child)
        return None

    def _rows(self, node: ast.expr) -> Rows | None:
        """What rows `node` holds; a name of which nothing is known yet holds all rows of data of its own."""
        if isinstance(node, ast.Name) and node.id not in self.names and node.id not in self.imported:
            self.made += 1
            self.names[node.id] = Rows(f"{self.made} {node.id}")
        value = self._value(node)
        return value if isinstance(value, Rows) else None

    def _call(self, node: ast.Call) -> Value:
        dotted = dotted_name(path_of(node.func), self.imported)
        name = dotted.rpartition(".")[2]
        if dotted == _SPLIT:
            return self._split(node)
        if dotted.startswith(_LIBRARIES) and (name[:1].isupper() or name == "make_pipeline"):
            return Fitted(name, self._learns(node))
        if isinstance(node.func, ast.Attribute) and not dotted:
            return self._method(node, node.func)
        if dotted in _CROSS_VALIDATIONS and len(node.args) > 1:
            self._tested([self._rows(node.args[1])])
            return None
        return self._function(node, dotted)

    def _function(self, node: ast.Call, dotted: str) -> Value:
        first = self._rows(node.args[0]) if node.args and _may_be_rows(node.args[0]) else None
        for argument in node.args[1:]:
            self._value(argument)
        if first is not None and dotted in _LEARNING_FUNCTIONS and not first.sides:
            return replace(first, learnt_by=(self.cell_id, dotted.rpartition(".")[2]))
        return first if dotted in _KEEP_ROWS_FUNCTIONS else None

    def _learns(self, node: ast.Call) -> bool:
        """Whether it, or a part that it is made of, is a transformer that learns from rows."""
        paths = (path_of(part.func) for part in ast.walk(node) if isinstance(part, ast.Call))
        return any(
            path[-1] in _LEARNS_FROM_ROWS and dotted_name(path, self.imported).startswith(_LIBRARIES) for path in paths
        )

    def _split(self, node: ast.Call) -> Value:
        whole = [self._rows(one) for one in node.args if not isinstance(one, ast.Starred)]
        self._tested(whole)
        self.splits += 1
        found: list[Value] = []
        for rows in whole:
            for side in ("train", "test"):
                found.append(None if rows is None else replace(rows, sides=(*rows.sides, f"{self.splits} {side}")))
        return found

    def _tested(self, whole: list[Rows | None]) -> None:
        """Rows are split for a test: what was learnt from all of them is known to those that are tested on."""
        for learnt in dict.fromkeys(rows.learnt_by for rows in whole if rows is not None and not rows.sides):
            if learnt is not None:
                self.leaks.append(Leak("fit-before-split", learnt[0], learnt[1], self.cell_id))

    # -- what estimators do ---------------------------------------------------------------------------------------

    def _method(self, node: ast.Call, method: ast.Attribute) -> Value:
        owner = self._value(method.value)
        if isinstance(owner, Fitted):
            rows = self._rows(node.args[0]) if node.args and _may_be_rows(node.args[0]) else None
            return self._of_estimator(owner, node, method, rows)
        for argument in node.args:
            self._value(argument)
        keeps = method.attr in _KEEP_ROWS or (method.attr == "drop" and _drops_columns(node))
        return self._rows(method.value) if keeps and isinstance(method.value, ast.Name) else None

    def _of_estimator(self, owner: Fitted, node: ast.Call, method: ast.Attribute, rows: Rows | None) -> Value:
        if method.attr in _FITS:
            named = isinstance(method.value, ast.Name)
            self._fit(owner, rows, named=named, with_target=_has_target(node))
        if method.attr in {"fit", "set_params", "set_output"}:
            return owner
        if method.attr in {"fit_transform", "transform"}:
            return self._transformed(owner, rows)
        if method.attr == "fit_resample":
            return [self._transformed(owner, rows)] * 2
        if method.attr in _JUDGES and rows is not None:
            self._judge(owner, rows)
        return None

    def _fit(self, owner: Fitted, rows: Rows | None, *, named: bool, with_target: bool) -> None:
        earlier = owner.before if named else self.unnamed.setdefault(owner.name, [])
        if rows is not None and rows.is_test and not with_target:
            other_side = (*rows.sides[:-1], rows.sides[-1].replace(" test", " train"))
            if any(one.origin == rows.origin and _same(one.sides, other_side) for one in earlier):
                self.leaks.append(Leak("test-rows-in-fit", self.cell_id, owner.name, self.cell_id))
        if rows is not None:
            earlier.append(rows)
        owner.rows, owner.with_target, owner.cell_id = rows, with_target, self.cell_id

    def _transformed(self, owner: Fitted, rows: Rows | None) -> Rows | None:
        if rows is None or owner.rows is None or not owner.learns:
            return rows
        if not owner.rows.sides and owner.rows.origin == rows.origin:
            if rows.sides:  # fitted on all, used on one side of what was split later
                self.leaks.append(Leak("fit-before-split", owner.cell_id, owner.name, self.cell_id))
                return rows
            return replace(rows, learnt_by=(owner.cell_id, owner.name))
        return rows

    def _judge(self, owner: Fitted, rows: Rows) -> None:
        """Something predicts for rows: are they test rows that it was fitted on?"""
        if owner.rows is None or not rows.is_test or not owner.with_target or owner.name in _TRANSDUCTIVE:
            return
        if owner.rows.holds(rows):
            self.leaks.append(Leak("test-rows-in-fit", owner.cell_id, owner.name, self.cell_id))


def _once(statement: ast.stmt) -> list[tuple[ast.expr, ast.expr]]:
    """What a statement assigns, each value once: it is computed once for several targets."""
    return list({id(value): (target, value) for target, value in bindings(statement)}.values())


def _same(sides: tuple[str, ...], other: tuple[str, ...]) -> bool:
    plain = [tuple(side.replace(" rest", " train") for side in one) for one in (sides, other)]
    return plain[0] == plain[1]


def _has_target(node: ast.Call) -> bool:
    return len(node.args) >= _WITH_TARGET or any(keyword.arg == "y" for keyword in node.keywords)


def _may_be_rows(node: ast.expr) -> bool:
    return not isinstance(node, (ast.Constant, ast.Starred, *_SCOPES))


def _is_columns(node: ast.expr) -> bool:
    """Whether an index picks columns by name: all rows remain."""
    if isinstance(node, ast.List):
        return all(isinstance(one, ast.Constant) and isinstance(one.value, str) for one in node.elts)
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _drops_columns(node: ast.Call) -> bool:
    given = {keyword.arg: keyword.value for keyword in node.keywords}
    axis = given.get("axis")
    return "columns" in given or (isinstance(axis, ast.Constant) and axis.value in {1, "columns"})


def _changed_in_place(statement: ast.stmt) -> set[str]:
    """Names whose value the statement seems to change otherwise than by fitting: what they hold is not known then."""
    found: set[str] = set()
    for node in ast.walk(statement) if isinstance(statement, ast.Expr) else ():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            in_place = any(keyword.arg == "inplace" for keyword in node.keywords)
            found |= {path_of(node.func)[0]} if in_place and not _drops_columns(node) else set()
    return found - {""}

