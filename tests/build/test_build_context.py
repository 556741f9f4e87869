from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path, PurePosixPath

from jupyter_prodkit.build.context import fill_context, plan_context, tar_stream
from jupyter_prodkit.build.ingredients import gather
from jupyter_prodkit.files import staged_folder
from jupyter_prodkit.release import ProjectFolder


def test_the_context_is_planned_as_paths_and_reads_no_model(project: ProjectFolder) -> None:
    tree = plan_context("FROM x\n", gather(project))
    assert [str(path) for path in tree] == [
        ".dockerignore",
        "Dockerfile",
        "config.yaml",
        "release/golden.json",
        "release/manifest.json",
        "release/model.pkl",
        "release/schema.json",
        "requirements.lock",
        "serving.lock",
        "tinypkg-0.1.0-py3-none-any.whl",
        "wheels/localdep-1.0-py3-none-any.whl",
    ]
    assert tree[PurePosixPath("Dockerfile")] == "FROM x\n"
    assert tree[PurePosixPath("release/model.pkl")] == project.release / "model.pkl"


def test_files_that_were_not_planned_stay_out(project: ProjectFolder) -> None:
    (project.release / "notes.txt").write_text("not listed in the manifest")
    (project.lock / "wheels" / "stray-1.0-py3-none-any.whl").write_text("in no lock")
    tree = plan_context("FROM x\n", gather(project))
    assert not any("notes" in path.name or "stray" in path.name for path in tree)
    ignored = str(tree[PurePosixPath(".dockerignore")]).splitlines()
    assert ignored[0] == "*"
    assert set(ignored[1:]) == {
        "!Dockerfile",
        "!config.yaml",
        "!release",
        "!requirements.lock",
        "!serving.lock",
        "!tinypkg-0.1.0-py3-none-any.whl",
        "!wheels",
    }


def test_large_files_are_linked_and_private_ones_copied_so_that_the_service_can_read_them(
    project: ProjectFolder,
) -> None:
    (project.release / "schema.json").chmod(0o600)
    before = os.umask(0o077)
    try:
        with staged_folder(project.image) as folder:
            fill_context(folder, plan_context("FROM x\n", gather(project)))
    finally:
        os.umask(before)
    assert (project.image / "release/model.pkl").samefile(project.release / "model.pkl")
    assert not (project.image / "release/schema.json").samefile(project.release / "schema.json")
    assert (project.image / "release/schema.json").stat().st_mode & 0o777 == 0o644
    assert (project.release / "schema.json").stat().st_mode & 0o777 == 0o600, "the original is left alone"
    assert (project.image / "release").stat().st_mode & 0o777 == 0o755


def test_the_tar_depends_on_names_and_contents_alone(tmp_path: Path) -> None:
    tars = []
    for number, name in enumerate(("a", "b")):
        folder = tmp_path / name
        (folder / "sub").mkdir(parents=True)
        (folder / "sub" / "model.bin").write_bytes(bytes(range(256)) * 5000)
        (folder / ("long-" * 30 + "é")).write_text("a name too long for the oldest tar")
        (folder / "empty").touch()
        os.utime(folder / "empty", (number, number))
        (folder / "empty").chmod(0o600 + number)
        tars.append(b"".join(tar_stream(folder)))
    assert tars[0] == tars[1]
    with tarfile.open(fileobj=io.BytesIO(tars[0])) as archive:
        assert sorted(archive.getnames()) == ["empty", "long-" * 30 + "é", "sub/model.bin"]
        member = archive.extractfile("sub/model.bin")
        assert member is not None
        assert member.read() == bytes(range(256)) * 5000
        assert {(entry.mtime, entry.uid, entry.mode) for entry in archive} == {(0, 0, 0o644)}


def test_the_tar_of_a_large_file_comes_in_pieces(tmp_path: Path) -> None:
    with (tmp_path / "model.bin").open("wb") as file:
        file.truncate(50_000_000)
    assert max(len(chunk) for chunk in tar_stream(tmp_path)) <= 1 << 20
