"""The map of the notebook in a real JupyterLab."""

from __future__ import annotations

import itertools
import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def attached(open_notebook, *sources, **how):
    opened = open_notebook(*sources, **how)
    opened.wait_until_attached()
    return opened


def node(opened, index):
    return opened.panel.locator(f'[data-cell-id="{opened.cell_ids[index]}"][data-place]')


def test_the_map_shows_what_flows_and_where_it_goes_astray(open_notebook, tmp_path):
    """Nodes by state, arrows between the doubtful ones stand out, and the picture can be saved."""
    opened = attached(open_notebook, "total = 1", "total = total + 1", "print(total)", "other = 1")
    for index in (0, 1, 1, 2, 3):
        opened.run(index)
    expect(opened.panel.locator(".jp-Prodkit-map-flow.jp-mod-hot")).to_have_count(2)
    node(opened, 1).hover()
    told = opened.test_id("prodkit-map-told")
    expect(told).to_have_text("Cell 2 · would change · reads total from 1 · gives total to 3")
    expect(node(opened, 3)).not_to_have_class(re.compile("jp-mod-kin"))
    expect(node(opened, 0)).to_have_class(re.compile("jp-mod-kin"))
    node(opened, 2).click()
    expect(opened.cell(2)).to_have_class(re.compile("jp-mod-active"))
    opened.panel.get_by_role("button", name="Order").click()
    expect(opened.panel.locator(".jp-Prodkit-map-jump")).to_have_count(0)
    with opened.page.expect_download() as download:
        opened.panel.get_by_role("button", name="Save as SVG").click()
    download.value.save_as(tmp_path / "map.svg")
    picture = (tmp_path / "map.svg").read_text()
    assert picture.startswith("<svg")
    assert "stroke:rgb" in picture
    assert "total" not in picture


def test_the_map_is_walked_by_keyboard(open_notebook):
    """One Tab stop; arrows go along the page, Enter goes to the cell, + and - zoom."""
    opened = attached(open_notebook, "a = 1", "b = a", "c = b")
    node(opened, 0).focus()
    opened.page.keyboard.press("ArrowRight")
    expect(node(opened, 1)).to_be_focused()
    opened.page.keyboard.press("End")
    expect(node(opened, 2)).to_be_focused()
    opened.page.keyboard.press("-")
    expect(opened.panel.get_by_role("button", name="Zoom in")).to_be_enabled()
    opened.page.keyboard.press("Enter")
    expect(opened.cell(2)).to_be_focused()


def test_values_of_a_deleted_cell_come_from_nowhere_on_the_map(open_notebook):
    """What lives on in the kernel only is a node of its own, with an arrow to each cell that reads it."""
    opened = attached(open_notebook, "a = 1", "print(a)", "b = 2")
    for index in range(3):
        opened.run(index)
    opened.cell(0).locator(".jp-InputArea-prompt").click()
    opened.page.keyboard.press("d")
    opened.page.keyboard.press("d")
    gone = opened.panel.locator(".jp-Prodkit-map-node.jp-mod-gone")
    expect(gone).to_have_count(1)
    gone.hover()
    expect(opened.test_id("prodkit-map-told")).to_contain_text("gives a to 1")


def test_two_hundred_cells_are_legible_in_a_narrow_panel(open_notebook):
    """Nodes don't touch, stand in rows with numbers, and the panel does not scroll sideways."""
    opened = attached(open_notebook, *(f"x{n} = x{n - 1} + 1" if n else "x0 = 0" for n in range(200)))
    expect(opened.panel.locator("[data-place]")).to_have_count(200, timeout=20_000)
    opened.page.wait_for_timeout(500)  # until the map has been told its width
    boxes = opened.page.evaluate(
        """() => Array.from(document.querySelectorAll('[data-place] .jp-Prodkit-map-shape'),
            node => node.getBoundingClientRect().toJSON())"""
    )
    frame = opened.panel.bounding_box()
    assert all(frame["x"] <= box["left"] and box["right"] <= frame["x"] + frame["width"] for box in boxes)
    pairs = itertools.pairwise(boxes)
    assert all(two["left"] - one["right"] >= 2 for one, two in pairs if two["top"] == one["top"])
    assert min(box["width"] for box in boxes) >= 6
    numbers = opened.panel.locator(".jp-Prodkit-map-number").all_text_contents()
    assert len([number for number in numbers if number]) >= 8
