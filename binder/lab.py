"""`make lab`: JupyterLab on a copy of the demo notebook, in demo-work/lab, which is kept from one time to the next."""

from __future__ import annotations

import os
import shutil
import sys

from run_demo import DEMO, work_folder

FOLDER = work_folder() / "lab"


def main() -> None:
    """Become JupyterLab."""
    FOLDER.mkdir(exist_ok=True)
    if not (FOLDER / DEMO.name).exists():
        shutil.copy(DEMO, FOLDER)
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={FOLDER.resolve()}", DEMO.name, *sys.argv[1:]]
    if os.geteuid() == 0:
        command.append("--allow-root")
    os.chdir(FOLDER)
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
