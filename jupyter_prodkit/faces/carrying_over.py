"""A command carried over to the Python of the notebook's kernel, where that is another environment than this one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from jupyter_prodkit.errors import NotebookError
from jupyter_prodkit.notebook.reading import read_kernel_name
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.session.kernelspecs import KernelPython, kernel_python

__all__ = ["another_python", "carry_over"]

_CARRIED = "JUPYTER_PRODKIT_CARRIED_OVER"
"""Environment variable of the process that a command was carried over to: it goes no further."""

_MAIN = "import sys; from jupyter_prodkit.faces.cli import main; sys.exit(main(sys.argv[1:]))"


def another_python(notebook: Path, progress: Progress) -> KernelPython | None:
    """Return the Python of the notebook's kernel where it is not this one, None where the command may run here.

    Says so where the kernel is not registered here. Raises NotebookError where its Python can't be known.
    """
    name = read_kernel_name(notebook)
    if name is None or os.environ.get(_CARRIED):
        return None
    found = kernel_python(name)
    if found is None:
        progress.log(f"No kernel {name!r} is registered here: this environment is taken, {sys.prefix}")
    return None if found is None or found.is_this_one else found


def carry_over(python: KernelPython, arguments: Sequence[str], progress: Progress) -> int:
    """Run the command line `arguments` in the environment of `python` and return its exit status.

    Raises NotebookError where jupyter-prodkit isn't installed there.
    """
    # Without the folder that we stand in: it may hold a checkout of ours, which is not what is installed there.
    environment = {**os.environ, **python.environment, _CARRIED: "1", "PYTHONSAFEPATH": "1"}
    command = [str(python.executable), "-c"]
    probe = subprocess.run([*command, "import jupyter_prodkit"], env=environment, capture_output=True, check=False)
    if probe.returncode:
        raise NotebookError(
            f"The notebook's kernel runs on {python.executable}, where jupyter-prodkit isn't installed.",
            "Install it there: what a kernel has loaded can only be read in its own environment. "
            "Or choose another kernel for the notebook.",
        )
    progress.stage(f"Going on in the environment of the notebook's kernel: {python.executable}")
    process = subprocess.Popen([*command, _MAIN, *arguments], env=environment)
    while True:
        with suppress(KeyboardInterrupt):  # the terminal has told the process as well, and it has things to end
            return process.wait()
