"""Locking for real: uv, an index, environments; and what can go wrong on the way."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from lock_bench import Environment, Index, fact, facts_of, make_project, make_wheel, run_uv

from jupyter_prodkit.environment.facts import DistributionFact, EnvironmentFacts
from jupyter_prodkit.errors import CancelledError, LockError, ProjectError
from jupyter_prodkit.files import file_digest
from jupyter_prodkit.lock import compiling
from jupyter_prodkit.lock.locking import Wishes
from jupyter_prodkit.lock.step import plan_for, run
from jupyter_prodkit.progress import Progress, ProgressEvent
from jupyter_prodkit.step import Result

CODE = "import six.moves, dateutil.parser, acme.left, edproj, pathproj, helper\nimport acme.right"
IMPORTED = {"six", "dateutil", "acme", "edproj", "pathproj", "helper", "json", "absent"}


def lock(folder: Path, *facts: DistributionFact, python: str = sys.executable) -> Result:
    return run(plan_for(facts_of(*facts), folder, python), Progress())


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def names(lock_file: Path) -> list[str]:
    lines = [line for line in lock_file.read_text().splitlines() if line[:1] not in ("#", " ", "")]
    return [line.split("==")[0] for line in lines]


@pytest.fixture
def small_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that needs little, so that tests of other things download little."""
    monkeypatch.setattr(compiling, "SERVER", ("six",))


@pytest.fixture
def captured(environment: Environment, tmp_path: Path) -> EnvironmentFacts:
    (tmp_path / "helper.py").write_text("")
    return environment.capture(CODE, IMPORTED, tmp_path)


def test_capture_of_a_real_process(captured: EnvironmentFacts) -> None:
    """Of a real environment exactly the used distributions are found: from an index, a folder, editable, a namespace."""
    assert {one.name: (one.source, one.why, one.modules) for one in captured.distributions} == {
        "acme-left": ("local", "imported", ("acme.left",)),
        "acme-right": ("local", "imported", ("acme.right",)),
        "edproj": ("editable", "imported", ("edproj",)),
        "pathproj": ("local", "imported", ("pathproj",)),
        "python-dateutil": ("index", "imported", ("dateutil",)),
        "six": ("index", "imported", ("six",)),
    }
    assert (captured.local_modules, captured.unowned, captured.unmet) == (("helper",), ("absent",), ())


@pytest.mark.usefixtures("small_server")
def test_clean_install_gives_the_same(
    captured: EnvironmentFacts, environment: Environment, new_environment: Callable[[], Environment], tmp_path: Path
) -> None:
    """A clean environment made from requirements.lock, hashes required, holds the same versions and imports the roots."""
    result = run(plan_for(captured, tmp_path / "lock", environment.python), Progress())
    for source in ("requirements.lock", "pylock.toml"):
        clean = new_environment()
        run_uv("pip", "sync", "--require-hashes", "-p", clean.python, source, cwd=tmp_path / "lock")
        clean.run("import six, dateutil.parser, acme.left, acme.right, edproj, pathproj", tmp_path / "lock")
        frozen = {line.split("==")[0].split(" @ ")[0] for line in clean.freeze()}
        assert frozen == {one.name for one in captured.distributions}
        same = {line for line in environment.freeze() if "==" in line and line.split("==")[0] in frozen}
        assert same <= set(clean.freeze())
    assert result.recorded == {
        "lock_digest": file_digest(tmp_path / "lock" / "requirements.lock"),
        "distributions": 6,
        "python": captured.python,
        "platform": f"{captured.platform} {captured.machine}",
        "cuda": False,
    }
    facts = {row.label: row.value for row in result.facts}
    assert facts["Distributions"] == "6 (6 imported)"
    assert facts["Wheels in the lock"] == "acme-left, acme-right, edproj, pathproj"
    assert any("helper" in line for line in result.warnings)
    assert any("absent" in line for line in result.warnings)
    kept = msgspec.json.decode((tmp_path / "lock" / "environment.json").read_bytes(), type=EnvironmentFacts)
    assert {one.build for one in kept.distributions if one.source != "index"} == {"vendored"}
    found_out = {"build": "unknown", "file": None, "sha256": None}
    bare = tuple(msgspec.structs.replace(one, **found_out) for one in kept.distributions)
    assert msgspec.structs.replace(kept, distributions=bare) == captured


@pytest.mark.usefixtures("small_server")
def test_pip_installs_it_too(
    captured: EnvironmentFacts, new_environment: Callable[[], Environment], tmp_path: Path
) -> None:
    """The command in the head of requirements.lock works with pip as it stands there."""
    run(plan_for(captured, tmp_path / "lock"), Progress())
    head = (tmp_path / "lock" / "requirements.lock").read_text().splitlines()[1]
    command = head.removeprefix("# python ").split()
    clean = new_environment()
    clean.install("pip")
    subprocess.run([clean.python, *command], cwd=tmp_path / "lock", check=True, capture_output=True)
    clean.run("import six, dateutil.parser, acme.left, acme.right, edproj, pathproj", tmp_path)


@pytest.mark.usefixtures("small_server")
def test_same_kernel_same_bytes(captured: EnvironmentFacts, tmp_path: Path) -> None:
    """Locking the same kernel twice gives the same bytes, built wheels included, and replaces the old lock whole."""
    run(plan_for(captured, tmp_path / "lock"), Progress())
    first = tree(tmp_path / "lock")
    (tmp_path / "lock" / "left-over").write_text("from an older lock")
    (tmp_path / "lock" / "data.json").write_text("{}")  # the export's, which a new lock keeps
    time.sleep(2.1)  # a zip file's times have a step of two seconds
    run(plan_for(captured, tmp_path / "lock"), Progress())
    assert tree(tmp_path / "lock") == {**first, "data.json": b"{}"}
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.slow
def test_server_fits_the_kernel(new_environment: Callable[[], Environment], tmp_path: Path) -> None:
    """serving.lock adds what the server needs, keeps the kernel's pins and names none twice; both install together."""
    # An old pin that the server's own requirements would otherwise replace.
    kernel = fact("click", "8.1.7")
    lock(tmp_path / "lock", kernel, fact("typing-extensions", "4.14.1"))
    serving = names(tmp_path / "lock" / "serving.lock")
    wanted = {"uvicorn", "httptools", "msgspec", "numpy", "prometheus-client", "pydantic-settings", "pyyaml"}
    assert wanted | ({"uvloop"} if os.name != "nt" else set()) <= set(serving)
    assert not {"click", "typing-extensions"} & set(serving)
    clean = new_environment()
    both = ["-r", "requirements.lock", "-r", "serving.lock"]
    clean.install("--require-hashes", "--no-deps", *both, cwd=tmp_path / "lock")
    run_uv("pip", "check", "-p", clean.python)
    clean.run("import uvicorn, httptools, msgspec, numpy, prometheus_client, pydantic_settings, yaml", tmp_path)
    assert "click==8.1.7" in clean.freeze()


def test_server_uses_the_kernels_own_wheel(
    projects: Mapping[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the kernel runs the user's own build of something that the server needs, that build counts."""
    monkeypatch.setattr(compiling, "SERVER", ("acme-left", "six"))
    url = projects["acme-left"].as_uri()
    lock(tmp_path / "lock", fact("acme-left", source="editable", url=url))
    assert names(tmp_path / "lock" / "serving.lock") == ["six"]


def test_server_that_does_not_fit(tmp_path: Path) -> None:
    """Where the kernel's pins leave the server no solution, the error says so and names the reason."""
    with pytest.raises(LockError, match=r"could not fit the server's distributions to the kernel's: .*pydantic"):
        lock(tmp_path / "lock", fact("pydantic", "1.10.21"))


@pytest.mark.parametrize(
    ("name", "version", "message", "hint"),
    [
        ("six", "1.17.0+cu124", r"the index has no six 1\.17\.0\+cu124", "PIP_EXTRA_INDEX_URL"),
        ("six", "99.1", r"the index has no six 99\.1", "another index"),
    ],
)
def test_versions_that_no_index_has(tmp_path: Path, name: str, version: str, message: str, hint: str) -> None:
    """A version that the index lacks stops the lock by name; a local label is never stripped."""
    with pytest.raises(LockError, match=message) as caught:
        lock(tmp_path / "lock", fact(name, version))
    assert hint in caught.value.hint
    assert not (tmp_path / "lock").exists()


@pytest.mark.parametrize("variable", ["PIP_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX"])
def test_unreachable_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """An index that can't be reached is said to be so, whoever was configured with it, without its password."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv(variable, f"http://me:s3cret@127.0.0.1:{port}/simple")
    monkeypatch.setenv("UV_NO_CACHE", "1")
    with pytest.raises(LockError, match="Failed to fetch") as caught:
        lock(tmp_path / "lock", fact("six", "1.17.0"))
    assert "s3cret" not in str(caught.value)
    assert "network" in caught.value.hint


@pytest.mark.usefixtures("small_server")
@pytest.mark.parametrize("hashes", [True, False])
def test_credentials_stay_out(index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hashes: bool) -> None:
    """A private index named to pip is used, its password reaches no file, no message and no command line."""
    index.hashes = hashes
    wheel = make_wheel(index.folder, "privatelib", "1.0")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", index.url)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    heard: list[str] = []
    started: list[list[str]] = []
    popen = subprocess.Popen

    def spy(command: list[str], *rest: Any, **options: Any) -> Any:
        started.append(command)
        return popen(command, *rest, **options)

    monkeypatch.setattr(subprocess, "Popen", spy)
    listener = Progress(lambda event: heard.append(event.message))
    facts = facts_of(fact("privatelib"), fact("six", "1.17.0"))
    all_of_it = Wishes(prove=True, audit=True, advisories="http://127.0.0.1:9/", uv_lock=True, script=True)
    result = run(plan_for(facts, tmp_path / "lock", wishes=all_of_it), listener)
    digest = file_digest(wheel)
    assert f"privatelib==1.0 \\\n    --hash=sha256:{digest}\n" in (tmp_path / "lock" / "requirements.lock").read_text()
    everything = [*tree(tmp_path / "lock").values(), str(result).encode(), str(heard).encode(), str(started).encode()]
    for secret in (b"s3cr", b"alice"):
        assert not any(secret in text for text in everything)
    assert index.host not in (tmp_path / "lock" / "requirements.lock").read_text()


def test_wrong_password(index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An index that refuses the password is named as such, without showing what was tried."""
    make_wheel(index.folder, "privatelib", "1.0")
    monkeypatch.setenv("PIP_INDEX_URL", index.url.replace("s3cr", "wr0ng"))
    monkeypatch.setenv("UV_NO_CACHE", "1")
    with pytest.raises(LockError) as caught:
        lock(tmp_path / "lock", fact("privatelib"))
    assert "user and password" in caught.value.hint
    assert "wr0ng" not in str(caught.value)
    monkeypatch.setenv("PIP_INDEX_URL", index.url)
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", index.url.replace("s3cr", "wr0ng"))  # uv says nothing of this one
    with pytest.raises(LockError) as caught:
        lock(tmp_path / "lock", fact("another"))
    assert "user and password" in caught.value.hint
    assert "wr0ng" not in str(caught.value)


@pytest.mark.usefixtures("small_server")
def test_find_links_of_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, new_environment: Callable[[], Environment]
) -> None:
    """A wheel that only a folder of this machine has travels with the lock, which then installs without that folder."""
    make_wheel(tmp_path / "links", "onlyhere", "2.0+cu124")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "links"))
    lock(tmp_path / "lock", fact("onlyhere", "2.0+cu124"))
    shutil.rmtree(tmp_path / "links")
    clean = new_environment()
    run_uv("pip", "sync", "--require-hashes", "-p", clean.python, "requirements.lock", cwd=tmp_path / "lock")
    assert clean.run("import onlyhere; print(onlyhere.__version__)", tmp_path).strip() == "2.0+cu124"
    assert not any(str(tmp_path).encode() in text for text in tree(tmp_path / "lock").values())


@pytest.mark.usefixtures("small_server")
def test_overrides_of_uv_are_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An override in a project file above the lock doesn't change a pin silently."""
    monkeypatch.delenv("UV_NO_CONFIG")
    (tmp_path / "pyproject.toml").write_text('[tool.uv]\noverride-dependencies = ["six==1.16.0"]\n')
    with pytest.raises(LockError, match="six"):
        lock(tmp_path / "lock", fact("six", "1.17.0"))


@pytest.mark.usefixtures("small_server")
def test_git_commit(tmp_path: Path) -> None:
    """A distribution installed from a git commit is built from that commit, not from what the branch holds by now."""
    repository = make_project(tmp_path / "repo" / "py", "gitproj", "gitproj").parent
    git = ["git", "-C", repository, "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "init", "-q", repository], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "one"], check=True)
    commit = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    (repository / "py/src/gitproj/later.py").write_text("")
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "two"], check=True)
    url = f"git+{repository.as_uri()}@{commit}#subdirectory=py"
    lock(tmp_path / "lock", fact("gitproj", source="vcs", url=url))
    with zipfile.ZipFile(tmp_path / "lock/wheels/gitproj-1.0-py3-none-any.whl") as wheel:
        assert "gitproj/__init__.py" in wheel.namelist()
        assert "gitproj/later.py" not in wheel.namelist()


@pytest.mark.usefixtures("small_server")
def test_archives(tmp_path: Path) -> None:
    """A distribution installed from a wheel's file is locked with that very file."""
    wheel = make_wheel(tmp_path / "files", "arch", "1.0")
    lock(tmp_path / "lock", fact("arch", source="archive", url=f"{wheel.as_uri()}#sha256={file_digest(wheel)}"))
    assert (tmp_path / "lock/wheels" / wheel.name).read_bytes() == wheel.read_bytes()


def test_archive_from_the_net(index: Index, tmp_path: Path) -> None:
    """A distribution installed from a URL whose password is gone is named, with the server's reason."""
    wheel = make_wheel(index.folder, "arch", "1.0")
    with pytest.raises(LockError, match=r"arch 1\.0 can't be locked: .* can't be fetched \(Unauthorized\)"):
        lock(tmp_path / "lock", fact("arch", source="archive", url=f"http://{index.host}/files/{wheel.name}"))


@pytest.mark.parametrize(
    ("source", "url", "reason"),
    [
        ("local", "file:///nowhere/lib", "its source folder /nowhere/lib is no longer there"),
        ("editable", "file:///nowhere/lib#subdirectory=x", "its source folder /nowhere/lib/x is no longer there"),
        ("archive", "file:///nowhere/lib.whl", "/nowhere/lib.whl, is no longer there"),
        ("archive", "ftp://nowhere/lib.whl", "no address that can be fetched"),
        ("archive", "{wheel}#sha256=00", "no longer the file it was installed from"),
        ("vcs", "hg+https://nowhere/lib@1", "only git is known"),
        ("vcs", "git+file:///nowhere/lib@1", "git says: "),
    ],
)
def test_sources_that_are_gone(tmp_path: Path, source: Any, url: str, reason: str) -> None:
    """A distribution whose source can't be had any more is named, with the reason, and no lock is left."""
    wheel = make_wheel(tmp_path / "files", "mine", "1.0")
    with pytest.raises(LockError, match=r"mine 1\.0 can't be locked") as caught:
        lock(tmp_path / "lock", fact("mine", source=source, url=url.format(wheel=wheel.as_uri())))
    assert reason in caught.value.message
    assert not (tmp_path / "lock").exists()


def test_build_that_fails(tmp_path: Path) -> None:
    """A project whose build fails is named with the backend's reason."""
    project = make_project(tmp_path / "broken", "broken", "broken")
    shutil.rmtree(project / "src")
    with pytest.raises(LockError, match=r"uv could not build a wheel from .*broken: .*broken"):
        lock(tmp_path / "lock", fact("broken", source="local", url=project.as_uri()))


@pytest.mark.slow
@pytest.mark.usefixtures("small_server")
def test_leftovers_of_old_builds(tmp_path: Path) -> None:
    """A module that was deleted from the source doesn't come back from setuptools' old build folder, and times stay out."""
    project = tmp_path / "st"
    (project / "stproj").mkdir(parents=True)
    (project / "stproj" / "__init__.py").write_text("")
    (project / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
        '[project]\nname = "stproj"\nversion = "1.0"\n[tool.setuptools]\npackages = ["stproj"]\n'
    )
    stale = project / "build" / "lib" / "stproj"
    stale.mkdir(parents=True)
    (stale / "deleted.py").write_text("")
    for name in ("lock", "again"):
        lock(tmp_path / name, fact("stproj", source="editable", url=project.as_uri()))
        time.sleep(2.1)  # a zip file's times have a step of two seconds
    assert tree(tmp_path / "lock") == tree(tmp_path / "again")
    with zipfile.ZipFile(tmp_path / "lock/wheels/stproj-1.0-py3-none-any.whl") as wheel:
        assert "stproj/__init__.py" in wheel.namelist()
        assert "stproj/deleted.py" not in wheel.namelist()


@pytest.mark.usefixtures("small_server")
def test_doubts_about_built_wheels(projects: Mapping[str, Path], tmp_path: Path) -> None:
    """A wheel that differs in version from what the kernel has, or lacks a loaded module, is pointed out."""
    url = projects["edproj"].as_uri()
    result = lock(tmp_path / "lock", fact("edproj", "0.9", source="editable", url=url, modules=("edproj", "edscript")))
    assert list(result.warnings) == [
        "The source of edproj is at 1.0 by now; the kernel has it as 0.9.",
        "The wheel built for edproj lacks the module edscript, which the kernel loaded.",
    ]


@pytest.fixture
def old_lock(tmp_path: Path) -> Path:
    folder = tmp_path / "nb-prod" / "lock"
    folder.mkdir(parents=True)
    (folder / "requirements.lock").write_text("the old one")
    return folder


def assert_untouched(folder: Path) -> None:
    assert tree(folder) == {"requirements.lock": b"the old one"}
    assert [path.name for path in folder.parent.iterdir()] == ["lock"]


@pytest.mark.parametrize("stage", ["Pinning", "Fitting", "Writing"])
def test_interrupted(old_lock: Path, stage: str) -> None:
    """A run that is stopped, at whatever stage, leaves the old lock as it was and nothing beside it."""

    def stop(event: ProgressEvent) -> None:
        if event.kind == "stage" and event.message.startswith(stage):
            progress.cancel()

    progress = Progress(stop)
    with pytest.raises(CancelledError):
        run(plan_for(facts_of(fact("six", "1.17.0")), old_lock), progress)
    assert_untouched(old_lock)


def test_interrupted_while_uv_waits(old_lock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stop ends uv at once, though an index keeps it waiting."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{silent.getsockname()[1]}/simple")
        progress = Progress()
        threading.Timer(0.5, progress.cancel).start()
        start = time.monotonic()
        with pytest.raises(CancelledError):
            run(plan_for(facts_of(fact("six", "1.17.0")), old_lock), progress)
    assert time.monotonic() - start < 5
    assert_untouched(old_lock)


@pytest.mark.usefixtures("small_server")
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
@pytest.mark.parametrize(("owner", "function"), [(Path, "write_bytes"), (shutil, "copyfile")])
def test_disk_refuses(
    old_lock: Path,
    projects: Mapping[str, Path],
    monkeypatch: pytest.MonkeyPatch,
    *,
    number: int,
    owner: Any,
    function: str,
) -> None:
    """A full or read-only disk, while texts or wheels are written, is said to be so and the old lock stays."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(owner, function, refuse)
    built = fact("edproj", source="editable", url=projects["edproj"].as_uri())
    with pytest.raises(ProjectError, match=os.strerror(number)):
        run(plan_for(facts_of(built), old_lock), Progress())
    assert_untouched(old_lock)
