"""The report for people: as text and as HTML."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import msgspec
import pytest
from reports import CHURN, EVIL, FILE_ONLY, TWICE, churn, many, page, report

from jupyter_prodkit.check.formats.html import report_html
from jupyter_prodkit.check.formats.outcome import Checked, NotChecked
from jupyter_prodkit.check.formats.text import closing_text, outcome_text, report_text
from jupyter_prodkit.check.formats.wording import expected
from jupyter_prodkit.check.report import PlannedRun

VOID = {"br", "hr", "img", "input", "meta"}


class Page(HTMLParser):
    """Reads HTML strictly: every element that is opened is closed, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.said = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        assert not [name for name, _ in attrs if name.startswith("on")]
        self.links += [value or "" for name, value in attrs if name == "href"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, _):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.said += data


def test_the_text_says_verdict_plan_and_findings_with_cause_and_fix():
    """Who sees no HTML misses nothing."""
    assert report_text(churn(), CHURN).splitlines() == [
        "1 cell would change on Restart & Run All.",
        "  1 reproduced · 1 would change · 1 unverified",
        "  Run again, in this order: cell 1, cell 2, cell 3 (1.8 s, and what 1 cell without a run so far may take)",
        "  ▲ cell 2: Run more than once, and it changes its own input  [hidden-state/run-twice]",
        "      `df` is 714 rows × 12 columns; a clean run gives 891 rows × 12 columns.",
        "      → Run the cell that makes `df` again, then this one once.",
        "  ■ cell 3: Draws without a seed  [randomness/unseeded]",
        "  ○ Judged from the saved file alone  [hidden-state/file-only]",
        "  ○ In the kernel, though no cell makes them: scratch",
    ]


def test_a_reason_is_told_where_no_finding_speaks_of_the_cell_and_once_for_all_that_share_it():
    """Nobody is left to guess why a cell can't be vouched for, and nobody reads the same reason ten times."""
    told = report("unverified", "unverified", "unverified", reasons=("It needs the network.",) * 3, findings=(TWICE,))
    for shown in (report_text(told, CHURN), Page(report_html(told, CHURN)).said):
        assert shown.count("It needs the network.") == 1
        assert re.search(r"[Cc]ells 1 and 3, unverified", shown)


def test_the_html_says_the_same_as_the_text():
    """Verdict, plan with seconds, findings with cause, fix and rule, orphans."""
    said = Page(report_html(churn(), CHURN)).said
    for words in (
        "1 cell would change on Restart & Run All.",
        "1.8 s, and what 1 cell without a run so far may take",
        "1 blocker",
        "Run more than once, and it changes its own input",
        "714 rows × 12 columns; a clean run gives 891 rows",
        "Run the cell that makes df again",
        "hidden-state/run-twice",
        "1 warning",
        "1 note",
        "scratch",
    ):
        assert words in said
    places = [said.index(words) for words in ("Run again", "1 blocker", "1 warning", "1 note", "scratch")]
    assert places == sorted(places)


@pytest.mark.parametrize("field", ["message", "because", "fix", "rule", "names", "cell_id"])
def test_whatever_stands_in_the_notebook_is_text(field):
    """A name, a path or a value can't put markup into the page, in the report or in the map."""
    evil = msgspec.structs.replace(TWICE, **{field: (EVIL,) if field == "names" else EVIL})
    cells = tuple(replace(cell, source=f"x = '{EVIL}'") for cell in CHURN.cells)
    shown = report("diverges", "diverges", "failed", findings=(evil,), reasons=(EVIL,) * 3)
    text = report_html(shown, replace(CHURN, cells=cells, path=CHURN.path.with_name(f"{EVIL.replace('/', '')}.ipynb")))
    read = Page(text)
    assert not {"img", "b", "script", "iframe"} & set(read.tags)
    assert "<script" not in text
    if field in {"message", "because", "fix"}:
        assert "<img src=x onerror=alert(1)>" in read.said


def test_a_finding_leads_to_its_cell():
    """The link is JupyterLab's own kind: the notebook's file and the cell's id, both encoded."""
    odd = page("1", "2", path="two words & more.ipynb")
    shown = report("diverges", "diverges", findings=(TWICE,))
    assert "two%20words%20%26%20more.ipynb#cell-id=b" in Page(report_html(shown, odd)).links


def test_a_cell_that_is_gone_is_named_so_and_leads_nowhere():
    """A deleted cell can't be gone to."""
    gone = report("diverges", "diverges", findings=(msgspec.structs.replace(TWICE, cell_id="zz"),))
    assert "a cell that is no longer on the page" in report_text(gone, CHURN)
    assert Page(report_html(gone, CHURN)).links == []


def test_many_notes_are_folded_away_and_few_are_not():
    """What matters is seen first."""
    assert "details" not in Page(report_html(report("reproduced", findings=(FILE_ONLY,) * 5), CHURN)).tags
    assert "details" in Page(report_html(report("reproduced", findings=(FILE_ONLY,) * 6), CHURN)).tags


def test_where_styles_are_stripped_the_map_is_not_left_behind_as_a_heap_of_words():
    """An untrusted notebook shows the report without pictures: the counts stand there as text instead."""
    text = report_html(churn(), CHURN)
    assert re.search(r'<div class="prodkit-figure" hidden style="display:none"><svg', text)
    assert "1 reproduced · 1 would change · 1 unverified" in Page(text).said


def test_one_cell_or_none_needs_no_map():
    """An empty page and a single cell get their sentence."""
    empty = msgspec.structs.replace(report(), verdict="unverified")
    assert "There is no code on the page to judge." in Page(report_html(empty, page())).said
    assert 'role="img"' not in report_html(report("reproduced"), page("1"))


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        ((), ""),
        ((None,), ""),
        ((0.01, 0.02), "under 0.1 s"),
        ((1.2, 0.04), "about 1.2 s"),
        ((40.0, 20.4), "about 60 s"),
        ((600.0,), "about 10 min"),
        ((2.0, None, None), "2.0 s, and what 2 cells without a run so far may take"),
    ],
)
def test_a_plan_says_how_long_it_should_take(seconds, told):
    """From an eyeblink to a coffee, and honest about cells that never ran."""
    assert expected([PlannedRun(cell_id="a", seconds=one) for one in seconds]) == told


def test_several_notebooks_are_headed_by_their_places_and_summed_up():
    """One that could not be checked stands among the others."""
    good = Checked(msgspec.structs.replace(report("reproduced"), verdict="reproducible"), CHURN, "a/churn.ipynb")
    bad = NotChecked("b/broken.ipynb", "b/broken.ipynb is not a notebook.", "Open it.")
    assert outcome_text(good).startswith("a/churn.ipynb: Reproducible")
    assert outcome_text(bad) == "b/broken.ipynb is not a notebook.\n  Open it."
    assert closing_text([good, bad]) == "2 notebooks: 1 reproducible, 1 could not be checked."


def test_a_thousand_cells_are_shown_in_an_instant():
    """The report costs no more than the check."""
    shown, notebook = many(1000, trouble_every=50)
    assert len(report_html(shown, notebook)) < 400_000
