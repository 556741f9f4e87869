"""The trial: in a new process, the pickled model and the exported package predict the rows that the notebook predicted.

Run as `python -m jupyter_prodkit.push.trial FILE`, where FILE is a pickled `Trial`; prints a JSON `Verdict`.
"""

from __future__ import annotations

import importlib
import pickle
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from jupyter_prodkit.runtime.golden import compare

__all__ = ["Trial", "TrialVerdict", "main"]


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried."""

    model: bytes
    rows: Any
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
    """The columns without which the predictions can't be made, or come out otherwise."""
    unneeded: tuple[str | int, ...] = ()


def try_out(trial: Trial) -> TrialVerdict:
    """Predict the rows as the service would, then once more without each column in turn."""
    from jupyter_prodkit.runtime.predictions import to_jsonable

    try:
        model = pickle.loads(trial.model)  # noqa: S301 - made by the kernel that started this process
        features, predictor = _resolve(trial.features), _resolve(trial.predict)
    except Exception as error:  # noqa: BLE001 - whatever it is, it would stop the service too
        return TrialVerdict(error=f"{type(error).__name__}: {error}")

    def predict(rows: Any) -> Any:
        inputs = rows if features is None else features(rows)
        return to_jsonable(model.predict(inputs) if predictor is None else predictor(model, inputs))

    try:
        comparison = compare(trial.predictions, predict(trial.rows.copy()))
    except Exception as error:  # noqa: BLE001 - the same
        return TrialVerdict(error=f"{type(error).__name__}: {error}")
    if not comparison.equal:
        return TrialVerdict(difference=comparison.first_difference or "")
    if not hasattr(trial.rows, "columns"):
        return TrialVerdict()
    unneeded = _unneeded(trial, predict)
    columns = tuple(column for column in trial.rows.columns if column not in unneeded)
    return TrialVerdict(columns=columns, unneeded=tuple(unneeded))


def _unneeded(trial: Trial, predict: Any) -> Sequence[Any]:
    """Columns that can all be left out together; measured, as no reading of the code could tell."""

    def same_without(columns: Sequence[Any]) -> bool:
        try:
            return bool(compare(trial.predictions, predict(trial.rows.drop(columns=list(columns)))).equal)
        except Exception:  # noqa: BLE001 - it can't do without, in whatever way it says so
            return False

    found: list[Any] = []
    for column in trial.rows.columns:
        if len(found) + 1 < len(trial.rows.columns) and same_without([*found, column]):
            found.append(column)
    return found


def _resolve(target: str | None) -> Any:
    if target is None:
        return None
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)


def main() -> int:
    """Try what the named file holds; what user code prints goes to stderr, out of the answer's way."""
    answer, sys.stdout = sys.stdout, sys.stderr
    trial = pickle.loads(Path(sys.argv[1]).read_bytes())  # noqa: S301 - made by the kernel that started this process
    answer.write(msgspec.json.encode(try_out(trial)).decode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
