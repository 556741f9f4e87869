"""The data that the code reads is listed, so that whoever runs the package later knows whether he has the same."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pages import page

from jupyter_prodkit.export.data_files import (
    DataFile,
    data_files,
    data_revision,
    data_sources,
    tracked_pointers,
    untracked,
)
from jupyter_prodkit.export.selection import select


def listed(folder: Path, *cells: str) -> tuple[DataFile, ...]:
    sources = data_sources(select(page(*cells)).parameters, folder)
    return data_files(sources, folder, tracked_pointers(sources, folder))


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


def test_what_the_code_only_writes_is_no_data(tmp_path: Path) -> None:
    """Results of an earlier run lie beside the data and are none; what is written and read again may be some."""
    for name in ("rows.csv", "out.csv", "log.txt", "cache.csv"):
        (tmp_path / name).write_text("1")
    cell = """
    #| step load
    rows = pd.read_csv('rows.csv')
    rows.to_csv('out.csv')
    open('log.txt', mode='w').write('done')
    rows.to_csv('cache.csv')
    rows = pd.read_csv('cache.csv')
    """
    assert [one.path for one in listed(tmp_path, "import pandas as pd", cell)] == ["cache.csv", "rows.csv"]


def test_a_link_is_known_by_its_own_name(tmp_path: Path) -> None:
    """DVC may put links into its cache in the place of files; what is called by another way round is the same."""
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "0123").write_text("1")
    (tmp_path / "work" / "data").mkdir(parents=True)
    (tmp_path / "work" / "data" / "rows.csv").symlink_to(tmp_path / "cache" / "0123")
    (tmp_path / "link").symlink_to(tmp_path / "work")
    cell = f"#| step load\na = open('data/rows.csv').read()\nb = open({str(tmp_path / 'link/data/../data/rows.csv')!r}).read()"
    assert [one.path for one in listed(tmp_path / "work", cell)] == ["data/rows.csv"]


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def test_what_dvc_tracks_is_known_by_its_digest(tmp_path: Path) -> None:
    """An existing DVC repository is respected: tracked files carry its digest, the others are named.

    A pointer to another content than the file has now is none, those of DVC 2 and of its pipelines count.
    """
    (tmp_path / ".dvc").mkdir()
    (tmp_path / "data").mkdir()
    rows, pointer = tmp_path / "data" / "rows.csv", tmp_path / "data" / "rows.csv.dvc"
    rows.write_bytes(b"1\r\n")
    (tmp_path / "none.csv").write_text("2")

    def tracked() -> list[tuple[str, str]]:
        found = listed(tmp_path, READS)
        assert untracked(found, tmp_path) == tuple(one.path for one in found if not one.dvc)
        return [(one.path, one.dvc) for one in found]

    for digest in (md5(b"1\r\n"), md5(b"1\n")):
        pointer.write_text(f"outs:\n- md5: {digest}\n  size: 3\n  path: rows.csv\n")
        assert tracked() == [("data/rows.csv", digest), ("none.csv", "")]
    rows.write_bytes(b"3")
    assert tracked() == [("data/rows.csv", ""), ("none.csv", "")]
    outs = f"- path: data/rows.csv\n      hash: md5\n      md5: {md5(b'3')}"
    (tmp_path / "dvc.lock").write_text(f"schema: '2.0'\nstages:\n  make:\n    cmd: make\n    outs:\n    {outs}\n")
    assert tracked() == [("data/rows.csv", md5(b"3")), ("none.csv", "")]
    (tmp_path / ".dvc").rmdir()
    assert untracked(listed(tmp_path, READS), tmp_path) == ()
