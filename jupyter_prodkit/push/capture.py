"""What a push takes from the kernel, all at one moment: the model, rows it can predict, and what it says about them."""

from __future__ import annotations

import inspect
import random
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from jupyter_prodkit.errors import PushError
from jupyter_prodkit.push.pickling import pickle_model
from jupyter_prodkit.push.raw_rows import RawRows, some_rows
from jupyter_prodkit.runtime import ArraySchema, Column, FrameSchema, Schema, ServingError, compare

__all__ = ["Captured", "Exported", "LiveSchema", "capture", "check_live"]

_GOLDEN_ROWS = 10
_SAMPLED_ROWS = 200


@dataclass(frozen=True, slots=True)
class Exported:
    """What the release record says of the package."""

    package: str
    names: Mapping[str, str]
    """Name → the module of the package that defines it."""
    features: str | None
    """`package.module:features`, where that was exported."""
    predict: str | None

    @property
    def modules(self) -> Mapping[str, str]:
        """Name → the full name of the module that defines it."""
        return {name: f"{self.package}.{module}" for name, module in self.names.items()}


@dataclass(frozen=True, slots=True)
class LiveSchema:
    """The schema of all raw rows that the kernel holds, each column by itself: those not needed may be of any type."""

    columns: Mapping[str | int, Column | ServingError]
    array: ArraySchema | None = None

    def of(self, names: tuple[str | int, ...]) -> Schema:
        """Return the schema of these columns. Raises PushError where the service can't take one of them."""
        if self.array is not None:
            return self.array
        chosen = [self.columns[name] for name in names]
        for column in chosen:
            if isinstance(column, ServingError):
                raise PushError(column.message, column.hint)
        return FrameSchema(columns=tuple(column for column in chosen if isinstance(column, Column)))


@dataclass(frozen=True, slots=True)
class Captured:
    """What was taken."""

    model: bytes
    model_class: str
    schema: LiveSchema
    rows: Any
    """A few raw rows; with the predictions they become the release's golden rows."""
    sample: Any
    """More of them, to measure which columns matter."""
    predictions: Any
    """What the live model said about `rows`, ready for JSON."""


def check_live(namespace: Mapping[str, Any], name: str, models: frozenset[str], exported: Exported) -> None:
    """Raise PushError where the kernel lacks what predicting takes: the model, and the functions that were exported."""
    if name not in namespace:
        known = ", ".join(f"`{model}`" for model in sorted(models)) or "none"
        raise PushError(f"There is no `{name}` in the kernel.", f"Names with a `predict` method: {known}.")
    for function in ("features", "predict"):
        if getattr(exported, function) is not None and not callable(namespace.get(function)):
            raise PushError(f"The function `{function}` is exported, but the kernel does not hold it.", "Run its cell.")
    if exported.predict is not None:
        _check_takes_two(namespace["predict"])
    elif not callable(getattr(namespace[name], "predict", None)):
        kind = type(namespace[name]).__name__
        raise PushError(f"`{name}` is a {kind}, which has no `predict` method.", "Name a fitted model.")
    elif isinstance(namespace[name], type):
        raise PushError(f"`{name}` is a class, not a model made of it.", "Name a fitted model.")


def _check_takes_two(predict: Callable[..., Any]) -> None:
    try:
        inspect.signature(predict).bind(None, None)
    except TypeError as error:
        raise PushError(
            f"The exported function `predict` is called as predict(model, inputs), and does not take that: {error}.",
            "Give it these two arguments, or give the function another name.",
        ) from error
    except ValueError:
        return  # written in C: it can't say what it takes


def capture(namespace: Mapping[str, Any], name: str, raw: RawRows, exported: Exported) -> Captured:
    """Take the model called `name` with what its raw rows are like; leaves the random streams as they were.

    Call it between the user's cells. Raises PushError where the model can't be pickled or can't predict.
    """
    model, table = namespace[name], raw.value(namespace)
    rows, sample = some_rows(table, _GOLDEN_ROWS), some_rows(table, _SAMPLED_ROWS)
    with _random_streams_kept():
        pickled = pickle_model(model, exported.modules, namespace)  # as it is, before a prediction fills its caches
        predictions = _predictions(namespace, model, rows, raw, exported)
    return Captured(pickled, type(model).__name__, _live_schema(table), rows, sample, predictions)


def _predictions(namespace: Mapping[str, Any], model: Any, rows: Any, raw: RawRows, exported: Exported) -> Any:
    from jupyter_prodkit.runtime.predictions import to_jsonable

    def predict() -> Any:
        inputs = rows.copy() if exported.features is None else namespace["features"](rows.copy())
        return to_jsonable(model.predict(inputs) if exported.predict is None else namespace["predict"](model, inputs))

    try:
        first, again = predict(), predict()
    except Exception as error:
        raise PushError(
            f"The model can't predict rows of `{raw.text}` in this kernel: {type(error).__name__}: {error}",
            "Is it fitted, and are these its raw rows? --example NAME names others.",
        ) from error
    difference = compare(first, again).first_difference
    if difference is not None:
        raise PushError(
            f"The model predicts the same rows otherwise each time: {difference}.",
            "Seed it, or draw nothing when it predicts; what a service answers could not be proved otherwise.",
        )
    return first


def _live_schema(table: Any) -> LiveSchema:
    from jupyter_prodkit.runtime import infer_schema

    names = list(getattr(table, "columns", ()))
    plain = all(type(name) in {str, int} for name in names) and len(set(map(str, names))) == len(names)
    try:
        if not names or not plain:  # an array, or names that no request could carry: that is said at once
            whole = infer_schema(table)
            return LiveSchema({}, whole if isinstance(whole, ArraySchema) else None)
    except ServingError as error:
        raise PushError(error.message, error.hint) from error
    return LiveSchema({name: _column(table, name) for name in names})


def _column(table: Any, name: str | int) -> Column | ServingError:
    from jupyter_prodkit.runtime import infer_schema

    try:
        schema = infer_schema(table[[name]])
    except ServingError as error:
        return error
    assert isinstance(schema, FrameSchema)
    return schema.columns[0]


@contextmanager
def _random_streams_kept() -> Iterator[None]:
    """Put back the global streams of Python, NumPy and PyTorch, as far as they are loaded."""
    states: list[tuple[Callable[[Any], None], Any]] = [(random.setstate, random.getstate())]
    numpy_random: Any = sys.modules.get("numpy.random")
    torch: Any = sys.modules.get("torch")
    if numpy_random is not None:
        states.append((numpy_random.set_state, numpy_random.get_state()))
    if torch is not None:
        states.append((torch.set_rng_state, torch.get_rng_state()))
    try:
        yield
    finally:
        for put_back, state in states:
            put_back(state)
