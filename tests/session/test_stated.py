"""Versions that a cell's text alone settles."""

from __future__ import annotations

import pytest

from jupyter_prodkit.session.stated import settle, stated_names


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import a, b.c as d", "a d"),
        ("from a import b as c", "c"),
        ("def f(): return x", "f"),
        ("class A: pass", "A"),
        ("x = 3\ny = ['a', {1: None}]\nz = -1", "x y z"),
        ("x = 3\nx = 4", ""),
        ("x = 3\nx += 1", ""),
        ("l = [1]\nl.append(2)", ""),
        ("x = 3\nfor x in y: pass", ""),
        ("x = f()", ""),
        ("x = y = 3", ""),
        ("x, y = 1, 2", ""),
        ("def f(): pass\ndef f(): pass", ""),
        ("if a:\n    def f(): pass", ""),
        ("def (", ""),
        ("'''What it does.'''\nx = 1", "x"),
        ("from a import *\nx = 1", "x"),
    ],
)
def test_what_is_settled(source, names):
    assert sorted(settle(stated_names(source), {})) == sorted(names.split())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("def f(): return 1", "x = 2\ndef f():  # why\n    return 1"),
        ("import a", "import a\nimport b"),
        ("class A:\n    def m(self): return 1", "print()\nclass A:\n    def m(self): return 1"),
    ],
)
def test_neighbours_do_not_count(one, other):
    first, second = settle(stated_names(one), {}), settle(stated_names(other), {})
    assert all(second[name] == version for name, version in first.items())


@pytest.mark.parametrize(
    "source", ["@deco\ndef f(): pass", "class A(Base): pass", "def f(x=limit): pass", "class A:\n    k = limit"]
)
def test_what_a_definition_reads_counts(source):
    name, read = ("f" if "def f" in source else "A"), stated_names(source)[0].reads[0]
    assert settle(stated_names(source), {}) == {}
    versions = [settle(stated_names(source), {read: version})[name] for version in ("one", "one", "other")]
    assert versions[0] == versions[1] != versions[2]


def test_a_definition_that_reads_what_the_cell_computes_is_not_settled():
    assert settle(stated_names("limit = f()\ndef g(x=limit): pass"), {"limit": "old"}) == {}


def test_only_what_nothing_can_have_kept_from_running_is_first():
    firsts = {one.name: one.first for one in stated_names("import a\ndef f(): pass\nprint(f())\ndef g(): pass")}
    assert firsts == {"a": True, "f": True, "g": False}
