"""Where a distribution came from."""

from __future__ import annotations

import os
from typing import Any

import pytest

from jupyter_prodkit.environment.installed import installed_distributions
from jupyter_prodkit.environment.provenance import provenance

VCS = {"vcs": "git", "commit_id": "abc123", "requested_revision": "main"}


@pytest.mark.parametrize(
    ("direct_url", "expected"),
    [
        (None, ("index", None)),
        ({"url": "file:///src/lib", "dir_info": {}}, ("local", "file:///src/lib")),
        ({"url": "file:///src/lib", "dir_info": {"editable": True}}, ("editable", "file:///src/lib")),
        ({"url": "https://h/lib.git", "vcs_info": VCS}, ("vcs", "git+https://h/lib.git@abc123")),
        (
            {"url": "https://h/lib.git", "vcs_info": VCS, "subdirectory": "py"},
            ("vcs", "git+https://h/lib.git@abc123#subdirectory=py"),
        ),
        ({"url": "ssh://git@h/lib", "vcs_info": {"vcs": "hg", "commit_id": "1"}}, ("vcs", "hg+ssh://h/lib@1")),
        ({"url": "https://h/a.whl", "archive_info": {}}, ("archive", "https://h/a.whl")),
        (
            {"url": "https://h/a.whl", "archive_info": {"hashes": {"sha256": "ff"}}},
            ("archive", "https://h/a.whl#sha256=ff"),
        ),
        (
            {"url": "https://h/a.tgz", "archive_info": {"hash": "sha256=ee"}, "subdirectory": "x"},
            ("archive", "https://h/a.tgz#sha256=ee&subdirectory=x"),
        ),
        ({"url": "https://me:s3cret@h/a.whl", "archive_info": {}}, ("archive", "https://h/a.whl")),
        ({"dir_info": {}}, ("index", None)),
    ],
)
def test_source_and_url(site: Any, direct_url: dict[str, Any] | None, expected: tuple[str, str | None]) -> None:
    """Every form of direct_url.json gives its kind and a URL to fetch the same again, without credentials."""
    site.install("lib", direct_url=direct_url)
    assert provenance(installed_distributions()["lib"]) == expected


def test_conda_folders_are_no_source(site: Any) -> None:
    """What conda installed is not taken for a local project, though it names a folder of conda's build machine."""
    site.install("lib", direct_url={"url": "file:///croot/lib/work", "dir_info": {}}, installer="conda")
    assert provenance(installed_distributions()["lib"]) == ("conda", None)


@pytest.mark.parametrize(
    "content",
    [
        "not json",
        "[]",
        "{}",
        '{"url": 5}',
        '{"url": "file:///x", "dir_info": []}',
        '{"url": "https://h/x", "vcs_info": "git"}',
        '{"url": "https://h/x", "archive_info": {"hashes": 5}}',
    ],
)
def test_broken_direct_url_is_an_index(site: Any, content: str) -> None:
    """A direct_url.json that can't be read doesn't stop the capture."""
    info = site.install("lib")
    (info / "direct_url.json").write_text(content)
    assert provenance(installed_distributions()["lib"]) == ("index", None)


def test_versions_come_from_the_headers_alone(site: Any) -> None:
    """A line `Version:` in the long description is not taken for the version."""
    site.install("lib", "2.5")
    assert installed_distributions()["lib"].version == "2.5"


def test_install_time_is_the_latest_of_folder_and_record(site: Any) -> None:
    """An installer that keeps a file's old time doesn't hide when it installed."""
    info = site.install("lib", files={"lib.py": ""}, written_at=100.0)
    assert installed_distributions()["lib"].written_at == 100.0
    os.utime(info, (200.0, 200.0))
    assert installed_distributions()["lib"].written_at == 200.0
    os.utime(info / "RECORD", (300.0, 300.0))
    assert installed_distributions()["lib"].written_at == 300.0
