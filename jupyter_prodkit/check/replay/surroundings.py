"""What a kernel under trial finds around it: environment variables, caches, places where it may write."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from jupyter_prodkit.check.replay.folder import WorkingCopy

__all__ = ["kernel_environment", "writable_places"]

_SHARED = "prodkit-caches"
_OFFLINE = {
    # Models that are on the disk are then loaded without asking a server whether there are newer ones.
    "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1",
    # The same results, one after the other: its workers are processes that no one could watch.
    "JOBLIB_MULTIPROCESSING": "0",
}  # fmt: skip
_CACHE_VARIABLES = ("XDG_CACHE_HOME", "MPLCONFIGDIR", "HF_HOME", "TORCH_HOME", "NUMBA_CACHE_DIR", "KERAS_HOME")
_CACHES_AT_HOME = (
    ".cache", "Library/Caches", ".config/matplotlib", ".matplotlib", ".keras", ".ipython", ".nv", ".triton",
)  # fmt: skip
_DEVICES = ("null", "zero", "full", "tty", "ptmx", "pts", "shm", "fd", "dri", "kfd", "nvidia*")
_OWN_PROCESS = "/proc/self"


def kernel_environment(copy: WorkingCopy, *, allow_effects: bool, hash_seed: int | None) -> dict[str, str]:
    """Return the environment of a kernel that works in `copy`: the one our own process began with, and ours in it."""
    environment = dict(_at_our_start())
    environment["TMPDIR"] = environment["TMP"] = environment["TEMP"] = str(copy.temporary)
    environment["PYTHONDONTWRITEBYTECODE"] = "1"  # what is beside the page is only linked
    if hash_seed is not None:
        environment["PYTHONHASHSEED"] = str(hash_seed)
    if not allow_effects:
        environment.update(_OFFLINE)
        environment.update(_caches(environment, copy))
    return environment


def writable_places(copy: WorkingCopy, environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return where a kernel of that environment may write: its copy, temporary files, and what libraries cache."""
    home = _home(environment)
    caches = [environment[name] for name in _CACHE_VARIABLES if name in environment]
    places = [copy.top, copy.temporary, *map(Path, caches), *(home / name for name in _CACHES_AT_HOME)]
    # Only where the page itself isn't there: nothing can be taken out again of what is allowed.
    temporary = [Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")]  # noqa: S108
    places += [place for place in temporary if not copy.original_top.is_relative_to(place.resolve())]
    places += [device for pattern in _DEVICES for device in Path("/dev").glob(pattern)]
    return (*dict.fromkeys(os.path.realpath(place) for place in places), _OWN_PROCESS)


def _at_our_start() -> Mapping[str, str]:
    """The environment before a notebook changed it, where we run in its kernel and the system still knows."""
    if "ipykernel" in sys.modules and sys.platform == "linux":
        with suppress(OSError):
            lines = Path("/proc/self/environ").read_bytes().split(b"\0")
            found = dict(os.fsdecode(line).split("=", 1) for line in lines if b"=" in line)
            if "PATH" in found:
                return found
    return os.environ


def _home(environment: Mapping[str, str]) -> Path:
    return Path(environment.get("HOME") or Path.home())


def _caches(environment: Mapping[str, str], copy: WorkingCopy) -> dict[str, str]:
    """Where caches go that have no place yet: all replays share them, as filling them takes seconds."""
    home = _home(environment)
    cache = Path(environment.get("XDG_CACHE_HOME") or home / ".cache")
    configuration = Path(environment.get("XDG_CONFIG_HOME") or home / ".config") / "matplotlib"
    found: dict[str, str] = {}
    if not cache.is_dir():
        found["XDG_CACHE_HOME"] = str(_shared(copy))
    if not ({"MPLCONFIGDIR", "MATPLOTLIBRC"} & environment.keys() or configuration.is_dir()):
        shared = _shared(copy) / "matplotlib"
        found["MPLCONFIGDIR"] = str(shared)
        _seed_fonts(cache / "matplotlib", shared)
    return found


def _shared(copy: WorkingCopy) -> Path:
    """A folder that no other user can have put there, to be found again by the next replay."""
    shared = Path(tempfile.gettempdir()) / _SHARED
    with suppress(OSError, AttributeError):  # Windows has no users' numbers; its temporary folder is the user's own
        shared = shared.with_name(f"{_SHARED}-{os.getuid()}")
        shared.mkdir(mode=0o700, exist_ok=True)
        information = shared.lstat()
        if stat.S_ISDIR(information.st_mode) and information.st_uid == os.getuid():
            return shared
    return copy.temporary / _SHARED


def _seed_fonts(known: Path, shared: Path) -> None:
    """Let Matplotlib find the list of fonts that it made earlier."""
    with suppress(OSError):
        shared.mkdir(parents=True, exist_ok=True)
        for fonts in known.glob("fontlist-*.json"):
            if not (shared / fonts.name).exists():
                shutil.copy2(fonts, shared / fonts.name)
