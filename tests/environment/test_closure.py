"""From the distributions that the code uses to all that these require."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_prodkit.environment.closure import closure
from jupyter_prodkit.environment.installed import installed_distributions

LINUX = {"sys_platform": "linux", "python_version": "3.11"}


@pytest.mark.parametrize(
    ("packages", "roots", "expected"),
    [
        ({"a": ["b"], "b": ["c"], "c": []}, ["a"], "a b c"),
        ({"a": ["b"], "b": ["a"]}, ["a"], "a b"),
        ({"a": ["b; sys_platform == 'win32'"], "b": []}, ["a"], "a"),
        ({"a": ["b; python_version >= '3.8'"], "b": []}, ["a"], "a b"),
        ({"a": ["b; extra == 'fast'"], "b": []}, ["a"], "a"),
        ({"a": ["b[fast]"], "b": ["c; extra == 'fast'"], "c": []}, ["a"], "a b c"),
        ({"a": ["b", "d"], "b": ["c; extra == 'fast'"], "c": [], "d": ["b[fast]"]}, ["a"], "a b c d"),
        ({"a": ["B.x_Y"], "b-x-y": []}, ["a"], "a b-x-y"),
        ({"a": ["not a requirement ==="], "b": []}, ["a"], "a"),
        ({"a": ["ipykernel"], "ipykernel": []}, ["a"], "a ipykernel"),
        ({"a": [], "b": []}, [], ""),
    ],
)
def test_closure(site: Any, packages: dict[str, list[str]], roots: list[str], expected: str) -> None:
    """The closure follows markers, extras and cycles as an installer does, and holds nothing else."""
    for name, requires in packages.items():
        site.install(name, requires=requires)
    found = closure(roots, installed_distributions(), LINUX)
    assert sorted(found.names) == expected.split()
    assert not found.unmet


@pytest.mark.parametrize(
    ("requirement", "version", "sentence"),
    [
        ("b>=2", "1.0", "a requires b>=2, but 1.0 is installed."),
        ("c", "1.0", "a requires c, which is not installed."),
        ("b>=1", "2.0rc1", None),
        ("b==2.6.0", "2.6.0+cu124", None),
    ],
)
def test_unmet(site: Any, requirement: str, version: str, sentence: str | None) -> None:
    """A requirement that the environment itself doesn't meet is said in a sentence; a met one is not."""
    site.install("a", requires=[requirement])
    site.install("b", version)
    unmet = closure(["a"], installed_distributions(), LINUX).unmet
    assert unmet == ((sentence,) if sentence else ())
