"""The map of the cells."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET

import pytest
from reports import CHURN, churn, many, page, report

from jupyter_prodkit.check.formats.dataflow_map import dataflow_map
from jupyter_prodkit.check.formats.shapes import STATE_SHAPES

SVG = "{http://www.w3.org/2000/svg}"


def drawn(shown, notebook):
    return ET.fromstring(dataflow_map(shown, notebook))


def of_class(tree, name):
    return [one for one in tree.iter() if name in one.get("class", "").split()]


def titles(tree, name):
    return [one.findtext(f"{SVG}title") for one in of_class(tree, name)]


def test_each_cell_is_a_node_and_each_value_that_flows_an_arrow():
    """Who looks at it sees what a value comes from; modules that everything reads are left out."""
    tree = drawn(churn(), page("import os\ndf = read(os)", "df = df.dropna()", "print(os, df)"))
    assert titles(tree, "prodkit-node") == ["cell 1: reproduced", "cell 2: would change", "cell 3: unverified"]
    assert sorted(titles(tree, "prodkit-flow")) == ["df from cell 1 to cell 2", "df from cell 2 to cell 3"]


def test_no_two_states_look_alike_without_colour():
    """Each state has its own shape, and its words stand beside the shape."""
    assert len({shape for shape, _ in STATE_SHAPES.values()}) == len(STATE_SHAPES)
    tree = drawn(report(*STATE_SHAPES), page(*["1"] * len(STATE_SHAPES)))
    words = " ".join(one.text or "" for one in tree.iter(f"{SVG}text"))
    for told in ("1 reproduced", "1 would change", "1 would fail", "1 unverified", "1 never run", "1 nondeterministic"):
        assert told in words


def test_it_can_be_heard():
    """Those who don't see it are told the same in words."""
    tree = drawn(churn(), CHURN)
    assert tree.get("role") == "img"
    said = tree.get("aria-label")
    assert said == tree.findtext(f"{SVG}title")
    assert "3 cells in page order: 1 reproduced, 1 would change, 1 unverified." in said
    assert "Cell 2: would change." in said
    assert "df from cell 2 to cell 3." in said


def test_arrows_between_cells_in_question_stand_out_and_say_what_flows():
    """The way that a wrong value takes is the first thing to be seen."""
    shown = report("reproduced", "reproduced", "diverges", "diverges")
    tree = drawn(shown, page("a = 1", "b = a", "c = b", "d = c"))
    assert titles(tree, "prodkit-hot") == ["c from cell 3 to cell 4"]
    assert [one.text for one in of_class(tree, "prodkit-name")] == ["c"]


@pytest.mark.parametrize("number", [1, 2, 3, 12, 13, 30, 31, 60, 61, 200, 1000])
def test_it_stays_small_and_legible(number):
    """From three cells to a thousand: nodes don't touch, numbers don't overlap, nothing stands outside the picture."""
    tree = drawn(*many(number, trouble_every=9))
    width, height = (float(tree.get(side)) for side in ("width", "height"))
    assert width <= 860
    assert height <= (260 if number <= 200 else 900)
    places = []
    for node in of_class(tree, "prodkit-node"):
        x, y, scale = (float(part) for part in _numbers(node.find(f"{SVG}g").get("transform")))
        places.append((x, y))
        assert 0 <= x <= width - 12 * scale
        assert 0 <= y <= height - 12 * scale
    assert len(places) == number
    rows = itertools.groupby(sorted((y, x) for x, y in places), key=lambda place: place[0])
    assert all(b[1] - a[1] >= 12 for _, row in rows for a, b in itertools.pairwise(row))
    numbers = sorted((one.get("y"), float(one.get("x"))) for one in of_class(tree, "prodkit-number"))
    assert all(a[0] != b[0] or b[1] - a[1] >= 20 for a, b in itertools.pairwise(numbers))


def test_what_a_crowd_leaves_out_is_said():
    """With too many arrows to follow, those around cells in question are drawn, and the rest is counted."""
    tree = drawn(*many(400, trouble_every=100))
    words = " ".join(one.text or "" for one in tree.iter(f"{SVG}text"))
    assert "flows between cells in order not drawn" in words
    assert 0 < len(of_class(tree, "prodkit-flow")) <= 200


def test_it_stands_alone_and_follows_the_theme():
    """Saved as a file it is a picture in light and in dark; in JupyterLab it takes the theme's colours. No script."""
    text = dataflow_map(churn(), CHURN)
    assert "prefers-color-scheme: dark" in text
    assert "var(--jp-error-color1" in text
    assert "<script" not in text
    assert "<style" not in dataflow_map(churn(), CHURN, styled=False)


def test_no_code_is_in_it():
    """A secret that stands in a cell does not get into the picture of it."""
    assert "hunter2" not in dataflow_map(report("diverges", "diverges"), page("key = 'hunter2'", "print(key)"))


def _numbers(transform: str) -> list[str]:
    return transform.replace("translate(", "").replace(") scale(", " ").rstrip(")").split()
