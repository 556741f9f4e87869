"""What the check still gets wrong: the names of tests that are known to fail, one a line of `not_yet.txt`."""

from __future__ import annotations

from pathlib import Path

import pytest

NOT_YET = {line for line in Path(__file__).with_name("not_yet.txt").read_text().splitlines() if line}


def case(key: str, *values: object, skip: str = "") -> object:
    """A case of a table under the name `key`; it must fail while it is on the list, and be taken off when it does not."""
    marks = [pytest.mark.xfail(strict=True, reason="not yet")] if key in NOT_YET else []
    return pytest.param(*values, id=key, marks=[pytest.mark.skip(reason=skip)] if skip else marks)


def known(key: str, *, strict: bool = True) -> pytest.MarkDecorator:
    """The same for a test that stands alone."""
    return pytest.mark.xfail(key in NOT_YET, strict=strict, reason="not yet")
