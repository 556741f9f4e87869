"""What is installed, compared byte by byte with what the lock installs; and wheels of what is installed."""

from __future__ import annotations

import json
import shutil
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from lock_bench import Environment, Index, digest, fact, facts_of, make_project, make_wheel, run_uv

from jupyter_prodkit.environment.edited import edited_files
from jupyter_prodkit.environment.facts import DistributionFact, EnvironmentFacts
from jupyter_prodkit.errors import LockError
from jupyter_prodkit.lock import compiling
from jupyter_prodkit.lock.builds import is_same_build
from jupyter_prodkit.lock.remote_wheel import WheelRecords
from jupyter_prodkit.lock.repacking import repacked_wheel
from jupyter_prodkit.lock.report import LockReport
from jupyter_prodkit.lock.step import plan_for, run
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.step import Result


@pytest.fixture(autouse=True)
def small_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "SERVER", ())


@pytest.fixture
def kernel(tmp_path: Path) -> Environment:
    return Environment(tmp_path / "kernel")


@pytest.fixture
def named(index: Index, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Index:
    """The index of our own, named to pip beside an empty cache."""
    monkeypatch.setenv("PIP_INDEX_URL", index.url)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    return index


def lock(kernel: Environment, folder: Path, *facts: DistributionFact) -> Result:
    return run(plan_for(facts_of(*facts), folder, kernel.python, installed=kernel.installed()), Progress())


def locked(folder: Path) -> dict[str, DistributionFact]:
    kept = msgspec.json.decode((folder / "environment.json").read_bytes(), type=EnvironmentFacts)
    return {one.name: one for one in kept.distributions}


def clean_install(folder: Path, clean: Environment) -> None:
    run_uv("pip", "sync", "--require-hashes", "-p", clean.python, "requirements.lock", cwd=folder)


@pytest.mark.parametrize("ranges", [True, False])
def test_same_bytes_are_proven(kernel: Environment, named: Index, tmp_path: Path, ranges: bool) -> None:
    """Where the index has the very wheel that is installed, that is proven by its RECORD, and its index named."""
    named.ranges = ranges
    wheel = make_wheel(named.folder, "alpha", "1.0", files={"alpha_data/big.txt": "".join(map(str, range(60_000)))})
    kernel.install("--no-index", "--find-links", named.folder, "alpha")
    lock(kernel, tmp_path / "lock", fact("alpha"))
    found = locked(tmp_path / "lock")["alpha"]
    assert (found.build, found.file, found.source) == ("same", wheel.name, "index")
    assert found.index == f"http://{named.host}/simple"
    sent, named.bytes_sent = named.bytes_sent, 0
    assert sent < wheel.stat().st_size + 10_000 or not ranges
    lock(kernel, tmp_path / "lock", fact("alpha"))
    assert named.bytes_sent < 10_000  # the second time, what is known of the wheel is remembered


def test_extra_index(kernel: Environment, index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A distribution that an extra index has is known as such, by that index's name without its password."""
    monkeypatch.setenv("PIP_INDEX_URL", index.url.replace("/simple", "/empty"))
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", index.url)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    make_wheel(index.folder, "alpha", "1.0")
    kernel.install("--no-index", "--find-links", index.folder, "alpha")
    monkeypatch.setattr(index, "answer", _only_below_simple(index))
    lock(kernel, tmp_path / "lock", fact("alpha"))
    found = locked(tmp_path / "lock")["alpha"]
    assert (found.source, found.index, found.build) == ("extra index", f"http://{index.host}/simple", "same")


@pytest.mark.parametrize("version", ["2.6.0+cu124", "2.6.0"])
def test_a_build_for_cuda(
    kernel: Environment, index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    """PyTorch for CUDA (a stand-in) is locked as that build, from its own index without hashes; both versions are kept.

    The wheel on PyPI has no label in its metadata, that of PyTorch's own index has; the module says it in both.
    """
    index.hashes = False
    code = "from torch import version\n__version__ = version.__version__ = '2.6.0+cu124'\n"
    files = {"torch/__init__.py": code, "torch/version.py": "cuda = '12.4'\n"}
    wheel = make_wheel(index.folder, "torch", version, files=files)
    kernel.install("msgspec", "packaging")
    kernel.install("--no-index", "--find-links", index.folder, f"torch=={version}")
    monkeypatch.setattr(index, "answer", _only_below_simple(index))
    monkeypatch.setenv("PIP_INDEX_URL", index.url.replace("/simple", "/empty"))
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", index.url)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    facts = kernel.capture("import torch", {"torch"}, tmp_path)
    assert facts.cuda is not None
    assert (facts.cuda.version, facts.cuda.installed, facts.cuda.cuda, facts.cuda.label) == (
        "2.6.0+cu124", version, "12.4", "cu124"
    )  # fmt: skip
    result = run(plan_for(facts, tmp_path / "lock", kernel.python, installed=kernel.installed()), Progress())
    found = locked(tmp_path / "lock")["torch"]
    assert (found.source, found.build, found.file) == ("extra index", "same", wheel.name)
    assert f"torch=={version} \\\n    --hash=sha256:" in (tmp_path / "lock" / "requirements.lock").read_text()
    assert {row.label: row.value for row in result.facts}["CUDA"] == "12.4"
    assert isinstance(result.document, LockReport)
    label = "" if "+" in version else " (2.6.0+cu124 by its module)"
    assert result.document.distributions[0].version == f"{version}{label}"


def _only_below_simple(index: Index) -> Callable[[str, str], tuple[int, str, bytes]]:
    answer = index.answer
    return lambda path, given: (404, "text/plain", b"") if path.startswith("/empty") else answer(path, given)


def test_same_version_different_bytes(
    kernel: Environment, named: Index, tmp_path: Path, new_environment: Callable[[], Environment]
) -> None:
    """Where the index has that version with other bytes, the lock holds a wheel of what is installed, and says so."""
    make_wheel(named.folder, "alpha", "1.0", "WHO = 'index'\n")
    make_wheel(tmp_path / "own", "alpha", "1.0", "WHO = 'own build'\n")
    kernel.install("--no-index", "--find-links", tmp_path / "own", "alpha")
    result = lock(kernel, tmp_path / "lock", fact("alpha"))
    assert any("alpha 1.0 is installed with other bytes" in line for line in result.warnings)
    assert locked(tmp_path / "lock")["alpha"].build == "vendored"
    shutil.rmtree(tmp_path / "own")
    clean = new_environment()
    clean_install(tmp_path / "lock", clean)
    assert clean.run("import alpha; print(alpha.WHO)", tmp_path).strip() == "own build"


def test_edited_by_hand(
    kernel: Environment, named: Index, tmp_path: Path, new_environment: Callable[[], Environment]
) -> None:
    """A package that was edited in place is locked as it is now, from its files, twice to the same bytes."""
    make_wheel(named.folder, "alpha", "1.0", "WHO = 'index'\n", entry_points="[console_scripts]\nalpha = alpha:main\n")
    kernel.install("--no-index", "--find-links", named.folder, "alpha")
    time.sleep(2.1)  # an edit in the very moment of the installation is not told from it by its time
    module = kernel.site / "alpha.py"
    text = module.read_text().replace("index", "edit!")
    module.unlink()  # uv links files to its cache
    module.write_text(text)
    edited = edited_files(kernel.installed()["alpha"], set())
    assert edited == ("alpha.py",)
    for folder in ("lock", "again"):
        result = lock(kernel, tmp_path / folder, fact("alpha", edited=edited))
    assert any("alpha 1.0 was edited by hand (alpha.py)" in line for line in result.warnings)
    held = [(tmp_path / folder / "requirements.lock").read_bytes() for folder in ("lock", "again")]
    assert held[0] == held[1]
    clean = new_environment()
    clean_install(tmp_path / "lock", clean)
    assert clean.run("import alpha; print(alpha.WHO)", tmp_path).strip() == "edit!"
    assert (Path(clean.python).parent / "alpha").exists()


def test_edited_without_the_means_to_hold_it(kernel: Environment, named: Index, tmp_path: Path) -> None:
    """An edit that can't be made a wheel, as its records lack the tags, is said; and its bytes are not called the same."""
    make_wheel(named.folder, "alpha", "1.0")
    kernel.install("--no-index", "--find-links", named.folder, "alpha")
    for path, text in (("alpha.py", "more = 1\n"), ("alpha-1.0.dist-info/WHEEL", "Tag: x\nTag: ---\n")):
        (kernel.site / path).unlink()  # uv links files to its cache
        (kernel.site / path).write_text(text)
    result = lock(kernel, tmp_path / "lock", fact("alpha"))
    assert "alpha 1.0 was edited by hand (alpha.py), which the lock does not hold." in result.warnings
    assert locked(tmp_path / "lock")["alpha"].build == "different"


def test_source_that_has_moved_on(kernel: Environment, tmp_path: Path) -> None:
    """Of a local path whose source has changed since, or has gone, what is installed is locked, not the source."""
    project = make_project(tmp_path / "proj", "pathproj", "pathproj")
    kernel.install(project)
    module = project / "src" / "pathproj" / "__init__.py"
    asked = fact("pathproj", source="local", url=project.as_uri())
    assert lock(kernel, tmp_path / "lock", asked).warnings == ()
    module.write_text("__version__ = '1.0'\nNEW = 1\n")
    assert "its source has changed since" in lock(kernel, tmp_path / "lock", asked).warnings[0]
    with zipfile.ZipFile(tmp_path / "lock" / "wheels" / "pathproj-1.0-py3-none-any.whl") as wheel:
        assert b"NEW" not in wheel.read("pathproj/__init__.py")
    shutil.rmtree(project)
    assert "is no longer there" in lock(kernel, tmp_path / "lock", asked).warnings[0]


@pytest.mark.parametrize("compiled", [False, True])
def test_conda(kernel: Environment, named: Index, tmp_path: Path, compiled: bool) -> None:
    """Plain Python that conda installed is locked by its files; compiled code by the index's build, which is said."""
    make_wheel(named.folder, "alpha", "1.0", "WHO = 'index'\n")
    files = {"alpha_fast.so": "conda's"} if compiled else {}
    make_wheel(tmp_path / "own", "alpha", "1.0", "WHO = 'conda'\n", files=files)
    kernel.install("--no-index", "--find-links", tmp_path / "own", "alpha")
    result = lock(kernel, tmp_path / "lock", fact("alpha", source="conda"))
    found = locked(tmp_path / "lock")["alpha"]
    assert found.build == ("different" if compiled else "vendored")
    assert any("conda" in line for line in result.warnings) is compiled
    assert "alpha" not in (tmp_path / "lock" / "environment.yml").read_text()  # no conda-meta knows it here


def test_conda_alone_has_it(kernel: Environment, named: Index, tmp_path: Path) -> None:
    """Compiled code that only conda has stops the lock and is named, with the way that is left."""
    make_wheel(tmp_path / "own", "alpha", "1.0", files={"alpha_fast.so": "conda's"})
    kernel.install("--no-index", "--find-links", tmp_path / "own", "alpha")
    with pytest.raises(LockError, match=r"the index does not know alpha\. conda installed alpha\.") as caught:
        lock(kernel, tmp_path / "lock", fact("alpha", source="conda"))
    assert "conda list --explicit" in caught.value.hint
    assert not (tmp_path / "lock").exists()


def test_yanked(kernel: Environment, named: Index, tmp_path: Path) -> None:
    """A release that its authors have withdrawn is locked, as it is what ran, and said with their reason."""
    wheel = make_wheel(named.folder, "alpha", "1.0")
    named.yanked[wheel.name] = "wrong numbers"
    kernel.install("--no-index", "--find-links", named.folder, "alpha")
    result = lock(kernel, tmp_path / "lock", fact("alpha"))
    assert "The release of alpha was withdrawn by its authors (wrong numbers)." in result.warnings


def test_no_network(kernel: Environment, named: Index, tmp_path: Path) -> None:
    """Without network, what uv has kept is enough; where it isn't, the distributions without hashes are named."""
    make_wheel(named.folder, "alpha", "1.0")
    make_wheel(named.folder, "beta", "1.0")
    kernel.install("--no-index", "--find-links", named.folder, "alpha", "beta")
    lock(kernel, tmp_path / "lock", fact("alpha"))
    before = (tmp_path / "lock" / "requirements.lock").read_bytes()
    named.server.shutdown()
    named.server.server_close()
    kept = lock(kernel, tmp_path / "lock", fact("alpha"))
    assert any(line.startswith("The index does not answer: hashes") for line in kept.warnings)
    assert (tmp_path / "lock" / "requirements.lock").read_bytes() == before
    with pytest.raises(LockError, match=r"Hashes are missing of beta 1\.0\.") as caught:
        lock(kernel, tmp_path / "lock", fact("alpha"), fact("beta"))
    assert "s3cr" not in str(caught.value)
    assert (tmp_path / "lock" / "requirements.lock").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_no_network_for_the_server(
    kernel: Environment, named: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the server needs comes from what uv has kept as well; else its names are those that hashes lack for."""
    for name, needed in (("alpha", []), ("web", ["wires"]), ("wires", [])):
        make_wheel(named.folder, name, "1.0", requires=needed)
    kernel.install("--no-index", "--find-links", named.folder, "alpha")
    monkeypatch.setattr(compiling, "SERVER", ("web",))
    lock(kernel, tmp_path / "lock", fact("alpha"))
    before = (tmp_path / "lock" / "serving.lock").read_bytes()
    assert b"wires==1.0" in before
    named.server.shutdown()
    named.server.server_close()
    lock(kernel, tmp_path / "lock", fact("alpha"))
    assert (tmp_path / "lock" / "serving.lock").read_bytes() == before
    monkeypatch.setattr(compiling, "SERVER", ("web", "other; python_version > '3'"))
    with pytest.raises(LockError, match=r"Hashes are missing of other\."):
        lock(kernel, tmp_path / "lock", fact("alpha"))


def test_nothing_is_written_into_the_environment(kernel: Environment, named: Index, tmp_path: Path) -> None:
    """Locking and proving only read the kernel's environment: a read-only one will do."""
    make_wheel(named.folder, "alpha", "1.0")
    kernel.install("--no-index", "--find-links", named.folder, "alpha")

    def state() -> dict[Path, float]:
        return {path: path.lstat().st_mtime for path in kernel.folder.rglob("*")}

    before = state()
    lock(kernel, tmp_path / "lock", fact("alpha", modules=("alpha",)))
    assert state() == before


def test_records_compared() -> None:
    """Scripts, generated files and the installer's own notes don't count; a changed or missing file does."""
    wheel = (
        "a.py,sha256=x,1\na-1.data/purelib/b.py,sha256=y,1\na-1.data/scripts/go,sha256=q,1\na-1.dist-info/RECORD,,\n"
    )
    installed = "a.py,sha256=x,1\nb.py,sha256=y,1\n../../../bin/go,sha256=other,1\na-1.dist-info/INSTALLER,sha256=z,4\n"
    assert is_same_build(wheel, installed)
    assert not is_same_build(wheel, installed.replace("=x", "=w"))
    assert not is_same_build(wheel, installed.replace("b.py", "c.py"))
    assert not is_same_build("", installed)
    built = f"{wheel}a-1.dist-info/WHEEL,sha256=new,1\n"
    assert not is_same_build(built, installed)
    assert is_same_build(built, installed, with_metadata=False)


def test_repacked_data_and_scripts(site_with_data: Any, tmp_path: Path) -> None:
    """Files outside site-packages go back to where they were; a script of the package's own keeps its interpreter line."""
    wheel = repacked_wheel(site_with_data, tmp_path / "wheels")
    with zipfile.ZipFile(wheel) as archive:
        assert set(archive.namelist()) == {
            "alpha.py",
            "alpha-1.0.data/data/share/alpha/readme",
            "alpha-1.0.data/scripts/tool",
            "alpha-1.0.dist-info/METADATA",
            "alpha-1.0.dist-info/WHEEL",
            "alpha-1.0.dist-info/entry_points.txt",
            "alpha-1.0.dist-info/RECORD",
        }
        assert archive.read("alpha-1.0.data/scripts/tool") == b"#!python\nprint(1)\n"
    assert wheel.name == "alpha-1.0-py2.py3-none-any.whl"


@pytest.fixture
def site_with_data(tmp_path: Path) -> Any:
    from jupyter_prodkit.environment.installed import Installed

    site = tmp_path / "env" / "lib" / "python3" / "site-packages"
    info = site / "alpha-1.0.dist-info"
    texts = {
        "alpha.py": "",
        "../../../share/alpha/readme": "x",
        "../../../bin/tool": "#!/env/bin/python3.11\nprint(1)\n",
        "../../../bin/alpha": "#!/env/bin/python3.11\nmade from the entry point\n",
        f"{info.name}/METADATA": "Name: alpha\nVersion: 1.0\n",
        f"{info.name}/WHEEL": "Wheel-Version: 1.0\nTag: py2-none-any\nTag: py3-none-any\n",
        f"{info.name}/entry_points.txt": "[console_scripts]\nalpha = alpha:main\n",
        f"{info.name}/INSTALLER": "pip\n",
    }
    for name, text in texts.items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(text)
    record = "".join(f"{name},sha256={digest(text)},{len(text)}\n" for name, text in texts.items())
    (info / "RECORD").write_text(record + "__pycache__/alpha.cpython-311.pyc,,\n")
    return Installed("alpha", info)


def test_password_of_the_index_on_another_host(tmp_path: Path) -> None:
    """A password goes to the host that it was given for, and to no other."""
    records = WheelRecords({"UV_INDEX": "own=https://me:pw@one.example/simple https://two.example/simple"})
    assert records._authorization("https://one.example/f/a.whl") != {}
    assert records._authorization("https://two.example/f/a.whl") == {}


def test_environment_json_is_plain(kernel: Environment, named: Index, tmp_path: Path) -> None:
    """All that is known stands in environment.json, by name, without any password."""
    make_wheel(named.folder, "alpha", "1.0")
    kernel.install("--no-index", "--find-links", named.folder, "alpha")
    lock(kernel, tmp_path / "lock", fact("alpha", licence="MIT"))
    text = (tmp_path / "lock" / "environment.json").read_text()
    assert json.loads(text)["distributions"][0]["licence"] == "MIT"
    assert "s3cr" not in text
    assert "alice" not in text
