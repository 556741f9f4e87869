"""The data that the code reads is listed, so that whoever runs the package later knows whether he has the same."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pages import page

from jupyter_prodkit.export.data_files import DataFile, data_files, data_revision, untracked
from jupyter_prodkit.export.selection import select


def listed(folder: Path, *cells: str) -> tuple[DataFile, ...]:
    return data_files(select(page(*cells)).parameters, folder)


READS = "#| step load\nrows = open('data/rows.csv').read()\nmore = open('none.csv').read()"


def test_files_are_listed_with_hash_and_size(tmp_path: Path) -> None:
    """What the steps read, by a literal or by a parameter, is in the list; what is not there, is not."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "rows.csv").write_text("a\n1\n")
    (tmp_path / "big.bin").write_bytes(b"\0" * 10)
    found = listed(tmp_path, "#| parameters\nBIG = 'big.bin'\nNAME = 'a.b'\nROOT = '..'", READS)
    assert found == (
        DataFile("big.bin", 10, hashlib.sha256(b"\0" * 10).hexdigest()),
        DataFile("data/rows.csv", 4, hashlib.sha256(b"a\n1\n").hexdigest()),
    )


def test_another_content_is_another_revision(tmp_path: Path) -> None:
    """One digest stands for all the data of a release."""
    (tmp_path / "data").mkdir()
    revisions = set()
    for content in ("1", "2", "1"):
        (tmp_path / "data" / "rows.csv").write_text(content)
        revisions.add(data_revision(listed(tmp_path, READS)))
    assert len(revisions) == 2
    assert data_revision(()) is None


def test_what_dvc_tracks_is_known_by_its_digest(tmp_path: Path) -> None:
    """An existing DVC repository is respected: tracked files carry its digest, the others are named."""
    (tmp_path / ".dvc").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "rows.csv").write_text("1")
    (tmp_path / "none.csv").write_text("2")
    digest = "a" * 32
    (tmp_path / "data" / "rows.csv.dvc").write_text(f"outs:\n- md5: {digest}\n  size: 1\n  hash: md5\n  path: rows.csv\n")
    found = listed(tmp_path, READS)
    assert [(one.path, one.dvc) for one in found] == [("data/rows.csv", digest), ("none.csv", "")]
    assert untracked(found, tmp_path) == ("none.csv",)
    (tmp_path / ".dvc").rmdir()
    assert untracked(found, tmp_path) == ()
