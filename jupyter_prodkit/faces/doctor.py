"""Is everything in place: extension, autoload file, kernel side, tools, engine, MLflow; and how to mend what is not."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import msgspec

from jupyter_prodkit.errors import ProdkitError

__all__ = ["Examined", "examine", "shown"]

_EXTENSION = "jupyter-prodkit"
_SHAPES = {"ok": "✓", "missing": "○", "broken": "▲"}


class Examined(msgspec.Struct, frozen=True, kw_only=True):
    """What was found of one part."""

    part: str
    state: Literal["ok", "missing", "broken"]
    """`missing` is a choice (an extra that is not installed), `broken` keeps the product from working."""
    found: str
    mend: str = ""


def examine() -> tuple[Examined, ...]:
    """Return what was found of each part; never raises."""
    parts: tuple[Callable[[], Examined], ...] = (_extension, _autoload, _kernel_side, *_extras(), _engine)
    return tuple(part() for part in parts)


def shown(findings: tuple[Examined, ...]) -> str:
    """Return the findings as lines of text."""
    width = max(len(finding.part) for finding in findings)
    lines: list[str] = []
    for finding in findings:
        lines.append(f"{_SHAPES[finding.state]} {finding.part:<{width}}  {finding.found}")
        if finding.mend:
            lines.append(f"  {'':<{width}}  {finding.mend}")
    return "\n".join(lines)


def _extension() -> Examined:
    from jupyter_prodkit import __version__

    part = "JupyterLab extension"
    for folder in _data_folders():
        manifest = folder / "labextensions" / _EXTENSION / "package.json"
        if not manifest.exists():
            continue
        version = json.loads(manifest.read_text("utf-8")).get("version")
        if version == __version__:
            return Examined(part=part, state="ok", found=f"{version}, in {manifest.parent}")
        return Examined(
            part=part, state="broken", found=f"{version} in {manifest.parent}, but the package is {__version__}",
            mend="Install again: pip install --force-reinstall --no-deps jupyter-prodkit",
        )  # fmt: skip
    return Examined(
        part=part, state="broken", found="not among JupyterLab's extensions",
        mend="Install jupyter-prodkit from a wheel into the environment of JupyterLab.",
    )  # fmt: skip


def _data_folders() -> list[Path]:
    from jupyter_core.paths import jupyter_path

    return [Path(folder) for folder in jupyter_path()]


def _autoload() -> Examined:
    part, path = "autoload file", Path(sys.prefix) / "etc" / "ipython" / "ipython_config.json"
    mend = f'Write into {path}: {{"InteractiveShellApp": {{"extra_extensions": ["jupyter_prodkit"]}}}}'
    try:
        listed = json.loads(path.read_text("utf-8"))["InteractiveShellApp"]["extra_extensions"]
    except (OSError, ValueError, KeyError, TypeError):
        found = "tracking begins with the sidebar or with %load_ext only"
        return Examined(part=part, state="missing", found=found, mend=mend)
    if "jupyter_prodkit" in listed:
        return Examined(part=part, state="ok", found=str(path))
    found = f"{path} loads {', '.join(map(str, listed))} and not us"
    return Examined(part=part, state="missing", found=found, mend=mend)


_ASK = "print(type(getattr(get_ipython(), '_jupyter_prodkit_session', None)).__name__)"


def _kernel_side() -> Examined:
    """Start a kernel of this Python and ask it whether it is tracked."""
    from jupyter_prodkit.progress import Progress
    from jupyter_prodkit.session.driver import fresh_kernel

    part = "kernel side"
    heard: list[str] = []
    try:
        with fresh_kernel(Path.cwd() / "doctor.ipynb", Progress()) as driver:
            driver.execute(_ASK, Progress(), listen=lambda message: heard.append(str(message["content"].get("text"))))
    except ProdkitError as error:
        return Examined(part=part, state="broken", found=error.message, mend=error.hint)
    if "Session" in "".join(heard):
        return Examined(part=part, state="ok", found=f"a kernel of {sys.executable} is tracked")
    found = "a new kernel is not tracked"
    return Examined(part=part, state="broken", found=found, mend="Install jupyter-prodkit into its environment.")


def _extras() -> Iterator[Callable[[], Examined]]:
    for module, extra, use in (
        ("uv", "lock", "lock and export"),
        ("libcst", "export", "export"),
        ("mlflow", "mlflow", "push"),
        ("docker", "docker", "build"),
        ("uvicorn", "serve", "serve here"),
        ("ipywidgets", "widgets", "show progress as widgets"),
    ):
        yield lambda module=module, extra=extra, use=use: _extra(module, extra, use)  # type: ignore[misc]


def _extra(module: str, extra: str, use: str) -> Examined:
    if importlib.util.find_spec(module) is None:
        mend = f'To {use}: pip install "jupyter-prodkit[{extra}]"'
        return Examined(part=module, state="missing", found="not installed", mend=mend)
    from importlib.metadata import version

    return Examined(part=module, state="ok", found=version(module))


def _engine() -> Examined:
    from jupyter_prodkit.build.engine import connect

    try:
        engine = connect()
        version = engine.api.version()["Version"]
    except ProdkitError as error:
        return Examined(part="Docker Engine", state="missing", found=error.message, mend=error.hint)
    return Examined(part="Docker Engine", state="ok", found=str(version))
