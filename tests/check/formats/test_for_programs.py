"""The report for programs: SARIF, GitHub's workflow commands, and where cells stand in a file."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import msgspec
import nbformat
import pytest
from reports import CHURN, TWICE, churn, report

from jupyter_prodkit.check.formats.github import github_lines
from jupyter_prodkit.check.formats.json_text import json_text
from jupyter_prodkit.check.formats.outcome import Checked, NotChecked, cell_lines, place_of, uri_of
from jupyter_prodkit.check.formats.sarif import sarif_log
from jupyter_prodkit.check.rules.catalogue import CATALOGUE

SCHEMA = (
    Path(__file__).parents[3] / "labextension/node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json"
)
BROKEN = NotChecked("b/broken.ipynb", "b/broken.ipynb is not a notebook", "Open it.")


def sarif(*outcomes):
    return json.loads(sarif_log(outcomes))


def checked(shown=None, place="work/churn.ipynb"):
    return Checked(shown or churn(), CHURN, place, lines=(10, 20, 30))


# --- SARIF ------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not SCHEMA.exists(), reason="the schema is there after `jlpm install` in labextension")
@pytest.mark.parametrize(
    "outcomes",
    [
        (),
        (checked(),),
        (checked(), BROKEN, checked(place=str(Path("/elsewhere/ä b.ipynb")))),
        (checked(report("failed", findings=(msgspec.structs.replace(TWICE, rule="made/up", cell_id="gone"),))),),
    ],
    ids=["nothing", "one notebook", "three, one of them broken", "a rule and a cell that nobody knows"],
)
def test_a_log_is_valid_against_the_official_schema(outcomes):
    """What code hosts refuse would be of no use: the schema is OASIS's for 2.1.0."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft4Validator(schema, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER).validate(
        sarif(*outcomes)
    )


def test_a_result_says_rule_level_cause_and_place():
    """The finding stands on the cell's first line in the notebook's file, and the cell is named."""
    result = sarif(checked())["runs"][0]["results"][0]
    assert result["ruleId"] == "hidden-state/run-twice"
    assert result["level"] == "error"
    assert result["message"]["text"] == (
        "Run more than once, and it changes its own input. "
        "`df` is 714 rows × 12 columns; a clean run gives 891 rows × 12 columns. "
        "Run the cell that makes `df` again, then this one once."
    )
    (location,) = result["locations"]
    physical = location["physicalLocation"]
    assert physical["artifactLocation"] == {"uri": "work/churn.ipynb", "uriBaseId": "%SRCROOT%"}
    assert physical["region"] == {"startLine": 20}
    assert location["logicalLocations"] == [{"name": "cell 2", "fullyQualifiedName": "/cells/1", "kind": "object"}]


def test_every_rule_of_the_catalogue_is_described():
    """A code host can show what each rule is about, with the page that explains it."""
    run = sarif(checked())["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert {rule["id"] for rule in rules} >= set(CATALOGUE)
    for rule in rules:
        known = CATALOGUE[rule["id"]]
        assert rule["shortDescription"]["text"] == known.summary
        assert known.page in rule["help"]["text"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]


def test_a_finding_is_known_again_after_lines_have_moved():
    """A code host does not report as new what it has already shown."""
    moved = Checked(churn(), CHURN, "work/churn.ipynb", lines=(11, 25, 31))
    prints = [[r["partialFingerprints"] for r in sarif(one)["runs"][0]["results"]] for one in (checked(), moved)]
    assert prints[0] == prints[1]
    assert len({json.dumps(one) for one in prints[0]}) == len(prints[0])


def test_a_notebook_that_was_not_checked_is_a_notification_and_hides_nothing():
    """The log says that it is not complete, and why."""
    run = sarif(checked(), BROKEN)["runs"][0]
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    (told,) = invocation["toolExecutionNotifications"]
    assert told["message"]["text"] == "b/broken.ipynb is not a notebook. Open it."
    assert len(run["results"]) == 3


# --- GitHub -----------------------------------------------------------------------------------------------------


def test_each_finding_is_one_command_on_one_line():
    """GitHub shows it beside the notebook; blockers are errors, warnings warnings, notes notices."""
    lines = github_lines(checked()).splitlines()
    assert [line.split(" ")[0] for line in lines] == ["::error", "::warning", "::notice", "·"]
    assert lines[0] == (
        "::error file=work/churn.ipynb,line=20,title=prodkit hidden-state/run-twice::"
        "cell 2: Run more than once, and it changes its own input%0A"
        "`df` is 714 rows × 12 columns; a clean run gives 891 rows × 12 columns.%0A"
        "Run the cell that makes `df` again, then this one once."
    )
    assert "line=1," in lines[2]


@pytest.mark.parametrize("text", ["100 %\nof\r\nit", "a::b,c:d", "::set-output name=x::y", "%0A"])
def test_nothing_in_a_notebook_can_end_a_command_or_begin_another(text):
    """A file's name, a message and a value are data."""
    finding = msgspec.structs.replace(TWICE, message=text, because=text)
    lines = github_lines(checked(report("failed", findings=(finding,)), place=f"{text}.ipynb")).splitlines()
    assert len(lines) == 2
    assert sum(line.lstrip().startswith("::") for line in lines) == 1
    head = lines[0].removeprefix("::error ").split("::")[0]
    assert [part.partition("=")[0] for part in head.split(",")] == ["file", "line", "title"]
    decoded = lines[0].split("::", 2)[2]
    for code, sign in (("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        decoded = decoded.replace(code, sign)
    assert text in decoded


def test_a_notebook_that_was_not_checked_is_an_error_of_its_own():
    """CI shows it at the file."""
    assert github_lines(BROKEN) == (
        "::error file=b/broken.ipynb,line=1,title=Not checked::b/broken.ipynb is not a notebook%0AOpen it."
    )


# --- places -----------------------------------------------------------------------------------------------------


def test_the_first_line_of_each_cell_is_found(tmp_path):
    """However the file is laid out, the line is that on which the cell's code begins."""
    cells = [
        nbformat.v4.new_markdown_cell('# "Title" \\ with {brackets} [and] "source": "no"'),
        nbformat.v4.new_code_cell("", outputs=[nbformat.v4.new_output("stream", text='{"source": ["not me"]}')]),
        nbformat.v4.new_code_cell("# third\nx = 1"),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    text = nbformat.writes(notebook)
    lines = text.splitlines()
    found = cell_lines(text)
    assert len(found) == 3
    assert "Title" in lines[found[0] - 1]
    assert '"source": []' in lines[found[1] - 1]
    assert lines[found[2] - 1].strip() == '"# third\\n",'
    assert cell_lines(json.dumps(json.loads(text))) == (1, 1, 1)
    assert cell_lines("\ufeff" + text) == found


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"cells": 3}', '{"worksheets": []}', '{"cells": [1]}', "<<<<", '{"a"'])
def test_what_is_no_notebook_has_no_lines(text):
    """A broken file is told elsewhere; looking for lines never fails."""
    assert cell_lines(text) == ()


def test_places_are_relative_to_where_one_stands():
    """Inside, the path from here; elsewhere, the whole path."""
    here = Path("/somewhere/here")
    assert place_of(here / "a/b.ipynb", here) == str(Path("a/b.ipynb"))
    assert place_of(Path("/somewhere/there/b.ipynb"), here) == str(Path("/somewhere/there/b.ipynb"))
    assert uri_of("a b/ü#1.ipynb") == "a%20b/%C3%BC%231.ipynb"
    assert uri_of("/a b.ipynb") == "file:///a%20b.ipynb"


def test_half_a_surrogate_pair_is_no_reason_to_fail():
    """JSON can hold text that UTF-8 can't: it is escaped."""
    assert json.loads(json_text({"name": "a\ud800"})) == {"name": "a\ud800"}
    assert json.loads(json_text({"name": "ä"}, indent=2)) == {"name": "ä"}
