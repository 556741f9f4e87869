"""Another version in memory than on disk."""

from __future__ import annotations

import time
from pathlib import Path
from types import ModuleType

import pytest

from jupyter_prodkit.environment.in_memory import process_started, version_in_memory

STARTED = 1000.0


def module(folder: Path, version: object, on_disk: str, file: str = "pkg/__init__.py") -> ModuleType:
    path = folder / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(on_disk)
    made = ModuleType("pkg")
    made.__file__ = str(path)
    if version is not None:
        made.__version__ = version
    return made


@pytest.mark.parametrize(
    ("held", "metadata", "on_disk", "written", "expected"),
    [
        ("0.8.10", "0.9.0", "__version__ = '0.9.0'", 2000.0, "0.8.10"),
        ("0.8.10", "0.9.0", "", 2000.0, "0.8.10"),  # computed by importlib.metadata when it was loaded
        ("0.8.10", "0.9.0", "", 900.0, None),  # installed before the kernel started: never another one in memory
        ("4.10.0", "4.10.0.84", "__version__ = '4.10.0'", 2000.0, None),  # unrelated numbers, as OpenCV's
        ("4.10.0", "4.10.0.84", '{"version": "4.10.0"}', 2000.0, None),
        ("4.10.0", "4.10.0.84", "version: str = '4.10.0'", 2000.0, None),
        ("2.6.0+cu124", "2.6.0", "", 2000.0, None),  # only the label
        ("1.0", "1.0.0", "", 2000.0, None),  # equal by PEP 440
        ("unknown", "1.0", "", 2000.0, None),
        (None, "1.0", "", 2000.0, None),
        ((1, 0), "2.0", "", 2000.0, None),
    ],
)
def test_evidence(
    tmp_path: Path, *, held: object, metadata: str, on_disk: str, written: float, expected: str | None
) -> None:
    """A version in memory is reported where an upgrade during the session explains it, and only there."""
    assert version_in_memory([module(tmp_path, held, on_disk)], metadata, written, STARTED) == expected


def test_a_single_file_module_is_judged_by_its_own_file(tmp_path: Path) -> None:
    """For a module without a package, a version file of somebody else beside it proves nothing."""
    (tmp_path / "version.py").write_text("version = '1.0'")
    loaded = module(tmp_path, "1.0", "__version__ = '2.0'", file="single.py")
    assert version_in_memory([loaded], "2.0", 2000.0, STARTED) == "1.0"


def test_module_getattr_is_not_called(tmp_path: Path) -> None:
    """Asking a module for its version runs no code of the user's or of a package."""
    loaded = module(tmp_path, None, "")
    loaded.__getattr__ = lambda name: pytest.fail(f"called for {name}")  # type: ignore[method-assign]
    assert version_in_memory([loaded, None], "1.0", 2000.0, STARTED) is None


def test_without_start_time_nothing_is_reported(tmp_path: Path) -> None:
    """Where the system doesn't tell when the process started, no lock is blocked."""
    assert version_in_memory([module(tmp_path, "1.0", "")], "2.0", 2000.0, None) is None


def test_process_started() -> None:
    """The time this process started lies in the past, and not before the machine's last hour of tests."""
    started = process_started()
    assert started is not None
    assert time.time() - 4 * 3600 < started <= time.time()
