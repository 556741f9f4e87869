"""The signature of a step's function: names in, names out, each with its type where that is known."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from itertools import pairwise

from jupyter_prodkit.export.code_blocks import function_text
from jupyter_prodkit.export.imports import PageImports
from jupyter_prodkit.export.statements import Statement
from jupyter_prodkit.export.step_functions import StepFunction

__all__ = ["step_text"]


def step_text(step: StepFunction, imports: PageImports, types: Mapping[tuple[str, str], str]) -> str:
    """Return the text of a step's function; `types` has the qualified type of each value, by step and name."""
    by_name = {name: kind for (_, name), kind in types.items()}
    parameters = [f"{name}: {_annotation(by_name.get(name), imports)}" for name in step.inputs]
    results = [_annotation(types.get((step.step, name)), imports) for name in step.outputs]
    return function_text(
        name=step.name,
        parameters=parameters,
        returns=_returns(results),
        docstring=f"{_sentence(step)} ({step.labels} of the notebook).",
        statements=_spaced(step.statements),
        result=step.outputs,
    )


def _spaced(statements: Sequence[Statement]) -> list[str]:
    """The statements' texts, with an empty line where there was one and where another cell begins."""
    texts = [one.text for one in statements]
    texts[:1] = [text.lstrip("\n") for text in texts[:1]]
    for place, (one, other) in enumerate(pairwise(statements), 1):
        if one.cell.cell_id != other.cell.cell_id:
            texts[place] = "\n" + texts[place].lstrip("\n")
    return texts


def _sentence(step: StepFunction) -> str:
    said = {
        "load": "Load the data",
        "features": "Make the features",
        "train": "Train the model",
        "evaluate": "Evaluate the model",
        "predict": "Predict",
    }
    return said.get(step.step, f"Do the step `{step.step}`")


def _returns(results: Sequence[str]) -> str:
    if not results:
        return "None"
    return results[0] if len(results) == 1 else f"tuple[{', '.join(results)}]"


def _annotation(kind: str | None, imports: PageImports) -> str:
    """The code that names a type, by what the page imports; `Any` where it has no name for it."""
    if kind is None:
        return "Any"
    module, _, name = kind.rpartition(".")
    if module == "builtins":
        return "None" if name == "NoneType" else name if hasattr(builtins, name) else "Any"
    for bound, lines in imports.statements.items():
        line = lines[-1]
        if bound == name and line.startswith(f"from {module.partition('.')[0]}"):
            return name
    for bound, lines in imports.statements.items():
        line = lines[-1].partition(" as ")[0]
        if line == f"import {module.partition('.')[0]}" and kind in _PUBLIC:
            return f"{bound}.{_PUBLIC[kind]}"
    return "Any"


_PUBLIC = {
    "pandas.core.frame.DataFrame": "DataFrame",
    "pandas.DataFrame": "DataFrame",
    "pandas.core.series.Series": "Series",
    "pandas.Series": "Series",
    "pandas.core.indexes.base.Index": "Index",
    "numpy.ndarray": "ndarray",
    "numpy.float64": "float64",
    "numpy.int64": "int64",
    "polars.dataframe.frame.DataFrame": "DataFrame",
}
"""Where the classes of widely used libraries really live, and how they are called."""
