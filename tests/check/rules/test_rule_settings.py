"""Switching rules off: by `[tool.prodkit]`, and by a mark on the cell."""

from __future__ import annotations

from pathlib import Path

import pytest
from asking import page, report_on

from jupyter_prodkit.check.check import check_file
from jupyter_prodkit.check.settings import Settings, read_settings
from jupyter_prodkit.errors import ProdkitError
from jupyter_prodkit.notebook.document import Cell, Notebook

HOME = "open('/home/me/data.csv')"
DRAW = "import random\nrandom.random()"


def write(folder, text):
    (folder / "pyproject.toml").write_text(text)


def rules(report):
    return {one.rule for one in report.findings}


def test_nothing_is_said(tmp_path):
    assert read_settings(tmp_path) == Settings()


def test_the_nearest_file_that_speaks_of_us_counts(tmp_path):
    """One without our table is as none; one further up is not asked."""
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    write(tmp_path, '[tool.prodkit]\nfail-on = "note"')
    write(tmp_path / "a", '[tool.prodkit]\nignore = ["paths/*"]\nfail-on = "warning"')
    for text in ("[tool.ruff]\nline-length = 3", "[tool.prodkit.data]\nrevision = '0'"):  # the last as an export has it
        write(inner, text)
        assert read_settings(inner) == Settings(("paths/*",), "warning")


def test_what_is_written_anew_is_read_anew(tmp_path):
    write(tmp_path, "[tool.prodkit]")
    assert read_settings(tmp_path) == Settings()
    write(tmp_path, '[tool.prodkit]\nignore = ["secrets/url"]')
    assert read_settings(tmp_path) == Settings(("secrets/url",))


@pytest.mark.parametrize(
    ("text", "says", "hint"),
    [
        ("[tool.prodkit", "can't be read", "Mend the file"),
        ("tool = 3\n[a]", "", ""),
        ("[tool]\nprodkit = 3", "is no table", "[tool.prodkit]"),
        ('[tool.prodkit]\nignored = ["a"]', "`ignored`", "`ignore`"),
        ('[tool.prodkit]\nignore = "paths/*"', "no list", "ignore = ["),
        ("[tool.prodkit]\nignore = [3]", "no list", "ignore = ["),
        ('[tool.prodkit]\nignore = ["path/absolute"]', "`path/absolute`", "`paths/absolute`"),
        ('[tool.prodkit]\nignore = ["ugly/*"]', "`ugly/*`", "docs/rules/README.md"),
        ('[tool.prodkit]\nfail-on = "always"', "'always'", "blocker, warning, note"),
        ("[tool.prodkit]\nfail-on = 3", "3", "blocker, warning, note"),
    ],
)
def test_a_mistake_is_told_with_what_to_do(text, says, hint, tmp_path):
    write(tmp_path, text)
    if not says:
        assert read_settings(tmp_path) == Settings()
        return
    with pytest.raises(ProdkitError) as error:
        read_settings(tmp_path)
    assert says in error.value.message
    assert "pyproject.toml" in error.value.message
    assert hint in error.value.hint


def test_a_rule_or_a_family_is_switched_off():
    notebook = page(HOME, DRAW)
    assert rules(report_on(notebook)) >= {"paths/absolute", "randomness/unseeded"}
    assert "paths/absolute" not in rules(report_on(notebook, settings=Settings(("paths/*",))))
    assert "randomness/unseeded" not in rules(report_on(notebook, settings=Settings(("randomness/unseeded",))))


def test_hidden_state_falls_silent_and_counts_all_the_same():
    """What is switched off is what is said: states and verdict are as they were."""
    notebook = page("print(nowhere)")
    loud, silent = report_on(notebook), report_on(notebook, settings=Settings(("hidden-state/*",)))
    assert (loud.verdict, loud.cells) == (silent.verdict, silent.cells)
    assert loud.findings
    assert not silent.findings


def test_a_saved_file_is_judged_by_the_same_settings():
    assert not check_file(page("x = 1"), settings=Settings(("hidden-state/*",))).findings


@pytest.mark.parametrize("source", [HOME, DRAW, "password = 'hunter22'", "!pip install x", "try: f()\nexcept: pass", "def ("])
@pytest.mark.parametrize("by", ["tag", "directive"])
def test_a_cell_that_rules_are_to_skip(source, by):
    """Each rule skips it, and none skips its neighbours."""
    tags = ("prodkit:ignore",) if by == "tag" else ()
    skipped = source if by == "tag" else f"#| ignore\n{source}"
    cells = (Cell("a", 0, "code", skipped, tags), Cell("b", 1, "code", source))
    report = report_on(Notebook(Path("n.ipynb"), cells, from_file=False))
    other = [one for one in report.findings if not one.rule.startswith("hidden-state/")]
    assert other
    assert {one.cell_id for one in other} == {"b"}


def test_hidden_state_does_not_skip_it():
    report = report_on(page("#| ignore\nprint(nowhere)"))
    assert "hidden-state/undefined-name" in rules(report)
