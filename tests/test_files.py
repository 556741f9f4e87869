"""The one writer: whole or not at all, whatever the disk or the user does meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path, PurePosixPath

import pytest

from jupyter_prodkit import files
from jupyter_prodkit.errors import ProjectError
from jupyter_prodkit.files import fill_folder, staged_folder, staged_folders, write_file, write_tree

OLD = {PurePosixPath("a.txt"): "old", PurePosixPath("sub/b.txt"): b"old"}
NEW = {PurePosixPath("a.txt"): "new", PurePosixPath("sub/c.txt"): b"new"}


def content(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A folder that an earlier run wrote."""
    write_tree(tmp_path / "package", OLD)
    return tmp_path / "package"


def run_limited(code: str, *, megabytes: int = 1) -> subprocess.CompletedProcess[str]:
    """Run Python that may write no file larger than this: a disk that gets full."""
    before = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({megabytes << 20}, {megabytes << 20}))\n"
    ignore = "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    script = before + ignore + textwrap.dedent(code)
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)


def test_a_tree_replaces_the_folder_wholly(target: Path) -> None:
    """After a write the folder holds exactly the new tree; a file of the old one that is not in it is gone."""
    write_tree(target, NEW)
    assert content(target) == {"a.txt": "new", "sub/c.txt": "new"}
    assert [path.name for path in target.parent.iterdir()] == ["package"]


@pytest.mark.parametrize("in_one_call", [True, False])
def test_folders_change_places_with_and_without_the_systems_help(
    target: Path, monkeypatch: pytest.MonkeyPatch, in_one_call: bool
) -> None:
    """Where the system can't exchange two folders in one call, the result is the same."""
    if not in_one_call:
        monkeypatch.setattr(files, "_exchanged", lambda one, other: False)
    write_tree(target, NEW)
    write_tree(target.parent / "fresh", NEW)
    assert content(target) == content(target.parent / "fresh") == {"a.txt": "new", "sub/c.txt": "new"}
    assert sorted(path.name for path in target.parent.iterdir()) == ["fresh", "package"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_interrupted_write_leaves_what_was_there(target: Path, error: type[BaseException]) -> None:
    """Whatever stops a step while it writes, the old folder is as it was and nothing else is left."""
    with pytest.raises(error), staged_folder(target) as staging:
        fill_folder(staging, NEW)
        raise error
    assert content(target) == {"a.txt": "old", "sub/b.txt": "old"}
    assert [path.name for path in target.parent.iterdir()] == ["package"]


@pytest.mark.parametrize("in_one_call", [True, False])
def test_two_folders_are_replaced_together_or_not_at_all(
    target: Path, monkeypatch: pytest.MonkeyPatch, in_one_call: bool
) -> None:
    """If the second folder can't take its place, the first is put back: package and wheel never disagree."""
    if not in_one_call:
        monkeypatch.setattr(files, "_exchanged", lambda one, other: False)
    swap, other = files._swap, target.parent / "dist"
    write_tree(other, OLD)

    def swap_but_not_dist(one: Path, place: Path) -> None:
        if place == other:
            raise PermissionError(13, "Permission denied", str(place))
        swap(one, place)

    monkeypatch.setattr(files, "_swap", swap_but_not_dist)
    with pytest.raises(ProjectError), staged_folders(target, target.parent / "fresh", other) as staged:
        for staging in staged:
            fill_folder(staging, NEW)
    assert content(target) == content(other) == {"a.txt": "old", "sub/b.txt": "old"}
    assert sorted(path.name for path in target.parent.iterdir()) == ["dist", "package"]


def test_a_staging_folder_has_the_name_of_its_target(target: Path) -> None:
    """Tools that take a folder's name for the thing's name (MLflow's artefacts) see the real one."""
    with staged_folder(target) as staging:
        assert staging.name == "package"


def test_a_full_disk_is_one_error_and_loses_nothing(target: Path) -> None:
    """When the disk is full, the user reads what to do, and both a file and a folder are as they were."""
    write_file(target.parent / "release.json", "old")
    done = run_limited(
        f"""
        from pathlib import Path, PurePosixPath
        from jupyter_prodkit.errors import ProjectError
        from jupyter_prodkit.files import write_file, write_tree
        folder = Path({str(target.parent)!r})
        for attempt in (
            lambda: write_tree(folder / "package", {{PurePosixPath("a.txt"): "new", PurePosixPath("big"): b"x" * (2 << 20)}}),
            lambda: write_file(folder / "release.json", b"x" * (2 << 20)),
        ):
            try:
                attempt()
            except ProjectError as error:
                print(error.message, "|", error.hint)
        """
    )
    assert done.stderr == ""
    first, second = done.stdout.splitlines()
    assert first.startswith("Could not write ")
    assert "package" in first
    assert "release.json: File too large" in second
    assert "what was there before is untouched" in second
    assert content(target) == {"a.txt": "old", "sub/b.txt": "old"}
    assert (target.parent / "release.json").read_text() == "old"
    assert sorted(path.name for path in target.parent.iterdir()) == ["package", "release.json"]


@pytest.mark.skipif(os.geteuid() != 0 or sys.platform != "linux", reason="mounting a small disk takes root")
def test_a_really_full_disk(tmp_path: Path) -> None:
    """The same on a real file system without a byte left."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk], check=False, capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"this machine lets nobody mount: {mounted.stderr.strip()}")
    try:
        write_tree(disk / "package", OLD)
        with pytest.raises(ProjectError, match="No space left on device"):
            write_tree(disk / "package", {PurePosixPath("big"): b"x" * (1 << 20)})
        with pytest.raises(ProjectError, match="No space left on device"):
            write_file(disk / "release.json", b"x" * (1 << 20))
        assert content(disk / "package") == {"a.txt": "old", "sub/b.txt": "old"}
        assert [path.name for path in disk.iterdir()] == ["package"]
    finally:
        subprocess.run(["umount", disk], check=True)


@pytest.mark.skipif(os.geteuid() != 0 or sys.platform != "linux", reason="dropping rights takes root")
def test_a_read_only_folder_is_one_error(tmp_path: Path) -> None:
    """Where the user may not write, the error names the folder, and nothing was begun."""
    tmp_path.chmod(0o755)
    script = textwrap.dedent(
        f"""
        import os
        from pathlib import Path, PurePosixPath
        from jupyter_prodkit.errors import ProjectError
        from jupyter_prodkit.files import write_file, write_tree
        os.setuid(65534)
        for attempt in (
            lambda: write_tree(Path({str(tmp_path)!r}) / "new" / "package", {{PurePosixPath("a"): ""}}),
            lambda: write_file(Path({str(tmp_path)!r}) / "release.json", "x"),
        ):
            try:
                attempt()
            except ProjectError as error:
                print(error.message)
        """
    )
    for folder in tmp_path.parents:  # pytest's own folders are for its user only
        if folder.is_relative_to("/tmp") and folder != Path("/tmp"):
            folder.chmod(0o755)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == [
        f"Could not write {tmp_path}/new/package: Permission denied.",
        f"Could not write {tmp_path}/release.json: Permission denied.",
    ], done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_killing_the_process_leaves_an_old_or_a_new_tree(target: Path) -> None:
    """Killed at any moment while it replaces a folder over and over, the folder is always one whole tree."""
    script = textwrap.dedent(
        f"""
        from pathlib import Path, PurePosixPath
        from jupyter_prodkit.files import write_tree
        round = 0
        print("ready", flush=True)
        while True:
            round += 1
            tree = {{PurePosixPath(f"{{name}}.txt"): str(round) for name in range(20)}}
            write_tree(Path({str(target)!r}), tree)
        """
    )
    for delay in (0.0, 0.003, 0.007, 0.011, 0.02):
        process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.05 + delay)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        found = content(target)
        assert len(found) == 20
        assert len(set(found.values())) == 1
    left = [path for path in target.parent.iterdir() if path.name != "package"]
    assert all(path.name.startswith(files.STAGING) for path in left)


def test_what_a_killed_process_left_is_swept_a_day_later(target: Path) -> None:
    """A leftover goes with the next write, but not while it may still be somebody's work."""
    old, fresh = (target.parent / f"{files.STAGING}{name}" for name in ("old", "fresh"))
    for folder in (old, fresh):
        write_tree(folder / "package", OLD)
    two_days_ago = time.time() - 2 * 24 * 3600
    os.utime(old, (two_days_ago, two_days_ago))
    write_tree(target, NEW)
    assert sorted(path.name for path in target.parent.iterdir()) == [fresh.name, "package"]


def test_a_file_in_the_folders_place_is_not_replaced(tmp_path: Path) -> None:
    """Where a file stands that has the name of one of our folders, it is the user's and stays."""
    (tmp_path / "package").write_text("mine")
    with pytest.raises(ProjectError, match="a file of that name is there"):
        write_tree(tmp_path / "package", NEW)
    assert (tmp_path / "package").read_text() == "mine"


def test_a_folder_in_the_files_place_is_one_error(tmp_path: Path) -> None:
    """Where a folder stands that has the name of one of our files, the user is told so."""
    (tmp_path / "release.json").mkdir()
    with pytest.raises(ProjectError, match=r"Could not write .*release\.json"):
        write_file(tmp_path / "release.json", "{}")
    assert [path.name for path in tmp_path.iterdir()] == ["release.json"]


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    """A link in our folder's place gives way; what it led to, outside the project folder, is untouched."""
    write_tree(tmp_path / "elsewhere", OLD)
    (tmp_path / "project").mkdir()
    for name, goal in (("package", tmp_path / "elsewhere"), ("dangling", tmp_path / "nowhere")):
        link = tmp_path / "project" / name
        link.symlink_to(goal, target_is_directory=True)
        write_tree(link, NEW)
        assert not link.is_symlink()
        assert content(link) == {"a.txt": "new", "sub/c.txt": "new"}
    assert content(tmp_path / "elsewhere") == {"a.txt": "old", "sub/b.txt": "old"}
    assert sorted(path.name for path in (tmp_path / "project").iterdir()) == ["dangling", "package"]


@pytest.mark.parametrize("path", ["../outside.txt", "/etc/outside.txt", "sub/../../outside.txt"])
def test_nothing_is_written_outside_the_folder(target: Path, path: str) -> None:
    """A path that would leave the project folder is refused, and the folder is as it was."""
    with pytest.raises(ProjectError, match="outside the project folder"):
        write_tree(target, {PurePosixPath("a.txt"): "new", PurePosixPath(path): "x"})
    assert content(target) == {"a.txt": "old", "sub/b.txt": "old"}
    assert [found.name for found in target.parent.iterdir()] == ["package"]


def test_another_programs_trouble_is_not_called_a_full_disk(target: Path) -> None:
    """An error about a file elsewhere, raised while a folder is being written, is passed on as it is."""
    with pytest.raises(PermissionError), staged_folder(target):
        raise PermissionError(13, "Permission denied", "/usr/bin/uv")


def test_files_have_the_rights_the_user_wants(target: Path) -> None:
    """What is written has the rights that the user's umask gives, models in private folders included."""
    before = os.umask(0o077)
    try:
        write_tree(target, NEW)
        write_file(target.parent / "release.json", "{}")
    finally:
        os.umask(before)
    assert {oct(path.stat().st_mode & 0o777) for path in (target / "a.txt", target.parent / "release.json")} == {
        "0o600"
    }
    assert oct(target.stat().st_mode & 0o777) == "0o700"
