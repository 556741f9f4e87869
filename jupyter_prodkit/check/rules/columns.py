# ruff: noqa: SIM905 - long lists read best as words
"""Which columns a name holds, and whether a model is given as a feature what it is to predict.

Only what is certain is followed: columns chosen by a mask, a position or a variable of unknown content are not.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from jupyter_prodkit.check.rules.calls import dotted_name, path_of
from jupyter_prodkit.check.rules.top_level import bindings, constant_texts, names_bound

__all__ = ["ColumnsWalk", "TargetSeen"]

_LIBRARIES = ("sklearn.", "xgboost.", "lightgbm.", "catboost.")
_SPLIT = "sklearn.model_selection.train_test_split"
# Whatever is made of other estimators may choose among the columns itself.
_CHOOSE_COLUMNS = frozenset(
    "ColumnTransformer FeatureUnion GridSearchCV HalvingGridSearchCV HalvingRandomSearchCV Pipeline RandomizedSearchCV "
    "TransformedTargetRegressor TunedThresholdClassifierCV".split(),
)
_GIVEN_ESTIMATORS = frozenset({"base_estimator", "estimator", "estimators", "final_estimator", "steps", "transformers"})
_SCALERS = frozenset({"LabelEncoder", "MaxAbsScaler", "MinMaxScaler", "RobustScaler", "StandardScaler"})
# Methods after which a table has the same columns, and a column stands for the same.
_KEEP_COLUMNS = frozenset(
    "astype bfill copy drop_duplicates dropna ffill fillna head infer_objects query reset_index sample set_axis "
    "sort_index sort_values tail to_numpy".split(),
)
_KEEP_COLUMN = frozenset("apply astype copy fillna map ravel replace to_frame to_numpy".split())
_SAME_COLUMN_FUNCTIONS = frozenset({"numpy.array", "numpy.asarray", "numpy.log", "numpy.log1p", "numpy.ravel"})
_NO_COLUMNS = frozenset("T at columns dtypes iat iloc index loc ndim plot shape size str values".split())
_COMPARED = 2


@dataclass(frozen=True, slots=True)
class Table:
    """A table of features."""

    origin: str
    removed: frozenset[str] = frozenset()
    kept: frozenset[str] | None = None
    """Its columns, where they were listed; None for all that are not removed."""

    def has(self, column: Column) -> bool:
        """Return whether the column is surely in the table."""
        if self.origin != column.origin or column.name in self.removed:
            return False
        return self.kept is None or column.name in self.kept

    def without(self, columns: Iterable[str]) -> Table:
        """Return the table that is left when `columns` are dropped."""
        return replace(self, removed=self.removed | frozenset(columns))


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table, or what stands for it."""

    origin: str
    name: str


@dataclass(frozen=True, slots=True)
class Estimator:
    """A model that takes all columns that it is given."""

    name: str


@dataclass(frozen=True, slots=True)
class TargetSeen:
    """One place where a model is fitted on a table that holds its target."""

    cell_id: str
    model: str
    column: str


Value = Table | Column | Estimator | list["Value | None"] | None


@dataclass
class ColumnsWalk:
    """Follows columns along the statements of a page."""

    imported: dict[str, str] = field(default_factory=dict)
    names: dict[str, Value] = field(default_factory=dict)
    texts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Names of literal texts and lists of them."""
    seen: list[TargetSeen] = field(default_factory=list)
    cell_id: str = ""
    made: int = 0

    def run(self, statement: ast.stmt) -> None:
        """Take in what one statement does."""
        bound = list(bindings(statement))
        values = [(target, self._table_or(value), constant_texts(value)) for target, value in bound]
        if isinstance(statement, ast.Delete):
            self._delete(statement)
        elif not bound:
            for child in ast.iter_child_nodes(statement):
                if isinstance(child, ast.expr):
                    self._value(child)
        for name in names_bound(statement):
            self.names.pop(name, None)
            self.texts.pop(name, None)
        for target, value, texts in values:
            self._bind(target, value)
            if isinstance(target, ast.Name) and texts is not None:
                self.texts[target.id] = texts

    def _bind(self, target: ast.expr, value: Value) -> None:
        if isinstance(target, (ast.Tuple, ast.List)) and isinstance(value, list):
            if not any(isinstance(one, ast.Starred) for one in target.elts):
                for one, part in zip(target.elts, value, strict=False):
                    self._bind(one, part)
        elif isinstance(target, ast.Name) and value is not None:
            self.names[target.id] = value
        elif isinstance(target, (ast.Subscript, ast.Attribute)):
            self._set_column(target)

    def _set_column(self, target: ast.Subscript | ast.Attribute) -> None:
        """`df["c"] = …` makes a column; anything else that is set may make or drop any."""
        held = self._value(target.value)
        if not isinstance(held, Table):
            return
        columns = constant_texts(target.slice, self.texts) if isinstance(target, ast.Subscript) else None
        if columns is None:
            self._replace(held, None)
        else:
            kept = None if held.kept is None else held.kept | set(columns)
            self._replace(held, replace(held, removed=held.removed - set(columns), kept=kept))

    def _delete(self, statement: ast.Delete) -> None:
        for target in statement.targets:
            if isinstance(target, ast.Subscript):
                held, columns = self._value(target.value), constant_texts(target.slice, self.texts)
                if isinstance(held, Table):
                    self._replace(held, None if columns is None else held.without(columns))

    def _replace(self, held: Table, other: Table | None) -> None:
        """Every name of a table that was changed in place holds what has become of it."""
        for name in [name for name, value in self.names.items() if value is held]:
            if other is None:
                del self.names[name]
            else:
                self.names[name] = other

    # -- what an expression gives ---------------------------------------------------------------------------------

    def _value(self, node: ast.expr) -> Value:
        if isinstance(node, ast.Name):
            return self.names.get(node.id)
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, (ast.Tuple, ast.List)):
            return [self._value(one) for one in node.elts]
        if isinstance(node, (ast.Attribute, ast.Subscript)):
            return self._attribute(node) if isinstance(node, ast.Attribute) else self._item(node)
        compared = self._value(node.left) if isinstance(node, ast.Compare) else None
        return compared if isinstance(compared, Column) else None  # `df.answer == "yes"`

    def _table_or(self, node: ast.expr) -> Value:
        """The same, but a name of which nothing is known yet is a table of its own."""
        return self._table(node) or self._value(node)

    def _table(self, node: ast.expr) -> Table | None:
        """What table `node` is; a name of which nothing is known yet is a table of its own."""
        if isinstance(node, ast.Name) and node.id not in self.names and node.id not in self.imported:
            self.made += 1
            self.names[node.id] = Table(f"{self.made} {node.id}")
        value = self._value(node)
        return value if isinstance(value, Table) else None

    def _attribute(self, node: ast.Attribute) -> Value:
        if node.attr == "values":
            return self._value(node.value)
        if node.attr in _NO_COLUMNS:
            return None
        held = self._table(node.value) if isinstance(node.value, ast.Name) else None
        return None if held is None else Column(held.origin, node.attr)

    def _item(self, node: ast.Subscript) -> Value:
        held = self._table(node.value)
        columns = constant_texts(node.slice, self.texts)
        if held is None or columns is None:
            return None
        one = isinstance(node.slice, ast.Constant) or (isinstance(node.slice, ast.Name) and len(columns) == 1)
        return Column(held.origin, columns[0]) if one else Table(held.origin, kept=frozenset(columns))

    def _call(self, node: ast.Call) -> Value:
        dotted = dotted_name(path_of(node.func), self.imported)
        name = dotted.rpartition(".")[2]
        if dotted == _SPLIT:
            return [part for one in node.args for part in [self._value(one)] * 2]
        if dotted.startswith(_LIBRARIES) and name[:1].isupper():
            return None if name in _CHOOSE_COLUMNS or _is_given_estimators(node) else Estimator(name)
        if dotted in _SAME_COLUMN_FUNCTIONS and node.args:
            return self._value(node.args[0])
        return self._method(node, node.func) if isinstance(node.func, ast.Attribute) and not dotted else None

    def _method(self, node: ast.Call, method: ast.Attribute) -> Value:
        columns_only = method.attr in {"drop", "pop"} or method.attr in _KEEP_COLUMNS
        owner = self._table(method.value) if columns_only else self._value(method.value)
        owner = self._value(method.value) if owner is None else owner
        if isinstance(owner, Estimator):
            return self._of_estimator(owner, node, method.attr)
        if isinstance(owner, Column):
            return owner if method.attr in _KEEP_COLUMN else None
        return self._of_table(owner, node, method.attr) if isinstance(owner, Table) else None

    def _of_estimator(self, owner: Estimator, node: ast.Call, method: str) -> Value:
        given = {keyword.arg: keyword.value for keyword in node.keywords}
        first = node.args[0] if node.args else given.get("X")
        second = node.args[1] if len(node.args) >= _COMPARED else given.get("y")
        features = None if first is None else self._table_or(first)
        target = None if second is None else self._value(second)
        if method == "fit" and isinstance(features, Table) and isinstance(target, Column) and features.has(target):
            self.seen.append(TargetSeen(self.cell_id, owner.name, target.name))
        if method == "fit":
            return owner
        return features if method in {"fit_transform", "transform"} and owner.name in _SCALERS else None

    def _of_table(self, owner: Table, node: ast.Call, method: str) -> Value:
        given = {keyword.arg: keyword.value for keyword in node.keywords}
        in_place = "inplace" in given and not _is_constant(given["inplace"], False)
        found: Table | None = None
        if method == "drop":
            columns = self._dropped(node, given)
            found = None if columns is None else owner.without(columns)
        elif method == "pop":
            columns = constant_texts(node.args[0], self.texts) if node.args else None
            self._replace(owner, None if columns is None else owner.without(columns))
            return None if columns is None else Column(owner.origin, columns[0])
        elif method in _KEEP_COLUMNS:
            found = owner
        if in_place:
            self._replace(owner, found)
            return None
        # A table of its own: what is done to the other in place does not reach it.
        return None if found is None else replace(found)

    def _dropped(self, node: ast.Call, given: dict[str | None, ast.expr]) -> tuple[str, ...] | None:
        """The columns that `drop` drops; none where it drops rows, None where it can't be told."""
        if "columns" in given:
            return constant_texts(given["columns"], self.texts)
        if "axis" in given and (_is_constant(given["axis"], 1) or _is_constant(given["axis"], "columns")):
            labels = node.args[0] if node.args else given.get("labels")
            return constant_texts(labels, self.texts)
        return () if "axis" not in given and len(node.args) == 1 else None


def _is_given_estimators(node: ast.Call) -> bool:
    if any(keyword.arg is None or keyword.arg in _GIVEN_ESTIMATORS for keyword in node.keywords):
        return True
    return any(not isinstance(one, ast.Constant) for one in node.args)


def _is_constant(node: ast.expr, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value == value and type(node.value) is type(value)
