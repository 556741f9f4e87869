"""The lock as a project of uv's own: `pyproject.toml` with exact pins, and the `uv.lock` that uv makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from jupyter_prodkit.environment.facts import EnvironmentFacts
from jupyter_prodkit.errors import MissingDependencyError
from jupyter_prodkit.files import FileTree, fill_folder
from jupyter_prodkit.lock.complaints import complaint
from jupyter_prodkit.lock.pins import WHEELS, Pin
from jupyter_prodkit.lock.uv import Uv
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.release import without_credentials

__all__ = ["make_uv_lock", "script_block", "uv_project"]


def uv_project(facts: EnvironmentFacts, pins: Sequence[Pin], wheels: str = str(WHEELS)) -> FileTree:
    """Return a project whose only solution is `pins`: each is required and overrides whatever others require."""
    ordered = sorted(pins, key=lambda pin: pin.name)
    exact = [f"{pin.name}=={pin.version}" for pin in ordered]
    sources = {pin.name: {"path": f"{wheels}/{pin.wheel}"} for pin in ordered if pin.wheel}
    content: dict[str, Any] = {
        "project": {
            "name": "locked-notebook",
            "version": "0",
            "requires-python": facts.python_range,
            "dependencies": exact,
        },
        "tool": {
            "uv": {
                "package": False,
                "environments": [f"sys_platform == '{facts.platform}' and platform_machine == '{facts.machine}'"],
                "override-dependencies": exact,
                **({"sources": sources} if sources else {}),
            }
        },
    }
    return {PurePosixPath("pyproject.toml"): _toml(content)}


def make_uv_lock(facts: EnvironmentFacts, pins: Sequence[Pin], folder: Path, uv: Uv, progress: Progress) -> None:
    """Write `pyproject.toml` and `uv.lock` into the lock's `folder`.

    Raises LockError with uv's reason, CancelledError.
    """
    fill_folder(folder, uv_project(facts, pins))
    finished = uv.ask(["lock", *uv.flags, "--project", folder, "-p", uv.python], progress, folder)
    if finished.status != 0:
        raise complaint("write uv.lock", finished.stderr)
    path = folder / "uv.lock"
    path.write_text(without_credentials(path.read_text(encoding="utf-8")), encoding="utf-8")


def script_block(facts: EnvironmentFacts, pins: Sequence[Pin]) -> str:
    """Return the pins as a script's own metadata (PEP 723), to be put on top of a script or into a notebook's cell."""
    lines = ["# /// script", f'# requires-python = "{facts.python_range}"', "# dependencies = ["]
    for pin in sorted(pins, key=lambda one: one.name):
        lines.append(f'#   "{pin.name}=={pin.version}",')
    lines.append("# ]")
    own = sorted((pin for pin in pins if pin.wheel), key=lambda one: one.name)
    if own:
        lines.append("# [tool.uv.sources]")
        lines += [f'# {pin.name} = {{ path = "{WHEELS / str(pin.wheel)}" }}' for pin in own]
    return "\n".join([*lines, "# ///", ""])


def _toml(content: dict[str, Any]) -> str:
    try:
        import tomli_w
    except ImportError as error:
        raise MissingDependencyError("tomli-w", "lock") from error
    return tomli_w.dumps(content)
