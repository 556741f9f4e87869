"""The golden messages: one of each kind, read by these tests and by the front end's own (labextension/src/__tests__)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from jupyter_prodkit.faces import protocol

GOLDENS = sorted((Path(__file__).parent / "messages").glob("*.json"))
UNIONS = {"request": protocol.Request, "reply": protocol.Reply, "event": protocol.Event}


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda path: path.stem)
def test_a_golden_message_survives_the_kernel_side_unchanged(golden):
    """What the kernel side reads and writes again is the message, with no field lost, added or renamed."""
    union = UNIONS[golden.stem.split("-")[0]]
    message = msgspec.json.decode(golden.read_bytes(), type=union)
    assert json.loads(msgspec.json.encode(message)) == json.loads(golden.read_text())


def test_every_kind_of_message_has_a_golden():
    """A kind added to the protocol is tested on both sides from its first day."""
    kinds = {f"{role}-{member.__struct_config__.tag}" for role, union in UNIONS.items() for member in get_args(union)}
    assert {golden.stem for golden in GOLDENS} == kinds


def test_a_message_of_another_kind_is_refused():
    """An unknown message is an error and never half understood."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"kind": "fly", "id": 1}', type=protocol.Request)
