"""Pins as values."""

from __future__ import annotations

import pytest
from lock_bench import fact, facts_of

from jupyter_prodkit.errors import LockError
from jupyter_prodkit.lock.blockers import check_lockable
from jupyter_prodkit.lock.pins import Pin, check_unchanged, parse_requirements, render_requirements
from jupyter_prodkit.lock.pylock import LockedFile, locked_files

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("# a comment\n", {}),
        (f"six==1.17.0 \\\n    --hash={B} \\\n    --hash={A}\n", {"six": Pin("six", "1.17.0", (A, B))}),
        ("torch==2.6.0+cu124\n", {"torch": Pin("torch", "2.6.0+cu124")}),
        (f"Ruamel.Yaml==1!2.0 \\\n    --hash={A}\n", {"ruamel-yaml": Pin("ruamel-yaml", "1!2.0", (A,))}),
        (f"a==1 \\\n    --hash={A}\n    # from http://h/simple\n", {"a": Pin("a", "1", (A,), index="http://h/simple")}),
        (f"a==1 \\\n    --hash={A}\nb==2\n", {"a": Pin("a", "1", (A,)), "b": Pin("b", "2")}),
        (f"./wheels/x-1.0-py3-none-any.whl \\\n    --hash={A}\n", {}),
    ],
)
def test_parse(text: str, expected: dict[str, Pin]) -> None:
    """The requirements that uv wrote are read as pins by normalised name, each with its own hashes."""
    assert parse_requirements(text) == expected


def test_render() -> None:
    """Pins are written sorted, hashes too, and wheels of the lock's own by their relative path."""
    pins = [Pin("six", "1.17.0", (B, A)), Pin("ed", "1.0", (A,), "ed-1.0-py3-none-any.whl")]
    assert render_requirements(pins, "Head\nline") == (
        "# Head\n# line\n"
        f"./wheels/ed-1.0-py3-none-any.whl \\\n    --hash={A}\n"
        f"six==1.17.0 \\\n    --hash={A} \\\n    --hash={B}\n"
    )


@pytest.mark.parametrize(
    ("asked", "answered", "named"),
    [
        ({"six": "1.0"}, {"six": "1.0"}, None),
        ({"six": "1.0.post0"}, {"six": "1.0-0"}, None),  # PEP 440 spells it in two ways
        ({"six": "1.0"}, {"six": "1.1"}, "six"),
        ({"torch": "2.6.0+cu124"}, {"torch": "2.6.0"}, "torch"),
        ({"six": "1.0", "b": "1"}, {"six": "1.0"}, "b"),
        ({"six": "1.0"}, {"six": "1.0", "c": "1"}, "c"),
    ],
)
def test_uv_may_not_change_a_pin(asked: dict[str, str], answered: dict[str, str], named: str | None) -> None:
    """Where uv's configuration overrides, drops or adds a version, the lock fails and names the distribution."""
    facts = [fact(name, version) for name, version in asked.items()]
    pins = {name: Pin(name, version) for name, version in answered.items()}
    if named is None:
        check_unchanged(facts, pins)
        return
    with pytest.raises(LockError, match=f"than the kernel has: {named}\\."):
        check_unchanged(facts, pins)


def test_other_version_in_memory() -> None:
    """A distribution that was replaced after its import stops the lock, with both versions and what to do."""
    check_lockable(facts_of(fact("six")), {})
    with pytest.raises(LockError, match=r"pandas 2\.0 \(on disk: 2\.1\)") as caught:
        check_lockable(facts_of(fact("six"), fact("pandas", "2.1", in_memory="2.0")), {})
    assert "Restart the kernel" in caught.value.hint


def test_pylock_files() -> None:
    """The files of a package are read wheels first, with their hashes, and local ones are known as such."""
    text = f"""
lock-version = "1.0"
[[packages]]
name = "Ed_Proj"
sdist = {{ url = "https://h/ed.tar.gz", hashes = {{ sha256 = "{"b" * 64}" }} }}
wheels = [{{ url = "file:///w/ed%20x.whl", hashes = {{ sha256 = "{"a" * 64}" }} }}]
[[packages]]
name = "other"
archive = {{ path = "wheels/other.whl", hashes = {{ md5 = "1" }} }}
"""
    files = locked_files(text)
    assert files == {
        "ed-proj": (LockedFile("file:///w/ed%20x.whl", (A,)), LockedFile("https://h/ed.tar.gz", (B,))),
        "other": (LockedFile("", ()),),
    }
    assert str(files["ed-proj"][0].local) == "/w/ed x.whl"
    assert files["ed-proj"][1].local is None
