"""What a fact of a result leads to."""

from __future__ import annotations

import pytest

from jupyter_prodkit.faces.links import link_of


def test_a_path_opens_its_folder(tmp_path):
    """Files and folders are named from the notebook's folder; what is not there leads nowhere."""
    lock = tmp_path / "work-prod/lock/requirements.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    link = link_of(f"{lock} (1a2b)", tmp_path)
    assert (link.kind, link.target) == ("folder", "work-prod/lock")
    assert link_of(str(lock.parent), tmp_path).target == "work-prod/lock"
    assert link_of(str(tmp_path / "gone"), tmp_path) is None
    assert link_of("/x" * 5000, tmp_path) is None


@pytest.mark.parametrize(
    ("value", "kind", "target"),
    [
        ("http://127.0.0.1:5000/#/models", "page", "http://127.0.0.1:5000/#/models"),
        ("javascript:alert(1)", None, None),
        ("curl -s http://127.0.0.1:8080/invocations", "copy", "curl -s http://127.0.0.1:8080/invocations"),
        ("%prodserve --stop", "copy", "%prodserve --stop"),
        ("sha256:" + "a" * 64, "copy", "sha256:" + "a" * 64),
        ("sqlite:////w/mlflow.db", "copy", "mlflow ui --backend-store-uri sqlite:////w/mlflow.db"),
        ("27 more", None, None),
    ],
)
def test_a_value_is_recognised_by_its_form(value, kind, target, tmp_path):
    """Pages open, commands and digests are copied, and nothing but http leads out of the panel."""
    link = link_of(value, tmp_path)
    assert (link and link.kind, link and link.target) == (kind, target)
