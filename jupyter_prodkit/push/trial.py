"""The trial: in a new process, the pickled model and the exported package predict the rows that the notebook predicted.

Run as `python -m jupyter_prodkit.push.trial REQUEST ANSWER`: reads a pickled `Trial`, writes a JSON `TrialVerdict`.
"""

from __future__ import annotations

import copy
import importlib
import pickle
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from jupyter_prodkit.files import write_file
from jupyter_prodkit.runtime.golden import compare

__all__ = ["Trial", "TrialVerdict", "main", "try_out"]

_TO_MEASURE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried."""

    model: bytes
    rows: Any
    sample: Any
    """More rows, to measure with which columns matter."""
    predictions: Any
    """What the notebook's model said about `rows`, ready for JSON."""
    features: str | None
    predict: str | None


class TrialVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it."""

    error: str = ""
    difference: str = ""
    """The first difference from the notebook's predictions; empty where there is none."""
    columns: tuple[str | int, ...] = ()
    """The columns without which the predictions can't be made, or might come out otherwise."""
    unneeded: tuple[str | int, ...] = ()
    idle: tuple[str | int, ...] = ()
    """Columns that `features` asks for and makes nothing of: their values don't matter."""


def try_out(trial: Trial) -> TrialVerdict:
    """Predict the rows as the service would, then measure which columns that takes."""
    from jupyter_prodkit.runtime.predictions import to_jsonable  # needs numpy, which the kernel may lack

    try:
        model = pickle.loads(trial.model)  # noqa: S301 - made by the kernel that started this process
        features, predictor = _resolve(trial.features), _resolve(trial.predict)

        def outcome(rows: Any) -> tuple[Any, Any]:
            inputs = rows if features is None else features(rows)
            kept = None if features is None else copy.deepcopy(inputs)  # predict may change them
            return kept, to_jsonable(model.predict(inputs) if predictor is None else predictor(model, inputs))

        comparison = compare(trial.predictions, outcome(trial.rows.copy())[1])
    except Exception as error:  # noqa: BLE001 - whatever it is, it would stop the service too
        return TrialVerdict(error=f"{type(error).__name__}: {' '.join(str(error).split())}")
    if not comparison.equal:
        return TrialVerdict(difference=comparison.first_difference or "")
    if not hasattr(trial.rows, "columns"):
        return TrialVerdict()
    return _measured(trial, outcome)


def _measured(trial: Trial, outcome: Callable[[Any], tuple[Any, Any]]) -> TrialVerdict:
    """Leave out each column in turn: no reading of the code could tell as well what matters.

    Where there is a `features`, what it makes must come out the same to the last bit: predictions alone, labels
    above all, may hide a difference. What the time is too short for is taken to be needed.
    """
    until = time.monotonic() + _TO_MEASURE_SECONDS

    def same(rows: Any) -> bool:
        if time.monotonic() > until:
            return False
        try:
            return _equal(expected, outcome(rows))
        except Exception:  # noqa: BLE001 - it can't do with that, in whatever way it says so
            return False

    try:
        expected = outcome(trial.sample.copy())
    except Exception:  # noqa: BLE001 - it did predict the few rows; then all columns are taken to be needed
        return TrialVerdict(columns=tuple(trial.rows.columns))
    unneeded: list[Any] = []
    for column in trial.sample.columns[::-1]:
        if len(unneeded) + 1 < len(trial.sample.columns) and same(_without(trial.sample, [*unneeded, column])):
            unneeded.append(column)
    columns = tuple(column for column in trial.rows.columns if column not in unneeded)
    needed = _without(trial.sample, unneeded)
    mixed = {column: _mixed(needed, column) for column in columns} if trial.features else {}
    idle = [column for column, rows in mixed.items() if not rows.equals(needed) and same(rows)]
    return TrialVerdict(
        columns=columns, unneeded=tuple(c for c in trial.rows.columns if c in unneeded), idle=tuple(idle)
    )


def _without(rows: Any, columns: Sequence[Any]) -> Any:
    return rows.drop(columns=list(columns))


def _mixed(rows: Any, column: Any) -> Any:
    """The rows with the values of one column moved down by one, the last to the top."""
    mixed = rows.copy()
    mixed[column] = rows[column].iloc[[-1, *range(len(rows) - 1)]].array
    return mixed


def _equal(expected: tuple[Any, Any], got: tuple[Any, Any]) -> bool:
    made, predicted = expected
    if made is None:
        return bool(compare(predicted, got[1]).exact)
    if hasattr(made, "equals"):
        return bool(made.equals(got[0])) and bool(compare(predicted, got[1]).exact)
    return pickle.dumps(made) == pickle.dumps(got[0]) and bool(compare(predicted, got[1]).exact)


def _resolve(target: str | None) -> Any:
    if target is None:
        return None
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)


def main() -> int:
    """Try what the first file holds, and answer in the second."""
    request, answer = map(Path, sys.argv[1:])
    trial = pickle.loads(request.read_bytes())  # noqa: S301 - made by the kernel that started this process
    write_file(answer, msgspec.json.encode(try_out(trial)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
