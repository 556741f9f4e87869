"""What tools make of real notebooks' marked cells: does it build, import cleanly, and give the notebook's values?

    python benchmarks/exporting.py [--docs] [--product CHECKOUT] [--tools prodkit,nbdev,nbdev-all,soorgeon,jupytext]

The first run makes the corpus, runs each notebook and makes the tools' environments, outside the repository; what was
measured is kept under a label. docs/benchmarks.md says what the figures mean.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

from checkout import CACHE, ROOT, described, write_docs
from exported import tables, tools
from exported.corpus import code_cells, fetch_debian, notebooks
from exported.environments import Environments
from exported.marking import chosen, digest, read_marks, write_marks
from exported.measuring import Figures, leave_nothing, measure
from exported.truth import find_truth
from hidden_state.setting import DEFAULT_HARNESS, DEFAULT_WORK, Setting

KEEP = "results"


def main() -> None:
    """Measure, print, and with `--docs` write into docs/benchmarks.md."""
    given = _arguments()
    if given.table:
        _show(given, _kept(given))
        return
    setting = Setting(given.harness.resolve(), given.corpus_work.resolve())
    if not (setting.corpus / "complete").exists():
        setting.prepare()
    debian = given.work / "debian"
    fetch_debian(debian)
    found = notebooks(setting.corpus, debian)
    if given.mark:
        write_marks(chosen({name: code_cells(path) for name, path in found.items()}))
        return
    environments = Environments(given.work / "environments", setting.harness / "hsbench" / "requirements.txt")
    try:
        figures = list(_measured(given, environments, found))
    finally:
        leave_nothing(given.work / "runs")
    _show(given, figures)


def _show(given: argparse.Namespace, figures: list[Figures]) -> None:
    text = _text(figures, given.product)
    print(text)
    if given.out:
        given.out.write_text(text, encoding="utf-8")
    if given.docs:
        write_docs("exporting", text)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--work", type=Path, default=CACHE / "exporting", help="where environments and results are kept"
    )
    parser.add_argument(
        "--corpus-work", type=Path, default=DEFAULT_WORK, help="where the accuracy benchmark keeps the corpus"
    )
    parser.add_argument("--harness", type=Path, default=DEFAULT_HARNESS, help="what makes the corpus")
    parser.add_argument("--product", type=Path, default=ROOT, help="the checkout of jupyter-prodkit that is measured")
    parser.add_argument(
        "--product-options", default="", help="further options of `prodkit export`, separated by blanks"
    )
    parser.add_argument("--tools", default=",".join(tools.TOOLS), help="which tools (default: %(default)s)")
    parser.add_argument(
        "--notebooks", default="", help="only notebooks whose names hold one of these, separated by commas"
    )
    parser.add_argument("--label", default="now", help="results are kept under this name and not measured twice")
    parser.add_argument("--fresh", action="store_true", help="measure again what the label has")
    parser.add_argument("--table", action="store_true", help="measure nothing, show what the label has")
    parser.add_argument(
        "--mark", action="store_true", help="choose notebooks and mark their cells, once; measure nothing"
    )
    parser.add_argument("--out", type=Path, help="also write the tables there")
    parser.add_argument("--docs", action="store_true", help="write the tables into docs/benchmarks.md")
    given = parser.parse_args()
    given.work = given.work.resolve()
    return given


def _measured(given: argparse.Namespace, environments: Environments, found: Mapping[str, Path]):  # noqa: ANN202
    ready: dict[str, tools.Tool] = {}
    makers = _makers(given, environments)
    for name, marks in read_marks().items():
        if not any(one in name for one in given.notebooks.split(",")):
            continue
        if name not in found:
            sys.exit(f"The corpus has no notebook {name}: the marks are of another one.")
        sources = code_cells(found[name])
        moved = [mark.cell for mark in marks if digest(sources[mark.cell]) != mark.digest]
        if moved:
            sys.exit(f"Cells {moved} of {name} are not the ones that were marked.")
        truth = find_truth(environments.notebook, name, sources, marks, given.work / "truth")
        for tool in given.tools.split(","):
            kept = _place(given, name, tool)
            if kept.exists() and not given.fresh:
                yield _read(kept)
                continue
            if tool not in ready:
                ready[tool] = tools.Tool(tool, makers[tool]())
            folder = given.work / "runs" / f"{name}-{tool}"
            one = measure(environments, ready[tool], found[name], sources, marks, truth, folder)
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(json.dumps(asdict(one), indent=1), encoding="utf-8")
            equal = sum(how in {"equal", "close"} for how in one.values.values())
            print(
                f"{name} {tool}: {equal} of {len(one.values)} equal; {one.failed or one.no_wheel or 'built'}",
                file=sys.stderr,
            )
            yield one


def _makers(given: argparse.Namespace, environments: Environments) -> dict[str, Callable[[], Callable]]:
    return {
        "prodkit": lambda: tools.prodkit(environments, given.product, given.product_options.split()),
        "nbdev": lambda: tools.nbdev(environments, everything=False),
        "nbdev-all": lambda: tools.nbdev(environments, everything=True),
        "soorgeon": lambda: tools.soorgeon(environments),
        "jupytext": lambda: tools.jupytext(environments),
    }


def _place(given: argparse.Namespace, notebook: str, tool: str) -> Path:
    """Where figures are kept; other tools' figures don't depend on the label."""
    return given.work / KEEP / (given.label if tool == "prodkit" else "others") / f"{notebook}-{tool}.json"


def _kept(given: argparse.Namespace) -> list[Figures]:
    paths = [_place(given, name, tool) for name in read_marks() for tool in given.tools.split(",")]
    return [_read(path) for path in paths if path.exists()]


def _read(path: Path) -> Figures:
    return Figures(**json.loads(path.read_text("utf-8")))


def _text(figures: list[Figures], product: Path) -> str:
    marks = read_marks()
    cells = sum(len(its) for its in marks.values())
    measured = len({one.notebook for one in figures})
    lines = [
        f"{measured} of the {len(marks)} marked notebooks, {cells} marked cells; jupyter-prodkit {described(product)}.",
        "",
        *tables.summary(figures),
        "",
        f"Values left out, for all tools alike: {tables.left_out(figures)}.",
        "",
        *tables.failures(figures),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
