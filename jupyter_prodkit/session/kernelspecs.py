"""Which Python a notebook's kernel runs on, by the kernelspecs that are registered here."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jupyter_prodkit.errors import NotebookError

__all__ = ["KernelPython", "kernel_python"]

_LAUNCHERS = ("ipykernel_launcher", "ipykernel")


@dataclass(frozen=True, slots=True)
class KernelPython:
    """The interpreter that a kernelspec starts."""

    executable: Path
    """Its absolute path, links not followed: a virtual environment's Python is a link."""
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The variables that the kernelspec sets."""

    @property
    def is_this_one(self) -> bool:
        """Whether it is the Python that runs here, of the same environment."""
        return _place(self.executable) == _place(Path(sys.executable))


def kernel_python(kernel: str) -> KernelPython | None:
    """Return the Python of the kernelspec `kernel`, or None where none of that name is registered here.

    Raises NotebookError where it is no kernelspec of ipykernel, so that its Python can't be known.
    """
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        spec = KernelSpecManager().get_kernel_spec(kernel)
    except NoSuchKernel:
        return None
    command = [str(part) for part in spec.argv]
    if command[1:2] != ["-m"] or command[2:3] not in [[name] for name in _LAUNCHERS]:
        raise NotebookError(
            f"What Python the notebook's kernel {kernel!r} runs on isn't known: it starts {' '.join(command[:3])}.",
            "Start that kernel in Jupyter, run the notebook, and name its connection file by --kernel.",
        )
    found = shutil.which(command[0])
    if found is None:
        raise NotebookError(
            f"The notebook's kernel {kernel!r} runs on {command[0]}, which is not there.",
            "Make that environment again, or choose another kernel for the notebook.",
        )
    # `python` alone is, for Jupyter, the Python that the server runs on.
    executable = Path(found) if Path(command[0]).is_absolute() else Path(sys.executable)
    return KernelPython(executable.absolute(), dict(spec.env))


def _place(executable: Path) -> tuple[str, str]:
    return os.path.realpath(executable.parent), os.path.realpath(executable)
