"""Rules on the environment: what cells install, and what has changed on disk since the kernel loaded it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jupyter_prodkit.check.evidence import Evidence
from jupyter_prodkit.check.report import Finding
from jupyter_prodkit.check.rules.calls import Call, calls_of_page
from jupyter_prodkit.notebook.document import Cell, Notebook
from jupyter_prodkit.notebook.names import code_names

__all__ = ["install_in_cell", "lock_drift", "module_edited", "not_installed", "package_changed"]

_INSTALL = re.compile(
    r"(?:^|[;&|]\s*|\bsudo\s+)\s*(?:-m\s+|(?:\{?[\w./ ]*python[\w.]*\}?|\{sys\.executable\}|\S*/python[\w.]*)\s+-m\s+)?"
    r"(?:uv\s+)?(?P<tool>pip3?|conda|mamba|micromamba|poetry|apt|apt-get|brew)\s+(?:-\S+\s+)*(?P<act>install|add|update|"
    r"upgrade|uninstall|remove)\b",
    re.MULTILINE,
)
_TOOLS = frozenset({"pip", "conda", "mamba", "micromamba", "uv"})
_ACTS = frozenset({"add", "install", "remove", "uninstall", "update", "upgrade"})
_SHOWN = 5
_SHELLS = frozenset({"bash", "sh", "script", "sx", "system"})


def install_in_cell(evidence: Evidence) -> Iterator[Finding]:
    """A cell installs packages: what is there depends on when it ran."""
    said: set[str] = set()
    for cell, call, dotted in calls_of_page(evidence.notebook):
        tool = _installs(call, dotted)
        if tool is not None and cell.cell_id not in said:
            said.add(cell.cell_id)
            yield Finding(
                rule="environment/install-in-cell",
                severity="warning",
                cell_id=cell.cell_id,
                message="It installs packages",
                because=f"`{tool}` takes what is newest when the cell runs, and changes what the kernel has loaded.",
                fix="Install them before the kernel starts; `%prodlock` pins what the notebook uses.",
            )


def package_changed(evidence: Evidence) -> Iterator[Finding]:
    """A package was changed on disk after the kernel loaded it."""
    for changed in evidence.surroundings.changed_packages:
        cell = _importing(evidence.notebook, changed.modules)
        yield Finding(
            rule="environment/package-changed",
            severity="warning",
            cell_id=None if cell is None else cell.cell_id,
            names=changed.modules,
            message=f"The kernel runs another {changed.name} than is installed",
            because=f"It loaded {changed.in_memory}; a clean run would take {changed.on_disk}.",
            fix="Restart the kernel.",
        )


def module_edited(evidence: Evidence) -> Iterator[Finding]:
    """A module of the user's own was edited after the kernel loaded it."""
    for module in evidence.surroundings.edited_modules:
        cell = _importing(evidence.notebook, (module.partition(".")[0],))
        yield Finding(
            rule="environment/module-edited",
            severity="warning",
            cell_id=None if cell is None else cell.cell_id,
            names=(module,),
            message=f"The module `{module}` was edited after the kernel loaded it",
            because="The kernel runs its earlier code; a clean run would take what the file holds now.",
            fix="Restart the kernel, or load it anew with `importlib.reload` and run again what uses it.",
        )


def not_installed(evidence: Evidence) -> Iterator[Finding]:
    """A cell imports what nothing in the kernel's environment provides."""
    for cell_id, module in evidence.surroundings.not_installed:
        yield Finding(
            rule="environment/not-installed",
            severity="warning",
            cell_id=cell_id,
            names=(module,),
            message=f"Nothing installed here provides `{module}`",
            because="A clean run raises ModuleNotFoundError at this import, and no lock can hold it.",
            fix="Install what is meant, or put the import into `try: … except ImportError:`.",
        )


def lock_drift(evidence: Evidence) -> Iterator[Finding]:
    """The environment or the page is no longer what the lock holds."""
    drift = evidence.surroundings.drift
    if drift.versions:
        told = [f"{name} is {now or 'not installed'}, locked {was}" for name, was, now in drift.versions]
        more = f", and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
        yield Finding(
            rule="environment/lock-drift",
            severity="warning",
            cell_id=None,
            names=tuple(name for name, _, _ in drift.versions),
            message="The environment is no longer the one that was locked",
            because=f"{'; '.join(told[:_SHOWN])}{more}.",
            fix="Lock again with `%prodlock`, or install the lock.",
        )
    for cell_id, module in drift.imports:
        yield Finding(
            rule="environment/lock-drift",
            severity="warning",
            cell_id=cell_id,
            names=(module,),
            message=f"`{module}` is not in the lock",
            because="The cell imports it, and the lock was made without it.",
            fix="Run the cell, then lock again with `%prodlock`.",
        )


def _importing(notebook: Notebook, modules: tuple[str, ...]) -> Cell | None:
    """The first cell that imports one of the modules."""
    wanted = set(modules)
    return next((cell for cell in notebook.code_cells if wanted & code_names(cell.source).imports), None)


def _installs(call: Call, dotted: str) -> str | None:
    """The program by which a call installs packages, or None."""
    texts = [one for one in call.arguments if isinstance(one, str)]
    if call.path[-1] == "run_line_magic" and len(texts) > 1 and texts[0] in _TOOLS:
        words = texts[1].split()
        return texts[0] if words and (words[0] in _ACTS or words[:2] == ["pip", "install"]) else None
    if call.path[-1] == "run_cell_magic" and len(texts) > 2 and texts[0] in _SHELLS:  # noqa: PLR2004 - its three
        return _in_command(texts[2])
    if call.path[-1] in {"system", "getoutput"} and (call.path[0] == "" or dotted == "os.system"):
        return _in_command(texts[0]) if texts else None
    if dotted.startswith("subprocess.") and call.arguments:
        command = call.arguments[0]
        words = [one for one in command if isinstance(one, str)] if isinstance(command, tuple) else texts[:1]
        return _in_command(" ".join(words).removeprefix("-m "))
    return None


def _in_command(text: str) -> str | None:
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    match = _INSTALL.search(lines)
    return None if match is None else match["tool"]
