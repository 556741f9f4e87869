"""A wheel made of the very files that are installed, for what no index and no source has: edits, other builds."""

from __future__ import annotations

import base64
import hashlib
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from jupyter_prodkit.environment.edited import recorded_files
from jupyter_prodkit.environment.installed import Installed
from jupyter_prodkit.errors import LockError

__all__ = ["can_repack", "repacked_wheel"]

_EARLIEST = (1980, 1, 1, 0, 0, 0)  # the first time a zip archive can hold: the same files give the same wheel
_READABLE = 0o100644 << 16
_LEFT_OUT = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "RECORD.jws", "RECORD.p7s", "uv_cache.json")
_SHEBANG = re.compile(rb"\A#!.*python[\w.]*.*")


def can_repack(one: Installed) -> bool:
    """Return whether its RECORD and WHEEL say enough to make a wheel of it."""
    return bool(one.wheel_tags) and any(file.digest for file in recorded_files(one.record_text))


def repacked_wheel(one: Installed, folder: Path) -> Path:
    """Write a wheel of the files of `one` as they are on disk now into `folder`, and return its path.

    Raises LockError naming the distribution where a file of it is missing.
    """
    folder.mkdir(exist_ok=True)
    target = folder / f"{one.info.name.removesuffix('.dist-info')}-{_tag_of(one.wheel_tags)}.whl"
    contents = dict(sorted(_contents(one)))
    info = one.info.name
    lines = [f"{path},sha256={_digest(data)},{len(data)}\n" for path, data in contents.items()]
    contents[f"{info}/RECORD"] = "".join([*lines, f"{info}/RECORD,,\n"]).encode()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:  # to compress libraries takes seconds
        for path, data in contents.items():
            entry = zipfile.ZipInfo(path, _EARLIEST)
            entry.external_attr = _READABLE
            archive.writestr(entry, data)
    return target


def _contents(one: Installed) -> Iterator[tuple[str, bytes]]:
    scripts = _generated_scripts(one)
    for file in recorded_files(one.record_text):
        parts = PurePosixPath(file.path).parts
        if "__pycache__" in parts or (parts[0] == one.info.name and parts[-1] in _LEFT_OUT):
            continue
        place = _place(parts, one)
        if place is None or (parts[0] == ".." and parts[-1] in scripts):
            continue  # made anew from the entry points when the wheel is installed
        try:
            data = (one.base / file.path).read_bytes()
        except OSError as error:
            raise LockError(
                f"{one.name} {one.version} can't be locked as it is installed: {file.path} is not there any more.",
                "Install it again, restart the kernel, run the notebook and lock.",
            ) from error
        is_script = "/scripts/" in place
        yield place, _SHEBANG.sub(b"#!python", data, count=1) if is_script else data


def _place(parts: tuple[str, ...], one: Installed) -> str | None:
    """Return a file's path in the wheel; files outside site-packages go where installers take them back from there."""
    below = [part for part in parts if part != ".."]
    if len(below) == len(parts):
        return "/".join(parts)
    stem = one.info.name.removesuffix(".dist-info")
    if below[0] in ("bin", "Scripts"):
        return f"{stem}.data/scripts/{'/'.join(below[1:])}"
    return f"{stem}.data/data/{'/'.join(below)}"


def _generated_scripts(one: Installed) -> set[str]:
    names = set()
    section = ""
    for line in one.entry_points.splitlines():
        if line.startswith("["):
            section = line.strip("[] \t")
        elif section in ("console_scripts", "gui_scripts") and "=" in line:
            name = line.partition("=")[0].strip()
            names |= {name, f"{name}.exe", f"{name}-script.py"}
    return names


def _tag_of(tags: tuple[str, ...]) -> str:
    """Return several tags as one compressed set (PEP 425)."""
    split = [tag.split("-", 2) for tag in tags]
    return "-".join(".".join(sorted({parts[at] for parts in split})) for at in range(3))


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
