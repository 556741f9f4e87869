"""Every rule is in the catalogue, has its page, and is in the index."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from jupyter_prodkit.check.report import Severity
from jupyter_prodkit.check.rules.catalogue import CATALOGUE

ROOT = Path(__file__).parents[3]
PAGES = ROOT / "docs" / "rules"
FAMILIES = {rule.family for rule in CATALOGUE.values()}
RULE_ID = re.compile(rf"(?:{'|'.join(sorted(FAMILIES))})/[a-z-]+")
NAME = re.compile(r"[a-z]+(?:-[a-z]+)*")


def literals(tree):
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def ids_in_code():
    """Every rule id that the code of the check writes out, or puts together from a family and a name."""
    found = set()
    for file in (ROOT / "jupyter_prodkit" / "check").rglob("*.py"):
        if file.name == "catalogue.py":
            continue
        texts = literals(ast.parse(file.read_text(encoding="utf-8")))
        found |= {text for text in texts if RULE_ID.fullmatch(text)}
        for family in FAMILIES & {text.removesuffix("/") for text in texts if text.endswith("/")}:
            found |= {f"{family}/{text}" for text in texts if NAME.fullmatch(text) and f"{family}/{text}" in CATALOGUE}
            # A name with a hyphen beside a family is a rule's name.
            found |= {f"{family}/{text}" for text in texts if NAME.fullmatch(text) and "-" in text}
    return found


def test_the_catalogue_has_what_the_rules_can_find_and_nothing_else():
    assert ids_in_code() == set(CATALOGUE)


def test_every_rule_has_its_page_and_every_page_its_rule():
    pages = {page.relative_to(PAGES).with_suffix("").as_posix() for page in PAGES.rglob("*/*.md")}
    assert pages == set(CATALOGUE)


@pytest.mark.parametrize("rule", CATALOGUE.values(), ids=lambda rule: rule.id)
def test_a_page_says_why_shows_an_example_and_a_fix(rule):
    text = (ROOT / rule.page).read_text(encoding="utf-8")
    assert text.startswith(f"# {rule.id}\n\n{rule.summary}\n")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Why", "Example", "Fix"]
    assert f"**Severity:** {rule.severity}" in text


def test_the_index_lists_each_rule_once():
    rows = re.findall(r"^\| \[`(\S+)`\]\((\S+)\) \| (\w+) \| (.*) \|$", (PAGES / "README.md").read_text(), re.MULTILINE)
    wanted = [(one.id, f"{one.id}.md", one.severity, one.summary) for one in CATALOGUE.values()]
    assert rows == wanted


def test_severities_are_those_of_the_report():
    assert {rule.severity for rule in CATALOGUE.values()} <= set(Severity.__args__)
