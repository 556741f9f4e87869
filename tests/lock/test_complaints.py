"""uv's complaints in one sentence."""

from __future__ import annotations

import pytest

from jupyter_prodkit.lock.complaints import complaint

NO_SOLUTION = "error: No solution found when resolving dependencies\n  cause: Because "
END = ", we can conclude that your requirements are unsatisfiable."
FRAMED = (
    "  × No solution found when resolving dependencies:\n  ╰─▶ Because there is no version of\n      six==99.1 and you"
)
REFUSED = "An index URL (http://h/s) could not be queried due to a lack of valid credentials (401 Unauthorized)"
CONFLICT = (
    "you require requests==2.34.2, we can conclude that you require urllib3>=1.26.\n  And because you require urllib3"
)


@pytest.mark.parametrize(
    ("stderr", "reason", "hint"),
    [
        (
            f"{NO_SOLUTION}there is no version of torch==2.6.0+cu124 and you require torch==2.6.0+cu124{END}",
            "the index has no torch 2.6.0+cu124",
            "label +cu124",
        ),
        (f"{FRAMED} require six==99.1{END}", "the index has no six 99.1", "another index"),
        (
            f"{NO_SOLUTION}acme-tools was not found in the package registry and you require acme-tools==1.0{END}",
            "the index does not know acme-tools",
            "another index",
        ),
        (
            f"{NO_SOLUTION}acme was not found in the package registry and you require acme==1.0{END}\n\nhint: {REFUSED}",
            REFUSED,
            "user and password",
        ),
        (
            "error: Failed to fetch: http://h/s/six/\n  cause: tcp connect error\n  cause: Connection refused (os error 111)",
            "Failed to fetch: http://h/s/six/ tcp connect error Connection refused (os error 111)",
            "network",
        ),
        (
            f"{NO_SOLUTION}requests>=2.34.2 depends on urllib3>=1.26,<3 and {CONFLICT}==1.20{END}",
            "requests>=2.34.2 depends on urllib3>=1.26,<3",
            "",
        ),
        (
            "error: Failed to initialize cache at `/home/me/.cache/uv`\n  cause: Permission denied (os error 13)",
            "Failed to initialize cache at `/home/me/.cache/uv` Permission denied (os error 13)",
            "UV_CACHE_DIR",
        ),
        ("", "it gave no reason", ""),
        ("error: odd failure at https://me:s3cret@h/simple", "odd failure at https://h/simple", ""),
    ],
)
def test_complaint(stderr: str, reason: str, hint: str) -> None:
    """What uv said becomes one sentence that names the culprit, with what to do, and without credentials."""
    error = complaint("pin", stderr)
    assert error.message == f"uv could not pin: {reason}."
    assert hint in error.hint
    assert bool(hint) == bool(error.hint)


def test_long_reasons_are_cut() -> None:
    """A reason of many lines is cut to what fits a message."""
    assert len(complaint("pin", "error: " + "very long " * 200).message) < 350
