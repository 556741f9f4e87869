"""Models and steps that the tests serve; the service's own process imports them from here."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

import pandas as pd


class Sleepy:
    """Takes as many seconds as its first row says, and predicts them."""

    def predict(self, rows: pd.DataFrame) -> Any:
        time.sleep(float(rows["seconds"].iloc[0]))
        return rows["seconds"].to_numpy()


class Moody:
    """Raises for a negative value, leaves the process for one above 100, else predicts the value."""

    def predict(self, rows: pd.DataFrame) -> Any:
        if (rows["value"] < 0).any():
            raise ValueError(f"private: {rows['value'].tolist()}")
        if (rows["value"] > 100).any():
            sys.exit(3)
        return rows["value"].to_numpy()


class Fixed:
    """Predicts the same object whatever the rows are."""

    def __init__(self, predictions: Any) -> None:
        self.predictions = predictions

    def predict(self, _rows: Any) -> Any:
        return self.predictions


class Trap:
    """Unpickling it leaves a file behind: proof that a pickle was run."""

    def __init__(self, mark: str) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return os.mkdir, (self.mark,)


def ratio(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(ratio=rows["a"] / rows["b"])[["ratio"]]


def halved(model: Any, inputs: pd.DataFrame) -> Any:
    return model.predict(inputs) / 2


class Sum:
    """Predicts the sum of each row's numbers."""

    def predict(self, rows: Any) -> Any:
        return rows.sum(axis=1).to_numpy()


NOT_A_FUNCTION = 1
