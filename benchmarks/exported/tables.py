"""The figures as tables in Markdown."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from exported.measuring import Figures
from exported.tools import TOOLS

__all__ = ["failures", "left_out", "summary"]

_HEAD = (
    "tool", "notebooks", "wheel builds", "imports clean", "values given", "equal, of those given",
    "equal, of all wanted", "unequal: named / silent", "functions equal, of those called", "comments kept",
    "same bytes again", "seconds, median",
)  # fmt: skip
_NOT_CALLED = ("given", "not given")


def summary(figures: Sequence[Figures]) -> Iterator[str]:
    """Yield one row for each tool."""
    yield f"| {' | '.join(_HEAD)} |"
    yield f"|{'---|' * len(_HEAD)}"
    for tool, its in _by_tool(figures).items():
        values = [how for one in its for how in one.values.values()]
        called = [how for one in its for how in one.functions.values() if how not in _NOT_CALLED]
        given = [how for how in values if not how.startswith("missing")]
        equal = sum(how in {"equal", "close"} for how in values)
        named = sum(how.startswith("unequal, named") for how in values)
        cells = (
            TOOLS[tool], len(its),
            _of(sum(one.builds for one in its), len(its)), _of(sum(one.clean_import for one in its), len(its)),
            _of(len(given), len(values)), _share(equal, len(given)), _share(equal, len(values)),
            f"{named} / {len(given) - equal - named}",
            _share(sum(how in {"equal", "close"} for how in called), len(called)),
            _share(sum(one.comments_kept for one in its), sum(one.comments for one in its)),
            _of(sum(one.same_again for one in its), len(its)), _seconds(its),
        )  # fmt: skip
        yield f"| {' | '.join(map(str, cells))} |"


def failures(figures: Sequence[Figures]) -> Iterator[str]:
    """Yield what went wrong, notebook by notebook, in each tool's own words."""
    for tool, its in _by_tool(figures).items():
        yield f"# {TOOLS[tool]}"
        yield ""
        yield "| notebook | values equal | what went wrong |"
        yield "|---|---|---|"
        for one in its:
            equal = sum(how in {"equal", "close"} for how in one.values.values())
            yield f"| {one.notebook} | {equal} of {len(one.values)} | {_escaped('; '.join(_wrong(one)) or '–')} |"
        yield ""


def _wrong(one: Figures) -> Iterator[str]:
    reasons = dict.fromkeys(
        reason
        for reason in (
            one.failed,
            "" if one.builds else one.no_wheel,
            "" if one.clean_import else f"import: {one.unclean}",
        )
        if reason
    )
    seen = " ".join(reasons)
    yield from reasons
    for name, how in (*one.values.items(), *((f"{n}()", h) for n, h in one.functions.items())):
        if how not in {"equal", "close", *_NOT_CALLED} and how.partition(": ")[2] not in seen:
            yield f"{name} {how}"
    if one.comments_kept < one.comments:
        yield f"{one.comments - one.comments_kept} of {one.comments} comments lost"
    if not one.same_again and one.changed not in seen:
        yield f"again: {one.changed}"


def _by_tool(figures: Sequence[Figures]) -> Mapping[str, list[Figures]]:
    return {tool: its for tool in TOOLS if (its := [one for one in figures if one.tool == tool])}


def left_out(figures: Sequence[Figures]) -> str:
    """Say how many values can't be judged, and why."""
    found = {(one.notebook, name): why for one in figures for name, why in one.left_out.items()}
    counted = Counter(why.partition(":")[0] for why in found.values())
    return "; ".join(f"{count} {why}" for why, count in sorted(counted.items())) or "none"


def _of(count: int, whole: int) -> str:
    return f"{count} of {whole}"


def _share(count: int, whole: int) -> str:
    return f"{100 * count / whole:.1f} % of {whole}" if whole else "none"


def _seconds(its: Sequence[Figures]) -> str:
    from statistics import median

    more = median(one.extra_seconds for one in its)
    return f"{median(one.seconds for one in its):.1f}" + (f" (and {more:.0f} for what it needs)" if more >= 1 else "")


def _escaped(text: str) -> str:
    text = re.sub(r"(?<![:/\w])(/[\w.+-]+){2,}/", "…/", " ".join(text.split())).replace("|", "\\|").replace("<", "&lt;")
    return text if len(text) <= 400 else f"{text[:397]}…"
