"""Links in the working copy become copies just before something is written through them."""

# Paths come as text or bytes, and a hook must not take long: os.path.
# ruff: noqa: PTH100, PTH102, PTH104, PTH105, PTH108, PTH112, PTH113, PTH114, PTH116, PTH118, PTH120, PTH206, PTH208, PTH211

from __future__ import annotations

import os
import shutil

__all__ = ["detach"]

_MOST_ENTRIES = 20_000
_SHARE_OF_DISK = 0.25


def detach(path: str, top: str, *, content: bool) -> None:
    """Make `path`, if it lies in the folder `top`, one that can be changed without changing what is linked there.

    Linked folders on the way become folders of links. If `content` counts, a link at the end becomes a copy. What is
    too large is left as it is.
    """
    place = os.path.abspath(path)
    if not place.startswith(os.path.join(top, "")):
        return
    walked = top
    *folders, name = os.path.relpath(place, top).split(os.sep)
    for folder in folders:
        walked = os.path.join(walked, folder)
        _detach_folder(walked)
    place = os.path.join(walked, name)
    if content:
        _detach_folder(place)
        _detach_file(place)


def _detach_folder(link: str) -> None:
    if not os.path.islink(link) or not os.path.isdir(link):
        return
    target = os.path.realpath(link)
    names = os.listdir(target)
    if len(names) > _MOST_ENTRIES:
        return
    beside = f"{link}.prodkit"
    os.mkdir(beside)
    for name in names:
        os.symlink(os.path.join(target, name), os.path.join(beside, name))
    os.unlink(link)
    os.rename(beside, link)


def _detach_file(link: str) -> None:
    if not os.path.islink(link) or not os.path.isfile(link):
        return
    if os.stat(link).st_size > shutil.disk_usage(os.path.dirname(link)).free * _SHARE_OF_DISK:
        return
    beside = f"{link}.prodkit"
    shutil.copyfile(os.path.realpath(link), beside)
    os.replace(beside, link)
