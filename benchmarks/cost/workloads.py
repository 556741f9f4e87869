"""The cells that are measured: small ones that strain one thing each, and whole notebooks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from checkout import ROOT

__all__ = ["WORKLOADS", "Workload", "notebooks"]


@dataclass(frozen=True)
class Workload:
    """Some cells that run one after the other."""

    name: str
    cells: tuple[str, ...]
    before: tuple[str, ...] = ()
    """Run first and not counted."""
    data: Path | None = None


FIB = "def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)"
LOOP = "total = 0\nfor i in range(1_000_000):\n    total += i"
FRAME = "df = pd.DataFrame(np.ones((2_000_000, 10)), columns=list('abcdefghij'))"
TEXTS = "texts = pd.DataFrame({'t': [f'text {n}' for n in range(1_000_000)]})"
NUMPY, PANDAS = "import numpy as np", "import numpy as np, pandas as pd\npd.Series(['a', 'b']).str.len()"

WORKLOADS = (
    Workload("50 one-line cells", tuple(f"x{n} = {n}" for n in range(50)), ("1",)),
    Workload("1e6-step loop at top level, 5 times", (LOOP,) * 5, ("1",)),
    Workload("fib(24), 5 times", (FIB, *("y = fib(24)",) * 5, "y"), ("1",)),
    Workload(
        "200k dicts alive, 10 trivial cells",
        ("rows = [{'a': i, 'b': str(i)} for i in range(200_000)]", *(f"x{n} = {n}" for n in range(10))),
        ("1",),
    ),
    Workload(
        "DataFrame 2M × 10, means and one write",
        (FRAME, *(f"m{n} = df['{c}'].mean()" for n, c in enumerate("abcdefghij")), "df['a'] = 0", "df.shape"),
        (PANDAS,),
    ),
    Workload(
        "400 MB ndarray, reads and one write",
        ("a = np.ones(50_000_000)", *(f"v{n} = a[{n}]" for n in range(10)), "a[0] = 2", "a[0]"),
        (NUMPY,),
    ),
    Workload(
        "column of 1M texts",
        (TEXTS, "texts['u'] = texts['t'].str.upper()", "n = len(texts)", "texts.head(2)", "texts['u'].iloc[-1]"),
        (PANDAS,),
    ),
    Workload(
        "200 small containers alive",
        ("\n".join(f"l{n} = list(range(100))" for n in range(200)), *(f"x{n} = {n}" for n in range(20))),
        ("1",),
    ),
)


def notebooks(corpus: Path, limit: int | None) -> Iterator[Workload]:
    """The corpus's notebooks as far as they are there, then ours; every cell counts, imports too."""
    listed = corpus / "splits.json"
    names = sorted(json.loads(listed.read_text(encoding="utf-8"))) if listed.exists() else []
    for name in names[:: max(1, len(names) // limit)][:limit] if limit else names:
        described = json.loads((corpus / f"{name}.meta.json").read_text(encoding="utf-8"))
        data = corpus / "data" / described["data"] if described.get("data") else None
        yield Workload(name.replace("__", ": "), tuple(sources(corpus / f"{name}.ipynb")), data=data)
    demo = list(sources(ROOT / "binder" / "demo.ipynb"))
    end = next(place for place, source in enumerate(demo) if source.startswith("%prod"))
    yield Workload("our demo's first half", tuple(demo[:end]))


def sources(notebook: Path) -> Iterator[str]:
    """Of the code cells, in order."""
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            yield "".join(cell["source"])
