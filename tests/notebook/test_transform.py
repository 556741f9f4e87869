"""Cells as plain Python."""

from __future__ import annotations

import pytest

from jupyter_prodkit.notebook.transform import cell_capture, own_magics_in, own_magics_only, to_python


@pytest.mark.parametrize(
    ("source", "python"),
    [
        ("x = 1", "x = 1"),
        ("x = 5 % 3\nassert x != 1", "x = 5 % 3\nassert x != 1"),
        ("x = (5\n     % 3)", "x = (5\n     % 3)"),
        ("%time x = 1\ny = 2", "x = 1\ny = 2\n"),
        ("if a:\n    %time x = f('it')", "if a:\n    x = f('it')\n"),
        ("%%time\nx = 1", "x = 1"),
        ("%%capture out\n%%time\nx = 1", "x = 1"),
        ("%%time", ""),
        ("%matplotlib inline", "get_ipython().run_line_magic('matplotlib', 'inline')\n"),
        ("  x = 1", "x = 1\n"),
        (">>> x = 1", "x = 1\n"),
        ("s = '''\n%time is money\n!not a command\n'''", "s = '''\n%time is money\n!not a command\n'''"),
        (
            "s = '''\n%time is money\n'''\n%pwd",
            "s = '''\n%time is money\n'''\nget_ipython().run_line_magic('pwd', '')\n",
        ),
        ("%%bash\nls", "get_ipython().run_cell_magic('bash', '', 'ls\\n')\n"),
        ("def (", "def ("),
        ("x = %", "x = %\n"),
        ("", ""),
    ],
)
def test_as_python(source, python):
    assert to_python(source) == python


@pytest.mark.parametrize(
    ("source", "only", "some"),
    [
        ("%prodcheck", True, True),
        ("# look\n%load_ext jupyter_prodkit\n\n  %prodlock --json", True, True),
        ("%reload_ext jupyter_prodkit", True, True),
        ("%prodcheck\nx = 1", False, True),
        ("%prodchecker", False, False),
        ("%load_ext autoreload", False, False),
        ("x = '''\n'''", False, False),
        ("# comment", False, False),
        ("", False, False),
    ],
)
def test_our_own_magics(source, only, some):
    assert (own_magics_only(source), own_magics_in(source)) == (only, some)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("%%capture out\n1", "out"),
        ("%%capture --no-display out\n1", "out"),
        ("%%capture\n1", None),
        ("%%time\n%%capture o\n1", "o"),
        ("x", None),
    ],
)
def test_what_capture_binds(source, name):
    assert cell_capture(source) == name
