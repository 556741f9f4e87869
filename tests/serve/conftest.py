"""What the tests of serving share."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent)]

from served_project import Tiny


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Tiny]:
    """A pushed model; whatever serves it at the end is stopped."""
    made = Tiny(tmp_path)
    yield made
    made.serve(stop=True)
