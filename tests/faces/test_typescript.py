"""The generated TypeScript."""

from __future__ import annotations

from jupyter_prodkit.faces.typescript import TARGET, render


def test_the_front_end_speaks_the_protocol_of_this_commit():
    """A change of the messages can't be forgotten on the other side: run `python -m jupyter_prodkit.faces.typescript`."""
    assert TARGET.read_text(encoding="utf-8") == render()


def test_what_a_request_may_leave_out_is_optional_and_what_a_reply_carries_is_not():
    """The front end may leave defaults out; it can count on every field that the kernel side sends."""
    text = render()
    assert "readonly tags?: readonly string[];" in text
    assert "readonly warnings: readonly string[];" in text


def test_prose_in_the_protocol_reaches_the_reader_of_the_typescript():
    """What is said about a field on one side stands on the other side too."""
    assert "/** True for a line that an outside tool printed. */" in render()
