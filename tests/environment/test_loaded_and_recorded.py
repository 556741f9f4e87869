"""The truth of one distribution: what is in memory, what is on disk, what was installed; and the system's libraries."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import os
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from jupyter_prodkit.environment.edited import edited_files
from jupyter_prodkit.environment.facts import SystemLibrary
from jupyter_prodkit.environment.in_memory import ANOTHER_BUILD, held_in_memory, module_version
from jupyter_prodkit.environment.installed import installed_distributions
from jupyter_prodkit.environment.loaded_code import runs_other_code
from jupyter_prodkit.environment.system_libraries import mapped_libraries, replaced_libraries, system_libraries

CODE = "LIMIT = 3\n\ndef f(x):\n    return x + 1\n\nclass C:\n    def m(self):\n        return [i for i in (1, 2)]\n"


def load(path: Path, name: str = "lib") -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (CODE, False),
        (CODE.replace("x + 1", "x + 2"), True),
        (CODE.replace("(1, 2)", "(1, 3)"), True),
        (CODE + "\ndef more(): pass\n", False),
        (CODE.replace("LIMIT = 3", "LIMIT = 4"), False),
        ("not python (", False),
        (None, False),
    ],
)
def test_other_code(tmp_path: Path, now: str | None, expected: bool) -> None:
    """A module whose functions differ from its file's is found, without running anything."""
    path = tmp_path / "lib.py"
    path.write_text(CODE)
    module = load(path)
    path.unlink() if now is None else path.write_text(now)
    assert runs_other_code(module) is expected


def recorded(site: Any, name: str, files: dict[str, str], **more: Any) -> Path:
    """Install with the digests that an installer writes into RECORD."""
    info: Path = site.install(name, files=files, **more)
    lines = []
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        lines.append(f"{path},sha256={digest},{len(text)}\n")
    (info / "RECORD").write_text("".join([*lines, f"{info.name}/RECORD,,\n"]))
    return info


def test_upgraded_without_a_version(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package without `__version__` that was replaced after its import is found by its code."""
    site.install("lib", "1.0", files={"lib.py": CODE})
    module = load(Path(site.file("lib.py")))
    monkeypatch.setitem(sys.modules, "lib", module)
    one = installed_distributions()["lib"]
    started = time.time() - 10
    assert held_in_memory(one, {"lib": module}, started, ()) is None
    Path(site.file("lib.py")).write_text(CODE.replace("x + 1", "x + 2"))
    assert held_in_memory(one, {"lib": module}, started, ()) == ANOTHER_BUILD
    assert held_in_memory(one, {"lib": module}, time.time() + 60, ()) is None  # all of it older than the process


def test_replaced_library(site: Any) -> None:
    """A compiled module whose file was replaced while it is mapped is found, whatever its version says."""
    site.install("fast", "2.0", files={"fast.so": ""})
    path = site.file("fast.so")
    maps = f"7f0-7f1 r-xp 00000000 08:01 123   {path} (deleted)\n7f2-7f3 rw-p 00000000 00:00 0    [heap]\n"
    assert replaced_libraries(mapped_libraries(maps)) == {path}
    one = installed_distributions()["fast"]
    assert held_in_memory(one, {}, 1.0, {path}) == ANOTHER_BUILD


@pytest.mark.parametrize(
    ("claimed", "metadata", "expected"),
    [("2.6.0+cu124", "2.6.0", "2.6.0+cu124"), ("2.6", "2.6.0", None), ("4.10.0", "4.10.0.84", "4.10.0"), (None, "1", None)],
)
def test_module_version(claimed: str | None, metadata: str, expected: str | None) -> None:
    """Where module and metadata disagree on the version, both are kept."""
    module = ModuleType("m")
    if claimed is not None:
        vars(module)["__version__"] = claimed
    assert module_version([module], metadata) == expected


@pytest.mark.parametrize(
    ("change", "loaded", "expected"),
    [
        (lambda p: None, [], ()),
        (lambda p: p.write_text("x = 2\n"), [], ("pkg/a.py",)),
        (lambda p: p.write_text("x = 22\n"), [], ("pkg/a.py",)),
        (lambda p: p.unlink(), [], ("pkg/a.py",)),
        (lambda p: (p.write_text("x = 2\n"), os.utime(p, (1, 1))), ["pkg/a.py"], ("pkg/a.py",)),
        (lambda p: p.touch(), [], ()),
    ],
)
def test_edited_by_hand(site: Any, change: Any, loaded: list[str], expected: tuple[str, ...]) -> None:
    """A file edited in place is found by RECORD: by its size, its time, or its bytes where it is loaded."""
    recorded(site, "pkg", {"pkg/__init__.py": "", "pkg/a.py": "x = 1\n"}, written_at=time.time() - 100)
    for name in ("__init__.py", "a.py"):
        os.utime(site.file(f"pkg/{name}"), (time.time() - 100, time.time() - 100))
    info = site.folder / "pkg-1.0.dist-info"
    for path in (*info.iterdir(), info):
        os.utime(path, (time.time() - 100, time.time() - 100))
    change(Path(site.file("pkg/a.py")))
    assert edited_files(installed_distributions()["pkg"], {site.file(path) for path in loaded}) == expected


def test_system_libraries(tmp_path: Path) -> None:
    """Libraries from outside the environment are named with the Debian package that owns them, wherever /usr is."""
    (tmp_path / "info").mkdir()
    (tmp_path / "info" / "libgomp1:amd64.list").write_text("/.\n/usr/lib/x86_64-linux-gnu/libgomp.so.1.0.0\n")
    (tmp_path / "info" / "libc6:amd64.list").write_text("/lib/x86_64-linux-gnu/libm.so.6\n")
    (tmp_path / "status").write_text(
        "Package: libgomp1\nVersion: 12.2.0-14\n\nPackage: libc6\nStatus: x\nVersion: 2.36-9\n"
    )
    mapped = {
        "/usr/lib/x86_64-linux-gnu/libgomp.so.1.0.0",
        "/usr/lib/x86_64-linux-gnu/libm.so.6",
        "/opt/own/libown.so",
        "/env/lib/python3.11/site-packages/numpy/core.so",
    }
    assert system_libraries(mapped, ["/env"], tmp_path) == (
        SystemLibrary(file="libgomp.so.1.0.0", package="libgomp1", version="12.2.0-14"),
        SystemLibrary(file="libm.so.6", package="libc6", version="2.36-9"),
        SystemLibrary(file="libown.so"),
    )
    assert system_libraries(mapped, ["/env"], tmp_path / "no-dpkg")[0].package is None


@pytest.mark.skipif(not Path("/var/lib/dpkg/status").exists(), reason="no dpkg here")
def test_system_libraries_of_this_process() -> None:
    """On Debian the C library of this very process is libc6's."""
    maps = Path("/proc/self/maps").read_text()
    found = {one.file: one for one in system_libraries(mapped_libraries(maps), [sys.prefix, sys.base_prefix])}
    libc = next(one for name, one in found.items() if name.startswith("libc.so"))
    assert libc.package == "libc6"
    assert libc.version
